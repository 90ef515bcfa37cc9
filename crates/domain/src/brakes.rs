//! What keeps people from being seen out by mistake, many at a time.
//!
//! While a brake is on, memberships end as always and nobody is removed, reminded or told: a custodian
//! looks at the list first.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::role::labels;

/// Why nobody is seen out at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldReason {
    /// The house was another program's.
    Adopted,
    /// Its rows were brought from another database.
    Transferred,
    /// It was restored from a backup: what was bought since is missing.
    Restored,
    /// Members were imported.
    Imported,
    /// The members' channel is another one.
    VipChanged,
    /// Nobody has swept for too long.
    Stale,
    /// Our clock and Telegram's differ.
    Clock,
    /// Too many would go at once.
    Cap,
}

labels!(HoldReason, "reason of a hold", {
    Adopted = "ADOPTED",
    Transferred = "TRANSFERRED",
    Restored = "RESTORED",
    Imported = "IMPORTED",
    VipChanged = "VIP_CHANGED",
    Stale = "STALE",
    Clock = "CLOCK",
    Cap = "CAP",
});

impl HoldReason {
    /// Whether it is over as soon as its cause is. The others are over once a custodian has confirmed
    /// who goes, and this one cannot be confirmed away.
    #[must_use]
    pub const fn ends_by_itself(self) -> bool {
        matches!(self, Self::Clock)
    }
}

/// How long nobody may have swept.
pub const STALE_AFTER: TimeDelta = TimeDelta::hours(24);

/// How far our clock and Telegram's may differ.
pub const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Those who were seen out within this time count against the [`cap`] as well.
pub const CAP_WINDOW: TimeDelta = TimeDelta::hours(1);

/// How many may go at once without anybody looking, of so many members (those who go included): a
/// tenth, but 20 in any case.
#[must_use]
pub const fn cap(members: u64) -> u64 {
    let tenth = members / 10;
    if tenth > 20 { tenth } else { 20 }
}

/// Whether the last sweep that ended well is too long ago. A house that has never swept is new.
#[must_use]
pub fn is_stale(last_success: Option<Timestamp>, now: Timestamp) -> bool {
    last_success.is_some_and(|last| now - last > STALE_AFTER)
}

/// Whether two clocks differ by more than can be.
#[must_use]
pub fn clocks_differ(ours: Timestamp, theirs: Timestamp) -> bool {
    (ours - theirs).abs() > CLOCK_TOLERANCE
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    #[test]
    fn what_nobody_needs_to_confirm() {
        let by_itself: Vec<_> = HoldReason::ALL
            .iter()
            .filter(|reason| reason.ends_by_itself())
            .collect();
        assert_eq!(by_itself, [&HoldReason::Clock]);
    }

    #[test]
    fn a_new_house_is_not_stale() {
        assert!(!is_stale(None, t0()));
        assert!(!is_stale(Some(t0() - STALE_AFTER), t0()));
        assert!(is_stale(
            Some(t0() - STALE_AFTER - TimeDelta::microseconds(1)),
            t0()
        ));
    }

    proptest! {
        #[test]
        fn the_cap_is_a_tenth_or_twenty(members in any::<u64>()) {
            prop_assert_eq!(cap(members), (members / 10).max(20));
        }

        #[test]
        fn whoever_is_ahead_clocks_differ_by_the_same(seconds in -1_000i64..1_000) {
            let theirs = t0() + TimeDelta::seconds(seconds);
            prop_assert_eq!(clocks_differ(t0(), theirs), seconds.abs() > 300);
            prop_assert_eq!(clocks_differ(theirs, t0()), clocks_differ(t0(), theirs));
        }
    }
}
