//! Who is never seen out, table `exemptions`: staff and guests.

use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// Somebody who is never seen out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// Who; they need not be known.
    pub user: UserId,
    /// Since when.
    pub since: Timestamp,
    /// Which custodian says so.
    pub by: UserId,
}

/// Exempts somebody; false when they are exempt already.
///
/// # Errors
/// When the database does not answer.
pub async fn add(tx: &Tx, user: UserId, by: UserId, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO exemptions (user_id, since, by_id) VALUES ($1, $2, $3) ON CONFLICT (user_id) DO NOTHING",
        [user.0.into(), At(now).into(), by.0.into()],
    )
    .await
}

/// Ends an exemption; false when there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn remove(tx: &Tx, user: UserId) -> Result<bool, StoreError> {
    one(tx, "DELETE FROM exemptions WHERE user_id = $1", [user.0.into()]).await
}

/// All exemptions, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn all(db: &impl Connection) -> Result<Vec<Exemption>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: i64,
        since: At,
        by_id: i64,
    }
    let query = "SELECT user_id, since, by_id FROM exemptions ORDER BY since, user_id";
    let rows: Vec<Row> = sql::all(db, query, []).await?;
    let translate = |row: Row| Exemption {
        user: UserId(row.user_id),
        since: row.since.0,
        by: UserId(row.by_id),
    };
    Ok(rows.into_iter().map(translate).collect())
}
