//! What an update is answered with.

use domain::access::Access;
use telegram::gateway::TapAnswer;
use voice::{Screen, ToastId, Voice};

use crate::action::{Action, CustodianAction, Hearing, RenewalAction, Ruling, Wanted, WayIn};

/// An answer.
pub(super) enum Answer {
    /// The screen of an action.
    Show(Action),
    /// The same, with a word about why it is this one.
    Noted(Action, ToastId),
    /// A word about what was said or tapped, which leaves everything as it is.
    Word(Screen<Action>),
}

impl Answer {
    /// How a tap is answered.
    pub(super) fn to_tap(&self, voice: &Voice) -> TapAnswer {
        let note = |id| TapAnswer::Note(voice.toast(id));
        let alert = |id| TapAnswer::Alert(voice.toast(id));
        match self {
            Self::Noted(_, toast @ (ToastId::AlreadyDone | ToastId::OneStepAtATime)) => note(*toast),
            Self::Noted(_, toast) => alert(*toast),
            Self::Word(_) => TapAnswer::Silent,
            Self::Show(action) => match action {
                Action::MembersOnly => alert(ToastId::MembersOnly),
                Action::CustodiansOnly => alert(ToastId::CustodiansOnly),
                Action::StaleButton => note(ToastId::StaleButton),
                Action::Cancelled | Action::Custodian(CustodianAction::Leave(_)) => note(ToastId::Cancelled),
                Action::NothingToCancel => alert(ToastId::DialogueOver),
                Action::Custodian(CustodianAction::PlanCreated(_)) => note(ToastId::PlanCreated),
                Action::Custodian(CustodianAction::InvitationIssued(_)) => note(ToastId::InvitationIssued),
                Action::Custodian(CustodianAction::Switch(_, Wanted::Yes)) => note(ToastId::NoticeOn),
                Action::Custodian(CustodianAction::Switch(_, Wanted::No)) => note(ToastId::NoticeOff),
                Action::Custodian(CustodianAction::Summary(Wanted::Yes)) => note(ToastId::SummaryOn),
                Action::Custodian(CustodianAction::Summary(Wanted::No)) => note(ToastId::SummaryOff),
                Action::Custodian(CustodianAction::SwitchDepartures(Wanted::Yes)) => {
                    note(ToastId::SweepResumed)
                }
                Action::Custodian(CustodianAction::SwitchDepartures(Wanted::No)) => {
                    note(ToastId::SweepPaused)
                }
                Action::Custodian(CustodianAction::DeparturesConfirmed(..)) => note(ToastId::SweepConfirmed),
                Action::Renewal(RenewalAction::Heard(Hearing::Noted)) => note(ToastId::WishNoted),
                Action::Renewal(RenewalAction::Heard(Hearing::Repeated)) => note(ToastId::WishRepeated),
                Action::Renewal(RenewalAction::Heard(Hearing::Past)) => alert(ToastId::WishPast),
                Action::Renewal(RenewalAction::Invited(..)) => note(ToastId::InvitationIssued),
                Action::Renewal(RenewalAction::Granted(_)) => note(ToastId::DaysGranted),
                Action::WayIn(WayIn::Key) => note(ToastId::KeyPreparing),
                Action::Ruled(ruling, _) => note(match ruling {
                    Ruling::Readmit => ToastId::Readmitted,
                    Ruling::LeaveOut => ToastId::LeftOut,
                    Ruling::SeeOut => ToastId::SeenOut,
                    Ruling::LetStay => ToastId::LetStay,
                }),
                _ => TapAnswer::Silent,
            },
        }
    }

    /// The action whose screen it is, if it is one's.
    pub(super) const fn action(&self) -> Option<Action> {
        match self {
            Self::Show(action) | Self::Noted(action, _) => Some(*action),
            Self::Word(_) => None,
        }
    }

    /// Whether the tapped message stays as it is: all that there is to be said was said over it.
    pub(super) const fn leaves_message(&self) -> bool {
        matches!(self, Self::Show(Action::Renewal(RenewalAction::Heard(_))))
    }

    /// What is shown below, in a message of its own: after more time for somebody who was on the way in,
    /// the way in begins anew.
    pub(super) fn follows(&self, access: Access) -> Option<Action> {
        match self.action() {
            Some(Action::WayIn(WayIn::Renewed(_))) if access == Access::Ritual => {
                Some(Action::WayIn(WayIn::Ritual))
            }
            _ => None,
        }
    }

    /// What the tapped message shows while the answer gets a message of its own: what is to be handed on
    /// must not be overwritten by the next screen.
    pub(super) const fn menu_beside(&self) -> Option<Action> {
        match self {
            Self::Show(Action::Custodian(CustodianAction::InvitationIssued(_)))
            | Self::Noted(Action::Custodian(CustodianAction::InvitationIssued(_)), _) => {
                Some(Action::Custodian(CustodianAction::Invite))
            }
            Self::Show(Action::Renewal(RenewalAction::Invited(question, _))) => {
                Some(Action::Renewal(RenewalAction::Settled(*question)))
            }
            _ => None,
        }
    }
}
