//! Somebody is inside.

use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::ritual::{RitualEvent, RitualStep, role_at};
use domain::role::RoleChangeReason;
use store::entry_links::CloseReason;
use store::people::History;
use store::presence::{self, Sighting};
use store::vip_door::{self, Decision};
use store::{StoreError, Tx, subscribers};

use super::{Scene, become_role, link};
use crate::outbox::{CustodianNotice, errand, notices};

/// Whether somebody who is inside has just come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    JustNow,
    Before,
}

/// Somebody is seen inside the members' channel, as of a moment. Of a member, the ritual is finished by
/// that, however they came and whoever let them in; their link is of no use any more, and custodians are
/// told when they were not inside before. False: they are no member.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn seen_inside(
    tx: &Tx,
    scene: Scene<'_>,
    seen: &Sighting,
    came: Came,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let Scene { custodians, now } = scene;
    let (user, channel) = (seen.user, seen.channel);
    let is_news = presence::note_inside(tx, seen, at).await?;
    close_request(tx, user, channel, now).await?;
    let mut errands = link::close_all(tx, user, CloseReason::Entered, now).await?;

    let stored = subscribers::find(tx, user).await?;
    let member = stored.filter(|stored| stored.subscription.is_valid(now));
    if let Some(member) = &member {
        let step = RitualStep::of(Some(&member.subscription), RitualEvent::SeenInside, now);
        if let RitualStep::Advance { from, to } = step
            && subscribers::advance_stage(tx, user, from, to, now).await?
        {
            let reason = RoleChangeReason::VipEntryCompleted;
            become_role(tx, user, role_at(to), reason, History::Changes, now).await?;
        }
        if came == Came::JustNow && is_news {
            let notice = CustodianNotice::Entered { person: user };
            errands.extend(notices::errands(&notice, custodians));
        }
    }
    errand::enqueue_all(tx, &errands, now).await?;
    Ok(member.is_some())
}

/// Whoever is inside has no open request.
async fn close_request(tx: &Tx, user: UserId, channel: ChatId, now: Timestamp) -> Result<(), StoreError> {
    if let Some(request) = vip_door::open_for(tx, user, channel).await? {
        vip_door::decide(tx, user, channel, request.number, Decision::Approved, now).await?;
    }
    Ok(())
}
