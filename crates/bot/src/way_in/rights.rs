//! What Lucien may do in a channel of the house.

use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::id::ChatId;
use store::{StoreError, Tx, channels, jobs, outbox};
use telegram::chat::Rights;

use super::Scene;
use crate::jobs::{Expiry, FreeQueue, Job};
use crate::outbox::{CustodianNotice, OutboxKind, Standing, notices};

/// What Telegram says of Lucien in a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    pub(crate) channel: Channel,
    pub(crate) id: ChatId,
    pub(crate) title: &'a str,
    pub(crate) rights: ChannelRights,
}

/// Those of an administrator's rights that Lucien needs.
pub(crate) const fn of(rights: Rights) -> ChannelRights {
    ChannelRights {
        invite: rights.invite_users,
        restrict: rights.restrict_members,
        post: rights.post_messages,
    }
}

/// Notes the rights as of a moment. Custodians are told once that some are missing, until all have been
/// there again; then what waited for them goes at once.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn note(
    tx: &Tx,
    scene: Scene<'_>,
    found: Found<'_>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Scene { custodians, now } = scene;
    if !channels::note_rights(tx, found.id, found.rights, at).await? {
        return Ok(());
    }
    if found.channel == Channel::Free && found.rights.invite {
        jobs::hasten(tx, FreeQueue::NAME, now).await?;
    }
    if found.channel == Channel::Vip && found.rights.restrict {
        jobs::hasten(tx, Expiry::NAME, now).await?;
    }
    if found.rights.are_complete() {
        let kinds: Vec<_> = OutboxKind::of_membership().map(OutboxKind::label).collect();
        outbox::hasten(tx, &kinds).await?;
    } else if channels::alarm(tx, found.id, now).await? {
        let standing = Standing::new(found.channel, found.id, found.title, found.rights);
        notices::enqueue(tx, &CustodianNotice::RightsLost(standing), custodians, now).await?;
    }
    Ok(())
}
