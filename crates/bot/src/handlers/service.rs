//! What Lucien answers in any room.

use voice::Screen;
use voice::messages::{Help, MyId, Unanswered, UnknownCommand};

use super::{Dispatcher, Guest};
use crate::action::{Action, OtherMessage};
use crate::error::HandlerError;

impl Dispatcher {
    pub(super) fn help(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        Ok(self.say(guest, &Help { access: guest.access })?)
    }

    pub(super) fn id(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        Ok(self.say(guest, &MyId { id: guest.profile.id })?)
    }

    pub(super) fn unknown_command(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        Ok(self.say(guest, &UnknownCommand)?)
    }

    pub(super) fn other_message(
        &self,
        guest: &Guest,
        kind: OtherMessage,
    ) -> Result<Screen<Action>, HandlerError> {
        let message = match kind {
            OtherMessage::Text => Unanswered::Text,
            OtherMessage::Media => Unanswered::Media,
        };
        Ok(self.say(guest, &message)?)
    }
}
