//! Invitations to the members' channel.

use domain::token::InvitationCode;
use serde::Serialize;
use url::Url;

use super::{Message, PlanLine, sample};
use crate::values::{Link, UserText, When};

/// The most invitations that [`HeldInvitations`] shows.
pub const MAX_HELD_INVITATIONS: usize = 10;

/// For which plan is the invitation?
#[derive(Clone, Debug, Serialize)]
pub struct ChoosePlan {
    /// Those on offer, at most [`MAX_PLANS`](super::MAX_PLANS), in the order in which they are shown.
    pub plans: Vec<PlanLine>,
}

/// Is the invitation issued like this?
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmInvitation {
    /// What it is for.
    pub plan: PlanLine,
    /// For how many hours it can be accepted.
    pub hours: i64,
}

/// An invitation was issued.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationIssued {
    /// What it is for.
    pub plan: PlanLine,
    /// The last moment at which it can be accepted.
    pub until: When,
    /// The link that opens it.
    pub link: Link,
}

/// Invitations that wait for consent: the copy from which the house was restored does not know whether they were
/// accepted.
#[derive(Clone, Debug, Serialize)]
pub struct HeldInvitations {
    /// The oldest, at most [`MAX_HELD_INVITATIONS`]. Each has a button that consents to it.
    pub invitations: Vec<HeldInvitationLine>,
    /// How many there are.
    pub total: i64,
}

/// An invitation that waits.
#[derive(Clone, Debug, Serialize)]
pub struct HeldInvitationLine {
    /// Its number.
    pub number: i32,
    /// The name of its plan; empty without one.
    pub plan: UserText,
    /// When it was issued.
    pub issued: When,
    /// The last moment at which it can be accepted.
    pub until: When,
}

impl Message for ChoosePlan {
    const ID: &'static str = "admin_vip.choose_plan";

    fn branch(&self) -> &'static str {
        if self.plans.is_empty() {
            "no_plans"
        } else {
            "plans"
        }
    }

    fn samples() -> Vec<Self> {
        PlanLine::sample_lists().map(|plans| Self { plans }).into()
    }
}

impl Message for ConfirmInvitation {
    const ID: &'static str = "admin_vip.confirm_invitation";

    fn samples() -> Vec<Self> {
        let plans = PlanLine::samples().into_iter().zip([24, 1, 8_760]);
        plans.map(|(plan, hours)| Self { plan, hours }).collect()
    }
}

impl Message for InvitationIssued {
    const ID: &'static str = "admin_vip.issued";

    fn samples() -> Vec<Self> {
        let code = InvitationCode::from_random([77; InvitationCode::RANDOM_BYTES]);
        let link = Url::parse(&code.link("lucien_bot")).expect("letters of an address");
        PlanLine::samples()
            .map(|plan| Self {
                plan,
                until: sample::until(),
                link: Link(link.clone()),
            })
            .into()
    }
}

impl Message for HeldInvitations {
    const ID: &'static str = "admin_vip.held";

    fn branch(&self) -> &'static str {
        match self.invitations.is_empty() {
            true => "none",
            false => "some",
        }
    }

    fn samples() -> Vec<Self> {
        let line = |number, plan| HeldInvitationLine {
            number,
            plan,
            issued: sample::until(),
            until: sample::until(),
        };
        let [plain, longest, _] = PlanLine::samples().map(|plan| plan.name);
        vec![
            Self {
                invitations: vec![line(7, plain), line(8, UserText::default())],
                total: 2,
            },
            Self {
                invitations: vec![line(i32::MAX, longest); MAX_HELD_INVITATIONS],
                total: 1_000_000,
            },
            Self {
                invitations: Vec::new(),
                total: 0,
            },
        ]
    }
}
