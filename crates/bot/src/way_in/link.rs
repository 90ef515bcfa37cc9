//! Personal links: planned, made, refused, at an end.
//!
//! A link is planned together with the row of the outbox that makes it, behind everything else that
//! concerns its owner's place in the channel. What follows from it is changed in the transaction that
//! records it; until then its owner stands where they stood.

use domain::clock::Timestamp;
use domain::door::ENTRY_LINK_LIFE;
use domain::id::{ChatId, EntryLinkId, UserId};
use domain::ritual::{RitualEvent, RitualStep, role_at};
use domain::role::RoleChangeReason;
use domain::subscription::Stage;
use store::entry_links::{self, CloseReason, EntryLink, NewEntryLink};
use store::people::History;
use store::vip_door::{self, Line};
use store::{Connection, StoreError, Tx, outbox, subscribers};

use super::{Scene, become_role};
use crate::outbox::{CustodianNotice, Errand, Overwrite, errand, notices};

/// A link that Telegram has made.
///
/// Not `Debug`: who has the address may be let in.
#[derive(Clone, Copy)]
pub(crate) struct Made<'a> {
    /// The row of the outbox that made it.
    pub(crate) row: i64,
    pub(crate) user: UserId,
    pub(crate) channel: ChatId,
    /// The link whose place it takes.
    pub(crate) replaces: Option<EntryLinkId>,
    pub(crate) url: &'a str,
    pub(crate) expires_at: Timestamp,
}

/// Whether a link is being made.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn is_being_made(db: &impl Connection, link: &EntryLink) -> Result<bool, StoreError> {
    if link.url.is_some() || link.closed.is_some() {
        return Ok(false);
    }
    let row = outbox::find(db, link.outbox).await?;
    Ok(row.is_some_and(|row| row.is_pending()))
}

/// Has a link made in the place of the one before, which stops counting first; unless one is being
/// made already.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn plan(tx: &Tx, user: UserId, channel: ChatId, now: Timestamp) -> Result<(), StoreError> {
    let before = entry_links::open_of(tx, user, channel).await?;
    if let Some(before) = &before {
        if is_being_made(tx, before).await? {
            return Ok(());
        }
        if let Some(url) = before.usable(now) {
            Errand::revoke_link(user, channel, url.as_str())
                .enqueue(tx, now)
                .await?;
        }
    }
    let replaces = match before {
        Some(before) => Some(before),
        // What was to take its place may have been refused.
        None => entry_links::last_made(tx, user, channel)
            .await?
            .filter(|last| matches!(last.closed, Some(CloseReason::Replaced | CloseReason::Expired))),
    };
    let replaces = replaces.map(|before| before.id);
    let outbox = Errand::create_link(user, channel, replaces)
        .enqueue(tx, now)
        .await?;
    let link = NewEntryLink {
        user,
        channel,
        outbox,
        expires_at: now + ENTRY_LINK_LIFE,
    };
    entry_links::plan(tx, &link, now).await?;
    Ok(())
}

/// Telegram has made the link of a row. If its owner still is to have it, it is recorded, with the step
/// of the ritual and the role that come with it, and a request that may be open is granted: one that
/// was made before and is repeated by the link would not be told. Otherwise the link is revoked.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn record(tx: &Tx, made: Made<'_>, now: Timestamp) -> Result<(), StoreError> {
    let Made {
        user, channel, url, ..
    } = made;
    let unwanted = Errand::revoke_link(user, channel, url);
    let recorded = match entry_links::by_outbox(tx, made.row).await? {
        Some(link) if entry_links::record(tx, link.id, url, made.expires_at).await? => link.id,
        _ => return unwanted.enqueue(tx, now).await.map(drop),
    };
    if !go_on(tx, user, now).await? {
        entry_links::close(tx, recorded, CloseReason::Revoked, now).await?;
        return unwanted.enqueue(tx, now).await.map(drop);
    }
    let request = vip_door::open_for(tx, user, channel).await?;
    let mut errands = vec![Errand::approve(
        user,
        channel,
        request.map(|request| request.number),
    )];
    // Whether somebody was promised it in a message is certain only now that the row is locked.
    let link = entry_links::find(tx, recorded).await?;
    if let Some((chat, message)) = link.and_then(|link| link.shown) {
        errands.push(Errand::edit(user, chat, message, Overwrite::Key(recorded)));
    }
    if let Some(replaced) = made.replaces
        && let Some(replaced) = entry_links::find(tx, replaced).await?
        && replaced.url.is_some()
        && let Some((chat, message)) = replaced.shown
    {
        errands.push(Errand::edit(user, chat, message, Overwrite::KeyReplaced));
    }
    errand::enqueue_all(tx, &errands, now).await
}

/// Whether the owner of a new link is to have it. At the second stage of the ritual the third begins,
/// and with it the role of a member.
async fn go_on(tx: &Tx, user: UserId, now: Timestamp) -> Result<bool, StoreError> {
    let Some(stored) = subscribers::find(tx, user).await? else {
        return Ok(false);
    };
    match RitualStep::of(Some(&stored.subscription), RitualEvent::LinkRecorded, now) {
        RitualStep::Advance { from, to } => {
            if !subscribers::advance_stage(tx, user, from, to, now).await? {
                return Ok(false);
            }
            let reason = RoleChangeReason::VipEntryCompleted;
            become_role(tx, user, role_at(to), reason, History::Changes, now).await?;
            Ok(true)
        }
        RitualStep::Stay(stage) => Ok(stage.is_none_or(|stage| stage == Stage::Third)),
        RitualStep::MakeLink | RitualStep::Over => Ok(false),
    }
}

/// No link can be made, since there is no channel. Custodians are told once for each invitation.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn lacks_channel(tx: &Tx, scene: Scene<'_>, user: UserId) -> Result<(), StoreError> {
    tell_refused(tx, scene, user, ChatId(0)).await
}

/// Telegram has refused to make the link of a row. Its owner stays where they are and may ask again;
/// custodians are told once for each invitation.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn refuse(
    tx: &Tx,
    scene: Scene<'_>,
    row: i64,
    user: UserId,
    channel: ChatId,
) -> Result<(), StoreError> {
    let now = scene.now;
    let Some(link) = entry_links::by_outbox(tx, row).await? else {
        return Ok(());
    };
    if !entry_links::close(tx, link.id, CloseReason::Failed, now).await? {
        return Ok(());
    }
    // Read again: only now that the row is locked it is certain what was said of it.
    let link = entry_links::find(tx, link.id).await?;
    if let Some((chat, message)) = link.and_then(|link| link.shown) {
        let edit = Errand::edit(user, chat, message, Overwrite::KeyRefused);
        edit.enqueue(tx, now).await?;
    }
    tell_refused(tx, scene, user, channel).await
}

async fn tell_refused(tx: &Tx, scene: Scene<'_>, user: UserId, channel: ChatId) -> Result<(), StoreError> {
    let Scene { custodians, now } = scene;
    if let Some(stored) = subscribers::find(tx, user).await?
        && vip_door::said(tx, user, channel, Line::LinkRefused(stored.token), now).await?
    {
        let notice = CustodianNotice::KeyRefused { person: user };
        notices::enqueue(tx, &notice, custodians, now).await?;
    }
    Ok(())
}

/// Closes all open links of a person. Those that exist are to be revoked: returns how.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn close_all(
    tx: &Tx,
    user: UserId,
    reason: CloseReason,
    now: Timestamp,
) -> Result<Vec<Errand>, StoreError> {
    let closed = entry_links::close_all(tx, user, reason, now).await?;
    let revoke = |link: &EntryLink| {
        let url = link.url.as_ref()?;
        Some(Errand::revoke_link(user, link.channel, url.as_str()))
    };
    Ok(closed.iter().filter_map(revoke).collect())
}
