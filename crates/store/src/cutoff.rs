//! The time limit of a statement on SQLite.
//!
//! SQLite has no such limit of its own. It calls a function of ours every few thousand steps of its
//! virtual machine, which stops the statement once its moment has passed. The moment is set anew
//! for each statement, by the machine's clock: this guards the process, it is no behaviour of the house.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::SqliteConnection;

/// Steps of the virtual machine between two looks at the clock: well under a millisecond.
const STEPS: i32 = 4_000;

const NONE: u64 = u64::MAX;

/// The moment at which one connection's present statement is cut off.
#[derive(Debug)]
pub(crate) struct Cutoff {
    origin: Instant,
    limit: Duration,
    /// Microseconds after `origin`.
    at: AtomicU64,
}

impl Cutoff {
    pub(crate) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            limit,
            at: AtomicU64::new(NONE),
        })
    }

    /// A statement begins.
    pub(crate) fn arm(&self) {
        let at = self.origin.elapsed() + self.limit;
        self.at.store(micros(at), Ordering::Relaxed);
    }

    /// The statement is over. Not called when the caller stopped waiting for it: then it still runs,
    /// and must still end.
    pub(crate) fn disarm(&self) {
        self.at.store(NONE, Ordering::Relaxed);
    }

    fn passed(&self) -> bool {
        micros(self.origin.elapsed()) > self.at.load(Ordering::Relaxed)
    }

    /// Puts a connection under this limit.
    pub(crate) async fn watch(self: Arc<Self>, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS, move || !self.passed());
        Ok(())
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(NONE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_only_while_armed() {
        let cutoff = Cutoff::new(Duration::ZERO);
        assert!(!cutoff.passed());
        cutoff.arm();
        let armed = Instant::now();
        while armed.elapsed() < Duration::from_micros(2) {}
        assert!(cutoff.passed());
        cutoff.disarm();
        assert!(!cutoff.passed());

        let patient = Cutoff::new(Duration::from_hours(1));
        patient.arm();
        assert!(!patient.passed());
    }
}
