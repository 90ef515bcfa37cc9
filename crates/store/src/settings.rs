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

/// Stores a setting unless there is one of that key. False when there is: it stays.
///
/// # Errors
/// As [`set`].
pub async fn set_once(
    tx: &Tx,
    key: &str,
    value: &str,
    by: UserId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sql::one(
        tx,
        "INSERT INTO settings (key, value, updated_at, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key) DO NOTHING",
        [key.into(), value.into(), At(now).into(), by.0.into()],
    )
    .await
}

/// What a switch that is off is set to.
const OFF: &str = "off";
/// What it is set to when it was switched on.
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

/// The key of the choice between single notices and one summary a day.
const SUMMARY: &str = "summary";

/// Whether custodians have chosen one summary a day in place of single notices.
///
/// # Errors
/// When the database does not answer.
pub async fn wants_summary(db: &impl Connection) -> Result<bool, StoreError> {
    Ok(get(db, SUMMARY).await?.as_deref() == Some(ON))
}

/// Chooses one summary a day, or single notices.
///
/// # Errors
/// When the database does not answer.
pub async fn choose_summary(tx: &Tx, wanted: bool, by: UserId, now: Timestamp) -> Result<(), StoreError> {
    set(tx, SUMMARY, if wanted { ON } else { OFF }, by, now).await
}
