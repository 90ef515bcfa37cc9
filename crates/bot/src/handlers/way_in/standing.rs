//! Where people are, and what Lucien may do, in the channels of the house.

use domain::channel::{Channel, ChannelRights};
use domain::id::{ChatId, UserId};
use domain::role::Role;
use store::inbox::Claimed;
use store::presence;
use store::{Tx, bot_config, people};
use telegram::chat::Status;
use telegram::update::MemberChange;

use crate::error::HandlerError;
use crate::hand::Hand;
use crate::handlers::Dispatcher;
use crate::outbox::{CustodianNotice, notices};
use crate::way_in::Scene;
use crate::way_in::arrival::{self, Came};
use crate::way_in::removal;
use crate::way_in::rights::{self, Found};

impl Dispatcher {
    /// Somebody's standing in a channel has changed.
    pub(in crate::handlers) async fn note_member(
        &self,
        change: &MemberChange,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let which = config.and_then(|config| config.which(change.chat.id));
        if which == Some(Channel::Free) {
            return self.note_visitor(change, row, epoch).await;
        }
        let is_vip = which == Some(Channel::Vip);
        let (who, channel) = (change.who.id, change.chat.id);
        let actor = Some(change.actor.id);
        let seen = removal::sighting(who, channel, change.new, actor);
        let bot = UserId(row.bot_id.0);
        let Some(seen) = seen.filter(|_| is_vip && who != bot) else {
            return Ok(());
        };
        let at = change.at.unwrap_or(row.received_at);
        let scene = Scene {
            custodians: &self.settings.custodians,
            now: self.clock.now(),
        };
        let came = match change.old.is_inside() {
            Some(false) => Came::JustNow,
            Some(true) | None => Came::Before,
        };
        self.store
            .write(async |tx| {
                if seen.standing.is_inside() {
                    let uninvited = came == Came::JustNow && self.is_uninvited(change);
                    if uninvited {
                        people::insert_if_absent(tx, &change.who, Role::Free, scene.now).await?;
                    }
                    let is_member = arrival::seen_inside(tx, scene, &seen, came, at).await?;
                    if uninvited && !is_member {
                        ask_about(tx, scene, who, channel).await?;
                    }
                } else {
                    let was_inside = change.old.is_inside() == Some(true);
                    removal::seen_outside(tx, scene, &seen, was_inside, bot, at).await?;
                }
                Hand::of(row, epoch).check(tx).await
            })
            .await?;
        self.outbox.ring();
        Ok(())
    }

    /// Whether somebody came in by themselves: nobody let them in, and they run nothing here.
    fn is_uninvited(&self, change: &MemberChange) -> bool {
        let is_plain = matches!(change.new, Status::Member { .. } | Status::Restricted { .. });
        is_plain && change.actor.id == change.who.id && !self.settings.custodians.contains(&change.who.id)
    }

    /// Lucien's own standing in a channel has changed.
    pub(in crate::handlers) async fn note_own_standing(
        &self,
        change: &MemberChange,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let Some(channel) = config.and_then(|config| config.which(change.chat.id)) else {
            return Ok(());
        };
        let scene = Scene {
            custodians: &self.settings.custodians,
            now: self.clock.now(),
        };
        let found = Found {
            channel,
            id: change.chat.id,
            title: change.chat.title.as_deref().unwrap_or_default(),
            rights: match change.new {
                Status::Owner | Status::Administrator(_) => rights::of(change.new.rights()),
                _ => ChannelRights::NONE,
            },
        };
        let at = change.at.unwrap_or(row.received_at);
        self.store
            .write(async |tx| {
                rights::note(tx, scene, found, at).await?;
                Hand::of(row, epoch).check(tx).await
            })
            .await?;
        self.outbox.ring();
        self.bells.free_queue.ring();
        self.bells.expiry.ring();
        Ok(())
    }
}

/// Asks custodians, once, what is to be done about somebody uninvited.
async fn ask_about(tx: &Tx, scene: Scene<'_>, who: UserId, channel: ChatId) -> Result<(), HandlerError> {
    if presence::ask(tx, who, channel, scene.now).await? {
        let notice = CustodianNotice::Uninvited { person: who };
        notices::enqueue(tx, &notice, scene.custodians, scene.now).await?;
    }
    Ok(())
}
