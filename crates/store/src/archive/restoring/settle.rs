//! What was on its way when the copy was made.
//!
//! Nobody knows what has become of it since: it may have been sent, answered and taken back. So none of it is
//! done, and whoever waited for it can ask again.

use domain::clock::Timestamp;
use sea_orm::Value;

use crate::error::StoreError;
use crate::session::Tx;
use crate::sql;
use crate::value::At;

/// The failure of rows of the outbox that were open in the copy.
const FAILURE: &str = "restored";

/// Between the last number of a copy and the first new one, where nobody knows which were given since.
const MARGIN: i64 = 100_000;

/// Settles all of it, and returns how many rows of the outbox were parked.
pub(super) async fn settle(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    let at = || -> Value { At(now).into() };
    for (update, values) in [
        // Who waits for the Free channel is due again: Telegram is asked how they stand then.
        (
            "UPDATE free_requests SET outbox_id = NULL WHERE outcome IS NULL",
            vec![],
        ),
        // Links that were being made. Their owners are given another one when they ask.
        (
            "UPDATE entry_links SET closed_at = $1, closed_reason = 'failed' WHERE closed_at IS NULL AND url IS NULL",
            vec![at()],
        ),
        // Whoever stood at the door and still does is let in as one whose request nobody has seen.
        (
            "UPDATE door_requests SET decision = 'gone', decided_at = $1 WHERE decision = 'open'",
            vec![at()],
        ),
        // Buttons that may have been pressed since.
        (
            "UPDATE confirmations SET expires_at = created_at WHERE consumed_at IS NULL AND expires_at > created_at",
            vec![],
        ),
        // What comes around is due at once; where it goes on and when it succeeded last holds.
        (
            "UPDATE jobs SET epoch = 0, started_at = NULL, next_run = NULL, failures = 0, failure = NULL",
            vec![],
        ),
    ] {
        sql::execute(tx, update, values).await?;
    }
    sql::execute(
        tx,
        "UPDATE outbox SET dead_at = $1, failure = $2, unknown = TRUE, epoch = NULL, claimed_at = NULL
         WHERE done_at IS NULL AND dead_at IS NULL",
        [at(), FAILURE.into()],
    )
    .await
}

/// The last numbers that are known outside of the house: by buttons, by names of links. Given twice, an old
/// button would press a new one.
pub(super) struct Numbers([i64; TABLES.len()]);

/// Tables of such numbers, and the row without meaning that takes one: `$1`, at the moment `$2`.
const TABLES: [(&str, &str); 3] = [
    (
        "confirmations",
        "INSERT INTO confirmations (id, user_id, action, created_at, expires_at) VALUES ($1, 0, 'null', $2, $2)",
    ),
    (
        "departures",
        "INSERT INTO departures (id, user_id, expiry, ended_at, state, settled_at)
         VALUES ($1, 0, $3, $3, 'RENEWED', $2)",
    ),
    (
        "entry_links",
        "INSERT INTO entry_links (id, user_id, channel_id, created_at, expires_at, outbox_id, closed_at, closed_reason)
         VALUES ($1, 0, 0, $2, $2, 0, $2, 'failed')",
    ),
];

impl Numbers {
    /// Those of the house as it is.
    pub(super) async fn given(tx: &Tx) -> Result<Self, StoreError> {
        let mut last = [0; TABLES.len()];
        for ((table, _), last) in TABLES.iter().zip(&mut last) {
            *last = newest(tx, table).await?;
        }
        Ok(Self(last))
    }

    /// Has the house, which is the copy by now, give later ones. What was before may be the same house at a
    /// later time; else the copy's own last numbers are all that is known.
    pub(super) async fn leave_behind(
        &self,
        tx: &Tx,
        is_same: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for ((table, insert), last) in TABLES.iter().zip(self.0) {
            let of_copy = newest(tx, table).await?;
            let taken = match is_same {
                true if last <= of_copy => continue,
                true => last,
                false => of_copy + MARGIN,
            };
            let mut values: Vec<Value> = vec![taken.into(), At(now).into()];
            if insert.contains("$3") {
                values.push(At(Timestamp::UNIX_EPOCH).into());
            }
            sql::execute(tx, insert, values).await?;
        }
        Ok(())
    }
}

async fn newest(tx: &Tx, table: &str) -> Result<i64, StoreError> {
    let query = format!("SELECT CAST(coalesce(max(id), 0) AS bigint) AS count FROM {table}");
    sql::count(tx, &query, []).await
}
