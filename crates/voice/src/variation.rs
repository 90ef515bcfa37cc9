//! Which opening is chosen.
//!
//! Openings have weights. The one that a person saw last in the same message and branch is left
//! out, so that nobody hears the same words twice in a row and the order of the weights still
//! holds (50/30/20 becomes 40/34/26 in the long run).

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How long an opening is remembered; after that it may be heard again.
const REMEMBERED_FOR: TimeDelta = TimeDelta::minutes(5);
/// Of how many messages a person's last opening is remembered.
const MESSAGES_PER_PERSON: usize = 5;
/// How many people are remembered at most.
const PEOPLE: usize = 10_000;

/// Where chance comes from.
#[derive(Debug)]
pub struct Choice(StdRng);

impl Choice {
    /// Different in every process.
    #[must_use]
    pub fn random() -> Self {
        Self(StdRng::from_os_rng())
    }

    /// The same choices for the same seed, in tests and demonstrations.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

/// Chooses openings and remembers them.
#[derive(Debug)]
pub(crate) struct Variation {
    choice: Choice,
    history: History,
}

impl Variation {
    pub(crate) fn new(choice: Choice) -> Self {
        let history = History::default();
        Self { choice, history }
    }

    /// The index of an opening of `branch` for a person who listens at `now`.
    pub(crate) fn choose(&mut self, branch: BranchKey, weights: &[u32], to: UserId, now: Timestamp) -> usize {
        if weights.len() < 2 {
            return 0;
        }
        let recent = self.history.of(to);
        recent.retain(|shown| now - shown.at <= REMEMBERED_FOR);
        let last = recent.iter().position(|shown| shown.branch == branch);
        let last = last.map(|position| recent.remove(position).variant);
        let variant = draw(&mut self.choice.0, weights, last);
        recent.truncate(MESSAGES_PER_PERSON - 1);
        recent.insert(
            0,
            Shown {
                branch,
                variant,
                at: now,
            },
        );
        variant
    }
}

/// The number of a branch within the catalogue.
pub(crate) type BranchKey = usize;

/// An index, drawn by weight among all but the banned one.
fn draw(rng: &mut impl Rng, weights: &[u32], banned: Option<usize>) -> usize {
    let weight = |index: usize| {
        if Some(index) == banned {
            0
        } else {
            u64::from(weights[index])
        }
    };
    let mut left = rng.random_range(0..(0..weights.len()).map(weight).sum());
    (0..weights.len())
        .find(|&index| match left.checked_sub(weight(index)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })
        .expect("the draw lies below the sum of the weights")
}

/// What people saw, the newest first.
///
/// Two generations bound the memory without a list of who came when: the young one takes
/// everybody who listens, and when it is full it becomes the old one, whose people are forgotten
/// unless they listened again. So at least the last `PEOPLE / 2` are remembered.
#[derive(Debug, Default)]
struct History {
    young: HashMap<UserId, Vec<Shown>>,
    old: HashMap<UserId, Vec<Shown>>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    branch: BranchKey,
    variant: usize,
    at: Timestamp,
}

impl History {
    fn of(&mut self, person: UserId) -> &mut Vec<Shown> {
        if self.young.len() >= PEOPLE / 2 && !self.young.contains_key(&person) {
            let keep = self.old.remove(&person);
            self.old = std::mem::take(&mut self.young);
            self.young.extend(keep.map(|shown| (person, shown)));
        }
        let Self { young, old } = self;
        young
            .entry(person)
            .or_insert_with(|| old.remove(&person).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHTS: [u32; 3] = [50, 30, 20];

    fn t0() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    #[test]
    fn never_twice_in_a_row_and_weights_keep_their_order() {
        let mut variation = Variation::new(Choice::seeded(1));
        let mut counts = [0u32; 3];
        let mut last = None;
        for _ in 0..10_000 {
            let variant = variation.choose(0, &WEIGHTS, UserId(1), t0());
            assert_ne!(Some(variant), last);
            last = Some(variant);
            counts[variant] += 1;
        }
        // The stationary shares are 40, 34 and 26 in a hundred.
        for (count, share) in counts.into_iter().zip([4_000u32, 3_400, 2_600]) {
            assert!(count.abs_diff(share) < 300, "{counts:?}");
        }
    }

    #[test]
    fn two_openings_alternate() {
        let mut variation = Variation::new(Choice::seeded(2));
        let first = variation.choose(0, &[70, 30], UserId(1), t0());
        assert_eq!(variation.choose(0, &[70, 30], UserId(1), t0()), 1 - first);
        assert_eq!(variation.choose(0, &[70, 30], UserId(1), t0()), first);
    }

    #[test]
    fn people_and_messages_do_not_disturb_each_other() {
        let mut variation = Variation::new(Choice::seeded(3));
        let first = variation.choose(0, &[1, 1], UserId(1), t0());
        for message in 1..MESSAGES_PER_PERSON {
            variation.choose(message, &[1, 1], UserId(1), t0());
        }
        for person in 2..100 {
            variation.choose(0, &[1, 1], UserId(person), t0());
        }
        assert_eq!(variation.choose(0, &[1, 1], UserId(1), t0()), 1 - first);
    }

    #[test]
    fn after_five_minutes_the_same_may_be_heard_again() {
        let mut variation = Variation::new(Choice::seeded(4));
        let weights = [1_000_000, 1];
        assert_eq!(variation.choose(0, &weights, UserId(1), t0()), 0);
        let later = t0() + REMEMBERED_FOR;
        assert_eq!(variation.choose(0, &weights, UserId(1), later), 1);
        assert_eq!(variation.choose(0, &weights, UserId(1), later), 0);
        let later = later + REMEMBERED_FOR + TimeDelta::microseconds(1);
        assert_eq!(variation.choose(0, &weights, UserId(1), later), 0);
    }

    #[test]
    fn memory_is_bounded_and_the_latest_are_remembered() {
        let mut variation = Variation::new(Choice::seeded(5));
        for person in 0..1_000_000 {
            for branch in 0..2 {
                variation.choose(branch, &[1, 1], UserId(person), t0());
            }
        }
        let History { young, old } = &variation.history;
        assert!(young.len() + old.len() <= PEOPLE);
        for person in 1_000_000 - PEOPLE as i64 / 2..1_000_000 {
            assert_eq!(variation.history.of(UserId(person)).len(), 2);
        }
    }

    #[test]
    fn a_person_keeps_few_entries() {
        let mut variation = Variation::new(Choice::seeded(6));
        for branch in 0..100 {
            variation.choose(branch, &[1, 1], UserId(1), t0());
        }
        assert_eq!(variation.history.of(UserId(1)).len(), MESSAGES_PER_PERSON);
    }

    #[test]
    fn the_same_seed_chooses_the_same() {
        let draws = |seed| {
            let mut variation = Variation::new(Choice::seeded(seed));
            (0..50)
                .map(|_| variation.choose(0, &WEIGHTS, UserId(1), t0()))
                .collect::<Vec<_>>()
        };
        assert_eq!(draws(9), draws(9));
        assert_ne!(draws(9), draws(10));
    }
}
