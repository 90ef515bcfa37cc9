//! The way into the members' channel: the ritual, the personal link (people hear of it as a key),
//! more time, coming back.

use serde::Serialize;

use super::{Message, choice, plain, sample};
use crate::values::{UserText, When};

/// The first text of the ritual.
#[derive(Clone, Debug, Serialize)]
pub struct RitualFirst;

/// The second text of the ritual.
#[derive(Clone, Debug, Serialize)]
pub struct RitualSecond;

/// The third text of the ritual; the link itself is a button.
#[derive(Clone, Debug, Serialize)]
pub struct RitualThird {
    /// For how many hours a link opens the door.
    pub hours: i64,
}

/// The membership ended before the ritual did. Nothing can be pressed.
#[derive(Clone, Debug, Serialize)]
pub struct RitualOver;

/// The link is not there yet. What comes of it is written over this message.
#[derive(Clone, Debug, Serialize)]
pub struct KeyPreparing;

/// Telegram refused to make a link; the custodians were told.
#[derive(Clone, Debug, Serialize)]
pub struct KeyRefused;

/// Written over a message whose link was replaced by another one.
#[derive(Clone, Debug, Serialize)]
pub struct KeyReplaced;

/// A personal link for somebody who comes back; the link itself is a button.
#[derive(Clone, Debug, Serialize)]
pub struct Key {
    /// The member's first name.
    pub name: UserText,
    /// Until when it opens the door.
    pub until: When,
}

/// No more links today.
#[derive(Clone, Debug, Serialize)]
pub struct KeyLimit {
    /// How many links a day there are.
    pub count: i64,
}

/// An invitation gave a membership more time.
#[derive(Clone, Debug, Serialize)]
pub struct Renewed {
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

/// Where somebody stands whose membership was given more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewedStanding {
    /// In the channel.
    Inside,
    /// Not in the channel; a button leads in.
    Outside,
    /// At the beginning of the ritual, whose first text follows.
    Entering,
}

/// How long the membership lasts of somebody who is not in the channel; a button leads in.
#[derive(Clone, Debug, Serialize)]
pub struct MembershipOutside {
    /// The person's first name.
    pub name: UserText,
    /// When the membership ends.
    pub until: When,
    /// Whole days until then, rounded down.
    pub days_left: i64,
}

/// What a member hears whom somebody removed from the channel by hand and who asks to come back.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Readmission {
    /// The custodians were asked.
    Asked,
    /// They let the member in again; a button leads in.
    Granted,
    /// They do not.
    Refused,
}

plain! {
    RitualFirst = "vip_entry.ritual_first";
    RitualSecond = "vip_entry.ritual_second";
    RitualOver = "vip_entry.ritual_over";
    KeyPreparing = "vip_entry.key_preparing";
    KeyRefused = "vip_entry.key_refused";
    KeyReplaced = "vip_entry.key_replaced";
}

impl Message for RitualThird {
    const ID: &'static str = "vip_entry.ritual_third";

    fn samples() -> Vec<Self> {
        [24, 1].map(|hours| Self { hours }).into()
    }
}

impl Message for Key {
    const ID: &'static str = "vip_entry.key";

    fn samples() -> Vec<Self> {
        let until = sample::until();
        sample::names().map(|name| Self { name, until }).into()
    }
}

impl Message for KeyLimit {
    const ID: &'static str = "vip_entry.key_limit";

    fn samples() -> Vec<Self> {
        [3, 1].map(|count| Self { count }).into()
    }
}

impl RenewedStanding {
    pub(super) const ALL: [Self; 3] = [Self::Inside, Self::Outside, Self::Entering];

    pub(super) const fn branch(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
            Self::Entering => "entering",
        }
    }
}

impl Message for Renewed {
    const ID: &'static str = "vip_entry.renewed";

    fn branch(&self) -> &'static str {
        self.standing.branch()
    }

    fn samples() -> Vec<Self> {
        let until = sample::until();
        let with = |standing| {
            let days = [30, 1, 3_650].into_iter();
            sample::names()
                .into_iter()
                .zip(days)
                .map(move |(name, days)| Self {
                    name,
                    days,
                    until,
                    standing,
                })
        };
        RenewedStanding::ALL.into_iter().flat_map(with).collect()
    }
}

impl Message for MembershipOutside {
    const ID: &'static str = "vip_entry.membership_outside";

    fn samples() -> Vec<Self> {
        let until = sample::until();
        let days = [0, 1, 3_650].into_iter();
        let with = |(name, days_left)| Self {
            name,
            until,
            days_left,
        };
        sample::names().into_iter().zip(days).map(with).collect()
    }
}

choice!(Readmission = "vip_entry.readmission" {
    Asked = "asked",
    Granted = "granted",
    Refused = "refused",
});
