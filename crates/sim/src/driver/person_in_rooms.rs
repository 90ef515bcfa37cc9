//! What people do in groups and channels.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::person::{Person, Press};
use super::{Cannot, NewLink, Rights, Room};
use crate::state::ActInRoom;

/// Acts in groups and channels. Where somebody is named, it is by their user id: people and bots
/// alike.
impl Person {
    /// Joins by an invite link, or a public chat by `@username` or `t.me/username`.
    ///
    /// # Errors
    /// [`Cannot`], for one [`Cannot::MustAsk`] where a request is needed.
    pub fn joins(&self, address: &str) -> Result<Room, Cannot> {
        self.in_rooms(|act| act.joins(address)).map(|id| self.room(id))
    }

    /// Asks to join by a link, or a public chat's address, that demands it.
    ///
    /// # Errors
    /// [`Cannot`], for one [`Cannot::NeedNotAsk`] where they can simply join.
    pub fn asks_to_join(&self, address: &str) -> Result<Room, Cannot> {
        self.in_rooms(|act| act.asks_to_join(address))
            .map(|id| self.room(id))
    }

    /// Takes an open request back. Bots are not told.
    ///
    /// # Errors
    /// [`Cannot::NotAsked`].
    pub fn withdraws_request(&self, room: &Room) -> Result<(), Cannot> {
        self.in_rooms(|act| act.withdraws_request(room.id()))
    }

    /// Leaves; owners do not.
    ///
    /// # Errors
    /// [`Cannot::NotIn`] or [`Cannot::NoRight`].
    pub fn leaves(&self, room: &Room) -> Result<(), Cannot> {
        self.in_rooms(|act| act.leaves(room.id()))
    }

    /// Writes into a group, or posts in a channel. Returns the id of the message.
    ///
    /// # Errors
    /// [`Cannot`] when the text is none or they may not write there.
    pub fn writes_in(&self, room: &Room, text: &str) -> Result<i32, Cannot> {
        self.in_rooms(|act| act.writes(room.id(), text, None))
    }

    /// Replies to a message of a group or channel. Returns the id of the reply.
    ///
    /// # Errors
    /// [`Cannot`] as for [`writes_in`](Self::writes_in), or [`Cannot::NoSuchMessage`].
    pub fn replies_in(&self, room: &Room, message_id: i32, text: &str) -> Result<i32, Cannot> {
        self.in_rooms(|act| act.writes(room.id(), text, Some(message_id)))
    }

    /// Changes the text of a message of their own, or of a post.
    ///
    /// # Errors
    /// [`Cannot`] when there is none or they may not.
    pub fn edits_in(&self, room: &Room, message_id: i32, text: &str) -> Result<(), Cannot> {
        self.in_rooms(|act| act.edits(room.id(), message_id, text))
    }

    /// Taps the button that reads `label`, or else contains it, on the newest message of a group
    /// or channel with one.
    ///
    /// # Errors
    /// [`Cannot::NoSuchButton`], which lists the buttons in sight, or another [`Cannot`].
    pub fn presses_in(&self, room: &Room, label: &str) -> Result<Press, Cannot> {
        let (bot, id) = self.in_rooms(|act| act.presses(room.id(), label))?;
        Ok(Press::by_id(self.with_bot(bot), id))
    }

    /// Taps a button with this data under a message of a group or channel, whether one carries it
    /// or not.
    ///
    /// # Errors
    /// [`Cannot`] when no button could carry it, or there is no such message of a bot.
    pub fn presses_data_in(&self, room: &Room, message_id: i32, data: &str) -> Result<Press, Cannot> {
        let (bot, id) = self.in_rooms(|act| act.presses_on(room.id(), message_id, data))?;
        Ok(Press::by_id(self.with_bot(bot), id))
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// [`Cannot`]; bots come into channels by [`promotes`](Self::promotes) only.
    pub fn adds(&self, room: &Room, user_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.adds(room.id(), user_id))
    }

    /// Makes somebody an administrator, or changes the rights of one; who is not there is added.
    ///
    /// # Errors
    /// [`Cannot`] when they may not.
    pub fn promotes(&self, room: &Room, user_id: i64, rights: Rights) -> Result<(), Cannot> {
        self.in_rooms(|act| act.promotes(room.id(), user_id, rights))
    }

    /// Makes an administrator a member again; a channel's bot leaves it.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or that one is none.
    pub fn demotes(&self, room: &Room, user_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.demotes(room.id(), user_id))
    }

    /// Removes somebody, who may come again.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or that one is not there.
    pub fn removes(&self, room: &Room, user_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.removes(room.id(), user_id))
    }

    /// Removes somebody for good, or until a moment; who is not there is barred.
    ///
    /// # Errors
    /// [`Cannot`] when they may not.
    pub fn bans(&self, room: &Room, user_id: i64, until: Option<DateTime<Utc>>) -> Result<(), Cannot> {
        self.in_rooms(|act| act.bans(room.id(), user_id, until))
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or there is none.
    pub fn unbans(&self, room: &Room, user_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.unbans(room.id(), user_id))
    }

    /// Silences somebody in a supergroup, for good or until a moment.
    ///
    /// # Errors
    /// [`Cannot`] when they may not.
    pub fn restricts(&self, room: &Room, user_id: i64, until: Option<DateTime<Utc>>) -> Result<(), Cannot> {
        self.in_rooms(|act| act.restricts(room.id(), user_id, until))
    }

    /// Lets somebody in who asks.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or nobody asks.
    pub fn approves(&self, room: &Room, person_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.approves(room.id(), person_id))
    }

    /// Turns somebody away who asks.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or nobody asks.
    pub fn declines(&self, room: &Room, person_id: i64) -> Result<(), Cannot> {
        self.in_rooms(|act| act.declines(room.id(), person_id))
    }

    /// Gives a room another title.
    ///
    /// # Errors
    /// [`Cannot`] when they may not.
    pub fn retitles(&self, room: &Room, title: &str) -> Result<(), Cannot> {
        self.in_rooms(|act| act.retitles(room.id(), title))
    }

    /// Makes an invite link. Returns its address.
    ///
    /// # Errors
    /// [`Cannot`] when they may not.
    pub fn creates_link(&self, room: &Room, link: NewLink) -> Result<String, Cannot> {
        self.in_rooms(|act| act.creates_link(room.id(), link))
    }

    /// Takes an invite link back: their own, or, as the owner, anybody's.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or there is none.
    pub fn revokes_link(&self, room: &Room, address: &str) -> Result<(), Cannot> {
        self.in_rooms(|act| act.revokes_link(room.id(), address))
    }

    /// Makes a supergroup of their basic group.
    ///
    /// # Errors
    /// [`Cannot`] when it is not theirs or not a basic group.
    pub fn migrates(&self, group: &Room) -> Result<Room, Cannot> {
        self.in_rooms(|act| act.migrates(group.id()))
            .map(|id| self.room(id))
    }

    /// Deletes their basic group.
    ///
    /// # Errors
    /// [`Cannot`] when it is not theirs or not a basic group.
    pub fn deletes_group(&self, group: &Room) -> Result<(), Cannot> {
        self.in_rooms(|act| act.deletes(group.id()))
    }

    /// Is from now on in as many groups and channels as Telegram lets anybody be, so that no
    /// further one takes them in.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`].
    pub fn reaches_room_limit(&self) -> Result<(), Cannot> {
        self.in_rooms(|act| act.stands_at_room_limit(true))
    }

    /// Is no longer in too many groups and channels.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`].
    pub fn falls_below_room_limit(&self) -> Result<(), Cannot> {
        self.in_rooms(|act| act.stands_at_room_limit(false))
    }

    pub(super) fn in_rooms<T>(
        &self,
        act: impl FnOnce(&mut ActInRoom<'_>) -> Result<T, Cannot>,
    ) -> Result<T, Cannot> {
        let done = {
            let mut world = self.shared.world();
            let mut actor = ActInRoom::begin(&mut world, self.id, self.shared.clock.now())?;
            act(&mut actor)
        };
        self.shared.ring();
        done
    }

    fn room(&self, id: i64) -> Room {
        Room::new(Arc::clone(&self.shared), id)
    }
}
