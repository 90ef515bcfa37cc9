//! Tests against real databases: SQLite in memory, SQLite in a file, and PostgreSQL where
//! `TEST_POSTGRES_URL` names a server on which databases may be made and dropped.

mod adoption;
mod archive;
mod backups;
mod channels;
mod confirmations;
mod connections;
mod crowd;
mod departures;
mod dialogues;
mod entry_links;
mod inbox;
mod infrastructure;
mod interests;
mod invariants;
mod invitations;
mod jobs;
mod lock;
mod migrations;
mod nine_tables;
mod outage;
mod outbox;
mod outbox_order;
mod presence;
mod processes;
mod redemptions;
mod reminders;
mod repositories;
mod requests;
mod role_log;
mod roles;
mod roll;
mod tokens;
mod transfer;
mod values;
mod vip_door;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta};
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::session::Connection;
use crate::{DatabaseUrl, Dialect, Refusal, Store, StoreError, StoreOptions, people, schema, sql};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Memory,
    File,
    Postgres,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "SQLite in memory",
            Self::File => "an SQLite file",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// An empty database of its own.
struct Database {
    kind: Kind,
    url: DatabaseUrl,
    /// Keeps the file.
    _folder: Option<TempDir>,
}

/// Runs `test` on each kind of database, each time with a new empty one.
fn on_every_database(test: impl AsyncFn(&Database)) {
    on([Kind::Memory, Kind::File, Kind::Postgres], test);
}

/// The same, with all migrations applied and the store open.
pub(crate) fn on_every_store(test: impl AsyncFn(Store)) {
    on_every_database(async |database| test(database.migrated().await).await);
}

/// The same on PostgreSQL alone.
pub(crate) fn on_postgres(test: impl AsyncFn(Store)) {
    on([Kind::Postgres], async |database| {
        test(database.migrated().await).await
    });
}

fn on(kinds: impl IntoIterator<Item = Kind>, test: impl AsyncFn(&Database)) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for kind in kinds {
        run(&runtime, kind, &test);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "tells which database a failure or a gap belongs to"
)]
fn run(runtime: &Runtime, kind: Kind, test: &impl AsyncFn(&Database)) {
    let Some(database) = runtime.block_on(Database::create(kind)) else {
        eprintln!("skipped on {kind}: TEST_POSTGRES_URL is not set");
        return;
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(&database))));
    runtime.block_on(database.remove());
    if let Err(panic) = outcome {
        eprintln!("on {kind}");
        resume_unwind(panic);
    }
}

/// The server's maintenance database.
fn server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok()
}

/// Runs statements on the server itself, each outside of a transaction.
async fn on_server(statements: &[String]) {
    let mut server = PgConnection::connect(&server().unwrap()).await.unwrap();
    for statement in statements {
        server.execute(AssertSqlSafe(statement.clone())).await.unwrap();
    }
    server.close().await.unwrap();
}

impl Database {
    async fn create(kind: Kind) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let (url, folder) = match kind {
            Kind::Memory => (DatabaseUrl::memory(), None),
            Kind::File => {
                let folder = tempfile::tempdir().unwrap();
                (DatabaseUrl::file(folder.path().join("house.db")), Some(folder))
            }
            Kind::Postgres => {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                // A process that was killed leaves its databases behind, and another may have its number later.
                let moment = chrono::Utc::now().timestamp_micros();
                let name = format!("store_test_{}_{moment:x}_{number}", std::process::id());
                let mut url = url::Url::parse(&server()?).unwrap();
                url.set_path(&name);
                on_server(&[format!("CREATE DATABASE {name}")]).await;
                (url.as_str().parse().unwrap(), None)
            }
        };
        Some(Self {
            kind,
            url,
            _folder: folder,
        })
    }

    async fn remove(self) {
        if self.kind == Kind::Postgres {
            on_server(&[format!("DROP DATABASE {} WITH (FORCE)", self.url.database_name())]).await;
        }
    }

    async fn open(&self) -> Store {
        self.open_with(StoreOptions::default()).await
    }

    async fn open_with(&self, options: StoreOptions) -> Store {
        Store::open(&self.url, &options).await.unwrap()
    }

    async fn migrated(&self) -> Store {
        self.migrated_with(StoreOptions::default()).await
    }

    async fn migrated_with(&self, options: StoreOptions) -> Store {
        let store = self.open_with(options).await;
        schema::up(&store, None, now()).await.unwrap();
        store
    }
}

/// The moment at which tests take place; its fraction is zero, the case in which forms differ.
pub(crate) fn now() -> Timestamp {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + TimeDelta::seconds(seconds)
}

/// Statements of the test's own, committed.
async fn run_sql(store: &Store, statements: &str) {
    let done = store
        .write(async |tx| {
            tx.execute_unprepared(statements).await?;
            Ok::<_, StoreError>(())
        })
        .await;
    done.unwrap();
}

/// The column `line` of all rows.
async fn lines(db: &impl Connection, query: &str) -> Vec<String> {
    #[derive(FromQueryResult)]
    struct Row {
        line: String,
    }
    let rows: Vec<Row> = sql::all(db, query, []).await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// The rows of a table in order, as the database itself spells the values.
async fn spelled(store: &Store, table: &str, columns: &[&str]) -> Vec<String> {
    let spell = |column: &&str| match store.dialect() {
        Dialect::Sqlite => format!("quote({column})"),
        Dialect::Postgres => format!("quote_nullable(CAST({column} AS text))"),
    };
    let values: Vec<String> = columns.iter().map(spell).collect();
    let query = format!(
        "SELECT {} AS line FROM {table} ORDER BY id",
        values.join(" || ' ' || ")
    );
    lines(&store.read(), &query).await
}

/// Stores people of these ids.
async fn add_people(store: &Store, ids: impl IntoIterator<Item = i64>) {
    let tx = store.begin().await.unwrap();
    for id in ids {
        let profile = Profile::new(UserId(id), "Ana", None, None);
        people::insert_if_absent(&tx, &profile, Role::Free, now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

fn breaks_a_foreign_key(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Refused {
            kind: Refusal::ForeignKey,
            ..
        }
    )
}

/// What each of several tasks is told that do the same at once, numbered from 0.
async fn at_once<F>(work: impl Fn(i64) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = (0..8).map(|number| tokio::spawn(work(number))).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.unwrap());
    }
    outputs
}

/// On PostgreSQL: returns once `task` waits for another transaction, or is through without.
async fn held_up<T>(store: &Store, task: &JoinHandle<T>) -> bool {
    let query = "SELECT CAST(pid AS text) AS line FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        if task.is_finished() {
            return false;
        }
        if !lines(&store.read(), query).await.is_empty() {
            return true;
        }
    }
}
