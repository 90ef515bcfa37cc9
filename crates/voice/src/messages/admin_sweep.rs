//! Departures: who is seen out when their time is over, and what holds that back.

use serde::Serialize;

use super::{Message, Someone, choice, sample};
use crate::values::When;

/// How many people [`SweepHeld`] names, the first of those concerned.
pub const MAX_HELD_NAMES: usize = 5;
/// The most people that one page of [`SweepList`] shows.
pub const MAX_DEPARTURES: usize = 10;

/// Somebody who is to be seen out.
#[derive(Clone, Debug, Serialize)]
pub struct DepartureLine {
    /// Who.
    pub person: Someone,
    /// When their membership ended.
    pub ended: When,
}

/// How far the clock of the house is from Telegram's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockDifference {
    /// The whole minutes between them.
    pub minutes: i64,
    /// Whether the clock of the house is ahead.
    pub ahead: bool,
}

/// Why nobody is seen out before a custodian has confirmed the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HoldReason {
    /// The house took over another program's database.
    Adopted,
    /// It was moved to another database.
    Transferred,
    /// It was restored from a backup.
    Restored,
    /// People or memberships were imported.
    Imported,
    /// Another channel is the members' channel now.
    VipChanged,
    /// The last sweep is long ago.
    Stale {
        /// When it succeeded.
        last: When,
    },
    /// The clock of the house and Telegram's differ. Nothing can be confirmed as long as they do.
    Clock {
        /// By how much.
        difference: ClockDifference,
    },
    /// More people than one sweep sees out by itself.
    Cap {
        /// So many it does.
        limit: i64,
    },
}

/// A sweep is held: who would go, and what is to be done?
#[derive(Clone, Debug, Serialize)]
pub struct SweepHeld {
    /// Why. Serialized are only the facts that belong to the reason.
    pub hold: HoldReason,
    /// How many people are concerned; nobody yet is possible.
    pub count: i64,
    /// The first of them, at most [`MAX_HELD_NAMES`].
    pub people: Vec<DepartureLine>,
}

/// A page of those who wait to be seen out. Each has a button that takes them off the list.
#[derive(Clone, Debug, Serialize)]
pub struct SweepList {
    /// At most [`MAX_DEPARTURES`], in the order of their end dates; nobody when the list is empty.
    pub people: Vec<DepartureLine>,
    /// How many stand before them.
    pub before: i64,
    /// How many are on the whole list.
    pub total: i64,
    /// Whether the list has to be confirmed, for which there is a button.
    #[serde(skip)]
    pub held: bool,
}

/// The list was confirmed.
#[derive(Clone, Debug, Serialize)]
pub struct SweepConfirmed {
    /// How many people are seen out.
    pub count: i64,
    /// How many were taken off the list and stay.
    pub spared: i64,
}

/// Why nothing was confirmed.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum SweepRefused {
    /// The clock of the house and Telegram's differ.
    Clock {
        /// By how much.
        difference: ClockDifference,
    },
    /// Nobody is on the list any more.
    Nothing,
}

/// Departures in the panel.
#[derive(Clone, Debug, Serialize)]
pub struct SweepStatus {
    /// Whether people are seen out.
    #[serde(skip)]
    pub state: SweepState,
    /// When the last sweep succeeded, if there was one.
    pub last: Option<When>,
    /// How many memberships ended within the last 24 hours.
    pub ended: i64,
    /// How many people wait to be seen out.
    pub due: i64,
}

/// Whether people are seen out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepState {
    /// They are.
    Running,
    /// A custodian has switched it off.
    Paused,
    /// A list waits to be confirmed.
    Held,
    /// Lucien lacks the right in the members' channel.
    WithoutRight,
    /// No members' channel is set up.
    WithoutChannel,
}

/// How departures were switched, told to the other custodians.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum SweepSwitched {
    /// Nobody is seen out until somebody switches it on again.
    Paused,
    /// They are seen out again.
    Resumed,
}

impl DepartureLine {
    fn samples() -> [Self; 3] {
        let ended = sample::until();
        sample::people().map(|person| Self { person, ended })
    }

    /// So many, each as long as its column allows.
    fn longest(count: usize) -> Vec<Self> {
        let [_, longest, _] = Self::samples();
        vec![longest; count]
    }
}

impl ClockDifference {
    const SAMPLES: [Self; 3] = [
        Self {
            minutes: 61,
            ahead: true,
        },
        Self {
            minutes: 5,
            ahead: false,
        },
        Self {
            minutes: 3_000_000,
            ahead: true,
        },
    ];
}

impl HoldReason {
    const fn branch(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Transferred => "transferred",
            Self::Restored => "restored",
            Self::Imported => "imported",
            Self::VipChanged => "vip_changed",
            Self::Stale { .. } => "stale",
            Self::Clock { .. } => "clock",
            Self::Cap { .. } => "cap",
        }
    }

    fn samples() -> Vec<Self> {
        let clocks = ClockDifference::SAMPLES.map(|difference| Self::Clock { difference });
        let others = [
            Self::Adopted,
            Self::Transferred,
            Self::Restored,
            Self::Imported,
            Self::VipChanged,
            Self::Stale {
                last: sample::until(),
            },
            Self::Cap { limit: 20 },
            Self::Cap { limit: 1_000_000 },
        ];
        others.into_iter().chain(clocks).collect()
    }
}

impl Message for SweepHeld {
    const ID: &'static str = "admin_sweep.held";

    fn branch(&self) -> &'static str {
        self.hold.branch()
    }

    fn samples() -> Vec<Self> {
        let with = |hold| {
            let lists = [
                (3, DepartureLine::samples().into()),
                (1_000_000, DepartureLine::longest(MAX_HELD_NAMES)),
                (0, Vec::new()),
            ];
            lists.map(|(count, people)| Self { hold, count, people })
        };
        HoldReason::samples().into_iter().flat_map(with).collect()
    }
}

impl Message for SweepList {
    const ID: &'static str = "admin_sweep.list";

    fn branch(&self) -> &'static str {
        match (self.people.is_empty(), self.held) {
            (true, _) => "empty",
            (false, true) => "held",
            (false, false) => "pending",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |held| {
            let pages = [
                (DepartureLine::samples().into(), 0, 3),
                (DepartureLine::longest(MAX_DEPARTURES), 999_990, 1_000_000),
                (DepartureLine::longest(1), 10, 11),
                (Vec::new(), 0, 0),
            ];
            pages.map(|(people, before, total)| Self {
                people,
                before,
                total,
                held,
            })
        };
        [true, false].into_iter().flat_map(with).collect()
    }
}

impl Message for SweepConfirmed {
    const ID: &'static str = "admin_sweep.confirmed";

    fn samples() -> Vec<Self> {
        [(3, 0), (1, 1), (1_000_000, 20)]
            .map(|(count, spared)| Self { count, spared })
            .into()
    }
}

impl Message for SweepRefused {
    const ID: &'static str = "admin_sweep.refused";

    fn branch(&self) -> &'static str {
        match self {
            Self::Clock { .. } => "clock",
            Self::Nothing => "nothing",
        }
    }

    fn samples() -> Vec<Self> {
        let clocks = ClockDifference::SAMPLES.map(|difference| Self::Clock { difference });
        clocks.into_iter().chain([Self::Nothing]).collect()
    }
}

impl Message for SweepStatus {
    const ID: &'static str = "admin_sweep.status";

    fn branch(&self) -> &'static str {
        match self.state {
            SweepState::Running => "running",
            SweepState::Paused => "paused",
            SweepState::Held => "held",
            SweepState::WithoutRight => "without_right",
            SweepState::WithoutChannel => "without_channel",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |state| {
            let figures = [
                (Some(sample::until()), 2, 1),
                (Some(sample::until()), 1_000_000, 1_000_000),
                (None, 0, 0),
            ];
            figures.map(|(last, ended, due)| Self {
                state,
                last,
                ended,
                due,
            })
        };
        [
            SweepState::Running,
            SweepState::Paused,
            SweepState::Held,
            SweepState::WithoutRight,
            SweepState::WithoutChannel,
        ]
        .into_iter()
        .flat_map(with)
        .collect()
    }
}

choice!(SweepSwitched = "admin_sweep.switched" {
    Paused = "paused",
    Resumed = "resumed",
});
