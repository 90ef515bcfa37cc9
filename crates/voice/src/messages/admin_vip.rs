//! Invitations to the members' channel.

use domain::token::InvitationCode;
use serde::Serialize;
use url::Url;

use super::{Message, PlanLine, sample};
use crate::values::{Link, When};

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
