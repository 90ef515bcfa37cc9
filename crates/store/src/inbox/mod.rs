//! Updates on their way, table `inbox`: stored, then acknowledged to Telegram, then worked off.
//!
//! A row is *pending* until it is finished (`done_at`) or buried (`dead_at`). The worker claims
//! pending rows with the epoch of the house; every change that it makes for a row is conditional on
//! that claim, so that a worker that has lost the house changes nothing. All functions that change
//! something tell, by the rows affected, whether they did.

mod letters;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::BotId;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Changes, Connection, Tx};
use crate::sql::{self, one, parameters};
use crate::url::Dialect;
use crate::value::At;

pub use letters::{Letter, list, replay};

/// How long the key of a finished row is kept, to absorb duplicates.
pub const KEYS_KEPT: TimeDelta = TimeDelta::hours(48);

/// How long the JSON of a dead letter is kept, to replay it.
pub const LETTERS_KEPT: TimeDelta = TimeDelta::days(7);

/// Rows that one [`sweep`] removes at most, so that it never holds up others for long.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// The channel on which PostgreSQL tells the worker of rows that somebody else has stored.
pub(crate) const CHANNEL: &str = "lucien_inbox";

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 500;

/// An update to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUpdate {
    /// The bot that received it.
    pub bot_id: BotId,
    /// Telegram's number of it.
    pub update_id: i64,
    /// The lane that it runs in: the id of the person or channel that it is about.
    pub person: i64,
    /// Its kind, at most 40 characters.
    pub kind: String,
    /// The update as it came.
    pub json: String,
    /// Set when it cannot even be decoded: it is stored as a dead letter of this failure, at most
    /// 100 characters.
    pub failure: Option<String>,
}

/// A row that was added.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Stored {
    /// Its place in the order of arrival.
    pub seq: i64,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// The lane.
    pub person: i64,
}

/// A pending row, without its JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRow {
    /// Its place in the order of arrival.
    pub seq: i64,
    /// The lane.
    pub person: i64,
    /// The update's kind.
    pub kind: String,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Attempts that count against it.
    pub attempts: i32,
    /// Not before this moment.
    pub next_try: Option<Timestamp>,
    /// The epoch that has it in hand. An older one than the present died with it in hand.
    pub claimed: Option<i64>,
    /// Whether it was claimed to run alone.
    pub alone: bool,
    /// Whether its state is committed and only its answer is missing.
    pub has_outcome: bool,
}

/// How a claimed row is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// Beside those of other people.
    Together,
    /// With nothing else running, after a death. The attempt counts at once: if the process dies
    /// again, it was this row.
    Alone,
}

/// A row in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its place in the order of arrival.
    pub seq: i64,
    /// The bot that received it.
    pub bot_id: BotId,
    /// Telegram's number of the update.
    pub update_id: i64,
    /// The lane.
    pub person: i64,
    /// The update's kind.
    pub kind: String,
    /// The update as it came.
    pub json: Option<String>,
    /// When it was stored.
    pub received_at: Timestamp,
    /// Attempts that count against it, this one included when it runs alone.
    pub attempts: i32,
    /// What an earlier run has committed.
    pub outcome: Option<String>,
}

/// How full the inbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows to be worked off.
    pub pending: i64,
    /// Dead letters.
    pub dead: i64,
    /// When the oldest pending row was stored.
    pub oldest_pending: Option<Timestamp>,
}

/// What a [`sweep`] removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Keys of finished rows.
    pub keys: u64,
    /// JSON of dead letters.
    pub letters: u64,
}

/// Stores updates, and returns those that were not there yet, in the order stored.
///
/// # Errors
/// When the database does not answer.
pub async fn store_batch(
    db: &impl Changes,
    updates: &[NewUpdate],
    now: Timestamp,
) -> Result<Vec<Stored>, StoreError> {
    const COLUMNS: usize = 9;
    let mut added = Vec::new();
    for batch in updates.chunks(BATCH) {
        let rows: Vec<String> = (0..batch.len())
            .map(|row| format!("({})", parameters(row * COLUMNS + 1, COLUMNS)))
            .collect();
        let values = batch.iter().flat_map(|update| -> [Value; COLUMNS] {
            [
                update.bot_id.0.into(),
                update.update_id.into(),
                update.person.into(),
                update.kind.clone().into(),
                update.json.clone().into(),
                At(now).into(),
                0.into(),
                update.failure.clone().into(),
                update.failure.is_some().then_some(At(now)).into(),
            ]
        });
        let insert = format!(
            "INSERT INTO inbox (bot_id, update_id, person, kind, json, received_at, attempts, failure, dead_at)
             VALUES {}
             ON CONFLICT (bot_id, update_id) DO NOTHING
             RETURNING seq, update_id, person",
            rows.join(", ")
        );
        added.extend(sql::all::<Stored>(db, &insert, values).await?);
    }
    added.sort_by_key(|row| row.seq);
    Ok(added)
}

/// Tells the worker that this transaction stores updates, for processes that are not the worker. It
/// hears of them once the transaction is committed. On SQLite the worker sees by
/// [`Store::data_version`](crate::Store::data_version) that others have written.
///
/// Not part of [`store_batch`]: PostgreSQL lets transactions that tell something commit one at a time,
/// and the worker knows what it has stored itself.
///
/// # Errors
/// When the database does not answer.
pub async fn announce(tx: &Tx) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Postgres {
        sql::execute(tx, &format!("NOTIFY {CHANNEL}"), []).await?;
    }
    Ok(())
}

/// Pending rows after `after_seq` in the order stored, at most `limit`.
///
/// On PostgreSQL, of rows that several processes insert at once, a later number may become visible
/// before an earlier one: who follows the inbox by its numbers looks again from the beginning now
/// and then.
///
/// # Errors
/// When the database does not answer.
pub async fn pending(
    db: &impl Connection,
    after_seq: i64,
    limit: u32,
) -> Result<Vec<PendingRow>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        seq: i64,
        person: i64,
        kind: String,
        received_at: At,
        attempts: i32,
        next_try: Option<At>,
        epoch: Option<i64>,
        alone: bool,
        has_outcome: bool,
    }
    let rows: Vec<Row> = sql::all(
        db,
        "SELECT seq, person, kind, received_at, attempts, next_try, epoch, alone, outcome IS NOT NULL AS has_outcome
         FROM inbox
         WHERE done_at IS NULL AND dead_at IS NULL AND seq > $1
         ORDER BY seq
         LIMIT $2",
        [after_seq.into(), i64::from(limit).into()],
    )
    .await?;
    let translate = |row: Row| PendingRow {
        seq: row.seq,
        person: row.person,
        kind: row.kind,
        received_at: row.received_at.0,
        attempts: row.attempts,
        next_try: row.next_try.map(|at| at.0),
        claimed: row.epoch,
        alone: row.alone,
        has_outcome: row.has_outcome,
    };
    Ok(rows.into_iter().map(translate).collect())
}

/// Takes rows in hand for the present epoch, and returns those that still were pending, in the order
/// stored. With an epoch that is over, none are.
///
/// # Errors
/// When the database does not answer.
pub async fn claim(
    db: &impl Changes,
    seqs: &[i64],
    epoch: i64,
    run: Run,
) -> Result<Vec<Claimed>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        seq: i64,
        bot_id: i64,
        update_id: i64,
        person: i64,
        kind: String,
        json: Option<String>,
        received_at: At,
        attempts: i32,
        outcome: Option<String>,
    }
    let mut claimed = Vec::new();
    for batch in seqs.chunks(BATCH) {
        let update = format!(
            "UPDATE inbox SET epoch = $1, alone = $2, attempts = attempts + $3
             WHERE seq IN ({}) AND done_at IS NULL AND dead_at IS NULL
               AND EXISTS (SELECT 1 FROM house WHERE house.epoch = $1)
             RETURNING seq, bot_id, update_id, person, kind, json, received_at, attempts, outcome",
            parameters(4, batch.len())
        );
        let alone = run == Run::Alone;
        let values = [epoch.into(), alone.into(), i32::from(alone).into()];
        let values = values.into_iter().chain(batch.iter().map(|seq| (*seq).into()));
        let rows: Vec<Row> = sql::all(db, &update, values).await?;
        claimed.extend(rows.into_iter().map(|row| Claimed {
            seq: row.seq,
            bot_id: BotId(row.bot_id),
            update_id: row.update_id,
            person: row.person,
            kind: row.kind,
            json: row.json,
            received_at: row.received_at.0,
            attempts: row.attempts,
            outcome: row.outcome,
        }));
    }
    claimed.sort_by_key(|row| row.seq);
    Ok(claimed)
}

/// Writes what the transaction has decided into the row that it is made for. False when the row is
/// not this epoch's any more or has an outcome: then the transaction must not be committed.
///
/// # Errors
/// When the database does not answer.
pub async fn set_outcome(tx: &Tx, seq: i64, epoch: i64, outcome: &str) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE inbox SET outcome = $3
         WHERE seq = $1 AND epoch = $2 AND outcome IS NULL AND done_at IS NULL AND dead_at IS NULL",
        [seq.into(), epoch.into(), outcome.into()],
    )
    .await
}

/// Whether the row is this epoch's, for a transaction that changes something and has no outcome.
/// The row stays locked until the transaction ends. False: it must not be committed.
///
/// # Errors
/// When the database does not answer.
pub async fn still_mine(tx: &Tx, seq: i64, epoch: i64) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE inbox SET epoch = $2 WHERE seq = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [seq.into(), epoch.into()],
    )
    .await
}

/// Rows are done: their answers were accepted, or failed for good. Erases their JSON. Returns how
/// many were this epoch's.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(db: &impl Changes, seqs: &[i64], epoch: i64, now: Timestamp) -> Result<u64, StoreError> {
    let mut finished = 0;
    for batch in seqs.chunks(BATCH) {
        let update = format!(
            "UPDATE inbox SET done_at = $1, json = NULL
             WHERE epoch = $2 AND done_at IS NULL AND dead_at IS NULL AND seq IN ({})",
            parameters(3, batch.len())
        );
        let values = [At(now).into(), epoch.into()];
        let values = values.into_iter().chain(batch.iter().map(|seq| (*seq).into()));
        finished += sql::execute(db, &update, values).await?;
    }
    Ok(finished)
}

/// Gives a row back, to be tried again from `next_try` on with `attempts` counted against it.
///
/// # Errors
/// When the database does not answer.
pub async fn release(
    db: &impl Changes,
    seq: i64,
    epoch: i64,
    next_try: Option<Timestamp>,
    attempts: i32,
) -> Result<bool, StoreError> {
    one(
        db,
        "UPDATE inbox SET epoch = NULL, alone = $3, next_try = $4, attempts = $5
         WHERE seq = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [
            seq.into(),
            epoch.into(),
            false.into(),
            next_try.map(At).into(),
            attempts.into(),
        ],
    )
    .await
}

/// Makes a row a dead letter of `failure` (a short class, at most 100 characters).
///
/// # Errors
/// When the database does not answer.
pub async fn bury(
    db: &impl Changes,
    seq: i64,
    epoch: i64,
    failure: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    one(
        db,
        "UPDATE inbox SET dead_at = $3, failure = $4
         WHERE seq = $1 AND epoch = $2 AND done_at IS NULL AND dead_at IS NULL",
        [seq.into(), epoch.into(), At(now).into(), failure.into()],
    )
    .await
}

/// How many pending rows of these kinds one person has.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting(db: &impl Connection, person: i64, kinds: &[&str]) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        waiting: i64,
    }
    if kinds.is_empty() {
        return Ok(0);
    }
    let query = format!(
        "SELECT count(*) AS waiting FROM inbox
         WHERE person = $1 AND done_at IS NULL AND dead_at IS NULL AND kind IN ({})",
        parameters(2, kinds.len())
    );
    let values = [Value::from(person)];
    let values = values.into_iter().chain(kinds.iter().map(|kind| (*kind).into()));
    let row: Option<Row> = sql::first(db, &query, values).await?;
    Ok(row.map_or(0, |row| row.waiting))
}

/// How full the inbox is.
///
/// # Errors
/// When the database does not answer.
pub async fn backlog(db: &impl Connection) -> Result<Backlog, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        pending: i64,
        oldest: Option<At>,
        dead: i64,
    }
    let row: Option<Row> = sql::first(
        db,
        "SELECT count(*) AS pending, min(received_at) AS oldest,
                (SELECT count(*) FROM inbox WHERE dead_at IS NOT NULL) AS dead
         FROM inbox
         WHERE done_at IS NULL AND dead_at IS NULL",
        [],
    )
    .await?;
    let row = row.ok_or_else(|| StoreError::Unreadable("backlog".to_owned()))?;
    Ok(Backlog {
        pending: row.pending,
        dead: row.dead,
        oldest_pending: row.oldest.map(|at| at.0),
    })
}

/// Removes what is kept long enough, at most [`SWEPT_AT_ONCE`] of each: when that many were removed
/// there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<Swept, StoreError> {
    // The last row stays: without it SQLite would give its number to the next one, and whoever
    // follows the inbox by its numbers would overlook that.
    let keys = sql::execute(
        tx,
        "DELETE FROM inbox
         WHERE seq IN (SELECT seq FROM inbox
                       WHERE done_at IS NOT NULL AND done_at < $1 AND seq < (SELECT max(seq) FROM inbox)
                       ORDER BY done_at
                       LIMIT $2)",
        [At(now - KEYS_KEPT).into(), limit()],
    )
    .await?;
    let letters = sql::execute(
        tx,
        "UPDATE inbox SET json = NULL
         WHERE seq IN (SELECT seq FROM inbox WHERE dead_at IS NOT NULL AND dead_at < $1 AND json IS NOT NULL LIMIT $2)",
        [At(now - LETTERS_KEPT).into(), limit()],
    )
    .await?;
    Ok(Swept { keys, letters })
}

fn limit() -> Value {
    SWEPT_AT_ONCE.cast_signed().into()
}
