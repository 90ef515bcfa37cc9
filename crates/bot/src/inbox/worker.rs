//! Works the inbox off: up to 64 people at once, each one's updates in order.

mod look;
mod surplus;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use store::inbox::{self, Claimed, Run};
use store::{Store, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use self::look::PAGE;
use self::surplus::SurplusRows;
use super::finisher::Finisher;
use super::handler::Handler;
use super::intake::Arrivals;
use super::lanes::{Lanes, Row, Turn};
use super::own_time;
use crate::backoff::{Backoff, WAIT};
use crate::error::{Failure, Fault};

/// People whose updates run at the same time.
const AT_ONCE: usize = 64;
/// The time of its own that a handler has.
const TIME_LIMIT: TimeDelta = TimeDelta::seconds(20);
/// Pauses after the first and the second failure; the third makes a dead letter.
const PAUSES: [TimeDelta; 2] = [TimeDelta::seconds(1), TimeDelta::seconds(5)];
/// So many failures make a dead letter.
const MAX_ATTEMPTS: i32 = 3;
/// Taps that could not be answered for so long are not worth answering any more.
const CALLBACK_QUERY_LIFE: TimeDelta = TimeDelta::minutes(15);
/// The same for messages. Everything else is tried without end.
const MESSAGE_LIFE: TimeDelta = TimeDelta::hours(24);
/// How often the table is looked at, in case a word about new rows was missed.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(5);
/// How often what is kept long enough is removed.
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);
/// How long giving back may take at the end.
const GIVE_BACK: TimeDelta = TimeDelta::seconds(2);

/// The worker of one epoch.
pub(crate) struct Worker<H> {
    store: Store,
    clock: Arc<dyn Clock>,
    handler: Arc<H>,
    epoch: i64,
    backoff: Backoff,
    lanes: Lanes,
    surplus: SurplusRows,
    last_seq: i64,
    /// Where the patrol over the whole table goes on.
    patrol: i64,
    running: JoinSet<After>,
    /// What runs, by task: a task that panicked cannot tell which row it had.
    rows: HashMap<Id, InHand>,
    finisher: Finisher,
}

/// A row that is worked on.
struct InHand {
    row: Row,
    claimed: Claimed,
    job: Job,
}

/// What is done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// It is handled, or declined in its turn.
    Run(Run),
    /// It is a dead letter; the person is told so.
    Apology,
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
            backoff: Backoff::random(),
            lanes: Lanes::default(),
            surplus: SurplusRows::default(),
            last_seq: 0,
            patrol: 0,
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
            self.sort_surplus().await;
            self.start_what_may_run().await;
            let wake = self.lanes.next_wake();
            let rested = async {
                match wake {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(stored) = arrivals.recv() => {
                    if stored.is_empty() {
                        self.look_for_news().await;
                    } else {
                        self.arrive(stored);
                    }
                }
                Some(ended) = self.running.join_next_with_id(), if !self.running.is_empty() => self.settle(ended).await,
                () = self.surplus.ended() => self.settle_surplus(),
                () = rested => {}
                () = &mut look => {
                    self.look_around().await;
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

    async fn start_what_may_run(&mut self) {
        let free = AT_ONCE.saturating_sub(self.running.len());
        let rows = self.lanes.take(free, self.clock.now());
        if !rows.is_empty() {
            self.claim_and_spawn(rows, Run::Together).await;
        }
    }

    async fn claim_and_spawn(&mut self, rows: Vec<Row>, run: Run) {
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let claimed = match inbox::claim(&self.store.change(), &seqs, self.epoch, run).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, count = rows.len(), "rows cannot be claimed");
                for row in rows {
                    self.lanes.put_back(self.put_off(row, None));
                }
                return;
            }
        };
        let mut claimed: HashMap<i64, Claimed> = claimed.into_iter().map(|row| (row.seq, row)).collect();
        for row in rows {
            match claimed.remove(&row.seq) {
                // It was alone whenever the process died.
                Some(claimed) if claimed.attempts > MAX_ATTEMPTS => {
                    self.bury(row, claimed, Failure::Died).await;
                }
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
            let work = async {
                match row.turn {
                    Turn::Handle => handler.handle(&task_row, epoch).await,
                    Turn::Decline => handler.decline(&task_row).await,
                }
            };
            let Some(result) = own_time::limited(&clock, TIME_LIMIT, work).await else {
                return Err(Fault::Own(Failure::TimedOut));
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
        let job = Job::Run(run);
        self.rows.insert(handle.id(), InHand { row, claimed, job });
    }

    /// Tells the person of a dead letter, once: what cannot be told now is not told. The person's
    /// next row goes on afterwards.
    fn spawn_apology(&mut self, row: Row, claimed: Claimed) {
        let handler = self.handler.clone();
        let clock = self.clock.clone();
        let task_row = claimed.clone();
        let handle = self.running.spawn(async move {
            let apology = async {
                loop {
                    match handler.apologize(&task_row).await.map_err(|error| error.fault()) {
                        // It was held back, or refused for a time: it was not sent.
                        Err(Fault::Outside(Some(wait))) => clock.sleep(wait).await,
                        told => return told,
                    }
                }
            };
            tokio::select! {
                told = apology => told,
                () = clock.sleep(TIME_LIMIT) => Err(Fault::Own(Failure::TimedOut)),
            }
        });
        let job = Job::Apology;
        self.rows.insert(handle.id(), InHand { row, claimed, job });
    }

    /// A run has ended: decides what becomes of its row.
    async fn settle(&mut self, ended: Result<(Id, After), JoinError>) {
        let (id, after) = match ended {
            Ok(ended) => ended,
            // The panic itself was reported by the panic hook.
            Err(error) => (error.id(), Err(Fault::Own(Failure::Panic))),
        };
        let Some(InHand { row, claimed, job }) = self.rows.remove(&id) else {
            return;
        };
        let Job::Run(run) = job else {
            if let Err(fault) = after {
                tracing::warn!(
                    seq = row.seq,
                    person = row.person,
                    ?fault,
                    "an apology could not be made"
                );
            }
            self.lanes.finished(&row);
            return;
        };
        match after {
            Ok(()) | Err(Fault::Lost | Fault::Undeliverable) => self.lanes.finished(&row),
            Err(Fault::Own(Failure::Undecodable)) => self.bury(row, claimed, Failure::Undecodable).await,
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
                    None => self.bury(row, claimed, failure).await,
                }
            }
            Err(Fault::Outside(wait)) => {
                if is_over(&claimed, self.clock.now()) {
                    tracing::warn!(
                        seq = row.seq,
                        person = row.person,
                        kind = claimed.kind,
                        "given up: too old to be answered"
                    );
                    self.finisher.finish(row.seq).await;
                    self.lanes.finished(&row);
                } else {
                    self.release(self.put_off(row, wait)).await;
                }
            }
        }
    }

    /// The row, put off by exactly what was asked for, else by a wait that doubles each time.
    fn put_off(&self, row: Row, asked: Option<TimeDelta>) -> Row {
        let (wait, waits) = match asked {
            Some(asked) => (asked, row.waits),
            None => (self.backoff.wait(row.waits), row.waits + 1),
        };
        Row {
            next_try: Some(self.clock.now() + wait),
            waits,
            ..row
        }
    }

    /// Gives a row's slot back until its `next_try`.
    async fn release(&mut self, row: Row) {
        let change = self.store.change();
        let released = inbox::release(&change, row.seq, self.epoch, row.next_try, row.attempts).await;
        if let Err(error) = released {
            // The lane knows it all the same; only a crash before the next try would forget it.
            tracing::warn!(%error, seq = row.seq, "the wait of a row cannot be written down");
        }
        self.lanes.put_back(row);
    }

    /// Makes a dead letter of a row, so that the person's next one goes on.
    async fn bury(&mut self, row: Row, claimed: Claimed, failure: Failure) {
        tracing::error!(
            seq = row.seq,
            person = row.person,
            failure = failure.label(),
            "an update is a dead letter"
        );
        let now = self.clock.now();
        let change = self.store.change();
        match inbox::bury(&change, row.seq, self.epoch, failure.label(), now).await {
            // Of what cannot be decoded nobody knows whether somebody waits for an answer.
            Ok(true) if counts(&claimed.kind) && failure != Failure::Undecodable => {
                self.spawn_apology(row, claimed);
            }
            Ok(_) => self.lanes.finished(&row),
            Err(error) => {
                tracing::warn!(%error, seq = row.seq, "a dead letter cannot be written down yet");
                self.lanes.put_back(self.put_off(row, None));
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
        let mut cut: Vec<Row> = self.rows.drain().map(|(_, in_hand)| in_hand.row).collect();
        cut.extend(self.surplus.give_up());
        if cut.is_empty() {
            return;
        }
        let given = self.store.write(async |tx| {
            for row in &cut {
                inbox::release(tx, row.seq, self.epoch, row.next_try, row.attempts).await?;
            }
            Ok::<_, StoreError>(())
        });
        let given = tokio::select! {
            given = given => given,
            () = self.clock.sleep(GIVE_BACK) => Err(StoreError::Busy),
        };
        if let Err(error) = given {
            tracing::warn!(%error, count = cut.len(), "rows cannot be given back");
        }
    }
}

/// How long a row rests after so many failures; none when there were enough.
fn pause_after(attempts: i32) -> Option<TimeDelta> {
    let index = usize::try_from(attempts - 1).ok()?;
    PAUSES.get(index).copied()
}

/// Whether a row of that kind counts among those of which only so many may wait.
fn counts(kind: &str) -> bool {
    matches!(kind, "message" | "callback_query")
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
