//! The home screen of each access.

use domain::access::Access;
use voice::messages::{CustodianHome, FreeHome, RitualHome, VipHome};
use voice::{Button, LabelId, Screen, When};

use super::{Dispatcher, Guest};
use crate::action::{Action, WayIn};
use crate::error::HandlerError;

impl Dispatcher {
    pub(super) fn home(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let name = guest.name();
        // Members have a subscription: their access comes from it.
        let until = When(
            guest
                .subscription
                .map_or(guest.now, |subscription| subscription.expiry),
        );
        let screen = match guest.access {
            Access::Admin => {
                let day_part = self.voice.day_part(guest.now);
                self.say(guest, &CustodianHome { name, day_part })?
            }
            Access::Vip => self.with_members_rooms(self.say(guest, &VipHome { name, until })?),
            Access::Ritual => self
                .say(guest, &RitualHome { name, until })?
                .row([self.button(LabelId::RitualResume, Action::WayIn(WayIn::Ritual))])
                .row([self.button(LabelId::Membership, Action::Membership)]),
            Access::Free => self
                .say(guest, &FreeHome { name })?
                .row([self.button(LabelId::FreeContent, Action::FreeContent)])
                .row([self.button(LabelId::VipInfo, Action::VipInfo)])
                .row([self.button(LabelId::Social, Action::Social)]),
        };
        Ok(screen)
    }

    /// The screen with what is a member's below it.
    pub(super) fn with_members_rooms(&self, screen: Screen<Action>) -> Screen<Action> {
        screen
            .row([self.button(LabelId::Premium, Action::Premium)])
            .row([self.button(LabelId::Membership, Action::Membership)])
    }

    pub(super) fn button(&self, label: LabelId, action: Action) -> Button<Action> {
        Button::action(self.voice.label(label), action)
    }

    /// The screen with the way back home below it.
    pub(super) fn with_back(&self, screen: Screen<Action>) -> Screen<Action> {
        screen.row([self.button(LabelId::Back, Action::Home)])
    }
}
