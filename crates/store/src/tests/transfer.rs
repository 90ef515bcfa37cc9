//! Moving a house, on each pair of databases.

use std::sync::Mutex;

use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::TestClock;
use rust_decimal::Decimal;

use super::{Database, Kind, now, on_every_database, run_sql};
use crate::adoption::AdoptError;
use crate::holds;
use crate::rows::{self, Cell, Family, Limit, Row, Table};
use crate::session::Connection;
use crate::transfer::{Options, Outcome, Progress, Stage, TransferError, Why, compare, transfer};
use crate::{Dialect, Store, schema, sql};

/// More than a page, in the one table that has so many.
const MANY: i64 = 1_234;
const LONG: &str = "departures";
const FEW: i64 = 20;

fn clock() -> TestClock {
    TestClock::new(now())
}

/// A row whose numbers are all `number`, so that keys are unique and what refers to a row finds one.
fn row(table: &Table, number: i64) -> Row {
    let cell = |(place, column): (usize, &rows::Column)| {
        if column.nullable && (number + place as i64) % 3 == 0 {
            return Cell::Null;
        }
        match column.family {
            Family::Int => Cell::Int(number),
            Family::Bool => Cell::Bool(number % 2 == 0),
            Family::Real => Cell::Real(number as f64 + 0.99),
            Family::Decimal => Cell::Decimal(Decimal::new(number * 50, 2)),
            Family::Moment => {
                let at = now() + TimeDelta::seconds(number) + TimeDelta::microseconds(number % 7);
                Cell::Moment(at.naive_utc())
            }
            Family::Text => {
                let limit = match column.limit {
                    Some(Limit::Length(limit)) => limit,
                    _ => 30,
                };
                Cell::Text(format!("{number} 🔥 ñandú '\"").chars().take(limit).collect())
            }
            Family::Json => Cell::Json(format!(r#"{{"n": {number}, "\u00f1": ["\ud83d\udd25", null]}}"#)),
            Family::Label("userrole") => Cell::Text("VIP".to_owned()),
            Family::Label("contentcategory") => Cell::Text("VIP_PREMIUM".to_owned()),
            Family::Label("packagetype") => Cell::Text("BUNDLE".to_owned()),
            Family::Label(_) => Cell::Text("VIP_REDEEMED".to_owned()),
        }
    };
    table.columns.iter().enumerate().map(cell).collect()
}

/// Rows in every table.
async fn filled(database: &Database, few: i64, many: i64) -> Store {
    let store = database.migrated().await;
    let tables = rows::all().await.unwrap();
    let tx = store.begin().await.unwrap();
    rows::clear(&tx, &tables).await.unwrap();
    for table in &tables {
        let count = match table.name.as_str() {
            "house" => 1,
            LONG => many,
            _ => few,
        };
        let rows: Vec<Row> = (1..=count).map(|number| row(table, number)).collect();
        rows::insert(&tx, table, &rows).await.unwrap();
    }
    rows::set_sequences(&tx, &rows::all().await.unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store
}

async fn summaries(db: &impl Connection) -> Vec<rows::Summary> {
    let mut summaries = Vec::new();
    for table in rows::all().await.unwrap() {
        summaries.push(rows::summary(db, &table).await.unwrap());
    }
    summaries
}

const fn silent(_: Progress<'_>) {}

/// Runs a test with each kind of source and an empty target of each kind.
fn on_every_pair(test: impl AsyncFn(&Database, &Database)) {
    on_every_database(async |source| {
        for kind in [Kind::File, Kind::Postgres] {
            let Some(target) = Database::create(kind).await else {
                continue;
            };
            test(source, &target).await;
            target.remove().await;
        }
    });
}

async fn opened(database: &Database) -> Store {
    Store::open(&database.url, &crate::StoreOptions::default())
        .await
        .unwrap()
}

#[test]
fn everything_arrives_and_the_source_stays_as_it_was() {
    on_every_pair(async |source, target| {
        let (source, target) = (filled(source, FEW, MANY).await, opened(target).await);
        let before = summaries(&source.read()).await;
        let stages = Mutex::new(Vec::new());
        let watch = |progress: Progress<'_>| {
            assert!(progress.done <= progress.total, "{progress:?}");
            let mut stages = stages.lock().unwrap();
            if stages.last() != Some(&progress.stage) {
                stages.push(progress.stage);
            }
        };
        let report = transfer(&source, &target, &Options::default(), &clock(), &watch)
            .await
            .unwrap();

        assert_eq!(report.outcome, Some(Outcome::Moved));
        assert!(report.differences().is_empty(), "{report}");
        assert!(report.unfit.is_empty() && report.adopted.is_none(), "{report}");
        assert!(
            report.tables.len() > 20 && report.rows > MANY as u64 + 400,
            "{report}"
        );
        assert_eq!(
            stages.into_inner().unwrap(),
            [Stage::Reading, Stage::Writing, Stage::Comparing]
        );
        assert_eq!(summaries(&source.read()).await, before);

        // By another way than the transfer's own.
        let tx = target.begin().await.unwrap();
        let holds = holds::all(&tx).await;
        assert!(holds.is_err(), "the filler's reasons are no reasons: {holds:?}");
        sql::execute(&tx, "DELETE FROM holds WHERE reason = 'TRANSFERRED'", [])
            .await
            .unwrap();
        assert_eq!(summaries(&tx).await, before);
        assert_eq!(schema::state(&source).await, Ok(schema::SchemaState::Current));

        // New rows get numbers of their own.
        let insert = "INSERT INTO departures (user_id, expiry, ended_at, state)
            SELECT 5000, expiry, ended_at, 'x' FROM departures WHERE id = 1";
        assert_eq!(sql::execute(&tx, insert, []).await, Ok(1));
        let highest = sql::count(&tx, "SELECT max(id) AS count FROM departures", []).await;
        assert_eq!(highest, Ok(MANY + 1));
        drop(tx);
        source.close().await;
        target.close().await;
    });
}

#[test]
fn nobody_is_seen_out_of_the_new_house_before_a_custodian_has_looked() {
    on_every_pair(async |source, target| {
        let (source, target) = (source.migrated().await, opened(target).await);
        transfer(&source, &target, &Options::default(), &clock(), &silent)
            .await
            .unwrap();
        let holds = holds::all(&target.read()).await.unwrap();
        assert!(
            matches!(&*holds, [hold] if hold.reason == HoldReason::Transferred),
            "{holds:?}"
        );
        let holds = holds::all(&source.read()).await.unwrap();
        assert!(holds.is_empty(), "{holds:?}");
        source.close().await;
        target.close().await;
    });
}

#[test]
fn what_is_there_is_replaced_only_when_that_is_wanted() {
    on_every_pair(async |source, target| {
        let (source, target) = (filled(source, 7, 7).await, filled(target, 9, 9).await);
        let before = summaries(&target.read()).await;
        let refused = transfer(&source, &target, &Options::default(), &clock(), &silent).await;
        assert!(
            matches!(&refused, Err(TransferError::NotEmpty(tables)) if tables.len() > 20),
            "{refused:?}"
        );
        assert_eq!(summaries(&target.read()).await, before);

        let force = Options {
            force: true,
            ..Options::default()
        };
        let report = transfer(&source, &target, &force, &clock(), &silent)
            .await
            .unwrap();
        assert!(report.differences().is_empty(), "{report}");
        let again = compare(&source, &target, &Options::default(), &clock(), &silent)
            .await
            .unwrap();
        assert!(again.differences().is_empty(), "{again}");
        source.close().await;
        target.close().await;
    });
}

#[test]
fn a_dry_run_writes_nothing() {
    on_every_pair(async |source, target| {
        let (source, target) = (filled(source, 7, 7).await, opened(target).await);
        let dry = Options {
            dry_run: true,
            ..Options::default()
        };
        let report = transfer(&source, &target, &dry, &clock(), &silent).await.unwrap();
        assert_eq!(report.outcome, Some(Outcome::WouldMove));
        assert_eq!(schema::state(&target).await, Ok(schema::SchemaState::Empty));
        source.close().await;
        target.close().await;
    });
}

#[test]
fn what_does_not_fit_is_listed_and_only_texts_are_cut() {
    on_every_pair(async |source, target| {
        let (source, target) = (filled(source, 3, 3).await, opened(target).await);
        if source.dialect() == Dialect::Postgres {
            return;
        }
        let name = "ñ".repeat(150);
        let update = "UPDATE users SET first_name = $1 WHERE user_id = 2";
        sql::execute(&source.change(), update, [name.into()])
            .await
            .unwrap();
        let report = transfer(&source, &target, &Options::default(), &clock(), &silent)
            .await
            .unwrap();
        let unfit: Vec<_> = report
            .unfit
            .iter()
            .map(|unfit| (&*unfit.table, &*unfit.key, &*unfit.column, unfit.why))
            .collect();
        match target.dialect() {
            Dialect::Sqlite => assert!(unfit.is_empty(), "{unfit:?}"),
            Dialect::Postgres => assert_eq!(unfit, [("users", "2", "first_name", Why::TooLong)]),
        }
        assert!(!report.to_string().contains('ñ'), "{report}");

        let update = "UPDATE subscription_plans SET duration_days = 5000000000 WHERE id = 3";
        sql::execute(&source.change(), update, []).await.unwrap();
        let force = Options {
            force: true,
            ..Options::default()
        };
        let before = summaries(&target.read()).await;
        let refused = transfer(&source, &target, &force, &clock(), &silent).await;
        if target.dialect() == Dialect::Postgres {
            let Err(TransferError::Unfit(unfit)) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(unfit.len(), 2, "{unfit:?}");
            assert!(
                unfit
                    .iter()
                    .any(|unfit| (unfit.why, &*unfit.key) == (Why::TooLarge, "3")),
                "{unfit:?}"
            );
            assert_eq!(summaries(&target.read()).await, before);
        }
        source.close().await;
        target.close().await;
    });
}

#[test]
fn a_comparison_names_what_differs() {
    on_every_pair(async |source, target| {
        let (source, target) = (filled(source, 7, 7).await, opened(target).await);
        transfer(&source, &target, &Options::default(), &clock(), &silent)
            .await
            .unwrap();
        let update = "UPDATE users SET last_name = 'x' WHERE user_id = 2";
        sql::execute(&target.change(), update, []).await.unwrap();
        sql::execute(&target.change(), "DELETE FROM blocks WHERE user_id = 1", [])
            .await
            .unwrap();
        let report = compare(&source, &target, &Options::default(), &clock(), &silent)
            .await
            .unwrap();
        assert_eq!(
            report.differences(),
            ["blocks: 6 rows, not 7", "users: last_name"]
        );
        source.close().await;
        target.close().await;
    });
}

#[test]
fn a_house_does_not_move_into_itself_or_out_of_nothing() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let refused = transfer(&store, &store, &Options::default(), &clock(), &silent).await;
        assert!(matches!(refused, Err(TransferError::Same)), "{refused:?}");
        store.close().await;
    });
    on_every_pair(async |source, target| {
        let (source, target) = (opened(source).await, opened(target).await);
        let refused = transfer(&source, &target, &Options::default(), &clock(), &silent).await;
        assert!(matches!(refused, Err(TransferError::NothingThere)), "{refused:?}");
        assert_eq!(schema::state(&target).await, Ok(schema::SchemaState::Empty));
        source.close().await;
        target.close().await;
    });
}

/// Of a copy one could not tell any more what was missing in the original.
#[test]
fn what_a_predecessors_database_lacks_is_not_made_up() {
    for (taken_away, is_table) in [
        ("DROP TABLE user_role_change_log", true),
        ("ALTER TABLE users DROP COLUMN role", false),
    ] {
        on_every_pair(async |source, target| {
            let (source, target) = (opened(source).await, opened(target).await);
            // A source is there for several targets.
            if schema::state(&source).await == Ok(schema::SchemaState::Empty) {
                schema::up(&source, Some(1), now()).await.unwrap();
                run_sql(&source, &format!("DROP TABLE lucien_migrations; {taken_away}")).await;
            }
            let refused = transfer(&source, &target, &Options::default(), &clock(), &silent).await;
            let is_told = match &refused {
                Err(TransferError::Adoption(AdoptError::Incomplete { missing })) => {
                    is_table && missing == &["user_role_change_log"]
                }
                Err(TransferError::Adoption(AdoptError::Shape(mismatches))) => {
                    !is_table && mismatches.len() == 1
                }
                _ => false,
            };
            // In memory there is no file to be copied, and what is not ours is not taken from there.
            let is_in_memory = source.dialect() == Dialect::Sqlite && source.url().path().is_none();
            assert!(is_told || is_in_memory, "{refused:?}");
            source.close().await;
            target.close().await;
        });
    }
}
