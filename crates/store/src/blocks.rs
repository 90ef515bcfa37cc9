//! Whom a custodian does not want served, table `blocks`. Who has no row is served.
//!
//! The rows hold no key: whoever was blocked stays so when their own row is removed.

use domain::clock::Timestamp;
use domain::id::UserId;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// Blocks a person; false when they are blocked already.
///
/// # Errors
/// When the database does not answer.
pub async fn block(tx: &Tx, user: UserId, by: UserId, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO blocks (user_id, blocked_at, blocked_by) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING",
        [user.0.into(), At(now).into(), by.0.into()],
    )
    .await
}

/// Takes that back; false when they are not blocked.
///
/// # Errors
/// When the database does not answer.
pub async fn unblock(tx: &Tx, user: UserId) -> Result<bool, StoreError> {
    one(tx, "DELETE FROM blocks WHERE user_id = $1", [user.0.into()]).await
}

/// Whether a person is blocked.
///
/// # Errors
/// When the database does not answer.
pub async fn is_blocked(db: &impl Connection, user: UserId) -> Result<bool, StoreError> {
    let query = "SELECT count(*) AS count FROM blocks WHERE user_id = $1";
    Ok(sql::count(db, query, [user.0.into()]).await? > 0)
}
