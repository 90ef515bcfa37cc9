//! Why nobody is seen out at present, table `holds`, one row per reason.

use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one, parameters};
use crate::value::At;

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: HoldReason,
    /// Since when.
    pub since: Timestamp,
    /// When custodians were told of it.
    pub told_at: Option<Timestamp>,
}

/// Holds for a reason; false when it is held for that reason already.
///
/// # Errors
/// When the database does not answer.
pub async fn set(tx: &Tx, reason: HoldReason, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO holds (reason, since) VALUES ($1, $2) ON CONFLICT (reason) DO NOTHING",
        [reason.label().into(), At(now).into()],
    )
    .await
}

/// All holds, the oldest first.
///
/// # Errors
/// [`StoreError::Unreadable`] when one is for a reason that this binary does not know: it holds, too.
pub async fn all(db: &impl Connection) -> Result<Vec<Hold>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        reason: String,
        since: At,
        told_at: Option<At>,
    }
    let query = "SELECT reason, since, told_at FROM holds ORDER BY since, reason";
    let rows: Vec<Row> = sql::all(db, query, []).await?;
    let translate = |row: Row| {
        Ok(Hold {
            reason: row
                .reason
                .parse()
                .map_err(|_| StoreError::Unreadable("holds.reason".to_owned()))?,
            since: row.since.0,
            told_at: row.told_at.map(|at| at.0),
        })
    };
    rows.into_iter().map(translate).collect()
}

/// Custodians are being told of a hold: true once while it lasts.
///
/// # Errors
/// When the database does not answer.
pub async fn told(tx: &Tx, reason: HoldReason, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE holds SET told_at = $2 WHERE reason = $1 AND told_at IS NULL",
        [reason.label().into(), At(now).into()],
    )
    .await
}

/// Ends holds; returns how many there were.
///
/// # Errors
/// When the database does not answer.
pub async fn clear(tx: &Tx, reasons: &[HoldReason]) -> Result<u64, StoreError> {
    if reasons.is_empty() {
        return Ok(0);
    }
    let delete = format!(
        "DELETE FROM holds WHERE reason IN ({})",
        parameters(1, reasons.len())
    );
    sql::execute(tx, &delete, reasons.iter().map(|reason| reason.label().into())).await
}
