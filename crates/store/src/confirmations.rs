//! What custodians have been asked to confirm, table `confirmations`.
//!
//! A button that creates or adds something carries the number of such a row. The row is consumed in
//! the transaction that does it, so the button works once, under whatever update it arrives. Numbers
//! are never given twice.

use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::Tx;
use crate::sql::{self, one};
use crate::value::At;

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

/// Consumes a question that was put to that custodian. Of several at once, one is told
/// [`Now`](Consumption::Now); the last moment still counts.
///
/// # Errors
/// When the database does not answer.
pub async fn consume(tx: &Tx, id: i64, user: UserId, now: Timestamp) -> Result<Consumption, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        action: String,
        result: Option<String>,
        consumed_at: Option<At>,
    }
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
    let row: Option<Row> = sql::first(
        tx,
        "SELECT action, result, consumed_at FROM confirmations WHERE id = $1 AND user_id = $2",
        [id.into(), user.0.into()],
    )
    .await?;
    Ok(match row {
        None => Consumption::Unknown,
        Some(row) if row.consumed_at.is_none() => Consumption::Expired,
        Some(row) => Consumption::Before {
            action: row.action,
            result: row.result,
        },
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
