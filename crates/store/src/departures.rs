//! How memberships end, table `departures`: a row when one is over, settled when its owner is seen out,
//! has come back before, or is let stay.
//!
//! A person has one row that is due at most. One that becomes due again has a new number: a list that
//! custodians have seen covers what was on it and nothing later.

use std::collections::HashSet;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::departure::DepartureState;
use domain::id::{DepartureId, SubscriberId, UserId};
use domain::person::Profile;
use domain::role::Role;
use domain::subscription::Status;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, cast, one, parameters, tuples};
use crate::subscribers::RUNS;
use crate::value::{At, none_if_empty};

/// How long settled departures are kept.
pub const SETTLED_KEPT: TimeDelta = TimeDelta::days(180);

/// Rows that one [`sweep`] removes at most.
pub const SWEPT_AT_ONCE: u64 = 1000;

/// Memberships that one [`end`] takes away at most.
const ENDED_AT_ONCE: u32 = 500;

/// A membership that has just been taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose.
    pub user: UserId,
    /// Its row.
    pub subscription: SubscriberId,
    /// What was its last moment.
    pub expiry: Timestamp,
    /// The stored role that its owner had, and that [`Role::Free`] has replaced; none: the role stays.
    pub lost_role: Option<Role>,
}

/// A departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Its number.
    pub id: DepartureId,
    /// Who goes.
    pub user: UserId,
    /// What was the last moment of their membership.
    pub expiry: Timestamp,
    /// When that was taken away, or when they were found inside afterwards.
    pub ended_at: Timestamp,
}

/// How many go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepartureFigures {
    /// Departures that are due.
    pub due: i64,
    /// The newest of them.
    pub newest: Option<DepartureId>,
    /// Those that were released since the moment that was asked for.
    pub released: i64,
}

#[derive(FromQueryResult)]
struct Row {
    id: i64,
    user_id: i64,
    expiry: At,
    ended_at: At,
}

impl From<Row> for Departure {
    fn from(row: Row) -> Self {
        Self {
            id: DepartureId(row.id),
            user: UserId(row.user_id),
            expiry: row.expiry.0,
            ended_at: row.ended_at.0,
        }
    }
}

/// Takes memberships away whose last moment lies before `cutoff`, the oldest first, at most `limit` (and
/// never more than 500), and returns them: with their ritual and the stored role of a member. Their
/// departures are due from now on. What the history of roles says of it is for the caller to add.
///
/// # Errors
/// When the database does not answer.
pub async fn end(tx: &Tx, cutoff: Timestamp, limit: u32, now: Timestamp) -> Result<Vec<Ended>, StoreError> {
    #[derive(FromQueryResult)]
    struct Over {
        id: i32,
        user_id: i64,
        expiry_date: At,
    }
    let update = format!(
        "UPDATE vip_subscribers SET status = $3, vip_entry_stage = NULL
         WHERE id IN (SELECT id FROM vip_subscribers WHERE {RUNS} AND expiry_date < $1 ORDER BY expiry_date LIMIT $2)
           AND {RUNS} AND expiry_date < $1
         RETURNING id, user_id, expiry_date"
    );
    let limit = i64::from(limit.min(ENDED_AT_ONCE));
    let values = [At(cutoff).into(), limit.into(), Status::Expired.label().into()];
    let mut over: Vec<Over> = sql::all(tx, &update, values).await?;
    if over.is_empty() {
        return Ok(Vec::new());
    }
    over.sort_by_key(|row| (row.expiry_date, row.user_id));
    let users: Vec<i64> = over.iter().map(|row| row.user_id).collect();
    let members = take_roles(tx, &users, now).await?;
    settle(tx, "user_id", &users, DepartureState::Renewed, "", now).await?;

    let insert = format!(
        "INSERT INTO departures (user_id, expiry, ended_at, state) VALUES {}",
        tuples(1, over.len(), 4)
    );
    let values = over.iter().flat_map(|row| -> [Value; 4] {
        [
            row.user_id.into(),
            row.expiry_date.into(),
            At(now).into(),
            DepartureState::Due.label().into(),
        ]
    });
    sql::execute(tx, &insert, values).await?;
    let translate = |row: Over| Ended {
        user: UserId(row.user_id),
        subscription: SubscriberId(row.id),
        expiry: row.expiry_date.0,
        lost_role: members.contains(&row.user_id).then_some(Role::Vip),
    };
    Ok(over.into_iter().map(translate).collect())
}

/// Makes visitors of those who have the role of a member, and returns who they were.
async fn take_roles(tx: &Tx, users: &[i64], now: Timestamp) -> Result<HashSet<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Member {
        user_id: i64,
    }
    let update = format!(
        "UPDATE users SET role = {}, updated_at = $3
         WHERE upper(CAST(role AS text)) = $2 AND user_id IN ({})
         RETURNING user_id",
        cast(tx, "$1", "userrole"),
        parameters(4, users.len())
    );
    let values = [
        Role::Free.label().into(),
        Role::Vip.label().into(),
        At(now).into(),
    ];
    let values = values.into_iter().chain(users.iter().map(|user| (*user).into()));
    let members: Vec<Member> = sql::all(tx, &update, values).await?;
    Ok(members.into_iter().map(|row| row.user_id).collect())
}

/// Settles those of the due departures that have one of these keys, and returns them.
async fn settle(
    tx: &Tx,
    column: &str,
    keys: &[i64],
    state: DepartureState,
    condition: &str,
    now: Timestamp,
) -> Result<Vec<Departure>, StoreError> {
    let update = format!(
        "UPDATE departures SET state = $1, settled_at = $2
         WHERE state = 'DUE' AND {column} IN ({}) {condition}
         RETURNING id, user_id, expiry, ended_at",
        parameters(3, keys.len())
    );
    let values = [state.label().into(), At(now).into()];
    let values = values.into_iter().chain(keys.iter().map(|key| (*key).into()));
    let mut rows: Vec<Row> = sql::all(tx, &update, values).await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows.into_iter().map(Departure::from).collect())
}

/// Departures that are due, with numbers greater than `after` and not beyond `up_to`, in their order, at
/// most `limit`; each with whose it is, if that is known.
///
/// # Errors
/// When the database does not answer.
pub async fn due(
    db: &impl Connection,
    after: DepartureId,
    up_to: Option<DepartureId>,
    limit: u32,
) -> Result<Vec<(Departure, Option<Profile>)>, StoreError> {
    due_where(
        db,
        "d.id > $1 AND d.id <= $2 ORDER BY d.id LIMIT $3",
        [
            after.0.into(),
            up_to.map_or(i64::MAX, |id| id.0).into(),
            i64::from(limit).into(),
        ],
    )
    .await
}

async fn due_where(
    db: &impl Connection,
    condition: &str,
    values: [Value; 3],
) -> Result<Vec<(Departure, Option<Profile>)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Named {
        #[sea_orm(nested)]
        departure: Row,
        first_name: Option<String>,
        last_name: Option<String>,
        username: Option<String>,
    }
    let query = format!(
        "SELECT d.id, d.user_id, d.expiry, d.ended_at, u.first_name, u.last_name, u.username
         FROM departures d LEFT JOIN users u ON u.user_id = d.user_id
         WHERE d.state = 'DUE' AND {condition}"
    );
    let rows: Vec<Named> = sql::all(db, &query, values).await?;
    let translate = |row: Named| {
        let id = UserId(row.departure.user_id);
        let profile = row.first_name.map(|first_name| Profile {
            id,
            first_name,
            last_name: none_if_empty(row.last_name),
            username: none_if_empty(row.username),
        });
        (row.departure.into(), profile)
    };
    Ok(rows.into_iter().map(translate).collect())
}

/// How many are due, and how many were released since a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn figures(
    db: &impl Connection,
    released_since: Timestamp,
) -> Result<DepartureFigures, StoreError> {
    #[derive(FromQueryResult)]
    struct Figures {
        due: i64,
        newest: Option<i64>,
        released: i64,
    }
    let figures: Option<Figures> = sql::first(
        db,
        "SELECT count(*) AS due, max(id) AS newest,
                (SELECT count(*) FROM departures WHERE settled_at >= $1 AND state = 'RELEASED') AS released
         FROM departures WHERE state = 'DUE'",
        [At(released_since).into()],
    )
    .await?;
    let figures = figures.ok_or_else(|| StoreError::Unreadable("departures".to_owned()))?;
    Ok(DepartureFigures {
        due: figures.due,
        newest: figures.newest.map(DepartureId),
        released: figures.released,
    })
}

/// A page of the departures that are due with numbers up to that one, in their order, each with whose it is,
/// if that is known.
///
/// # Errors
/// When the database does not answer.
pub async fn page(
    db: &impl Connection,
    up_to: DepartureId,
    offset: u32,
    limit: u32,
) -> Result<Vec<(Departure, Option<Profile>)>, StoreError> {
    let (offset, limit) = (i64::from(offset), i64::from(limit));
    due_where(
        db,
        "d.id <= $1 ORDER BY d.id LIMIT $2 OFFSET $3",
        [up_to.0.into(), limit.into(), offset.into()],
    )
    .await
}

/// How many departures are due with numbers up to that one.
///
/// # Errors
/// When the database does not answer.
pub async fn count_due(db: &impl Connection, up_to: DepartureId) -> Result<i64, StoreError> {
    let query = "SELECT count(*) AS count FROM departures WHERE state = 'DUE' AND id <= $1";
    sql::count(db, query, [up_to.0.into()]).await
}

/// How many departures with numbers greater than `after` were released since a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn count_released(
    db: &impl Connection,
    after: DepartureId,
    since: Timestamp,
) -> Result<i64, StoreError> {
    let query = "SELECT count(*) AS count FROM departures
                 WHERE settled_at >= $2 AND state = 'RELEASED' AND id > $1";
    sql::count(db, query, [after.0.into(), At(since).into()]).await
}

/// How many memberships have ended since a moment.
///
/// # Errors
/// When the database does not answer.
pub async fn count_ended(db: &impl Connection, since: Timestamp) -> Result<i64, StoreError> {
    let query = "SELECT count(*) AS count FROM departures WHERE ended_at >= $1";
    sql::count(db, query, [At(since).into()]).await
}

/// Releases those of these departures that still are due, and returns them: this transaction is to write
/// down what sees these people out. Of several who try, one is told so. Whoever is a member again is
/// not released.
///
/// # Errors
/// When the database does not answer.
pub async fn release(tx: &Tx, ids: &[DepartureId], now: Timestamp) -> Result<Vec<Departure>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let is_back = format!(
        "AND EXISTS (SELECT 1 FROM vip_subscribers v
                     WHERE v.user_id = departures.user_id AND {RUNS}
                       AND (v.expiry_date > departures.expiry OR v.expiry_date >= $2))"
    );
    settle(tx, "id", &ids, DepartureState::Renewed, &is_back, now).await?;
    settle(tx, "id", &ids, DepartureState::Released, "", now).await
}

/// Somebody became a member again: their departure is not due any more. False when none is. What was
/// released already is taken back by [`outbox::cancel`](crate::outbox::cancel), afterwards: whoever
/// releases at the same time is waited for here.
///
/// # Errors
/// When the database does not answer.
pub async fn renew(tx: &Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let settled = settle(tx, "user_id", &[user.0], DepartureState::Renewed, "", now).await?;
    Ok(!settled.is_empty())
}

/// A custodian lets somebody stay. False when the departure is not due.
///
/// # Errors
/// When the database does not answer.
pub async fn spare(tx: &Tx, id: DepartureId, now: Timestamp) -> Result<bool, StoreError> {
    let settled = settle(tx, "id", &[id.0], DepartureState::Spared, "", now).await?;
    Ok(!settled.is_empty())
}

/// Somebody whose membership is over was found inside: their departure is due again, under a new number.
/// False when it is due anyhow, when they were let stay, and when they are a member or never were.
///
/// # Errors
/// When the database does not answer.
pub async fn reopen(tx: &Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let insert = format!(
        "INSERT INTO departures (user_id, expiry, ended_at, state)
         SELECT user_id, expiry_date, $2, $3 FROM vip_subscribers v
         WHERE v.user_id = $1 AND NOT ({RUNS})
           AND coalesce((SELECT d.state FROM departures d WHERE d.user_id = $1 ORDER BY d.id DESC LIMIT 1), '') <> $4
         ON CONFLICT (user_id) WHERE state = 'DUE' DO NOTHING"
    );
    let values = [
        user.0.into(),
        At(now).into(),
        DepartureState::Due.label().into(),
        DepartureState::Spared.label().into(),
    ];
    one(tx, &insert, values).await
}

/// Removes what is kept long enough ([`SETTLED_KEPT`]), at most [`SWEPT_AT_ONCE`]: when that many were
/// removed there may be more. The last row stays, so that its number is not given twice.
///
/// # Errors
/// When the database does not answer.
pub async fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, StoreError> {
    sql::execute(
        tx,
        "DELETE FROM departures
         WHERE id IN (SELECT id FROM departures
                      WHERE settled_at IS NOT NULL AND settled_at < $1 AND id < (SELECT max(id) FROM departures)
                      ORDER BY settled_at
                      LIMIT $2)",
        [At(now - SETTLED_KEPT).into(), SWEPT_AT_ONCE.cast_signed().into()],
    )
    .await
}
