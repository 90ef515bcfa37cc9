//! Making a database of the predecessor ours, where it is, so that it can be handed back.
//!
//! 1. The nine tables are looked at by the names and the families of their columns; what is written in
//!    `alembic_version` is not trusted. What cannot be used as it is, is refused with a list of everything
//!    that is wrong.
//! 2. An SQLite file is copied.
//! 3. What is missing is added: columns that may be NULL, indexes. Nothing of theirs is dropped or changed in
//!    type, with one exception: an index by which somebody could ask for the Free channel once in a lifetime.
//! 4. Rows are repaired. What cannot stay where it is goes into `quarantine`, and so does a copy of every row
//!    of which a value is replaced.
//! 5. Our own tables are made, the house is marked, and nobody is seen out until a custodian has looked.
//!
//! All of that is one transaction, and everything is told.
//!
//! | module | holds |
//! |---|---|
//! | `found` | what is there |
//! | `shape` | whether it will do |
//! | `additions` | what is added to the schema |
//! | `repairs` | the tool: rows are found, counted, put aside and changed |
//! | `values` | values that are read by nobody, or by one of the two only |
//! | `relations` | rows that refer to nothing, or that are there twice |
//! | `report` | what was found and done |

mod additions;
mod found;
mod relations;
mod repairs;
mod report;
mod shape;
mod values;

use std::collections::BTreeMap;

use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use sea_orm::ConnectionTrait as _;

use crate::backup::{self, Before};
use crate::error::StoreError;
use crate::holds;
use crate::rows;
use crate::schema::{self, SchemaError, SchemaState};
use crate::session::{Connection, Tx};
use crate::sql;
use crate::store::Store;
use crate::url::Dialect;
use crate::value::At;
use repairs::Repairs;
use shape::Shape;

pub use report::{Addition, Adopted, Flavour, KEYS_TOLD, Note, Repair, RepairKind};
pub use shape::Mismatch;

/// For how many seconds a transaction of the other bot is waited for, on PostgreSQL.
const OTHERS_WAIT: u32 = 30;

/// What becomes of rows that refer to a row that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOrphan {
    /// The missing row is made, where it is a person.
    #[default]
    Stub,
    /// They are moved into `quarantine`. For a member whose subscription runs, the missing row is made all the
    /// same.
    Quarantine,
    /// Nothing is done, and they are listed.
    Fail,
}

/// How to adopt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of rows that refer to nothing.
    pub on_orphan: OnOrphan,
    /// Does the same and leaves everything as it was.
    pub dry_run: bool,
    /// That a finished backup exists: then none is made. Asked for on PostgreSQL, where none is made here.
    pub backup_exists: bool,
}

/// Why a database was not adopted. It is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// None of the nine tables is there.
    #[error("the database holds none of the predecessor's tables")]
    NotForeign,
    /// It bears our mark.
    #[error("the database is ours already")]
    AlreadyOurs,
    /// Some of the nine tables are missing.
    #[error("tables are missing: {}", .missing.join(", "))]
    Incomplete {
        /// Which.
        missing: Vec<String>,
    },
    /// The tables are not what they should be.
    #[error("the tables cannot be used as they are:{}", listed(.0))]
    Shape(Vec<Mismatch>),
    /// Nobody has stated that there is a backup, and none is made here.
    #[error("make a backup of the database first, and say so")]
    NeedsBackup,
    /// The copy that precedes all changes could not be made.
    #[error("no backup could be made: {0}")]
    BackupFailed(StoreError),
    /// Rows refer to nothing, and that was to be a reason not to adopt.
    #[error("rows refer to rows that are not there:{}", listed(.0))]
    Orphans(Vec<Repair>),
    /// Our own tables could not be made.
    #[error(transparent)]
    Schema(SchemaError),
    /// Rows still refer to nothing after all repairs.
    #[error("{0} rows still refer to nothing")]
    NotRepaired(u64),
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn listed(what: &[impl ToString]) -> String {
    what.iter()
        .map(|what| format!("\n  - {}", what.to_string()))
        .collect()
}

/// Makes the predecessor's database ours. It has to be [this process's alone](crate::lock::Alone).
///
/// # Errors
/// [`AdoptError`]; then nothing was changed.
pub async fn adopt(store: &Store, options: &Options, now: Timestamp) -> Result<Adopted, AdoptError> {
    adopt_as(None, store, options, now).await
}

/// As [`adopt`], of rows that were copied from a database of this flavour into tables of ours, which do not tell
/// it any more.
///
/// # Errors
/// As [`adopt`].
pub(crate) async fn adopt_as(
    flavour: Option<Flavour>,
    store: &Store,
    options: &Options,
    now: Timestamp,
) -> Result<Adopted, AdoptError> {
    let needs_backup = store.dialect() == Dialect::Postgres && !options.backup_exists && !options.dry_run;
    let tx = store.begin_exclusive().await?;
    refuse_unless_foreign(&tx).await?;
    take_alone(&tx).await?;
    let shape = usable(&tx).await?;
    let flavour = flavour.unwrap_or_else(|| shape.flavour());
    if needs_backup {
        return Err(AdoptError::NeedsBackup);
    }
    let backup = match options.backup_exists || options.dry_run {
        true => None,
        false => backup::copied_before(Before::Adoption, store, &tx, now)
            .await
            .map_err(AdoptError::BackupFailed)?,
    };

    let (additions, repairs) = rebuild(&tx, &shape, options.on_orphan, now).await?;
    schema::finish_adoption(&tx, now)
        .await
        .map_err(AdoptError::Schema)?;
    relations::describe_tokens(&tx).await?;
    open_house(&tx, flavour, now).await?;
    refuse_if_orphaned(&tx).await?;
    let adopted = Adopted {
        flavour,
        rows: counts(&tx).await?,
        additions,
        repairs,
        notes: shape.notes(&tx).await?,
        backup,
    };
    if !options.dry_run {
        tx.commit().await?;
        store.look_for_quirks().await?;
    }
    Ok(adopted)
}

/// Tells how a database of the predecessor came to be as it is, if it can be used. Changes nothing.
///
/// # Errors
/// Why it cannot.
pub(crate) async fn judge(db: &impl Connection) -> Result<Flavour, AdoptError> {
    refuse_unless_foreign(db).await?;
    Ok(usable(db).await?.flavour())
}

async fn usable(db: &impl Connection) -> Result<Shape, AdoptError> {
    let shape = Shape::read(db).await?;
    let mismatches = shape.mismatches();
    match mismatches.is_empty() {
        true => Ok(shape),
        false => Err(AdoptError::Shape(mismatches)),
    }
}

async fn refuse_unless_foreign(db: &impl Connection) -> Result<(), AdoptError> {
    match schema::state_in(db).await? {
        SchemaState::Empty => Err(AdoptError::NotForeign),
        SchemaState::Foreign { tables } => {
            let missing = |table: &&str| !tables.iter().any(|found| found == table);
            let missing: Vec<String> = schema::predecessors()
                .into_iter()
                .filter(missing)
                .map(str::to_owned)
                .collect();
            match missing.is_empty() {
                true => Ok(()),
                false => Err(AdoptError::Incomplete { missing }),
            }
        }
        SchemaState::Behind { .. } | SchemaState::Current | SchemaState::Ahead { .. } => {
            Err(AdoptError::AlreadyOurs)
        }
    }
}

/// Nobody else writes to the tables meanwhile, not even the other bot, which knows nothing of our locks. Rows
/// that refer to each other can be changed one after another.
async fn take_alone(tx: &Tx) -> Result<(), StoreError> {
    match tx.dialect() {
        Dialect::Sqlite => {
            tx.execute_unprepared("PRAGMA defer_foreign_keys = ON").await?;
        }
        Dialect::Postgres => {
            let tables = schema::predecessors().join(", ");
            tx.execute_unprepared(&format!("SET LOCAL lock_timeout = '{OTHERS_WAIT}s'"))
                .await?;
            tx.execute_unprepared(&format!("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
                .await?;
        }
    }
    Ok(())
}

/// Everything that is done to the nine tables.
async fn rebuild(
    tx: &Tx,
    shape: &Shape,
    on_orphan: OnOrphan,
    now: Timestamp,
) -> Result<(Vec<Addition>, Vec<Repair>), AdoptError> {
    schema::begin_adoption(tx, now).await?;
    let mut additions = additions::before_repairs(tx, shape).await?;
    let mut repairs = Repairs::new(tx, shape, now);
    values::repair(&mut repairs).await?;
    relations::repair(&mut repairs, on_orphan).await?;
    additions.extend(additions::after_repairs(tx, shape).await?);
    Ok((additions, repairs.done()))
}

/// Marks the house, and holds back what would see people out.
async fn open_house(tx: &Tx, flavour: Flavour, now: Timestamp) -> Result<(), StoreError> {
    sql::execute(
        tx,
        "INSERT INTO house (id, epoch, flavour, created_at, raised_at) VALUES (1, 0, $1, $2, $2)",
        [flavour.label().into(), At(now).into()],
    )
    .await?;
    holds::set(tx, HoldReason::Adopted, now).await.map(drop)
}

async fn counts(tx: &Tx) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    for table in rows::predecessors().await? {
        counts.insert(table.name.clone(), rows::count(tx, &table).await?);
    }
    Ok(counts)
}

/// None of the nine tables may hold a row that refers to nothing. PostgreSQL sees to that itself.
async fn refuse_if_orphaned(tx: &Tx) -> Result<(), AdoptError> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let mut rows = 0;
    for table in schema::predecessors() {
        let query = "SELECT count(*) AS count FROM pragma_foreign_key_check($1)";
        rows += sql::count(tx, query, [table.into()]).await?;
    }
    match rows {
        0 => Ok(()),
        rows => Err(AdoptError::NotRepaired(rows.unsigned_abs())),
    }
}
