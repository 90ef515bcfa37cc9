use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::DateTime;
use domain::clock::TestClock;
use serde_json::{Value, json};

use super::*;
use crate::fake::{FakeApi, token};
use crate::limiter::Rates;

/// Keeps what it is given, after having been away for a while.
#[derive(Default)]
struct Shelf {
    kept: Mutex<Vec<i64>>,
    refusals: AtomicU32,
}

impl Intake for Shelf {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        let left = self.refusals.load(Ordering::SeqCst);
        if left > 0 {
            self.refusals.store(left - 1, Ordering::SeqCst);
            return Err(IntakeAway);
        }
        let ids = batch.iter().map(|envelope| envelope.update_id);
        self.kept.lock().unwrap().extend(ids);
        Ok(())
    }
}

/// A poller before a Bot API that answers as told.
struct Bench {
    api: FakeApi,
    clock: TestClock,
    shelf: Arc<Shelf>,
    contact: watch::Receiver<Contact>,
    poller: Poller<Shelf>,
}

impl Bench {
    async fn new() -> Self {
        let api = FakeApi::start().await;
        let clock = TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).expect("in range"));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let gateway = Gateway::new(&api.address, &token(), shared.clone(), Rates::default()).expect("TLS");
        let shelf = Arc::new(Shelf::default());
        let poller = Poller::new(gateway, shelf.clone(), shared);
        Self {
            api,
            clock,
            shelf,
            contact: poller.contact(),
            poller,
        }
    }

    /// Polls until somebody sleeps on the clock; returns until when, in ms from now.
    async fn polls_until_it_rests(&self) -> i64 {
        let resting = async {
            loop {
                if let Some(at) = self.clock.next_wake() {
                    return (at - self.clock.now()).num_milliseconds();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = self.poller.poll() => unreachable!("polling does not end by itself"),
            rest = resting => rest,
        }
    }

    fn offsets(&self) -> Vec<Value> {
        let calls = self.api.calls();
        calls
            .into_iter()
            .map(|(_, params)| params["offset"].clone())
            .collect()
    }
}

fn update(id: i64) -> Value {
    json!({ "update_id": id, "message": { "from": { "id": 42 } } })
}

#[tokio::test]
async fn why_a_poll_failed() {
    let cases = [
        (401, "Unauthorized", Trouble::Unauthorized),
        (404, "Not Found", Trouble::Unauthorized),
        (
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            Trouble::OtherPoller,
        ),
        (
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            Trouble::WebhookSet,
        ),
        (
            409,
            "Conflict: terminated by setWebhook request",
            Trouble::WebhookSet,
        ),
        (500, "Internal Server Error: restart", Trouble::Away),
    ];
    for (code, description, trouble) in cases {
        let bench = Bench::new().await;
        bench.api.refuses(code, description);
        assert_eq!(bench.polls_until_it_rests().await, 1_000, "{description}");
        let contact = *bench.contact.borrow();
        assert_eq!((contact.last_success, contact.trouble), (None, Some(trouble)));
    }
}

#[tokio::test]
async fn what_telegram_asks_to_wait_is_waited() {
    let bench = Bench::new().await;
    bench.api.floods(7);
    assert_eq!(bench.polls_until_it_rests().await, 7_100);
    assert_eq!(bench.contact.borrow().trouble, Some(Trouble::Away));
}

#[tokio::test]
async fn what_was_kept_is_confirmed_and_not_before() {
    let bench = Bench::new().await;
    bench.api.grants(json!([update(5), update(6)]));
    bench.api.grants(json!([]));
    bench.api.refuses(500, "Internal Server Error: restart");
    bench.polls_until_it_rests().await;
    assert_eq!(bench.offsets(), [Value::Null, json!(7), json!(7)]);
    assert_eq!(*bench.shelf.kept.lock().unwrap(), [5, 6]);
    let contact = *bench.contact.borrow();
    assert_eq!(contact.last_success, Some(bench.clock.now()));

    let bench = Bench::new().await;
    bench.shelf.refusals.store(1, Ordering::SeqCst);
    bench.api.grants(json!([update(5)]));
    assert_eq!(bench.polls_until_it_rests().await, 1_000, "the store is away");
    assert_eq!(bench.offsets(), [Value::Null]);
    assert_eq!(*bench.shelf.kept.lock().unwrap(), [0i64; 0]);
}

#[tokio::test]
async fn a_damaged_update_does_not_hold_up_the_others() {
    let bench = Bench::new().await;
    bench
        .api
        .grants(json!([update(5), { "message": {} }, update(8), "nonsense"]));
    bench.api.refuses(500, "Internal Server Error: restart");
    bench.polls_until_it_rests().await;
    assert_eq!(bench.offsets(), [Value::Null, json!(9)]);
    assert_eq!(*bench.shelf.kept.lock().unwrap(), [5, 8]);
}
