//! The outbox: claiming by epoch, what waits for what, unknown outcomes, giving up, cancelling.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use sea_orm::{ConnectionTrait as _, Statement};

use super::departures::{end, members, renewed};
use super::{Kind, held_up, later, now, on, on_every_store, run_sql};
use crate::outbox::{
    self, CANCELLED, DEAD_KEPT, DONE_KEPT, Look, NewRow, Of, OutboxBacklog, OutboxRow, OutboxSwept,
    SWEPT_AT_ONCE, UNKNOWN, next_due_query,
};
use crate::{Dialect, Store, StoreError, Tx, house};

pub(super) fn row(sequence: &str) -> NewRow<'_> {
    NewRow {
        kind: "notice",
        sequence,
        after: None,
        person: Some(7),
        payload: "{\"line\":1}",
        not_before: None,
        ends_at: None,
    }
}

pub(super) async fn put(store: &Store, row: NewRow<'_>) -> i64 {
    store
        .write(async |tx| outbox::enqueue(tx, &row, now()).await)
        .await
        .unwrap()
}

pub(super) async fn raise(store: &Store) -> i64 {
    store
        .write(async |tx| house::raise_epoch(tx, now()).await)
        .await
        .unwrap()
}

/// What a change says.
pub(super) async fn changed<T>(store: &Store, change: impl AsyncFnOnce(&Tx) -> Result<T, StoreError>) -> T {
    store.write(change).await.unwrap()
}

async fn claim(store: &Store, wanted: &[i64], epoch: i64) -> Vec<i64> {
    ids(&changed(store, async |tx| outbox::claim(tx, wanted, epoch, now()).await).await)
}

async fn due(store: &Store, at: Timestamp) -> Vec<i64> {
    ids(&outbox::due(&store.read(), at, 100).await.unwrap())
}

async fn find(store: &Store, id: i64) -> OutboxRow {
    outbox::find(&store.read(), id).await.unwrap().unwrap()
}

pub(super) fn ids(rows: &[OutboxRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

#[test]
fn due_rows_can_be_asked_for_by_kind() {
    on_every_store(async |store| {
        let notice = put(&store, row("a")).await;
        let alarm = NewRow {
            kind: "alarm",
            ..row("b")
        };
        let alarm = put(&store, alarm).await;
        let due_of = async |kinds: &[&str], limit| {
            ids(&outbox::due_of(&store.read(), kinds, now(), limit).await.unwrap())
        };
        assert_eq!(due_of(&["alarm"], 9).await, [alarm]);
        assert_eq!(due_of(&["alarm", "notice"], 9).await, [notice, alarm]);
        assert_eq!(due_of(&["alarm", "notice"], 1).await, [notice]);
        assert_eq!(due_of(&["other"], 9).await, [0; 0]);
        assert_eq!(due_of(&[], 9).await, [0; 0]);
    });
}

#[test]
fn a_row_is_added_claimed_and_finished() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let id = put(&store, row("chat 7")).await;
        let mut expected = OutboxRow {
            id,
            kind: "notice".to_owned(),
            sequence: "chat 7".to_owned(),
            after: None,
            person: Some(7),
            payload: "{\"line\":1}".to_owned(),
            created_at: now(),
            attempts: 0,
            next_try: None,
            claimed: None,
            ends_at: None,
            claimed_at: None,
            unknown: false,
            result: None,
            failure: None,
            done_at: None,
            dead_at: None,
        };
        assert_eq!(find(&store, id).await, expected);
        assert_eq!(
            outbox::due(&store.read(), now(), 9).await.unwrap(),
            [expected.clone()]
        );

        let claimed = changed(&store, async |tx| outbox::claim(tx, &[id], epoch, later(1)).await).await;
        expected.claimed = Some(epoch);
        expected.claimed_at = Some(later(1));
        assert_eq!(claimed, [expected.clone()]);
        assert!(changed(&store, async |tx| outbox::still_mine(tx, id, epoch).await).await);
        assert_eq!(due(&store, later(99)).await, [0; 0], "it is in hand");
        assert_eq!(
            claim(&store, &[id], epoch).await,
            [0; 0],
            "nobody claims it twice"
        );

        let result = Some("{\"message_id\":5}");
        let finish = async |tx: &Tx| outbox::finish(tx, id, epoch, result, later(2)).await;
        assert!(changed(&store, finish).await);
        assert!(!changed(&store, finish).await, "what is done is done");
        expected.result = result.map(str::to_owned);
        expected.done_at = Some(later(2));
        assert!(!expected.is_pending());
        assert_eq!(find(&store, id).await, expected);
        assert_eq!(outbox::find(&store.read(), 999).await, Ok(None));
    });
}

#[test]
fn a_sequence_keeps_its_order_and_holds_up_nobody_else() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let first = put(&store, row("a")).await;
        let second = put(&store, row("a")).await;
        let other = put(&store, row("b")).await;
        assert_eq!(due(&store, now()).await, [first, other]);
        assert_eq!(outbox::due(&store.read(), now(), 1).await.unwrap()[0].id, first);
        assert_eq!(
            claim(&store, &[second], epoch).await,
            [0; 0],
            "not even when it is asked for"
        );
        assert_eq!(
            claim(&store, &[first, second, other], epoch).await,
            [first, other],
            "nor together with the one before"
        );
        assert_eq!(due(&store, now()).await, [0; 0]);

        let put_off = async |tx: &Tx| outbox::put_off(tx, first, epoch, Some(later(5)), 1, false).await;
        assert!(changed(&store, put_off).await);
        assert_eq!(due(&store, later(4)).await, [0; 0], "the one behind it waits too");
        assert_eq!(due(&store, later(5)).await, [first]);
        assert_eq!(
            claim(&store, &[first], epoch).await,
            [0; 0],
            "not before its moment"
        );

        let claimed = changed(&store, async |tx| {
            outbox::claim(tx, &[first], epoch, later(5)).await
        })
        .await;
        assert_eq!((claimed[0].attempts, claimed[0].next_try), (1, Some(later(5))));
        assert!(
            changed(&store, async |tx| outbox::bury(tx, first, epoch, "gone", now())
                .await)
            .await
        );
        assert_eq!(
            due(&store, now()).await,
            [second],
            "a dead one is in nobody's way"
        );
    });
}

#[test]
fn a_row_waits_for_the_one_it_names() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let link = put(&store, row("person 7, channel")).await;
        let waiting = NewRow {
            after: Some(link),
            ..row("chat 7")
        };
        let notice = put(&store, waiting).await;
        let gone = NewRow {
            after: Some(-1),
            ..row("chat 8")
        };
        let free = put(&store, gone).await;
        assert_eq!(due(&store, now()).await, [link, free]);
        assert_eq!(claim(&store, &[link, notice], epoch).await, [link]);
        assert_eq!(
            claim(&store, &[notice], epoch).await,
            [0; 0],
            "in hand is not done"
        );
        changed(&store, async |tx| {
            outbox::finish(tx, link, epoch, None, now()).await
        })
        .await;
        assert_eq!(due(&store, now()).await, [notice, free]);
    });
}

#[test]
fn the_next_moment_is_that_of_a_row_that_only_time_holds_up() {
    on_every_store(async |store| {
        let next = async |at| outbox::next_due(&store.read(), at).await.unwrap();
        assert_eq!(next(now()).await, None);
        let at = |sequence, seconds| NewRow {
            not_before: Some(later(seconds)),
            ..row(sequence)
        };
        put(&store, row("a")).await;
        assert_eq!(next(now()).await, None, "it is due already");
        let late = put(&store, at("b", 9)).await;
        put(&store, at("b", 3)).await; // Behind the other one.
        let waiting = NewRow {
            after: Some(late),
            ..at("c", 4)
        };
        put(&store, waiting).await;
        assert_eq!(next(now()).await, Some(later(9)));
        put(&store, at("d", 6)).await;
        assert_eq!(next(now()).await, Some(later(6)));
        assert_eq!(next(later(6)).await, Some(later(9)));
        assert_eq!(next(later(9)).await, None);
    });
}

#[test]
fn who_has_lost_the_house_changes_nothing() {
    on_every_store(async |store| {
        let old = raise(&store).await;
        let a = put(&store, row("a")).await;
        let b = put(&store, row("b")).await;
        assert_eq!(claim(&store, &[a], old).await, [a]);
        let new = raise(&store).await;
        assert_eq!(claim(&store, &[b], old).await, [0; 0]);
        let recover = async |epoch| {
            ids(&changed(&store, async |tx| outbox::recover(tx, epoch, later(-60)).await).await)
        };
        assert_eq!(
            recover(old).await,
            [0; 0],
            "an epoch that is over recovers nothing"
        );
        assert_eq!(recover(new).await, [a]);

        let claimed = changed(&store, async |tx| outbox::claim(tx, &[a], new, now()).await).await;
        assert!(claimed[0].unknown);
        assert!(!changed(&store, async |tx| outbox::still_mine(tx, a, old).await).await);
        assert!(
            !changed(&store, async |tx| outbox::finish(tx, a, old, Some("1"), now())
                .await)
            .await
        );
        assert!(
            !changed(&store, async |tx| outbox::put_off(tx, a, old, None, 9, false)
                .await)
            .await
        );
        assert!(!changed(&store, async |tx| outbox::bury(tx, a, old, "x", now()).await).await);
        assert!(
            !changed(&store, async |tx| outbox::give_up_unknown(tx, a, old, now())
                .await)
            .await
        );
        assert_eq!(find(&store, a).await, claimed[0]);
        assert_eq!(due(&store, now()).await, [b]);
    });
}

#[test]
fn a_claim_is_over_before_the_next_epoch_begins() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let old = raise(&store).await;
        let id = put(&store, row("a")).await;
        let slow = store.begin().await.unwrap();
        assert_eq!(ids(&outbox::claim(&slow, &[id], old, now()).await.unwrap()), [id]);

        let successor = {
            let store = store.clone();
            tokio::spawn(async move {
                let epoch = raise(&store).await;
                changed(&store, async |tx| outbox::recover(tx, epoch, now()).await).await
            })
        };
        assert!(
            held_up(&store, &successor).await,
            "the successor waits for the claim"
        );
        slow.commit().await.unwrap();
        assert_eq!(ids(&successor.await.unwrap()), [id], "and sees it");
    });
}

#[test]
fn what_died_in_the_workers_hand_is_unknown_until_it_is_known() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let stuck = put(&store, row("a")).await;
        let fresh = put(&store, row("b")).await;
        changed(&store, async |tx| outbox::claim(tx, &[stuck], epoch, now()).await).await;
        changed(&store, async |tx| {
            outbox::claim(tx, &[fresh], epoch, later(9)).await
        })
        .await;
        let recovered = changed(&store, async |tx| outbox::recover(tx, epoch, later(9)).await).await;
        assert_eq!(ids(&recovered), [stuck], "held for longer than a claim may last");
        let row = &recovered[0];
        assert_eq!((row.claimed, row.claimed_at, row.unknown), (None, None, true));

        // A later attempt that surely did nothing does not tell what the first one did.
        assert_eq!(claim(&store, &[stuck], epoch).await, [stuck]);
        changed(&store, async |tx| {
            outbox::put_off(tx, stuck, epoch, None, 0, false).await
        })
        .await;
        assert!(find(&store, stuck).await.unknown);
        assert_eq!(claim(&store, &[stuck], epoch).await, [stuck]);
        changed(&store, async |tx| {
            outbox::finish(tx, stuck, epoch, None, now()).await
        })
        .await;
        assert!(!find(&store, stuck).await.unknown, "a known outcome settles it");

        changed(&store, async |tx| {
            outbox::put_off(tx, fresh, epoch, None, 0, true).await
        })
        .await;
        assert!(find(&store, fresh).await.unknown);
    });
}

#[test]
fn the_dead_and_the_unknown_are_counted_and_listed() {
    on_every_store(async |store| {
        let none = OutboxBacklog {
            pending: 0,
            dead: 0,
            unknown: 0,
            oldest_pending: None,
        };
        assert_eq!(outbox::backlog(&store.read()).await, Ok(none));
        let epoch = raise(&store).await;
        let mut rows = Vec::new();
        for sequence in ["a", "b", "c", "d"] {
            rows.push(put(&store, row(sequence)).await);
        }
        let [refused, lost, done, open] = rows[..] else {
            unreachable!()
        };
        claim(&store, &[refused, lost, done], epoch).await;
        changed(&store, async |tx| {
            outbox::put_off(tx, refused, epoch, None, 1, true).await
        })
        .await;
        claim(&store, &[refused], epoch).await;
        assert!(
            changed(&store, async |tx| outbox::bury(
                tx,
                refused,
                epoch,
                "forbidden",
                later(1)
            )
            .await)
            .await
        );
        assert!(
            changed(&store, async |tx| outbox::give_up_unknown(
                tx,
                lost,
                epoch,
                later(2)
            )
            .await)
            .await
        );
        changed(&store, async |tx| {
            outbox::finish(tx, done, epoch, None, later(3)).await
        })
        .await;

        let expected = OutboxBacklog {
            pending: 1,
            dead: 1,
            unknown: 1,
            oldest_pending: Some(now()),
        };
        assert_eq!(outbox::backlog(&store.read()).await, Ok(expected));
        assert_eq!(due(&store, later(9)).await, [open], "they are never repeated");
        let listed = outbox::listed(&store.read(), 9).await.unwrap();
        let seen: Vec<_> = listed
            .iter()
            .map(|row| (row.id, row.failure.as_deref(), row.unknown, row.dead_at))
            .collect();
        let expected = [
            (lost, Some(UNKNOWN), true, Some(later(2))),
            (refused, Some("forbidden"), false, Some(later(1))),
        ];
        assert_eq!(seen, expected);
        assert_eq!(ids(&outbox::listed(&store.read(), 1).await.unwrap()), [lost]);
    });
}

#[test]
fn what_nobody_has_in_hand_can_be_taken_back() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let removal = |sequence, person| NewRow {
            kind: "remove",
            person: Some(person),
            ..row(sequence)
        };
        let in_hand = put(&store, removal("7 vip", 7)).await;
        let waiting = put(&store, removal("7 vip", 7)).await;
        let notice = put(&store, row("7 vip")).await;
        let elsewhere = put(&store, removal("7 free", 7)).await;
        let somebody = put(&store, removal("8 vip", 8)).await;
        let doubtful = put(&store, removal("9 vip", 9)).await;
        claim(&store, &[in_hand, doubtful], epoch).await;
        changed(&store, async |tx| {
            outbox::put_off(tx, doubtful, epoch, None, 0, true).await
        })
        .await;

        let cancel = async |of| {
            let cancel = async |tx: &Tx| outbox::cancel(tx, of, "remove", later(4)).await;
            changed(&store, cancel).await
        };
        let cancelled = cancel(Of::Sequence("7 vip")).await;
        assert_eq!(ids(&cancelled), [waiting]);
        assert_eq!(cancelled[0], find(&store, waiting).await);
        assert_eq!(
            (cancelled[0].done_at, cancelled[0].failure.as_deref()),
            (Some(later(4)), Some(CANCELLED))
        );
        let left = outbox::pending_of(&store.read(), Of::Sequence("7 vip"))
            .await
            .unwrap();
        assert_eq!(ids(&left), [in_hand, notice]);
        assert_eq!(left[0].claimed, Some(epoch), "one sees that it is on its way");
        let left = outbox::pending_of(&store.read(), Of::Person(7)).await.unwrap();
        assert_eq!(ids(&left), [in_hand, notice, elsewhere]);

        assert_eq!(ids(&cancel(Of::Person(7)).await), [elsewhere]);
        let cancelled = cancel(Of::Person(9)).await;
        assert_eq!(ids(&cancelled), [doubtful]);
        assert!(cancelled[0].unknown, "it may have happened, and says so");
        assert_eq!(due(&store, now()).await, [somebody]);
        assert_eq!(
            outbox::listed(&store.read(), 9).await,
            Ok(Vec::new()),
            "cancelled is not dead"
        );
    });
}

#[test]
fn a_claim_and_a_cancellation_have_one_winner() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let epoch = raise(&store).await;
        for round in 0..20 {
            let sequence = format!("round {round}");
            let id = put(&store, row(&sequence)).await;
            let claimant = {
                let store = store.clone();
                tokio::spawn(async move { claim(&store, &[id], epoch).await.len() as u64 })
            };
            let of = Of::Sequence(&sequence);
            let cancel = async |tx: &Tx| outbox::cancel(tx, of, "notice", now()).await;
            let cancelled = changed(&store, cancel).await.len() as u64;
            assert_eq!(claimant.await.unwrap() + cancelled, 1);
        }
    });
}

#[test]
fn what_was_kept_long_enough_goes() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let sweep = async |at| changed(&store, async |tx| outbox::sweep(tx, at).await).await;
        let swept = |done, dead| OutboxSwept { done, dead };
        let many = SWEPT_AT_ONCE.cast_signed() + 2;
        let mut rows = Vec::new();
        changed(&store, async |tx| {
            for number in 0..many {
                rows.push(outbox::enqueue(tx, &row(&format!("s{number}")), now()).await?);
            }
            Ok(())
        })
        .await;
        claim(&store, &rows, epoch).await;
        changed(&store, async |tx| {
            outbox::bury(tx, rows[0], epoch, "gone", now()).await?;
            outbox::give_up_unknown(tx, rows[1], epoch, now()).await?;
            for id in &rows[2..] {
                outbox::finish(tx, *id, epoch, None, now()).await?;
            }
            Ok(())
        })
        .await;
        let moment = TimeDelta::microseconds(1);
        assert_eq!(sweep(now() + DONE_KEPT).await, swept(0, 0));
        assert_eq!(
            sweep(now() + DONE_KEPT + moment).await,
            swept(SWEPT_AT_ONCE - 1, 0)
        );
        assert_eq!(sweep(now() + DEAD_KEPT).await, swept(0, 0), "the last row stays");
        assert_eq!(sweep(now() + DEAD_KEPT + moment).await, swept(0, 2));
        let next = put(&store, row("next")).await;
        assert!(next > rows[rows.len() - 1], "ids only grow");
        assert_eq!(sweep(now() + DEAD_KEPT + moment).await, swept(1, 0));
        assert_eq!(due(&store, now()).await, [next], "pending rows stay, however old");
    });
}

#[test]
fn texts_that_are_too_long_are_refused_where_lengths_count() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let fits = "á".repeat(80);
        put(&store, row(&fits)).await;
        let long = "á".repeat(81);
        let refused = store
            .write(async |tx| outbox::enqueue(tx, &row(&long), now()).await)
            .await;
        assert!(matches!(refused, Err(StoreError::Refused { code, .. }) if code == "22001"));
    });
}

/// How a database is going to answer a question, a line per step.
pub(super) async fn plan(store: &Store, query: &str) -> String {
    let explain = match store.dialect() {
        Dialect::Sqlite => format!("EXPLAIN QUERY PLAN {query}"),
        Dialect::Postgres => format!("EXPLAIN {query}"),
    };
    let column = match store.dialect() {
        Dialect::Sqlite => "detail",
        Dialect::Postgres => "QUERY PLAN",
    };
    let db = store.read();
    let explain = Statement::from_string(db.get_database_backend(), explain);
    let steps = db.query_all_raw(explain).await.unwrap();
    let steps: Vec<String> = steps.iter().map(|row| row.try_get("", column).unwrap()).collect();
    steps.join("\n")
}

#[test]
fn the_questions_asked_all_the_time_use_their_indexes() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        for (query, index) in [
            (
                "UPDATE outbox SET epoch = NULL WHERE epoch IS NOT NULL AND done_at IS NULL AND dead_at IS NULL",
                "ix_outbox_claimed",
            ),
            (
                "SELECT id FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT 5",
                "ix_outbox_dead",
            ),
            (
                "SELECT id FROM outbox WHERE done_at IS NOT NULL AND done_at < 'x' ORDER BY done_at LIMIT 5",
                "ix_outbox_done",
            ),
            (
                "SELECT id FROM outbox WHERE person = 7 AND done_at IS NULL AND dead_at IS NULL ORDER BY id",
                "ix_outbox_person",
            ),
        ] {
            let plan = plan(&store, query).await;
            assert!(plan.contains(index) && !plan.contains("B-TREE"), "{plan}");
        }
    });
}

/// Also while it knows nothing of the rows: of a table that has just been filled, PostgreSQL believes that
/// few of them are pending.
#[test]
fn what_is_due_is_found_along_indexes_however_full_the_outbox_is() {
    on_every_store(async |store| {
        let rows = 5_000;
        let numbers = match store.dialect() {
            Dialect::Sqlite => {
                format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})")
            }
            Dialect::Postgres => format!("WITH n (i) AS (SELECT generate_series(1, {rows}))"),
        };
        let fill = format!(
            "INSERT INTO outbox (kind, sequence, person, payload, created_at, attempts)
             {numbers} SELECT 'notice', 'member ' || i, i, '{{}}', '2026-01-01 00:00:00.000000', 0 FROM n"
        );
        run_sql(&store, &fill).await;
        let question = |query: String| {
            let now = match store.dialect() {
                Dialect::Sqlite => "'2026-06-01 00:00:00.000000'",
                Dialect::Postgres => "CAST('2026-06-01' AS timestamp)",
            };
            query.replace("$1", now).replace("$2", "32")
        };
        for known in [false, true] {
            if known {
                run_sql(&store, "ANALYZE").await;
            }
            let near = plan(&store, &question(Look::Near.query(store.dialect(), ""))).await;
            let next = plan(&store, &question(next_due_query())).await;
            for (plan, indexes) in [
                (
                    &near,
                    &["ix_outbox_ready", "ix_outbox_later", "ix_outbox_pending"][..],
                ),
                (&next, &["ix_outbox_later", "ix_outbox_pending"]),
            ] {
                for index in indexes {
                    assert!(plan.contains(index), "{plan}");
                }
                for detour in ["ix_outbox_person", "Seq Scan", "B-TREE"] {
                    assert!(!plan.contains(detour), "{plan}");
                }
            }
        }
    });
}

#[test]
fn what_stands_behind_a_long_sequence_is_found() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        let long: Vec<NewRow<'_>> = (0..1_010).map(|_| row("long")).collect();
        let ids = changed(&store, async |tx| outbox::enqueue_all(tx, &long, now()).await).await;
        let behind = put(&store, row("short")).await;
        assert_eq!(due(&store, now()).await, [ids[0], behind]);
        assert_eq!(claim(&store, &[ids[0]], epoch).await, [ids[0]]);
        assert_eq!(due(&store, now()).await, [behind]);
        assert_eq!(claim(&store, &[behind], epoch).await, [behind]);
        assert_eq!(due(&store, now()).await, [0; 0]);
    });
}

/// Somebody who became a member again is not seen out, whatever was written down before.
#[test]
fn what_is_outdated_is_left_and_taken_back() {
    on_every_store(async |store| {
        let epoch = raise(&store).await;
        members(&store, &[(1, 10), (2, 10), (3, 10), (4, 10)]).await;
        let ended = end(&store, later(20), 9).await;
        assert_eq!(ended.len(), 4);
        let removal = |user: i64, sequence| NewRow {
            kind: "remove",
            person: Some(user),
            ends_at: Some(later(10)),
            ..row(sequence)
        };
        let mut ids = Vec::new();
        for (user, sequence) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
            ids.push(put(&store, removal(user, sequence)).await);
        }
        assert_eq!(find(&store, ids[0]).await.ends_at, Some(later(10)));
        changed(&store, async |tx| {
            assert!(renewed(tx, 2, later(11)).await?, "later than before");
            assert!(renewed(tx, 3, later(5)).await?, "sooner, and a member now");
            assert!(
                renewed(tx, 4, now() - TimeDelta::days(1)).await?,
                "over again already"
            );
            Ok(())
        })
        .await;
        let cancel = async |ids: &[i64]| {
            super::outbox::ids(
                &changed(&store, async |tx| outbox::cancel_outdated(tx, ids, now()).await).await,
            )
        };
        assert_eq!(
            due(&store, now()).await,
            ids,
            "it is looked at when it is claimed"
        );
        assert_eq!(claim(&store, &ids, epoch).await, [ids[0], ids[3]]);
        assert_eq!(cancel(&ids).await, ids[1..3]);
        assert_eq!(cancel(&ids).await, [0; 0]);
        assert_eq!(cancel(&[]).await, [0; 0]);
        let row = find(&store, ids[1]).await;
        assert_eq!(
            (row.failure.as_deref(), row.done_at),
            (Some(CANCELLED), Some(now()))
        );
        assert_eq!(due(&store, now()).await, [0; 0]);
    });
}

/// Between the look at what is due and the claim, somebody renews.
#[test]
fn a_renewal_before_the_claim_is_seen_by_it() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let epoch = raise(&store).await;
        members(&store, &[(1, 10)]).await;
        end(&store, later(20), 9).await;
        let removal = NewRow {
            person: Some(1),
            ends_at: Some(later(10)),
            ..row("a")
        };
        let id = put(&store, removal).await;
        let renewing = store.begin().await.unwrap();
        assert_eq!(renewed(&renewing, 1, later(9000)).await, Ok(true));
        assert_eq!(due(&store, now()).await, [id]);
        renewing.commit().await.unwrap();
        assert_eq!(claim(&store, &[id], epoch).await, [0; 0]);
    });
}

#[test]
fn rows_are_added_together_in_their_order() {
    on_every_store(async |store| {
        let first = put(&store, row("a")).await;
        let new = [
            NewRow {
                after: Some(first),
                person: None,
                ..row("b")
            },
            NewRow {
                not_before: Some(later(60)),
                ..row("c")
            },
            row("b"),
        ];
        changed(&store, async |tx| outbox::enqueue_all(tx, &new, now()).await).await;
        changed(&store, async |tx| outbox::enqueue_all(tx, &[], now()).await).await;
        let b = outbox::pending_of(&store.read(), Of::Sequence("b"))
            .await
            .unwrap();
        let c = outbox::pending_of(&store.read(), Of::Sequence("c"))
            .await
            .unwrap();
        let all = [ids(&b)[0], ids(&c)[0], ids(&b)[1]];
        assert!(first < all[0] && all.is_sorted(), "{all:?}");
        assert_eq!(b[0].after, Some(first));
        assert_eq!((b[0].person, b[1].person), (None, Some(7)));
        assert_eq!(c[0].next_try, Some(later(60)));
        assert_eq!((c[0].attempts, c[0].created_at), (0, now()));
    });
}

#[test]
fn what_waits_is_hastened_kind_by_kind() {
    on_every_store(async |store| {
        let waits = |sequence, kind| NewRow {
            kind,
            not_before: Some(later(60)),
            ..row(sequence)
        };
        let [a, b] = [
            put(&store, waits("a", "one")).await,
            put(&store, waits("b", "two")).await,
        ];
        let hasten = async |kinds: &[&str]| changed(&store, async |tx| outbox::hasten(tx, kinds).await).await;
        assert_eq!(hasten(&[]).await, 0);
        assert_eq!(hasten(&["one", "three"]).await, 1);
        assert_eq!(hasten(&["one"]).await, 0, "it waits no more");
        assert_eq!(due(&store, now()).await, [a]);
        let epoch = raise(&store).await;
        assert_eq!(hasten(&["two"]).await, 1);
        assert_eq!(claim(&store, &[a, b], epoch).await, [a, b]);
        assert_eq!(hasten(&["one", "two"]).await, 0, "in hand");
    });
}

#[test]
fn at_rest_is_what_can_only_wait() {
    on_every_store(async |store| {
        let rests = async |at| outbox::is_at_rest(&store.read(), at).await.unwrap();
        assert!(rests(now()).await, "empty");
        let late = NewRow {
            not_before: Some(later(60)),
            ..row("a")
        };
        let a = put(&store, late).await;
        put(&store, row("a")).await;
        assert!(rests(now()).await, "the second stands behind the first");
        assert!(!rests(later(60)).await);
        let epoch = raise(&store).await;
        changed(&store, async |tx| outbox::hasten(tx, &["notice"]).await).await;
        assert!(!rests(now()).await);
        assert_eq!(claim(&store, &[a], epoch).await, [a]);
        assert!(!rests(now()).await, "in hand");
        let put_off = async |tx: &Tx| outbox::put_off(tx, a, epoch, Some(later(60)), 0, false).await;
        assert!(changed(&store, put_off).await);
        assert!(rests(now()).await);
    });
}
