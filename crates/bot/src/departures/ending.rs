//! Memberships that are over end.

use chrono::SecondsFormat;
use domain::clock::Timestamp;
use domain::departure::Grace;
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use serde_json::json;
use store::departures::{self, Ended};
use store::role_log::{self, RoleChange};
use store::{StoreError, Tx};

/// Ends memberships that are over, at most `limit`: status, stage, stored role and its history, and a
/// departure that is due. Returns how many there were.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn end_some(tx: &Tx, grace: Grace, limit: u32, now: Timestamp) -> Result<usize, StoreError> {
    let ended = departures::end(tx, grace.cutoff(now), limit, now).await?;
    let changes: Vec<RoleChange> = ended.iter().filter_map(change).collect();
    role_log::append_all(tx, &changes, now).await?;
    Ok(ended.len())
}

/// What the history says of an end; nothing where the role stays.
fn change(ended: &Ended) -> Option<RoleChange> {
    Some(RoleChange {
        user: ended.user,
        previous: Some(ended.lost_role?),
        new: Role::Free,
        changed_by: UserId::HOUSE,
        reason: RoleChangeReason::VipExpired,
        source: RoleChangeSource::System,
        metadata: Some(json!({
            "subscriber_id": ended.subscription,
            "expiry_date": ended.expiry.to_rfc3339_opts(SecondsFormat::Micros, true),
        })),
    })
}
