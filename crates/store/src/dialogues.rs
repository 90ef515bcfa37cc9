//! Conversations that are in the middle of something, table `dialogues`: at most one per person.
//!
//! Each change gives the dialogue a new version, and none has a version that an earlier one of the
//! same person had. So a button that carries the version belongs to one state of one dialogue, and
//! is consumed once.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// How long a dialogue that has ended or expired is kept: until its buttons' versions are far behind.
pub const KEPT: TimeDelta = TimeDelta::days(1);

/// Rows that one [`sweep`] removes at most.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// Where a dialogue stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// What it is about, at most 40 characters.
    pub kind: String,
    /// What it waits for, at most 40 characters.
    pub step: String,
    /// What was said so far, JSON.
    pub draft: String,
    /// The message that shows it.
    pub message_id: Option<i64>,
    /// The last moment at which it is alive.
    pub expires_at: Timestamp,
}

/// A dialogue as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDialogue {
    /// Where it stands.
    pub dialogue: Dialogue,
    /// The number of this state.
    pub version: i64,
    /// When it came to it.
    pub updated_at: Timestamp,
}

#[derive(FromQueryResult)]
struct Version {
    version: i64,
}

/// The person's dialogue, unless it has expired.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl Connection,
    user: UserId,
    now: Timestamp,
) -> Result<Option<StoredDialogue>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        kind: String,
        step: String,
        draft: String,
        version: i64,
        message_id: Option<i64>,
        updated_at: At,
        expires_at: At,
    }
    let row: Option<Row> = sql::first(
        db,
        "SELECT kind, step, draft, version, message_id, updated_at, expires_at
         FROM dialogues WHERE user_id = $1 AND expires_at >= $2",
        [user.0.into(), At(now).into()],
    )
    .await?;
    Ok(row.map(|row| StoredDialogue {
        dialogue: Dialogue {
            kind: row.kind,
            step: row.step,
            draft: row.draft,
            message_id: row.message_id,
            expires_at: row.expires_at.0,
        },
        version: row.version,
        updated_at: row.updated_at.0,
    }))
}

/// Begins a dialogue in place of the person's present one, and returns its version.
///
/// # Errors
/// When the database does not answer; refused when the person is not stored.
pub async fn begin(tx: &Tx, user: UserId, dialogue: &Dialogue, now: Timestamp) -> Result<i64, StoreError> {
    // The seconds of the moment are above all versions of dialogues that have been removed: no
    // dialogue changes every second throughout its life.
    let version: Option<Version> = sql::first(
        tx,
        "INSERT INTO dialogues (user_id, kind, step, draft, version, message_id, updated_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (user_id) DO UPDATE
         SET kind = excluded.kind, step = excluded.step, draft = excluded.draft,
             version = CASE WHEN excluded.version > dialogues.version THEN excluded.version
                            ELSE dialogues.version + 1 END,
             message_id = excluded.message_id, updated_at = excluded.updated_at, expires_at = excluded.expires_at
         RETURNING version",
        [
            user.0.into(),
            dialogue.kind.as_str().into(),
            dialogue.step.as_str().into(),
            dialogue.draft.as_str().into(),
            now.timestamp().into(),
            dialogue.message_id.into(),
            At(now).into(),
            At(dialogue.expires_at).into(),
        ],
    )
    .await?;
    version
        .map(|row| row.version)
        .ok_or_else(|| StoreError::Unreadable("dialogues.version".to_owned()))
}

/// Takes the dialogue on from that version, and returns the new one. None when it has expired, is
/// over, or stands elsewhere by now.
///
/// # Errors
/// When the database does not answer.
pub async fn advance(
    tx: &Tx,
    user: UserId,
    version: i64,
    dialogue: &Dialogue,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let version: Option<Version> = sql::first(
        tx,
        "UPDATE dialogues
         SET kind = $4, step = $5, draft = $6, version = version + 1, message_id = $7, updated_at = $3, expires_at = $8
         WHERE user_id = $1 AND version = $2 AND expires_at >= $3
         RETURNING version",
        [
            user.0.into(),
            version.into(),
            At(now).into(),
            dialogue.kind.as_str().into(),
            dialogue.step.as_str().into(),
            dialogue.draft.as_str().into(),
            dialogue.message_id.into(),
            At(dialogue.expires_at).into(),
        ],
    )
    .await?;
    Ok(version.map(|row| row.version))
}

/// Notes the message that shows this state, known only once it is sent. The version stays.
///
/// # Errors
/// When the database does not answer.
pub async fn set_message(tx: &Tx, user: UserId, version: i64, message_id: i64) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE dialogues SET message_id = $3 WHERE user_id = $1 AND version = $2",
        [user.0.into(), version.into(), message_id.into()],
    )
    .await
}

/// Ends the dialogue at that version: what it was for is done in the same transaction. False when it
/// has expired, is over, or stands elsewhere: then nothing may be done.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(tx: &Tx, user: UserId, version: i64, now: Timestamp) -> Result<bool, StoreError> {
    end(tx, user, Some(version), now).await
}

/// Ends whatever dialogue the person is in. False when there is none.
///
/// # Errors
/// When the database does not answer.
pub async fn abandon(tx: &Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    end(tx, user, None, now).await
}

/// The row stays for its version, expired and without what was said.
async fn end(tx: &Tx, user: UserId, version: Option<i64>, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE dialogues SET draft = '', message_id = NULL, version = version + 1, updated_at = $3, expires_at = $4
         WHERE user_id = $1 AND version = coalesce($2, version) AND expires_at >= $3",
        [
            user.0.into(),
            version.into(),
            At(now).into(),
            At(now - TimeDelta::microseconds(1)).into(),
        ],
    )
    .await
}

/// Removes dialogues that have expired or ended long enough ago ([`KEPT`]), at most [`SWEPT_AT_ONCE`].
/// Returns how many.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    sql::execute(
        tx,
        "DELETE FROM dialogues
         WHERE user_id IN (SELECT user_id FROM dialogues WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        [At(now - KEPT).into(), SWEPT_AT_ONCE.cast_signed().into()],
    )
    .await
}
