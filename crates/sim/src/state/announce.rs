//! Which bots learn of what happens in a chat.

use chrono::{DateTime, Utc};

use super::member::Status;
use super::message::{By, ChatRef, Message, Service};
use super::moves::{Cause, Way};
use super::queue::UpdateKind;
use super::room::RoomRecord;
use super::view::{JoinRequestView, MemberUpdateView, to_json};
use super::{Bot, World, message_json};
use crate::html::{EntityKind, utf16_len};

impl World {
    /// Tells the bots of a message that was just written.
    pub(super) fn announce_message(&mut self, chat: ChatRef, id: i32, now: DateTime<Utc>) {
        self.announce(chat, id, None, now);
    }

    /// Tells the bots of a message that `editor` has just changed.
    pub(super) fn announce_edit(&mut self, chat: ChatRef, id: i32, editor: i64, now: DateTime<Utc>) {
        self.announce(chat, id, Some(editor), now);
    }

    fn announce(&mut self, chat: ChatRef, id: i32, editor: Option<i64>, now: DateTime<Utc>) {
        let Some(message) = self.log(chat).and_then(|log| log.message(id)) else {
            return;
        };
        let readers: Vec<i64> = match chat {
            ChatRef::Private { bot, .. } if message.sender.by == By::Person => vec![bot],
            ChatRef::Private { .. } => Vec::new(),
            ChatRef::Room(room) => self.room(room).map_or_else(Vec::new, |room| {
                let bots = self.bots.iter().filter(|bot| Some(bot.id) != editor);
                bots.filter(|bot| reads(bot, room, message, now))
                    .map(|bot| bot.id)
                    .collect()
            }),
        };
        if readers.is_empty() {
            return;
        }
        let is_channel =
            matches!(chat, ChatRef::Room(room) if self.room(room).is_some_and(RoomRecord::is_channel));
        let kind = match (is_channel, editor.is_some()) {
            (true, false) => UpdateKind::ChannelPost,
            (true, true) => UpdateKind::EditedChannelPost,
            (false, false) => UpdateKind::Message,
            (false, true) => UpdateKind::EditedMessage,
        };
        let joined = match message.content.service() {
            Some(Service::Joined(user)) => Some(*user),
            _ => None,
        };
        let author = (!message.is_in_chats_name).then_some(message.sender.id);
        for reader in readers {
            // Each bot knows files by names of its own.
            let Some(body) = message_json(self, reader, chat, id) else {
                return;
            };
            self.deliver(reader, kind, chat.id(), &body, now);
            for user in author.into_iter().chain(joined) {
                self.introduce(reader, user);
            }
        }
    }

    /// Tells the bots of a room how somebody's standing in it has changed.
    pub(super) fn announce_move(
        &mut self,
        room: i64,
        user: i64,
        change: [&Status; 2],
        cause: &Cause,
        now: DateTime<Utc>,
    ) {
        let Some(record) = self.room(room) else { return };
        let concerns = |bot: &Bot| bot.id == user || record.status(bot.id, now).is_administrator();
        let bots: Vec<i64> = self
            .bots
            .iter()
            .filter(|bot| concerns(bot))
            .map(|bot| bot.id)
            .collect();
        for bot in bots {
            let (kind, about) = if bot == user {
                (UpdateKind::MyChatMember, room)
            } else {
                (UpdateKind::ChatMember, user)
            };
            let Some(view) = MemberUpdateView::of(self, bot, room, user, change, cause, now) else {
                continue;
            };
            let body = to_json(&view);
            self.deliver(bot, kind, about, &body, now);
            self.introduce(bot, user);
            self.introduce(bot, cause.by);
        }
    }

    /// Tells the bots that handle a room's requests that somebody asks to join.
    pub(super) fn announce_request(&mut self, room: i64, person: i64, now: DateTime<Utc>) {
        let Some(record) = self.room(room) else { return };
        let handles = |bot: &&Bot| record.status(bot.id, now).may(|rights| rights.can_invite_users);
        let bots: Vec<i64> = self.bots.iter().filter(handles).map(|bot| bot.id).collect();
        for bot in bots {
            let Some(view) = JoinRequestView::of(self, bot, room, person) else {
                continue;
            };
            let body = to_json(&view);
            self.deliver(bot, UpdateKind::ChatJoinRequest, person, &body, now);
            self.introduce(bot, person);
        }
    }

    pub(super) fn deliver(&mut self, bot: i64, kind: UpdateKind, about: i64, body: &str, now: DateTime<Utc>) {
        if let Some(bot) = self.bot_mut(bot) {
            bot.deliver(kind, about, body, now);
        }
    }

    /// A bot that has heard of a person knows that they exist.
    pub(super) fn introduce(&mut self, bot: i64, user: i64) {
        if self.people.contains_key(&user)
            && let Some(bot) = self.bot_mut(bot)
        {
            bot.chat_with(user);
        }
    }
}

/// Whether a bot gets to see a message of a room, sent or edited.
fn reads(bot: &Bot, room: &RoomRecord, message: &Message, now: DateTime<Utc>) -> bool {
    let status = room.status(bot.id, now);
    if let Some(service) = message.content.service() {
        return status.is_present() || matches!(service, Service::Left(user) if *user == bot.id);
    }
    if message.sender.id == bot.id || !status.is_present() {
        return false;
    }
    if room.is_channel() {
        return true;
    }
    // Bots do not see each other's messages in groups.
    let is_for_all = bot.reads_all_messages || status.is_administrator();
    message.sender.by == By::Person && (is_for_all || is_addressed(bot, room, message))
}

/// Whether a message in a group is meant for a bot that sees only such ones: a command, a
/// mention, or an answer to it.
fn is_addressed(bot: &Bot, room: &RoomRecord, message: &Message) -> bool {
    let replied = message.reply_to.and_then(|id| room.log.message(id));
    if replied.is_some_and(|replied| replied.sender.id == bot.id) {
        return true;
    }
    let Some(text) = message.content.text() else {
        return false;
    };
    let units: Vec<u16> = text.text.encode_utf16().collect();
    debug_assert_eq!(units.len(), utf16_len(&text.text));
    text.entities.iter().any(|entity| {
        let range = entity.offset as usize..(entity.offset + entity.length) as usize;
        let written = String::from_utf16_lossy(units.get(range).unwrap_or_default());
        let name = |written: &str| written.eq_ignore_ascii_case(&bot.username);
        match &entity.kind {
            EntityKind::BotCommand => written.split_once('@').is_none_or(|(_, to)| name(to)),
            EntityKind::Mention => written.strip_prefix('@').is_some_and(name),
            EntityKind::TextMention { user_id } => *user_id == bot.id,
            _ => false,
        }
    })
}

/// The link by which somebody came, and whether they asked without one.
pub(super) fn way(cause: &Cause) -> (Option<&str>, bool) {
    match &cause.way {
        Way::Directly => (None, false),
        Way::Link(address) => (Some(address), false),
        Way::PublicRequest => (None, true),
    }
}
