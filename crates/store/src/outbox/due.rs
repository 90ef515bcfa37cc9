//! What can be claimed now, and when something will be.
//!
//! All questions are walks along indexes that end when enough is found, however many rows are pending and
//! however they are distributed. They are written so that no database makes a join of them, whatever it
//! believes of the table: each row is asked for itself.

use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use super::in_hand;
use super::row::{COLUMNS, OutboxRow, rows};
use crate::error::StoreError;
use crate::session::Connection;
use crate::sql::{self, parameters};
use crate::url::Dialect;
use crate::value::At;

/// How many rows are looked at one after another before all sequences are.
const WALKED: u32 = 1000;

/// Of rows of `outbox`: nobody has them in hand.
pub(super) const UNCLAIMED: &str = "epoch IS NULL AND done_at IS NULL AND dead_at IS NULL";

/// Of pending rows of `outbox`: the first of their sequence.
pub(super) const FIRST: &str = "outbox.id = (SELECT min(earlier.id) FROM outbox earlier
    WHERE earlier.sequence = outbox.sequence AND earlier.done_at IS NULL AND earlier.dead_at IS NULL)";

/// Of rows of `outbox`: what they wait for by name is over.
pub(super) const FREE: &str = "coalesce(
    (SELECT earlier.done_at IS NOT NULL OR earlier.dead_at IS NOT NULL FROM outbox earlier
     WHERE earlier.id = outbox.after_id), TRUE)";

/// Where one looks for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Among the first [`WALKED`] that wait for no moment, and among those whose moment has come.
    Near,
    /// Among those that wait for no moment, at the head of each sequence.
    Far,
}

impl Look {
    /// Finds ids, at most `$2` of a sort. `$1` is the present moment.
    pub(crate) fn query(self, dialect: Dialect, condition: &str) -> String {
        match self {
            Self::Near => format!(
                "SELECT * FROM (SELECT id FROM (SELECT * FROM {} LIMIT {WALKED}) outbox
                                WHERE {FIRST} AND {FREE} {condition}
                                ORDER BY id LIMIT $2) ready
                 UNION ALL
                 SELECT * FROM (SELECT id FROM outbox
                                WHERE {UNCLAIMED} AND next_try IS NOT NULL AND next_try <= $1 AND {FIRST} AND {FREE}
                                      {condition}
                                ORDER BY next_try LIMIT $2) in_time",
                ready(dialect)
            ),
            Self::Far => format!(
                "WITH heads (head) AS MATERIALIZED
                     (SELECT min(id) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL GROUP BY sequence),
                 far (id) AS MATERIALIZED
                     (SELECT (SELECT id FROM outbox
                              WHERE id = head AND {UNCLAIMED} AND next_try IS NULL AND {FREE} {condition})
                      FROM heads)
                 SELECT id FROM far WHERE id IS NOT NULL AND $1 IS NOT NULL
                 ORDER BY id LIMIT $2"
            ),
        }
    }
}

/// The rows that wait for no moment, in their order.
fn ready(dialect: Dialect) -> String {
    let along = match dialect {
        // Else it walks along all rows that there ever were.
        Dialect::Sqlite => "INDEXED BY ix_outbox_ready",
        Dialect::Postgres => "",
    };
    format!("outbox {along} WHERE {UNCLAIMED} AND next_try IS NULL ORDER BY id")
}

pub(crate) fn next_due_query() -> String {
    format!(
        "SELECT next_try AS at FROM outbox
         WHERE {UNCLAIMED} AND next_try IS NOT NULL AND next_try > $1 AND {FIRST} AND {FREE}
         ORDER BY next_try LIMIT 1"
    )
}

/// Rows that can be claimed now, in our order, at most `limit`: unclaimed, the first of their
/// sequence, their moment reached, and what they wait for over.
///
/// # Errors
/// When the database does not answer.
pub async fn due(db: &impl Connection, now: Timestamp, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    due_where(db, "", Vec::new(), now, limit).await
}

/// The same, of some kinds only.
///
/// # Errors
/// When the database does not answer.
pub async fn due_of(
    db: &impl Connection,
    kinds: &[&str],
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let condition = format!("AND kind IN ({})", parameters(3, kinds.len()));
    let kinds: Vec<Value> = kinds.iter().map(|kind| (*kind).into()).collect();
    due_where(db, &condition, kinds, now, limit).await
}

async fn due_where(
    db: &impl Connection,
    condition: &str,
    values: Vec<Value>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OutboxRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: i64,
    }
    let enough = usize::try_from(limit).unwrap_or(usize::MAX);
    let look = async |look: Look| -> Result<Vec<Found>, StoreError> {
        let always = [At(now).into(), i64::from(limit).into()];
        let values = always.into_iter().chain(values.clone());
        sql::all(db, &look.query(db.dialect(), condition), values).await
    };
    let mut found = look(Look::Near).await?;
    if found.len() < enough && is_long(db).await? {
        found.extend(look(Look::Far).await?);
    }
    let mut ids: Vec<i64> = found.into_iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(enough);
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT {COLUMNS} FROM outbox WHERE id IN ({}) AND {UNCLAIMED} ORDER BY id",
        parameters(1, ids.len())
    );
    rows(db, &query, ids.into_iter().map(Value::from)).await
}

/// Whether more than [`WALKED`] rows wait for no moment.
async fn is_long(db: &impl Connection) -> Result<bool, StoreError> {
    let beyond = format!(
        "SELECT count(*) AS count FROM (SELECT id FROM {} LIMIT 1 OFFSET {WALKED}) beyond",
        ready(db.dialect())
    );
    Ok(sql::count(db, &beyond, []).await? > 0)
}

/// The next moment after `now` at which a row becomes due by time alone.
///
/// # Errors
/// When the database does not answer.
pub async fn next_due(db: &impl Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct Next {
        at: At,
    }
    let next: Option<Next> = sql::first(db, &next_due_query(), [At(now).into()]).await?;
    Ok(next.map(|next| next.at.0))
}

/// Whether nothing is in hand and nothing could be claimed at a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn is_at_rest(db: &impl Connection, now: Timestamp) -> Result<bool, StoreError> {
    // In this order: what is taken in hand in between shows.
    Ok(due(db, now, 1).await?.is_empty() && in_hand(db).await? == 0)
}
