//! What happened between two moments, in figures.

use domain::clock::Timestamp;
use domain::departure::DepartureState;
use domain::id::ChatId;
use domain::queue::RequestOutcome;
use domain::reminder::ReminderKind;
use domain::role::{RoleChangeReason, RoleChangeSource};
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::Connection;
use crate::sql;
use crate::value::At;

/// What happened, and what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Entries in the history of roles, by their reason and the door that they came through. Those
    /// without an entry, and those that nobody knows, are left out.
    pub role_changes: Vec<(RoleChangeReason, RoleChangeSource, i64)>,
    /// People who came into the members' channel and still are inside.
    pub entered: i64,
    /// Memberships that ended, each once.
    pub ended: i64,
    /// People seen out.
    pub released: i64,
    /// End dates about which a member said that they would like to stay.
    pub wished: i64,
    /// New requests for the Free channel.
    pub asked: i64,
    /// People let into the Free channel.
    pub admitted: i64,
    /// Requests at the members' door that were declined.
    pub turned_away: i64,
    /// People who wait for the Free channel now.
    pub waiting: i64,
    /// Departures that are due now.
    pub due: i64,
}

/// What happened from a moment on until before another one. `vip` is the members' channel, if there is
/// one.
///
/// # Errors
/// When the database does not answer.
pub async fn figures(
    db: &impl Connection,
    vip: Option<ChatId>,
    from: Timestamp,
    until: Timestamp,
) -> Result<Figures, StoreError> {
    #[derive(FromQueryResult)]
    struct Changes {
        reason: String,
        source: String,
        count: i64,
    }
    #[derive(FromQueryResult)]
    struct Counts {
        entered: i64,
        ended: i64,
        released: i64,
        wished: i64,
        asked: i64,
        admitted: i64,
        turned_away: i64,
        waiting: i64,
        due: i64,
    }
    let changes: Vec<Changes> = sql::all(
        db,
        "SELECT CAST(reason AS text) AS reason, change_source AS source, count(*) AS count
         FROM user_role_change_log
         WHERE changed_at >= $1 AND changed_at < $2
         GROUP BY reason, change_source ORDER BY reason, change_source",
        [At(from).into(), At(until).into()],
    )
    .await?;
    let counts: Option<Counts> = sql::first(
        db,
        // Whom nobody has seen come in was looked for: only an act has an actor. Whoever was found inside
        // afterwards has another departure for the same end.
        "SELECT (SELECT count(*) FROM presence
                 WHERE channel_id = $3 AND standing NOT IN ('left', 'kicked') AND actor IS NOT NULL
                   AND since >= $1 AND since < $2) AS entered,
                (SELECT count(*) FROM departures d
                 WHERE ended_at >= $1 AND ended_at < $2
                   AND NOT EXISTS (SELECT 1 FROM departures b
                                   WHERE b.user_id = d.user_id AND b.expiry = d.expiry AND b.id < d.id)) AS ended,
                (SELECT count(*) FROM departures
                 WHERE settled_at >= $1 AND settled_at < $2 AND state = $4) AS released,
                (SELECT count(*) FROM reminders
                 WHERE created_at >= $1 AND created_at < $2 AND kind = $5) AS wished,
                (SELECT count(*) FROM free_channel_requests
                 WHERE request_date >= $1 AND request_date < $2) AS asked,
                (SELECT count(*) FROM free_channel_requests r JOIN free_requests f ON f.request_id = r.id
                 WHERE r.processed AND r.processed_at >= $1 AND r.processed_at < $2 AND f.outcome = $6) AS admitted,
                (SELECT count(*) FROM door_requests
                 WHERE decision = 'declined' AND decided_at >= $1 AND decided_at < $2) AS turned_away,
                (SELECT count(*) FROM free_channel_requests WHERE NOT processed) AS waiting,
                (SELECT count(*) FROM departures WHERE state = 'DUE') AS due",
        [
            At(from).into(),
            At(until).into(),
            vip.map_or(0, |vip| vip.0).into(),
            DepartureState::Released.label().into(),
            ReminderKind::Wish.label().into(),
            RequestOutcome::Admitted.label().into(),
        ],
    )
    .await?;
    let counts = counts.ok_or_else(|| StoreError::Unreadable("figures".to_owned()))?;
    let known = |row: Changes| Some((row.reason.parse().ok()?, row.source.parse().ok()?, row.count));
    Ok(Figures {
        role_changes: changes.into_iter().filter_map(known).collect(),
        entered: counts.entered,
        ended: counts.ended,
        released: counts.released,
        wished: counts.wished,
        asked: counts.asked,
        admitted: counts.admitted,
        turned_away: counts.turned_away,
        waiting: counts.waiting,
        due: counts.due,
    })
}
