//! How Lucien receives those who run the house.

use serde::Serialize;

use super::{Message, sample};
use crate::values::{DayPart, UserText};

/// The home screen of a custodian: a greeting by the time of day in the house.
#[derive(Clone, Debug, Serialize)]
pub struct CustodianHome {
    /// The custodian's first name.
    pub name: UserText,
    /// The time of day, see [`Voice::day_part`](crate::Voice::day_part).
    #[serde(skip)]
    pub day_part: DayPart,
}

impl Message for CustodianHome {
    const ID: &'static str = "start.custodian";

    fn branch(&self) -> &'static str {
        match self.day_part {
            DayPart::Morning => "morning",
            DayPart::Afternoon => "afternoon",
            DayPart::Night => "night",
        }
    }

    fn samples() -> Vec<Self> {
        let at = |day_part| sample::names().map(|name| Self { name, day_part });
        DayPart::ALL.into_iter().flat_map(at).collect()
    }
}
