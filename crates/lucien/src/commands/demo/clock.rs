//! One clock for the house and the stand-in Telegram.

use domain::clock::{Clock, Sleep, Timestamp, to_micros};

/// The stand-in's clock, as the house reads it: whoever moves it moves both.
#[derive(Clone, Debug)]
pub(super) struct SharedClock(sim::Clock);

impl SharedClock {
    pub(super) const fn new(clock: sim::Clock) -> Self {
        Self(clock)
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        to_micros(self.0.now())
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let clock = self.0.clone();
        Box::pin(async move { clock.wait_until(at).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, TimeDelta};

    use super::*;

    #[tokio::test]
    async fn whoever_waits_wakes_when_the_clock_is_moved() {
        let start = DateTime::from_timestamp(1_793_235_600, 123_456_789).expect("in range");
        let telegram = sim::Clock::manual(start);
        let house: Arc<dyn Clock> = Arc::new(SharedClock::new(telegram.clone()));
        assert_eq!(house.now(), to_micros(start));
        let month = TimeDelta::days(30);
        let sleeper = tokio::spawn(house.sleep(month));
        telegram.advance(month).expect("it is manual");
        sleeper.await.expect("it ends");
        assert_eq!(house.now(), to_micros(start + month));
    }
}
