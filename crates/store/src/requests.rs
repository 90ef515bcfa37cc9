//! Who waits for the Free channel, table `free_channel_requests`, and what they were told, table
//! `free_requests`, one row per request at most.
//!
//! A person has one pending row at most, and keeps their place by its time. Of a row without companion,
//! which the predecessor has left, it is known that somebody waits, and since when.
//!
//! Whoever changes a request takes hold of its companion first; so of somebody who asks again and a
//! courier who closes the request, one sees what the other has done.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::{ChatId, RequestId, UserId};
use domain::queue::{QueueReply, RequestOutcome};
use sea_orm::{FromQueryResult, Value};

use crate::blocks;
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one, tuples};
use crate::value::At;

/// How long requests that came to their end are kept.
pub const PROCESSED_KEPT: TimeDelta = TimeDelta::days(30);

/// Rows that one [`sweep`] removes at most.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 500;

/// A request as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Who asks; already stored.
    pub user: UserId,
    /// Where.
    pub channel: ChatId,
    /// Where they can be written to for five minutes (Bot API, `ChatJoinRequest.user_chat_id`).
    pub chat: ChatId,
}

/// What became of a request that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The row in which the person waits.
    pub id: RequestId,
    /// Since when: the time of the first request, however often they ask.
    pub requested_at: Timestamp,
    /// What they are to be told.
    pub reply: QueueReply,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingRequest {
    /// Row id.
    pub id: RequestId,
    /// Who waits.
    pub user: UserId,
    /// Since when.
    pub requested_at: Timestamp,
    /// Where; none, nobody knows: at the configured channel.
    pub channel: Option<ChatId>,
    /// Where they could be written to when they asked last.
    pub chat: ChatId,
    /// How often they have asked; 0, nobody counted.
    pub number: i64,
    /// Whether a custodian does not want them served.
    pub blocked: bool,
}

/// A request, whether it waits or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// When they asked first.
    pub requested_at: Timestamp,
    /// How it has ended; none, it waits, or the predecessor has ended it.
    pub outcome: Option<RequestOutcome>,
    /// Whether they were told that they were let in; none, nobody knows.
    pub notified: Option<bool>,
}

/// Waiting requests `r` with what their companions `f` hold.
const WAITING: &str = "SELECT r.id, r.user_id, r.request_date, f.channel_id, f.user_chat_id, f.number,
        EXISTS (SELECT 1 FROM blocks b WHERE b.user_id = r.user_id) AS blocked
    FROM free_channel_requests r LEFT JOIN free_requests f ON f.request_id = r.id
    WHERE NOT r.processed";

/// Of waiting requests: at the channel `$1`, and nothing of them is on its way.
const UNQUEUED: &str = "f.outbox_id IS NULL AND (f.channel_id IS NULL OR f.channel_id = $1)";

#[derive(FromQueryResult)]
struct Row {
    id: i32,
    user_id: i64,
    request_date: At,
    channel_id: Option<i64>,
    user_chat_id: Option<i64>,
    number: Option<i64>,
    blocked: bool,
}

impl From<Row> for WaitingRequest {
    fn from(row: Row) -> Self {
        let user = UserId(row.user_id);
        Self {
            id: RequestId(row.id),
            user,
            requested_at: row.request_date.0,
            channel: row.channel_id.map(ChatId),
            chat: row.user_chat_id.map_or(user.private_chat(), ChatId),
            number: row.number.unwrap_or(0),
            blocked: row.blocked,
        }
    }
}

/// Puts a stored person into the queue unless they wait already, and tells what they are to be told:
/// whoever asks again is answered once within `window`. Of repetitions, the last channel and chat are kept.
/// Safe when the same person asks twice at once. None when a custodian does not want them served: they
/// are left where they are.
///
/// # Errors
/// A broken foreign key when the person is not stored.
pub async fn note(
    tx: &Tx,
    request: &NewRequest,
    window: TimeDelta,
    at: Timestamp,
) -> Result<Option<Noted>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        request_id: i32,
        number: i64,
        replied: i64,
        requested_at: At,
    }
    // Nothing is unique in the table but its key and who waits, whichever of two indexes sees to that.
    let insert = match tx.quirks().marks_waiting {
        false => {
            "INSERT INTO free_channel_requests (user_id, request_date, processed)
             SELECT $1, $2, FALSE WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE user_id = $1)
             ON CONFLICT DO NOTHING"
        }
        true => {
            "INSERT INTO free_channel_requests (user_id, request_date, processed, pending_request)
             SELECT $1, $2, FALSE, TRUE WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE user_id = $1)
             ON CONFLICT DO NOTHING"
        }
    };
    loop {
        sql::execute(tx, insert, [request.user.0.into(), At(at).into()]).await?;
        let found: Option<Found> = sql::first(
            tx,
            "INSERT INTO free_requests
                 (request_id, channel_id, user_chat_id, asked_at, number, replied)
             SELECT id, $2, $3, $4, 1, 1 FROM free_channel_requests WHERE user_id = $1 AND NOT processed
                 AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.user_id = $1)
             ON CONFLICT (request_id) DO UPDATE
             SET channel_id = excluded.channel_id, user_chat_id = excluded.user_chat_id,
                 asked_at = excluded.asked_at, number = free_requests.number + 1,
                 replied = CASE WHEN free_requests.replied_at > $5 THEN free_requests.replied
                                ELSE free_requests.number + 1 END,
                 replied_at = CASE WHEN free_requests.replied_at > $5 THEN free_requests.replied_at
                                   ELSE excluded.asked_at END
             WHERE free_requests.outcome IS NULL
             RETURNING request_id, number, replied,
                 (SELECT r.request_date FROM free_channel_requests r WHERE r.id = free_requests.request_id)
                     AS requested_at",
            [
                request.user.0.into(),
                request.channel.0.into(),
                request.chat.0.into(),
                At(at).into(),
                At(at - window).into(),
            ],
        )
        .await?;
        if let Some(found) = found {
            return Ok(Some(Noted {
                id: RequestId(found.request_id),
                requested_at: found.requested_at.0,
                reply: match found.number {
                    1 => QueueReply::Greeting,
                    number if number == found.replied => QueueReply::InProgress,
                    _ => QueueReply::Nothing,
                },
            }));
        }
        if blocks::is_blocked(tx, request.user).await? {
            return Ok(None);
        }
        // Somebody has just closed it: then a new one begins.
    }
}

/// Those who have waited at a channel since that moment or before and of whom nothing is on its way, the
/// oldest request first, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn due(
    db: &impl Connection,
    channel: ChatId,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<WaitingRequest>, StoreError> {
    let query =
        format!("{WAITING} AND {UNQUEUED} AND r.request_date <= $2 ORDER BY r.request_date, r.id LIMIT $3");
    let values = [channel.0.into(), At(until).into(), i64::from(limit).into()];
    let rows: Vec<Row> = sql::all(db, &query, values).await?;
    Ok(rows.into_iter().map(WaitingRequest::from).collect())
}

/// Since when the first of those waits at a channel of whom nothing is on its way.
///
/// # Errors
/// When the database does not answer.
pub async fn oldest_unqueued(db: &impl Connection, channel: ChatId) -> Result<Option<Timestamp>, StoreError> {
    let query = format!("{WAITING} AND {UNQUEUED} ORDER BY r.request_date, r.id LIMIT 1");
    let row: Option<Row> = sql::first(db, &query, [channel.0.into()]).await?;
    Ok(row.map(|row| row.request_date.0))
}

/// Notes which rows of the outbox let people in. Returns how many requests that is noted of: those that
/// still wait, and of which nothing was noted before.
///
/// # Errors
/// When the database does not answer.
pub async fn set_queued(tx: &Tx, rows: &[(RequestId, i64)]) -> Result<u64, StoreError> {
    let mut noted = 0;
    for batch in rows.chunks(BATCH) {
        let insert = format!(
            "WITH queued (request_id, outbox_id) AS (VALUES {})
             INSERT INTO free_requests (request_id, number, replied, outbox_id)
             SELECT r.id, 0, 0, queued.outbox_id
             FROM queued JOIN free_channel_requests r ON r.id = queued.request_id WHERE NOT r.processed
             ON CONFLICT (request_id) DO UPDATE SET outbox_id = excluded.outbox_id
             WHERE free_requests.outbox_id IS NULL AND free_requests.outcome IS NULL",
            tuples(1, batch.len(), 2)
        );
        let values = batch
            .iter()
            .flat_map(|(request, outbox)| -> [Value; 2] { [request.0.into(), (*outbox).into()] });
        noted += sql::execute(tx, &insert, values).await?;
    }
    Ok(noted)
}

/// Notes that this row of the outbox does not let somebody in after all, while they wait: they are due
/// again. False when they do not wait, or when another row is to let them in.
///
/// # Errors
/// When the database does not answer.
pub async fn unqueue(tx: &Tx, id: RequestId, outbox: i64) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE free_requests SET outbox_id = NULL
         WHERE request_id = $1 AND outbox_id = $2 AND outcome IS NULL",
        [id.0.into(), outbox.into()],
    )
    .await
}

/// The request of that id, if it waits.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: RequestId) -> Result<Option<WaitingRequest>, StoreError> {
    let row: Option<Row> = sql::first(db, &format!("{WAITING} AND r.id = $1"), [id.0.into()]).await?;
    Ok(row.map(WaitingRequest::from))
}

/// Ends a request that was [found](find) to be waiting, and that the person had asked for so often then
/// ([`WaitingRequest::number`]). False when it has ended, or when they have asked again since: then what is
/// known of it is not about what waits now.
///
/// # Errors
/// When the database does not answer.
pub async fn close(
    tx: &Tx,
    id: RequestId,
    number: i64,
    outcome: RequestOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = [id.0.into(), outcome.label().into(), number.into()];
    let noted = note_outcome(tx, "id = $1", "AND free_requests.number = $3", values).await?;
    match noted {
        Some(id) => process(tx, id, now).await,
        None => Ok(false),
    }
}

/// Ends whatever request of a person waits, and returns which it was.
///
/// # Errors
/// When the database does not answer.
pub async fn close_of(
    tx: &Tx,
    user: UserId,
    outcome: RequestOutcome,
    now: Timestamp,
) -> Result<Option<RequestId>, StoreError> {
    let values = [user.0.into(), outcome.label().into()];
    match note_outcome(tx, "user_id = $1", "", values).await? {
        Some(id) if process(tx, id, now).await? => Ok(Some(id)),
        _ => Ok(None),
    }
}

async fn note_outcome<const N: usize>(
    tx: &Tx,
    which: &str,
    condition: &str,
    values: [Value; N],
) -> Result<Option<RequestId>, StoreError> {
    #[derive(FromQueryResult)]
    struct Closed {
        request_id: i32,
    }
    let insert = format!(
        "INSERT INTO free_requests (request_id, number, replied, outcome)
         SELECT id, 0, 0, $2 FROM free_channel_requests WHERE {which} AND NOT processed
         ON CONFLICT (request_id) DO UPDATE SET outcome = excluded.outcome
         WHERE free_requests.outcome IS NULL {condition}
         RETURNING request_id"
    );
    let closed: Option<Closed> = sql::first(tx, &insert, values).await?;
    Ok(closed.map(|row| RequestId(row.request_id)))
}

async fn process(tx: &Tx, id: RequestId, now: Timestamp) -> Result<bool, StoreError> {
    let update = match tx.quirks().marks_waiting {
        false => {
            "UPDATE free_channel_requests SET processed = TRUE, processed_at = $2
             WHERE id = $1 AND NOT processed"
        }
        true => {
            "UPDATE free_channel_requests SET processed = TRUE, processed_at = $2, pending_request = FALSE
             WHERE id = $1 AND NOT processed"
        }
    };
    one(tx, update, [id.0.into(), At(now).into()]).await
}

/// Notes whether the word that they were let in has reached the person. False when nothing is known of
/// how the request ended.
///
/// # Errors
/// When the database does not answer.
pub async fn set_notified(tx: &Tx, id: RequestId, notified: bool) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE free_requests SET notified = $2 WHERE request_id = $1 AND outcome IS NOT NULL",
        [id.0.into(), notified.into()],
    )
    .await
}

/// The requests of a person, the oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_person(db: &impl Connection, user: UserId) -> Result<Vec<StoredRequest>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        request_date: At,
        outcome: Option<String>,
        notified: Option<bool>,
    }
    let rows: Vec<Found> = sql::all(
        db,
        "SELECT r.request_date, f.outcome, f.notified
         FROM free_channel_requests r LEFT JOIN free_requests f ON f.request_id = r.id
         WHERE r.user_id = $1 ORDER BY r.id",
        [user.0.into()],
    )
    .await?;
    let stored = |row: Found| StoredRequest {
        requested_at: row.request_date.0,
        outcome: row.outcome.and_then(|label| label.parse().ok()),
        notified: row.notified,
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// Whether a person waits.
///
/// # Errors
/// When the database does not answer.
pub async fn is_waiting(db: &impl Connection, user: UserId) -> Result<bool, StoreError> {
    let row: Option<Row> = sql::first(db, &format!("{WAITING} AND r.user_id = $1"), [user.0.into()]).await?;
    Ok(row.is_some())
}

/// How many people wait.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting(db: &impl Connection) -> Result<i64, StoreError> {
    sql::count(
        db,
        "SELECT count(*) AS count FROM free_channel_requests WHERE NOT processed",
        [],
    )
    .await
}

/// Removes what is kept long enough ([`PROCESSED_KEPT`]), at most [`SWEPT_AT_ONCE`]: when that many were
/// removed there may be more. The last row stays, so that its id is not given twice.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    sql::execute(
        tx,
        "DELETE FROM free_channel_requests
         WHERE id IN (SELECT id FROM free_channel_requests
                      WHERE processed AND processed_at < $1
                        AND id < (SELECT max(id) FROM free_channel_requests)
                      ORDER BY processed_at
                      LIMIT $2)",
        [
            At(now - PROCESSED_KEPT).into(),
            SWEPT_AT_ONCE.cast_signed().into(),
        ],
    )
    .await
}
