//! Works the outbox off.
//!
//! A row is claimed, done while no transaction is open, and ended in the transaction that changes what
//! follows from it. What the database cannot take at once is written down later: until then the row
//! stays in hand, and after a crash it is unknown whether Telegram has done it.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use domain::clock::{Clock, Timestamp};
use store::outbox::{self, OutboxRow};
use store::{Store, StoreError, statements};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Executor};
use super::decision::{Next, Outcome, decide};
use super::ends::Ends;
use super::policy::{Policy, Unknown};
use crate::backoff::{Backoff, WAIT};
use crate::bell::Bell;
use crate::error::{Fault, HandlerError};
use crate::jobs::Bells;
use crate::life::{Gate, Means};
use crate::metrics::Metrics;

/// Rows that are worked on at the same time.
const AT_ONCE: usize = 32;
/// How long one may take. Telegram answers or fails sooner.
const TIME_LIMIT: TimeDelta = TimeDelta::seconds(60);
/// How often the table is looked at, in case a word about new rows was missed.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);
/// How often what is kept long enough is removed.
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);
/// How long giving back may take at the end.
const GIVE_BACK: TimeDelta = TimeDelta::seconds(2);

/// The worker of one epoch.
pub(crate) struct OutboxWorker<E = Courier> {
    desk: Desk<E>,
    policies: HashMap<&'static str, Policy>,
    running: JoinSet<Next>,
    /// What is worked on, by task: a task that panicked cannot tell which row it had.
    in_hand: HashMap<Id, OutboxRow>,
    /// How often a row has waited for no fault of its own.
    waits: HashMap<i64, u32>,
}

impl OutboxWorker {
    /// The worker of a house; `bells` are rung when that makes a job due, `ends` is told what has come
    /// to its end.
    pub(crate) fn new(means: &Means, bells: Bells, ends: Ends, epoch: i64) -> Self {
        let desk = Desk {
            store: means.store.clone(),
            clock: means.clock.clone(),
            executor: Arc::new(Courier::new(means, bells, ends)),
            epoch,
            backoff: Backoff::random(),
            metrics: means.metrics.clone(),
        };
        Self::with(desk)
    }
}

impl<E: Executor> OutboxWorker<E> {
    fn with(desk: Desk<E>) -> Self {
        Self {
            policies: desk.executor.table().into_iter().collect(),
            desk,
            running: JoinSet::new(),
            in_hand: HashMap::new(),
            waits: HashMap::new(),
        }
    }

    /// Works until `stop`, then lets what is on its way finish until `cut`. The bell is rung by whoever
    /// has committed rows. While the gate is closed, only those kinds go out that are marked for it;
    /// what is on its way already comes to its end.
    pub(crate) async fn run(
        mut self,
        bell: Bell,
        gate: Gate,
        stop: CancellationToken,
        cut: CancellationToken,
    ) {
        let work = async {
            self.work(&bell, &gate, &stop).await;
            while let Some(ended) = self.running.join_next_with_id().await {
                self.settle(ended);
            }
        };
        cut.run_until_cancelled(work).await;
        self.give_back().await;
    }

    async fn work(&mut self, bell: &Bell, gate: &Gate, stop: &CancellationToken) {
        if stop.run_until_cancelled(self.recover()).await.is_none() {
            return;
        }
        let clock = self.desk.clock.clone();
        let mut look = clock.sleep(LOOK_EVERY);
        let mut sweep = clock.sleep(TimeDelta::zero());
        // Only looked at here, so that nothing is claimed and then forgotten.
        while !stop.is_cancelled() {
            let next = self.start_what_is_due(gate.is_closed()).await;
            let due = async {
                match next {
                    Some(at) => clock.sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.running.join_next_with_id(), if !self.running.is_empty() => self.settle(ended),
                () = bell.rung() => {}
                () = due => {}
                () = &mut look => look = clock.sleep(LOOK_EVERY),
                () = &mut sweep => {
                    self.sweep().await;
                    sweep = clock.sleep(SWEEP_EVERY);
                }
            }
        }
    }

    /// What the last epochs had in hand is of unknown outcome now.
    async fn recover(&self) {
        let Desk {
            store, clock, epoch, ..
        } = &self.desk;
        loop {
            let recovered: Result<_, StoreError> = store
                .write(async |tx| outbox::recover(tx, *epoch, DateTime::UNIX_EPOCH).await)
                .await;
            match recovered {
                Ok(rows) => {
                    for row in rows {
                        tracing::warn!(
                            id = row.id,
                            kind = row.kind,
                            "it is unknown whether this was sent"
                        );
                    }
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be taken up yet");
                    clock.sleep(WAIT.0).await;
                }
            }
        }
    }

    /// Returns when to come again, if that depends on time.
    async fn start_what_is_due(&mut self, is_closed: bool) -> Option<Timestamp> {
        let free = AT_ONCE.saturating_sub(self.running.len());
        let now = self.desk.clock.now();
        match self.claim_due(free, is_closed, now).await {
            Ok((rows, next)) => {
                for row in rows {
                    self.spawn(row);
                }
                next
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                Some(now + WAIT.0)
            }
        }
    }

    async fn claim_due(
        &self,
        free: usize,
        is_closed: bool,
        now: Timestamp,
    ) -> Result<(Vec<OutboxRow>, Option<Timestamp>), StoreError> {
        if free == 0 {
            return Ok((Vec::new(), None));
        }
        let lines = self.policies.iter();
        let may_go = lines.filter(|(_, policy)| !is_closed || policy.beside_other_program);
        let kinds: Vec<&'static str> = may_go.map(|(kind, _)| *kind).collect();
        let reader = self.desk.store.read();
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        let due = outbox::due_of(&reader, &kinds, now, limit).await?;
        let next = outbox::next_due(&reader, now).await?;
        if due.is_empty() {
            return Ok((Vec::new(), next));
        }
        let ids: Vec<i64> = due.iter().map(|row| row.id).collect();
        let (claimed, cancelled) = self
            .desk
            .store
            .write(async |tx| {
                let claimed = outbox::claim(tx, &ids, self.desk.epoch, now).await?;
                let outdated = match claimed.len() < ids.len() {
                    true => outbox::cancel_outdated(tx, &ids, now).await?,
                    false => Vec::new(),
                };
                Ok::<_, StoreError>((claimed, outdated))
            })
            .await?;
        for row in &cancelled {
            tracing::info!(id = row.id, kind = row.kind, "a row of the outbox is outdated");
            self.desk.executor.ended(row);
        }
        // What has waited behind them is due.
        let next = if cancelled.is_empty() { next } else { Some(now) };
        Ok((claimed, next))
    }

    fn spawn(&mut self, row: OutboxRow) {
        let Some(policy) = self.policies.get(row.kind.as_str()).copied() else {
            return;
        };
        let desk = self.desk.clone();
        let waits = self.waits.get(&row.id).copied().unwrap_or_default();
        let task_row = row.clone();
        let task = async move { desk.work_on(&task_row, &policy, waits).await };
        self.in_hand.insert(self.running.spawn(task).id(), row);
    }

    /// A task has ended; what became of its row is written down already, but for those that panicked.
    fn settle(&mut self, ended: Result<(Id, Next), JoinError>) {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some(row) = self.in_hand.remove(&id) else {
            return;
        };
        match ended {
            Ok((_, Next::Again { doubles, .. })) => {
                if doubles {
                    *self.waits.entry(row.id).or_default() += 1;
                }
            }
            Ok(_) => {
                self.waits.remove(&row.id);
            }
            // The panic itself was reported by the panic hook.
            Err(_) => self.spawn_epilogue(row),
        }
    }

    /// Writes down what becomes of a row whose task panicked.
    fn spawn_epilogue(&mut self, row: OutboxRow) {
        let Some(policy) = self.policies.get(row.kind.as_str()).copied() else {
            return;
        };
        let desk = self.desk.clone();
        let task_row = row.clone();
        let task = async move {
            let next = desk.decide(&policy, &task_row, &Outcome::Panicked, 0);
            // The panic may have been the hook's.
            desk.write_down(&task_row, next, None).await
        };
        self.in_hand.insert(self.running.spawn(task).id(), row);
    }

    async fn sweep(&self) {
        let now = self.desk.clock.now();
        loop {
            let swept: Result<_, StoreError> = self
                .desk
                .store
                .write(async |tx| outbox::sweep(tx, now).await)
                .await;
            match swept {
                Ok(swept) if swept.done.max(swept.dead) < outbox::SWEPT_AT_ONCE => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be swept");
                    return;
                }
            }
        }
    }

    /// What was cut off may have been sent or not.
    async fn give_back(&mut self) {
        self.running.shutdown().await;
        let Desk {
            store, clock, epoch, ..
        } = &self.desk;
        let given_back = store.write(async |tx| {
            for row in self.in_hand.values() {
                outbox::put_off(tx, row.id, *epoch, row.next_try, row.attempts, true).await?;
            }
            Ok::<_, StoreError>(())
        });
        let given_back = tokio::select! {
            given_back = given_back, if !self.in_hand.is_empty() => given_back,
            () = clock.sleep(GIVE_BACK), if !self.in_hand.is_empty() => Err(StoreError::Busy),
            else => Ok(()),
        };
        if let Err(error) = given_back {
            // The next epoch finds them all the same.
            tracing::warn!(%error, count = self.in_hand.len(), "rows of the outbox cannot be given back");
        }
    }
}

/// What a task needs. Clones are the same one.
struct Desk<E> {
    store: Store,
    clock: Arc<dyn Clock>,
    executor: Arc<E>,
    epoch: i64,
    backoff: Backoff,
    metrics: Arc<Metrics>,
}

impl<E> Clone for Desk<E> {
    fn clone(&self) -> Self {
        Self {
            store: self.store.clone(),
            clock: self.clock.clone(),
            executor: self.executor.clone(),
            epoch: self.epoch,
            backoff: self.backoff.clone(),
            metrics: self.metrics.clone(),
        }
    }
}

impl<E: Executor> Desk<E> {
    async fn work_on(&self, row: &OutboxRow, policy: &Policy, waits: u32) -> Next {
        let (next, asked) = statements::scope(self.try_once(row, policy, waits)).await;
        self.metrics.outbox_asked(&row.kind, asked.count);
        next
    }

    async fn try_once(&self, row: &OutboxRow, policy: &Policy, waits: u32) -> Next {
        let outcome = tokio::select! {
            outcome = self.attempt(row, policy) => outcome,
            () = self.clock.sleep(TIME_LIMIT) => Outcome::Unknown,
        };
        let next = self.decide(policy, row, &outcome, waits);
        if let Outcome::Failed(error) = &outcome {
            tracing::info!(id = row.id, kind = row.kind, %error, ?next, "a row of the outbox could not be sent");
        }
        self.write_down(row, next, Some(&outcome)).await
    }

    async fn attempt(&self, row: &OutboxRow, policy: &Policy) -> Outcome {
        if row.unknown && policy.unknown == Unknown::NeverRepeat {
            return Outcome::Unknown;
        }
        match self.executor.execute(row).await {
            Ok(result) => Outcome::Done(result),
            Err(error) => Outcome::Failed(error),
        }
    }

    fn decide(&self, policy: &Policy, row: &OutboxRow, outcome: &Outcome, waits: u32) -> Next {
        decide(policy, row, outcome, waits, &self.backoff, self.clock.now())
    }

    /// Tries until the database takes it. `outcome` is what the hook of the row's kind is told; none,
    /// it is not called.
    async fn write_down(&self, row: &OutboxRow, mut next: Next, mut outcome: Option<&Outcome>) -> Next {
        loop {
            let written = self
                .store
                .write(async |tx| self.end(tx, row, &next, outcome).await)
                .await;
            let Err(error) = written else {
                report(row, &next);
                if !matches!(next, Next::Again { .. } | Next::Lost) {
                    self.executor.ended(row);
                }
                return next;
            };
            match error.fault() {
                Fault::Lost => return Next::Lost,
                Fault::Own(failure) if outcome.is_some() => {
                    tracing::error!(id = row.id, kind = row.kind, %error, "what follows from a row cannot be recorded");
                    next = Next::Dead {
                        failure: format!("not recorded: {}", failure.label()),
                    };
                    outcome = None;
                }
                _ => {
                    tracing::warn!(id = row.id, kind = row.kind, %error, "the end of a row cannot be written down yet");
                    self.clock.sleep(WAIT.0).await;
                }
            }
        }
    }

    async fn end(
        &self,
        tx: &store::Tx,
        row: &OutboxRow,
        next: &Next,
        outcome: Option<&Outcome>,
    ) -> Result<(), HandlerError> {
        let (id, epoch, now) = (row.id, self.epoch, self.clock.now());
        let is_mine = match next {
            Next::Done { result } => outbox::finish(tx, id, epoch, result.as_deref(), now).await?,
            Next::Over { why } => {
                let result = serde_json::json!({ "refused": why }).to_string();
                outbox::finish(tx, id, epoch, Some(&result), now).await?
            }
            Next::Again {
                at,
                attempts,
                unknown,
                ..
            } => outbox::put_off(tx, id, epoch, Some(*at), *attempts, *unknown).await?,
            Next::Dead { failure } => outbox::bury(tx, id, epoch, failure, now).await?,
            Next::Uncertain => outbox::give_up_unknown(tx, id, epoch, now).await?,
            Next::Lost => false,
        };
        if !is_mine {
            return Err(HandlerError::Lost);
        }
        match outcome {
            Some(outcome) if !matches!(next, Next::Again { .. }) => {
                self.executor.record(tx, row, outcome).await
            }
            _ => Ok(()),
        }
    }
}

fn report(row: &OutboxRow, next: &Next) {
    let OutboxRow { id, kind, .. } = row;
    match next {
        Next::Dead { failure } => {
            tracing::error!(id, kind, failure, "a row of the outbox is a dead letter");
        }
        Next::Uncertain => tracing::error!(id, kind, "it will stay unknown whether this was sent"),
        Next::Over { why } => tracing::warn!(id, kind, why, "a row of the outbox reaches nobody"),
        Next::Done { .. } | Next::Again { .. } | Next::Lost => {
            tracing::debug!(id, kind, ?next, "a row of the outbox was worked on");
        }
    }
}

#[cfg(test)]
mod tests;
