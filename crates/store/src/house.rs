//! Who works in this house, table `house` (one row).
//!
//! Whoever takes the house lock raises the epoch and claims rows with it. What an older epoch has
//! claimed can then be told from what the present worker has in hand.

use domain::clock::Timestamp;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::value::At;

/// The house itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct House {
    /// The present epoch.
    pub(crate) epoch: i64,
    /// When the first one began: copies of a house have it in common.
    pub(crate) created_at: Timestamp,
}

/// The house; none before anybody has worked here.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn find(db: &impl Connection) -> Result<Option<House>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        epoch: i64,
        created_at: At,
    }
    let query = "SELECT epoch, created_at FROM house WHERE id = 1";
    let found: Option<Found> = sql::first(db, query, []).await?;
    Ok(found.map(|found| House {
        epoch: found.epoch,
        created_at: found.created_at.0,
    }))
}

/// Has the next epoch be a later one than `epoch`, whatever was before.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn set_epoch(tx: &Tx, epoch: i64, now: Timestamp) -> Result<(), StoreError> {
    sql::execute(
        tx,
        "INSERT INTO house (id, epoch, flavour, created_at, raised_at) VALUES (1, $1, 'fresh', $2, $2)
         ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, raised_at = excluded.raised_at",
        [epoch.into(), At(now).into()],
    )
    .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Row {
    epoch: i64,
}

/// Begins a new epoch, 1 being the first, and returns it.
///
/// # Errors
/// When the database does not answer.
pub async fn raise_epoch(tx: &Tx, now: Timestamp) -> Result<i64, StoreError> {
    let row: Option<Row> = sql::first(
        tx,
        "INSERT INTO house (id, epoch, flavour, created_at, raised_at) VALUES (1, 1, 'fresh', $1, $1)
         ON CONFLICT (id) DO UPDATE SET epoch = house.epoch + 1, raised_at = excluded.raised_at
         RETURNING epoch",
        [At(now).into()],
    )
    .await?;
    row.map(|row| row.epoch)
        .ok_or_else(|| StoreError::Unreadable("epoch of the house".to_owned()))
}

/// The present epoch; 0 before anybody has worked here.
///
/// # Errors
/// When the database does not answer.
pub async fn epoch(db: &impl Connection) -> Result<i64, StoreError> {
    let row: Option<Row> = sql::first(db, "SELECT epoch FROM house WHERE id = 1", []).await?;
    Ok(row.map_or(0, |row| row.epoch))
}
