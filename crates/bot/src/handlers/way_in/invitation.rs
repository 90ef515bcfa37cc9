//! An invitation is opened.

use chrono::TimeDelta;
use domain::access::Access;
use domain::id::UserId;
use domain::role::RoleChangeReason;
use domain::subscription::{Status, Subscription};
use domain::token::{InvitationCode, Usage, Verdict};
use store::invitations::{self, FoundInvitation, Offer};
use store::{StoreError, people};
use voice::messages::{
    InvitationRefused, InvitationReport, InvitationReportState, PlanLine, Someone, TooManyTries,
};
use voice::{Price, UserText, When};

use crate::action::{Action, WayIn};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::queue;
use crate::handlers::{Dispatcher, Guest};
use crate::way_in::redemption;

/// How often an invitation is looked up that others use up or change meanwhile.
const ROUNDS: usize = 3;

/// Why a redemption is not committed.
enum Undone {
    /// What it was decided by has changed.
    Changed,
    /// Something went wrong.
    Failed(HandlerError),
}

impl From<HandlerError> for Undone {
    fn from(error: HandlerError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Dispatcher {
    /// Opens the invitation of a start payload. Any payload that Telegram lets through is looked up:
    /// other versions issued codes of other lengths.
    pub(super) async fn open_invitation(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        payload: &str,
    ) -> Result<Answer, HandlerError> {
        let (who, now) = (guest.profile.id, guest.now);
        let code = InvitationCode::parse(payload);
        if guest.access == Access::Admin {
            return self.report_invitation(guest, talk, payload, code.as_ref()).await;
        }
        let asks_for_word = payload == queue::NOTIFY_ME;
        if let Some(wait) = self.throttle.wait(who, now).filter(|_| !asks_for_word) {
            let minutes = minutes_of(wait);
            return Ok(Answer::Word(self.say(guest, &TooManyTries { minutes })?));
        }
        for _ in 0..ROUNDS {
            let found = match &code {
                Some(code) => invitations::look_up(&self.store.read(), code, who).await?,
                None => None,
            };
            let invitation = found.as_ref().map(|found| &found.invitation);
            let refused = match (Verdict::of(invitation, who, now), &found) {
                (Verdict::Redeemable, Some(found)) => match &found.offer {
                    _ if found.blocked => InvitationRefused::Blocked,
                    _ if found.held => InvitationRefused::Held,
                    None => InvitationRefused::NoPlan,
                    Some(offer) => match self.redeem(guest, talk, found, offer).await {
                        Ok(answer) => return Ok(answer),
                        Err(Undone::Changed) => continue,
                        Err(Undone::Failed(error)) => return Err(error),
                    },
                },
                (Verdict::UsedByThisPerson, _) => return self.resume(guest, talk).await,
                (Verdict::Unknown, _) if asks_for_word => return self.promise_word(guest, talk).await,
                (Verdict::Redeemable | Verdict::Unknown, _) => {
                    self.throttle.failed(who, now);
                    InvitationRefused::Unknown
                }
                (Verdict::UsedByAnother, _) => InvitationRefused::Used,
                (Verdict::Expired, _) => InvitationRefused::Expired,
                (Verdict::PlanInactive, _) => InvitationRefused::PlanInactive,
                (Verdict::NoPlan, _) => InvitationRefused::NoPlan,
            };
            return Ok(Answer::Word(self.say(guest, &refused)?));
        }
        // Whatever keeps changing it will have come to an end.
        Err(StoreError::Busy.into())
    }

    async fn redeem(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        found: &FoundInvitation,
        offer: &Offer,
    ) -> Result<Answer, Undone> {
        let scene = self.scene(guest);
        let who = guest.profile.id;
        let days = redemption::days_of(offer).get();
        let (redemption, outcome) = self
            .store
            .write(async |tx| {
                let redemption = redemption::redeem(tx, scene, found, offer, who).await?;
                let redemption = redemption.ok_or(Undone::Changed)?;
                let outcome = match redemption.reason() {
                    RoleChangeReason::VipExtended => WayIn::Renewed(days),
                    _ => WayIn::Ritual,
                };
                let outcome = Action::WayIn(outcome);
                talk.hand.decide(tx, outcome).await?;
                Ok::<_, Undone>((redemption, outcome))
            })
            .await?;
        self.outbox.ring();
        guest.holds(Subscription {
            status: Status::Active,
            expiry: redemption.expiry,
            stage: redemption.stage,
        });
        Ok(Answer::Show(outcome))
    }

    /// Tells a custodian how an invitation stands; nothing happens to it.
    async fn report_invitation(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        payload: &str,
        code: Option<&InvitationCode>,
    ) -> Result<Answer, HandlerError> {
        let found = match code {
            Some(code) => invitations::look_up(&self.store.read(), code, guest.profile.id).await?,
            None => None,
        };
        let report = match found {
            Some(found) => self.report(guest, found).await?,
            None if payload == queue::NOTIFY_ME => return self.promise_word(guest, talk).await,
            None => InvitationReport::UNKNOWN,
        };
        Ok(Answer::Word(self.say(guest, &report)?))
    }

    async fn report(&self, guest: &Guest, found: FoundInvitation) -> Result<InvitationReport, StoreError> {
        let state = found.invitation.state(guest.now);
        let used_by = match found.invitation.usage {
            Usage::By(by) => Some(self.someone(by).await?),
            Usage::Unused | Usage::BySomebody => None,
        };
        let plan = found.offer.map(|offer| PlanLine {
            name: UserText::new(&offer.plan),
            days: offer.days.into(),
            price: Price(offer.price),
            currency: UserText::new(&offer.currency),
            active: true,
        });
        Ok(InvitationReport {
            state: InvitationReportState::Known(state),
            plan,
            issued: Some(When(found.invitation.created_at)),
            until: Some(When(found.invitation.ends_at())),
            used_by,
            used_at: found.used_at.map(When),
        })
    }

    /// Somebody as custodians read of them.
    pub(in crate::handlers) async fn someone(&self, id: UserId) -> Result<Someone, StoreError> {
        let person = people::find(&self.store.read(), id).await?;
        let name = person.map(|person| UserText::new(&person.profile.first_name));
        Ok(Someone {
            name: name.unwrap_or_default(),
            id,
        })
    }
}

/// A length of time in minutes, those that have begun included.
fn minutes_of(length: TimeDelta) -> i64 {
    (length + TimeDelta::seconds(59)).num_minutes().max(1)
}
