//! Somebody is outside.

use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use store::presence::{self, Sighting, Standing};
use store::{StoreError, Tx, subscribers};
use telegram::chat::Status;

use super::Scene;
use crate::outbox::{CustodianNotice, notices};

/// Somebody is seen outside the members' channel, as of a moment. Custodians are told, once, when a member
/// was removed and neither they nor Lucien (`bot`) did it; the membership goes on. `was_inside`: whether
/// Telegram says that they were inside until then.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn seen_outside(
    tx: &Tx,
    scene: Scene<'_>,
    seen: &Sighting,
    was_inside: bool,
    bot: UserId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Scene { custodians, now } = scene;
    let is_news = presence::note_outside(tx, seen, at).await?;
    let banned = seen.standing == Standing::Kicked;
    // Nobody bans themselves; whoever is just not inside may have left.
    let by_another = match seen.actor {
        Some(actor) => actor != seen.user && actor != bot && (banned || was_inside),
        None => banned,
    };
    if !(is_news && by_another) {
        return Ok(());
    }
    let stored = subscribers::find(tx, seen.user).await?;
    if let Some(stored) = stored.filter(|stored| stored.subscription.is_valid(now)) {
        let notice = CustodianNotice::MemberRemoved {
            person: seen.user,
            by: seen.actor,
            until: stored.subscription.expiry,
            banned,
        };
        notices::enqueue(tx, &notice, custodians, now).await?;
    }
    Ok(())
}

/// What Telegram says of somebody, as it is kept; none when it cannot be told.
pub(crate) fn sighting(
    user: UserId,
    channel: ChatId,
    status: Status,
    actor: Option<UserId>,
) -> Option<Sighting> {
    let (standing, until) = match status {
        Status::Owner => (Standing::Creator, None),
        Status::Administrator(_) => (Standing::Administrator, None),
        Status::Member { .. } => (Standing::Member, None),
        Status::Restricted {
            is_member: true,
            until,
        } => (Standing::Restricted, until),
        Status::Restricted { is_member: false, .. } | Status::Left => (Standing::Left, None),
        Status::Kicked { until } => (Standing::Kicked, until),
        Status::Unknown => return None,
    };
    Some(Sighting {
        user,
        channel,
        standing,
        until,
        actor,
    })
}
