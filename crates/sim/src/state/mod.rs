//! The world: bots, people, rooms, and what is said in them. No HTTP and no waiting happens here.

mod act;
mod act_in_room;
mod announce;
mod bot;
mod callback;
mod command;
mod file;
mod forward;
mod invite;
mod lead;
mod member;
mod message;
mod moves;
mod pace;
mod person;
mod private;
mod queue;
mod room;
mod share;
mod tap;
mod view;
mod webhook;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use act::Act;
pub use act::Cannot;
pub(crate) use act_in_room::ActInRoom;
pub use act_in_room::NewLink;
pub(crate) use bot::Bot;
pub use callback::CallbackAnswer;
pub(crate) use command::{BotCommand, Scope};
pub use file::MediaKind;
pub(crate) use file::{File, Files, NewFile, Stored};
pub(crate) use forward::fresh_media_group;
pub use invite::{InviteLink, JoinRequest};
pub(crate) use lead::Lead;
pub use member::{Rights, Status};
pub(crate) use message::{Body, ChatRef, Content, Draft, Event, Log, Media, Message, Sender, Service, What};
pub use message::{By, Origin, OriginSource};
pub(crate) use moves::Cause;
pub(crate) use person::PersonRecord;
pub use person::Profile;
pub(crate) use private::PrivateChat;
pub(crate) use queue::{AllowedUpdates, Key, Update};
#[cfg(test)]
pub(crate) use queue::{UpdateKind, UpdateQueue};
pub(crate) use room::RoomRecord;
pub use room::{NewRoom, RoomKind};
pub use share::{MessageAt, NewMedia};
pub(crate) use view::{
    EntityView, FileView, FullChatView, LinkView, MemberView, UserView, message_json, to_json,
};
pub(crate) use webhook::{Webhook, WebhookSettings};

/// The first person's id: beyond 32 bits, since real ids are.
const FIRST_PERSON: i64 = 5_000_000_001;

/// The first bot's id.
const FIRST_BOT: i64 = 7_000_000_001;

/// Supergroups and channels count downwards from here.
const FIRST_ROOM: i64 = -1_002_000_000_001;

/// Basic groups count downwards from here.
const FIRST_GROUP: i64 = -4_000_001;

/// For so long a bot may write to somebody who asks to join, unless the request is handled
/// before.
const REQUEST_OPENS_CHAT: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug)]
pub(crate) struct World {
    /// In the order in which they were made.
    bots: Vec<Bot>,
    people: HashMap<i64, PersonRecord>,
    rooms: HashMap<i64, RoomRecord>,
    pub(crate) files: Files,
    next_person: i64,
    next_room: i64,
    next_group: i64,
    /// Grows with everything that becomes visible in a chat.
    revision: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            bots: Vec::new(),
            people: HashMap::new(),
            rooms: HashMap::new(),
            files: Files::default(),
            next_person: FIRST_PERSON,
            next_room: FIRST_ROOM,
            next_group: FIRST_GROUP,
            revision: 0,
        }
    }

    /// Adds a bot; without a token it gets a fresh one. None if the token is impossible or taken,
    /// or the username is taken.
    pub(crate) fn add_bot(
        &mut self,
        token: Option<String>,
        username: String,
        first_name: String,
        reads_all_messages: bool,
    ) -> Option<&Bot> {
        let next_id = self
            .bots
            .iter()
            .map(|bot| bot.id + 1)
            .max()
            .unwrap_or(FIRST_BOT)
            .max(FIRST_BOT);
        let token = token.unwrap_or_else(|| bot::fresh_token(next_id));
        let id = bot::id_of_token(&token).ok()?;
        let is_taken = self.is_user(id) || self.is_username_taken(&username);
        if is_taken || !bot::has_valid_secret(&token) {
            return None;
        }
        self.bots
            .push(Bot::new(id, token, username, first_name, reads_all_messages));
        self.bots.last()
    }

    pub(crate) fn bots(&self) -> &[Bot] {
        &self.bots
    }

    pub(crate) fn bots_mut(&mut self) -> &mut [Bot] {
        &mut self.bots
    }

    pub(crate) fn bot(&self, id: i64) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.id == id)
    }

    pub(crate) fn bot_mut(&mut self, id: i64) -> Option<&mut Bot> {
        self.bots.iter_mut().find(|bot| bot.id == id)
    }

    /// The bot that a token belongs to.
    pub(crate) fn authorise(&self, token: &str) -> Result<i64, crate::error::ApiError> {
        let id = bot::id_of_token(token)?;
        match self.bot(id) {
            Some(bot) if bot.token == token => Ok(id),
            _ => Err(crate::error::ApiError::unauthorized()),
        }
    }

    /// Adds a person, under a new id if the profile names none. None if that id is taken.
    pub(crate) fn add_person(&mut self, id: Option<i64>, profile: Profile) -> Option<i64> {
        let id = id.unwrap_or(self.next_person);
        if id <= 0 || self.is_user(id) {
            return None;
        }
        self.next_person = self.next_person.max(id + 1);
        self.people.insert(id, PersonRecord::new(id, profile));
        Some(id)
    }

    pub(crate) fn person(&self, id: i64) -> Option<&PersonRecord> {
        self.people.get(&id)
    }

    pub(crate) fn person_mut(&mut self, id: i64) -> Option<&mut PersonRecord> {
        self.people.get_mut(&id)
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &PersonRecord> {
        self.people.values()
    }

    /// Whether the id is a person's or a bot's.
    pub(crate) fn is_user(&self, id: i64) -> bool {
        self.people.contains_key(&id) || self.bot(id).is_some()
    }

    /// Whether a bot or a room has this username.
    fn is_username_taken(&self, username: &str) -> bool {
        let is_bots = self
            .bots
            .iter()
            .any(|bot| bot.username.eq_ignore_ascii_case(username));
        is_bots || self.room_by_username(username).is_some()
    }

    /// Adds a room with its owner. None if the owner is nobody, or the username is taken or not
    /// possible in such a room.
    pub(crate) fn add_room(&mut self, profile: NewRoom, owner: i64) -> Option<i64> {
        let username = profile.username.as_deref();
        if username.is_some_and(|name| profile.kind == RoomKind::Group || self.is_username_taken(name)) {
            return None;
        }
        self.person(owner)?;
        let next = if profile.kind == RoomKind::Group {
            &mut self.next_group
        } else {
            &mut self.next_room
        };
        let id = *next;
        *next -= 1;
        let mut room = RoomRecord::new(id, profile);
        room.members
            .insert(owner, Status::Creator { is_anonymous: false });
        self.rooms.insert(id, room);
        Some(id)
    }

    pub(crate) fn room(&self, id: i64) -> Option<&RoomRecord> {
        self.rooms.get(&id)
    }

    pub(crate) fn room_mut(&mut self, id: i64) -> Option<&mut RoomRecord> {
        self.rooms.get_mut(&id)
    }

    pub(crate) fn rooms(&self) -> impl Iterator<Item = &RoomRecord> {
        self.rooms.values()
    }

    pub(crate) fn room_by_username(&self, username: &str) -> Option<&RoomRecord> {
        self.rooms.values().find(|room| {
            let own = room.profile.username.as_deref();
            own.is_some_and(|own| own.eq_ignore_ascii_case(username))
        })
    }

    /// The chat of a person with a bot, if the bot has ever heard of that person.
    pub(crate) fn private(&self, bot: i64, person: i64) -> Option<&PrivateChat> {
        self.bot(bot)?.chats.get(&person)
    }

    pub(crate) fn private_mut(&mut self, bot: i64, person: i64) -> Option<&mut PrivateChat> {
        self.bot_mut(bot)?.chats.get_mut(&person)
    }

    /// What was said and what happened in a chat.
    pub(crate) fn log(&self, chat: ChatRef) -> Option<&Log> {
        match chat {
            ChatRef::Private { bot, person } => Some(&self.private(bot, person)?.log),
            ChatRef::Room(id) => Some(&self.room(id)?.log),
        }
    }

    pub(crate) fn log_mut(&mut self, chat: ChatRef) -> Option<&mut Log> {
        match chat {
            ChatRef::Private { bot, person } => Some(&mut self.private_mut(bot, person)?.log),
            ChatRef::Room(id) => Some(&mut self.room_mut(id)?.log),
        }
    }

    /// Whether a bot may write to somebody who has not started it, because they have just asked
    /// to join a room whose requests it handles.
    pub(crate) fn request_opens_chat(&self, bot: i64, person: i64, now: DateTime<Utc>) -> bool {
        self.rooms.values().any(|room| {
            let request = room.requests.get(&person);
            request.is_some_and(|request| now < request.asked_at + REQUEST_OPENS_CHAT)
                && room.status(bot, now).may(|rights| rights.can_invite_users)
        })
    }

    pub(crate) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// Writes a message into a chat and tells the bots that get to see it. Returns its id; None
    /// if there is no such chat.
    pub(crate) fn write(
        &mut self,
        chat: ChatRef,
        sender: Sender,
        draft: Draft,
        now: DateTime<Utc>,
    ) -> Option<i32> {
        let revision = self.next_revision();
        let (id, is_in_chats_name, signature) = match chat {
            ChatRef::Private { bot, .. } => (self.bot_mut(bot)?.next_message_id(), false, None),
            ChatRef::Room(room) => {
                let name = self.full_name(sender.id);
                let room = self.room_mut(room)?;
                room.last_message += 1;
                let is_anonymous = room.status(sender.id, now).is_anonymous();
                let signature = (room.is_channel() && room.profile.has_signatures).then_some(name);
                (room.last_message, room.is_channel() || is_anonymous, signature)
            }
        };
        let Draft {
            content,
            origin,
            media_group,
            reply_to,
            is_protected,
        } = draft;
        self.log_mut(chat)?.add(Message {
            id,
            sender,
            is_in_chats_name,
            signature,
            date: now,
            edit_date: None,
            content: content.into(),
            origin,
            media_group,
            reply_to,
            is_protected,
            reactions: BTreeMap::new(),
            revision,
        });
        self.announce_message(chat, id, now);
        Some(id)
    }

    /// Gives a message new content in the name of `editor`, and tells the bots that get to see
    /// it.
    pub(crate) fn edit(
        &mut self,
        chat: ChatRef,
        message: i32,
        editor: i64,
        content: Content,
        now: DateTime<Utc>,
    ) {
        let revision = self.next_revision();
        if let Some(log) = self.log_mut(chat) {
            log.edit(message, editor, content, now, revision);
            self.announce_edit(chat, message, editor, now);
        }
    }

    /// What a user is called; empty if there is no such user.
    pub(crate) fn first_name(&self, user: i64) -> &str {
        match (self.person(user), self.bot(user)) {
            (Some(person), _) => &person.profile.first_name,
            (None, Some(bot)) => &bot.first_name,
            (None, None) => "",
        }
    }

    /// A user's full name; empty if there is no such user.
    pub(crate) fn full_name(&self, user: i64) -> String {
        match (self.person(user), self.bot(user)) {
            (Some(person), _) => person.profile.full_name(),
            (None, Some(bot)) => bot.first_name.clone(),
            (None, None) => String::new(),
        }
    }
}
