//! The clock of the stand-in: dates of messages, ages of updates and callback queries, the
//! length of a long poll and the HTTP `Date` header all come from it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// The machine's clock; one that runs like it and can be moved ahead; or one that stands still until
/// it is moved. Clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    /// How far it is ahead of the machine's; behind it, if negative.
    Movable(Arc<watch::Sender<TimeDelta>>),
    Manual(Arc<watch::Sender<DateTime<Utc>>>),
}

/// Why a clock was not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The machine's clock is not the stand-in's to move.
    #[error("this clock is the machine's own and cannot be moved")]
    NotManual,
    /// A clock that runs is only moved ahead.
    #[error("this clock runs and can be moved ahead only")]
    Backwards,
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

    /// A clock that runs like the machine's, from the present moment on, and can be moved ahead.
    #[must_use]
    pub fn movable() -> Self {
        Self::movable_from(Utc::now())
    }

    /// The same, from another moment on.
    #[must_use]
    pub fn movable_from(start: DateTime<Utc>) -> Self {
        let ahead = start - Utc::now();
        Self(Source::Movable(Arc::new(watch::Sender::new(ahead))))
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
            Source::Movable(ahead) => {
                let machine = Utc::now();
                // The last moment that can be written down is as good as any beyond.
                machine
                    .checked_add_signed(*ahead.borrow())
                    .unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Moves a clock that is not the machine's (a manual one back, if `by` is negative) and wakes
    /// whoever waits for the new time.
    ///
    /// # Errors
    /// [`ClockError`] when the clock does not move so, or the new time is out of range.
    pub fn advance(&self, by: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
        let mut moved = Err(ClockError::OutOfRange);
        match &self.0 {
            Source::System => return Err(ClockError::NotManual),
            Source::Movable(_) if by < TimeDelta::zero() => return Err(ClockError::Backwards),
            Source::Movable(ahead) => ahead.send_modify(|ahead| {
                let further = ahead.checked_add(&by);
                if let Some((further, then)) =
                    further.and_then(|further| Some((further, Utc::now().checked_add_signed(further)?)))
                {
                    *ahead = further;
                    moved = Ok(then);
                }
            }),
            Source::Manual(time) => time.send_modify(|now| {
                if let Some(then) = now.checked_add_signed(by) {
                    *now = then;
                    moved = Ok(then);
                }
            }),
        }
        moved
    }

    /// Sets a clock that is not the machine's and wakes whoever waits for the new time.
    ///
    /// # Errors
    /// [`ClockError`] when the clock does not move so.
    pub fn set(&self, now: DateTime<Utc>) -> Result<(), ClockError> {
        match &self.0 {
            Source::System => Err(ClockError::NotManual),
            Source::Movable(_) => self.advance(now - self.now()).map(|_| ()),
            Source::Manual(time) => {
                time.send_replace(now);
                Ok(())
            }
        }
    }

    /// Waits until the clock has reached `at`. On a manual clock no real time passes by itself.
    pub async fn wait_until(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System => sleep_until(at).await,
            Source::Movable(ahead) => {
                let mut moves = ahead.subscribe();
                loop {
                    let ahead = *moves.borrow_and_update();
                    // What lies before all time has passed.
                    let Some(at) = at.checked_sub_signed(ahead) else {
                        return;
                    };
                    tokio::select! {
                        () = sleep_until(at) => return,
                        // Fails only when the sender is gone, and `self` holds it.
                        _ = moves.changed() => {}
                    }
                }
            }
            Source::Manual(time) => {
                // Fails only when the sender is gone, and `self` holds it.
                let _ = time.subscribe().wait_for(|now| *now >= at).await;
            }
        }
    }

    /// What tells when the clock is moved.
    pub(crate) fn moves(&self) -> Moves {
        match &self.0 {
            Source::System => Moves::Never,
            Source::Movable(ahead) => Moves::Movable(ahead.subscribe()),
            Source::Manual(time) => Moves::Manual(time.subscribe()),
        }
    }

    /// Whether it is one that runs and can be moved.
    pub(crate) const fn is_running(&self) -> bool {
        matches!(self.0, Source::Movable(_))
    }

    /// How it goes, in a word: `machine`, `movable` or `manual`.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.0 {
            Source::System => "machine",
            Source::Movable(_) => "movable",
            Source::Manual(_) => "manual",
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Tells when a clock is moved, also when nobody was listening just then.
#[derive(Debug)]
pub(crate) enum Moves {
    Never,
    Movable(watch::Receiver<TimeDelta>),
    Manual(watch::Receiver<DateTime<Utc>>),
}

impl Moves {
    /// Waits until the clock is moved, or has been since the last time.
    pub(crate) async fn next(&mut self) {
        let moved = match self {
            Self::Never => return std::future::pending().await,
            Self::Movable(moves) => moves.changed().await,
            Self::Manual(moves) => moves.changed().await,
        };
        if moved.is_err() {
            // Nobody can move it any more.
            std::future::pending().await
        }
    }
}

/// Waits for a moment of the machine's clock.
async fn sleep_until(at: DateTime<Utc>) {
    // The clock may be set back while we sleep, so it is asked again.
    while let Ok(rest) = (at - Utc::now()).to_std()
        && !rest.is_zero()
    {
        tokio::time::sleep(rest).await;
    }
}
