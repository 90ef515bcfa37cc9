//! Ends memberships that are over, and sees their owners out as far as nothing holds that back.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::brakes::{self, CAP_WINDOW, HoldReason};
use domain::clock::Timestamp;
use domain::id::DepartureId;
use serde::{Deserialize, Serialize};
use store::holds::{self, Hold};
use store::{StoreError, Tx, departures, subscribers};
use telegram::Gateway;

use super::{Job, Rest, Turn};
use crate::bell::Bell;
use crate::departures::brakes::{Passage, difference};
use crate::departures::ending;
use crate::departures::held::{Held, HeldBecause};
use crate::departures::list;
use crate::departures::release::Exit;
use crate::error::HandlerError;
use crate::life::Means;
use crate::outbox::{CustodianNotice, notices};
use crate::settings::Settings;

/// Memberships and departures that one transaction takes.
const BATCH: u32 = 100;
/// Such batches in one run, of each.
const BATCHES: usize = 20;
/// How long Telegram's clock is waited for.
const UNANSWERED: TimeDelta = TimeDelta::minutes(1);

/// The job.
pub(crate) struct Expiry {
    settings: Arc<Settings>,
    gateway: Gateway,
    outbox: Bell,
}

/// What a run leaves for those after it.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Memory {
    /// The last sweep before one that came too late.
    swept_before: Option<Timestamp>,
}

/// How far a run came.
enum Reached {
    /// Nothing is left to be done now.
    End,
    /// More is due than one run does.
    Bound,
}

impl Expiry {
    pub(super) fn new(means: &Means, outbox: &Bell) -> Self {
        Self {
            settings: means.settings.clone(),
            gateway: means.gateway.clone(),
            outbox: outbox.clone(),
        }
    }
}

impl Job for Expiry {
    const NAME: &'static str = "expiry";

    fn cadence(&self) -> TimeDelta {
        self.settings.sweep_every
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        if matches!(self.end(turn).await?, Reached::Bound) {
            return Ok(Rest::None);
        }
        let next_end = subscribers::next_end(&turn.store.read()).await?;
        let rest = Rest::from(next_end.map(|end| self.settings.grace.ends_at(end)));
        let due = departures::figures(&turn.store.read(), turn.now).await?;
        if due.due > 0 {
            // Nobody goes before Telegram has said what time it is: an answer that took long says little.
            if let Err(error) = self.gateway.get_me().await {
                tracing::info!(%error, "Telegram does not tell the time");
                return Ok(Rest::Until(turn.now + UNANSWERED));
            }
        }
        self.judge_clock(turn).await?;
        let passage = Passage::find(&turn.store.read()).await?;
        Ok(match (passage, due.newest) {
            (Passage::Held, newest) => {
                self.tell(turn, newest).await?;
                rest
            }
            (Passage::Open(_), Some(newest)) => match self.see_out(turn, newest).await? {
                Reached::Bound => Rest::None,
                Reached::End => rest,
            },
            _ => rest,
        })
    }
}

impl Expiry {
    /// Ends what is over. A house that has not swept for too long holds everybody who goes.
    async fn end(&self, turn: &Turn<'_>) -> Result<Reached, HandlerError> {
        let Settings { grace, .. } = *self.settings;
        let is_stale = brakes::is_stale(turn.last_success, turn.now);
        for _ in 0..BATCHES {
            let ended = turn
                .write(async |tx| {
                    let ended = ending::end_some(tx, grace, BATCH, turn.now).await?;
                    if is_stale
                        && (ended > 0 || departures::figures(tx, turn.now).await?.due > 0)
                        && holds::set(tx, HoldReason::Stale, turn.now).await?
                    {
                        let swept_before = turn.last_success;
                        turn.keep(tx, Some(&Memory { swept_before }.encode())).await?;
                    }
                    Ok(ended)
                })
                .await?;
            if ended == 0 {
                return Ok(Reached::End);
            }
            tracing::info!(count = ended, "memberships are over");
        }
        Ok(Reached::Bound)
    }

    /// Holds everybody while the clocks differ.
    async fn judge_clock(&self, turn: &Turn<'_>) -> Result<(), HandlerError> {
        let held = holds::all(&turn.store.read()).await?;
        let is_held = held.iter().any(|hold| hold.reason == HoldReason::Clock);
        let differ = difference(&self.gateway, turn.now).is_some();
        if differ == is_held || self.gateway.clock_skew().is_none() {
            return Ok(());
        }
        turn.write(async |tx| {
            if differ {
                holds::set(tx, HoldReason::Clock, turn.now).await?;
            } else {
                holds::clear(tx, &[HoldReason::Clock]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Sees out whom custodians have confirmed, then everybody else, unless they are too many.
    async fn see_out(&self, turn: &Turn<'_>, newest: DepartureId) -> Result<Reached, HandlerError> {
        let db = turn.store.read();
        let confirmed = list::confirmed(&db).await?;
        if matches!(
            self.release(turn, DepartureId(0), confirmed).await?,
            Reached::Bound
        ) {
            return Ok(Reached::Bound);
        }
        let since = turn.now - CAP_WINDOW;
        let due = departures::figures(&db, since).await?.due;
        let released = departures::count_released(&db, confirmed, since).await?;
        if due + released > self.limit(turn).await? {
            turn.write(async |tx| Ok(holds::set(tx, HoldReason::Cap, turn.now).await?))
                .await?;
            self.tell(turn, Some(newest)).await?;
            return Ok(Reached::End);
        }
        self.release(turn, confirmed, newest).await
    }

    /// How many may go without a custodian's word.
    async fn limit(&self, turn: &Turn<'_>) -> Result<i64, StoreError> {
        let db = turn.store.read();
        let members = subscribers::count_active(&db).await? + departures::figures(&db, turn.now).await?.due;
        let cap = brakes::cap(members.unsigned_abs());
        Ok(i64::try_from(cap).unwrap_or(i64::MAX))
    }

    /// Releases departures beyond `after` up to another one, as long as nothing holds them.
    async fn release(
        &self,
        turn: &Turn<'_>,
        mut after: DepartureId,
        up_to: DepartureId,
    ) -> Result<Reached, HandlerError> {
        let Settings { grace, .. } = *self.settings;
        for _ in 0..BATCHES {
            let due = departures::due(&turn.store.read(), after, Some(up_to), BATCH).await?;
            let Some((last, _)) = due.last() else {
                return Ok(Reached::End);
            };
            after = last.id;
            // Our clock may have been ahead when it took some of them away.
            let over = due.iter().filter(|(it, _)| grace.ends_at(it.expiry) <= turn.now);
            let ids: Vec<DepartureId> = over.map(|(departure, _)| departure.id).collect();
            let released = turn
                .write(async |tx| {
                    let Passage::Open(channel) = Passage::find(tx).await? else {
                        return Ok(None);
                    };
                    let exit = Exit {
                        channel,
                        custodians: &self.settings.custodians,
                        grace,
                        now: turn.now,
                    };
                    Ok(Some(exit.release(tx, &ids).await?))
                })
                .await?;
            let Some(count) = released else {
                return Ok(Reached::End);
            };
            tracing::info!(count, "people are seen out");
            self.outbox.ring();
        }
        Ok(Reached::Bound)
    }

    /// Tells custodians of each hold once, as soon as it concerns anybody.
    async fn tell(&self, turn: &Turn<'_>, newest: Option<DepartureId>) -> Result<(), HandlerError> {
        let holds = holds::all(&turn.store.read()).await?;
        let is_due =
            |hold: &&Hold| hold.told_at.is_none() && (newest.is_some() || hold.reason.ends_by_itself());
        for hold in holds.iter().filter(is_due) {
            let Some(because) = self.because(turn, hold.reason).await? else {
                continue;
            };
            turn.write(async |tx| Ok(self.tell_of(tx, hold.reason, because, newest, turn.now).await?))
                .await?;
            tracing::warn!(reason = %hold.reason, "nobody is seen out until custodians have confirmed it");
            self.outbox.ring();
        }
        Ok(())
    }

    async fn tell_of(
        &self,
        tx: &Tx,
        reason: HoldReason,
        because: HeldBecause,
        newest: Option<DepartureId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !holds::told(tx, reason, now).await? {
            return Ok(());
        }
        let held = Held::of(tx, because, newest.unwrap_or(DepartureId(0)), now).await?;
        let notice = CustodianNotice::DeparturesHeld(held);
        notices::enqueue(tx, &notice, &self.settings.custodians, now).await
    }

    /// Why, with what belongs to it; none when that is over just now.
    async fn because(
        &self,
        turn: &Turn<'_>,
        reason: HoldReason,
    ) -> Result<Option<HeldBecause>, HandlerError> {
        Ok(Some(match reason {
            HoldReason::Adopted => HeldBecause::Adopted,
            HoldReason::Transferred => HeldBecause::Transferred,
            HoldReason::Restored => HeldBecause::Restored,
            HoldReason::Imported => HeldBecause::Imported,
            HoldReason::VipChanged => HeldBecause::VipChanged,
            HoldReason::Stale => {
                let memory = Memory::decode(turn.cursor.as_deref());
                let before = turn
                    .last_success
                    .filter(|last| brakes::is_stale(Some(*last), turn.now));
                HeldBecause::Stale(before.or(memory.swept_before).unwrap_or(turn.now))
            }
            HoldReason::Clock => match difference(&self.gateway, turn.now) {
                Some(ahead) => HeldBecause::Clock(ahead.num_minutes()),
                None => return Ok(None),
            },
            HoldReason::Cap => HeldBecause::Cap(self.limit(turn).await?),
        }))
    }
}

impl Memory {
    fn encode(self) -> String {
        serde_json::to_string(&self).expect("it has no keys but strings")
    }

    fn decode(stored: Option<&str>) -> Self {
        stored
            .and_then(|stored| serde_json::from_str(stored).ok())
            .unwrap_or_default()
    }
}
