//! The state of one person's membership.

use chrono::TimeDelta;

use crate::clock::Timestamp;

/// Whether a subscription runs, as the column `status` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Runs until its end.
    Active,
    /// Was ended, by time or by hand.
    Expired,
}

impl Status {
    /// The text that is stored.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
        }
    }

    /// Reads the stored text. Anything that is not "active" in some letter case gives no access.
    #[must_use]
    pub fn from_label(label: &str) -> Self {
        if label.trim().eq_ignore_ascii_case(Self::Active.label()) {
            Self::Active
        } else {
            Self::Expired
        }
    }
}

/// A step of the entry ritual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The commitment is acknowledged.
    First,
    /// What is expected was said.
    Second,
    /// The link was handed over.
    Third,
}

impl Stage {
    /// The stored number, 1 to 3.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
        }
    }

    /// The step that a stored number means. Numbers that no version wrote count as the first
    /// step, so that damaged data never opens a door.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        match number {
            2 => Self::Second,
            3 => Self::Third,
            _ => Self::First,
        }
    }
}

/// What access depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Whether it runs.
    pub status: Status,
    /// The last moment of it; that moment itself still counts.
    pub expiry: Timestamp,
    /// The step of the ritual; none once it is finished.
    pub stage: Option<Stage>,
}

impl Subscription {
    /// Whether it is valid at `now`: active, and not past its end (`now <= expiry`, everywhere).
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.status == Status::Active && now <= self.expiry
    }

    /// Whole days until the end, rounded down: 59 d 23 h are 59, the past is negative.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        let left = self.expiry - now;
        let days = left.num_days();
        if TimeDelta::days(days) > left {
            days - 1
        } else {
            days
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn until(expiry: Timestamp) -> Subscription {
        Subscription {
            status: Status::Active,
            expiry,
            stage: None,
        }
    }

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    #[test]
    fn the_last_moment_still_counts() {
        let subscription = until(t0());
        assert!(subscription.is_valid(t0()));
        assert!(!subscription.is_valid(t0() + TimeDelta::microseconds(1)));
        let ended = Subscription {
            status: Status::Expired,
            ..until(t0() + TimeDelta::days(1))
        };
        assert!(!ended.is_valid(t0()));
    }

    #[test]
    fn days_left_are_rounded_down() {
        let days = |length| until(t0() + length).days_left(t0());
        assert_eq!(days(TimeDelta::days(60) - TimeDelta::hours(1)), 59);
        assert_eq!(days(TimeDelta::days(1)), 1);
        assert_eq!(days(TimeDelta::zero()), 0);
        assert_eq!(days(-TimeDelta::seconds(1)), -1);
        assert_eq!(days(-TimeDelta::days(1)), -1);
    }

    #[test]
    fn damaged_values_open_no_door() {
        assert_eq!(Status::from_label("ACTIVE "), Status::Active);
        assert_eq!(Status::from_label("activo"), Status::Expired);
        assert_eq!(Stage::from_number(0), Stage::First);
        assert_eq!(Stage::from_number(99), Stage::First);
    }

    proptest! {
        #[test]
        fn days_left_bracket_the_time_left(seconds in -400_000_000i64..400_000_000) {
            let left = TimeDelta::seconds(seconds);
            let days = until(t0() + left).days_left(t0());
            prop_assert!(TimeDelta::days(days) <= left && left < TimeDelta::days(days + 1));
        }
    }
}
