//! How long the own membership lasts.

use voice::messages::Membership;
use voice::{Screen, When};

use super::{Dispatcher, Guest};
use crate::action::Action;
use crate::error::HandlerError;

impl Dispatcher {
    pub(super) fn membership(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let Some(subscription) = guest.subscription else {
            // It ended between the tap and the answer.
            return self.home(guest);
        };
        let message = Membership {
            name: guest.name(),
            until: When(subscription.expiry),
            days_left: subscription.days_left(guest.now),
            settled: subscription.stage.is_none(),
        };
        Ok(self.with_back(self.say(guest, &message)?))
    }
}
