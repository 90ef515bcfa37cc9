//! In which order updates go out, and when one that failed is tried again.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::state::{Key, Update};

/// The longest that a webhook's `Retry-After` is obeyed.
const MAX_RETRY_AFTER: i64 = 3600;

/// The delay between attempts grows up to a random number of seconds in this range.
const LONGEST_DELAY: std::ops::RangeInclusive<i64> = 60..=120;

/// The updates that are loaded. Those of one key go one after another, those of different keys
/// side by side.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Never empty ones. The first of each is under way, or it is in `due`.
    lanes: HashMap<Key, VecDeque<Parcel>>,
    /// The first ones that wait for their time.
    due: BTreeSet<(DateTime<Utc>, i32, Key)>,
    loaded: usize,
    /// The number after that of the last update loaded.
    next: Option<i32>,
}

#[derive(Debug)]
struct Parcel {
    update: Update,
    /// When it may go, but for those before it.
    ready: DateTime<Utc>,
    failures: u32,
    /// Seconds; doubled before it is used.
    delay: i64,
}

/// What becomes of an update that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    TryAgain,
    /// It would be too old by the next attempt.
    Drop,
}

impl Lanes {
    /// How many updates are loaded.
    pub(super) fn loaded(&self) -> usize {
        self.loaded
    }

    /// The number to load from. Numbers begin anew only while there are no updates at all, so
    /// the oldest one is right when nothing is loaded.
    pub(super) fn next(&self) -> Option<i32> {
        self.next.filter(|_| self.loaded > 0)
    }

    pub(super) fn load(&mut self, updates: Vec<Update>, now: DateTime<Utc>) {
        for update in updates {
            let (id, key) = (update.id, update.key);
            self.next = id.checked_add(1);
            self.loaded += 1;
            let lane = self.lanes.entry(key).or_default();
            if lane.is_empty() {
                self.due.insert((now, id, key));
            }
            lane.push_back(Parcel {
                update,
                ready: now,
                failures: 0,
                delay: 1,
            });
        }
    }

    /// When the next update may go.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due.first().map(|(due, ..)| *due)
    }

    /// The next update whose time has come; it is under way from now on.
    pub(super) fn take(&mut self, now: DateTime<Utc>) -> Option<Update> {
        let first = self.due.first().filter(|(due, ..)| *due <= now)?;
        let (_, _, key) = *first;
        self.due.pop_first();
        let lane = self.lanes.get(&key)?;
        lane.front().map(|parcel| parcel.update.clone())
    }

    /// The update of this key that was under way is done with.
    pub(super) fn done(&mut self, key: Key) {
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        lane.pop_front();
        self.loaded -= 1;
        match lane.front() {
            Some(parcel) => {
                self.due.insert((parcel.ready, parcel.update.id, key));
            }
            None => {
                self.lanes.remove(&key);
            }
        }
    }

    /// The update of this key that was under way has failed. The first failure is made good at
    /// once; then the delay doubles from 2 seconds on, unless the bot has named one.
    pub(super) fn failed(&mut self, key: Key, retry_after: i64, now: DateTime<Utc>) -> Verdict {
        let Some(parcel) = self.lanes.get_mut(&key).and_then(VecDeque::front_mut) else {
            return Verdict::Drop;
        };
        let asked = retry_after.clamp(0, MAX_RETRY_AFTER);
        let mut wait = asked;
        if asked == 0 && parcel.failures > 0 {
            parcel.delay = (parcel.delay * 2).min(rand::random_range(LONGEST_DELAY));
            wait = parcel.delay;
        }
        let ready = now + TimeDelta::seconds(wait);
        if ready > parcel.update.expires {
            self.done(key);
            return Verdict::Drop;
        }
        parcel.failures += 1;
        parcel.ready = ready;
        self.due.insert((ready, parcel.update.id, key));
        Verdict::TryAgain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{AllowedUpdates, UpdateKind, UpdateQueue};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Lanes with one update of each kind and chat, and the number of the first.
    fn loaded(updates: &[(UpdateKind, i64)]) -> (Lanes, i32) {
        let mut queue = UpdateQueue::new();
        queue.allowed = AllowedUpdates::all();
        for (kind, about) in updates {
            queue.push(*kind, *about, "{}", at(0));
        }
        let updates = queue.load(None, 100, at(0));
        let first = updates[0].id;
        let mut lanes = Lanes::default();
        lanes.load(updates, at(0));
        (lanes, first)
    }

    fn take_all(lanes: &mut Lanes, now: i64) -> Vec<Update> {
        std::iter::from_fn(|| lanes.take(at(now))).collect()
    }

    fn numbers(updates: &[Update], first: i32) -> Vec<i32> {
        updates.iter().map(|update| update.id - first).collect()
    }

    #[test]
    fn only_the_first_of_each_lane_goes() {
        use UpdateKind::{CallbackQuery, ChatJoinRequest, ChatMember, EditedMessage, Message, MyChatMember};
        let (mut lanes, first) = loaded(&[
            (Message, 1),
            (EditedMessage, 1),
            (Message, 2),
            (CallbackQuery, 1),
            (MyChatMember, 1),
            (ChatJoinRequest, 3),
            (ChatMember, 3),
        ]);
        let under_way = take_all(&mut lanes, 0);
        assert_eq!(numbers(&under_way, first), [0, 2, 3, 4, 5]);
        assert_eq!(lanes.failed(under_way[1].key, 0, at(0)), Verdict::TryAgain);
        lanes.done(under_way[4].key);
        lanes.done(under_way[0].key);
        assert_eq!(numbers(&take_all(&mut lanes, 0), first), [1, 2, 6]);
        assert_eq!(lanes.loaded(), 5);
    }

    #[test]
    fn delays_double_up_to_a_random_minute_or_two() {
        let (mut lanes, _) = loaded(&[(UpdateKind::Message, 1)]);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..12 {
            let key = lanes.take(at(now)).expect("it is due").key;
            assert_eq!(lanes.failed(key, 0, at(now)), Verdict::TryAgain);
            let due = lanes.next_due().expect("it waits").timestamp();
            waits.push(due - now);
            assert!(due == now || lanes.take(at(due - 1)).is_none());
            now = due;
        }
        assert_eq!(waits[..6], [0, 2, 4, 8, 16, 32]);
        assert!(waits[6] == 64 || (60..64).contains(&waits[6]), "{waits:?}");
        assert!(
            waits[7..].iter().all(|wait| (60..=120).contains(wait)),
            "{waits:?}"
        );
    }

    #[test]
    fn a_delay_that_the_bot_names_is_obeyed_and_not_doubled() {
        let (mut lanes, _) = loaded(&[(UpdateKind::Message, 1)]);
        let mut now = 0;
        for (retry_after, wait) in [(7, 7), (7, 7), (0, 2), (100_000, 3600), (0, 4), (-5, 8)] {
            let key = lanes.take(at(now)).expect("it is due").key;
            assert_eq!(lanes.failed(key, retry_after, at(now)), Verdict::TryAgain);
            assert_eq!(lanes.next_due(), Some(at(now + wait)), "{retry_after}");
            now += wait;
        }
    }

    #[test]
    fn what_would_be_too_old_by_then_is_dropped_and_the_next_one_goes() {
        let (mut lanes, first) = loaded(&[(UpdateKind::CallbackQuery, 1), (UpdateKind::CallbackQuery, 1)]);
        let key = lanes.take(at(0)).expect("it is due").key;
        assert_eq!(lanes.failed(key, 150, at(0)), Verdict::TryAgain);
        lanes.take(at(150)).expect("it is due");
        assert_eq!(lanes.failed(key, 1, at(150)), Verdict::Drop);
        assert_eq!(numbers(&take_all(&mut lanes, 150), first), [1]);
        lanes.done(key);
        assert_eq!((lanes.loaded(), lanes.next(), lanes.next_due()), (0, None, None));
    }
}
