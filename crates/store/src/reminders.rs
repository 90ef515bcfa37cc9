//! What members were told about the end of their time, table `reminders`: a row for each thing that was
//! said, or asked for, about an end date.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::reminder::{self, BEFORE, HORIZON, ReminderKind};
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, tuples};
use crate::subscribers::RUNS;
use crate::value::At;

/// How long after the end date it is kept what was said about it.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// Rows that one [`sweep`] removes at most.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 200;

/// A member whose end is near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub user: UserId,
    /// The last moment of their membership.
    pub expiry: Timestamp,
    /// When it began or was last extended.
    pub extended_at: Timestamp,
    /// What was said about this end already.
    pub sent: Vec<ReminderKind>,
}

/// Something that is said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// To whom, or by whom.
    pub user: UserId,
    /// About which end date.
    pub expiry: Timestamp,
    /// What.
    pub kind: ReminderKind,
}

/// Members whose last moment comes within [`HORIZON`], by that moment and then by id, from behind `after`
/// on, at most `limit`.
///
/// # Errors
/// When the database does not answer.
pub async fn candidates(
    db: &impl Connection,
    now: Timestamp,
    after: Option<(Timestamp, UserId)>,
    limit: u32,
) -> Result<Vec<Candidate>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: i64,
        expiry_date: At,
        extended_at: At,
        sent: i64,
    }
    let marks: Vec<String> = marks()
        .map(|(kind, mark)| format!("WHEN '{kind}' THEN {mark}"))
        .collect();
    let query = format!(
        "SELECT v.user_id, v.expiry_date, coalesce(t.used_at, v.join_date) AS extended_at,
                (SELECT CAST(coalesce(sum(CASE r.kind {} ELSE 0 END), 0) AS BIGINT) FROM reminders r
                 WHERE r.user_id = v.user_id AND r.expiry = v.expiry_date) AS sent
         FROM vip_subscribers v LEFT JOIN invitation_tokens t ON t.id = v.token_id
         WHERE {RUNS} AND v.expiry_date >= $1 AND v.expiry_date <= $2
           AND (v.expiry_date > $3 OR v.expiry_date = $3 AND v.user_id > $4)
         ORDER BY v.expiry_date, v.user_id
         LIMIT $5",
        marks.join(" ")
    );
    let (moment, user) = after.unwrap_or((now, UserId(i64::MIN)));
    let values = [
        At(now.max(moment)).into(),
        At(now + HORIZON).into(),
        At(moment).into(),
        user.0.into(),
        i64::from(limit).into(),
    ];
    let rows: Vec<Row> = sql::all(db, &query, values).await?;
    let translate = |row: Row| Candidate {
        user: UserId(row.user_id),
        expiry: row.expiry_date.0,
        extended_at: row.extended_at.0,
        sent: marks_in(row.sent),
    };
    Ok(rows.into_iter().map(translate).collect())
}

/// Each kind and the number that stands for it in a sum.
fn marks() -> impl Iterator<Item = (ReminderKind, i64)> {
    ReminderKind::ALL
        .iter()
        .enumerate()
        .map(|(place, kind)| (*kind, 1 << place))
}

fn marks_in(sum: i64) -> Vec<ReminderKind> {
    let said = marks().filter(|(_, mark)| sum & mark != 0);
    said.map(|(kind, _)| kind).collect()
}

/// Notes what is being said, and returns what was not said before. People who are not stored are left
/// out. Of several who note the same at once, one is told so.
///
/// # Errors
/// When the database does not answer.
pub async fn note(tx: &Tx, entries: &[Entry], now: Timestamp) -> Result<Vec<Entry>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: i64,
        expiry: At,
        kind: String,
    }
    let mut new = Vec::new();
    for batch in entries.chunks(BATCH) {
        let insert = format!(
            "WITH said (user_id, expiry, kind) AS (VALUES {})
             INSERT INTO reminders (user_id, expiry, kind, created_at)
             SELECT said.user_id, said.expiry, said.kind, $1 FROM said
             WHERE EXISTS (SELECT 1 FROM users WHERE users.user_id = said.user_id)
             ON CONFLICT (user_id, expiry, kind) DO NOTHING
             RETURNING user_id, expiry, kind",
            tuples(2, batch.len(), 3)
        );
        let said = batch.iter().flat_map(|entry| -> [Value; 3] {
            [
                entry.user.0.into(),
                At(entry.expiry).into(),
                entry.kind.label().into(),
            ]
        });
        let values = [At(now).into()].into_iter().chain(said);
        for row in sql::all::<Row>(tx, &insert, values).await? {
            new.push(Entry {
                user: UserId(row.user_id),
                expiry: row.expiry.0,
                kind: row
                    .kind
                    .parse()
                    .map_err(|_| StoreError::Unreadable("reminders.kind".to_owned()))?,
            });
        }
    }
    new.sort_unstable();
    Ok(new)
}

/// The next moment after `now` at which somebody is to be reminded, as far as is known now.
///
/// # Errors
/// When the database does not answer.
pub async fn next_moment(db: &impl Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        expiry: Option<At>,
    }
    let nearest: Vec<String> = (1..=BEFORE.len())
        .map(|n| {
            format!(
                "SELECT min(expiry_date) AS expiry FROM vip_subscribers WHERE {RUNS} AND expiry_date > ${n}"
            )
        })
        .collect();
    let values = BEFORE.iter().map(|(_, before)| At(now + *before).into());
    let rows: Vec<Row> = sql::all(db, &nearest.join(" UNION ALL "), values).await?;
    let ends = rows.into_iter().filter_map(|row| row.expiry);
    Ok(ends
        .filter_map(|expiry| reminder::next_moment(expiry.0, now))
        .min())
}

/// Removes what is kept long enough ([`KEPT`]), at most [`SWEPT_AT_ONCE`]: when that many were removed
/// there may be more.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    sql::execute(
        tx,
        "DELETE FROM reminders
         WHERE (user_id, expiry, kind) IN
             (SELECT user_id, expiry, kind FROM reminders WHERE expiry < $1 ORDER BY expiry LIMIT $2)",
        [At(now - KEPT).into(), SWEPT_AT_ONCE.cast_signed().into()],
    )
    .await
}
