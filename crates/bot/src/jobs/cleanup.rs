//! Removes what is kept long enough, every night.

use chrono::{NaiveTime, TimeDelta};
use domain::clock::Timestamp;
use store::{StoreError, Tx, confirmations, departures, reminders, requests};

use super::{Job, Rest, Turn};
use crate::error::HandlerError;

/// The hour of the night, in UTC.
const HOUR: u32 = 3;

/// The job.
pub(super) struct Cleanup;

impl Job for Cleanup {
    const NAME: &'static str = "cleanup";

    fn cadence(&self) -> TimeDelta {
        TimeDelta::days(1)
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let removed = turn
            .write(async |tx| Ok(remove_some(tx, turn.now).await?))
            .await?;
        if removed == 0 {
            return Ok(Rest::Until(next_night(turn.now, HOUR)));
        }
        tracing::info!(removed, "rows that were kept long enough are removed");
        Ok(Rest::None)
    }
}

/// A bounded part of all that is kept long enough.
async fn remove_some(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    Ok(requests::sweep(tx, now).await?
        + departures::sweep(tx, now).await?
        + reminders::sweep(tx, now).await?
        + confirmations::sweep(tx, now).await?)
}

/// The next time after `now` at which it is that hour, in UTC.
pub(super) fn next_night(now: Timestamp, hour: u32) -> Timestamp {
    let hour = NaiveTime::from_hms_opt(hour, 0, 0).expect("it is an hour of the day");
    let tonight = now.date_naive().and_time(hour).and_utc();
    if tonight > now {
        tonight
    } else {
        tonight + TimeDelta::days(1)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Timelike};

    use super::*;

    #[test]
    fn nights_are_a_day_apart() {
        let noon = DateTime::from_timestamp(1_790_000_000, 0).expect("in range");
        let night = next_night(noon, HOUR);
        assert!(night > noon && night - noon <= TimeDelta::days(1));
        assert_eq!((night.hour(), night.minute(), night.second()), (3, 0, 0));
        assert_eq!(next_night(night, HOUR), night + TimeDelta::days(1));
        assert_eq!(next_night(night - TimeDelta::seconds(1), HOUR), night);
    }
}
