//! Tells custodians each morning what the day before has brought, if they have chosen that in place of
//! single notices.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;
use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::role::{RoleChangeReason, RoleChangeSource};
use serde::{Deserialize, Serialize};
use store::summary::{self, Figures};
use store::{Connection, StoreError, bot_config, holds, settings};
use voice::messages::DailyFigures;

use super::{Job, Rest, Turn};
use crate::bell::Bell;
use crate::error::HandlerError;
use crate::outbox::{CustodianNotice, notices};
use crate::settings::Settings;

/// The hour of the morning, where the house is.
const HOUR: u32 = 9;

/// The job.
pub(super) struct Summary {
    pub(super) settings: Arc<Settings>,
    /// The time zone of the house.
    pub(super) zone: Tz,
    pub(super) outbox: Bell,
}

/// How far it has come.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Progress {
    /// The end of the time that was summed up last.
    since: Timestamp,
}

impl Job for Summary {
    const NAME: &'static str = "summary";

    /// The longest day has 25 hours.
    fn cadence(&self) -> TimeDelta {
        TimeDelta::hours(26)
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let cursor = turn.cursor.as_deref();
        let before: Option<Progress> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
        let now = turn.now;
        let next = Rest::Until(next_morning(self.zone, now));
        let notice = match before {
            Some(Progress { since }) => {
                let morning = next_morning(self.zone, since);
                if now < morning {
                    return Ok(Rest::Until(morning));
                }
                let db = turn.store.read();
                match settings::wants_summary(&db).await? {
                    true => Some(sum_up(&db, since, now).await?),
                    false => None,
                }
            }
            // Nothing is known of the time before.
            None => None,
        };
        let progress = Progress { since: now };
        let cursor = serde_json::to_string(&progress).expect("it has no keys but strings");
        turn.write(async |tx| {
            if let Some(notice) = &notice {
                notices::enqueue(tx, notice, &self.settings.custodians, now).await?;
            }
            turn.keep(tx, Some(&cursor)).await
        })
        .await?;
        self.outbox.ring();
        Ok(next)
    }
}

async fn sum_up(
    db: &impl Connection,
    since: Timestamp,
    until: Timestamp,
) -> Result<CustodianNotice, StoreError> {
    let config = bot_config::get(db).await?;
    let vip = config.and_then(|config| config.channel(Channel::Vip));
    let figures = summary::figures(db, vip, since, until).await?;
    let is_held = !holds::all(db).await?.is_empty();
    Ok(CustodianNotice::Summary {
        since,
        figures: in_words(&figures, is_held),
    })
}

fn in_words(figures: &Figures, is_held: bool) -> DailyFigures {
    use RoleChangeReason::{VipExtended, VipRedeemed};
    let changes = |wanted: &[RoleChangeReason], by: RoleChangeSource| {
        let changes = figures.role_changes.iter();
        let wanted = changes.filter(|(reason, source, _)| wanted.contains(reason) && *source == by);
        wanted.map(|(.., count)| count).sum()
    };
    DailyFigures {
        redeemed: changes(&[VipRedeemed], RoleChangeSource::System),
        renewed: changes(&[VipExtended], RoleChangeSource::System),
        granted: changes(&[VipRedeemed, VipExtended], RoleChangeSource::AdminPanel),
        entered: figures.entered,
        strangers: figures.turned_away,
        ended: figures.ended,
        released: figures.released,
        wished: figures.wished,
        asked: figures.asked,
        admitted: figures.admitted,
        waiting: figures.waiting,
        held: if is_held { figures.due } else { 0 },
    }
}

/// The next time after `now` at which it is nine in the morning. Where clocks are put forward over it, it
/// is an hour later; where they are put back over it, the first time counts.
fn next_morning(zone: Tz, now: Timestamp) -> Timestamp {
    let today = now.with_timezone(&zone).date_naive();
    let days = std::iter::successors(Some(today), NaiveDate::succ_opt);
    let mut mornings = days.filter_map(|day| morning(zone, day));
    mornings
        .find(|morning| *morning > now)
        .unwrap_or(Timestamp::MAX_UTC)
}

/// None on a day that does not exist there.
fn morning(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    let mut hours = (HOUR..=HOUR + 1).filter_map(|hour| day.and_hms_opt(hour, 0, 0));
    hours.find_map(|local| zone.from_local_datetime(&local).earliest().map(|at| at.to_utc()))
}

#[cfg(test)]
mod tests {
    use chrono::Timelike;
    use chrono_tz::{America, Europe, Pacific};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    #[test]
    fn mornings_are_nine_by_the_clock_of_the_house() {
        for (zone, now, next) in [
            (
                America::Mexico_City,
                "2026-10-28T14:59:59Z",
                "2026-10-28T15:00:00Z",
            ),
            (
                America::Mexico_City,
                "2026-10-28T15:00:00Z",
                "2026-10-29T15:00:00Z",
            ),
            // Clocks are put forward, and back.
            (Europe::Madrid, "2026-03-28T08:00:00Z", "2026-03-29T07:00:00Z"),
            (Europe::Madrid, "2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z"),
            // A day that did not exist.
            (Pacific::Apia, "2011-12-29T19:00:00Z", "2011-12-30T19:00:00Z"),
        ] {
            assert_eq!(next_morning(zone, at(now)), at(next), "{zone} {now}");
        }
    }

    proptest! {
        #[test]
        fn the_next_morning_is_never_more_than_a_long_day_away(
            seconds in 0i64..4_000_000_000, zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec()),
        ) {
            let now = Timestamp::from_timestamp(seconds, 0).expect("in range");
            let next = next_morning(zone, now);
            prop_assert!(next > now && next - now <= TimeDelta::hours(49));
            let hour = next.with_timezone(&zone).hour();
            prop_assert!(hour == 9 || hour == 10, "{hour}");
        }
    }
}
