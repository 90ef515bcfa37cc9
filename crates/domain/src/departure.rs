//! How a membership that is over comes to its end: first it ends here, then its owner is seen out.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::role::labels;

/// For how long somebody whose membership is over is looked for in the members' channel.
pub const WATCHED_FOR: TimeDelta = TimeDelta::days(90);

/// Where the departure of somebody whose membership is over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DepartureState {
    /// They are to be seen out, and nothing was done about it yet.
    Due,
    /// What sees them out is on its way, or done.
    Released,
    /// They became a member again before.
    Renewed,
    /// A custodian lets them stay.
    Spared,
}

labels!(DepartureState, "state of a departure", {
    Due = "DUE",
    Released = "RELEASED",
    Renewed = "RENEWED",
    Spared = "SPARED",
});

/// For how long after its end a membership is not taken away. What a member may see ends with the
/// membership all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace(TimeDelta);

impl Grace {
    /// None at all.
    pub const NONE: Self = Self(TimeDelta::zero());

    /// So many hours.
    #[must_use]
    pub fn hours(hours: u16) -> Self {
        Self(TimeDelta::hours(hours.into()))
    }

    /// Memberships whose last moment lies before this one are taken away at `now`.
    #[must_use]
    pub fn cutoff(self, now: Timestamp) -> Timestamp {
        now - self.0
    }

    /// The first moment at which a membership with that last moment is taken away.
    #[must_use]
    pub fn ends_at(self, expiry: Timestamp) -> Timestamp {
        expiry
            .checked_add_signed(self.0 + TimeDelta::microseconds(1))
            .unwrap_or(Timestamp::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::subscription::{Status, Subscription};

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    #[test]
    fn no_end_leaves_the_calendar() {
        assert_eq!(
            Grace::hours(u16::MAX).ends_at(Timestamp::MAX_UTC),
            Timestamp::MAX_UTC
        );
    }

    proptest! {
        #[test]
        fn nobody_is_taken_away_who_is_a_member(hours in 0u16..100, offset in -1_000_000_000i64..1_000_000_000) {
            let (expiry, grace) = (t0(), Grace::hours(hours));
            let now = t0() + TimeDelta::microseconds(offset);
            let over = expiry < grace.cutoff(now);
            prop_assert_eq!(over, now >= grace.ends_at(expiry));
            let running = Subscription { status: Status::Active, expiry, stage: None };
            prop_assert!(!(over && running.is_valid(now)));
            if hours == 0 {
                prop_assert_eq!(over, !running.is_valid(now));
            }
        }
    }
}
