//! What must reach Telegram, table `outbox`: written with the change that it follows from, sent by
//! the worker afterwards.
//!
//! A row is *pending* until it is finished (`done_at`) or dead (`dead_at`). Of the pending rows of
//! one sequence only the first can be due; it may besides name an older row that it waits for. Both
//! point to smaller ids, so rows never wait for each other in a circle. (On PostgreSQL, of rows that
//! several transactions add at once the smaller id may become visible later: those have no order
//! between them anyway.)
//!
//! A claim that ends without anybody knowing whether Telegram has done it leaves the row `unknown`,
//! until an attempt ends with a known outcome or the row is given up by [`give_up_unknown`]. What is
//! to be done with an unknown row is decided by whoever claims it next.
//!
//! All functions that change something tell, by the rows affected, whether they did. Those that take
//! an epoch do nothing for a worker that has lost the house.

mod due;
mod row;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one, parameters, tuples};
use crate::url::Dialect;
use crate::value::At;

use due::{FIRST, FREE, UNCLAIMED};
#[cfg(test)]
pub(crate) use due::{Look, next_due_query};
pub use due::{due, due_of, is_at_rest, next_due};
use row::{COLUMNS, Row, rows};
pub use row::{NewRow, OutboxRow};

/// How long finished rows are kept, to tell what was done.
pub const DONE_KEPT: TimeDelta = TimeDelta::days(30);

/// How long dead and unknown rows are kept.
pub const DEAD_KEPT: TimeDelta = TimeDelta::days(90);

/// Rows of a kind that one [`sweep`] removes at most, so that it never holds up others for long.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 500;

/// The failure of a row that was cancelled.
pub const CANCELLED: &str = "cancelled";

/// The failure of a row of which it will never be known whether Telegram has done it.
pub const UNKNOWN: &str = "unknown outcome";

/// How full the outbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// Rows to be worked off, those in hand included.
    pub pending: i64,
    /// Rows that failed for good.
    pub dead: i64,
    /// Rows that were given up without a known outcome.
    pub unknown: i64,
    /// When the oldest pending row was added.
    pub oldest_pending: Option<Timestamp>,
}

/// What a [`sweep`] removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxSwept {
    /// Finished and cancelled rows.
    pub done: u64,
    /// Dead and unknown rows.
    pub dead: u64,
}

/// Whose rows are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// Those of one sequence.
    Sequence(&'a str),
    /// Those about one person.
    Person(i64),
}

/// Of rows of `outbox` with an `ends_at`: the person is a member again. `$2` is the present moment.
const OUTDATED: &str = "EXISTS (SELECT 1 FROM vip_subscribers v
            WHERE v.user_id = outbox.person AND lower(trim(v.status)) = 'active'
              AND (v.expiry_date > outbox.ends_at OR v.expiry_date >= $2))";

/// Adds a row and returns its id.
///
/// # Errors
/// When the database does not answer; refused by PostgreSQL when a text is too long.
pub async fn enqueue(tx: &Tx, row: &NewRow<'_>, now: Timestamp) -> Result<i64, StoreError> {
    let ids = enqueue_all(tx, std::slice::from_ref(row), now).await?;
    ids.first()
        .copied()
        .ok_or_else(|| StoreError::Unreadable("outbox.id".to_owned()))
}

/// Adds rows in their order, with one statement, and returns their ids in that order.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_all(tx: &Tx, new: &[NewRow<'_>], now: Timestamp) -> Result<Vec<i64>, StoreError> {
    const COLUMNS: usize = 9;
    #[derive(FromQueryResult)]
    struct Added {
        id: i64,
    }
    let mut ids = Vec::with_capacity(new.len());
    for batch in new.chunks(BATCH) {
        let values = batch.iter().flat_map(|row| -> [Value; COLUMNS] {
            [
                row.kind.into(),
                row.sequence.into(),
                row.after.into(),
                row.person.into(),
                row.payload.into(),
                At(now).into(),
                0.into(),
                row.not_before.map(At).into(),
                row.ends_at.map(At).into(),
            ]
        });
        let insert = format!(
            "INSERT INTO outbox
                 (kind, sequence, after_id, person, payload, created_at, attempts, next_try, ends_at)
             VALUES {}
             RETURNING id",
            tuples(1, batch.len(), COLUMNS)
        );
        let added: Vec<Added> = sql::all(tx, &insert, values).await?;
        ids.extend(added.iter().map(|row| row.id));
    }
    // Numbers are given in the order of the rows, but may be told in any.
    ids.sort_unstable();
    Ok(ids)
}

/// The row of that id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: i64) -> Result<Option<OutboxRow>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM outbox WHERE id = $1");
    let row: Option<Row> = sql::first(db, &query, [id.into()]).await?;
    Ok(row.map(OutboxRow::from))
}

/// Takes rows in hand for the present epoch, and returns those that still were due, in our order.
/// With an epoch that is over, none are; and no new epoch begins until this transaction ends, so
/// that [`recover`] sees every claim of those before.
/// Outdated ones ([`NewRow::ends_at`]) are left, for [`cancel_outdated`].
///
/// # Errors
/// When the database does not answer.
pub async fn claim(tx: &Tx, ids: &[i64], epoch: i64, now: Timestamp) -> Result<Vec<OutboxRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let held = match tx.dialect() {
        // There, the transaction holds the only right to write.
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR SHARE",
    };
    let update = format!(
        "UPDATE outbox SET epoch = $1, claimed_at = $2
         WHERE id IN ({}) AND {UNCLAIMED} AND (next_try IS NULL OR next_try <= $2) AND {FIRST} AND {FREE}
           AND NOT (ends_at IS NOT NULL AND {OUTDATED})
           AND EXISTS (SELECT 1 FROM house WHERE house.epoch = $1 {held})
         RETURNING {COLUMNS}",
        parameters(3, ids.len())
    );
    let values = [epoch.into(), At(now).into()];
    let values = values.into_iter().chain(ids.iter().map(|id| (*id).into()));
    let mut claimed = rows(tx, &update, values).await?;
    claimed.sort_by_key(|row| row.id);
    Ok(claimed)
}

/// Takes back those of these rows that are outdated ([`NewRow::ends_at`]) and that nobody has in hand:
/// [`claim`] leaves them. They end as [`CANCELLED`] and are returned in our order, see [`cancel`].
///
/// # Errors
/// When the database does not answer.
pub async fn cancel_outdated(tx: &Tx, ids: &[i64], now: Timestamp) -> Result<Vec<OutboxRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let update = format!(
        "UPDATE outbox SET done_at = $2, failure = $1
         WHERE id IN ({}) AND {UNCLAIMED} AND ends_at IS NOT NULL AND {OUTDATED}
         RETURNING {COLUMNS}",
        parameters(3, ids.len())
    );
    let values = [CANCELLED.into(), At(now).into()];
    let values = values.into_iter().chain(ids.iter().map(|id| (*id).into()));
    let mut cancelled = rows(tx, &update, values).await?;
    cancelled.sort_by_key(|row| row.id);
    Ok(cancelled)
}

/// Whether the row is in this epoch's hand, for a transaction that changes something for it. The row
/// stays locked until the transaction ends. False: it must not be committed.
///
/// # Errors
/// When the database does not answer.
pub async fn still_mine(tx: &Tx, id: i64, epoch: i64) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE outbox SET epoch = $2 WHERE id = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [id.into(), epoch.into()],
    )
    .await
}

/// It is done, with that result (JSON of at most a few KB).
///
/// # Errors
/// When the database does not answer.
pub async fn finish(
    tx: &Tx,
    id: i64,
    epoch: i64,
    result: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE outbox SET done_at = $3, result = $4, unknown = FALSE
         WHERE id = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [id.into(), epoch.into(), At(now).into(), result.into()],
    )
    .await
}

/// Gives a row back, to be tried again from `next_try` on with `attempts` counted against it.
/// `unknown`: Telegram may have done it; what was unknown before stays so.
///
/// # Errors
/// When the database does not answer.
pub async fn put_off(
    tx: &Tx,
    id: i64,
    epoch: i64,
    next_try: Option<Timestamp>,
    attempts: i32,
    unknown: bool,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE outbox SET epoch = NULL, claimed_at = NULL, next_try = $3, attempts = $4, unknown = unknown OR $5
         WHERE id = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [
            id.into(),
            epoch.into(),
            next_try.map(At).into(),
            attempts.into(),
            unknown.into(),
        ],
    )
    .await
}

/// Lets rows of some kinds that wait for a moment go at once: what they waited for may be over.
/// Returns how many.
///
/// # Errors
/// When the database does not answer.
pub async fn hasten(tx: &Tx, kinds: &[&str]) -> Result<u64, StoreError> {
    if kinds.is_empty() {
        return Ok(0);
    }
    let update = format!(
        "UPDATE outbox SET next_try = NULL
         WHERE epoch IS NULL AND done_at IS NULL AND dead_at IS NULL AND next_try IS NOT NULL AND kind IN ({})",
        parameters(1, kinds.len())
    );
    sql::execute(tx, &update, kinds.iter().map(|kind| (*kind).into())).await
}

/// It failed for good, by `failure` (a short class, at most 100 characters).
///
/// # Errors
/// When the database does not answer.
pub async fn bury(tx: &Tx, id: i64, epoch: i64, failure: &str, now: Timestamp) -> Result<bool, StoreError> {
    give_up(tx, id, epoch, failure, false, now).await
}

/// Nobody knows whether Telegram has done it, and it must not be repeated.
///
/// # Errors
/// When the database does not answer.
pub async fn give_up_unknown(tx: &Tx, id: i64, epoch: i64, now: Timestamp) -> Result<bool, StoreError> {
    give_up(tx, id, epoch, UNKNOWN, true, now).await
}

async fn give_up(
    tx: &Tx,
    id: i64,
    epoch: i64,
    failure: &str,
    unknown: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE outbox SET dead_at = $3, failure = $4, unknown = $5
         WHERE id = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [
            id.into(),
            epoch.into(),
            At(now).into(),
            failure.into(),
            unknown.into(),
        ],
    )
    .await
}

/// Rows that died in a worker's hand become unclaimed and unknown, and are returned in our order:
/// those claimed by epochs before `epoch`, and those that `epoch` itself has held since before
/// `overdue`. Nothing happens when `epoch` is over.
///
/// # Errors
/// When the database does not answer.
pub async fn recover(tx: &Tx, epoch: i64, overdue: Timestamp) -> Result<Vec<OutboxRow>, StoreError> {
    let update = format!(
        "UPDATE outbox SET epoch = NULL, claimed_at = NULL, unknown = TRUE
         WHERE epoch IS NOT NULL AND done_at IS NULL AND dead_at IS NULL
           AND (epoch < $1 OR epoch = $1 AND claimed_at < $2)
           AND EXISTS (SELECT 1 FROM house WHERE house.epoch = $1)
         RETURNING {COLUMNS}"
    );
    let mut recovered = rows(tx, &update, [epoch.into(), At(overdue).into()]).await?;
    recovered.sort_by_key(|row| row.id);
    Ok(recovered)
}

/// Takes back rows of a kind that nobody has in hand; they end as [`CANCELLED`]. Returns them in our
/// order: of an `unknown` one, Telegram may have done it nevertheless.
///
/// # Errors
/// When the database does not answer.
pub async fn cancel(tx: &Tx, of: Of<'_>, kind: &str, now: Timestamp) -> Result<Vec<OutboxRow>, StoreError> {
    let (column, key) = of.condition();
    let update = format!(
        "UPDATE outbox SET done_at = $3, failure = $4
         WHERE {column} = $1 AND kind = $2 AND epoch IS NULL AND done_at IS NULL AND dead_at IS NULL
         RETURNING {COLUMNS}"
    );
    let values = [key, kind.into(), At(now).into(), CANCELLED.into()];
    let mut cancelled = rows(tx, &update, values).await?;
    cancelled.sort_by_key(|row| row.id);
    Ok(cancelled)
}

/// Pending rows in our order, those in hand included.
///
/// # Errors
/// When the database does not answer.
pub async fn pending_of(db: &impl Connection, of: Of<'_>) -> Result<Vec<OutboxRow>, StoreError> {
    let (column, key) = of.condition();
    let query = format!(
        "SELECT {COLUMNS} FROM outbox WHERE {column} = $1 AND done_at IS NULL AND dead_at IS NULL ORDER BY id"
    );
    rows(db, &query, [key]).await
}

impl Of<'_> {
    fn condition(self) -> (&'static str, Value) {
        match self {
            Self::Sequence(sequence) => ("sequence", sequence.into()),
            Self::Person(person) => ("person", person.into()),
        }
    }
}

/// Dead and unknown rows, the last to die first, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn listed(db: &impl Connection, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT $1"
    );
    rows(db, &query, [i64::from(limit).into()]).await
}

/// How full the outbox is.
///
/// # Errors
/// When the database does not answer.
pub async fn backlog(db: &impl Connection) -> Result<OutboxBacklog, StoreError> {
    #[derive(FromQueryResult)]
    struct Counts {
        pending: i64,
        oldest: Option<At>,
        dead: i64,
        unknown_ones: i64,
    }
    let counts: Option<Counts> = sql::first(
        db,
        "SELECT count(*) AS pending, min(created_at) AS oldest,
                (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND NOT unknown) AS dead,
                (SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL AND unknown) AS unknown_ones
         FROM outbox
         WHERE done_at IS NULL AND dead_at IS NULL",
        [],
    )
    .await?;
    let counts = counts.ok_or_else(|| StoreError::Unreadable("backlog".to_owned()))?;
    Ok(OutboxBacklog {
        pending: counts.pending,
        dead: counts.dead,
        unknown: counts.unknown_ones,
        oldest_pending: counts.oldest.map(|at| at.0),
    })
}

/// How many rows a worker has in hand.
///
/// # Errors
/// When the database does not answer.
pub async fn in_hand(db: &impl Connection) -> Result<i64, StoreError> {
    sql::count(
        db,
        "SELECT count(*) AS count FROM outbox WHERE epoch IS NOT NULL AND done_at IS NULL AND dead_at IS NULL",
        [],
    )
    .await
}

/// Removes what is kept long enough ([`DONE_KEPT`], [`DEAD_KEPT`]), at most [`SWEPT_AT_ONCE`] of
/// each: when that many were removed there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<OutboxSwept, StoreError> {
    let remove = async |ended: &str, until: Timestamp| {
        // The last row stays: without it SQLite would give its id to the next one, which rows that
        // wait for the removed one by name would then wait for.
        let delete = format!(
            "DELETE FROM outbox
             WHERE id IN (SELECT id FROM outbox
                          WHERE {ended} IS NOT NULL AND {ended} < $1 AND id < (SELECT max(id) FROM outbox)
                          ORDER BY {ended}
                          LIMIT $2)"
        );
        let limit = SWEPT_AT_ONCE.cast_signed();
        sql::execute(tx, &delete, [At(until).into(), limit.into()]).await
    };
    Ok(OutboxSwept {
        done: remove("done_at", now - DONE_KEPT).await?,
        dead: remove("dead_at", now - DEAD_KEPT).await?,
    })
}
