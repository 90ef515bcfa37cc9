//! The worker with handlers that fail in every way there is.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::DateTime;
use domain::clock::TestClock;
use domain::id::{BotId, UserId};
use domain::person::Profile;
use domain::role::Role;
use store::inbox::{Backlog, NewUpdate, PendingRow};
use store::{DatabaseUrl, Refusal, StoreOptions, dialogues, house, people, schema};
use telegram::ApiError;
use telegram::update::Undecodable;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::*;
use crate::backoff::SPREAD;
use crate::error::HandlerError;
use crate::inbox::intake::Arrival;
use crate::inbox::{Surplus, outside};

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
    /// It is too early for the next message to that chat.
    Held,
    /// Telegram has taken long to answer, and does answer.
    SlowCall,
    /// Waits until it is let go.
    WaitForGo,
}

/// Messages and taps that may wait in these tests.
const ROOM: usize = 3;

/// A handler that does as it is told and reports what it runs.
struct Actor {
    clock: TestClock,
    /// Updates in place of which people were told that there are too many, and those that somebody
    /// was asked to be excused for, by `update_id`.
    declined: Mutex<Vec<i64>>,
    apologized: Mutex<Vec<i64>>,
    /// Whether the next apology comes too early.
    apology_is_held: AtomicBool,
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
        if does == Does::SlowCall {
            outside(self.clock.sleep(S(60))).await;
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
            Does::Held => Err(held().into()),
            Does::Answer | Does::Hang | Does::WaitForGo | Does::SlowCall => Ok(()),
        }
    }

    fn room(&self, _: i64) -> usize {
        ROOM
    }

    fn surplus(&self, row: &Claimed) -> Surplus {
        match (row.kind.as_str(), row.json.as_deref()) {
            ("callback_query", _) => Surplus::Tap,
            (_, Some("command")) => Surplus::Needed,
            _ => Surplus::Plain,
        }
    }

    async fn decline(&self, row: &Claimed) -> Result<(), HandlerError> {
        self.declined.lock().unwrap().push(row.update_id);
        Ok(())
    }

    async fn apologize(&self, row: &Claimed) -> Result<(), HandlerError> {
        self.apologized.lock().unwrap().push(row.update_id);
        if self.apology_is_held.swap(false, Ordering::SeqCst) {
            return Err(held().into());
        }
        Ok(())
    }
}

fn held() -> ApiError {
    ApiError::Held {
        method: "sendMessage",
        wait: TimeDelta::milliseconds(700),
    }
}

fn undecodable() -> Undecodable {
    telegram::update::decode("{").expect_err("no JSON")
}

fn away() -> ApiError {
    ApiError::NoAnswer {
        method: "sendMessage",
        cause: "connection refused".to_owned(),
    }
}

/// A worker at work on a database of its own.
struct Bench {
    store: Store,
    clock: TestClock,
    actor: Arc<Actor>,
    ran: mpsc::UnboundedReceiver<i64>,
    arrivals: mpsc::UnboundedSender<Vec<Arrival>>,
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
            clock: clock.clone(),
            declined: Mutex::default(),
            apologized: Mutex::default(),
            apology_is_held: AtomicBool::default(),
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
        self.arrive_with(person, kind, "{}").await
    }

    async fn arrive_with(&mut self, person: i64, kind: &str, json: &str) -> i64 {
        let seq = self.store_only(person, kind, json).await;
        let kind = kind.to_owned();
        // Nobody listens before the worker is at work.
        let _ = self.arrivals.send(vec![Arrival { seq, person, kind }]);
        seq
    }

    /// As another process does: the worker is not told.
    async fn store_only(&mut self, person: i64, kind: &str, json: &str) -> i64 {
        let update = NewUpdate {
            bot_id: BotId(7),
            update_id: self.next_update,
            person,
            kind: kind.to_owned(),
            json: json.to_owned(),
            failure: None,
        };
        self.next_update += 1;
        let now = self.clock.now();
        let stored = self
            .store
            .write(async |tx| inbox::store_batch(tx, &[update], now).await)
            .await
            .unwrap();
        stored[0].seq
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

    /// The same for about so much time.
    async fn rests_then_passes_about(&self, length: TimeDelta) {
        let now = self.clock.now();
        let (least, most) = (length * (100 - SPREAD) / 100, length * (100 + SPREAD) / 100);
        let rests = |rows: &[PendingRow]| {
            let [row] = rows else { return None };
            let wait = row.next_try? - now;
            (row.claimed.is_none() && (least..=most).contains(&wait)).then_some(wait)
        };
        self.until(|_, rows| rests(rows).is_some()).await;
        let wait = rests(&self.rows().await).unwrap();
        self.clock.advance(wait);
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
        bench.rests_then_passes_about(S(seconds)).await;
        assert_eq!(bench.rows().await[0].attempts, 0);
    }
    bench.ran.recv().await;
    bench.tell(1, Does::Answer);
    bench.rests_then_passes_about(S(60)).await;
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
        bench.rests_then_passes_about(S(1)).await;
        bench.ran.recv().await;
        bench
            .until(|_, rows| rows[0].claimed.is_none() && rows[0].next_try > Some(bench.clock.now()))
            .await;
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

#[tokio::test]
async fn what_is_held_back_comes_again_exactly_then_and_does_not_wait_longer_for_it() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::Held);
    bench.arrive(1, "message").await;
    let exactly = TimeDelta::milliseconds(700);
    for _ in 0..3 {
        bench.ran.recv().await;
        bench.rests_then_passes(exactly).await;
    }
    bench.ran.recv().await;
    bench.tell(1, Does::Away);
    bench.rests_then_passes(exactly).await;
    bench.ran.recv().await;
    bench.rests_then_passes_about(S(1)).await;
    assert_eq!(bench.rows().await[0].attempts, 0);
}

#[tokio::test]
async fn the_time_that_telegram_takes_is_not_the_handlers() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::SlowCall);
    bench.arrive(1, "message").await;
    bench.ran.recv().await;
    for _ in 0..3 {
        bench.clock.advance(S(20));
        bench.backlog().await;
    }
    bench
        .until(|backlog, _| backlog.pending == 0 && backlog.dead == 0)
        .await;
}

#[tokio::test]
async fn each_dead_letter_of_a_person_is_excused_once() {
    let mut bench = Bench::at_work().await;
    bench.actor.apology_is_held.store(true, Ordering::SeqCst);
    bench.tell(1, Does::Panic);
    for kind in ["message", "callback_query", "chat_join_request"] {
        bench.arrive(1, kind).await;
        bench.ran.recv().await;
        bench.rests_then_passes(S(1)).await;
        bench.ran.recv().await;
        bench.rests_then_passes(S(5)).await;
        bench.ran.recv().await;
        bench.until(|backlog, _| backlog.pending == 0).await;
        if kind == "message" {
            // Its apology is held back and comes again; the next row waits for it.
            let wake = bench.clock.now() + TimeDelta::milliseconds(700);
            while bench.clock.next_wake() != Some(wake) {
                tokio::task::yield_now().await;
            }
            bench.clock.advance(TimeDelta::milliseconds(700));
        }
    }
    assert_eq!(bench.backlog().await.dead, 3);
    bench.tell(1, Does::Answer);
    bench.arrive(1, "message").await;
    bench.ran.recv().await;
    assert_eq!(*bench.actor.apologized.lock().unwrap(), [1, 1, 2]);
}

#[tokio::test]
async fn a_dead_letter_can_be_played_again() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::Undecodable);
    let seq = bench.arrive(1, "message").await;
    bench
        .until(|backlog, _| backlog.dead == 1 && backlog.pending == 0)
        .await;
    bench.tell(1, Does::Answer);
    let replayed = bench
        .store
        .write(async |tx| inbox::replay(tx, seq).await)
        .await
        .unwrap();
    assert!(replayed);
    // Nobody tells the worker; it goes over the whole table now and then.
    bench.clock.advance(LOOK_EVERY);
    bench
        .until(|backlog, _| backlog.dead == 0 && backlog.pending == 0)
        .await;
    assert!(
        bench.actor.apologized.lock().unwrap().is_empty(),
        "nobody knows whose it was"
    );
}

#[tokio::test]
async fn the_worker_looks_for_what_others_have_stored_when_it_is_told() {
    let mut bench = Bench::at_work().await;
    bench.arrive(1, "message").await;
    assert_eq!(bench.ran.recv().await, Some(1));
    bench.store_only(2, "message", "{}").await;
    bench.arrivals.send(Vec::new()).unwrap();
    assert_eq!(bench.ran.recv().await, Some(2));
}

#[tokio::test]
async fn rows_that_become_visible_late_are_found_all_the_same() {
    let mut bench = Bench::idle().await;
    // Stored by another process; this one hears of the second first.
    let late = bench.store_only(1, "message", "{}").await;
    let soon = bench.store_only(2, "message", "{}").await;
    let hide = async |bench: &Bench, is_hidden: bool| {
        let now = bench.clock.now();
        bench
            .store
            .write(async |tx| {
                if is_hidden {
                    let epoch = house::raise_epoch(tx, now).await?;
                    inbox::claim(tx, &[late], epoch, Run::Together).await?;
                    inbox::bury(tx, late, epoch, "hidden", now).await
                } else {
                    inbox::replay(tx, late).await
                }
            })
            .await
            .unwrap();
    };
    hide(&bench, true).await;
    bench.work().await;
    assert_eq!(bench.ran.recv().await, Some(2));
    hide(&bench, false).await;
    assert!(late < soon);
    bench.arrivals.send(Vec::new()).unwrap();
    assert_eq!(bench.ran.recv().await, Some(1));
}

#[tokio::test]
async fn who_sends_faster_than_can_be_answered_does_not_fill_the_inbox() {
    let mut bench = Bench::at_work().await;
    bench.tell(1, Does::WaitForGo);
    // Room for three; the rest is surplus.
    for _ in 1..=3 {
        bench.arrive(1, "message").await;
    }
    bench.ran.recv().await;
    for _ in 4..=6 {
        bench.arrive(1, "message").await;
    }
    bench.arrive(1, "callback_query").await;
    bench.arrive_with(1, "message", "command").await;
    bench.arrive(1, "chat_join_request").await;
    // Others are not concerned.
    bench.arrive(2, "message").await;
    assert_eq!(bench.ran.recv().await, Some(2));
    // Two plain messages are dropped and the tap is ended, while the first row still runs.
    let waiting = |rows: &[PendingRow]| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    bench.until(|_, rows| waiting(rows) == [1, 2, 3, 4, 8, 9]).await;
    assert_eq!(*bench.actor.declined.lock().unwrap(), [7], "the tap");
    for _ in 0..2 {
        bench.actor.go.notify_one();
        bench.ran.recv().await;
    }
    bench.tell(1, Does::Answer);
    bench.actor.go.notify_one();
    bench
        .until(|backlog, _| backlog.pending == 0 && backlog.dead == 0)
        .await;
    assert_eq!(
        *bench.actor.declined.lock().unwrap(),
        [7, 4],
        "one notice, in its turn"
    );
    // The command and the request ran.
    assert_eq!(bench.ran.recv().await, Some(1));
    assert_eq!(bench.ran.recv().await, Some(1));
    assert!(bench.ran.try_recv().is_err());

    // Later on there is room again.
    bench.arrive(1, "message").await;
    assert_eq!(bench.ran.recv().await, Some(1));
}

#[tokio::test]
async fn a_flood_that_was_stored_before_the_start_is_bounded_too() {
    let mut bench = Bench::idle().await;
    for _ in 0..200 {
        bench.store_only(1, "message", "{}").await;
    }
    bench.work().await;
    bench.until(|backlog, _| backlog.pending == 0).await;
    let mut ran = 0;
    while bench.ran.try_recv().is_ok() {
        ran += 1;
    }
    // Whoever comes when there is room again is served.
    assert!((ROOM..200).contains(&ran), "{ran}");
    assert!(!bench.actor.declined.lock().unwrap().is_empty());
}

#[tokio::test]
async fn dialogues_that_are_over_for_long_are_swept() {
    let bench = Bench::at_work().await;
    let now = bench.clock.now();
    let user = UserId(5);
    let dialogue = dialogues::Dialogue {
        kind: "k".to_owned(),
        step: "s".to_owned(),
        draft: String::new(),
        message_id: None,
        expires_at: now,
    };
    bench
        .store
        .write(async |tx| {
            let profile = Profile::new(user, "Inés", None, None);
            people::insert_if_absent(tx, &profile, Role::Free, now).await?;
            dialogues::begin(tx, user, &dialogue, now).await
        })
        .await
        .unwrap();
    let known = async || people::known(&bench.store.read(), user).await.unwrap().unwrap();
    assert_eq!(known().await.dialogue_until, Some(now));
    bench.clock.advance(dialogues::KEPT);
    while known().await.dialogue_until.is_some() {
        bench.clock.advance(SWEEP_EVERY);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_panic_a_hang_and_a_refused_statement_hold_up_nobody_and_can_be_played_again() {
    let mut bench = Bench::at_work().await;
    let culprits = [(1, Does::Panic), (2, Does::Hang), (3, Does::Refused)];
    let mut seqs = Vec::new();
    for (person, does) in culprits {
        bench.tell(person, does);
        seqs.push(bench.arrive(person, "message").await);
    }
    let mut runs = HashMap::<i64, u32>::new();
    for other in 100..300 {
        if bench.backlog().await.dead == 3 {
            break;
        }
        // Somebody else is served, and no time passes for it.
        bench.arrive(other, "message").await;
        loop {
            let person = bench.ran.recv().await.expect("the worker works");
            if person == other {
                break;
            }
            *runs.entry(person).or_default() += 1;
        }
        bench.clock.advance(S(1));
    }
    assert_eq!(bench.backlog().await.dead, 3);
    assert_eq!(runs, HashMap::from([(1, 3), (2, 3), (3, 3)]));

    for (person, _) in culprits {
        bench.tell(person, Does::Answer);
    }
    bench
        .store
        .write(async |tx| {
            for seq in seqs {
                assert!(inbox::replay(tx, seq).await?);
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    bench.arrivals.send(Vec::new()).unwrap();
    bench
        .until(|backlog, _| backlog.dead == 0 && backlog.pending == 0)
        .await;
}
