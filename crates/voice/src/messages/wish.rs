//! Members who want to renew, and days that custodians grant.

use serde::Serialize;

use super::{Message, PlanLine, Someone, sample};
use crate::values::When;

/// Somebody wants to renew: is an invitation issued, or are the days granted?
#[derive(Clone, Debug, Serialize)]
pub struct Wished {
    /// Who.
    pub person: Someone,
    /// The plan that they have or had, if it is known.
    pub plan: Option<PlanLine>,
    /// When the membership ends or ended.
    pub until: When,
    /// Whether it has ended.
    #[serde(skip)]
    pub ended: bool,
}

/// What came of [`Wished`].
#[derive(Clone, Debug, Serialize)]
pub struct WishSettled {
    /// Who.
    pub person: Someone,
    /// What came of it.
    #[serde(skip)]
    pub answer: WishAnswer,
}

/// What came of a wish to renew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WishAnswer {
    /// An invitation was issued, to be handed over.
    Invited,
    /// The days were granted.
    Granted,
    /// The membership was extended in the meantime.
    Renewed,
}

/// Are the days granted like this?
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmGrant {
    /// To whom.
    pub person: Someone,
    /// The plan whose days they are.
    pub plan: PlanLine,
    /// When the membership would end.
    pub until: When,
    /// Whether it has ended, so that they would begin with the ritual.
    #[serde(skip)]
    pub ended: bool,
}

/// Days were granted, told to every custodian.
#[derive(Clone, Debug, Serialize)]
pub struct GrantedTo {
    /// To whom.
    pub person: Someone,
    /// How many.
    pub days: i64,
    /// When the membership ends now.
    pub until: When,
    /// Whether it had ended, so that they begin with the ritual.
    #[serde(skip)]
    pub returns: bool,
}

const fn branch_of(ended: bool) -> &'static str {
    if ended { "ended" } else { "running" }
}

impl Message for Wished {
    const ID: &'static str = "wish.wished";

    fn branch(&self) -> &'static str {
        branch_of(self.ended)
    }

    fn samples() -> Vec<Self> {
        let with = |ended| {
            let plans = PlanLine::samples().map(Some).into_iter().chain([None]);
            let people = sample::people().into_iter().cycle();
            people.zip(plans).map(move |(person, plan)| Self {
                person,
                plan,
                until: sample::until(),
                ended,
            })
        };
        [false, true].into_iter().flat_map(with).collect()
    }
}

impl Message for WishSettled {
    const ID: &'static str = "wish.settled";

    fn branch(&self) -> &'static str {
        match self.answer {
            WishAnswer::Invited => "invited",
            WishAnswer::Granted => "granted",
            WishAnswer::Renewed => "renewed",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |answer| sample::people().map(|person| Self { person, answer });
        [WishAnswer::Invited, WishAnswer::Granted, WishAnswer::Renewed]
            .into_iter()
            .flat_map(with)
            .collect()
    }
}

impl Message for ConfirmGrant {
    const ID: &'static str = "wish.confirm_grant";

    fn branch(&self) -> &'static str {
        branch_of(self.ended)
    }

    fn samples() -> Vec<Self> {
        let with = |ended| {
            let grants = sample::people().into_iter().zip(PlanLine::samples());
            grants.map(move |(person, plan)| Self {
                person,
                plan,
                until: sample::until(),
                ended,
            })
        };
        [false, true].into_iter().flat_map(with).collect()
    }
}

impl Message for GrantedTo {
    const ID: &'static str = "wish.granted";

    fn branch(&self) -> &'static str {
        if self.returns { "return" } else { "more" }
    }

    fn samples() -> Vec<Self> {
        let with = |returns| {
            let people = sample::people().into_iter().zip([30, 1, 3_650]);
            people.map(move |(person, days)| Self {
                person,
                days,
                until: sample::until(),
                returns,
            })
        };
        [false, true].into_iter().flat_map(with).collect()
    }
}
