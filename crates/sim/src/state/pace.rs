//! How fast a bot writes, for the limits on it.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::limits::Limits;

/// When a bot wrote lately, over all and in each chat.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    overall: Log,
    chats: HashMap<i64, Log>,
}

impl Pace {
    /// Notes that the bot writes so many messages into a chat. If that is too fast, nothing is
    /// noted, and the error is how long it has to wait.
    pub(crate) fn admit(
        &mut self,
        limits: &Limits,
        chat: i64,
        messages: usize,
        now: DateTime<Utc>,
    ) -> Result<(), TimeDelta> {
        let chat_log = self.chats.entry(chat).or_default();
        let (count, window) = limits.overall();
        let overall = self.overall.wait(count, window, messages, now);
        let wait = limits
            .in_chat(chat)
            .map(|(count, window)| chat_log.wait(count, window, messages, now))
            .fold(overall, Ord::max);
        if wait > TimeDelta::zero() {
            return Err(wait);
        }
        self.overall.note(messages, now);
        chat_log.note(messages, now);
        Ok(())
    }
}

/// The moments of the last messages, oldest first.
#[derive(Debug, Default)]
struct Log(VecDeque<DateTime<Utc>>);

impl Log {
    /// How long to wait until `messages` more make no more than `count` within `window`. More at
    /// a time than `count` are taken for `count`, or they could never be sent.
    fn wait(&self, count: usize, window: TimeDelta, messages: usize, now: DateTime<Utc>) -> TimeDelta {
        let room = count - messages.min(count);
        let too_many = self.0.len().checked_sub(room + 1);
        too_many.map_or(TimeDelta::zero(), |last| self.0[last] + window - now)
    }

    fn note(&mut self, messages: usize, now: DateTime<Utc>) {
        self.0.extend(std::iter::repeat_n(now, messages));
        while self
            .0
            .front()
            .is_some_and(|oldest| now - *oldest >= Limits::LONGEST)
        {
            self.0.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    fn limits() -> Limits {
        Limits {
            per_second: 3,
            chat_burst: 2,
            per_group_minute: 4,
        }
    }

    /// Sends as described by (chat, messages, when, expected wait), all in milliseconds.
    fn check(table: &[(i64, usize, i64, i64)]) {
        let mut pace = Pace::default();
        for (chat, messages, when, wait) in table {
            let expected = if *wait == 0 {
                Ok(())
            } else {
                Err(TimeDelta::milliseconds(*wait))
            };
            assert_eq!(
                pace.admit(&limits(), *chat, *messages, at(*when)),
                expected,
                "{chat} {when}"
            );
        }
    }

    #[test]
    fn so_many_in_a_second() {
        check(&[
            (1, 1, 0, 0),
            (2, 1, 100, 0),
            (3, 1, 200, 0),
            (4, 1, 300, 700),
            (4, 1, 999, 1),
            (4, 1, 1000, 0),
            (5, 1, 1001, 99),
        ]);
    }

    #[test]
    fn one_a_second_in_a_chat_with_bursts() {
        check(&[
            (1, 1, 0, 0),
            (1, 1, 0, 0),
            (1, 1, 500, 1500),
            (2, 1, 500, 0),
            (1, 1, 2000, 0),
        ]);
    }

    #[test]
    fn so_many_in_a_minute_in_a_group() {
        check(&[
            (-1, 2, 0, 0),
            (-1, 2, 10_000, 0),
            (-1, 1, 20_000, 40_000),
            (-1, 2, 59_999, 1),
            (1, 1, 59_999, 0),
            (-1, 1, 60_000, 0),
            (-1, 2, 60_000, 10_000),
        ]);
    }

    #[test]
    fn an_album_beyond_the_limit_goes_alone() {
        check(&[(1, 10, 0, 0), (1, 1, 1000, 1000), (1, 10, 2000, 0)]);
    }
}
