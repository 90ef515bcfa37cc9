//! How Lucien receives people: those who run the house, and those who bring an invitation.

use domain::token::InvitationState;
use serde::Serialize;

use super::{Message, PlanLine, Someone, choice, sample};
use crate::values::{DayPart, UserText, When};

/// The home screen of a custodian: a greeting by the time of day in the house.
#[derive(Clone, Debug, Serialize)]
pub struct CustodianHome {
    /// The custodian's first name.
    pub name: UserText,
    /// The time of day, see [`Voice::day_part`](crate::Voice::day_part).
    #[serde(skip)]
    pub day_part: DayPart,
}

/// Why an invitation cannot be accepted.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum InvitationRefused {
    /// There is no such invitation.
    Unknown,
    /// Somebody else accepted it.
    Used,
    /// Its time is over.
    Expired,
    /// Its plan is not on offer.
    PlanInactive,
    /// It has no plan.
    NoPlan,
    /// It waits for a custodian's consent.
    Held,
    /// The person is blocked.
    Blocked,
}

/// Too many invitations that do not exist were tried; none is looked up for a while.
#[derive(Clone, Debug, Serialize)]
pub struct TooManyTries {
    /// After how many minutes the next one is.
    pub minutes: i64,
}

/// What a custodian who opens an invitation is told of it.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationReport {
    /// Its state.
    #[serde(skip)]
    pub state: InvitationReportState,
    /// What it is for, if it has a plan.
    pub plan: Option<PlanLine>,
    /// When it was issued; none when there is no such invitation.
    pub issued: Option<When>,
    /// The last moment at which it can be accepted.
    pub until: Option<When>,
    /// Who accepted it.
    pub used_by: Option<Someone>,
    /// When it was accepted.
    pub used_at: Option<When>,
}

/// The state of an invitation that may not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationReportState {
    /// There is no such invitation.
    Unknown,
    /// There is one.
    Known(InvitationState),
}

impl InvitationReport {
    /// Of an invitation that does not exist.
    pub const UNKNOWN: Self = Self {
        state: InvitationReportState::Unknown,
        plan: None,
        issued: None,
        until: None,
        used_by: None,
        used_at: None,
    };
}

impl Message for CustodianHome {
    const ID: &'static str = "start.custodian";

    fn branch(&self) -> &'static str {
        self.day_part.branch()
    }

    fn samples() -> Vec<Self> {
        let at = |day_part| sample::names().map(|name| Self { name, day_part });
        DayPart::ALL.into_iter().flat_map(at).collect()
    }
}

choice!(InvitationRefused = "start.invitation_refused" {
    Unknown = "unknown",
    Used = "used",
    Expired = "expired",
    PlanInactive = "plan_inactive",
    NoPlan = "no_plan",
    Held = "held",
    Blocked = "blocked",
});

impl Message for TooManyTries {
    const ID: &'static str = "start.too_many_tries";

    fn samples() -> Vec<Self> {
        [10, 1].map(|minutes| Self { minutes }).into()
    }
}

impl Message for InvitationReport {
    const ID: &'static str = "start.invitation_report";

    fn branch(&self) -> &'static str {
        match self.state {
            InvitationReportState::Unknown => "unknown",
            InvitationReportState::Known(state) => match state {
                InvitationState::Redeemable => "redeemable",
                InvitationState::Used => "used",
                InvitationState::Expired => "expired",
                InvitationState::PlanInactive => "plan_inactive",
                InvitationState::NoPlan => "no_plan",
            },
        }
    }

    fn samples() -> Vec<Self> {
        let [ordinary, longest, free] = PlanLine::samples();
        let [ana, _, nobody] = sample::people();
        let when = Some(sample::until());
        let with = |state, plan, used_by: Option<Someone>| Self {
            state: InvitationReportState::Known(state),
            plan,
            issued: when,
            until: when,
            used_at: used_by.is_some().then(sample::until),
            used_by,
        };
        vec![
            with(InvitationState::Redeemable, Some(ordinary.clone()), None),
            with(InvitationState::Used, Some(longest), Some(ana)),
            with(InvitationState::Used, None, Some(nobody)),
            with(InvitationState::Used, Some(free), None),
            with(InvitationState::Expired, Some(ordinary.clone()), None),
            with(InvitationState::PlanInactive, Some(ordinary), None),
            with(InvitationState::NoPlan, None, None),
            Self::UNKNOWN,
        ]
    }
}
