//! The inbox: storing once, claiming by epoch, finishing, burying, sweeping.

use chrono::TimeDelta;
use domain::id::BotId;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::{Kind, later, lines, now, on, on_every_store};
use crate::inbox::{
    self, Backlog, Claimed, KEYS_KEPT, LETTERS_KEPT, NewUpdate, Run, SWEPT_AT_ONCE, Stored, Swept,
};
use crate::{Store, house, statements};

fn update(update_id: i64, person: i64) -> NewUpdate {
    NewUpdate {
        bot_id: BotId(1),
        update_id,
        person,
        kind: "message".to_owned(),
        json: format!("{{\"update_id\":{update_id}}}"),
        failure: None,
    }
}

async fn put(store: &Store, updates: &[NewUpdate]) -> Vec<Stored> {
    store
        .write(async |tx| inbox::store_batch(tx, updates, now()).await)
        .await
        .unwrap()
}

async fn raise(store: &Store) -> i64 {
    store
        .write(async |tx| house::raise_epoch(tx, now()).await)
        .await
        .unwrap()
}

async fn claim(store: &Store, seqs: &[i64], epoch: i64, run: Run) -> Vec<Claimed> {
    store
        .write(async |tx| inbox::claim(tx, seqs, epoch, run).await)
        .await
        .unwrap()
}

async fn finish(store: &Store, seqs: &[i64], epoch: i64) -> u64 {
    store
        .write(async |tx| inbox::finish(tx, seqs, epoch, later(9)).await)
        .await
        .unwrap()
}

async fn pending(store: &Store) -> Vec<inbox::PendingRow> {
    inbox::pending(&store.read(), 0, 100).await.unwrap()
}

fn seqs(rows: &[Claimed]) -> Vec<i64> {
    rows.iter().map(|row| row.seq).collect()
}

#[test]
fn updates_are_stored_once_and_in_order() {
    on_every_store(async |store| {
        let (first, asked) =
            statements::scope(put(&store, &[update(10, 7), update(11, 8), update(12, 7)])).await;
        assert_eq!(asked.count, 1);
        assert_eq!(
            first
                .iter()
                .map(|row| (row.update_id, row.person))
                .collect::<Vec<_>>(),
            [(10, 7), (11, 8), (12, 7)]
        );
        assert!(first.is_sorted_by_key(|row| row.seq));

        let again = put(&store, &[update(11, 8), update(13, 9)]).await;
        assert_eq!(again.iter().map(|row| row.update_id).collect::<Vec<_>>(), [13]);
        let other_bot = NewUpdate {
            bot_id: BotId(2),
            ..update(10, 7)
        };
        assert_eq!(put(&store, &[other_bot]).await.len(), 1);
        assert_eq!(put(&store, &[]).await, []);

        let rows = pending(&store).await;
        assert_eq!(rows.len(), 5);
        assert!(rows.is_sorted_by_key(|row| row.seq));
        assert_eq!(
            (rows[0].kind.as_str(), rows[0].received_at, rows[0].claimed),
            ("message", now(), None)
        );
        let later_ones = inbox::pending(&store.read(), rows[1].seq, 2).await.unwrap();
        assert_eq!(later_ones, rows[2..4]);
    });
}

#[test]
fn many_at_once_are_stored_once() {
    on_every_store(async |store| {
        let all: Vec<NewUpdate> = (0..1200).map(|id| update(id, id % 5)).collect();
        assert_eq!(
            put(&store, &all).await.len(),
            1200,
            "more than one statement holds"
        );
        let deliveries: Vec<_> = (0..6)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(async move {
                    put(&store, &[update(5000 + n / 2, 1), update(6000, 1)])
                        .await
                        .len()
                })
            })
            .collect();
        let mut added = 0;
        for delivery in deliveries {
            added += delivery.await.unwrap();
        }
        assert_eq!(added, 4);
    });
}

#[test]
fn a_row_is_claimed_worked_off_and_finished() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        put(&store, &[update(10, 7), update(11, 8)]).await;
        let rows = pending(&store).await;
        let (a, b) = (rows[0].seq, rows[1].seq);
        let claimed = claim(&store, &[b, a, 999], epoch, Run::Together).await;
        assert_eq!(seqs(&claimed), [a, b]);
        let expected = Claimed {
            seq: a,
            bot_id: BotId(1),
            update_id: 10,
            person: 7,
            kind: "message".to_owned(),
            json: Some("{\"update_id\":10}".to_owned()),
            received_at: now(),
            attempts: 0,
            outcome: None,
        };
        assert_eq!(claimed[0], expected);
        assert_eq!(pending(&store).await[0].claimed, Some(epoch));

        let set = store
            .write(async |tx| inbox::set_outcome(tx, a, epoch, "menu").await)
            .await;
        assert_eq!(set, Ok(true));
        let again = store
            .write(async |tx| inbox::set_outcome(tx, a, epoch, "other").await)
            .await;
        assert_eq!(again, Ok(false), "what is decided is decided");
        assert!(pending(&store).await[0].has_outcome);
        let reclaimed = claim(&store, &[a], epoch, Run::Together).await;
        assert_eq!(reclaimed[0].outcome.as_deref(), Some("menu"));

        assert_eq!(finish(&store, &[a, b], epoch).await, 2);
        assert_eq!(finish(&store, &[a, b], epoch).await, 0);
        assert_eq!(pending(&store).await, []);
        assert_eq!(claim(&store, &[a, b], epoch, Run::Together).await, []);
        let kept = lines(
            &store.read(),
            "SELECT coalesce(json, 'erased') AS line FROM inbox",
        )
        .await;
        assert_eq!(kept, ["erased", "erased"]);
        assert_eq!(
            put(&store, &[update(10, 7)]).await,
            [],
            "its key still absorbs duplicates"
        );
    });
}

#[test]
fn who_has_lost_the_house_changes_nothing() {
    on_every_store(async |store| {
        let old = raise(&store).await;
        put(&store, &[update(10, 7), update(11, 8)]).await;
        let rows = pending(&store).await;
        let (a, b) = (rows[0].seq, rows[1].seq);
        claim(&store, &[a], old, Run::Together).await;

        let new = raise(&store).await;
        assert_eq!(
            claim(&store, &[b], old, Run::Together).await,
            [],
            "an epoch that is over claims nothing"
        );
        assert_eq!(seqs(&claim(&store, &[a], new, Run::Alone).await), [a]);

        let mine = async |epoch| {
            store
                .write(async |tx| inbox::still_mine(tx, a, epoch).await)
                .await
                .unwrap()
        };
        assert!(mine(new).await && !mine(old).await);
        let outcome = async |epoch| {
            store
                .write(async |tx| inbox::set_outcome(tx, a, epoch, "x").await)
                .await
                .unwrap()
        };
        assert!(!outcome(old).await);
        let release = async |epoch| {
            let released = store.write(async |tx| inbox::release(tx, a, epoch, Some(later(5)), 2).await);
            released.await.unwrap()
        };
        assert!(!release(old).await);
        let bury = async |epoch| {
            store
                .write(async |tx| inbox::bury(tx, a, epoch, "panic", now()).await)
                .await
                .unwrap()
        };
        assert!(!bury(old).await);
        assert_eq!(finish(&store, &[a], old).await, 0);

        let row = &pending(&store).await[0];
        assert_eq!(
            (row.claimed, row.has_outcome, row.alone, row.attempts),
            (Some(new), false, true, 1)
        );
        assert!(
            release(new).await && !release(new).await,
            "given back, it is nobody's"
        );
        let row = &pending(&store).await[0];
        assert_eq!(
            (row.claimed, row.next_try, row.attempts, row.alone),
            (None, Some(later(5)), 2, false)
        );
    });
}

#[test]
fn an_attempt_alone_counts_at_once() {
    on_every_store(async |store| {
        put(&store, &[update(10, 7)]).await;
        let seq = pending(&store).await[0].seq;
        for attempt in 1..=3 {
            let epoch = raise(&store).await;
            let claimed = claim(&store, &[seq], epoch, Run::Alone).await;
            assert_eq!(claimed[0].attempts, attempt);
        }
        let epoch = raise(&store).await;
        assert_eq!(claim(&store, &[seq], epoch, Run::Together).await[0].attempts, 3);
    });
}

#[test]
fn the_dead_are_counted_and_not_claimed() {
    on_every_store(async |store| {
        let empty = Backlog {
            pending: 0,
            dead: 0,
            oldest_pending: None,
        };
        assert_eq!(inbox::backlog(&store.read()).await, Ok(empty));
        let epoch = raise(&store).await;
        let undecodable = NewUpdate {
            failure: Some("undecodable".to_owned()),
            ..update(12, 0)
        };
        put(&store, &[update(10, 7), update(11, 8), undecodable]).await;
        let rows = pending(&store).await;
        assert_eq!(rows.len(), 2, "what cannot be decoded is dead at once");
        let seq = rows[0].seq;
        claim(&store, &[seq], epoch, Run::Together).await;
        let buried = store
            .write(async |tx| inbox::bury(tx, seq, epoch, "panic", later(1)).await)
            .await;
        assert_eq!(buried, Ok(true));

        let backlog = inbox::backlog(&store.read()).await.unwrap();
        assert_eq!(
            (backlog.pending, backlog.dead, backlog.oldest_pending),
            (1, 2, Some(now()))
        );
        assert_eq!(claim(&store, &[seq], epoch, Run::Together).await, []);
        assert_eq!(finish(&store, &[seq], epoch).await, 0);
        let failures =
            "SELECT failure || ' ' || json AS line FROM inbox WHERE dead_at IS NOT NULL ORDER BY seq";
        assert_eq!(
            lines(&store.read(), failures).await,
            ["panic {\"update_id\":10}", "undecodable {\"update_id\":12}"]
        );
    });
}

#[test]
fn what_was_kept_long_enough_goes() {
    on_every_store(async |store| {
        let sweep = async |at| store.write(async |tx| inbox::sweep(tx, at).await).await.unwrap();
        let swept = |keys, letters| Swept { keys, letters };
        let epoch = raise(&store).await;
        let letter = NewUpdate {
            failure: Some("undecodable".to_owned()),
            ..update(1, 0)
        };
        put(&store, &[letter]).await;
        let many = SWEPT_AT_ONCE.cast_signed() + 5;
        let all: Vec<NewUpdate> = (2..2 + many).map(|id| update(id, 1)).collect();
        let stored: Vec<i64> = put(&store, &all).await.iter().map(|row| row.seq).collect();
        claim(&store, &stored, epoch, Run::Together).await;
        assert_eq!(finish(&store, &stored, epoch).await, many.cast_unsigned());

        let finished = later(9);
        assert_eq!(sweep(finished + KEYS_KEPT).await, swept(0, 0));
        let over = finished + KEYS_KEPT + TimeDelta::microseconds(1);
        assert_eq!(sweep(over).await, swept(SWEPT_AT_ONCE, 0));
        assert_eq!(sweep(over).await, swept(4, 0), "the last row stays");
        assert_eq!(sweep(over).await, swept(0, 0));
        let next = put(&store, &[update(9000, 1)]).await;
        assert!(next[0].seq > stored[stored.len() - 1], "numbers only grow");

        assert_eq!(sweep(now() + LETTERS_KEPT).await, swept(1, 0));
        assert_eq!(
            sweep(now() + LETTERS_KEPT + TimeDelta::microseconds(1)).await,
            swept(0, 1)
        );
        let left = lines(
            &store.read(),
            "SELECT coalesce(failure, 'pending') AS line FROM inbox ORDER BY seq",
        )
        .await;
        assert_eq!(left, ["undecodable", "pending"]);
    });
}

#[test]
fn the_questions_asked_all_the_time_use_their_indexes() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        let db = &store.read();
        for (query, index) in [
            (
                "SELECT seq FROM inbox WHERE done_at IS NULL AND dead_at IS NULL AND seq > 5 ORDER BY seq",
                "ix_inbox_pending",
            ),
            (
                "SELECT count(*) FROM inbox WHERE dead_at IS NOT NULL",
                "ix_inbox_dead",
            ),
            (
                "SELECT seq FROM inbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, seq DESC LIMIT 5",
                "ix_inbox_dead",
            ),
            (
                "SELECT count(*) FROM inbox WHERE person = 7 AND done_at IS NULL AND dead_at IS NULL AND kind IN ('a')",
                "ix_inbox_person",
            ),
            (
                "SELECT seq FROM inbox WHERE done_at IS NOT NULL AND done_at < 'x' ORDER BY done_at LIMIT 5",
                "ix_inbox_done",
            ),
        ] {
            let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {query}"));
            let plan: Vec<String> = db
                .query_all_raw(explain)
                .await
                .unwrap()
                .iter()
                .map(|row| row.try_get("", "detail").unwrap())
                .collect();
            let plan = plan.join("; ");
            assert!(plan.contains(index) && !plan.contains("B-TREE"), "{plan}");
        }
    });
}

#[test]
fn dead_letters_are_listed_and_replayed_while_their_json_is_kept() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        put(&store, &[update(10, 7), update(11, 8)]).await;
        let rows = pending(&store).await;
        let (first, second) = (rows[0].seq, rows[1].seq);
        let bury = async |seq, failure: &str, at| {
            claim(&store, &[seq], epoch, Run::Alone).await;
            let buried = store.write(async |tx| inbox::bury(tx, seq, epoch, failure, at).await);
            assert_eq!(buried.await, Ok(true));
        };
        bury(second, "panic", later(1)).await;
        bury(first, "timeout", later(2)).await;
        let letters = inbox::list(&store.read(), 9).await.unwrap();
        let expected = inbox::Letter {
            seq: first,
            update_id: 10,
            person: 7,
            kind: "message".to_owned(),
            received_at: now(),
            attempts: 1,
            failure: "timeout".to_owned(),
            dead_at: later(2),
            replayable: true,
        };
        assert_eq!(letters[0], expected);
        assert_eq!(letters[1].seq, second);
        assert_eq!(inbox::list(&store.read(), 1).await.unwrap().len(), 1);

        let replay = async |seq| {
            store
                .write(async |tx| inbox::replay(tx, seq).await)
                .await
                .unwrap()
        };
        assert!(replay(first).await && !replay(first).await && !replay(999).await);
        let row = &pending(&store).await[0];
        assert_eq!(
            (row.seq, row.attempts, row.claimed, row.alone, row.next_try),
            (first, 0, None, false, None)
        );
        assert_eq!(claim(&store, &[first], epoch, Run::Together).await.len(), 1);
        finish(&store, &[first], epoch).await;
        assert!(!replay(first).await, "what is done is no letter");

        let erased = later(1) + LETTERS_KEPT + TimeDelta::microseconds(1);
        store
            .write(async |tx| inbox::sweep(tx, erased).await)
            .await
            .unwrap();
        assert!(!inbox::list(&store.read(), 9).await.unwrap()[0].replayable);
        assert!(!replay(second).await, "there is nothing left to replay");
    });
}

#[test]
fn what_one_person_has_waiting_is_counted() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let of_kind = |update_id, kind: &str| NewUpdate {
            kind: kind.to_owned(),
            ..update(update_id, 7)
        };
        let updates = [
            update(1, 7),
            of_kind(2, "callback_query"),
            of_kind(3, "chat_join_request"),
            update(4, 8),
            update(5, 7),
        ];
        let stored = put(&store, &updates).await;
        let waiting = async |kinds: &[&str]| inbox::waiting(&store.read(), 7, kinds).await.unwrap();
        assert_eq!(waiting(&["message", "callback_query"]).await, 3);
        assert_eq!(waiting(&["chat_join_request"]).await, 1);
        assert_eq!(waiting(&["my_chat_member"]).await, 0);
        claim(&store, &[stored[0].seq], epoch, Run::Together).await;
        assert_eq!(waiting(&["message"]).await, 2, "what is in hand is not done");
        finish(&store, &[stored[0].seq], epoch).await;
        assert_eq!(waiting(&["message"]).await, 1);
    });
}
