//! What the panel can change and `bot_config` has no column for, table `settings`.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::notice::Notice;
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

/// What the switch of a notice that is off is set to.
const OFF: &str = "off";
/// What it is set to when it was switched on again.
const ON: &str = "on";

/// The notices that custodians do not want. A notice that nobody has touched is wanted.
///
/// # Errors
/// When the database does not answer.
pub async fn unwanted(db: &impl Connection) -> Result<Vec<Notice>, StoreError> {
    #[derive(FromQueryResult)]
    struct Off {
        key: String,
    }
    let off: Vec<Off> = sql::all(
        db,
        "SELECT key FROM settings WHERE key LIKE 'notice.%' AND value = $1",
        [OFF.into()],
    )
    .await?;
    let is_off = |notice: &Notice| off.iter().any(|row| row.key == notice.setting());
    Ok(Notice::ALL.iter().copied().filter(is_off).collect())
}

/// Switches a notice on or off.
///
/// # Errors
/// When the database does not answer.
pub async fn switch(
    tx: &Tx,
    notice: Notice,
    wanted: bool,
    by: UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    set(tx, &notice.setting(), if wanted { ON } else { OFF }, by, now).await
}
