//! The schema and its migrations.
//!
//! Migrations are SQL, one text per database, so that the predecessor's schema can be met to the
//! letter. All steps of one call run in one transaction under one lock: of several processes that
//! start at once one migrates, the others wait and find nothing left to do; a step that fails leaves
//! everything as it was.
//!
//! An SQLite file that holds rows is copied first, whether steps are applied or undone: the folder is
//! [`StoreOptions::backups`](crate::StoreOptions::backups), the name
//! `<file>.pre-migrate-<moment>.db`. Without a whole copy nothing is changed.
//!
//! The table `lucien_migrations` holds what is applied. It is also the mark by which a database is
//! known to be ours.

mod first_light;
mod house_holds;
mod in_step;
mod migration;
mod moving_house;
mod nine_tables;
mod other_ways;
mod run;
mod way_in;

use std::path::PathBuf;

use domain::clock::Timestamp;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::store::Store;
use crate::url::Dialect;
use crate::value::At;
use migration::Migration;

/// All steps, in their order.
const MIGRATIONS: &[Migration] = &[
    nine_tables::MIGRATION,
    first_light::MIGRATION,
    house_holds::MIGRATION,
    way_in::MIGRATION,
    other_ways::MIGRATION,
    moving_house::MIGRATION,
    in_step::MIGRATION,
];

/// Our table of applied migrations.
pub(crate) const MARK: &str = "lucien_migrations";

/// How the database stands to this binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// None of our tables.
    Empty,
    /// Some of the nine tables, but not our mark: somebody else's, to be adopted and not touched.
    Foreign {
        /// Those found.
        tables: Vec<String>,
    },
    /// Ours, and some steps behind.
    Behind {
        /// Steps that are applied.
        applied: Vec<String>,
        /// Steps that are missing.
        pending: Vec<String>,
    },
    /// Ours, and as this binary knows it.
    Current,
    /// Ours, and changed by a newer binary.
    Ahead {
        /// Steps that this binary does not know.
        unknown: Vec<String>,
        /// Whether this binary works with them.
        additive: bool,
    },
}

/// A step, for people to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// When it was applied; none is pending.
    pub applied_at: Option<Timestamp>,
    /// Whether this binary knows it.
    pub known: bool,
}

/// What a call has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The steps applied or undone, in that order.
    pub steps: Vec<String>,
    /// Whether the database was empty before, so that the steps have changed nobody's schema.
    pub created: bool,
    /// The copy that was made before.
    pub backup: Option<PathBuf>,
}

/// What a person states before rows may be dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent<'a> {
    /// The [name of the database](crate::DatabaseUrl::database_name).
    pub database: Option<&'a str>,
    /// That a finished backup exists. Asked for on PostgreSQL only, where none is made here.
    pub backup_exists: bool,
}

/// Rows that would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// How many rows it holds.
    pub rows: i64,
}

/// Why the schema was not changed. It is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Somebody else's tables: [`SchemaState::Foreign`].
    #[error("the database holds tables of another bot ({}): `lucien adopt` takes it over", .tables.join(", "))]
    Foreign {
        /// Those found.
        tables: Vec<String>,
    },
    /// Changed by a newer binary: [`SchemaState::Ahead`].
    #[error("the schema was changed by a newer version: {}", .unknown.join(", "))]
    Ahead {
        /// Steps that this binary does not know.
        unknown: Vec<String>,
    },
    /// Undoing would lose rows and was not confirmed with the name of the database.
    #[error("rows would be lost; confirm with the name of the database, {database}: {}", list(.losses))]
    NeedsConfirm {
        /// What to confirm with.
        database: String,
        /// What would be lost.
        losses: Vec<Loss>,
    },
    /// Undoing would lose rows, and nobody has stated that there is a backup.
    #[error("rows would be lost; make a backup of {database} first")]
    NeedsBackup {
        /// The name of the database.
        database: String,
    },
    /// The copy that precedes a change could not be made.
    #[error("no backup could be made: {0}")]
    BackupFailed(StoreError),
    /// The first step was taken over from the predecessor with its rows and is not ours to undo.
    #[error("{step} was not made here but adopted: its tables are the predecessor's and stay")]
    Adopted {
        /// The step.
        step: String,
    },
    /// A step cannot be undone as the rows are.
    #[error("{step} cannot be undone: {rows} {why}")]
    Blocked {
        /// The step.
        step: String,
        /// How many rows are in the way.
        rows: i64,
        /// Why.
        why: &'static str,
    },
    /// A step failed.
    #[error("{step} failed: {error}")]
    Failed {
        /// The step.
        step: String,
        /// Why.
        error: StoreError,
    },
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(losses: &[Loss]) -> String {
    let losses: Vec<String> = losses
        .iter()
        .map(|loss| format!("{} ({})", loss.table, loss.rows))
        .collect();
    losses.join(", ")
}

/// How the database stands to this binary. Changes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn state(store: &Store) -> Result<SchemaState, StoreError> {
    run::state(&store.read(), MIGRATIONS).await
}

/// The same as somebody sees it who reads or changes more.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn state_in(db: &impl Connection) -> Result<SchemaState, StoreError> {
    run::state(db, MIGRATIONS).await
}

/// All steps, those that this binary does not know at the end. Changes nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn status(store: &Store) -> Result<Vec<Step>, StoreError> {
    run::status(&store.read(), MIGRATIONS).await
}

/// Applies the next `steps` pending steps, or all.
///
/// # Errors
/// [`SchemaError::Foreign`]; [`SchemaError::Ahead`] unless this binary works with what is unknown to
/// it; [`SchemaError::BackupFailed`]; [`SchemaError::Failed`] with the step that failed.
pub async fn up(store: &Store, steps: Option<u32>, now: Timestamp) -> Result<Report, SchemaError> {
    run::up(store, MIGRATIONS, steps, now).await
}

/// Undoes the last `steps` steps. With the last of all, our mark goes too. In an adopted house the last is the
/// second: its predecessor's tables stay, and are theirs again, to be adopted anew.
///
/// # Errors
/// [`SchemaError::Adopted`] for the first step of an adopted house.
/// When tables that would be dropped hold rows: [`SchemaError::NeedsConfirm`] unless `consent` names
/// the database, then [`SchemaError::NeedsBackup`] on PostgreSQL unless it states one. Besides
/// [`SchemaError::Blocked`], [`SchemaError::Ahead`], [`SchemaError::BackupFailed`],
/// [`SchemaError::Failed`].
pub async fn down(
    store: &Store,
    steps: u32,
    consent: Consent<'_>,
    now: Timestamp,
) -> Result<Report, SchemaError> {
    run::down(store, MIGRATIONS, steps, consent, now).await
}

/// The steps that are applied, in their order.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn steps(db: &impl Connection) -> Result<Vec<String>, StoreError> {
    let steps = run::status(db, MIGRATIONS).await?;
    let applied = steps.into_iter().filter(|step| step.applied_at.is_some());
    Ok(applied.map(|step| step.name).collect())
}

/// Those of these steps that this binary does not know.
pub(crate) fn unknown(steps: &[String]) -> Vec<String> {
    let is_known = |name: &String| MIGRATIONS.iter().any(|step| step.name == name);
    steps.iter().filter(|name| !is_known(name)).cloned().collect()
}

/// The statements that make the predecessor's tables on SQLite, without their indexes.
pub(crate) const fn predecessors_tables() -> &'static str {
    nine_tables::SQLITE
}

/// The statements that make the predecessor's indexes, on both databases.
pub(crate) const fn predecessors_indexes() -> &'static str {
    nine_tables::INDEXES
}

/// The names of the predecessor's nine tables, in the order in which they refer to each other.
pub(crate) const fn predecessors() -> [&'static str; 9] {
    nine_tables::TABLES
}

/// Begins to make a predecessor's database ours: marks the first step as applied, whose tables are there, and
/// applies the one that has room for rows that cannot stay.
///
/// # Errors
/// When the database refuses it.
pub(crate) async fn begin_adoption(tx: &Tx, now: Timestamp) -> Result<(), StoreError> {
    run::mark(tx, &nine_tables::MIGRATION, now).await?;
    run::apply(tx, &moving_house::MIGRATION, now).await
}

/// Applies all other steps.
///
/// # Errors
/// [`SchemaError::Failed`] with the step that failed.
pub(crate) async fn finish_adoption(tx: &Tx, now: Timestamp) -> Result<(), SchemaError> {
    run::apply_pending(tx, MIGRATIONS, None, now).await.map(drop)
}

/// Whether a table is one of the predecessor's nine.
pub(crate) fn is_predecessors(table: &str) -> bool {
    nine_tables::TABLES.contains(&table)
}

/// A row of `lucien_migrations`.
#[derive(Debug, FromQueryResult)]
struct Applied {
    name: String,
    additive: bool,
    applied_at: At,
}

/// The names of all tables.
pub(crate) async fn tables(db: &impl Connection) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
    }
    let query = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Dialect::Postgres => {
            "SELECT CAST(tablename AS text) AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }
    };
    let rows: Vec<Row> = sql::all(db, query, []).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}
