//! What custodians have been asked to confirm, table `confirmations`.
//!
//! A button that creates or adds something carries the number of such a row. It is put to one of them, or
//! to the house (id 0): then whoever answers first does so for all. The row is consumed in
//! the transaction that does it, so the button works once, under whatever update it arrives. Numbers
//! are never given twice.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// How long a question is kept once its time is over, so that a late tap is told what came of it.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// Rows that one [`sweep`] removes at most.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// What a button that asks for confirmation comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// This is the tap that counts: the action, as it was stored.
    Now(String),
    /// It was done before.
    Before {
        /// The action.
        action: String,
        /// What came of it.
        result: Option<String>,
    },
    /// Its time is over; nothing was done.
    Expired,
    /// There is no such question, or it was put to somebody else.
    Unknown,
}

/// Stores a question and returns its number. `action` is JSON, of ids only.
///
/// # Errors
/// When the database does not answer.
pub async fn open(
    tx: &Tx,
    user: UserId,
    action: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Added {
        id: i64,
    }
    let added: Option<Added> = sql::first(
        tx,
        "INSERT INTO confirmations (user_id, action, created_at, expires_at) VALUES ($1, $2, $3, $4) RETURNING id",
        [
            user.0.into(),
            action.into(),
            At(now).into(),
            At(expires_at).into(),
        ],
    )
    .await?;
    added
        .map(|row| row.id)
        .ok_or_else(|| StoreError::Unreadable("confirmations.id".to_owned()))
}

/// A question as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The action, as it was stored.
    pub action: String,
    /// What came of it; none while it was not consumed, or nothing did.
    pub result: Option<String>,
    /// Whether it was consumed.
    pub consumed: bool,
}

/// A question that was put to somebody, whether it still can be answered or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: i64, user: UserId) -> Result<Option<Question>, StoreError> {
    let row: Option<Row> = sql::first(
        db,
        "SELECT action, result, consumed_at FROM confirmations WHERE id = $1 AND user_id = $2",
        [id.into(), user.0.into()],
    )
    .await?;
    Ok(row.map(|row| Question {
        action: row.action,
        result: row.result,
        consumed: row.consumed_at.is_some(),
    }))
}

#[derive(FromQueryResult)]
struct Row {
    action: String,
    result: Option<String>,
    consumed_at: Option<At>,
}

/// Consumes a question that was put to that custodian. Of several at once, one is told
/// [`Now`](Consumption::Now); the last moment still counts.
///
/// # Errors
/// When the database does not answer.
pub async fn consume(tx: &Tx, id: i64, user: UserId, now: Timestamp) -> Result<Consumption, StoreError> {
    let consumed: Option<Row> = sql::first(
        tx,
        "UPDATE confirmations SET consumed_at = $3
         WHERE id = $1 AND user_id = $2 AND consumed_at IS NULL AND expires_at >= $3
         RETURNING action, result, consumed_at",
        [id.into(), user.0.into(), At(now).into()],
    )
    .await?;
    if let Some(row) = consumed {
        return Ok(Consumption::Now(row.action));
    }
    Ok(match find(tx, id, user).await? {
        None => Consumption::Unknown,
        Some(Question { consumed: false, .. }) => Consumption::Expired,
        Some(Question { action, result, .. }) => Consumption::Before { action, result },
    })
}

/// Stores what came of a question, in the transaction that consumed it. False when it was not
/// consumed or has a result.
///
/// # Errors
/// When the database does not answer.
pub async fn set_result(tx: &Tx, id: i64, result: &str) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE confirmations SET result = $2 WHERE id = $1 AND consumed_at IS NOT NULL AND result IS NULL",
        [id.into(), result.into()],
    )
    .await
}

/// Removes what is kept long enough ([`KEPT`]), at most [`SWEPT_AT_ONCE`]: when that many were removed
/// there may be more. The last row stays, so that its number is not given twice.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    sql::execute(
        tx,
        "DELETE FROM confirmations
         WHERE id IN (SELECT id FROM confirmations
                      WHERE expires_at < $1 AND id < (SELECT max(id) FROM confirmations)
                      ORDER BY id
                      LIMIT $2)",
        [At(now - KEPT).into(), SWEPT_AT_ONCE.cast_signed().into()],
    )
    .await
}
