//! What members hear when their time runs out, and when they are given more of it.

use serde::Serialize;

use super::{Message, RenewedStanding, sample};
use crate::values::{UserText, When};

/// The membership ends soon. A button says that one wants to renew.
#[derive(Clone, Debug, Serialize)]
pub struct Reminder {
    /// The member's first name.
    pub name: UserText,
    /// The name of the plan, if it is known.
    pub plan: Option<UserText>,
    /// When the membership ends.
    pub until: When,
    /// Whether a button leads to the creator.
    pub contact: bool,
    /// How long before the end it was due; it may be sent up to 12 hours later.
    #[serde(skip)]
    pub kind: ReminderKind,
}

/// How long before the end of a membership a reminder is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReminderKind {
    /// Three days.
    ThreeDays,
    /// One day.
    OneDay,
}

/// The membership has ended. A button says that one wants to renew.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    /// The person's first name.
    pub name: UserText,
    /// When it ended.
    pub ended: When,
    /// Whether a button leads to the creator.
    pub contact: bool,
}

/// A custodian granted days.
#[derive(Clone, Debug, Serialize)]
pub struct DaysGranted {
    /// The person's first name.
    pub name: UserText,
    /// How many days were added.
    pub days: i64,
    /// When the membership ends now.
    pub until: When,
    /// Where the person stands.
    #[serde(skip)]
    pub standing: RenewedStanding,
}

impl Message for Reminder {
    const ID: &'static str = "ends.reminder";

    fn branch(&self) -> &'static str {
        match self.kind {
            ReminderKind::ThreeDays => "three_days",
            ReminderKind::OneDay => "one_day",
        }
    }

    fn samples() -> Vec<Self> {
        let [ordinary, longest, invisible] = sample::names();
        let with = |kind| {
            let with = |name: &UserText, plan, contact| Self {
                name: name.clone(),
                plan,
                until: sample::until(),
                contact,
                kind,
            };
            [
                with(&ordinary, Some(UserText::new("Mensual")), true),
                with(&longest, Some(longest.clone()), false),
                with(&invisible, Some(invisible.clone()), true),
                with(&ordinary, None, false),
            ]
        };
        [ReminderKind::ThreeDays, ReminderKind::OneDay]
            .into_iter()
            .flat_map(with)
            .collect()
    }
}

impl Message for Ended {
    const ID: &'static str = "ends.ended";

    fn samples() -> Vec<Self> {
        let ended = sample::until();
        let with = |contact| sample::names().map(|name| Self { name, ended, contact });
        [true, false].into_iter().flat_map(with).collect()
    }
}

impl Message for DaysGranted {
    const ID: &'static str = "ends.granted";

    fn branch(&self) -> &'static str {
        self.standing.branch()
    }

    fn samples() -> Vec<Self> {
        let until = sample::until();
        let with = |standing| {
            let people = sample::names().into_iter().zip([30, 1, 3_650]);
            people.map(move |(name, days)| Self {
                name,
                days,
                until,
                standing,
            })
        };
        RenewedStanding::ALL.into_iter().flat_map(with).collect()
    }
}
