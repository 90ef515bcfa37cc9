//! From an update to its answer.
//!
//! An update is read as something [`asked`] for; the [`Guest`] who asks is looked up once, with one
//! statement; what has to change is changed; then the screen of the resulting [`Action`] is shown.
//! Each feature's screens are in a file of their own.

mod asked;
mod home;
mod membership;
mod packages;
mod service;
mod visitors;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::access::{Access, Permission};
use domain::clock::{Clock, Timestamp};
use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use domain::subscription::Subscription;
use store::inbox::{self, Claimed};
use store::people::{self, Known};
use store::{Store, statements};
use telegram::gateway::TapAnswer;
use telegram::{Gateway, Payload, update};
use voice::{Message, RenderError, Screen, ToastId, UserText, Voice};

use crate::action::Action;
use crate::error::HandlerError;
use crate::inbox::Handler;
use asked::{Asked, Place};

/// Works on the updates of one house.
pub(crate) struct Dispatcher {
    custodians: BTreeSet<UserId>,
    store: Store,
    gateway: Gateway,
    voice: Voice,
    clock: Arc<dyn Clock>,
}

/// Who asks, as everything about one update sees them.
struct Guest {
    profile: Profile,
    access: Access,
    subscription: Option<Subscription>,
    now: Timestamp,
}

impl Guest {
    fn name(&self) -> UserText {
        UserText::new(&self.profile.first_name)
    }
}

impl Handler for Dispatcher {
    async fn handle(&self, row: &Claimed, epoch: i64) -> Result<(), HandlerError> {
        let (result, statements) = statements::scope(self.answer(row, epoch)).await;
        tracing::debug!(
            seq = row.seq,
            person = row.person,
            kind = row.kind,
            statements = statements.count,
            database_ms = statements.time.as_millis(),
            "update worked on"
        );
        result
    }
}

impl Dispatcher {
    pub(crate) fn new(
        custodians: BTreeSet<UserId>,
        store: Store,
        gateway: Gateway,
        voice: Voice,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            custodians,
            store,
            gateway,
            voice,
            clock,
        }
    }

    async fn answer(&self, row: &Claimed, epoch: i64) -> Result<(), HandlerError> {
        let update = update::decode(row.json.as_deref().unwrap_or_default())?;
        let asked = match Asked::of(update) {
            asked::Reading::Asked(asked) => asked,
            asked::Reading::Elsewhere(tap) => {
                // No screen of a person is shown where others read it; the tap still ends.
                return Ok(self
                    .gateway
                    .answer_callback_query(&tap, &TapAnswer::Silent)
                    .await?);
            }
            asked::Reading::Nothing => return Ok(()),
        };
        let known = people::known(&self.store.read(), asked.who.id).await?;
        let guest = self.guest(&asked, known.as_ref());
        let action = match row.outcome.as_deref().and_then(Action::decode) {
            // An earlier run has changed the state already; only the answer is missing.
            Some(outcome) => outcome,
            None => {
                let action = admit(asked.action, guest.access);
                self.remember(&guest, known.as_ref(), row, epoch, action).await?;
                action
            }
        };
        self.show(&guest, &asked.place, action).await
    }

    fn guest(&self, asked: &Asked, known: Option<&Known>) -> Guest {
        let now = self.clock.now();
        let subscription = known
            .and_then(|known| known.subscription)
            .map(|stored| stored.subscription);
        let is_custodian = self.custodians.contains(&asked.who.id);
        Guest {
            profile: asked.who.clone(),
            access: Access::of(is_custodian, subscription.as_ref(), now),
            subscription,
            now,
        }
    }

    /// Writes down a person who is new or whose names have changed, together with the outcome.
    async fn remember(
        &self,
        guest: &Guest,
        known: Option<&Known>,
        row: &Claimed,
        epoch: i64,
        outcome: Action,
    ) -> Result<(), HandlerError> {
        if known.is_some_and(|known| known.person.profile == guest.profile) {
            return Ok(());
        }
        self.store
            .write(async |tx| {
                match known {
                    Some(_) => people::refresh_names(tx, &guest.profile, guest.now).await?,
                    None => {
                        people::insert_if_absent(tx, &guest.profile, role(guest.access), guest.now).await?
                    }
                };
                if inbox::set_outcome(tx, row.seq, epoch, &outcome.encode()).await? {
                    Ok(())
                } else {
                    Err(HandlerError::Lost)
                }
            })
            .await
    }

    /// Shows an action's screen where it was asked for.
    async fn show(&self, guest: &Guest, place: &Place, action: Action) -> Result<(), HandlerError> {
        match place {
            Place::Chat(chat) => {
                let screen = self.screen(guest, action).await?;
                self.gateway.send(*chat, &screen).await?;
            }
            Place::Tap { tap, chat, message } => {
                // First of all the button stops waiting, whatever the screen may take.
                self.gateway
                    .answer_callback_query(tap, &self.tap_answer(action))
                    .await?;
                let screen = self.screen(guest, action).await?;
                match self.gateway.edit(*chat, *message, &screen).await {
                    Err(error) if error.is_message_gone() => {
                        self.gateway.send(*chat, &screen).await?;
                    }
                    edited => edited?,
                }
            }
        }
        Ok(())
    }

    fn tap_answer(&self, action: Action) -> TapAnswer {
        match action {
            Action::MembersOnly => TapAnswer::Alert(self.voice.toast(ToastId::MembersOnly)),
            Action::StaleButton => TapAnswer::Note(self.voice.toast(ToastId::StaleButton)),
            _ => TapAnswer::Silent,
        }
    }

    /// The routing table: each action's screen.
    async fn screen(&self, guest: &Guest, action: Action) -> Result<Screen<Action>, HandlerError> {
        match action {
            Action::Home | Action::StaleButton | Action::MembersOnly => self.home(guest),
            Action::Membership => self.membership(guest),
            Action::Premium => self.premium(guest).await,
            Action::FreeContent => self.free_content(guest).await,
            Action::VipInfo => self.vip_info(guest).await,
            Action::Social => self.social(guest).await,
            Action::Help => self.help(guest),
            Action::Id => self.id(guest),
            Action::UnknownCommand => self.unknown_command(guest),
            Action::OtherMessage(kind) => self.other_message(guest, kind),
        }
    }

    fn say<M: Message>(&self, guest: &Guest, message: &M) -> Result<Screen<Action>, RenderError> {
        self.voice
            .say(message, guest.profile.id, guest.now)
            .map(Screen::new)
    }
}

/// The role that a new person is stored with.
const fn role(access: Access) -> Role {
    match access {
        Access::Admin => Role::Admin,
        Access::Vip => Role::Vip,
        Access::Ritual | Access::Free => Role::Free,
    }
}

/// The permission that an action needs; none when it is open to everybody.
const fn needed(action: Action) -> Option<Permission> {
    match action {
        Action::Membership => Some(Permission::SeeOwnMembership),
        Action::Premium => Some(Permission::SeeVip),
        Action::FreeContent | Action::VipInfo | Action::Social => Some(Permission::SeeFree),
        Action::Home
        | Action::Help
        | Action::Id
        | Action::UnknownCommand
        | Action::OtherMessage(_)
        | Action::StaleButton
        | Action::MembersOnly => None,
    }
}

/// What somebody with this access gets to see when they ask for an action.
fn admit(action: Action, access: Access) -> Action {
    match needed(action) {
        Some(permission) if !access.may(permission) => match (permission, access) {
            (Permission::SeeVip | Permission::SeeOwnMembership, Access::Free | Access::Ritual) => {
                Action::MembersOnly
            }
            // A button of a time when their access was another one.
            _ => Action::StaleButton,
        },
        _ => action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_what_is_not_theirs() {
        for action in Action::ALL {
            for access in Access::ALL {
                let admitted = admit(action, access);
                assert!(needed(admitted).is_none_or(|permission| access.may(permission)));
                let allowed = needed(action).is_none_or(|permission| access.may(permission));
                assert_eq!(admitted == action, allowed, "{action:?} for {access:?}");
            }
        }
    }

    #[test]
    fn visitors_are_told_that_a_room_is_for_members() {
        assert_eq!(admit(Action::Premium, Access::Free), Action::MembersOnly);
        assert_eq!(admit(Action::Membership, Access::Free), Action::MembersOnly);
        assert_eq!(admit(Action::Premium, Access::Ritual), Action::MembersOnly);
        assert_eq!(admit(Action::FreeContent, Access::Vip), Action::StaleButton);
    }
}
