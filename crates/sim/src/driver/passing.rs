//! Time that passes quickly, in place of a jump.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Sim;
use super::wait::wait_on;
use crate::clock::ClockError;
use crate::shared::Shared;

/// So much passes at once at most: what bots do now and then has its turn.
const STRIDE: TimeDelta = TimeDelta::hours(6);

/// So much passes on demand at most, lest nobody lives to see the end.
const LONGEST: TimeDelta = TimeDelta::days(3660);

/// How long, in real time, anybody has to do something between two strides.
const BREATH: Duration = Duration::from_millis(10);

/// How long, in real time, those are waited for who are known to come back.
const PATIENCE: Duration = Duration::from_secs(2);

impl Sim {
    /// Lets time pass quickly, some hours at a time. Bots that poll keep pace, and so does whoever
    /// [asked to be waited for](Self::keeps_pace_with). To jump, move the [`clock`](Self::clock).
    ///
    /// # Errors
    /// [`ClockError`] when the clock does not move so, or the end is out of range.
    pub async fn lets_pass(&self, length: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
        passes(Arc::clone(&self.shared), length).await
    }

    /// While time passes quickly, waits after each stride, but not for long, until that is ready:
    /// what a bot has to do then is done.
    pub fn keeps_pace_with<F>(&self, is_done: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        *self.shared.pace() = Some(Pace(Arc::new(move || Box::pin(is_done()))));
    }
}

/// Tells when time may go on.
#[derive(Clone)]
pub(crate) struct Pace(Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>);

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pace").finish_non_exhaustive()
    }
}

pub(crate) async fn passes(shared: Arc<Shared>, length: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
    if length > LONGEST {
        return Err(ClockError::OutOfRange);
    }
    let pace = shared.pace().clone();
    let mut rest = length;
    let mut is_kept_up_with = true;
    loop {
        let held = polls_held(&shared);
        let stride = rest.min(STRIDE);
        let now = shared.clock.advance(stride)?;
        shared.ring();
        rest -= stride;
        if rest <= TimeDelta::zero() {
            return Ok(now);
        }
        let are_back = || {
            let now_held = polls_held(&shared);
            let mut polls = held.iter().zip(now_held);
            polls
                .all(|(before, now)| *before == 0 || now > *before)
                .then_some(())
        };
        let keeping_up = async {
            let back = wait_on(&shared.changed, PATIENCE, &shared.stop, are_back).await;
            if let Some(Pace(is_done)) = &pace {
                is_done().await;
            }
            back.is_some()
        };
        // Whoever does not come back once has gone away, and is not waited for again.
        if is_kept_up_with {
            let kept_up = tokio::time::timeout(PATIENCE, keeping_up).await;
            is_kept_up_with = kept_up == Ok(true);
        }
        tokio::time::sleep(BREATH).await;
    }
}

/// How many polls of each bot have been held so far.
fn polls_held(shared: &Shared) -> Vec<u64> {
    let world = shared.world();
    world.bots().iter().map(|bot| bot.poll.waiting).collect()
}
