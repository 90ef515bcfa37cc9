//! Databases as the Python bot left them, to be adopted, moved and handed back.
//!
//! They are made by SQL of their own, which shares nothing with the store's, in the formats of that bot's
//! SQLAlchemy: times of 26 characters without a zone, booleans 0 and 1 on SQLite, labels in upper case,
//! JSON with escapes. All people are made up.
//!
//! | module | holds |
//! |---|---|
//! | [`sample`] | the rows of an old file with everything awkward that one has held |
//! | [`crowd`] | any number of people on top |

pub mod crowd;
pub mod sample;

use std::path::Path;

use anyhow::{Context, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use store::{DatabaseUrl, Dialect};

use crate::database::{Backend, TestDb};

/// The nine tables that every version of that bot has, in the order in which they refer to each other.
pub const TABLES: [&str; 9] = [
    "bot_config",
    "users",
    "subscription_plans",
    "invitation_tokens",
    "vip_subscribers",
    "free_channel_requests",
    "content_packages",
    "user_interests",
    "user_role_change_log",
];

/// How a database came to be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// v1.2, its tables made by Alembic.
    V12,
    /// v1.2, its tables made by the models: without `alembic_version`, without the sequence of
    /// `bot_config` on PostgreSQL; a channel is not set, but empty.
    CreateAll,
    /// Later revisions. On SQLite at their head: nineteen tables, `pending_request`, interests without a
    /// package, a row seeded with `CURRENT_TIMESTAMP`. On PostgreSQL patched by hand, with a revision that
    /// is in no file and a full unique index on requests.
    Later,
    /// Changed by hand over years: the [`sample`].
    HandAltered,
}

impl Flavour {
    /// Every flavour.
    pub const ALL: [Self; 4] = [Self::V12, Self::CreateAll, Self::Later, Self::HandAltered];

    /// What adoption is to find that it is.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::V12 | Self::CreateAll => "v1.2",
            Self::Later => "later",
            Self::HandAltered => "hand-altered",
        }
    }

    /// How many rows each of the [`TABLES`] holds.
    #[must_use]
    pub const fn rows(self, dialect: Dialect) -> [u64; 9] {
        match (self, dialect) {
            (Self::V12 | Self::CreateAll, _) => [1, 8, 4, 8, 5, 5, 3, 2, 4],
            (Self::Later, Dialect::Sqlite) => [1, 8, 4, 8, 5, 5, 3, 3, 4],
            (Self::Later, Dialect::Postgres) => [1, 8, 4, 8, 5, 3, 3, 3, 4],
            (Self::HandAltered, _) => sample::ROWS,
        }
    }

    /// People who are missing although rows refer to them.
    #[must_use]
    pub const fn missing_people(self) -> &'static [i64] {
        match self {
            Self::V12 | Self::CreateAll | Self::Later => &[],
            Self::HandAltered => &sample::MISSING_PEOPLE,
        }
    }

    /// Interests that name no package, for which later revisions have a use and nobody else has.
    #[must_use]
    pub const fn interests_in_nothing(self) -> &'static [i32] {
        match self {
            Self::Later => &[3],
            Self::V12 | Self::CreateAll | Self::HandAltered => &[],
        }
    }

    /// Requests that wait although the same person waits already, with an older request.
    #[must_use]
    pub const fn repeated_requests(self) -> &'static [i32] {
        match self {
            Self::V12 | Self::CreateAll => &[4],
            Self::Later => &[],
            Self::HandAltered => &sample::REPEATED_REQUESTS,
        }
    }

    fn script(self, dialect: Dialect) -> String {
        let tables = match dialect {
            Dialect::Sqlite => include_str!("sql/v12.sqlite.sql"),
            Dialect::Postgres => include_str!("sql/v12.postgres.sql"),
        };
        let rows = match self {
            Self::HandAltered => sample::script(dialect),
            Self::V12 | Self::CreateAll | Self::Later => include_str!("sql/house.sql").to_owned(),
        };
        // What was done to the tables before the rows were written, and to both afterwards.
        let (before, after) = match (self, dialect) {
            (Self::V12, _) => (ALEMBIC, ROOT_REVISION),
            (Self::CreateAll, Dialect::Sqlite) => ("", EMPTY_CHANNEL),
            (Self::CreateAll, Dialect::Postgres) => {
                (include_str!("sql/create_all.postgres.sql"), EMPTY_CHANNEL)
            }
            (Self::Later, Dialect::Sqlite) => (ALEMBIC, include_str!("sql/later.sqlite.sql")),
            (Self::Later, Dialect::Postgres) => (ALEMBIC, include_str!("sql/later.postgres.sql")),
            (Self::HandAltered, Dialect::Sqlite) => (include_str!("sql/hand_altered.sqlite.sql"), ALEMBIC),
            (Self::HandAltered, Dialect::Postgres) => {
                (include_str!("sql/hand_altered.postgres.sql"), ALEMBIC)
            }
        };
        let sequences = match dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => SEQUENCES,
        };
        [
            tables,
            include_str!("sql/indexes.sql"),
            before,
            &rows,
            after,
            sequences,
        ]
        .concat()
    }
}

const ALEMBIC: &str = include_str!("sql/alembic_version.sql");
const ROOT_REVISION: &str = "INSERT INTO alembic_version (version_num) VALUES ('29019dace4c7');";
const EMPTY_CHANNEL: &str = "UPDATE bot_config SET free_channel_id = '';";

/// Rows that name their ids leave sequences where they were.
const SEQUENCES: &str = "
DO $$
DECLARE owned record;
BEGIN
    FOR owned IN
        SELECT c.table_name AS name, pg_get_serial_sequence(c.table_name, c.column_name) AS sequence
        FROM information_schema.columns c
        WHERE c.table_schema = current_schema() AND c.column_name = 'id'
          AND pg_get_serial_sequence(c.table_name, c.column_name) IS NOT NULL
    LOOP
        EXECUTE format('SELECT setval(%L, coalesce(max(id), 1), max(id) IS NOT NULL) FROM %I',
                       owned.sequence, owned.name);
    END LOOP;
END $$;
";

/// Makes a database of that flavour at a URL as [`TestDb::url_for_processes`] tells it. Nothing may be
/// there but the empty database, on SQLite not even that.
///
/// # Errors
/// When it cannot be reached, or something is there.
pub async fn plant(url: &str, flavour: Flavour) -> Result<()> {
    let at: DatabaseUrl = url.parse()?;
    run(url, &flavour.script(at.dialect())).await
}

/// Makes one for a test.
///
/// # Errors
/// As [`plant`]; one in memory cannot be planted.
pub async fn planted(backend: Backend, flavour: Flavour) -> Result<TestDb> {
    let db = TestDb::empty(backend).await?;
    plant(&db.url_for_processes()?, flavour).await?;
    Ok(db)
}

/// Runs statements as that bot's connections do: foreign keys are not enforced on SQLite.
///
/// # Errors
/// When the database refuses.
pub async fn run(url: &str, script: &str) -> Result<()> {
    let at: DatabaseUrl = url.parse()?;
    match at.dialect() {
        Dialect::Sqlite => {
            let path = at.path().context("a file")?;
            run_on_file(path, &format!("BEGIN; {script}; COMMIT;")).await
        }
        Dialect::Postgres => {
            let mut connection = PgConnection::connect(url).await?;
            // Several statements at once are one transaction.
            sqlx::raw_sql(AssertSqlSafe(script))
                .execute(&mut connection)
                .await?;
            Ok(connection.close().await?)
        }
    }
}

async fn run_on_file(path: &Path, script: &str) -> Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql(AssertSqlSafe(script))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
