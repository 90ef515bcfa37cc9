//! Who waits for the Free channel, table `free_channel_requests`.
//!
//! A person has one pending row at most, and keeps their place by its time. The table has no
//! constraint for that; old databases may hold several rows of one person.

use domain::clock::Timestamp;
use domain::id::{RequestId, UserId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::free_channel_requests::{Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::url::Dialect;
use crate::value::At;

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// Row id.
    pub id: RequestId,
    /// Who waits.
    pub user: UserId,
    /// Since when.
    pub requested_at: Timestamp,
}

/// Puts a stored person into the queue unless they wait already; tells whether they were put there.
/// Asking again changes nothing: the time of the first request counts. Safe when the same person
/// asks twice at once.
///
/// # Errors
/// A broken foreign key when the person is not stored.
pub async fn add(tx: &Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    if tx.dialect() == Dialect::Postgres {
        // Whoever asks for the same person waits here, and then sees what was committed meanwhile.
        // On SQLite the transaction is the only writer already.
        let lock = "SELECT 1 FROM users WHERE user_id = $1 FOR NO KEY UPDATE";
        sql::execute(tx, lock, [user.0.into()]).await?;
    }
    sql::one(
        tx,
        "INSERT INTO free_channel_requests (user_id, request_date, processed)
         SELECT $1, $2, FALSE
         WHERE NOT EXISTS (SELECT 1 FROM free_channel_requests WHERE user_id = $1 AND NOT processed)",
        [user.0.into(), At(now).into()],
    )
    .await
}

/// Those who wait, the oldest request first, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn pending(db: &impl Connection, limit: u64) -> Result<Vec<PendingRequest>, StoreError> {
    let rows = Entity::find()
        .filter(Column::Processed.eq(false))
        .order_by_asc(Column::RequestDate)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(PendingRequest::from).collect())
}

/// Ends a request that waits; tells whether it did.
///
/// # Errors
/// When the database does not answer.
pub async fn close(tx: &Tx, id: RequestId, now: Timestamp) -> Result<bool, StoreError> {
    sql::one(
        tx,
        "UPDATE free_channel_requests SET processed = TRUE, processed_at = $2 WHERE id = $1 AND NOT processed",
        [id.0.into(), At(now).into()],
    )
    .await
}

impl From<Model> for PendingRequest {
    fn from(row: Model) -> Self {
        Self {
            id: RequestId(row.id),
            user: UserId(row.user_id),
            requested_at: row.request_date.0,
        }
    }
}
