//! Who cannot be written to, table `reachability`. Who has no row can be.

use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// What is known of a person who was out of reach once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachability {
    /// Since when they cannot be written to; none: they can.
    pub blocked_at: Option<Timestamp>,
    /// How that is known, a short class.
    pub reason: String,
    /// When it was noted last.
    pub changed_at: Timestamp,
}

/// What is known of that person; none: they can be written to.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, user: UserId) -> Result<Option<Reachability>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        blocked_at: Option<At>,
        reason: String,
        changed_at: At,
    }
    let row: Option<Row> = sql::first(
        db,
        "SELECT blocked_at, reason, changed_at FROM reachability WHERE user_id = $1",
        [user.0.into()],
    )
    .await?;
    Ok(row.map(|row| Reachability {
        blocked_at: row.blocked_at.map(|at| at.0),
        reason: row.reason,
        changed_at: row.changed_at.0,
    }))
}

/// Notes that the person cannot be written to, by `reason` (a short class, at most 40 characters).
/// Who was out of reach before keeps the moment since when. False when the person is not stored or
/// something newer is known.
///
/// # Errors
/// When the database does not answer.
pub async fn note_blocked(tx: &Tx, user: UserId, reason: &str, at: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO reachability (user_id, blocked_at, reason, changed_at)
         SELECT user_id, $2, $3, $2 FROM users WHERE user_id = $1
         ON CONFLICT (user_id) DO UPDATE
         SET blocked_at = coalesce(reachability.blocked_at, excluded.blocked_at),
             reason = excluded.reason, changed_at = excluded.changed_at
         WHERE reachability.changed_at <= excluded.changed_at",
        [user.0.into(), At(at).into(), reason.into()],
    )
    .await
}

/// Notes that the person can be written to again. False when that was not in doubt or something
/// newer is known.
///
/// # Errors
/// When the database does not answer.
pub async fn note_reachable(tx: &Tx, user: UserId, reason: &str, at: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE reachability SET blocked_at = NULL, reason = $3, changed_at = $2
         WHERE user_id = $1 AND blocked_at IS NOT NULL AND changed_at <= $2",
        [user.0.into(), At(at).into(), reason.into()],
    )
    .await
}
