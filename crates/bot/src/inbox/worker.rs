//! Works the inbox off: up to 64 people at once, each one's updates in order.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use store::inbox::{self, Claimed, PendingRow, Run, Stored};
use store::{Store, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::finisher::Finisher;
use super::intake::Arrivals;
use super::lanes::{Lanes, Row};
use crate::error::{Failure, Fault, HandlerError};

/// People whose updates run at the same time.
const AT_ONCE: usize = 64;
/// The time of its own that a handler has.
const TIME_LIMIT: TimeDelta = TimeDelta::seconds(20);
/// Pauses after the first and the second failure; the third makes a dead letter.
const PAUSES: [TimeDelta; 2] = [TimeDelta::seconds(1), TimeDelta::seconds(5)];
/// So many failures make a dead letter.
const MAX_ATTEMPTS: i32 = 3;
/// The shortest and the longest wait for a world that is away.
const WAIT: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));
/// Taps that could not be answered for so long are not worth answering any more.
const CALLBACK_QUERY_LIFE: TimeDelta = TimeDelta::minutes(15);
/// The same for messages. Everything else is tried without end.
const MESSAGE_LIFE: TimeDelta = TimeDelta::hours(24);
/// How often the table is looked at, in case a word about new rows was missed.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);
/// How often what is kept long enough is removed.
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);
/// Rows read by one look.
const PAGE: u32 = 1_000;

/// Works on one update: changes what has to change and sends the answer.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Runs once or again for the same row; running twice must do no harm. When it returns `Ok`,
    /// the state is committed and Telegram has accepted the answer.
    fn handle(&self, row: &Claimed, epoch: i64) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// The worker of one epoch.
pub(crate) struct Worker<H> {
    store: Store,
    clock: Arc<dyn Clock>,
    handler: Arc<H>,
    epoch: i64,
    lanes: Lanes,
    last_seq: i64,
    running: JoinSet<After>,
    /// What runs, by task: a task that panicked cannot tell which row it had.
    rows: HashMap<Id, InHand>,
    finisher: Finisher,
}

/// A row whose handler runs.
struct InHand {
    row: Row,
    claimed: Claimed,
    run: Run,
}

/// What became of a row's run.
type After = Result<(), Fault>;

impl<H: Handler> Worker<H> {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, handler: Arc<H>, epoch: i64) -> Self {
        let (finisher, _) = Finisher::start(store.clone(), clock.clone(), epoch);
        Self {
            store,
            clock,
            handler,
            epoch,
            lanes: Lanes::default(),
            last_seq: 0,
            running: JoinSet::new(),
            rows: HashMap::new(),
            finisher,
        }
    }

    /// Works until `stop`, then lets what runs finish until `cut`; what is cut off is given back
    /// and runs again after the next start.
    pub(crate) async fn run(
        mut self,
        mut arrivals: Arrivals,
        stop: CancellationToken,
        cut: CancellationToken,
    ) {
        let recovered = stop.run_until_cancelled(self.recover()).await;
        if recovered.is_some() {
            stop.run_until_cancelled(self.work(&mut arrivals)).await;
        }
        cut.run_until_cancelled(self.drain()).await;
        self.give_back().await;
    }

    async fn work(&mut self, arrivals: &mut Arrivals) {
        let mut look = self.clock.sleep(LOOK_EVERY);
        let mut sweep = self.clock.sleep(TimeDelta::zero());
        loop {
            self.start_what_may_run().await;
            let wake = self.lanes.next_wake();
            let rested = async {
                match wake {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(stored) = arrivals.recv() => self.arrive(stored),
                Some(ended) = self.running.join_next_with_id(), if !self.running.is_empty() => self.settle(ended).await,
                () = rested => {}
                () = &mut look => {
                    self.look().await;
                    look = self.clock.sleep(LOOK_EVERY);
                }
                () = &mut sweep => {
                    self.sweep().await;
                    sweep = self.clock.sleep(SWEEP_EVERY);
                }
            }
        }
    }

    /// Takes up what the last process left. Rows that it had in hand when it died are run first
    /// and one at a time, so that one that kills the process is found out.
    async fn recover(&mut self) {
        let mut in_hand = Vec::new();
        loop {
            match inbox::pending(&self.store.read(), self.last_seq, PAGE).await {
                Ok(rows) if rows.is_empty() => break,
                Ok(rows) => {
                    in_hand.extend(rows.iter().filter(|row| row.claimed.is_some()).map(|row| row.seq));
                    self.line_up(rows);
                }
                Err(error) => {
                    tracing::warn!(%error, "the inbox cannot be read yet");
                    self.clock.sleep(WAIT.0).await;
                }
            }
        }
        if !in_hand.is_empty() {
            tracing::warn!(
                count = in_hand.len(),
                "rows were in hand when the last process ended"
            );
        }
        for seq in in_hand {
            self.run_alone(seq).await;
        }
    }

    /// Runs one row while nothing else runs.
    async fn run_alone(&mut self, seq: i64) {
        // It is the first of its lane: the last process had it in hand. Ready rows are taken one by
        // one until it comes up; the others go back untouched.
        let now = self.clock.now();
        let taken = self.lanes.take(usize::MAX, now);
        let (this, others): (Vec<Row>, Vec<Row>) = taken.into_iter().partition(|row| row.seq == seq);
        for row in others {
            self.lanes.put_back(row);
        }
        self.claim_and_spawn(this, Run::Alone).await;
        while let Some(ended) = self.running.join_next_with_id().await {
            self.settle(ended).await;
        }
    }

    fn line_up(&mut self, rows: Vec<PendingRow>) {
        for row in rows {
            self.last_seq = self.last_seq.max(row.seq);
            self.lanes.add(lane_row(&row));
        }
    }

    fn arrive(&mut self, rows: Vec<Stored>) {
        for row in rows {
            self.last_seq = self.last_seq.max(row.seq);
            self.lanes.add(Row {
                seq: row.seq,
                person: row.person,
                next_try: None,
                waits: 0,
                attempts: 0,
            });
        }
    }

    async fn look(&mut self) {
        let after = if self.lanes.is_empty() { 0 } else { self.last_seq };
        match inbox::pending(&self.store.read(), after, PAGE).await {
            Ok(rows) => self.line_up(rows),
            Err(error) => tracing::warn!(%error, "the inbox cannot be read"),
        }
    }

    async fn sweep(&self) {
        let now = self.clock.now();
        loop {
            let swept: Result<_, StoreError> = self.store.write(async |tx| inbox::sweep(tx, now).await).await;
            match swept {
                Ok(swept) if swept.keys.max(swept.letters) < inbox::SWEPT_AT_ONCE => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the inbox cannot be swept");
                    break;
                }
            }
        }
    }

    async fn start_what_may_run(&mut self) {
        let free = AT_ONCE.saturating_sub(self.running.len());
        let rows = self.lanes.take(free, self.clock.now());
        if !rows.is_empty() {
            self.claim_and_spawn(rows, Run::Together).await;
        }
    }

    async fn claim_and_spawn(&mut self, rows: Vec<Row>, run: Run) {
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let claimed: Result<_, StoreError> = self
            .store
            .write(async |tx| inbox::claim(tx, &seqs, self.epoch, run).await)
            .await;
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, count = rows.len(), "rows cannot be claimed");
                let now = self.clock.now();
                for row in rows {
                    self.lanes.put_back(put_off(row, now, None));
                }
                return;
            }
        };
        let mut claimed: HashMap<i64, Claimed> = claimed.into_iter().map(|row| (row.seq, row)).collect();
        for row in rows {
            match claimed.remove(&row.seq) {
                // It was alone whenever the process died.
                Some(claimed) if claimed.attempts > MAX_ATTEMPTS => self.bury(row, Failure::Died).await,
                Some(claimed) => self.spawn(row, claimed, run),
                // Finished or buried already: it only stood in the lane.
                None => self.lanes.finished(&row),
            }
        }
    }

    fn spawn(&mut self, row: Row, claimed: Claimed, run: Run) {
        let handler = self.handler.clone();
        let clock = self.clock.clone();
        let finisher = self.finisher.clone();
        let epoch = self.epoch;
        let task_row = claimed.clone();
        let handle = self.running.spawn(async move {
            let result = tokio::select! {
                result = handler.handle(&task_row, epoch) => result,
                () = clock.sleep(TIME_LIMIT) => return Err(Fault::Own(Failure::TimedOut)),
            };
            if let Err(error) = result {
                let fault = error.fault();
                tracing::warn!(seq = task_row.seq, person = task_row.person, kind = task_row.kind, %error, ?fault, "an update could not be finished");
                if fault != Fault::Undeliverable {
                    return Err(fault);
                }
            }
            finisher.finish(task_row.seq).await;
            Ok(())
        });
        self.rows.insert(handle.id(), InHand { row, claimed, run });
    }

    /// A run has ended: decides what becomes of its row.
    async fn settle(&mut self, ended: Result<(Id, After), JoinError>) {
        let (id, after) = match ended {
            Ok(ended) => ended,
            // The panic itself was reported by the panic hook.
            Err(error) => (error.id(), Err(Fault::Own(Failure::Panic))),
        };
        let Some(InHand { row, claimed, run }) = self.rows.remove(&id) else {
            return;
        };
        match after {
            Ok(()) | Err(Fault::Lost | Fault::Undeliverable) => self.lanes.finished(&row),
            Err(Fault::Own(Failure::Undecodable)) => self.bury(row, Failure::Undecodable).await,
            Err(Fault::Own(failure)) => {
                // A run alone has counted its attempt when it was claimed.
                let attempts = match run {
                    Run::Alone => claimed.attempts,
                    Run::Together => claimed.attempts + 1,
                };
                match pause_after(attempts) {
                    Some(pause) => {
                        let at = self.clock.now() + pause;
                        self.release(Row {
                            attempts,
                            next_try: Some(at),
                            ..row
                        })
                        .await;
                    }
                    None => self.bury(row, failure).await,
                }
            }
            Err(Fault::Outside(wait)) => {
                let now = self.clock.now();
                if is_over(&claimed, now) {
                    tracing::warn!(
                        seq = row.seq,
                        person = row.person,
                        kind = claimed.kind,
                        "given up: too old to be answered"
                    );
                    self.finisher.finish(row.seq).await;
                    self.lanes.finished(&row);
                } else {
                    self.release(put_off(row, now, wait)).await;
                }
            }
        }
    }

    /// Gives a row's slot back until its `next_try`.
    async fn release(&mut self, row: Row) {
        let released: Result<_, StoreError> = self
            .store
            .write(async |tx| inbox::release(tx, row.seq, self.epoch, row.next_try, row.attempts).await)
            .await;
        if let Err(error) = released {
            // The lane knows it all the same; only a crash before the next try would forget it.
            tracing::warn!(%error, seq = row.seq, "the wait of a row cannot be written down");
        }
        self.lanes.put_back(row);
    }

    /// Makes a dead letter of a row, so that the person's next one goes on.
    async fn bury(&mut self, row: Row, failure: Failure) {
        tracing::error!(
            seq = row.seq,
            person = row.person,
            failure = failure.label(),
            "an update is a dead letter"
        );
        let now = self.clock.now();
        let buried: Result<_, StoreError> = self
            .store
            .write(async |tx| inbox::bury(tx, row.seq, self.epoch, failure.label(), now).await)
            .await;
        match buried {
            Ok(_) => self.lanes.finished(&row),
            Err(error) => {
                tracing::warn!(%error, seq = row.seq, "a dead letter cannot be written down yet");
                self.lanes.put_back(put_off(row, now, None));
            }
        }
    }

    async fn drain(&mut self) {
        while let Some(ended) = self.running.join_next_with_id().await {
            self.settle(ended).await;
        }
    }

    /// Hands back what is still running, so that the next start does not take it for the cause
    /// of a death.
    async fn give_back(&mut self) {
        self.running.shutdown().await;
        let cut: Vec<Row> = self.rows.drain().map(|(_, in_hand)| in_hand.row).collect();
        for row in cut {
            let given: Result<_, StoreError> = self
                .store
                .write(async |tx| inbox::release(tx, row.seq, self.epoch, None, row.attempts).await)
                .await;
            if let Err(error) = given {
                tracing::warn!(%error, seq = row.seq, "a row cannot be given back");
            }
        }
    }
}

/// How long a row rests after so many failures; none when there were enough.
fn pause_after(attempts: i32) -> Option<TimeDelta> {
    let index = usize::try_from(attempts - 1).ok()?;
    PAUSES.get(index).copied()
}

fn lane_row(row: &PendingRow) -> Row {
    Row {
        seq: row.seq,
        person: row.person,
        next_try: row.next_try,
        waits: 0,
        attempts: row.attempts,
    }
}

/// The row, put off by what was asked for or by a wait that doubles each time.
fn put_off(row: Row, now: Timestamp, asked: Option<TimeDelta>) -> Row {
    let doubled = WAIT.0 * 2_i32.saturating_pow(row.waits.min(6));
    let wait = doubled.min(WAIT.1).max(asked.unwrap_or_default());
    Row {
        next_try: Some(now + wait),
        waits: row.waits + 1,
        ..row
    }
}

/// Whether an answer comes too late to be of use.
fn is_over(row: &Claimed, now: Timestamp) -> bool {
    let age = now - row.received_at;
    match row.kind.as_str() {
        "callback_query" => age > CALLBACK_QUERY_LIFE,
        "message" => age > MESSAGE_LIFE,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
