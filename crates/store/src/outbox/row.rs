//! A row of the outbox.

use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::Connection;
use crate::sql;
use crate::value::At;

/// A row to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRow<'a> {
    /// What is to be done, at most 40 characters.
    pub kind: &'a str,
    /// The key within which order is kept, at most 80 characters.
    pub sequence: &'a str,
    /// An older row that must not be pending any more.
    pub after: Option<i64>,
    /// Whom it is about.
    pub person: Option<i64>,
    /// JSON of ids and parameters.
    pub payload: &'a str,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
    /// Of what sees somebody out: the end of the membership that it was made for. It is outdated once they
    /// have a later one.
    pub ends_at: Option<Timestamp>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its place in our order.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// The key within which order is kept.
    pub sequence: String,
    /// An older row that must not be pending any more.
    pub after: Option<i64>,
    /// Whom it is about.
    pub person: Option<i64>,
    /// JSON of ids and parameters.
    pub payload: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// Attempts that count against it.
    pub attempts: i32,
    /// Not before this moment.
    pub next_try: Option<Timestamp>,
    /// The epoch that has it in hand; stays when the row has ended.
    pub claimed: Option<i64>,
    /// The end of the membership that it was made for, see [`NewRow::ends_at`].
    pub ends_at: Option<Timestamp>,
    /// Since when it is in hand.
    pub claimed_at: Option<Timestamp>,
    /// Whether Telegram may have done it already. Of a row that has ended: nobody will know.
    pub unknown: bool,
    /// What came of it, JSON.
    pub result: Option<String>,
    /// Why it came to nothing, a short class.
    pub failure: Option<String>,
    /// When it was finished or cancelled.
    pub done_at: Option<Timestamp>,
    /// When it was given up.
    pub dead_at: Option<Timestamp>,
}

impl OutboxRow {
    /// Whether it still is to be done.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.done_at.is_none() && self.dead_at.is_none()
    }
}

pub(super) const COLUMNS: &str = "id, kind, sequence, after_id, person, payload, created_at, attempts, next_try, epoch, \
                       claimed_at, unknown, result, failure, done_at, dead_at, ends_at";

#[derive(FromQueryResult)]
pub(super) struct Row {
    id: i64,
    kind: String,
    sequence: String,
    after_id: Option<i64>,
    person: Option<i64>,
    payload: String,
    created_at: At,
    attempts: i32,
    next_try: Option<At>,
    epoch: Option<i64>,
    claimed_at: Option<At>,
    unknown: bool,
    result: Option<String>,
    failure: Option<String>,
    done_at: Option<At>,
    dead_at: Option<At>,
    ends_at: Option<At>,
}

impl From<Row> for OutboxRow {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            sequence: row.sequence,
            after: row.after_id,
            person: row.person,
            payload: row.payload,
            created_at: row.created_at.0,
            attempts: row.attempts,
            next_try: row.next_try.map(|at| at.0),
            claimed: row.epoch,
            ends_at: row.ends_at.map(|at| at.0),
            claimed_at: row.claimed_at.map(|at| at.0),
            unknown: row.unknown,
            result: row.result,
            failure: row.failure,
            done_at: row.done_at.map(|at| at.0),
            dead_at: row.dead_at.map(|at| at.0),
        }
    }
}

/// The rows that a query finds.
pub(super) async fn rows(
    db: &impl Connection,
    query: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows: Vec<Row> = sql::all(db, query, values).await?;
    Ok(rows.into_iter().map(OutboxRow::from).collect())
}
