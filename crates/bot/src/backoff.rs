//! How long something rests that failed for no fault of its own.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The first wait and the longest, before chance lengthens or shortens them.
pub(crate) const WAIT: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));
/// By so many hundredths of itself a wait is longer or shorter at most, so that those who failed
/// together do not come again together.
pub(crate) const SPREAD: i32 = 20;

/// Waits that double each time. Clones share their chance.
#[derive(Clone, Debug)]
pub(crate) struct Backoff(Arc<Mutex<StdRng>>);

impl Backoff {
    /// Different in every process.
    pub(crate) fn random() -> Self {
        Self::with(StdRng::from_os_rng())
    }

    /// The same waits for the same seed.
    #[cfg(test)]
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::with(StdRng::seed_from_u64(seed))
    }

    fn with(chance: StdRng) -> Self {
        Self(Arc::new(Mutex::new(chance)))
    }

    /// How long to wait after `waits` waits before this one.
    pub(crate) fn wait(&self, waits: u32) -> TimeDelta {
        let doubled = (WAIT.0 * 2_i32.pow(waits.min(6))).min(WAIT.1);
        let mut chance = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        doubled * chance.random_range(100 - SPREAD..=100 + SPREAD) / 100
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_differ() {
        let backoff = Backoff::seeded(1);
        for (waits, seconds) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (u32::MAX, 60)] {
            let drawn: HashSet<TimeDelta> = (0..100).map(|_| backoff.wait(waits)).collect();
            assert!(drawn.len() > 10);
            let about = TimeDelta::seconds(seconds);
            let (least, most) = (about * (100 - SPREAD) / 100, about * (100 + SPREAD) / 100);
            assert!(
                drawn.iter().all(|wait| (least..=most).contains(wait)),
                "{drawn:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            let backoff = Backoff::seeded(seed);
            (0..9).map(|n| backoff.wait(n)).collect::<Vec<_>>()
        };
        assert_eq!(waits(3), waits(3));
        assert_ne!(waits(3), waits(4));
    }
}
