//! The clock of the stand-in: dates of messages, ages of updates and callback queries, the
//! length of a long poll and the HTTP `Date` header all come from it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// The machine's clock, or one that stands still until it is moved. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<watch::Sender<DateTime<Utc>>>),
}

/// Why a clock was not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Only a manual clock can be moved.
    #[error("this clock is the machine's own and cannot be moved")]
    NotManual,
    /// The new time would lie beyond what can be written down.
    #[error("the clock cannot be moved that far")]
    OutOfRange,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that shows `start` until it is moved.
    #[must_use]
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => Utc::now(),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a manual clock (back, if `by` is negative) and wakes whoever waits for the new time.
    ///
    /// # Errors
    /// [`ClockError`] when the clock is the machine's or the new time is out of range.
    pub fn advance(&self, by: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
        let Source::Manual(time) = &self.0 else {
            return Err(ClockError::NotManual);
        };
        let mut moved = Err(ClockError::OutOfRange);
        time.send_modify(|now| {
            if let Some(then) = now.checked_add_signed(by) {
                *now = then;
                moved = Ok(then);
            }
        });
        moved
    }

    /// Sets a manual clock and wakes whoever waits for the new time.
    ///
    /// # Errors
    /// [`ClockError::NotManual`] when the clock is the machine's.
    pub fn set(&self, now: DateTime<Utc>) -> Result<(), ClockError> {
        let Source::Manual(time) = &self.0 else {
            return Err(ClockError::NotManual);
        };
        time.send_replace(now);
        Ok(())
    }

    /// Waits until the clock has reached `at`. On a manual clock no real time passes by itself.
    pub async fn wait_until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System => {
                // The machine's clock may be set back while we sleep, so it is asked again.
                while let Ok(rest) = (at - Utc::now()).to_std()
                    && !rest.is_zero()
                {
                    tokio::time::sleep(rest).await;
                }
            }
            Source::Manual(time) => {
                // Fails only when the sender is gone, and `self` holds it.
                let _ = time.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
