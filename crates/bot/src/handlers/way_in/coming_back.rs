//! A member who is outside comes in again.

use domain::access::Access;
use domain::id::ChatId;
use store::StoreError;
use store::presence::{self, Answer as Answered, Presence, Sighting, Standing};
use telegram::Verdict;
use telegram::chat::Status;
use voice::messages::{Membership, MembershipOutside, Readmission, Renewed, RenewedStanding};
use voice::{LabelId, Screen, When};

use crate::action::{Action, WayIn};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::inbox::outside;
use crate::outbox::{CustodianNotice, notices};
use crate::way_in::removal;

impl Dispatcher {
    /// How somebody stands in the members' channel, as Telegram says at this moment; none without a
    /// channel, or when Telegram does not say. What may pass is waited for.
    async fn standing_of(&self, guest: &Guest) -> Result<Option<(ChatId, Status)>, HandlerError> {
        let Some(channel) = self.vip_channel().await? else {
            return Ok(None);
        };
        let asked = self.gateway.get_chat_member(channel, guest.profile.id);
        match outside(asked).await {
            Ok(member) => Ok(Some((channel, member.status))),
            Err(error) => match error.verdict() {
                Verdict::Retry(_) | Verdict::Stop => Err(error.into()),
                Verdict::Done | Verdict::Gone | Verdict::NoRights | Verdict::Bad => Ok(None),
            },
        }
    }

    /// Whether a member is certainly not in the channel.
    async fn is_outside(&self, guest: &Guest) -> Result<bool, HandlerError> {
        let standing = self.standing_of(guest).await?;
        Ok(standing.is_some_and(|(_, status)| status.is_inside() == Some(false)))
    }

    /// How long the membership lasts, and the way in for whoever has finished the ritual and is outside.
    pub(in crate::handlers) async fn membership(
        &self,
        guest: &Guest,
    ) -> Result<Screen<Action>, HandlerError> {
        let Some(subscription) = guest.subscription else {
            // It ended between the tap and the answer.
            return self.home(guest);
        };
        let (name, until) = (guest.name(), When(subscription.expiry));
        let days_left = subscription.days_left(guest.now);
        let settled = subscription.stage.is_none();
        let screen = if settled && self.is_outside(guest).await? {
            let message = MembershipOutside {
                name,
                until,
                days_left,
            };
            self.say(guest, &message)?
                .row([self.key_button(LabelId::Enter, WayIn::Enter)])
        } else {
            let message = Membership {
                name,
                until,
                days_left,
                settled,
            };
            self.say(guest, &message)?
        };
        Ok(self.with_back(screen))
    }

    /// The confirmation of more time, with what a member finds at home.
    pub(super) async fn renewed(&self, guest: &Guest, days: i32) -> Result<Screen<Action>, HandlerError> {
        let Some(subscription) = guest.subscription else {
            return self.home(guest);
        };
        let standing = match guest.access {
            Access::Ritual => RenewedStanding::Entering,
            _ if self.is_outside(guest).await? => RenewedStanding::Outside,
            _ => RenewedStanding::Inside,
        };
        let message = Renewed {
            name: guest.name(),
            days: days.into(),
            until: When(subscription.expiry),
            standing,
        };
        let screen = self.say(guest, &message)?;
        Ok(match standing {
            RenewedStanding::Entering => screen,
            RenewedStanding::Inside => self.with_members_rooms(screen),
            RenewedStanding::Outside => {
                let enter = self.key_button(LabelId::Enter, WayIn::Enter);
                self.with_members_rooms(screen.row([enter]))
            }
        })
    }

    /// A member asks to come in again. Whom somebody has removed by hand is let in by no machine:
    /// custodians are asked, once.
    pub(super) async fn come_back(&self, guest: &mut Guest, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        if guest.access != Access::Vip {
            return self.resume(guest, talk).await;
        }
        match self.standing_of(guest).await? {
            Some((_, status)) if status.is_inside() == Some(true) => Ok(Answer::Show(Action::Membership)),
            Some((channel, status @ Status::Kicked { .. })) => {
                let seen = removal::sighting(guest.profile.id, channel, status, None);
                self.ask_back(guest, talk, channel, seen).await
            }
            Some(_) => self.ask_for_key(guest, talk).await,
            // What Telegram does not say now, it may have told before.
            None => match self.removed_from(guest).await? {
                Some(channel) => self.ask_back(guest, talk, channel, None).await,
                None => self.ask_for_key(guest, talk).await,
            },
        }
    }

    /// The channel, if a member is known to have been removed from it.
    async fn removed_from(&self, guest: &Guest) -> Result<Option<ChatId>, StoreError> {
        let Some(channel) = self.vip_channel().await? else {
            return Ok(None);
        };
        let known = presence::find(&self.store.read(), guest.profile.id, channel).await?;
        let lasts = |known: &Presence| known.until.is_none_or(|until| until > guest.now);
        let removed = known.filter(|known| known.standing == Standing::Kicked && lasts(known));
        Ok(removed.map(|_| channel))
    }

    async fn ask_back(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        channel: ChatId,
        seen: Option<Sighting>,
    ) -> Result<Answer, HandlerError> {
        let (who, now) = (guest.profile.id, guest.now);
        let Some(subscription) = guest.subscription else {
            return Ok(Answer::Show(Action::Home));
        };
        let custodians = &self.settings.custodians;
        let notice = CustodianNotice::RemovedMember {
            person: who,
            until: subscription.expiry,
        };
        let shown = Action::WayIn(WayIn::Readmission);
        self.store
            .write(async |tx| {
                if let Some(seen) = &seen {
                    presence::note(tx, seen, now).await?;
                }
                if presence::ask(tx, who, channel, now).await? {
                    notices::enqueue(tx, &notice, custodians, now).await?;
                }
                talk.hand.decide(tx, shown).await
            })
            .await?;
        self.outbox.ring();
        Ok(Answer::Show(shown))
    }

    /// What became of the question whether a member who was removed is let in again.
    pub(super) async fn readmission(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let answered = match self.vip_channel().await? {
            Some(channel) => presence::find(&self.store.read(), guest.profile.id, channel).await?,
            None => None,
        };
        let message = match answered.and_then(|presence| presence.answer) {
            None => Readmission::Asked,
            Some(Answered::Inside) => Readmission::Granted,
            Some(Answered::Outside) => Readmission::Refused,
        };
        let screen = self.say(guest, &message)?;
        let screen = match message {
            Readmission::Granted => screen.row([self.key_button(LabelId::Enter, WayIn::Enter)]),
            Readmission::Asked | Readmission::Refused => screen,
        };
        Ok(self.with_back(screen))
    }
}
