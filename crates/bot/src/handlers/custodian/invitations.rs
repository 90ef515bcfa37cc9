//! Issuing invitations to the members' channel.

use domain::channel::Channel;
use domain::id::{PlanId, TokenId};
use serde::{Deserialize, Serialize};
use store::bot_config::{self, BotConfig};
use store::invitations::{self, IssueError, NewInvitation};
use store::plans::{self, Which};
use store::{Connection, StoreError};
use url::Url;
use voice::messages::{ChoosePlan, ConfirmInvitation, InvitationIssued, PlanLine};
use voice::{Button, LabelId, Link, Price, Screen, ToastId, UserText, When};

use super::plans::line;
use super::{Undone, confirmed};
use crate::action::{Action, CustodianAction, Origin};
use crate::dialogue::{self, Heard, Question, Said, Script, Talk};
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::invitation::new_code;

/// What shows what is to be issued.
const SHOWN: Action = Action::Custodian(CustodianAction::InvitationDraft);

/// An invitation that is to be issued, complete from the beginning.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct InvitationDraft {
    plan: PlanId,
    hours: i32,
}

impl Script for InvitationDraft {
    const KIND: &'static str = "invitation";
    type Stage = ();
    type Mistake = ();

    fn step(&self) -> &'static str {
        "confirm"
    }

    fn is_complete(&self) -> bool {
        true
    }

    /// Its question is put once more.
    async fn hear(&self, _: &Said, (): &()) -> Result<Result<Self, ()>, HandlerError> {
        Ok(Ok(self.clone()))
    }
}

impl Dispatcher {
    pub(super) async fn invite(&self) -> Result<Answer, HandlerError> {
        if has_vip_channel(&self.store.read()).await? {
            Ok(Answer::Show(Action::Custodian(CustodianAction::Invite)))
        } else {
            Ok(not_now(ToastId::VipChannelFirst))
        }
    }

    pub(super) async fn choose_plan(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let plans = self.shortest_first(Which::Active).await?;
        let message = ChoosePlan {
            plans: plans.iter().map(line).collect(),
        };
        let mut screen = self.say(guest, &message)?;
        if plans.is_empty() {
            screen = screen.row([self.custodians_button(LabelId::PanelPlans, CustodianAction::Plans)]);
        }
        for plan in &plans {
            let label = self.voice.label(LabelId::Plan).with(&UserText::new(&plan.name));
            let invite = Action::Custodian(CustodianAction::InviteFor(plan.id));
            screen = screen.row([Button::action(label, invite)]);
        }
        Ok(self.with_panel(screen))
    }

    pub(super) async fn invite_for(&self, talk: &Talk<'_>, plan: PlanId) -> Result<Answer, HandlerError> {
        if !has_vip_channel(&self.store.read()).await? {
            return Ok(not_now(ToastId::VipChannelFirst));
        }
        let found = plans::find(&self.store.read(), plan).await?;
        if !found.is_some_and(|plan| plan.active) {
            return Ok(not_now(ToastId::PlanGone));
        }
        let hours = self.settings.invitation_hours;
        talk.begin(&InvitationDraft { plan, hours }, SHOWN).await?;
        Ok(Answer::Show(SHOWN))
    }

    pub(super) async fn invitation_draft(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let db = self.store.read();
        let present = dialogue::present::<InvitationDraft>(&db, guest.profile.id, guest.now).await?;
        let Some((draft, question)) = present.and_then(|present| Some((present.script, present.question?)))
        else {
            return self.choose_plan(guest).await;
        };
        let Some(plan) = plans::find(&db, draft.plan).await? else {
            return self.choose_plan(guest).await;
        };
        let message = ConfirmInvitation {
            plan: line(&plan),
            hours: draft.hours.into(),
        };
        let issue = CustodianAction::IssueInvitation(question);
        let screen = self
            .say(guest, &message)?
            .row([self.custodians_button(LabelId::Confirm, issue)]);
        Ok(self.with_cancel(screen, Origin::Invite))
    }

    pub(super) async fn hear_invitation(
        &self,
        talk: &Talk<'_>,
        said: &Said,
    ) -> Result<Option<Answer>, HandlerError> {
        let heard = talk.hear::<InvitationDraft>(said, &(), SHOWN).await?;
        Ok((heard == Heard::On).then_some(Answer::Show(SHOWN)))
    }

    /// Issues the invitation as it was put, once.
    pub(super) async fn issue_invitation(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        question: Question,
    ) -> Result<Answer, HandlerError> {
        let issued = talk
            .confirm::<InvitationDraft, Undone<ToastId>>(question, async |tx, draft| {
                if !has_vip_channel(tx).await? {
                    return Err(Undone::Refused(ToastId::VipChannelFirst));
                }
                let new = NewInvitation {
                    plan: draft.plan,
                    by: guest.profile.id,
                    valid_hours: draft.hours,
                };
                match invitations::issue(tx, &new, new_code, guest.now).await {
                    Ok(issued) => Ok(Action::Custodian(CustodianAction::InvitationIssued(issued.id))),
                    Err(IssueError::NotOnOffer) => Err(Undone::Refused(ToastId::PlanGone)),
                    // Other codes are tried later.
                    Err(IssueError::NoCode) => Err(StoreError::Busy.into()),
                    Err(IssueError::Store(error)) => Err(error.into()),
                }
            })
            .await;
        match issued {
            Ok(done) => Ok(confirmed(done, CustodianAction::Invite)),
            Err(Undone::Refused(toast)) => Ok(not_now(toast)),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    pub(in crate::handlers) async fn invitation_issued(
        &self,
        guest: &Guest,
        id: TokenId,
    ) -> Result<Screen<Action>, HandlerError> {
        let found = invitations::find(&self.store.read(), id, guest.profile.id).await?;
        let Some(found) = found else {
            return self.choose_plan(guest).await;
        };
        let Some(offer) = found.offer else {
            return self.choose_plan(guest).await;
        };
        let address = found.code.link(&self.me().await?.username);
        let link = Link(Url::parse(&address).expect("its beginning is that of an address"));
        let message = InvitationIssued {
            plan: PlanLine {
                name: UserText::new(&offer.plan),
                days: offer.days.into(),
                price: Price(offer.price),
                currency: UserText::new(&offer.currency),
                active: true,
            },
            until: When(found.invitation.ends_at()),
            link: link.clone(),
        };
        let copy = Button::copy(self.voice.label(LabelId::InviteCopy), &link);
        Ok(self.say(guest, &message)?.row([copy]))
    }
}

/// Why there is no invitation at present, over the screen from which that can be changed.
pub(super) fn not_now(toast: ToastId) -> Answer {
    let action = match toast {
        ToastId::PlanGone => Action::Custodian(CustodianAction::Invite),
        _ => Action::Panel,
    };
    Answer::Noted(action, toast)
}

pub(super) async fn has_vip_channel(db: &impl Connection) -> Result<bool, StoreError> {
    let config = bot_config::get(db).await?;
    Ok(config
        .and_then(|config: BotConfig| config.channel(Channel::Vip))
        .is_some())
}
