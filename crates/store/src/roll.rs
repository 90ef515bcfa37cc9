//! The roll: everybody who is a member or was one not long ago, and where they are known to be. Telegram
//! is asked about one after another, in the order of their ids.

use domain::clock::Timestamp;
use domain::departure::DepartureState;
use domain::id::{ChatId, UserId};
use sea_orm::{DbErr, FromQueryResult, QueryResult};

use crate::error::StoreError;
use crate::presence::{self, Presence};
use crate::session::Connection;
use crate::sql;
use crate::subscribers::{self, RUNS, StoredSubscription};
use crate::value::At;

/// Somebody on the roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnRoll {
    /// Who.
    pub user: UserId,
    /// Their membership.
    pub subscription: StoredSubscription,
    /// Where Telegram last said that they are; none: it never did.
    pub presence: Option<Presence>,
    /// Whether they are never seen out.
    pub exempt: bool,
    /// Where their last departure stands; none: there was none, or it was long ago.
    pub departure: Option<DepartureState>,
}

/// How many are on it: members, and those whose last moment was `ended_since` or later.
///
/// # Errors
/// When the database does not answer.
pub async fn count(db: &impl Connection, ended_since: Timestamp) -> Result<i64, StoreError> {
    let query =
        format!("SELECT count(*) AS count FROM vip_subscribers v WHERE {RUNS} OR v.expiry_date >= $1");
    sql::count(db, &query, [At(ended_since).into()]).await
}

/// Those on it with ids greater than `after`, in that order, at most `limit`.
///
/// # Errors
/// [`StoreError::Unreadable`] when a row holds a label that nobody knows.
pub async fn page(
    db: &impl Connection,
    channel: ChatId,
    ended_since: Timestamp,
    after: UserId,
    limit: u32,
) -> Result<Vec<OnRoll>, StoreError> {
    let query = format!(
        "SELECT v.user_id, v.id, v.token_id, v.status, v.expiry_date, v.vip_entry_stage, {},
                EXISTS (SELECT 1 FROM exemptions e WHERE e.user_id = v.user_id) AS exempt,
                (SELECT d.state FROM departures d WHERE d.user_id = v.user_id ORDER BY d.id DESC LIMIT 1) AS departure
         FROM vip_subscribers v
         LEFT JOIN presence ON presence.user_id = v.user_id AND presence.channel_id = $1
         WHERE v.user_id > $3 AND ({RUNS} OR v.expiry_date >= $2)
         ORDER BY v.user_id
         LIMIT $4",
        sql::prefixed("presence", &presence::COLUMNS),
    );
    let values = [
        channel.0.into(),
        At(ended_since).into(),
        after.0.into(),
        i64::from(limit).into(),
    ];
    let rows: Vec<Row> = sql::all(db, &query, values).await?;
    rows.into_iter().map(OnRoll::try_from).collect()
}

struct Row {
    user_id: i64,
    subscription: subscribers::Row,
    presence: Option<presence::Row>,
    exempt: bool,
    departure: Option<String>,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            user_id: row.try_get(prefix, "user_id")?,
            subscription: subscribers::Row::from_query_result(row, prefix)?,
            presence: sql::joined(row, "presence", "user_id")?,
            exempt: row.try_get(prefix, "exempt")?,
            departure: row.try_get(prefix, "departure")?,
        })
    }
}

impl TryFrom<Row> for OnRoll {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = row.departure.map(|label| label.parse());
        Ok(Self {
            user: UserId(row.user_id),
            subscription: row.subscription.into(),
            presence: row.presence.map(Presence::try_from).transpose()?,
            exempt: row.exempt,
            departure: state
                .transpose()
                .map_err(|_| StoreError::Unreadable("departures.state".to_owned()))?,
        })
    }
}
