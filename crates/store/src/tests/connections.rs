//! Connections: what holds on each of them, waiting, limits, transactions.

use std::time::Duration;

use domain::id::{BotId, UserId};
use domain::person::Profile;
use domain::role::Role;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::{Kind, later, now, on, on_every_database, on_every_store, run_sql};
use crate::inbox::NewUpdate;
use crate::{Refusal, Store, StoreError, StoreOptions, Tx, inbox, people, statements};

/// Runs until it is stopped.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
const ENDLESS_WRITE: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    INSERT INTO settings SELECT i, '', '', 0 FROM n";

/// Stops statements early, but not so early that a slow machine stops honest ones.
fn hasty() -> StoreOptions {
    StoreOptions {
        statement_timeout: Duration::from_millis(500),
        ..StoreOptions::default()
    }
}

/// Gives up waiting early, but not so early that a slow machine cannot connect.
fn impatient() -> StoreOptions {
    StoreOptions {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(500),
        ..StoreOptions::default()
    }
}

fn person(id: i64, name: &str) -> Profile {
    Profile::new(UserId(id), name, None, None)
}

async fn add(tx: &Tx, id: i64) -> Result<bool, StoreError> {
    people::insert_if_absent(tx, &person(id, "Ana"), Role::Free, now()).await
}

async fn pragma(db: &impl sea_orm::ConnectionTrait, name: &str) -> i64 {
    let question = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
    let answer = db.query_one_raw(question).await.unwrap().unwrap();
    answer.try_get_by_index(0).unwrap()
}

#[test]
fn pragmas_hold_on_every_connection() {
    on([Kind::File], async |database| {
        let options = StoreOptions::default();
        let store = database.migrated_with(options.clone()).await;
        let tx = store.begin().await.unwrap();
        let mut readers = Vec::new();
        for _ in 0..options.readers {
            readers.push(store.read().lines.take().await.unwrap());
        }
        assert_eq!(store.readers().in_use, 4, "all of them are looked at");

        for (name, expected) in [("foreign_keys", 1), ("synchronous", 1), ("busy_timeout", 5000)] {
            assert_eq!(pragma(&tx, name).await, expected, "{name}");
            for reader in &readers {
                assert_eq!(pragma(&**reader, name).await, expected, "{name}");
            }
        }
        assert_eq!(
            (pragma(&tx, "cache_size").await, pragma(&tx, "query_only").await),
            (-4096, 0)
        );
        assert_eq!(pragma(&tx, "wal_autocheckpoint").await, 4000);
        for reader in &readers {
            let seen = (
                pragma(&**reader, "cache_size").await,
                pragma(&**reader, "query_only").await,
            );
            assert_eq!(seen, (-2048, 1));
        }
        let mode = super::lines(&tx, "SELECT journal_mode AS line FROM pragma_journal_mode").await;
        assert_eq!(mode, ["wal"]);
    });
}

#[test]
fn in_memory_foreign_keys_hold_too() {
    on_every_store(async |store| {
        let orphan = "INSERT INTO free_channel_requests (user_id, request_date, processed)
                      VALUES (404, '2026-01-01 00:00:00.000000', false)";
        let tx = store.begin().await.unwrap();
        let error: StoreError = tx.execute_unprepared(orphan).await.unwrap_err().into();
        assert!(
            matches!(
                error,
                StoreError::Refused {
                    kind: Refusal::ForeignKey,
                    ..
                }
            ),
            "{error:?}"
        );
    });
}

#[test]
fn a_reader_of_a_file_cannot_write() {
    on([Kind::File], async |database| {
        let store = database.migrated().await;
        let deleted = store.read().execute_unprepared("DELETE FROM users").await;
        assert!(matches!(
            StoreError::from(deleted.unwrap_err()),
            StoreError::Unavailable(_)
        ));
    });
}

#[test]
fn a_full_house_is_busy_and_not_away() {
    on_every_database(async |database| {
        let store = database.migrated_with(impatient()).await;
        let tx = store.begin().await.unwrap();
        assert_eq!(store.writers().in_use, 1);
        assert_eq!(store.begin().await.unwrap_err(), StoreError::Busy);
        if database.kind == Kind::File {
            assert_eq!(
                people::count(&store.read()).await,
                Ok(0),
                "readers are not held up"
            );
            // Somebody else's process.
            let other = database.open_with(impatient()).await;
            assert_eq!(other.begin().await.unwrap_err(), StoreError::Busy);
        } else {
            assert_eq!(people::count(&store.read()).await, Err(StoreError::Busy));
            assert_eq!(store.ping().await, Err(StoreError::Busy));
        }
        drop(tx);
        assert!(store.begin().await.is_ok());
        assert_eq!(store.ping().await, Ok(()));
        assert_eq!(store.writers().in_use, 0);
    });
}

#[test]
fn nothing_waits_for_itself() {
    // With one connection for all, reads and writes that follow each other, and reads within a
    // transaction, never meet.
    on_every_database(async |database| {
        let options = StoreOptions {
            max_connections: 1,
            ..StoreOptions::default()
        };
        let store = database.migrated_with(options).await;
        for id in 1..=20 {
            assert_eq!(people::find(&store.read(), UserId(id)).await, Ok(None));
            let seen = store
                .write(async |tx| {
                    add(tx, id).await?;
                    people::find(tx, UserId(id)).await
                })
                .await;
            assert!(seen.unwrap().is_some(), "a transaction sees its own changes");
        }
        assert_eq!(people::count(&store.read()).await, Ok(20));
    });
}

#[test]
fn a_statement_is_stopped_at_its_limit() {
    on_every_database(async |database| {
        let store = database.migrated_with(hasty()).await;
        let stopped = store
            .read()
            .execute_unprepared(ENDLESS)
            .await
            .map_err(StoreError::from);
        assert_eq!(stopped.unwrap_err(), StoreError::TimedOut);
        assert_eq!(people::count(&store.read()).await, Ok(0));

        // A write that is stopped: SQLite ends the transaction by itself then.
        let write = match database.kind {
            Kind::Postgres => "SELECT pg_sleep(60)",
            _ => ENDLESS_WRITE,
        };
        let stopped = store
            .write(async |tx| {
                add(tx, 1).await?;
                Ok(tx.execute_unprepared(write).await.map(drop)?)
            })
            .await;
        assert_eq!(stopped, Err(StoreError::TimedOut));
        assert_eq!(people::count(&store.read()).await, Ok(0), "nothing of it counts");
        store.write(async |tx| add(tx, 2).await).await.unwrap();
        assert_eq!(
            people::count(&store.read()).await,
            Ok(1),
            "the connection is usable"
        );
    });
}

#[test]
fn a_statement_that_nobody_waits_for_any_more_ends_too() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated_with(hasty()).await;
        let write = match database.kind {
            Kind::Postgres => "SELECT pg_sleep(60)",
            _ => ENDLESS_WRITE,
        };
        let abandoned = store.write(async |tx| {
            add(tx, 1).await?;
            tx.execute_unprepared(write).await?;
            Ok::<_, StoreError>(())
        });
        let abandoned = tokio::time::timeout(Duration::from_millis(20), abandoned).await;
        assert!(abandoned.is_err(), "it was running");
        store.write(async |tx| add(tx, 2).await).await.unwrap();
        assert_eq!(people::count(&store.read()).await, Ok(1));
    });
}

#[test]
fn a_transaction_with_an_abandoned_statement_counts_for_nothing() {
    on_every_database(async |database| {
        let store = database.migrated_with(hasty()).await;
        let tx = store.begin().await.unwrap();
        add(&tx, 1).await.unwrap();
        let endless = tx.execute_unprepared(ENDLESS);
        assert!(
            tokio::time::timeout(Duration::from_millis(20), endless)
                .await
                .is_err()
        );
        assert_eq!(add(&tx, 2).await, Err(StoreError::Spoiled));
        assert_eq!(tx.commit().await, Err(StoreError::Spoiled));
        store.write(async |tx| add(tx, 3).await).await.unwrap();
        assert_eq!(people::count(&store.read()).await, Ok(1));
    });
}

#[test]
fn after_a_failed_statement_a_transaction_counts_for_nothing() {
    on_every_store(async |store| {
        let twice = "INSERT INTO settings VALUES ('k', 'Ana', '2026-01-01 00:00:00.000000', 1)";
        let tx = store.begin().await.unwrap();
        tx.execute_unprepared(twice).await.unwrap();
        let refused: StoreError = tx.execute_unprepared(twice).await.unwrap_err().into();
        assert!(refused.is_unique_violation());
        assert!(!refused.to_string().contains("Ana"), "{refused}");
        assert_eq!(add(&tx, 1).await, Err(StoreError::Spoiled));
        assert_eq!(tx.commit().await, Err(StoreError::Spoiled));

        store.write(async |tx| add(tx, 2).await).await.unwrap();
        assert_eq!(people::count(&store.read()).await, Ok(1));
        assert_eq!(crate::settings::get(&store.read(), "k").await, Ok(None));
    });
}

#[test]
fn a_dropped_transaction_leaves_nothing() {
    on_every_store(async |store| {
        let tx = store.begin().await.unwrap();
        add(&tx, 1).await.unwrap();
        drop(tx);
        let failed = store
            .write(async |tx| {
                add(tx, 2).await?;
                Err::<(), _>(StoreError::Absent)
            })
            .await;
        assert_eq!(failed, Err(StoreError::Absent));
        assert_eq!(people::count(&store.read()).await, Ok(0));
    });
}

#[test]
fn writing_can_be_spawned() {
    on_every_store(async |store| {
        let tasks: Vec<_> = (1..=20)
            .map(|id| {
                let store: Store = store.clone();
                tokio::spawn(async move { store.write(async |tx| add(tx, id).await).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
        assert_eq!(people::count(&store.read()).await, Ok(20));
    });
}

#[test]
fn a_scope_counts_its_statements() {
    on_every_store(async |store| {
        let work = async {
            people::known(&store.read(), UserId(1)).await.unwrap();
            store
                .write(async |tx| {
                    add(tx, 1).await?;
                    add(tx, 2).await?;
                    people::refresh_names(tx, &person(1, "Ana María"), later(1)).await
                })
                .await
        };
        let (changed, asked) = statements::scope(work).await;
        assert_eq!(changed, Ok(true));
        assert_eq!(asked.count, 4, "{asked:?}");
        assert_eq!(asked.by_fingerprint.values().sum::<u32>(), 4);
        let inserts = asked
            .by_fingerprint
            .iter()
            .find(|(sql, _)| sql.starts_with("INSERT"));
        assert_eq!(inserts.unwrap().1, &2);
        assert!(asked.time > Duration::ZERO);

        let ((), nothing) = statements::scope(async {}).await;
        assert_eq!(nothing.count, 0);
    });
}

#[test]
fn a_file_is_made_only_by_those_who_may() {
    on([Kind::File], async |database| {
        let path = database.url.path().unwrap();
        let options = StoreOptions {
            create: false,
            ..StoreOptions::default()
        };
        assert_eq!(
            Store::open(&database.url, &options).await.unwrap_err(),
            StoreError::Absent
        );
        assert!(!path.exists());

        database.migrated().await.close().await;
        assert!(path.exists());
        assert!(
            !path.with_extension("db-wal").exists(),
            "closing moves the log into the file"
        );
        assert!(Store::open(&database.url, &options).await.is_ok());

        run_sql(&database.open().await, "DELETE FROM settings").await;
    });
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    on([Kind::File], async |database| {
        let path = database.url.path().unwrap();
        std::fs::write(
            path,
            "Estimado visitante, esto no es una base de datos.".repeat(100),
        )
        .unwrap();
        let error = Store::open(&database.url, &StoreOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(&error, StoreError::Unavailable(why) if why.contains("not a database")),
            "{error:?}"
        );
    });
}

#[test]
fn a_change_of_one_statement_counts_by_itself() {
    on_every_store(async |store| {
        let update = |number| NewUpdate {
            bot_id: BotId(1),
            update_id: number,
            person: 7,
            kind: "message".to_owned(),
            json: "{}".to_owned(),
            failure: None,
        };
        let stored = inbox::store_batch(&store.change(), &[update(1), update(2)], now()).await;
        assert_eq!(stored.unwrap().len(), 2);
        let pending = inbox::pending(&store.read(), 0, 9).await.unwrap();
        assert_eq!(pending.len(), 2, "nobody had to commit it");

        let refused = store
            .change()
            .execute_unprepared("INSERT INTO settings VALUES (NULL)")
            .await;
        refused.unwrap_err();
        let stored = inbox::store_batch(&store.change(), &[update(3)], now()).await;
        assert_eq!(stored.unwrap().len(), 1, "a refusal is the statement's own");
    });
}
