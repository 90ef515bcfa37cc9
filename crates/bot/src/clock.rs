//! The machine's clock.

use chrono::Utc;
use domain::clock::{Clock, Sleep, Timestamp, to_micros};

/// The clock of the machine, with tokio's timers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        to_micros(Utc::now())
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let wait = (at - self.now()).to_std().unwrap_or_default();
        Box::pin(tokio::time::sleep(wait))
    }
}
