//! The queue of the Free channel: who asks is let in after a while, the same for everybody.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::role::labels;

/// The time within which whoever asks again, and again, is told once that they are waited for, where
/// nothing else is wanted.
pub const REPEAT_WINDOW: TimeDelta = TimeDelta::minutes(5);

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestOutcome {
    /// They were let in.
    Admitted,
    /// They were inside already.
    Inside,
    /// They have taken it back, or somebody else has declined it.
    Withdrawn,
    /// Their account is no more.
    Gone,
    /// It was declined.
    Declined,
}

labels!(RequestOutcome, "outcome of a request", {
    Admitted = "ADMITTED",
    Inside = "INSIDE",
    Withdrawn = "WITHDRAWN",
    Gone = "GONE",
    Declined = "DECLINED",
});

/// What somebody who asks is told at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueReply {
    /// That they wait now; once per request.
    Greeting,
    /// That they still do; once per [`REPEAT_WINDOW`].
    InProgress,
    /// Nothing more.
    Nothing,
}

labels!(QueueReply, "reply to a request", {
    Greeting = "GREETING",
    InProgress = "IN_PROGRESS",
    Nothing = "NOTHING",
});

/// When somebody who has asked at a moment is let in. The predecessor let custodians write down any
/// wait; a negative one is none.
#[must_use]
pub fn due_at(requested_at: Timestamp, wait_minutes: i32) -> Timestamp {
    requested_at + wait(wait_minutes)
}

/// Those who have asked at this moment or before are let in at `now`.
#[must_use]
pub fn due_until(now: Timestamp, wait_minutes: i32) -> Timestamp {
    now - wait(wait_minutes)
}

fn wait(minutes: i32) -> TimeDelta {
    TimeDelta::minutes(minutes.max(0).into())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    proptest! {
        #[test]
        fn everybody_waits_exactly_as_long(minutes in any::<i32>(), asked in -1_000_000i64..1_000_000, later in 0i64..1_000_000_000) {
            let asked = t0() + TimeDelta::seconds(asked);
            let due = due_at(asked, minutes);
            prop_assert!(due >= asked);
            prop_assert_eq!(due - asked, TimeDelta::minutes(minutes.max(0).into()));
            let now = asked + TimeDelta::seconds(later);
            prop_assert_eq!(asked <= due_until(now, minutes), due <= now);
        }
    }
}
