//! What the panel can change and `bot_config` has no column for, table `settings`.

use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::value::At;

#[derive(FromQueryResult)]
struct Row {
    value: String,
}

/// The stored value of a setting.
///
/// # Errors
/// When the database does not answer.
pub async fn get(db: &impl Connection, key: &str) -> Result<Option<String>, StoreError> {
    let row: Option<Row> = sql::first(db, "SELECT value FROM settings WHERE key = $1", [key.into()]).await?;
    Ok(row.map(|row| row.value))
}

/// Stores a setting in place of what was there.
///
/// # Errors
/// When the database does not answer; refused by PostgreSQL when the key is longer than 100 characters.
pub async fn set(tx: &Tx, key: &str, value: &str, by: UserId, now: Timestamp) -> Result<(), StoreError> {
    sql::execute(
        tx,
        "INSERT INTO settings (key, value, updated_at, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO UPDATE
         SET value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        [key.into(), value.into(), At(now).into(), by.0.into()],
    )
    .await?;
    Ok(())
}
