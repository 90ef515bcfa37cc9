//! What people do in rooms: come and go, write, and run them.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::World;
use super::act::{Cannot, check_data, typed};
use super::invite::{InviteLink, JoinRequest};
use super::lead::{Door, Lead};
use super::member::{Rights, Status};
use super::message::{By, ChatRef, Content, Draft, Sender, Service, What};
use super::moves::{Cause, Way};
use super::room::{RoomKind, RoomRecord};
use super::tap::{Tap, find_callback, label_of};

/// An invite link to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NewLink {
    /// What its creator calls it.
    pub name: String,
    /// When it stops to work; never if none.
    pub expires_at: Option<DateTime<Utc>>,
    /// How many may come by it; 0 means as many as like.
    pub member_limit: u32,
    /// It only lets them ask.
    pub creates_join_request: bool,
}

/// A person who acts in rooms.
pub(crate) struct ActInRoom<'w> {
    pub(super) world: &'w mut World,
    pub(super) person: i64,
    now: DateTime<Utc>,
}

impl<'w> ActInRoom<'w> {
    /// Refuses those who are not there or whose account is deleted.
    pub(crate) fn begin(world: &'w mut World, person: i64, now: DateTime<Utc>) -> Result<Self, Cannot> {
        if world.person(person).ok_or(Cannot::NotThere)?.is_deactivated {
            return Err(Cannot::Deactivated);
        }
        // What bots tell them in private from now on is an answer to this.
        let revision = world.next_revision();
        for bot in &mut world.bots {
            if let Some(chat) = bot.chats.get_mut(&person) {
                chat.acts(revision);
            }
        }
        Ok(Self { world, person, now })
    }

    /// Joins by a link or a public room's address. Returns the room.
    pub(crate) fn joins(&mut self, address: &str) -> Result<i64, Cannot> {
        let door = self.enter(address)?;
        if door.is_guarded {
            return Err(Cannot::MustAsk);
        }
        if self.is_at_limit() {
            return Err(Cannot::TooManyRooms);
        }
        let way = door.link.map_or(Way::Directly, Way::Link);
        let by = self.person;
        self.world
            .change_status(door.room, by, Status::Member, &Cause { by, way }, self.now);
        Ok(door.room)
    }

    /// Asks to join by a link or a public room's address that demands it. Returns the room.
    pub(crate) fn asks_to_join(&mut self, address: &str) -> Result<i64, Cannot> {
        let door = self.enter(address)?;
        if !door.is_guarded {
            return Err(Cannot::NeedNotAsk);
        }
        let (person, now) = (self.person, self.now);
        let room = self.world.room_mut(door.room).ok_or(Cannot::NotThere)?;
        if room.requests.contains_key(&person) {
            return Err(Cannot::AlreadyAsked);
        }
        if let Some(link) = door.link.as_ref().and_then(|link| room.links.get_mut(link)) {
            link.pending += 1;
        }
        let request = JoinRequest {
            person_id: person,
            asked_at: now,
            link: door.link,
        };
        room.requests.insert(person, request);
        room.log.note(person, What::Asked);
        self.world.announce_request(door.room, person, now);
        Ok(door.room)
    }

    /// Takes an open request back. Bots are not told.
    pub(crate) fn withdraws_request(&mut self, room: i64) -> Result<(), Cannot> {
        let person = self.person;
        let room = self.world.room_mut(room).ok_or(Cannot::NotThere)?;
        room.close_request(person).ok_or(Cannot::NotAsked)?;
        room.log.note(person, What::Withdrew);
        Ok(())
    }

    /// Leaves.
    pub(crate) fn leaves(&mut self, room: i64) -> Result<(), Cannot> {
        match self.status(room)? {
            Status::Creator { .. } => Err(Cannot::NoRight),
            Status::Restricted { until, .. } => {
                let outside = Status::Restricted {
                    is_member: false,
                    until,
                };
                self.change(room, self.person, outside);
                Ok(())
            }
            _ => {
                self.change(room, self.person, Status::Left);
                Ok(())
            }
        }
    }

    /// Writes into a group, or posts in a channel. Returns the id of the message.
    pub(crate) fn writes(&mut self, room: i64, text: &str, reply_to: Option<i32>) -> Result<i32, Cannot> {
        self.says(room, typed(text)?, reply_to)
    }

    /// Sends anything into a group or channel.
    pub(super) fn says(&mut self, room: i64, content: Content, reply_to: Option<i32>) -> Result<i32, Cannot> {
        let status = self.status(room)?;
        let record = self.room(room)?;
        if !record.takes_messages_of(&status) {
            return Err(Cannot::NoRight);
        }
        if reply_to.is_some_and(|id| record.log.message(id).is_none()) {
            return Err(Cannot::NoSuchMessage);
        }
        let draft = Draft {
            reply_to,
            ..Draft::new(content)
        };
        let sender = Sender::person(self.person);
        let id = self.world.write(ChatRef::Room(room), sender, draft, self.now);
        id.ok_or(Cannot::NotThere)
    }

    /// Changes a message of their own, or a post.
    pub(crate) fn edits(&mut self, room: i64, message: i32, text: &str) -> Result<(), Cannot> {
        let mut content = typed(text)?;
        let status = self.status(room)?;
        let record = self.room(room)?;
        let old = record.log.message(message).ok_or(Cannot::NoSuchMessage)?;
        let is_own = old.sender.id == self.person;
        let may = if record.is_channel() {
            status.may(|rights| rights.can_edit_messages || (is_own && rights.can_post_messages))
        } else {
            is_own
        };
        if !may || old.origin.is_some() || old.content.text().is_none() {
            return Err(Cannot::NoRight);
        }
        content.markup = old.content.markup.clone();
        self.world
            .edit(ChatRef::Room(room), message, self.person, content, self.now);
        Ok(())
    }

    /// Taps the button that reads `label`, or else contains it, on the newest message that has
    /// one. Returns the bot whose button it is, and the id of the callback query.
    pub(crate) fn presses(&mut self, room: i64, label: &str) -> Result<(i64, i64), Cannot> {
        self.status(room)?;
        let log = &self.room(room)?.log;
        let (message, data, label) = find_callback(Some(log), label)?;
        self.taps(room, message, &data, label)
    }

    /// Taps a button with this data under a message, whether one carries it or not. Returns the same.
    pub(crate) fn presses_on(&mut self, room: i64, message: i32, data: &str) -> Result<(i64, i64), Cannot> {
        check_data(data)?;
        self.status(room)?;
        let label = label_of(self.room(room)?.log.message(message), data);
        self.taps(room, message, data, label)
    }

    fn taps(&mut self, room: i64, message: i32, data: &str, label: String) -> Result<(i64, i64), Cannot> {
        let log = &self.room(room)?.log;
        let sender = log.message(message).map(|message| message.sender);
        let bot = sender.filter(|sender| sender.by == By::Bot);
        let bot = bot.ok_or(Cannot::NoSuchMessage)?.id;
        let tap = Tap {
            bot,
            person: self.person,
            chat: ChatRef::Room(room),
            message: Some(message),
            data,
            label,
        };
        let id = self.world.tap(tap, self.now).ok_or(Cannot::NotThere)?;
        Ok((bot, id))
    }

    /// Adds somebody.
    pub(crate) fn adds(&mut self, room: i64, user: i64) -> Result<(), Cannot> {
        let actor = self.status(room)?;
        let record = self.room(room)?;
        let (is_channel, old) = (record.is_channel(), record.status(user, self.now));
        if is_channel && !actor.may(|rights| rights.can_invite_users) {
            return Err(Cannot::NoRight);
        }
        if matches!(old, Status::Kicked { .. }) && !actor.may(|rights| rights.can_restrict_members) {
            return Err(Cannot::Banned);
        }
        if old.is_present() {
            return Err(Cannot::AlreadyIn);
        }
        match self.world.person(user) {
            Some(added) if added.is_deactivated => return Err(Cannot::NotThere),
            Some(added) if added.is_at_room_limit => return Err(Cannot::TooManyRooms),
            None if self.world.bot(user).is_none() => return Err(Cannot::NotThere),
            // Channels have bots only as administrators.
            None if is_channel => return Err(Cannot::NotHere),
            _ => {}
        }
        self.change(room, user, Status::Member);
        Ok(())
    }

    /// Makes somebody an administrator, or changes the rights of one; who is not there is added.
    pub(crate) fn promotes(&mut self, room: i64, user: i64, rights: Rights) -> Result<(), Cannot> {
        let title = match self.check_power_over(room, user, |rights| rights.can_promote_members)? {
            Status::Administrator { custom_title, .. } => custom_title,
            _ => None,
        };
        let promoted = Status::Administrator {
            rights,
            promoted_by: self.person,
            custom_title: title,
        };
        self.change(room, user, promoted);
        Ok(())
    }

    /// Makes an administrator a member again; a channel's bot leaves it.
    pub(crate) fn demotes(&mut self, room: i64, user: i64) -> Result<(), Cannot> {
        let old = self.check_power_over(room, user, |rights| rights.can_promote_members)?;
        if !old.is_administrator() {
            return Err(Cannot::NotIn);
        }
        let leaves = self.room(room)?.is_channel() && self.world.bot(user).is_some();
        self.change(room, user, if leaves { Status::Left } else { Status::Member });
        Ok(())
    }

    /// Removes somebody, who may come again.
    pub(crate) fn removes(&mut self, room: i64, user: i64) -> Result<(), Cannot> {
        let old = self.check_power_over(room, user, |rights| rights.can_restrict_members)?;
        if !old.is_present() {
            return Err(Cannot::NotIn);
        }
        self.change(room, user, Status::Left);
        Ok(())
    }

    /// Removes somebody for good, or bars who is not there. Basic groups know no bans of people.
    pub(crate) fn bans(&mut self, room: i64, user: i64, until: Option<DateTime<Utc>>) -> Result<(), Cannot> {
        self.check_power_over(room, user, |rights| rights.can_restrict_members)?;
        let is_basic = self.room(room)?.kind() == RoomKind::Group;
        let new = if is_basic && self.world.bot(user).is_none() {
            Status::Left
        } else {
            Status::kicked_until(until, self.now)
        };
        self.change(room, user, new);
        Ok(())
    }

    /// Lifts a ban.
    pub(crate) fn unbans(&mut self, room: i64, user: i64) -> Result<(), Cannot> {
        let old = self.check_power_over(room, user, |rights| rights.can_restrict_members)?;
        if !matches!(old, Status::Kicked { .. }) {
            return Err(Cannot::NotHere);
        }
        self.change(room, user, Status::Left);
        Ok(())
    }

    /// Silences somebody in a supergroup.
    pub(crate) fn restricts(
        &mut self,
        room: i64,
        user: i64,
        until: Option<DateTime<Utc>>,
    ) -> Result<(), Cannot> {
        let old = self.check_power_over(room, user, |rights| rights.can_restrict_members)?;
        if self.room(room)?.kind() != RoomKind::Supergroup {
            return Err(Cannot::NotHere);
        }
        let is_member = old.is_present();
        self.change(room, user, Status::Restricted { is_member, until });
        Ok(())
    }

    /// Lets somebody in who asks.
    pub(crate) fn approves(&mut self, room: i64, person: i64) -> Result<(), Cannot> {
        self.check_handles(room, person)?;
        match self.world.person(person) {
            Some(asking) if asking.is_deactivated => return Err(Cannot::NotThere),
            Some(asking) if asking.is_at_room_limit => return Err(Cannot::TooManyRooms),
            _ => {}
        }
        self.world.approve(room, person, self.person, self.now);
        Ok(())
    }

    /// Turns somebody away who asks.
    pub(crate) fn declines(&mut self, room: i64, person: i64) -> Result<(), Cannot> {
        self.check_handles(room, person)?;
        self.world.decline(room, person, self.person);
        Ok(())
    }

    /// Gives the room another title.
    pub(crate) fn retitles(&mut self, room: i64, title: &str) -> Result<(), Cannot> {
        self.check_right(room, |rights| rights.can_change_info)?;
        if title.trim().is_empty() {
            return Err(Cannot::Empty);
        }
        let title = title.trim().to_owned();
        self.record(room)?.profile.title.clone_from(&title);
        self.world
            .write_service(room, self.person, Service::Title(title), self.now);
        Ok(())
    }

    /// Makes a link. Returns its address.
    pub(crate) fn creates_link(&mut self, room: i64, link: NewLink) -> Result<String, Cannot> {
        self.check_right(room, |rights| rights.can_invite_users)?;
        let NewLink {
            name,
            expires_at,
            member_limit,
            creates_join_request,
        } = link;
        let link = InviteLink {
            name,
            expires_at,
            member_limit,
            creates_join_request,
            ..InviteLink::new(self.person)
        };
        Ok(self.record(room)?.links.add(link).address.clone())
    }

    /// Takes a link back: their own, or, as the owner, anybody's.
    pub(crate) fn revokes_link(&mut self, room: i64, address: &str) -> Result<(), Cannot> {
        self.check_right(room, |rights| rights.can_invite_users)?;
        let is_owner = matches!(self.status(room)?, Status::Creator { .. });
        let person = self.person;
        let link = self.record(room)?.links.get_mut(address);
        let link = link.ok_or(Cannot::BadLink)?;
        if !is_owner && link.creator != person {
            return Err(Cannot::NoRight);
        }
        link.is_revoked = true;
        Ok(())
    }

    /// Makes a supergroup of a basic group. Returns its id.
    pub(crate) fn migrates(&mut self, group: i64) -> Result<i64, Cannot> {
        self.check_owns_group(group)?;
        let supergroup = self.world.migrate(group, self.person, self.now);
        supergroup.ok_or(Cannot::NotHere)
    }

    /// Deletes a basic group.
    pub(crate) fn deletes(&mut self, group: i64) -> Result<(), Cannot> {
        self.check_owns_group(group)?;
        self.record(group)?.is_deleted = true;
        Ok(())
    }

    /// Is in as many rooms as Telegram lets anybody be, or no longer.
    pub(crate) fn stands_at_room_limit(&mut self, yes: bool) -> Result<(), Cannot> {
        let person = self.world.person_mut(self.person).ok_or(Cannot::NotThere)?;
        person.is_at_room_limit = yes;
        Ok(())
    }

    fn room(&self, room: i64) -> Result<&RoomRecord, Cannot> {
        self.world.room(room).ok_or(Cannot::NotThere)
    }

    fn record(&mut self, room: i64) -> Result<&mut RoomRecord, Cannot> {
        self.world.room_mut(room).ok_or(Cannot::NotThere)
    }

    fn is_at_limit(&self) -> bool {
        let person = self.world.person(self.person);
        person.is_some_and(|person| person.is_at_room_limit)
    }

    /// How the person stands in a room that they are in.
    pub(super) fn status(&self, room: i64) -> Result<Status, Cannot> {
        let status = self.room(room)?.status(self.person, self.now);
        if status.is_present() {
            Ok(status)
        } else {
            Err(Cannot::NotIn)
        }
    }

    fn change(&mut self, room: i64, user: i64, new: Status) {
        let cause = Cause::by(self.person);
        self.world.change_status(room, user, new, &cause, self.now);
    }

    /// The door that an address leads to, if the person may come near.
    fn enter(&self, address: &str) -> Result<Door, Cannot> {
        let Some(Lead::Room(door)) = self.world.lead(address, self.now) else {
            return Err(Cannot::BadLink);
        };
        let room = self.room(door.room)?;
        match room.status(self.person, self.now) {
            Status::Kicked { .. } => Err(Cannot::Banned),
            status if status.is_present() => Err(Cannot::AlreadyIn),
            _ => Ok(door),
        }
    }

    fn check_right(&self, room: i64, right: impl FnOnce(&Rights) -> bool) -> Result<(), Cannot> {
        if self.status(room)?.may(right) {
            Ok(())
        } else {
            Err(Cannot::NoRight)
        }
    }

    /// How `user` stands, if the person has the right and the power to change it: nobody has
    /// over owners, and only who made an administrator and owners have over that one.
    fn check_power_over(
        &self,
        room: i64,
        user: i64,
        right: impl FnOnce(&Rights) -> bool,
    ) -> Result<Status, Cannot> {
        self.check_right(room, right)?;
        if !self.world.is_user(user) {
            return Err(Cannot::NotThere);
        }
        let is_owner = matches!(self.status(room)?, Status::Creator { .. });
        let old = self.room(room)?.status(user, self.now);
        match old {
            Status::Creator { .. } => Err(Cannot::NoRight),
            Status::Administrator { promoted_by, .. } if !is_owner && promoted_by != self.person => {
                Err(Cannot::NoRight)
            }
            old => Ok(old),
        }
    }

    fn check_handles(&self, room: i64, person: i64) -> Result<(), Cannot> {
        self.check_right(room, |rights| rights.can_invite_users)?;
        if self.room(room)?.requests.contains_key(&person) {
            Ok(())
        } else {
            Err(Cannot::NotAsked)
        }
    }

    fn check_owns_group(&self, group: i64) -> Result<(), Cannot> {
        let record = self.room(group)?;
        let is_over = record.migrated_to.is_some() || record.is_deleted;
        match self.status(group)? {
            _ if record.kind() != RoomKind::Group || is_over => Err(Cannot::NotHere),
            Status::Creator { .. } => Ok(()),
            _ => Err(Cannot::NoRight),
        }
    }
}
