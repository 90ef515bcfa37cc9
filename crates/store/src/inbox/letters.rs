//! Dead letters: looking at them, and trying them again.

use domain::clock::Timestamp;
use sea_orm::FromQueryResult;

use super::announce;
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// A dead letter, without its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its place in the order of arrival.
    pub seq: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// The lane.
    pub person: i64,
    /// The update's kind.
    pub kind: String,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Attempts that counted against it.
    pub attempts: i32,
    /// Why it died, a short class.
    pub failure: String,
    /// When it died.
    pub dead_at: Timestamp,
    /// Whether its JSON is still kept.
    pub replayable: bool,
}

/// Dead letters, the last to die first, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &impl Connection, limit: u32) -> Result<Vec<Letter>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        seq: i64,
        update_id: i64,
        person: i64,
        kind: String,
        received_at: At,
        attempts: i32,
        failure: Option<String>,
        dead_at: At,
        replayable: bool,
    }
    let rows: Vec<Row> = sql::all(
        db,
        "SELECT seq, update_id, person, kind, received_at, attempts, failure, dead_at, json IS NOT NULL AS replayable
         FROM inbox WHERE dead_at IS NOT NULL
         ORDER BY dead_at DESC, seq DESC
         LIMIT $1",
        [i64::from(limit).into()],
    )
    .await?;
    let translate = |row: Row| Letter {
        seq: row.seq,
        update_id: row.update_id,
        person: row.person,
        kind: row.kind,
        received_at: row.received_at.0,
        attempts: row.attempts,
        failure: row.failure.unwrap_or_default(),
        dead_at: row.dead_at.0,
        replayable: row.replayable,
    };
    Ok(rows.into_iter().map(translate).collect())
}

/// Makes a dead letter pending again, as if it had never been tried, and [announces](announce) it.
/// What it has committed stays committed. False when it is no dead letter or its JSON is gone.
///
/// # Errors
/// When the database does not answer.
pub async fn replay(tx: &Tx, seq: i64) -> Result<bool, StoreError> {
    let replayed = one(
        tx,
        "UPDATE inbox
         SET dead_at = NULL, failure = NULL, attempts = 0, next_try = NULL, epoch = NULL, alone = FALSE
         WHERE seq = $1 AND dead_at IS NOT NULL AND json IS NOT NULL",
        [seq.into()],
    )
    .await?;
    if replayed {
        announce(tx).await?;
    }
    Ok(replayed)
}
