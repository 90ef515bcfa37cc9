//! The panel: what custodians ask for, and what they say when they are asked something.
//!
//! Everything here is reached through [`Action::Custodian`](crate::action::Action), which nobody but a
//! custodian is admitted to.

mod channels;
mod departures;
mod held_invitations;
mod invitations;
mod panel;
mod plans;
mod wishes;

use domain::channel::Channel;
use store::invitations::Consent;
use store::{StoreError, dialogues};
use voice::{Button, LabelId, Screen, ToastId};

use self::channels::ChannelSetup;
use self::invitations::InvitationDraft;
use self::plans::PlanDraft;
use super::answer::Answer;
use super::{Dispatcher, Guest};
use crate::action::{Action, CustodianAction, Origin};
use crate::dialogue::{Confirmed, Said, Script, Talk};
use crate::error::HandlerError;

/// Why something that was confirmed is not done: the question still stands.
enum Undone<R> {
    /// For a reason of the house's.
    Refused(R),
    /// Something went wrong.
    Failed(HandlerError),
}

impl<R> From<HandlerError> for Undone<R> {
    fn from(error: HandlerError) -> Self {
        Self::Failed(error)
    }
}

impl<R> From<StoreError> for Undone<R> {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Dispatcher {
    /// Does what a custodian asks for.
    pub(super) async fn govern(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        request: CustodianAction,
    ) -> Result<Answer, HandlerError> {
        let action = Action::Custodian(request);
        match request {
            CustodianAction::SetUp(channel) => {
                talk.begin(&ChannelSetup::from(channel), action).await?;
                Ok(Answer::Show(action))
            }
            CustodianAction::NewPlan => self.begin_plan(talk).await,
            CustodianAction::CreatePlan(question) => self.create_plan(guest, talk, question).await,
            CustodianAction::Invite => self.invite().await,
            CustodianAction::InviteFor(plan) => self.invite_for(talk, plan).await,
            CustodianAction::IssueInvitation(question) => self.issue_invitation(guest, talk, question).await,
            CustodianAction::Release(token) => self.release(guest, talk, Consent::To(&[token])).await,
            CustodianAction::ReleaseUpTo(token) => self.release(guest, talk, Consent::UpTo(token)).await,
            CustodianAction::Switch(notice, wanted) => {
                self.switch(guest, talk, notice, wanted).await?;
                Ok(Answer::Show(action))
            }
            CustodianAction::Summary(wanted) => {
                self.choose_summary(guest, talk, wanted).await?;
                Ok(Answer::Show(action))
            }
            CustodianAction::SwitchDepartures(wanted) => self.switch_departures(guest, talk, wanted).await,
            CustodianAction::ListDepartures => self.list_departures(talk).await,
            CustodianAction::Spare(question, departure) => self.spare(talk, question, departure).await,
            CustodianAction::ConfirmDepartures(question) => {
                self.confirm_departures(guest, talk, question).await
            }
            CustodianAction::Leave(_) if !guest.in_dialogue => {
                Ok(Answer::Noted(action, ToastId::DialogueOver))
            }
            _ => Ok(Answer::Show(action)),
        }
    }

    /// Takes what a custodian says in the middle of a dialogue; none when it is over after all.
    pub(super) async fn hear_custodian(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        said: &Said,
    ) -> Result<Option<Answer>, HandlerError> {
        let found = dialogues::find(&self.store.read(), guest.profile.id, guest.now).await?;
        match found.as_ref().map(|found| found.dialogue.kind.as_str()) {
            Some(ChannelSetup::KIND) => self.hear_channel(guest, talk, said).await,
            Some(PlanDraft::KIND) => self.hear_plan(guest, talk, said).await,
            Some(InvitationDraft::KIND) => self.hear_invitation(talk, said).await,
            _ => Ok(None),
        }
    }

    /// The part of the routing table that is the custodians'.
    pub(super) async fn custodian_screen(
        &self,
        guest: &Guest,
        request: CustodianAction,
    ) -> Result<Screen<Action>, HandlerError> {
        match request {
            CustodianAction::Channel(channel) | CustodianAction::Leave(Origin::Channel(channel)) => {
                self.channel(guest, channel).await
            }
            CustodianAction::SetUp(channel) => self.channel_setup(guest, channel),
            CustodianAction::SetUpDone(channel) => self.channel_done(guest, channel, false).await,
            CustodianAction::VipMoved => self.channel_done(guest, Channel::Vip, true).await,
            CustodianAction::Plans | CustodianAction::Leave(Origin::Plans) => self.plans(guest).await,
            CustodianAction::NewPlan | CustodianAction::PlanDraft | CustodianAction::CreatePlan(_) => {
                self.plan_draft(guest).await
            }
            CustodianAction::PlanCreated(plan) => self.plan_created(guest, plan).await,
            CustodianAction::Invite | CustodianAction::Leave(Origin::Invite) => self.choose_plan(guest).await,
            CustodianAction::InviteFor(_)
            | CustodianAction::InvitationDraft
            | CustodianAction::IssueInvitation(_) => self.invitation_draft(guest).await,
            CustodianAction::InvitationIssued(token) => self.invitation_issued(guest, token).await,
            CustodianAction::HeldInvitations
            | CustodianAction::Release(_)
            | CustodianAction::ReleaseUpTo(_) => self.held_invitations(guest).await,
            CustodianAction::Departures
            | CustodianAction::SwitchDepartures(_)
            | CustodianAction::ListDepartures => self.departures(guest).await,
            CustodianAction::DeparturesPage(question, page) => {
                self.departures_page(guest, question, page).await
            }
            CustodianAction::Spare(question, _) | CustodianAction::ConfirmDepartures(question) => {
                self.departures_page(guest, question, 0).await
            }
            CustodianAction::DeparturesConfirmed(count, spared) => {
                self.departures_confirmed(guest, count, spared)
            }
            CustodianAction::DeparturesRefused(question) => self.departures_refused(guest, question).await,
            CustodianAction::Notices | CustodianAction::Switch(..) | CustodianAction::Summary(_) => {
                self.notices(guest).await
            }
        }
    }

    fn custodians_button(&self, label: LabelId, request: CustodianAction) -> Button<Action> {
        self.button(label, Action::Custodian(request))
    }

    /// The screen with the way back to the panel below it.
    fn with_panel(&self, screen: Screen<Action>) -> Screen<Action> {
        screen.row([self.button(LabelId::Panel, Action::Panel)])
    }

    /// The screen with the way out of a dialogue below it.
    fn with_cancel(&self, screen: Screen<Action>, origin: Origin) -> Screen<Action> {
        screen.row([self.custodians_button(LabelId::Cancel, CustodianAction::Leave(origin))])
    }
}

/// How a tap is answered that was to do what a dialogue was for. `origin` is where the dialogue began.
fn confirmed(confirmed: Confirmed, origin: CustodianAction) -> Answer {
    match confirmed {
        Confirmed::Now(action) => Answer::Show(action),
        Confirmed::Before(action) => Answer::Noted(action, ToastId::AlreadyDone),
        Confirmed::Over => Answer::Noted(Action::Custodian(origin), ToastId::DialogueOver),
    }
}
