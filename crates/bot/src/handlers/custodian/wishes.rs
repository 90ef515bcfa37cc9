//! What custodians answer a member who would like to stay: an invitation, or the days at once.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::plan::Plan;
use domain::redemption::Redemption;
use domain::subscription::Subscription;
use store::confirmations::{self, Consumption};
use store::invitations::{self, IssueError, NewInvitation, Offer};
use store::{Connection, StoreError, Tx, plans, subscribers};
use telegram::Payload;
use voice::messages::{ConfirmGrant, WishAnswer, WishSettled};
use voice::{LabelId, Screen, ToastId, When};

use super::Undone;
use super::invitations::{has_vip_channel, not_now};
use super::plans::line;
use crate::action::{Action, RenewalAction};
use crate::dialogue::{Question, Talk};
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::invitation::new_code;
use crate::outbox::CustodianNotice;
use crate::way_in::Scene;
use crate::way_in::grant::{self, Granting, is_end};
use crate::way_in::redemption::days_of;
use crate::wish::{Offered, Put, Wish};

/// How a wish stands: the membership, and the plan that it follows, if there is one.
struct Standing {
    subscription: Subscription,
    plan: Option<Plan>,
}

impl Standing {
    /// None when the membership has another end by now.
    async fn of(db: &impl Connection, wish: Wish) -> Result<Option<Self>, StoreError> {
        let stored = subscribers::find(db, wish.person).await?;
        let Some(stored) = stored.filter(|stored| is_end(stored.subscription.expiry, wish.until)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            subscription: stored.subscription,
            plan: plans::of_token(db, stored.token).await?,
        }))
    }
}

impl Dispatcher {
    /// Issues an invitation for the plan that the member has or had.
    pub(in crate::handlers) async fn invite_back(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        question: Question,
    ) -> Result<Answer, HandlerError> {
        let by = guest.profile.id;
        self.answer_wish(talk, question, async |tx, _, plan| {
            if !has_vip_channel(tx).await? {
                return Err(Undone::Refused(ToastId::VipChannelFirst));
            }
            let new = NewInvitation {
                plan: plan.id,
                by,
                valid_hours: self.settings.invitation_hours,
            };
            match invitations::issue(tx, &new, new_code, guest.now).await {
                Ok(issued) => Ok(RenewalAction::Invited(question, issued.id)),
                Err(IssueError::NotOnOffer) => Err(Undone::Refused(ToastId::PlanGone)),
                // Other codes are tried later.
                Err(IssueError::NoCode) => Err(StoreError::Busy.into()),
                Err(IssueError::Store(error)) => Err(error.into()),
            }
        })
        .await
    }

    /// Asks whether the days are granted, unless that is settled.
    pub(in crate::handlers) async fn ask_to_grant(&self, question: Question) -> Result<Answer, HandlerError> {
        let db = self.store.read();
        let Some(put) = Put::find(&db, question).await? else {
            return Ok(Answer::Show(Action::StaleButton));
        };
        let settled = Action::Renewal(RenewalAction::Settled(question));
        if put.answer.is_some() {
            return Ok(Answer::Noted(settled, ToastId::AlreadyDone));
        }
        if Standing::of(&db, put.wish).await?.is_none() {
            return Ok(Answer::Noted(settled, ToastId::GrantPast));
        }
        Ok(Answer::Show(Action::Renewal(RenewalAction::Grant(question))))
    }

    /// Grants the days of the plan that the member has or had.
    pub(in crate::handlers) async fn grant(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        question: Question,
    ) -> Result<Answer, HandlerError> {
        let scene = Scene {
            custodians: &self.settings.custodians,
            now: guest.now,
        };
        let answer = self
            .answer_wish(talk, question, async |tx, wish, plan| {
                let granting = Granting {
                    person: wish.person,
                    plan: &plan,
                    by: guest.profile.id,
                    seen: wish.until,
                };
                match grant::grant(tx, scene, granting).await? {
                    Some(_) => Ok(RenewalAction::Granted(question)),
                    None => Err(Undone::Refused(ToastId::GrantPast)),
                }
            })
            .await?;
        self.outbox.ring();
        Ok(answer)
    }

    /// Answers a wish, once, while the membership has the end that it was about.
    async fn answer_wish(
        &self,
        talk: &Talk<'_>,
        question: Question,
        work: impl AsyncFnOnce(&Tx, Wish, Plan) -> Result<RenewalAction, Undone<ToastId>>,
    ) -> Result<Answer, HandlerError> {
        let settled = Action::Renewal(RenewalAction::Settled(question));
        let answered = self
            .store
            .write(async |tx| {
                let action = match confirmations::consume(tx, question.0, UserId::HOUSE, talk.now).await? {
                    Consumption::Now(action) => action,
                    Consumption::Before { .. } => return Err(Undone::Refused(ToastId::AlreadyDone)),
                    Consumption::Expired | Consumption::Unknown => {
                        return Err(Undone::Refused(ToastId::DialogueOver));
                    }
                };
                let wish = Wish::read(&action).ok_or(Undone::Refused(ToastId::StaleButton))?;
                let standing = Standing::of(tx, wish).await?;
                let standing = standing.ok_or(Undone::Refused(ToastId::GrantPast))?;
                let plan = standing.plan.ok_or(Undone::Refused(ToastId::PlanGone))?;
                let outcome = Action::Renewal(work(tx, wish, plan).await?);
                confirmations::set_result(tx, question.0, &outcome.encode()).await?;
                talk.hand.decide(tx, outcome).await?;
                Ok(outcome)
            })
            .await;
        match answered {
            Ok(outcome) => Ok(Answer::Show(outcome)),
            Err(Undone::Failed(error)) => Err(error),
            Err(Undone::Refused(toast)) => Ok(match toast {
                ToastId::AlreadyDone | ToastId::GrantPast => Answer::Noted(settled, toast),
                // What is left to be done shows.
                ToastId::PlanGone => Answer::Noted(Action::Renewal(RenewalAction::Ask(question)), toast),
                ToastId::VipChannelFirst => not_now(toast),
                _ => Answer::Noted(Action::Panel, toast),
            }),
        }
    }

    /// The part of the routing table that is about members who would like to stay.
    pub(in crate::handlers) async fn renewal_screen(
        &self,
        guest: &Guest,
        shown: RenewalAction,
    ) -> Result<Screen<Action>, HandlerError> {
        let question = match shown {
            RenewalAction::Wish(_) | RenewalAction::Heard(_) => return self.home(guest),
            RenewalAction::Invited(_, token) => return self.invitation_issued(guest, token).await,
            RenewalAction::Ask(question)
            | RenewalAction::Invite(question)
            | RenewalAction::Grant(question)
            | RenewalAction::ConfirmGrant(question)
            | RenewalAction::Granted(question)
            | RenewalAction::Settled(question) => question,
        };
        let db = self.store.read();
        let Some(put) = Put::find(&db, question).await? else {
            return self.panel(guest).await;
        };
        let answer = match put.answer {
            Some(Action::Renewal(RenewalAction::Invited(..))) => Some(WishAnswer::Invited),
            Some(_) => Some(WishAnswer::Granted),
            None => None,
        };
        if let Some(answer) = answer {
            return self.wish_settled(guest, put.wish.person, answer).await;
        }
        match (Standing::of(&db, put.wish).await?, shown) {
            (None, _) => {
                self.wish_settled(guest, put.wish.person, WishAnswer::Renewed)
                    .await
            }
            (
                Some(Standing {
                    subscription,
                    plan: Some(plan),
                }),
                RenewalAction::Grant(_),
            ) => {
                self.confirm_grant(guest, question, put.wish.person, subscription, &plan)
                    .await
            }
            (Some(standing), _) => self.wished(guest, question, put.wish, standing.plan).await,
        }
    }

    async fn wished(
        &self,
        guest: &Guest,
        question: Question,
        wish: Wish,
        plan: Option<Plan>,
    ) -> Result<Screen<Action>, HandlerError> {
        let Wish { person, until } = wish;
        let names = [(person, self.someone(person).await?.name)].into();
        let notice = CustodianNotice::Wished {
            person,
            plan: plan.map(Offered::from),
            until,
            question: question.0,
        };
        Ok(notice.screen(&self.voice, &names, guest.profile.id, guest.now)?)
    }

    async fn wish_settled(
        &self,
        guest: &Guest,
        person: UserId,
        answer: WishAnswer,
    ) -> Result<Screen<Action>, HandlerError> {
        let person = self.someone(person).await?;
        Ok(self.say(guest, &WishSettled { person, answer })?)
    }

    async fn confirm_grant(
        &self,
        guest: &Guest,
        question: Question,
        person: UserId,
        subscription: Subscription,
        plan: &Plan,
    ) -> Result<Screen<Action>, HandlerError> {
        let days = days_of(&Offer::from(plan.clone()));
        let granted: Timestamp = Redemption::of(Some(&subscription), days, guest.now).expiry;
        let message = ConfirmGrant {
            person: self.someone(person).await?,
            plan: line(plan),
            until: When(granted),
            ended: !subscription.is_valid(guest.now),
        };
        let button = |label, action| self.button(label, Action::Renewal(action));
        Ok(self
            .say(guest, &message)?
            .row([button(LabelId::Confirm, RenewalAction::ConfirmGrant(question))])
            .row([button(LabelId::Cancel, RenewalAction::Ask(question))]))
    }
}
