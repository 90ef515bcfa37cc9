//! The rooms that people walk through.

use domain::money::Money;
use serde::Serialize;

use super::{Message, sample};
use crate::values::{Price, UserText, When};

/// The most packages that one list shows.
pub const MAX_PIECES: usize = 20;

/// The home screen of a member.
#[derive(Clone, Debug, Serialize)]
pub struct VipHome {
    /// The member's first name.
    pub name: UserText,
    /// When the membership ends.
    pub until: When,
}

/// The home screen of somebody whose membership runs and whose entry ritual is not finished.
#[derive(Clone, Debug, Serialize)]
pub struct RitualHome {
    /// The person's first name.
    pub name: UserText,
    /// When the membership ends.
    pub until: When,
}

/// The home screen of a visitor.
#[derive(Clone, Debug, Serialize)]
pub struct FreeHome {
    /// The visitor's first name.
    pub name: UserText,
}

/// How long somebody's membership lasts.
#[derive(Clone, Debug, Serialize)]
pub struct Membership {
    /// The person's first name.
    pub name: UserText,
    /// When the membership ends.
    pub until: When,
    /// Whole days until then, rounded down.
    pub days_left: i64,
    /// Whether the entry ritual is finished.
    #[serde(skip)]
    pub settled: bool,
}

/// What a visitor is told about the members' channel.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum VipInfo {
    /// There is such a channel.
    Open,
    /// There is none yet.
    NotYet,
}

/// The creator's social networks; the profiles themselves are buttons, see
/// [`SocialProfile::button`](crate::SocialProfile::button).
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Social {
    /// Buttons follow.
    Listed,
    /// No network is configured.
    Empty,
}

/// A package in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Piece {
    /// Its name.
    pub name: UserText,
    /// Its price; none when it is free.
    pub price: Option<Price>,
}

/// The packages that are open to visitors.
#[derive(Clone, Debug, Serialize)]
pub struct FreeContent {
    /// The visitor's first name.
    pub name: UserText,
    /// At most [`MAX_PIECES`], in the order in which they are shown.
    pub pieces: Vec<Piece>,
}

/// The packages that members are offered.
#[derive(Clone, Debug, Serialize)]
pub struct Premium {
    /// The member's first name.
    pub name: UserText,
    /// At most [`MAX_PIECES`], in the order in which they are shown.
    pub pieces: Vec<Piece>,
}

impl Message for VipHome {
    const ID: &'static str = "menu.vip_home";

    fn samples() -> Vec<Self> {
        let until = sample::until();
        sample::names().map(|name| Self { name, until }).into()
    }
}

impl Message for RitualHome {
    const ID: &'static str = "menu.ritual_home";

    fn samples() -> Vec<Self> {
        let until = sample::until();
        sample::names().map(|name| Self { name, until }).into()
    }
}

impl Message for FreeHome {
    const ID: &'static str = "menu.free_home";

    fn samples() -> Vec<Self> {
        sample::names().map(|name| Self { name }).into()
    }
}

impl Message for Membership {
    const ID: &'static str = "menu.membership";

    fn branch(&self) -> &'static str {
        if self.settled { "settled" } else { "entering" }
    }

    fn samples() -> Vec<Self> {
        let with = |(name, days_left): (UserText, i64)| {
            [true, false].map(|settled| Self {
                name: name.clone(),
                until: sample::until(),
                days_left,
                settled,
            })
        };
        let [ordinary, longest, invisible] = sample::names();
        let samples = [
            (ordinary.clone(), 0),
            (ordinary, 1),
            (longest, 2),
            (invisible, 3_650),
        ];
        samples.into_iter().flat_map(with).collect()
    }
}

impl Message for VipInfo {
    const ID: &'static str = "menu.vip_info";

    fn branch(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NotYet => "not_yet",
        }
    }

    fn samples() -> Vec<Self> {
        vec![Self::Open, Self::NotYet]
    }
}

impl Message for Social {
    const ID: &'static str = "menu.social";

    fn branch(&self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Empty => "empty",
        }
    }

    fn samples() -> Vec<Self> {
        vec![Self::Listed, Self::Empty]
    }
}

impl Message for FreeContent {
    const ID: &'static str = "menu.free_content";

    fn branch(&self) -> &'static str {
        list_branch(&self.pieces)
    }

    fn samples() -> Vec<Self> {
        let with = |(name, pieces)| Self { name, pieces };
        sample_lists().into_iter().map(with).collect()
    }
}

impl Message for Premium {
    const ID: &'static str = "menu.premium";

    fn branch(&self) -> &'static str {
        list_branch(&self.pieces)
    }

    fn samples() -> Vec<Self> {
        let with = |(name, pieces)| Self { name, pieces };
        sample_lists().into_iter().map(with).collect()
    }
}

const fn list_branch(pieces: &[Piece]) -> &'static str {
    if pieces.is_empty() { "empty" } else { "listed" }
}

/// None, a few, and as many as there can be, each as long as its column allows.
fn sample_lists() -> [(UserText, Vec<Piece>); 3] {
    let piece = |name: &str, price: Option<Money>| Piece {
        name: UserText::new(name),
        price: price.map(Price),
    };
    let few = vec![
        piece("Luz de tarde", None),
        piece("Cartas sin remitente", Some(Money::ZERO)),
        piece("Medianoche & terciopelo", Some(Money::MAX)),
        piece("", None),
    ];
    let most = vec![piece(&"💎".repeat(200), Some(Money::MAX)); MAX_PIECES];
    let [ordinary, longest, invisible] = sample::names();
    [(ordinary, few), (longest, most), (invisible, Vec::new())]
}
