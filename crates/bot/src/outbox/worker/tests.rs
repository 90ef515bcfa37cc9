//! The worker with kinds of every policy and an executor that fails in every way there is.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Mutex;

use domain::clock::TestClock;
use store::outbox::{NewRow, OutboxBacklog};
use store::{DatabaseUrl, StoreOptions, Tx, house, schema};
use telegram::ApiError;
use telegram::error::Refusal;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use super::super::policy::{Order, Then};
use super::*;
use crate::error::Failure;

const S: fn(i64) -> TimeDelta = TimeDelta::seconds;

/// How a try of a row ends.
#[derive(Clone, Debug)]
enum Does {
    Sends,
    Refused(u16, &'static str),
    Held(TimeDelta),
    NoAnswer,
    Unreached,
    Panics,
    /// Telegram does it, and then the worker is cut off.
    Hangs,
    /// Waits until it is let go.
    WaitsForGo,
}

/// Does as it is told, by the payload of the row; then sends.
#[derive(Default)]
struct Actor {
    does: Mutex<HashMap<String, VecDeque<Does>>>,
    /// What Telegram has done, by payload.
    done: Mutex<Vec<String>>,
    tries: Mutex<Option<mpsc::UnboundedSender<String>>>,
    /// What the hook was told.
    recorded: Mutex<Vec<(String, String)>>,
    record_refuses: Mutex<bool>,
    go: Notify,
}

const PLAIN: Policy = Policy {
    order: Order::Chat,
    lane: None,
    unknown: Unknown::Repeat,
    try_for: None,
    gone: Then::Finish,
    no_rights: Then::Wait(TimeDelta::minutes(10)),
    bad: Then::Bury,
    beside_other_program: false,
};

impl Executor for Arc<Actor> {
    fn table(&self) -> Vec<(&'static str, Policy)> {
        let once = Policy {
            unknown: Unknown::NeverRepeat,
            gone: Then::Bury,
            ..PLAIN
        };
        let alarm = Policy {
            beside_other_program: true,
            ..PLAIN
        };
        let short = Policy {
            try_for: Some(S(100)),
            ..PLAIN
        };
        let short_once = Policy {
            try_for: Some(S(100)),
            ..once
        };
        vec![
            ("repeated", PLAIN),
            ("once", once),
            ("alarm", alarm),
            ("short", short),
            ("short_once", short_once),
        ]
    }

    async fn execute(&self, row: &OutboxRow) -> Result<Option<String>, HandlerError> {
        let payload = row.payload.clone();
        if let Some(tries) = &*self.tries.lock().unwrap() {
            let _ = tries.send(payload.clone());
        }
        let does = self
            .does
            .lock()
            .unwrap()
            .get_mut(&payload)
            .and_then(VecDeque::pop_front);
        let method = "sendMessage";
        let cause = || "as told".to_owned();
        let done = || self.done.lock().unwrap().push(payload.clone());
        match does.unwrap_or(Does::Sends) {
            Does::Sends => {
                done();
                Ok(Some("{\"message\":7}".to_owned()))
            }
            Does::Refused(code, description) => Err(refused(code, description).into()),
            Does::Held(wait) => Err(ApiError::Held { method, wait }.into()),
            Does::NoAnswer => {
                done();
                let cause = cause();
                Err(ApiError::NoAnswer { method, cause }.into())
            }
            Does::Unreached => {
                let cause = cause();
                Err(ApiError::Unreached { method, cause }.into())
            }
            Does::Panics => panic!("as told"),
            Does::Hangs => {
                done();
                pending().await
            }
            Does::WaitsForGo => {
                self.go.notified().await;
                done();
                Ok(None)
            }
        }
    }

    async fn record(&self, _: &Tx, row: &OutboxRow, outcome: &Outcome) -> Result<(), HandlerError> {
        if *self.record_refuses.lock().unwrap() {
            return Err(StoreError::Spoiled.into());
        }
        let what = match outcome {
            Outcome::Done(_) => "done",
            Outcome::Failed(_) => "failed",
            Outcome::Unknown => "unknown",
            Outcome::Panicked => "panicked",
        };
        let mut recorded = self.recorded.lock().unwrap();
        recorded.push((row.payload.clone(), what.to_owned()));
        Ok(())
    }

    fn ended(&self, _: &OutboxRow) {}
}

fn refused(code: u16, description: &str) -> ApiError {
    ApiError::Refused {
        method: "sendMessage",
        refusal: Refusal {
            code,
            description: description.to_owned(),
            retry_after: (code == 429).then_some(S(7)),
            migrate_to_chat_id: None,
        },
    }
}

struct Bench {
    store: Store,
    clock: TestClock,
    actor: Arc<Actor>,
    tries: mpsc::UnboundedReceiver<String>,
    bell: Bell,
    gate: Gate,
    stop: CancellationToken,
    cut: CancellationToken,
    worker: Option<JoinHandle<()>>,
}

impl Bench {
    async fn idle() -> Self {
        let store = Store::open(&DatabaseUrl::memory(), &StoreOptions::default())
            .await
            .unwrap();
        let clock = TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).unwrap());
        schema::up(&store, None, clock.now()).await.unwrap();
        let (sender, tries) = mpsc::unbounded_channel();
        let actor = Arc::new(Actor::default());
        *actor.tries.lock().unwrap() = Some(sender);
        Self {
            store,
            clock,
            actor,
            tries,
            bell: Bell::default(),
            gate: Gate::default(),
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            worker: None,
        }
    }

    async fn at_work() -> Self {
        let mut bench = Self::idle().await;
        bench.works().await;
        bench
    }

    async fn works(&mut self) {
        self.stop = CancellationToken::new();
        self.cut = CancellationToken::new();
        let epoch = self.raise_epoch().await;
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let worker = OutboxWorker::with(Desk {
            store: self.store.clone(),
            clock,
            executor: Arc::new(self.actor.clone()),
            epoch,
            backoff: Backoff::seeded(1),
            metrics: Arc::new(Metrics::new("")),
        });
        let run = worker.run(
            self.bell.clone(),
            self.gate.clone(),
            self.stop.clone(),
            self.cut.clone(),
        );
        self.worker = Some(tokio::spawn(run));
    }

    async fn raise_epoch(&self) -> i64 {
        let now = self.clock.now();
        self.store
            .write(async |tx| house::raise_epoch(tx, now).await)
            .await
            .unwrap()
    }

    /// As a crash does: nothing is given back.
    async fn dies(&mut self) {
        let worker = self.worker.take().expect("at work");
        worker.abort();
        assert!(worker.await.unwrap_err().is_cancelled());
    }

    async fn stops(&mut self) {
        self.stop.cancel();
        self.cut.cancel();
        self.worker.take().expect("at work").await.unwrap();
    }

    fn tell(&self, payload: &str, does: impl IntoIterator<Item = Does>) {
        let does = does.into_iter().collect();
        self.actor.does.lock().unwrap().insert(payload.to_owned(), does);
    }

    async fn add(&self, kind: &str, sequence: &str, payload: &str) -> i64 {
        let row = NewRow {
            kind,
            sequence,
            after: None,
            person: None,
            payload,
            not_before: None,
            ends_at: None,
        };
        let now = self.clock.now();
        let id = self
            .store
            .write(async |tx| outbox::enqueue(tx, &row, now).await)
            .await
            .unwrap();
        self.bell.ring();
        id
    }

    async fn row(&self, id: i64) -> OutboxRow {
        outbox::find(&self.store.read(), id).await.unwrap().unwrap()
    }

    async fn until(&self, id: i64, wanted: impl Fn(&OutboxRow) -> bool) -> OutboxRow {
        let looking = async {
            loop {
                let row = self.row(id).await;
                if wanted(&row) {
                    return row;
                }
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(std::time::Duration::from_secs(20), looking).await;
        match found {
            Ok(row) => row,
            Err(_) => panic!("{:?}", self.row(id).await),
        }
    }

    async fn ends(&self, id: i64) -> OutboxRow {
        self.until(id, |row| !row.is_pending()).await
    }

    /// Waits until the row rests, tells for how long, and lets that time pass.
    async fn rests(&self, id: i64) -> TimeDelta {
        let now = self.clock.now();
        let row = self
            .until(id, |row| row.claimed.is_none() && row.next_try > Some(now))
            .await;
        let wait = row.next_try.unwrap() - now;
        self.clock.advance(wait);
        wait
    }

    async fn backlog(&self) -> OutboxBacklog {
        outbox::backlog(&self.store.read()).await.unwrap()
    }

    fn done(&self, payload: &str) -> usize {
        let done = self.actor.done.lock().unwrap();
        done.iter().filter(|done| *done == payload).count()
    }

    fn recorded(&self) -> Vec<(String, String)> {
        self.actor.recorded.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_sequence_goes_out_in_order_and_holds_up_no_other() {
    let mut bench = Bench::idle().await;
    bench.tell("a1", [Does::WaitsForGo]);
    let a1 = bench.add("repeated", "a", "a1").await;
    let a2 = bench.add("repeated", "a", "a2").await;
    let b1 = bench.add("repeated", "b", "b1").await;
    bench.works().await;
    bench.ends(b1).await;
    assert!(bench.row(a1).await.claimed.is_some());
    assert_eq!(bench.row(a2).await.claimed, None);
    bench.actor.go.notify_one();
    bench.ends(a2).await;
    let done = bench.actor.done.lock().unwrap().clone();
    assert_eq!(done, ["b1", "a1", "a2"]);
    let row = bench.row(b1).await;
    assert_eq!(row.result.as_deref(), Some("{\"message\":7}"));
    assert_eq!(bench.backlog().await.pending, 0);
}

#[tokio::test]
async fn what_must_wait_waits_exactly_and_what_fails_waits_longer_each_time() {
    let bench = Bench::at_work().await;
    let held = TimeDelta::milliseconds(40);
    bench.tell(
        "a",
        [
            Does::Held(held),
            Does::Refused(429, "Too Many Requests: retry after 7"),
            Does::Unreached,
            Does::Held(held),
            Does::Refused(502, "Bad Gateway"),
            Does::Refused(409, "Conflict: terminated by other getUpdates request"),
        ],
    );
    let id = bench.add("once", "a", "a").await;
    assert_eq!(bench.rests(id).await, held);
    assert_eq!(bench.rests(id).await, TimeDelta::milliseconds(7_100));
    for seconds in [1, 0, 2, 4] {
        let wait = bench.rests(id).await;
        if seconds == 0 {
            assert_eq!(wait, held, "it was held back and does not wait longer for that");
        } else {
            let (least, most) = (S(seconds) * 8 / 10, S(seconds) * 12 / 10);
            assert!((least..=most).contains(&wait), "{wait}");
        }
    }
    let row = bench.ends(id).await;
    assert_eq!(
        (row.attempts, row.unknown),
        (0, false),
        "none of it was its fault"
    );
    assert_eq!(bench.done("a"), 1);
    assert_eq!(bench.recorded(), [("a".to_owned(), "done".to_owned())]);
}

#[tokio::test]
async fn refusals_end_as_the_table_says() {
    let bench = Bench::at_work().await;
    let blocked = Does::Refused(403, "Forbidden: bot was blocked by the user");
    let wrong = Does::Refused(400, "Bad Request: chat_id is empty");
    bench.tell("gone", [blocked.clone()]);
    bench.tell("gone for good", [blocked]);
    bench.tell("bad", [wrong]);
    bench.tell(
        "no rights",
        [Does::Refused(400, "Bad Request: not enough rights")],
    );
    bench.tell(
        "there already",
        [Does::Refused(400, "Bad Request: message is not modified")],
    );
    let gone = bench.add("repeated", "a", "gone").await;
    let buried = bench.add("once", "b", "gone for good").await;
    let bad = bench.add("repeated", "c", "bad").await;
    let no_rights = bench.add("repeated", "d", "no rights").await;
    let there = bench.add("repeated", "e", "there already").await;

    let row = bench.ends(gone).await;
    assert!(row.done_at.is_some());
    assert_eq!(row.result.as_deref(), Some("{\"refused\":\"Blocked\"}"));
    let row = bench.ends(buried).await;
    assert!(row.dead_at.is_some() && !row.unknown);
    assert_eq!(row.failure.as_deref(), Some("Blocked"));
    assert_eq!(bench.ends(bad).await.failure.as_deref(), Some("Wrong"));
    assert!(bench.ends(there).await.done_at.is_some());
    assert_eq!(bench.rests(no_rights).await, TimeDelta::minutes(10));
    assert!(bench.ends(no_rights).await.done_at.is_some());

    let listed = outbox::listed(&bench.store.read(), 9).await.unwrap();
    assert_eq!(listed.len(), 2, "dead letters are visible");
    assert_eq!(bench.backlog().await.dead, 2);
    assert_eq!(bench.recorded().len(), 5, "each end is recorded once");
}

#[tokio::test]
async fn an_answer_that_did_not_come_follows_the_policy() {
    let bench = Bench::at_work().await;
    for kind in ["repeated", "once"] {
        bench.tell(kind, [Does::NoAnswer]);
        let id = bench.add(kind, kind, kind).await;
        let row = match kind {
            "once" => bench.ends(id).await,
            _ => {
                bench.rests(id).await;
                bench.ends(id).await
            }
        };
        let (times, is_dead) = match kind {
            "repeated" => (2, false),
            "once" => (1, true),
            _ => (1, false),
        };
        assert_eq!(
            (bench.done(kind), row.dead_at.is_some()),
            (times, is_dead),
            "{kind}"
        );
        assert_eq!(row.unknown, is_dead, "{kind}");
    }
    let backlog = bench.backlog().await;
    assert_eq!((backlog.dead, backlog.unknown), (0, 1), "it is listed apart");
}

#[tokio::test]
async fn a_crash_leaves_what_was_in_hand_to_the_policy() {
    // In hand at the crash: before Telegram had done it, or after.
    for was_done in [false, true] {
        for kind in ["repeated", "once"] {
            let mut bench = Bench::at_work().await;
            let does = if was_done { Does::Hangs } else { Does::WaitsForGo };
            bench.tell(kind, [does]);
            let id = bench.add(kind, "a", kind).await;
            let behind = bench.add("repeated", "a", "behind").await;
            assert_eq!(bench.tries.recv().await.as_deref(), Some(kind));
            bench.dies().await;
            bench.works().await;
            let row = bench.ends(id).await;
            bench.ends(behind).await;
            let (times, is_dead) = match (kind, was_done) {
                ("repeated", false) => (1, false),
                ("repeated", true) => (2, false),
                _ => (usize::from(was_done), true),
            };
            let what = format!("{kind}, done before: {was_done}");
            assert_eq!(
                (bench.done(kind), row.dead_at.is_some()),
                (times, is_dead),
                "{what}"
            );
            assert_eq!(bench.done("behind"), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_stop_lets_calls_end_and_what_is_cut_off_is_unknown() {
    let mut bench = Bench::at_work().await;
    bench.tell("slow", [Does::WaitsForGo]);
    bench.tell("hangs", [Does::Hangs]);
    let slow = bench.add("once", "a", "slow").await;
    let hangs = bench.add("once", "b", "hangs").await;
    bench.tries.recv().await;
    bench.tries.recv().await;
    bench.stop.cancel();
    bench.actor.go.notify_one();
    bench.ends(slow).await;
    // Nothing new is begun.
    let late = bench.add("once", "c", "late").await;
    bench.stops().await;
    let row = bench.row(hangs).await;
    assert!(row.is_pending() && row.claimed.is_none() && row.unknown);
    let row = bench.row(late).await;
    assert!(row.is_pending() && row.claimed.is_none() && !row.unknown);
    bench.works().await;
    assert!(bench.ends(late).await.done_at.is_some());
    assert!(
        bench.ends(hangs).await.dead_at.is_some(),
        "it is never done twice"
    );
    assert_eq!(bench.done("hangs"), 1);
}

#[tokio::test]
async fn own_faults_make_a_dead_letter_of_the_third() {
    let bench = Bench::at_work().await;
    bench.tell("a", [Does::Panics, Does::Panics, Does::Panics]);
    let id = bench.add("repeated", "a", "a").await;
    let behind = bench.add("repeated", "a", "behind").await;
    assert_eq!(bench.rests(id).await, S(1));
    assert_eq!(bench.rests(id).await, S(5));
    let row = bench.ends(id).await;
    assert_eq!(row.failure.as_deref(), Some(Failure::Panic.label()));
    assert!(bench.ends(behind).await.done_at.is_some());
    // How far it got before it panicked, nobody knows.
    bench.tell("b", [Does::Panics]);
    let once = bench.add("once", "b", "b").await;
    assert!(bench.ends(once).await.unknown);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_a_dead_letter_and_not_done_again() {
    let bench = Bench::at_work().await;
    *bench.actor.record_refuses.lock().unwrap() = true;
    let id = bench.add("repeated", "a", "a").await;
    let row = bench.ends(id).await;
    assert!(row.failure.unwrap().starts_with("not recorded"));
    assert_eq!(bench.done("a"), 1);
}

#[tokio::test]
async fn what_hangs_is_of_unknown_outcome_after_a_minute() {
    let mut bench = Bench::at_work().await;
    bench.tell("a", [Does::Hangs]);
    let id = bench.add("once", "a", "a").await;
    bench.tries.recv().await;
    bench.clock.advance(S(60));
    assert!(bench.ends(id).await.unknown);
}

#[tokio::test]
async fn what_cannot_be_sent_in_time_is_given_up() {
    let bench = Bench::at_work().await;
    let away = || std::iter::repeat_n(Does::Unreached, 20);
    bench.tell("short", away());
    let id = bench.add("short", "a", "short").await;
    let mut waited = TimeDelta::zero();
    let row = loop {
        let row = bench
            .until(id, |row| {
                !row.is_pending() || (row.claimed.is_none() && row.next_try > Some(bench.clock.now()))
            })
            .await;
        if !row.is_pending() {
            break row;
        }
        waited += bench.rests(id).await;
    };
    assert!(waited <= S(100), "{waited}");
    assert!(row.dead_at.is_some() && !row.unknown);
    assert_eq!(bench.done("short"), 0);
}

#[tokio::test]
async fn while_the_gate_is_closed_only_what_is_marked_goes_out() {
    let bench = Bench::idle().await;
    bench.gate.close(true);
    let mut bench = bench;
    let held = bench.add("repeated", "a", "held").await;
    bench.works().await;
    let alarm = bench.add("alarm", "b", "alarm").await;
    bench.ends(alarm).await;
    assert!(bench.row(held).await.is_pending());
    assert_eq!(bench.done("held"), 0);
    bench.gate.close(false);
    bench.bell.ring();
    bench.ends(held).await;
}

#[tokio::test]
async fn rows_of_unknown_kinds_stay_where_they_are() {
    let bench = Bench::at_work().await;
    let strange = bench.add("of tomorrow", "a", "strange").await;
    let known = bench.add("repeated", "b", "known").await;
    bench.ends(known).await;
    let row = bench.row(strange).await;
    assert!(row.is_pending() && row.claimed.is_none());
}

#[tokio::test]
async fn a_worker_whose_epoch_is_over_changes_nothing() {
    let mut bench = Bench::at_work().await;
    bench.tell("a", [Does::WaitsForGo]);
    let id = bench.add("repeated", "a", "a").await;
    bench.tries.recv().await;
    let newer = bench.raise_epoch().await;
    let recovered = bench
        .store
        .write(async |tx| outbox::recover(tx, newer, DateTime::UNIX_EPOCH).await)
        .await
        .unwrap();
    assert_eq!(recovered.len(), 1);
    bench.actor.go.notify_one();
    let late = bench.add("repeated", "b", "late").await;
    bench.stop.cancel();
    bench.worker.take().unwrap().await.unwrap();
    let row = bench.row(id).await;
    assert!(row.is_pending() && row.unknown && row.claimed.is_none());
    assert!(bench.row(late).await.is_pending(), "it claims nothing any more");
    assert_eq!(bench.recorded(), []);
}
