//! Whoever guesses invitations is not looked up any more for a while.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;

/// So many tries within [`WITHIN`] are too many.
const TRIES: usize = 6;
const WITHIN: TimeDelta = TimeDelta::minutes(1);
/// For how long nothing is looked up then.
const REST: TimeDelta = TimeDelta::minutes(10);
/// People of whom this is remembered at most. When there are more, whoever tried the longest ago is
/// forgotten.
const PEOPLE: usize = 10_000;

/// Remembers, while the process lives, who brought invitations that do not exist.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<UserId, Tries>>);

#[derive(Debug, Default)]
struct Tries {
    /// The last ones, the oldest first, at most [`TRIES`].
    at: VecDeque<Timestamp>,
    /// Until when nothing is looked up.
    rests_until: Option<Timestamp>,
}

impl Throttle {
    /// How long a person has to wait before the next invitation of theirs is looked up; none if not at
    /// all.
    pub(super) fn wait(&self, person: UserId, now: Timestamp) -> Option<TimeDelta> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = people.get(&person)?.rests_until?;
        (until > now).then(|| until - now)
    }

    /// A person brought an invitation that does not exist.
    pub(super) fn failed(&self, person: UserId, now: Timestamp) {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= PEOPLE && !people.contains_key(&person) {
            make_room(&mut people, now);
        }
        let tries = people.entry(person).or_default();
        tries.at.push_back(now);
        while tries.at.front().is_some_and(|at| now - *at >= WITHIN) {
            tries.at.pop_front();
        }
        if tries.at.len() >= TRIES {
            tries.at.clear();
            tries.rests_until = Some(now + REST);
        }
    }
}

impl Tries {
    /// Until when they matter.
    fn matter_until(&self) -> Option<Timestamp> {
        let last = self.at.back().map(|at| *at + WITHIN);
        last.max(self.rests_until)
    }
}

fn make_room(people: &mut HashMap<UserId, Tries>, now: Timestamp) {
    people.retain(|_, tries| tries.matter_until() > Some(now));
    if people.len() >= PEOPLE
        && let Some((oldest, _)) = people.iter().min_by_key(|(_, tries)| tries.matter_until())
    {
        let oldest = *oldest;
        people.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const EVA: UserId = UserId(1);

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).expect("in range")
    }

    #[test]
    fn six_tries_in_a_minute_rest_for_ten_minutes() {
        let throttle = Throttle::default();
        for second in 0..6 {
            assert_eq!(throttle.wait(EVA, at(second)), None);
            throttle.failed(EVA, at(second));
        }
        assert_eq!(throttle.wait(EVA, at(5)), Some(REST));
        assert_eq!(throttle.wait(UserId(2), at(5)), None, "others are not concerned");
        assert_eq!(throttle.wait(EVA, at(604)), Some(TimeDelta::seconds(1)));
        assert_eq!(throttle.wait(EVA, at(605)), None);
        throttle.failed(EVA, at(605));
        assert_eq!(throttle.wait(EVA, at(606)), None, "it begins anew");
    }

    #[test]
    fn whoever_takes_their_time_may_go_on() {
        let throttle = Throttle::default();
        for second in (0..200).step_by(12) {
            throttle.failed(EVA, at(second));
            assert_eq!(throttle.wait(EVA, at(second)), None, "after {second} s");
        }
    }

    #[test]
    fn a_crowd_is_forgotten_from_its_oldest_on() {
        let throttle = Throttle::default();
        let crowd = i64::try_from(PEOPLE).unwrap();
        for person in 0..crowd {
            throttle.failed(UserId(person), at(0));
        }
        for _ in 0..TRIES {
            throttle.failed(UserId(crowd), at(1));
        }
        assert!(throttle.wait(UserId(crowd), at(1)).is_some());
        assert!(throttle.0.lock().unwrap().len() <= PEOPLE);
        throttle.failed(UserId(crowd + 1), at(120));
        let known = throttle.0.lock().unwrap();
        assert_eq!(known.len(), 2, "what does not matter any more is dropped");
    }
}
