//! The worker with handlers that fail in every way there is.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::DateTime;
use domain::clock::TestClock;
use domain::id::BotId;
use store::inbox::{Backlog, NewUpdate};
use store::{DatabaseUrl, Refusal, StoreOptions, house, schema};
use telegram::ApiError;
use telegram::update::Undecodable;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::*;

/// What the handler does with a person's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Answer,
    Panic,
    Hang,
    Refused,
    Undecodable,
    /// Telegram is away.
    Away,
    /// Waits until it is let go.
    WaitForGo,
}

/// A handler that does as it is told and reports what it runs.
struct Actor {
    does: Mutex<HashMap<i64, Does>>,
    ran: mpsc::UnboundedSender<i64>,
    go: Notify,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Handler for Actor {
    async fn handle(&self, row: &Claimed, _: i64) -> Result<(), HandlerError> {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let _ = self.ran.send(row.person);
        let does = self
            .does
            .lock()
            .unwrap()
            .get(&row.person)
            .copied()
            .unwrap_or(Does::Answer);
        if does == Does::Hang {
            pending::<()>().await;
        }
        if does == Does::WaitForGo {
            self.go.notified().await;
        }
        // Lets others come in, if they may.
        tokio::task::yield_now().await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        match does {
            Does::Panic => panic!("as told"),
            Does::Refused => Err(StoreError::Refused {
                code: "23514".to_owned(),
                kind: Refusal::Check,
                constraint: None,
            }
            .into()),
            Does::Undecodable => Err(undecodable().into()),
            Does::Away => Err(away().into()),
            Does::Answer | Does::Hang | Does::WaitForGo => Ok(()),
        }
    }
}

fn undecodable() -> Undecodable {
    telegram::update::decode("{").expect_err("no JSON")
}

fn away() -> ApiError {
    ApiError::NoAnswer {
        method: "sendMessage".to_owned(),
        cause: "connection refused".to_owned(),
    }
}

/// A worker at work on a database of its own.
struct Bench {
    store: Store,
    clock: TestClock,
    actor: Arc<Actor>,
    ran: mpsc::UnboundedReceiver<i64>,
    arrivals: mpsc::UnboundedSender<Vec<Stored>>,
    next_update: i64,
    stop: CancellationToken,
    cut: CancellationToken,
    worker: Option<JoinHandle<()>>,
}

impl Bench {
    /// A bench whose worker is not at work yet.
    async fn idle() -> Self {
        let store = Store::open(&DatabaseUrl::memory(), &StoreOptions::default())
            .await
            .unwrap();
        let clock = TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
        schema::up(&store, None, clock.now()).await.unwrap();
        let (ran_sender, ran) = mpsc::unbounded_channel();
        let (arrivals, _) = mpsc::unbounded_channel();
        let actor = Actor {
            does: Mutex::default(),
            ran: ran_sender,
            go: Notify::new(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        };
        Self {
            store,
            clock,
            actor: Arc::new(actor),
            ran,
            arrivals,
            next_update: 1,
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            worker: None,
        }
    }

    async fn at_work() -> Self {
        let mut bench = Self::idle().await;
        bench.work().await;
        bench
    }

    async fn raise_epoch(&self) -> i64 {
        let now = self.clock.now();
        self.store
            .write(async |tx| house::raise_epoch(tx, now).await)
            .await
            .unwrap()
    }

    async fn work(&mut self) {
        let epoch = self.raise_epoch().await;
        let (sender, arrivals) = mpsc::unbounded_channel();
        self.arrivals = sender;
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let worker = Worker::new(self.store.clone(), clock, self.actor.clone(), epoch);
        self.worker = Some(tokio::spawn(worker.run(
            arrivals,
            self.stop.clone(),
            self.cut.clone(),
        )));
    }

    fn tell(&self, person: i64, does: Does) {
        self.actor.does.lock().unwrap().insert(person, does);
    }

    async fn arrive(&mut self, person: i64, kind: &str) -> i64 {
        let update = NewUpdate {
            bot_id: BotId(7),
            update_id: self.next_update,
            person,
            kind: kind.to_owned(),
            json: "{}".to_owned(),
            failure: None,
        };
        self.next_update += 1;
        let now = self.clock.now();
        let stored = self
            .store
            .write(async |tx| inbox::store_batch(tx, &[update], now).await)
            .await
            .unwrap();
        let seq = stored[0].seq;
        // Nobody listens before the worker is at work.
        let _ = self.arrivals.send(stored);
        seq
    }

    async fn backlog(&self) -> Backlog {
        inbox::backlog(&self.store.read()).await.unwrap()
    }

    async fn rows(&self) -> Vec<PendingRow> {
        inbox::pending(&self.store.read(), 0, 1000).await.unwrap()
    }

    /// Looks until the table is as wanted. Each look is a query, which lets the worker go on.
    async fn until(&self, wanted: impl Fn(&Backlog, &[PendingRow]) -> bool) {
        let looking = async {
            while !wanted(&self.backlog().await, &self.rows().await) {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), looking).await;
        assert!(
            waited.is_ok(),
            "{:?} {:?}",
            self.backlog().await,
            self.rows().await
        );
    }

    /// Waits until the only pending row rests, then lets exactly so much time pass.
    async fn rests_then_passes(&self, length: TimeDelta) {
        let now = self.clock.now();
        self.until(|_, rows| {
            rows.len() == 1 && rows[0].next_try == Some(now + length) && rows[0].claimed.is_none()
        })
        .await;
        self.clock.advance(length);
    }
}

const S: fn(i64) -> TimeDelta = TimeDelta::seconds;

#[tokio::test]
async fn what_fails_three_times_is_a_dead_letter_and_holds_up_nobody() {
    for does in [Does::Panic, Does::Refused] {
        let mut bench = Bench::at_work().await;
        bench.tell(1, does);
        bench.arrive(1, "message").await;
        assert_eq!(bench.ran.recv().await, Some(1));
        bench.rests_then_passes(S(1)).await;
        assert_eq!(bench.ran.recv().await, Some(1));
        // Others are served while it rests.
        bench.arrive(2, "message").await;
        assert_eq!(bench.ran.recv().await, Some(2));
        bench.rests_then_passes(S(5)).await;
        assert_eq!(bench.ran.recv().await, Some(1));
        bench
            .until(|backlog, _| backlog.dead == 1 && backlog.pending == 0)
            .await;
        // The person's next one goes on.
        bench.tell(1, Does::Answer);
        bench.arrive(1, "message").await;
        assert_eq!(bench.ran.recv().await, Some(1));
        bench.until(|backlog, _| backlog.pending == 0).await;
    }
}

#[tokio::test]
async fn a_handler_that_hangs_has_twenty_seconds() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::Hang);
    bench.arrive(1, "message").await;
    for pause in [S(1), S(5)] {
        bench.ran.recv().await;
        bench.clock.advance(S(20));
        bench.rests_then_passes(pause).await;
    }
    bench.ran.recv().await;
    bench.clock.advance(S(20));
    bench.until(|backlog, _| backlog.dead == 1).await;
}

#[tokio::test]
async fn what_cannot_be_decoded_is_a_dead_letter_at_once() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::Undecodable);
    bench.arrive(1, "message").await;
    bench
        .until(|backlog, _| backlog.dead == 1 && backlog.pending == 0)
        .await;
}

#[tokio::test]
async fn while_the_world_is_away_a_row_waits_and_nothing_counts_against_it() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::Away);
    bench.arrive(1, "message").await;
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        bench.ran.recv().await;
        bench.rests_then_passes(S(seconds)).await;
    }
    bench.ran.recv().await;
    let now = bench.clock.now();
    bench.until(|_, rows| rows[0].next_try == Some(now + S(60))).await;
    assert_eq!(bench.rows().await[0].attempts, 0);
    bench.tell(1, Does::Answer);
    bench.clock.advance(S(60));
    bench
        .until(|backlog, _| backlog.pending == 0 && backlog.dead == 0)
        .await;
}

#[tokio::test]
async fn a_tap_is_given_up_after_fifteen_minutes_and_a_join_request_never() {
    for (kind, given_up) in [
        ("callback_query", true),
        ("message", false),
        ("chat_join_request", false),
    ] {
        let mut bench = Bench::at_work().await;
        bench.tell(1, Does::Away);
        bench.arrive(1, kind).await;
        bench.ran.recv().await;
        bench.rests_then_passes(S(1)).await;
        bench.ran.recv().await;
        bench.until(|_, rows| rows[0].claimed.is_none()).await;
        bench.clock.advance(TimeDelta::minutes(15));
        bench.ran.recv().await;
        if given_up {
            bench
                .until(|backlog, _| backlog.pending == 0 && backlog.dead == 0)
                .await;
        } else {
            let now = bench.clock.now();
            bench
                .until(|_, rows| rows.len() == 1 && rows[0].next_try > Some(now))
                .await;
        }
    }
}

#[tokio::test]
async fn no_more_than_sixty_four_run_at_once() {
    let mut bench = Bench::at_work().await;
    for person in 1..=100 {
        bench.tell(person, Does::WaitForGo);
        bench.arrive(person, "message").await;
    }
    for _ in 0..AT_ONCE {
        bench.ran.recv().await;
    }
    assert!(bench.ran.try_recv().is_err(), "the sixty-fifth waits");
    for _ in 0..100 {
        bench.actor.go.notify_one();
        bench.actor.go.notify_waiters();
        tokio::task::yield_now().await;
    }
    while bench.backlog().await.pending > 0 {
        bench.actor.go.notify_waiters();
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.actor.most_at_once.load(Ordering::SeqCst), AT_ONCE);
}

#[tokio::test]
async fn what_was_in_hand_at_a_death_runs_first_and_alone() {
    let mut bench = Bench::idle().await;
    let dead_epoch = bench.raise_epoch().await;
    let mut in_hand = Vec::new();
    for person in 1..=3 {
        in_hand.push(bench.arrive(person, "message").await);
    }
    for person in 11..=20 {
        bench.arrive(person, "message").await;
    }
    bench
        .store
        .write(async |tx| inbox::claim(tx, &in_hand, dead_epoch, Run::Together).await)
        .await
        .unwrap();
    bench.work().await;
    for person in 1..=3 {
        assert_eq!(bench.ran.recv().await, Some(person));
    }
    assert_eq!(bench.actor.most_at_once.load(Ordering::SeqCst), 1);
    bench
        .until(|backlog, _| backlog.pending == 0 && backlog.dead == 0)
        .await;
}

#[tokio::test]
async fn what_kills_the_process_each_time_it_runs_alone_is_a_dead_letter() {
    let mut bench = Bench::idle().await;
    let killer = bench.arrive(1, "message").await;
    for _ in 0..3 {
        let epoch = bench.raise_epoch().await;
        let claimed = bench
            .store
            .write(async |tx| inbox::claim(tx, &[killer], epoch, Run::Alone).await)
            .await
            .unwrap();
        assert_eq!(claimed.len(), 1);
    }
    bench.work().await;
    bench
        .until(|backlog, _| backlog.dead == 1 && backlog.pending == 0)
        .await;
    assert!(bench.ran.try_recv().is_err(), "it did not run again");
}

#[tokio::test]
async fn a_stop_lets_handlers_finish_and_gives_back_what_does_not() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::WaitForGo);
    bench.tell(2, Does::Hang);
    bench.arrive(1, "message").await;
    bench.arrive(2, "message").await;
    bench.ran.recv().await;
    bench.ran.recv().await;
    bench.stop.cancel();
    // Nothing new is begun.
    bench.arrive(3, "message").await;
    bench.actor.go.notify_one();
    bench
        .until(|_, rows| rows.iter().all(|row| row.person != 1))
        .await;
    bench.cut.cancel();
    bench.worker.take().unwrap().await.unwrap();
    let rows = bench.rows().await;
    assert_eq!(rows.iter().map(|row| row.person).collect::<Vec<_>>(), [2, 3]);
    assert!(rows.iter().all(|row| row.claimed.is_none() && row.attempts == 0));
}

#[tokio::test]
async fn a_worker_whose_epoch_is_over_changes_nothing() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::WaitForGo);
    let seq = bench.arrive(1, "message").await;
    bench.ran.recv().await;
    let newer = bench.raise_epoch().await;
    bench
        .store
        .write(async |tx| inbox::claim(tx, &[seq], newer, Run::Together).await)
        .await
        .unwrap();
    bench.actor.go.notify_one();
    bench.arrive(2, "message").await;
    // Its claim of the second row finds nothing, its word about the first changes nothing.
    bench.stop.cancel();
    bench.worker.take().unwrap().await.unwrap();
    let rows = bench.rows().await;
    assert_eq!(
        rows.iter()
            .map(|row| (row.person, row.claimed))
            .collect::<Vec<_>>(),
        [(1, Some(newer)), (2, None)]
    );
}
