//! Work that comes around by itself, table `jobs`: when it was done last and when it is due again.
//!
//! A run belongs to an epoch of the house. Its functions do nothing for a worker that has lost the house,
//! and tell so.

use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Changes, Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// How a job stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredJob {
    /// The epoch that ran it last; 0 before it ever ran.
    pub epoch: i64,
    /// When its last run began.
    pub started_at: Option<Timestamp>,
    /// When a run last ended well.
    pub last_success: Option<Timestamp>,
    /// When it is due again; none: at once.
    pub next_run: Option<Timestamp>,
    /// How many runs in a row have failed.
    pub failures: i32,
    /// By what the last of them failed, a short class.
    pub failure: Option<String>,
    /// Where it goes on, JSON of ids.
    pub cursor: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    name: String,
    epoch: i64,
    started_at: Option<At>,
    succeeded_at: Option<At>,
    next_run: Option<At>,
    failures: i32,
    failure: Option<String>,
    cursor: Option<String>,
}

impl From<Row> for StoredJob {
    fn from(row: Row) -> Self {
        Self {
            epoch: row.epoch,
            started_at: row.started_at.map(|at| at.0),
            last_success: row.succeeded_at.map(|at| at.0),
            next_run: row.next_run.map(|at| at.0),
            failures: row.failures,
            failure: row.failure,
            cursor: row.cursor,
        }
    }
}

/// Of a row of `jobs`: it is in the hand of the epoch `$2`, and that is the present one.
const MINE: &str = "name = $1 AND epoch = $2 AND EXISTS (SELECT 1 FROM house WHERE house.epoch = $2)";

/// How a job stands; as if it had never run when there is no such job.
///
/// # Errors
/// When the database does not answer.
pub async fn load(db: &impl Connection, name: &str) -> Result<StoredJob, StoreError> {
    let row: Option<Row> = sql::first(db, "SELECT * FROM jobs WHERE name = $1", [name.into()]).await?;
    Ok(row.map(StoredJob::from).unwrap_or_default())
}

/// All jobs that ever ran, by name.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &impl Connection) -> Result<Vec<(String, StoredJob)>, StoreError> {
    let rows: Vec<Row> = sql::all(db, "SELECT * FROM jobs ORDER BY name", []).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name.clone(), row.into()))
        .collect())
}

/// A run begins. Until it ends the job is due at once, so that a run that dies is repeated. False when
/// the epoch is over.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(db: &impl Changes, name: &str, epoch: i64, now: Timestamp) -> Result<bool, StoreError> {
    one(
        db,
        "INSERT INTO jobs (name, epoch, started_at, failures)
         SELECT $1, $2, $3, 0 WHERE EXISTS (SELECT 1 FROM house WHERE house.epoch = $2)
         ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, started_at = excluded.started_at, next_run = NULL
         WHERE jobs.epoch <= excluded.epoch",
        [name.into(), epoch.into(), At(now).into()],
    )
    .await
}

/// Whether the run is this epoch's, for a transaction that changes something for it. No other epoch
/// begins one until the transaction ends. False: it must not be committed.
///
/// # Errors
/// When the database does not answer.
pub async fn still_mine(tx: &Tx, name: &str, epoch: i64) -> Result<bool, StoreError> {
    let update = format!("UPDATE jobs SET epoch = $2 WHERE {MINE}");
    one(tx, &update, [name.into(), epoch.into()]).await
}

/// Notes where the job goes on, in the transaction that has come so far. False as [`still_mine`] is.
///
/// # Errors
/// When the database does not answer.
pub async fn set_cursor(tx: &Tx, name: &str, epoch: i64, cursor: Option<&str>) -> Result<bool, StoreError> {
    let update = format!("UPDATE jobs SET cursor = $3 WHERE {MINE}");
    one(tx, &update, [name.into(), epoch.into(), cursor.into()]).await
}

/// A run ends well, and the next one is wanted at `next`. Returns when it is due: sooner when it was
/// [hastened](hasten) meanwhile. None when the run is not this epoch's.
///
/// # Errors
/// When the database does not answer.
pub async fn succeed(
    db: &impl Changes,
    name: &str,
    epoch: i64,
    now: Timestamp,
    next: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    end(
        db,
        "succeeded_at = $4, failures = 0, failure = NULL",
        [name.into(), epoch.into(), At(next).into(), At(now).into()],
    )
    .await
}

/// A run fails by `failure` (a short class, at most 100 characters); otherwise as [`succeed`].
///
/// # Errors
/// When the database does not answer.
pub async fn fail(
    db: &impl Changes,
    name: &str,
    epoch: i64,
    failure: &str,
    next: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    end(
        db,
        "failures = failures + 1, failure = $4",
        [name.into(), epoch.into(), At(next).into(), failure.into()],
    )
    .await
}

async fn end(db: &impl Changes, set: &str, values: [Value; 4]) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct Next {
        next_run: At,
    }
    let update = format!(
        "UPDATE jobs SET {set}, next_run = CASE WHEN next_run < $3 THEN next_run ELSE $3 END
         WHERE {MINE} RETURNING next_run"
    );
    let next: Option<Next> = sql::first(db, &update, values).await?;
    Ok(next.map(|row| row.next_run.0))
}

/// Has a job come around at that moment, whoever runs it. False when it does so anyhow, or never ran.
/// While it is being run, it is asked to come around again.
///
/// # Errors
/// When the database does not answer.
pub async fn hasten(db: &impl Changes, name: &str, at: Timestamp) -> Result<bool, StoreError> {
    one(
        db,
        "UPDATE jobs SET next_run = $2 WHERE name = $1 AND (next_run IS NULL OR next_run > $2)",
        [name.into(), At(at).into()],
    )
    .await
}
