//! Opening connections: settings that hold on every one of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection as _, Executor as _};

use crate::cutoff::Cutoff;
use crate::door::Door;
use crate::error::StoreError;
use crate::store::StoreOptions;

/// Connections to PostgreSQL are replaced after this time, so that none grows old behind a proxy.
const POSTGRES_MAX_LIFETIME: Duration = Duration::from_mins(30);
/// A connection to PostgreSQL that was idle for longer is tried before it is used.
const POSTGRES_TRUSTED_IDLE: Duration = Duration::from_secs(30);

/// The pause before a file that others are opening is tried again.
const SETTLING: Duration = Duration::from_millis(10);

/// SQLite's `cache_size`; negative numbers are KiB.
const WRITER_CACHE: &str = "-4096";
const READER_CACHE: &str = "-2048";

/// SQLite's `wal_autocheckpoint`, in pages of 4 KiB: after so many written pages the write-ahead log is
/// moved into the file, while whoever has just committed waits. Four times SQLite's own figure: a page
/// that was written often is moved once, and fewer than one transaction in a hundred has to wait.
const CHECKPOINT_AFTER: &str = "4000";

/// What a connection to SQLite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// Where the SQLite database is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    Memory,
    File(&'a Path),
}

/// One connection to SQLite, with a pool of its own that opens it again should it break.
///
/// The writer is opened at once, which creates the file; readers when they are needed.
pub(crate) async fn sqlite(
    target: Target<'_>,
    role: Role,
    options: &StoreOptions,
) -> Result<(SqlitePool, Door<DatabaseConnection>), StoreError> {
    let settings = SqliteConnectOptions::new()
        .foreign_keys(true)
        .busy_timeout(options.acquire_timeout)
        .disable_statement_logging();
    let settings = match (options.read_only, options.write_ahead) {
        (true, _) => settings.read_only(true),
        (false, false) => settings,
        (false, true) => settings
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal),
    };
    let settings = match target {
        Target::Memory => settings,
        Target::File(path) => settings
            .filename(path)
            .create_if_missing(role == Role::Writer && options.create && !options.read_only),
    };
    let settings = match role {
        Role::Writer => settings
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT_AFTER),
        Role::Reader => settings
            .pragma("cache_size", READER_CACHE)
            .pragma("query_only", "ON"),
    };

    let cutoff = Cutoff::new(options.statement_timeout);
    let watch = Arc::clone(&cutoff);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .after_connect(move |connection, _| Box::pin(Arc::clone(&watch).watch(connection)))
        .before_acquire(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // Its rollback may still be waiting in the connection's queue; the ping waits
                    // behind it. If a transaction is open even then, the connection is replaced.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction())
            })
        });
    let pool = match role {
        Role::Writer => patiently(pool, settings, options.acquire_timeout).await?,
        Role::Reader => pool.connect_lazy_with(settings),
    };
    let door = Door::new(
        SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone()),
        Some(cutoff),
    );
    Ok((pool, door))
}

/// Opens an SQLite file that others may be opening for the first time as well: while one of them
/// turns it to write-ahead logging, the others are refused without SQLite's own waiting.
async fn patiently(
    pool: SqlitePoolOptions,
    settings: SqliteConnectOptions,
    wait: Duration,
) -> Result<SqlitePool, StoreError> {
    let opening = async {
        loop {
            let opened = pool.clone().connect_with(settings.clone()).await;
            match opened.map_err(|error| StoreError::connecting(&error)) {
                Err(StoreError::Busy) => tokio::time::sleep(SETTLING).await,
                opened => return opened,
            }
        }
    };
    tokio::time::timeout(wait, opening)
        .await
        .unwrap_or(Err(StoreError::Busy))
}

/// With the name under which `pg_stat_activity` shows the connection.
pub(crate) fn named(settings: PgConnectOptions) -> PgConnectOptions {
    match settings.get_application_name() {
        Some(_) => settings,
        None => settings.application_name("lucien"),
    }
}

/// A pool of connections to PostgreSQL; the first one is opened at once.
pub(crate) async fn postgres(
    settings: PgConnectOptions,
    options: &StoreOptions,
) -> Result<(PgPool, Door<DatabaseConnection>), StoreError> {
    let settings = named(settings);
    // Sent as a statement: proxies such as PgBouncer refuse it as a start-up parameter.
    let limit = format!(
        "SET statement_timeout = {}",
        options.statement_timeout.as_millis()
    );
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .max_lifetime(POSTGRES_MAX_LIFETIME)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let limit = sqlx::AssertSqlSafe(limit.clone());
            Box::pin(async move { connection.execute(limit).await.map(drop) })
        })
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > POSTGRES_TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(settings.disable_statement_logging())
        .await
        .map_err(|error| StoreError::connecting(&error))?;
    let door = Door::new(SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone()), None);
    Ok((pool, door))
}
