//! What custodians are asked to confirm.

use domain::id::UserId;

use super::outbox::changed;
use super::{at_once, later, now, on_every_store};
use crate::Store;
use crate::confirmations::{self, Consumption};

const CUSTODIAN: UserId = UserId(9);
const ACTION: &str = "{\"plan\":3}";

async fn open(store: &Store) -> i64 {
    changed(store, async |tx| {
        confirmations::open(tx, CUSTODIAN, ACTION, later(60), now()).await
    })
    .await
}

async fn consume(store: &Store, id: i64, user: UserId, seconds: i64) -> Consumption {
    changed(store, async |tx| {
        confirmations::consume(tx, id, user, later(seconds)).await
    })
    .await
}

fn before(result: Option<&str>) -> Consumption {
    Consumption::Before {
        action: ACTION.to_owned(),
        result: result.map(str::to_owned),
    }
}

#[test]
fn a_question_is_consumed_once_and_shows_its_result() {
    on_every_store(async |store| {
        let id = open(&store).await;
        let result = async |text: &'static str| {
            changed(&store, async |tx| confirmations::set_result(tx, id, text).await).await
        };
        assert!(!result("early").await);
        let found = async || confirmations::find(&store.read(), id, CUSTODIAN).await.unwrap();
        assert!(found().await.is_some_and(|question| !question.consumed));
        assert_eq!(confirmations::find(&store.read(), id, UserId(8)).await, Ok(None));
        assert_eq!(
            consume(&store, id, UserId(8), 1).await,
            Consumption::Unknown,
            "not theirs"
        );
        assert_eq!(consume(&store, 999, CUSTODIAN, 1).await, Consumption::Unknown);
        assert_eq!(
            consume(&store, id, CUSTODIAN, 60).await,
            Consumption::Now(ACTION.to_owned())
        );
        assert_eq!(consume(&store, id, CUSTODIAN, 60).await, before(None));
        assert!(result("{\"token\":5}").await);
        assert!(!result("other").await);
        assert_eq!(
            consume(&store, id, CUSTODIAN, 999).await,
            before(Some("{\"token\":5}"))
        );
        assert!(open(&store).await > id);
    });
}

#[test]
fn after_its_time_nothing_is_done() {
    on_every_store(async |store| {
        let id = open(&store).await;
        assert_eq!(consume(&store, id, CUSTODIAN, 61).await, Consumption::Expired);
        assert_eq!(
            consume(&store, id, CUSTODIAN, 60).await,
            Consumption::Now(ACTION.to_owned())
        );
    });
}

#[test]
fn of_many_taps_one_counts() {
    on_every_store(async |store| {
        let id = open(&store).await;
        let told = at_once(|_| {
            let store = store.clone();
            async move { consume(&store, id, CUSTODIAN, 1).await }
        })
        .await;
        let counted = told.iter().filter(|told| matches!(told, Consumption::Now(_)));
        assert_eq!(counted.count(), 1);
        assert_eq!(told.iter().filter(|told| **told == before(None)).count(), 7);
    });
}
