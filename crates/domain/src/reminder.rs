//! What members are told about the end of their time, each thing once per end date.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::role::labels;

/// What is said, or asked for, once per end date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReminderKind {
    /// Three days before the end.
    ThreeDays,
    /// One day before.
    OneDay,
    /// The end itself.
    End,
    /// The member's own word: they would like to stay.
    Wish,
}

labels!(ReminderKind, "reminder", {
    ThreeDays = "3D",
    OneDay = "1D",
    End = "END",
    Wish = "WISH",
});

/// How long after its moment something is still said.
pub const LATEST: TimeDelta = TimeDelta::hours(12);

/// How long before the end the first reminder comes.
pub const HORIZON: TimeDelta = TimeDelta::days(3);

/// The reminders before the end and how long before, the first one first.
pub const BEFORE: [(ReminderKind, TimeDelta); 2] = [
    (ReminderKind::ThreeDays, HORIZON),
    (ReminderKind::OneDay, TimeDelta::days(1)),
];

/// Whether something with that moment is said at `now`: not before, and not much later.
#[must_use]
pub fn in_time(moment: Timestamp, now: Timestamp) -> bool {
    moment <= now && now - moment <= LATEST
}

/// The reminder before an end that is to be sent at `now`, if there is one: the newest whose moment
/// has come, unless it was sent, came too long ago, or lies before the membership began or was last
/// extended (`extended_at`).
#[must_use]
pub fn due(
    expiry: Timestamp,
    extended_at: Timestamp,
    now: Timestamp,
    sent: &[ReminderKind],
) -> Option<ReminderKind> {
    if now > expiry {
        return None;
    }
    let mut come = BEFORE
        .iter()
        .rev()
        .map(|(kind, before)| (*kind, expiry - *before));
    let (kind, moment) = come.find(|(_, moment)| *moment <= now)?;
    let is_due = in_time(moment, now) && extended_at <= moment && !sent.contains(&kind);
    is_due.then_some(kind)
}

/// The next moment after `now` at which a reminder before that end has its turn.
#[must_use]
pub fn next_moment(expiry: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let mut moments = BEFORE.iter().map(|(_, before)| expiry - *before);
    moments.find(|moment| *moment > now)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    const DAY: TimeDelta = TimeDelta::days(1);
    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn end() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn due_before(
        before: TimeDelta,
        extended_before: TimeDelta,
        sent: &[ReminderKind],
    ) -> Option<ReminderKind> {
        due(end(), end() - extended_before, end() - before, sent)
    }

    #[test]
    fn each_has_its_turn() {
        use ReminderKind::{OneDay, ThreeDays};
        let month = DAY * 30;
        for (before, expected) in [
            (DAY * 4, None),
            (DAY * 3, Some(ThreeDays)),
            (DAY * 3 - HOUR * 12, Some(ThreeDays)),
            (DAY * 2, None),
            (DAY, Some(OneDay)),
            (DAY - HOUR * 12, Some(OneDay)),
            (HOUR, None),
            (TimeDelta::zero(), None),
            (-HOUR, None),
        ] {
            assert_eq!(due_before(before, month, &[]), expected, "{before}");
        }
        assert_eq!(due_before(DAY, month, &[OneDay]), None);
        assert_eq!(due_before(DAY, month, &[ThreeDays]), Some(OneDay));
        assert_eq!(
            due_before(DAY * 3, month, &[OneDay]),
            Some(ThreeDays),
            "only itself counts"
        );
    }

    #[test]
    fn whoever_came_after_the_moment_is_not_reminded_of_it() {
        assert_eq!(due_before(DAY * 2 + HOUR * 20, DAY * 2 + HOUR * 21, &[]), None);
        assert_eq!(
            due_before(DAY * 3 - HOUR, DAY * 3, &[]),
            Some(ReminderKind::ThreeDays)
        );
        assert_eq!(due_before(DAY, DAY * 2, &[]), Some(ReminderKind::OneDay));
    }

    proptest! {
        #[test]
        fn at_every_moment_at_most_the_newest_is_due(
            left in -500_000i64..500_000, extended in 0i64..5_000_000, sent in proptest::sample::subsequence(ReminderKind::ALL, 0..=4),
        ) {
            let now = end() - TimeDelta::seconds(left);
            let extended_at = now - TimeDelta::seconds(extended);
            if let Some(kind) = due(end(), extended_at, now, &sent) {
                let (_, before) = BEFORE.iter().find(|(known, _)| *known == kind).expect("only those before the end");
                let moment = end() - *before;
                prop_assert!(in_time(moment, now) && extended_at <= moment && now <= end());
                prop_assert!(!sent.contains(&kind));
                let newer = BEFORE.iter().any(|(_, other)| other < before && end() - *other <= now);
                prop_assert!(!newer);
                let mut sent = sent;
                sent.push(kind);
                prop_assert_eq!(due(end(), extended_at, now, &sent), None);
            }
        }

        #[test]
        fn a_look_at_each_next_moment_misses_none(left in 0i64..500_000) {
            let mut now = end() - TimeDelta::seconds(left);
            let extended_at = now - DAY * 365;
            let mut seen = Vec::new();
            while let Some(next) = next_moment(end(), now) {
                prop_assert!(next > now);
                now = next;
                seen.extend(due(end(), extended_at, now, &seen));
            }
            let expected = BEFORE.iter().filter(|(_, before)| *before < TimeDelta::seconds(left)).map(|(kind, _)| *kind);
            prop_assert_eq!(seen, expected.collect::<Vec<_>>());
        }
    }
}
