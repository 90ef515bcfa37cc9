//! What custodians can ask for at the panel, and what the answers are.

use domain::channel::Channel;
use domain::id::{DepartureId, PlanId, TokenId};
use domain::notice::Notice;

use crate::dialogue::Question;

/// Something of the custodians'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CustodianAction {
    /// A channel of the house, and what Lucien may do there.
    Channel(Channel),
    /// To point a channel out: begins that dialogue.
    SetUp(Channel),
    /// A channel was set up.
    SetUpDone(Channel),
    /// The members' channel was set up in the place of another one.
    VipMoved,
    /// The plans.
    Plans,
    /// To make a plan: begins that dialogue.
    NewPlan,
    /// What is known of the plan that is being made, and what is asked for.
    PlanDraft,
    /// To make the plan as it was put.
    CreatePlan(Question),
    /// A plan was made.
    PlanCreated(PlanId),
    /// To issue an invitation: for which plan?
    Invite,
    /// To issue one for a plan: begins that dialogue.
    InviteFor(PlanId),
    /// What is to be issued.
    InvitationDraft,
    /// To issue the invitation as it was put.
    IssueInvitation(Question),
    /// An invitation was issued.
    InvitationIssued(TokenId),
    /// The invitations that wait for consent.
    HeldInvitations,
    /// To consent to one.
    Release(TokenId),
    /// To consent to all up to this one.
    ReleaseUpTo(TokenId),
    /// Which notices are wanted.
    Notices,
    /// To have a notice or not.
    Switch(Notice, Wanted),
    /// To have one summary a day in place of single notices, or not.
    Summary(Wanted),
    /// Whether people are seen out whose membership is over, and how many wait for it.
    Departures,
    /// To see them out no more, or again.
    SwitchDepartures(Wanted),
    /// Who waits: makes a list.
    ListDepartures,
    /// A page of the list.
    DeparturesPage(Question, u32),
    /// To take somebody off the list.
    Spare(Question, DepartureId),
    /// To let go who is on the list.
    ConfirmDepartures(Question),
    /// So many go; so many were taken off the list.
    DeparturesConfirmed(u32, u32),
    /// The list was not confirmed.
    DeparturesRefused(Question),
    /// To leave a dialogue, for where it began.
    Leave(Origin),
}

/// Whether a notice is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Yes,
    No,
}

/// Where a dialogue began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    Channel(Channel),
    Plans,
    Invite,
}

impl CustodianAction {
    /// Whether more happens than that something is shown: the outcome is known once it is done.
    pub(crate) const fn changes_something(self) -> bool {
        matches!(
            self,
            Self::SetUp(_)
                | Self::NewPlan
                | Self::CreatePlan(_)
                | Self::InviteFor(_)
                | Self::IssueInvitation(_)
                | Self::Release(_)
                | Self::ReleaseUpTo(_)
                | Self::Switch(..)
                | Self::Summary(_)
                | Self::SwitchDepartures(_)
                | Self::ListDepartures
                | Self::Spare(..)
                | Self::ConfirmDepartures(_)
        )
    }

    /// Whether it is what a dialogue was for, and so ends it by itself.
    pub(crate) const fn concludes_dialogue(self) -> bool {
        matches!(self, Self::CreatePlan(_) | Self::IssueInvitation(_))
    }

    pub(super) fn encode(self) -> String {
        let channel = |channel: Channel| channel.label().to_ascii_lowercase();
        match self {
            Self::Channel(which) => format!("channel:{}", channel(which)),
            Self::SetUp(which) => format!("setup:{}", channel(which)),
            Self::SetUpDone(which) => format!("done:{}", channel(which)),
            Self::VipMoved => "moved".to_owned(),
            Self::Plans => "plans".to_owned(),
            Self::NewPlan => "plan".to_owned(),
            Self::PlanDraft => "draft".to_owned(),
            Self::CreatePlan(question) => format!("create:{}", question.0),
            Self::PlanCreated(plan) => format!("created:{plan}"),
            Self::Invite => "invite".to_owned(),
            Self::InviteFor(plan) => format!("for:{plan}"),
            Self::InvitationDraft => "invitation".to_owned(),
            Self::IssueInvitation(question) => format!("issue:{}", question.0),
            Self::InvitationIssued(token) => format!("issued:{token}"),
            Self::HeldInvitations => "held".to_owned(),
            Self::Release(token) => format!("release:{token}"),
            Self::ReleaseUpTo(token) => format!("upto:{token}"),
            Self::Notices => "notices".to_owned(),
            Self::Summary(Wanted::Yes) => "summary".to_owned(),
            Self::Summary(Wanted::No) => "singly".to_owned(),
            Self::Switch(notice, wanted) => {
                let word = match wanted {
                    Wanted::Yes => "on",
                    Wanted::No => "off",
                };
                format!("{word}:{}", notice.label().to_ascii_lowercase())
            }
            Self::Departures => "departures".to_owned(),
            Self::SwitchDepartures(Wanted::Yes) => "depart".to_owned(),
            Self::SwitchDepartures(Wanted::No) => "stay".to_owned(),
            Self::ListDepartures => "list".to_owned(),
            Self::DeparturesPage(question, page) => format!("page:{}:{page}", question.0),
            Self::Spare(question, departure) => format!("spare:{}:{departure}", question.0),
            Self::ConfirmDepartures(question) => format!("confirm:{}", question.0),
            Self::DeparturesConfirmed(count, spared) => format!("gone:{count}:{spared}"),
            Self::DeparturesRefused(question) => format!("refused:{}", question.0),
            Self::Leave(Origin::Channel(which)) => format!("leave:{}", channel(which)),
            Self::Leave(Origin::Plans) => "leave:plans".to_owned(),
            Self::Leave(Origin::Invite) => "leave:invite".to_owned(),
        }
    }

    pub(super) fn decode(code: &str) -> Option<Self> {
        let (word, of) = match code.split_once(':') {
            Some((word, of)) => (word, Some(of)),
            None => (code, None),
        };
        let channel = || of?.parse::<Channel>().ok();
        let question = || of?.parse().map(Question).ok();
        let plan = || of?.parse().map(PlanId).ok();
        let token = || of?.parse().map(TokenId).ok();
        let notice = || of?.parse::<Notice>().ok();
        let pair = || of?.split_once(':');
        Some(match (word, of) {
            ("channel", _) => Self::Channel(channel()?),
            ("setup", _) => Self::SetUp(channel()?),
            ("done", _) => Self::SetUpDone(channel()?),
            ("moved", None) => Self::VipMoved,
            ("plans", None) => Self::Plans,
            ("plan", None) => Self::NewPlan,
            ("draft", None) => Self::PlanDraft,
            ("create", _) => Self::CreatePlan(question()?),
            ("created", _) => Self::PlanCreated(plan()?),
            ("invite", None) => Self::Invite,
            ("for", _) => Self::InviteFor(plan()?),
            ("invitation", None) => Self::InvitationDraft,
            ("issue", _) => Self::IssueInvitation(question()?),
            ("issued", _) => Self::InvitationIssued(token()?),
            ("held", None) => Self::HeldInvitations,
            ("release", _) => Self::Release(token()?),
            ("upto", _) => Self::ReleaseUpTo(token()?),
            ("notices", None) => Self::Notices,
            ("summary", None) => Self::Summary(Wanted::Yes),
            ("singly", None) => Self::Summary(Wanted::No),
            ("on", _) => Self::Switch(notice()?, Wanted::Yes),
            ("off", _) => Self::Switch(notice()?, Wanted::No),
            ("departures", None) => Self::Departures,
            ("depart", None) => Self::SwitchDepartures(Wanted::Yes),
            ("stay", None) => Self::SwitchDepartures(Wanted::No),
            ("list", None) => Self::ListDepartures,
            ("page", _) => {
                let (question, page) = pair()?;
                Self::DeparturesPage(Question(question.parse().ok()?), page.parse().ok()?)
            }
            ("spare", _) => {
                let (question, departure) = pair()?;
                Self::Spare(
                    Question(question.parse().ok()?),
                    DepartureId(departure.parse().ok()?),
                )
            }
            ("confirm", _) => Self::ConfirmDepartures(question()?),
            ("gone", _) => {
                let (count, spared) = pair()?;
                Self::DeparturesConfirmed(count.parse().ok()?, spared.parse().ok()?)
            }
            ("refused", _) => Self::DeparturesRefused(question()?),
            ("leave", Some("plans")) => Self::Leave(Origin::Plans),
            ("leave", Some("invite")) => Self::Leave(Origin::Invite),
            ("leave", _) => Self::Leave(Origin::Channel(channel()?)),
            _ => return None,
        })
    }

    /// Every action, with the longest numbers that there are, for tests of the routing table.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![
            Self::VipMoved,
            Self::Plans,
            Self::NewPlan,
            Self::PlanDraft,
            Self::CreatePlan(Question(i64::MIN)),
            Self::PlanCreated(PlanId(i32::MIN)),
            Self::Invite,
            Self::InviteFor(PlanId(i32::MIN)),
            Self::InvitationDraft,
            Self::IssueInvitation(Question(i64::MIN)),
            Self::InvitationIssued(TokenId(i32::MIN)),
            Self::HeldInvitations,
            Self::Release(TokenId(i32::MIN)),
            Self::ReleaseUpTo(TokenId(i32::MIN)),
            Self::Notices,
            Self::Summary(Wanted::Yes),
            Self::Summary(Wanted::No),
            Self::Departures,
            Self::SwitchDepartures(Wanted::Yes),
            Self::SwitchDepartures(Wanted::No),
            Self::ListDepartures,
            Self::DeparturesPage(Question(i64::MIN), u32::MAX),
            Self::Spare(Question(i64::MIN), DepartureId(i64::MIN)),
            Self::ConfirmDepartures(Question(i64::MIN)),
            Self::DeparturesConfirmed(u32::MAX, u32::MAX),
            Self::DeparturesRefused(Question(i64::MIN)),
            Self::Leave(Origin::Plans),
            Self::Leave(Origin::Invite),
        ];
        for channel in Channel::ALL.iter().copied() {
            let of = [Self::Channel, Self::SetUp, Self::SetUpDone];
            all.extend(of.map(|action| action(channel)));
            all.push(Self::Leave(Origin::Channel(channel)));
        }
        for notice in Notice::ALL.iter().copied() {
            all.extend([Wanted::Yes, Wanted::No].map(|wanted| Self::Switch(notice, wanted)));
        }
        all
    }
}
