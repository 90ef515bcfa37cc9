//! What Lucien answers in any room.

use domain::access::Access;
use store::inbox::LETTERS_KEPT;
use voice::messages::{DialogueEnd, Help, MyId, Privacy, Unanswered, UnknownCommand};
use voice::{LabelId, Screen};

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

    pub(super) fn privacy(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let message = Privacy {
            unattended_days: LETTERS_KEPT.num_days(),
        };
        Ok(self.say(guest, &message)?)
    }

    pub(super) fn dialogue_end(
        &self,
        guest: &Guest,
        end: DialogueEnd,
    ) -> Result<Screen<Action>, HandlerError> {
        let screen = self.say(guest, &end)?;
        Ok(match guest.access {
            Access::Admin => screen.row([self.button(LabelId::Panel, Action::Panel)]),
            _ => screen,
        })
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
