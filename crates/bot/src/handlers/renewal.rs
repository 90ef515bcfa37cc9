//! A member would like to stay longer.

use domain::access::Access;
use domain::clock::Timestamp;
use domain::reminder::ReminderKind;
use store::reminders::{self, Entry};
use store::{plans, subscribers};

use super::answer::Answer;
use super::{Dispatcher, Guest};
use crate::action::{Action, Hearing, RenewalAction};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::outbox::{CustodianNotice, notices};
use crate::way_in::grant::is_end;
use crate::wish::{Offered, Wish};

impl Dispatcher {
    /// Does what somebody asks for when a membership ends.
    pub(super) async fn renew(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        request: RenewalAction,
    ) -> Result<Answer, HandlerError> {
        match request {
            RenewalAction::Wish(until) => self.hear_wish(guest, talk, until).await,
            RenewalAction::Invite(question) => self.invite_back(guest, talk, question).await,
            RenewalAction::Grant(question) => self.ask_to_grant(question).await,
            RenewalAction::ConfirmGrant(question) => self.grant(guest, talk, question).await,
            _ => Ok(Answer::Show(Action::Renewal(request))),
        }
    }

    /// Passes the wish on, once for each end date.
    async fn hear_wish(&self, guest: &Guest, talk: &Talk<'_>, until: i64) -> Result<Answer, HandlerError> {
        let (person, now) = (guest.profile.id, guest.now);
        let meant = Timestamp::from_timestamp(until, 0);
        let present = guest.subscription.map(|subscription| subscription.expiry);
        let present = present.filter(|present| meant.is_some_and(|meant| is_end(*present, meant)));
        let heard = |hearing| Action::Renewal(RenewalAction::Heard(hearing));
        let Some(until) = present.filter(|_| guest.access != Access::Admin) else {
            return Ok(Answer::Show(heard(Hearing::Past)));
        };
        let entry = Entry {
            user: person,
            expiry: until,
            kind: ReminderKind::Wish,
        };
        let outcome = self
            .store
            .write(async |tx| {
                let outcome = if reminders::note(tx, &[entry], now).await?.is_empty() {
                    heard(Hearing::Repeated)
                } else {
                    let question = Wish { person, until }.put(tx, now).await?;
                    let plan = match subscribers::find(tx, person).await? {
                        Some(stored) => plans::of_token(tx, stored.token).await?,
                        None => None,
                    };
                    let notice = CustodianNotice::Wished {
                        person,
                        plan: plan.map(Offered::from),
                        until,
                        question: question.0,
                    };
                    notices::enqueue(tx, &notice, &self.settings.custodians, now).await?;
                    heard(Hearing::Noted)
                };
                talk.hand.decide(tx, outcome).await?;
                Ok::<_, HandlerError>(outcome)
            })
            .await?;
        self.outbox.ring();
        Ok(Answer::Show(outcome))
    }
}
