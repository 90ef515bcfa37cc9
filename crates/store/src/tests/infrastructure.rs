//! What every other test, and every piece of work, stands on: isolation, rolling back, cleaning up,
//! forms of values.

use std::time::Duration;

use domain::brakes::HoldReason;
use domain::channel::ChannelRights;
use domain::id::{BotId, ChatId, DepartureId, UserId};
use domain::queue::{REPEAT_WINDOW, RequestOutcome};
use domain::reminder::ReminderKind;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use super::nine_tables as expected;
use super::outbox::row;
use super::{
    Database, Kind, add_people, at_once, later, lines, now, on, on_every_database, on_every_store, run_sql,
};
use crate::dialogues::{self, Dialogue};
use crate::entry_links::{self, CloseReason, NewEntryLink};
use crate::inbox::NewUpdate;
use crate::outbox::NewRow;
use crate::presence::{self, Sighting, Standing};
use crate::subscribers::{self, Grant};
use crate::vip_door::{self, Decision, Line, NewRequest};
use crate::{
    Dialect, Store, StoreError, StoreOptions, Tx, blocks, channels, confirmations, departures, exemptions,
    holds, house, inbox, jobs, outbox, people, reachability, reminders, requests, settings,
};

/// All tables with at least one row, without our mark.
async fn filled(store: &Store) -> Vec<String> {
    let db = &store.read();
    let mut filled = Vec::new();
    for table in crate::schema::tables(db).await.unwrap() {
        let question = format!("SELECT CAST(count(*) AS TEXT) AS line FROM {table}");
        if table != crate::schema::MARK && lines(db, &question).await != ["0"] {
            filled.push(table);
        }
    }
    filled
}

fn update(update_id: i64) -> NewUpdate {
    NewUpdate {
        bot_id: BotId(1),
        update_id,
        person: 7,
        kind: "message".to_owned(),
        json: "{}".to_owned(),
        failure: None,
    }
}

/// A unit of work as the house does them: state, outcome, and what follows from it.
async fn work(tx: &Tx, epoch: i64) -> Result<(), StoreError> {
    let stored = inbox::store_batch(tx, &[update(1)], now()).await?;
    inbox::claim(tx, &[stored[0].seq], epoch, inbox::Run::Together).await?;
    settings::set(tx, "tono", "formal", UserId(7), now()).await?;
    let removal = NewRow {
        ends_at: Some(now()),
        ..row("chat 7")
    };
    let id = outbox::enqueue(tx, &removal, now()).await?;
    outbox::claim(tx, &[id], epoch, now()).await?;
    outbox::put_off(tx, id, epoch, Some(later(1)), 1, true).await?;
    outbox::claim(tx, &[id], epoch, later(1)).await?;
    let dialogue = Dialogue {
        kind: "token".to_owned(),
        step: "plan".to_owned(),
        draft: "{}".to_owned(),
        message_id: Some(5),
        expires_at: later(60),
    };
    dialogues::begin(tx, UserId(7), &dialogue, now()).await?;
    reachability::note_blocked(tx, UserId(7), "told", now()).await?;
    enter(tx, id).await?;
    leave(tx, epoch).await?;
    blocks::block(tx, UserId(7), UserId(9), now()).await?;
    inbox::set_outcome(tx, stored[0].seq, epoch, "menu").await?;
    Ok(())
}

/// What the way in keeps.
async fn enter(tx: &Tx, outbox: i64) -> Result<(), StoreError> {
    let (user, channel) = (UserId(7), ChatId(-100));
    let grant = Grant {
        user,
        token: "GRANT-1",
        plan: None,
        by: UserId(0),
        expiry: later(60),
        stage: None,
    };
    subscribers::grant(tx, &grant, now()).await?;
    let link = NewEntryLink {
        user,
        channel,
        outbox,
        expires_at: later(60),
    };
    let link = entry_links::plan(tx, &link, now()).await?.id;
    entry_links::close(tx, link, CloseReason::Failed, now()).await?;
    let request = NewRequest {
        user,
        channel,
        chat: ChatId(7),
        link: Some(link),
    };
    let number = vip_door::note_request(tx, &request, now()).await?.number;
    vip_door::decide(tx, user, channel, number, Decision::Gone, now()).await?;
    vip_door::said(tx, user, channel, Line::Hold(number), now()).await?;
    let seen = Sighting {
        user,
        channel,
        standing: Standing::Kicked,
        until: Some(later(60)),
        actor: None,
    };
    presence::note(tx, &seen, now()).await?;
    presence::ask(tx, user, channel, now()).await?;
    channels::note_rights(tx, channel, ChannelRights::NONE, now()).await?;
    channels::alarm(tx, channel, now()).await?;
    let question = confirmations::open(tx, user, "{}", later(60), now()).await?;
    confirmations::consume(tx, question, user, now()).await?;
    Ok(())
}

/// What the other ways keep.
async fn leave(tx: &Tx, epoch: i64) -> Result<(), StoreError> {
    let user = UserId(7);
    let request = requests::NewRequest {
        user,
        channel: ChatId(-200),
        chat: ChatId(7),
    };
    requests::note(tx, &request, REPEAT_WINDOW, now()).await?;
    requests::note(tx, &request, REPEAT_WINDOW, now()).await?;
    requests::close_of(tx, user, RequestOutcome::Inside, now()).await?;
    jobs::begin(tx, "expiry", epoch, now()).await?;
    jobs::succeed(tx, "expiry", epoch, now(), later(60)).await?;
    let ended = departures::end(tx, later(61), 9, later(61)).await?;
    departures::release(tx, &[DepartureId(1)], later(61)).await?;
    holds::set(tx, HoldReason::Cap, now()).await?;
    holds::told(tx, HoldReason::Cap, now()).await?;
    exemptions::add(tx, user, UserId(9), now()).await?;
    let said = reminders::Entry {
        user,
        expiry: ended[0].expiry,
        kind: ReminderKind::End,
    };
    reminders::note(tx, &[said], now()).await?;
    Ok(())
}

async fn ready(store: &Store) -> i64 {
    add_people(store, [7]).await;
    store
        .write(async |tx| house::raise_epoch(tx, now()).await)
        .await
        .unwrap()
}

#[test]
fn a_new_database_holds_nothing() {
    on_every_store(async |store| assert_eq!(filled(&store).await, [""; 0]));
}

#[test]
fn databases_do_not_see_each_other() {
    for kind in [Kind::Memory, Kind::File, Kind::Postgres] {
        on([kind], async |database| {
            let other = Database::create(kind).await.unwrap();
            let (here, there) = (database.migrated().await, other.migrated().await);
            add_people(&here, [1]).await;
            assert_eq!(people::count(&there.read()).await, Ok(0));
            there.close().await;
            other.remove().await;
        });
    }
}

#[test]
fn in_memory_each_opening_is_a_database_of_its_own() {
    on([Kind::Memory], async |database| {
        let (one, other) = (database.migrated().await, database.migrated().await);
        add_people(&one, [1]).await;
        assert_eq!(people::count(&other.read()).await, Ok(0));
    });
}

#[test]
fn a_file_keeps_what_was_committed() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        add_people(&store, [1, 2]).await;
        store.close().await;
        assert_eq!(people::count(&database.open().await.read()).await, Ok(2));
    });
}

#[test]
fn a_unit_of_work_counts_whole() {
    on_every_store(async |store| {
        let epoch = ready(&store).await;
        store.write(async |tx| work(tx, epoch).await).await.unwrap();
        let ours = [
            "blocks",
            "channel_rights",
            "confirmations",
            "departures",
            "dialogues",
            "door_requests",
            "door_said",
            "entry_links",
            "exemptions",
            "free_channel_requests",
            "free_requests",
            "holds",
            "house",
            "inbox",
            "invitation_tokens",
            "invitations",
            "jobs",
            "outbox",
            "presence",
            "reachability",
            "reminders",
            "settings",
            "users",
            "vip_subscribers",
        ];
        assert_eq!(filled(&store).await, ours);
    });
}

#[test]
fn or_not_at_all() {
    on_every_store(async |store| {
        let epoch = ready(&store).await;
        let failed = store
            .write(async |tx| {
                work(tx, epoch).await?;
                Err::<(), _>(StoreError::Busy)
            })
            .await;
        assert_eq!(failed, Err(StoreError::Busy));
        assert_eq!(filled(&store).await, ["house", "users"]);
    });
}

#[test]
fn a_unit_that_panics_leaves_nothing_and_gives_its_connection_back() {
    on_every_store(async |store| {
        let epoch = ready(&store).await;
        let panicking = {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(async |tx| {
                        work(tx, epoch).await?;
                        if epoch > 0 {
                            std::panic::resume_unwind(Box::new("on purpose"));
                        }
                        Ok::<_, StoreError>(())
                    })
                    .await
            })
        };
        assert!(panicking.await.unwrap_err().is_panic());
        assert_eq!(filled(&store).await, ["house", "users"]);
        assert_eq!(store.writers().in_use, 0);
        store.write(async |tx| work(tx, epoch).await).await.unwrap();
    });
}

#[test]
fn a_unit_that_nobody_waits_for_leaves_nothing() {
    on_every_store(async |store| {
        let epoch = ready(&store).await;
        let (begun, wait) = tokio::sync::oneshot::channel();
        let abandoned = {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(async |tx| {
                        work(tx, epoch).await?;
                        begun.send(()).unwrap();
                        std::future::pending::<Result<(), StoreError>>().await
                    })
                    .await
            })
        };
        wait.await.unwrap();
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
        assert_eq!(filled(&store).await, ["house", "users"]);
        store.write(async |tx| work(tx, epoch).await).await.unwrap();
    });
}

#[test]
fn what_is_not_committed_is_seen_by_nobody_else() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let epoch = ready(&store).await;
        let tx = store.begin().await.unwrap();
        work(&tx, epoch).await.unwrap();
        assert!(outbox::due(&tx, later(9), 9).await.unwrap().is_empty(), "in hand");
        assert_eq!(outbox::backlog(&tx).await.unwrap().pending, 1);
        assert_eq!(outbox::backlog(&store.read()).await.unwrap().pending, 0);
        assert_eq!(filled(&store).await, ["house", "users"]);
        tx.commit().await.unwrap();
        assert_eq!(outbox::backlog(&store.read()).await.unwrap().pending, 1);
    });
}

#[test]
fn nothing_that_is_counted_up_at_once_is_lost() {
    on_every_store(async |store| {
        run_sql(
            &store,
            "INSERT INTO settings VALUES ('n', '0', '2026-01-01 00:00:00.000000', 1)",
        )
        .await;
        at_once(|_| {
            let store = store.clone();
            async move {
                for _ in 0..5 {
                    run_sql(
                        &store,
                        "UPDATE settings SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)",
                    )
                    .await;
                }
            }
        })
        .await;
        assert_eq!(
            settings::get(&store.read(), "n").await.unwrap().as_deref(),
            Some("40")
        );
    });
}

#[test]
fn epochs_raised_at_once_are_all_different() {
    on_every_store(async |store| {
        let mut epochs = at_once(|_| {
            let store = store.clone();
            async move {
                store
                    .write(async |tx| house::raise_epoch(tx, now()).await)
                    .await
                    .unwrap()
            }
        })
        .await;
        epochs.sort_unstable();
        assert_eq!(epochs, [1, 2, 3, 4, 5, 6, 7, 8]);
    });
}

#[test]
fn settings_hold_on_every_connection_to_postgres() {
    on([Kind::Postgres], async |database| {
        let options = StoreOptions {
            max_connections: 5,
            ..StoreOptions::default()
        };
        let store = database.migrated_with(options).await;
        let mut held = Vec::new();
        for _ in 0..5 {
            held.push(store.begin().await.unwrap());
        }
        for tx in &held {
            let query =
                "SELECT current_setting('statement_timeout') || ' ' || current_setting('application_name')
                         || ' ' || current_setting('TimeZone') AS line";
            let line = lines(tx, query).await.remove(0);
            assert!(line.starts_with("30s lucien "), "{line}");
        }
        let backends = "SELECT DISTINCT CAST(pid AS text) AS line FROM pg_stat_activity
                        WHERE datname = current_database() AND application_name = 'lucien'";
        assert_eq!(
            lines(&held[0], backends).await.len(),
            5,
            "all of them were looked at"
        );
    });
}

#[test]
fn pragmas_hold_in_memory_and_after_a_broken_transaction() {
    on([Kind::Memory, Kind::File], async |database| {
        let options = StoreOptions {
            statement_timeout: Duration::from_millis(300),
            ..StoreOptions::default()
        };
        let store = database.migrated_with(options).await;
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                       INSERT INTO settings SELECT i, '', '', 0 FROM n";
        let stopped = store
            .write(async |tx| Ok(tx.execute_unprepared(endless).await.map(drop)?))
            .await;
        assert_eq!(stopped, Err(StoreError::TimedOut));
        let tx = store.begin().await.unwrap();
        for (name, expected) in [("foreign_keys", 1), ("synchronous", 1), ("cache_size", -4096)] {
            let question = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
            let answer = tx.query_one_raw(question).await.unwrap().unwrap();
            assert_eq!(answer.try_get_by_index::<i64>(0).unwrap(), expected, "{name}");
        }
    });
}

#[test]
fn every_time_of_ours_has_26_characters_on_sqlite() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        let epoch = ready(&store).await;
        store.write(async |tx| work(tx, epoch).await).await.unwrap();
        let columns =
            "SELECT m.name || '.' || c.name AS line FROM sqlite_schema m, pragma_table_info(m.name) c
                       WHERE m.type = 'table' AND c.type = 'DATETIME' ORDER BY 1";
        let mut seen = 0;
        for column in lines(&store.read(), columns).await {
            let (table, name) = column.split_once('.').unwrap();
            let lengths =
                format!("SELECT CAST(length({name}) AS TEXT) AS line FROM {table} WHERE {name} IS NOT NULL");
            for length in lines(&store.read(), &lengths).await {
                assert_eq!(length, "26", "{column}");
                seen += 1;
            }
        }
        assert!(seen >= 50, "only {seen} were looked at");
    });
}

#[test]
fn booleans_of_ours_are_numbers_on_sqlite() {
    on([Kind::Memory], async |database| {
        let store = database.migrated().await;
        let epoch = ready(&store).await;
        store.write(async |tx| work(tx, epoch).await).await.unwrap();
        let query =
            "SELECT typeof(unknown) || unknown || ' ' || typeof(alone) || alone AS line FROM outbox, inbox";
        assert_eq!(lines(&store.read(), query).await, ["integer1 integer0"]);
    });
}

#[test]
fn moments_and_texts_come_back_as_they_went() {
    on_every_store(async |store| {
        add_people(&store, [7]).await;
        let exact = now() + chrono::TimeDelta::microseconds(123_456);
        let dialogue = Dialogue {
            kind: "é".repeat(40),
            step: "ñ".repeat(40),
            draft: "{\"texto\":\"«Año» 🔥 \\u0000 'x' \\\\ $1 ?\"}".to_owned(),
            message_id: Some(i64::MAX),
            expires_at: exact,
        };
        store
            .write(async |tx| dialogues::begin(tx, UserId(7), &dialogue, exact).await)
            .await
            .unwrap();
        let stored = dialogues::find(&store.read(), UserId(7), exact)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((stored.dialogue, stored.updated_at), (dialogue, exact));
    });
}

#[test]
fn what_refers_to_the_nine_tables_goes_with_their_rows() {
    on_every_store(async |store| {
        let query = match store.dialect() {
            Dialect::Sqlite => {
                r#"SELECT m.name || ' ' || lower(f.on_delete) AS line
                   FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1"#
            }
            Dialect::Postgres => {
                "SELECT conrelid::regclass::text || ' ' || CASE confdeltype WHEN 'c' THEN 'cascade' ELSE 'no action' END AS line
                 FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
            }
        };
        let nine = expected::COLUMNS;
        let ours: Vec<String> = lines(&store.read(), query)
            .await
            .into_iter()
            .filter(|line| !nine.contains(&format!("{}.", line.split(' ').next().unwrap())))
            .collect();
        let expected = [
            "dialogues",
            "door_requests",
            "door_said",
            "free_requests",
            "invitations",
            "presence",
            "reachability",
            "reminders",
        ];
        assert_eq!(ours, expected.map(|table| format!("{table} cascade")));
    });
}

#[test]
fn closing_leaves_one_file() {
    on([Kind::File], async |database| {
        let store = database.migrated().await;
        add_people(&store, [1]).await;
        people::count(&store.read()).await.unwrap();
        store.close().await;
        let folder = database.url.path().unwrap().parent().unwrap();
        let files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(files, ["house.db"]);
    });
}

#[test]
fn a_removed_database_is_gone() {
    on_every_database(async |database| {
        let other = Database::create(database.kind).await.unwrap();
        let path = other.url.path().map(std::path::Path::to_owned);
        let name = other.url.database_name();
        other.migrated().await.close().await;
        other.remove().await;
        match database.kind {
            Kind::Memory => {}
            Kind::File => assert!(!path.unwrap().exists()),
            Kind::Postgres => {
                let store = database.open().await;
                let query = format!("SELECT datname::text AS line FROM pg_database WHERE datname = '{name}'");
                assert_eq!(lines(&store.read(), &query).await, [""; 0]);
            }
        }
    });
}

#[test]
fn statements_of_a_unit_are_few() {
    on_every_store(async |store| {
        let epoch = ready(&store).await;
        let ((), asked) = crate::statements::scope(async {
            let tx = store.begin().await.unwrap();
            let id = outbox::enqueue(&tx, &row("a"), now()).await.unwrap();
            assert_eq!(outbox::claim(&tx, &[id], epoch, now()).await.unwrap().len(), 1);
            assert!(outbox::finish(&tx, id, epoch, None, now()).await.unwrap());
            assert_eq!(outbox::claim(&tx, &[], epoch, now()).await, Ok(Vec::new()));
            tx.commit().await.unwrap();
        })
        .await;
        assert_eq!(asked.count, 3, "one each: {asked:?}");
    });
}
