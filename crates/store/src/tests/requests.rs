//! The queue of the Free channel.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::{ChatId, RequestId, UserId};
use domain::queue::{QueueReply, REPEAT_WINDOW, RequestOutcome};

use super::outbox::changed;
use super::{
    Kind, add_people, at_once, breaks_a_foreign_key, held_up, later, lines, now, on, on_every_database,
    on_every_store, run_sql, spelled,
};
use crate::blocks;
use crate::requests::{
    self, NewRequest, Noted, PROCESSED_KEPT, SWEPT_AT_ONCE, StoredRequest, WaitingRequest,
};
use crate::statements::scope;
use crate::{Dialect, Store, StoreError};

const HERE: ChatId = ChatId(-200);

fn by(user: i64) -> NewRequest {
    NewRequest {
        user: UserId(user),
        channel: HERE,
        chat: ChatId(user + 1000),
    }
}

async fn try_to_note(store: &Store, user: i64, at: Timestamp) -> Result<Option<Noted>, StoreError> {
    store
        .write(async |tx| requests::note(tx, &by(user), REPEAT_WINDOW, at).await)
        .await
}

async fn note(store: &Store, user: i64, seconds: i64) -> Noted {
    let noted = try_to_note(store, user, later(seconds)).await.unwrap();
    noted.expect("they are served")
}

async fn due(store: &Store, until: Timestamp, limit: u32) -> Vec<WaitingRequest> {
    due_at(store, HERE, until, limit).await
}

async fn due_at(store: &Store, channel: ChatId, until: Timestamp, limit: u32) -> Vec<WaitingRequest> {
    requests::due(&store.read(), channel, until, limit).await.unwrap()
}

/// Who waits without anything being on its way, and since when.
async fn waiting(store: &Store, limit: u32) -> Vec<(i64, Timestamp)> {
    let place = |request: WaitingRequest| (request.user.0, request.requested_at);
    due(store, later(10_000), limit)
        .await
        .into_iter()
        .map(place)
        .collect()
}

async fn find(store: &Store, id: RequestId) -> Option<WaitingRequest> {
    requests::find(&store.read(), id).await.unwrap()
}

async fn close(store: &Store, request: &WaitingRequest, outcome: RequestOutcome) -> bool {
    changed(store, async |tx| {
        requests::close(tx, request.id, request.number, outcome, later(600)).await
    })
    .await
}

async fn set_queued(store: &Store, rows: &[(RequestId, i64)]) -> u64 {
    changed(store, async |tx| requests::set_queued(tx, rows).await).await
}

/// How the requests have ended, by id.
async fn outcomes(store: &Store) -> Vec<String> {
    let query = "SELECT coalesce(f.outcome, '-') AS line FROM free_channel_requests r
                 LEFT JOIN free_requests f ON f.request_id = r.id ORDER BY r.id";
    lines(&store.read(), query).await
}

#[test]
fn whoever_asks_again_keeps_their_place() {
    on_every_store(async |store| {
        add_people(&store, [1, 2, 3]).await;
        assert_eq!(note(&store, 2, 20).await.requested_at, later(20));
        let first = note(&store, 1, 10).await;
        note(&store, 3, 20).await;
        let again = note(&store, 1, 30).await;
        assert_eq!((again.id, again.requested_at), (first.id, later(10)));
        let places = [(1, later(10)), (2, later(20)), (3, later(20))];
        assert_eq!(waiting(&store, 10).await, places, "the oldest first");
        assert_eq!(waiting(&store, 2).await, places[..2]);
        assert_eq!(requests::waiting(&store.read()).await, Ok(3));
        assert_eq!(due(&store, later(9), 10).await, []);
        assert_eq!(due(&store, later(10), 10).await.len(), 1, "that moment counts");
    });
}

#[test]
fn one_greeting_and_then_one_line_per_window() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        use QueueReply::{Greeting, InProgress, Nothing};
        for (seconds, reply) in [
            (0, Greeting),
            (0, InProgress),
            (0, Nothing),
            (10, Nothing),
            (299, Nothing),
            (300, InProgress),
            (301, Nothing),
            (600, InProgress),
        ] {
            assert_eq!(note(&store, 1, seconds).await.reply, reply, "{seconds}");
        }
        let request = due(&store, later(600), 9).await[0];
        assert!(close(&store, &request, RequestOutcome::Withdrawn).await);
        let anew = note(&store, 1, 601).await;
        assert_eq!((anew.reply, anew.requested_at), (Greeting, later(601)));
        assert_ne!(anew.id, request.id);
    });
}

#[test]
fn what_is_known_of_a_request_is_told() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let noted = note(&store, 1, 5).await;
        let mut expected = WaitingRequest {
            id: noted.id,
            user: UserId(1),
            requested_at: later(5),
            channel: Some(HERE),
            chat: ChatId(1001),
            number: 1,
            blocked: false,
        };
        assert_eq!(find(&store, noted.id).await, Some(expected));
        let there = ChatId(-300);
        let elsewhere = NewRequest {
            channel: there,
            chat: ChatId(9),
            ..by(1)
        };
        changed(&store, async |tx| {
            requests::note(tx, &elsewhere, REPEAT_WINDOW, later(6)).await
        })
        .await;
        (expected.channel, expected.chat, expected.number) = (Some(there), ChatId(9), 2);
        assert_eq!(find(&store, noted.id).await, Some(expected));
        assert_eq!(due_at(&store, there, later(6), 9).await, [expected]);
        assert_eq!(due(&store, later(6), 9).await, [], "not there any more");

        run_sql(
            &store,
            "INSERT INTO free_channel_requests VALUES (101, 2, '2026-01-02 03:04:05.000000', false, NULL)",
        )
        .await;
        let adopted = find(&store, RequestId(101)).await.unwrap();
        assert_eq!(
            (adopted.channel, adopted.chat, adopted.number),
            (None, ChatId(2), 0)
        );
        let asks = note(&store, 2, 7).await;
        assert_eq!(
            (asks.id, asks.reply),
            (RequestId(101), QueueReply::Greeting),
            "never greeted"
        );
        assert_eq!(asks.requested_at, adopted.requested_at);
    });
}

#[test]
fn a_request_ends_once() {
    on_every_store(async |store| {
        add_people(&store, [1, 2, 3]).await;
        let noted = note(&store, 1, 0).await;
        let request = find(&store, noted.id).await.unwrap();
        note(&store, 1, 1).await;
        assert!(
            !close(&store, &request, RequestOutcome::Withdrawn).await,
            "they have asked again since"
        );
        let request = find(&store, noted.id).await.unwrap();
        assert!(close(&store, &request, RequestOutcome::Admitted).await);
        assert!(!close(&store, &request, RequestOutcome::Gone).await);
        assert_eq!(find(&store, noted.id).await, None);
        let notified =
            async |id| changed(&store, async |tx| requests::set_notified(tx, id, true).await).await;
        assert!(notified(noted.id).await);
        assert!(!notified(RequestId(99)).await);
        let stored = StoredRequest {
            requested_at: now(),
            outcome: Some(RequestOutcome::Admitted),
            notified: Some(true),
        };
        let of_person = requests::of_person(&store.read(), UserId(1)).await;
        assert_eq!(of_person, Ok(vec![stored]));

        let close_of = async |user| {
            changed(&store, async |tx| {
                requests::close_of(tx, UserId(user), RequestOutcome::Inside, later(700)).await
            })
            .await
        };
        assert_eq!(close_of(1).await, None, "they do not wait any more");
        let second = note(&store, 2, 0).await.id;
        assert!(!notified(second).await, "they wait");
        assert_eq!(close_of(2).await, Some(second));
        assert_eq!(close_of(2).await, None);
        run_sql(
            &store,
            "INSERT INTO free_channel_requests VALUES (101, 3, '2026-01-02 03:04:05.000000', false, NULL)",
        )
        .await;
        let adopted = find(&store, RequestId(101)).await.unwrap();
        assert!(close(&store, &adopted, RequestOutcome::Gone).await);
        assert_eq!(outcomes(&store).await, ["ADMITTED", "INSIDE", "GONE"]);
        assert_eq!(requests::waiting(&store.read()).await, Ok(0));
    });
}

#[test]
fn what_is_on_its_way_is_due_no_more() {
    on_every_store(async |store| {
        add_people(&store, [1, 2, 3, 4]).await;
        let mut ids = Vec::new();
        for user in [1, 2, 3] {
            ids.push(note(&store, user, user).await.id);
        }
        run_sql(
            &store,
            "INSERT INTO free_channel_requests VALUES (101, 4, '2026-01-02 03:04:05.000000', false, NULL)",
        )
        .await;
        let oldest = async || requests::oldest_unqueued(&store.read(), HERE).await.unwrap();
        assert_eq!(oldest().await.unwrap().timestamp(), 1_767_323_045);
        assert_eq!(set_queued(&store, &[(RequestId(101), 7), (ids[0], 8)]).await, 2);
        assert_eq!(set_queued(&store, &[(ids[0], 9), (RequestId(99), 9)]).await, 0);
        assert_eq!(waiting(&store, 9).await, [(2, later(2)), (3, later(3))]);
        assert_eq!(oldest().await, Some(later(2)));
        let unqueue =
            async |id, outbox| changed(&store, async |tx| requests::unqueue(tx, id, outbox).await).await;
        assert!(!unqueue(ids[0], 9).await, "another row lets them in");
        assert!(unqueue(ids[0], 8).await);
        assert_eq!(oldest().await, Some(later(1)), "they are due again");
        assert_eq!(set_queued(&store, &[(ids[0], 11)]).await, 1);
        let second = find(&store, ids[1]).await.unwrap();
        assert!(close(&store, &second, RequestOutcome::Inside).await);
        assert_eq!(set_queued(&store, &[(ids[1], 9), (ids[2], 10)]).await, 1);
        assert_eq!(oldest().await, None);
        assert_eq!(set_queued(&store, &[]).await, 0);
        let adopted = find(&store, RequestId(101)).await.unwrap();
        assert_eq!(adopted.number, 0, "they wait all the same");
        assert!(close(&store, &adopted, RequestOutcome::Admitted).await);
    });
}

#[test]
fn whoever_is_blocked_does_not_come_to_wait() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let block = async |user| {
            changed(&store, async |tx| {
                blocks::block(tx, UserId(user), UserId(9), now()).await
            })
            .await
        };
        let waits = async |user| requests::is_waiting(&store.read(), UserId(user)).await.unwrap();
        assert!(block(1).await);
        assert_eq!(try_to_note(&store, 1, now()).await, Ok(None));
        assert!(!waits(1).await);

        let noted = note(&store, 2, 0).await;
        assert!(block(2).await);
        assert_eq!(
            try_to_note(&store, 2, later(1)).await,
            Ok(None),
            "they wait already"
        );
        let request = find(&store, noted.id).await.unwrap();
        assert!(request.blocked && request.number == 1 && waits(2).await);
        assert!(close(&store, &request, RequestOutcome::Declined).await);
        assert!(!waits(2).await);
    });
}

#[test]
fn few_statements_do() {
    on_every_store(async |store| {
        add_people(&store, [1]).await;
        let (noted, asked) = scope(note(&store, 1, 0)).await;
        assert_eq!(asked.count, 2);
        let (_, asked) = scope(note(&store, 1, 1)).await;
        assert_eq!(asked.count, 2);
        let (request, asked) = scope(find(&store, noted.id)).await;
        assert_eq!(asked.count, 1);
        let (closed, asked) = scope(close(&store, &request.unwrap(), RequestOutcome::Admitted)).await;
        assert!(closed && asked.count == 2);
    });
}

#[test]
fn a_stranger_is_refused() {
    on_every_store(async |store| {
        let refused = try_to_note(&store, 1, now()).await.unwrap_err();
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
            async move { note(&store, number / 2 % 2, 0).await.reply }
        })
        .await;
        let count = |reply| told.iter().filter(|told| **told == reply).count();
        assert_eq!(
            [QueueReply::Greeting, QueueReply::InProgress, QueueReply::Nothing].map(count),
            [2, 2, 4]
        );
        let mut people: Vec<_> = waiting(&store, 10).await.into_iter().map(|r| r.0).collect();
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
            requests::note(&first, &by(1), REPEAT_WINDOW, later(1))
                .await
                .unwrap();
            note(&store, 2, 0).await;
            let second = tokio::spawn({
                let store = store.clone();
                async move { note(&store, 1, 2).await }
            });
            assert!(held_up(&store, &second).await);
            if committed {
                first.commit().await.unwrap();
            } else {
                drop(first);
            }
            let expected = if committed {
                (QueueReply::InProgress, later(1))
            } else {
                (QueueReply::Greeting, later(2))
            };
            let noted = second.await.unwrap();
            assert_eq!((noted.reply, noted.requested_at), expected);
            assert_eq!(waiting(&store, 10).await, [(2, now()), (1, expected.1)]);
        });
    }
}

/// Somebody asks again while what they asked before is being closed: whichever comes first, they wait.
#[test]
fn whoever_asks_again_at_the_last_moment_waits() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        add_people(&store, [1, 2]).await;
        let before = note(&store, 1, 0).await.id;
        let request = find(&store, before).await.unwrap();
        let closing = store.begin().await.unwrap();
        assert_eq!(
            requests::close(&closing, request.id, 1, RequestOutcome::Withdrawn, later(5)).await,
            Ok(true)
        );
        let asking = tokio::spawn({
            let store = store.clone();
            async move { note(&store, 1, 6).await }
        });
        assert!(held_up(&store, &asking).await);
        closing.commit().await.unwrap();
        let anew = asking.await.unwrap();
        assert_eq!((anew.reply, anew.requested_at), (QueueReply::Greeting, later(6)));
        assert_ne!(anew.id, before);

        let request = find(&store, anew.id).await.unwrap();
        let asking = store.begin().await.unwrap();
        requests::note(&asking, &by(1), REPEAT_WINDOW, later(7))
            .await
            .unwrap();
        let closing = tokio::spawn({
            let store = store.clone();
            async move { close(&store, &request, RequestOutcome::Withdrawn).await }
        });
        assert!(held_up(&store, &closing).await);
        asking.commit().await.unwrap();
        assert!(!closing.await.unwrap());
        assert_eq!(waiting(&store, 9).await, [(1, later(6))]);
    });
}

#[test]
fn what_was_kept_long_enough_goes() {
    on_every_store(async |store| {
        let many = i64::try_from(SWEPT_AT_ONCE).unwrap() + 3;
        add_people(&store, [1, 2]).await;
        let old = (now() - PROCESSED_KEPT - TimeDelta::seconds(1)).naive_utc();
        let rows: Vec<String> = (1..=many)
            .map(|id| format!("({id}, 1, '2026-01-01 00:00:00.000000', true, '{old}.000000')"))
            .collect();
        let fresh = (now() - PROCESSED_KEPT).naive_utc();
        run_sql(
            &store,
            &format!(
                "INSERT INTO free_channel_requests VALUES {};
                 INSERT INTO free_channel_requests VALUES
                     (9001, 1, '2026-01-01 00:00:00.000000', true, '{fresh}.000000'),
                     (9002, 2, '2026-01-01 00:00:00.000000', false, NULL),
                     (9003, 1, '2026-01-01 00:00:00.000000', true, '{old}.000000');
                 INSERT INTO free_requests (request_id, number, replied, outcome) VALUES (1, 1, 1, 'GONE')",
                rows.join(", ")
            ),
        )
        .await;
        let sweep = async || changed(&store, async |tx| requests::sweep(tx, now()).await).await;
        assert_eq!(sweep().await, SWEPT_AT_ONCE);
        assert_eq!(sweep().await, 3);
        assert_eq!(sweep().await, 0);
        let query = "SELECT CAST(id AS text) AS line FROM free_channel_requests ORDER BY id";
        assert_eq!(lines(&store.read(), query).await, ["9001", "9002", "9003"]);
        assert_eq!(
            lines(&store.read(), "SELECT outcome AS line FROM free_requests").await,
            [""; 0]
        );
    });
}

#[test]
fn rows_have_the_predecessors_form() {
    on_every_store(async |store| {
        add_people(&store, [1, 2]).await;
        let noted = note(&store, 1, 0).await;
        let request = find(&store, noted.id).await.unwrap();
        assert!(close(&store, &request, RequestOutcome::Admitted).await);
        note(&store, 2, 1).await;
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
        let columns = ["user_id", "request_date", "processed", "processed_at"];
        assert_eq!(spelled(&store, "free_channel_requests", &columns).await, expected);
    });
}
