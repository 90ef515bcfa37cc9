//! The queue of the Free channel.

use domain::clock::Timestamp;
use domain::id::{RequestId, UserId};

use super::{
    Kind, add_people, at_once, breaks_a_foreign_key, held_up, later, now, on, on_every_database,
    on_every_store, run_sql, spelled,
};
use crate::requests::{self, PendingRequest};
use crate::{Dialect, Store, StoreError};

const COLUMNS: [&str; 4] = ["user_id", "request_date", "processed", "processed_at"];

async fn add(store: &Store, user: i64, now: Timestamp) -> Result<bool, StoreError> {
    store
        .write(async |tx| requests::add(tx, UserId(user), now).await)
        .await
}

async fn close(store: &Store, id: RequestId) -> bool {
    let closed = store.write(async |tx| requests::close(tx, id, later(600)).await);
    closed.await.unwrap()
}

async fn pending(store: &Store, limit: u64) -> Vec<PendingRequest> {
    requests::pending(&store.read(), limit).await.unwrap()
}

async fn waiting(store: &Store, limit: u64) -> Vec<(i64, Timestamp)> {
    let place = |request: PendingRequest| (request.user.0, request.requested_at);
    pending(store, limit).await.into_iter().map(place).collect()
}

#[test]
fn whoever_asks_again_keeps_their_place() {
    on_every_store(async |store| {
        add_people(&store, [1, 2, 3]).await;
        assert_eq!(add(&store, 2, later(20)).await, Ok(true));
        assert_eq!(add(&store, 1, later(10)).await, Ok(true));
        assert_eq!(add(&store, 3, later(20)).await, Ok(true));
        assert_eq!(add(&store, 1, later(30)).await, Ok(false));
        let places = [(1, later(10)), (2, later(20)), (3, later(20))];
        assert_eq!(waiting(&store, 10).await, places, "the oldest first");
        assert_eq!(waiting(&store, 2).await, places[..2]);
    });
}

#[test]
fn a_request_ends_once_and_may_be_made_anew() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        assert_eq!(add(&store, 1, now()).await, Ok(true));
        let first = pending(&store, 10).await[0].id;
        assert!(close(&store, first).await);
        assert!(!close(&store, first).await);
        assert!(!close(&store, RequestId(999)).await, "there is none");
        assert_eq!(waiting(&store, 10).await, []);

        assert_eq!(add(&store, 1, later(700)).await, Ok(true));
        assert_eq!(waiting(&store, 10).await, [(1, later(700))]);
        assert_ne!(pending(&store, 10).await[0].id, first);
    });
}

#[test]
fn several_rows_of_an_old_database_stay_as_they_are() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        run_sql(
            &store,
            "INSERT INTO free_channel_requests VALUES (101, 1, '2026-01-02 03:04:06.000000', false, NULL);
             INSERT INTO free_channel_requests VALUES (102, 1, '2026-01-02 03:04:05.000000', false, NULL);
             INSERT INTO free_channel_requests VALUES (103, 1, '2026-01-02 03:04:04.000000', true, NULL);",
        )
        .await;
        assert_eq!(add(&store, 1, now()).await, Ok(false));
        let ids: Vec<_> = pending(&store, 10).await.into_iter().map(|r| r.id.0).collect();
        assert_eq!(ids, [102, 101]);
    });
}

#[test]
fn a_stranger_is_refused() {
    on_every_store(async |store| {
        let refused = add(&store, 1, now()).await.unwrap_err();
        assert!(breaks_a_foreign_key(&refused), "{refused:?}");
    });
}

#[test]
fn the_same_person_many_times_at_once_waits_once() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let other = match database.kind {
            Kind::Memory => store.clone(),
            Kind::File | Kind::Postgres => database.open().await,
        };
        add_people(&store, [0, 1]).await;
        let told = at_once(|number| {
            let store = if number % 2 == 0 { &store } else { &other }.clone();
            async move { add(&store, number / 2 % 2, now()).await.unwrap() }
        })
        .await;
        assert_eq!(told.into_iter().filter(|added| *added).count(), 2);
        let mut people: Vec<_> = pending(&store, 10).await.into_iter().map(|r| r.user.0).collect();
        people.sort_unstable();
        assert_eq!(people, [0, 1]);
    });
}

#[test]
fn the_second_of_two_at_once_waits_for_the_first() {
    for committed in [true, false] {
        on([Kind::Postgres], async |database| {
            let store = database.migrated().await;
            add_people(&store, [1, 2]).await;
            let first = store.begin().await.unwrap();
            assert_eq!(requests::add(&first, UserId(1), later(1)).await, Ok(true));
            assert_eq!(add(&store, 2, now()).await, Ok(true), "nobody else is held up");
            let second = tokio::spawn({
                let store = store.clone();
                async move { add(&store, 1, later(2)).await }
            });
            assert!(held_up(&store, &second).await);
            if committed {
                first.commit().await.unwrap();
            } else {
                drop(first);
            }
            assert_eq!(second.await.unwrap(), Ok(!committed));
            let since = later(if committed { 1 } else { 2 });
            assert_eq!(waiting(&store, 10).await, [(2, now()), (1, since)]);
        });
    }
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        assert_eq!(add(&store, 1, now()).await, Ok(true));
        assert!(close(&store, pending(&store, 1).await[0].id).await);
        assert_eq!(add(&store, 2, later(1)).await, Ok(true));
        let expected = match store.dialect() {
            Dialect::Sqlite => [
                "1 '2026-09-21 14:13:20.000000' 1 '2026-09-21 14:23:20.000000'",
                "2 '2026-09-21 14:13:21.000000' 0 NULL",
            ],
            Dialect::Postgres => [
                "'1' '2026-09-21 14:13:20' 'true' '2026-09-21 14:23:20'",
                "'2' '2026-09-21 14:13:21' 'false' NULL",
            ],
        };
        assert_eq!(spelled(&store, "free_channel_requests", &COLUMNS).await, expected);
    });
}
