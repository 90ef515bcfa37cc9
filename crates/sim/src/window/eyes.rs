//! What one person sees: which chats, how many messages that are new to them, and whether they may
//! look or write at all.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::notice;
use crate::server::{JsonAnswer as Answer, not_there};
use crate::shared::Shared;
use crate::state::{Bot, ChatRef, Message, PersonRecord, PrivateChat, RoomRecord, Status, World};

/// One person, looking at the world.
#[derive(Clone, Copy)]
pub(super) struct Eyes<'w> {
    pub(super) world: &'w World,
    pub(super) person: &'w PersonRecord,
    pub(super) now: DateTime<Utc>,
}

/// Whom a person has a chat with.
#[derive(Clone, Copy)]
pub(super) enum Peer<'w> {
    /// A bot, and the chat if it has heard of the person.
    Bot(&'w Bot, Option<&'w PrivateChat>),
    Room(&'w RoomRecord),
}

/// A chat in the list.
#[derive(Serialize)]
pub(super) struct Line<'w> {
    pub(super) peer: i64,
    kind: &'static str,
    title: &'w str,
    username: Option<&'w str>,
    /// How the person stands in it.
    status: &'static str,
    /// They have asked to be let in.
    is_asking: bool,
    /// They have written to the bot.
    is_started: bool,
    is_blocked: bool,
    /// Where the person can look.
    member_count: Option<usize>,
    pub(super) unread: usize,
    last: Option<Last>,
}

/// The newest message of a chat.
#[derive(Serialize)]
struct Last {
    at: DateTime<Utc>,
    name: String,
    text: String,
}

impl<'w> Eyes<'w> {
    /// None if there is no such person.
    pub(super) fn of(world: &'w World, person: i64, now: DateTime<Utc>) -> Option<Self> {
        let person = world.person(person)?;
        Some(Self { world, person, now })
    }

    /// The chat with every bot, and the groups and channels in which they are, were or want to be,
    /// in no order.
    fn peers(self) -> impl Iterator<Item = Peer<'w>> {
        let bots = self.world.bots().iter().map(move |bot| self.with(bot));
        let rooms = self.world.rooms().filter(move |room| self.knows(room));
        bots.chain(rooms.map(Peer::Room))
    }

    fn with(self, bot: &'w Bot) -> Peer<'w> {
        Peer::Bot(bot, bot.chats.get(&self.person.id))
    }

    /// The chat of this name, if they know it or could look at it.
    pub(super) fn peer(self, id: i64) -> Option<Peer<'w>> {
        if let Some(bot) = self.world.bot(id) {
            return Some(self.with(bot));
        }
        let room = self.world.room(id)?;
        (self.knows(room) || self.sees(room)).then_some(Peer::Room(room))
    }

    /// Whether a room is among their chats.
    pub(super) fn knows(self, room: &RoomRecord) -> bool {
        let is_over = room.migrated_to.is_some() || room.is_deleted;
        !is_over && (room.knows(self.person.id) || self.asks(room))
    }

    pub(super) fn asks(self, room: &RoomRecord) -> bool {
        room.requests.contains_key(&self.person.id)
    }

    pub(super) fn status(self, room: &RoomRecord) -> Status {
        room.status(self.person.id, self.now)
    }

    /// Whether they can look into a room: those who are in it can, and, if it is public, everybody
    /// who is not banned.
    fn sees(self, room: &RoomRecord) -> bool {
        match self.status(room) {
            Status::Kicked { .. } => false,
            status => status.is_present() || room.is_public(),
        }
    }

    /// What they can read of a chat, oldest first.
    pub(super) fn messages(self, peer: Peer<'w>) -> &'w [Message] {
        match peer {
            Peer::Bot(_, chat) => chat.map_or(&[], |chat| chat.log.messages()),
            Peer::Room(room) if self.sees(room) => room.log.messages(),
            Peer::Room(_) => &[],
        }
    }

    /// How many messages of others came after the newest one that they have seen.
    fn unread(self, peer: Peer<'w>) -> usize {
        let is_in = match peer {
            Peer::Bot(..) => true,
            Peer::Room(room) => self.status(room).is_present(),
        };
        if !is_in {
            return 0;
        }
        let mark = self.person.marks.get(&peer.id()).copied().unwrap_or(0);
        let messages = self.messages(peer);
        let seen = messages.partition_point(|message| message.id <= mark);
        let others = messages[seen..].iter().filter(|message| !self.wrote(message));
        others.count()
    }

    /// The same over all their chats.
    pub(super) fn unread_in_all(self) -> usize {
        self.peers().map(|peer| self.unread(peer)).sum()
    }

    pub(super) fn wrote(self, message: &Message) -> bool {
        message.sender.id == self.person.id
    }

    /// Their chats, the one with the newest message first.
    pub(super) fn lines(self) -> Vec<Line<'w>> {
        let mut peers: Vec<Peer<'w>> = self.peers().collect();
        peers.sort_by_cached_key(|peer| {
            let asked = match peer {
                Peer::Room(room) => room.requests.get(&self.person.id).map(|asked| asked.asked_at),
                Peer::Bot(..) => None,
            };
            let written = self.messages(*peer).last().map(|message| message.date);
            std::cmp::Reverse((written.max(asked), peer.id()))
        });
        peers.into_iter().map(|peer| self.line(peer)).collect()
    }

    pub(super) fn line(self, peer: Peer<'w>) -> Line<'w> {
        let last = self.messages(peer).last().map(|message| Last {
            at: message.date,
            name: notice::author(self.world, peer.chat(self.person.id), message),
            text: notice::in_a_line(self.world, message),
        });
        let unread = self.unread(peer);
        match peer {
            Peer::Bot(bot, chat) => Line {
                peer: bot.id,
                kind: "bot",
                title: &bot.first_name,
                username: Some(&bot.username),
                status: Status::Member.name(),
                is_asking: false,
                is_started: chat.is_some_and(|chat| chat.is_started),
                is_blocked: chat.is_some_and(|chat| chat.is_blocked),
                member_count: None,
                unread,
                last,
            },
            Peer::Room(room) => Line {
                peer: room.id,
                kind: room.kind().name(),
                title: &room.profile.title,
                username: room.profile.username.as_deref(),
                status: self.status(room).name(),
                is_asking: self.asks(room),
                is_started: false,
                is_blocked: false,
                member_count: self.sees(room).then(|| room.present(self.now).count()),
                unread,
                last,
            },
        }
    }
}

impl Peer<'_> {
    pub(super) fn id(self) -> i64 {
        match self {
            Self::Bot(bot, _) => bot.id,
            Self::Room(room) => room.id,
        }
    }

    pub(super) fn chat(self, person: i64) -> ChatRef {
        match self {
            Self::Bot(bot, _) => ChatRef::Private { bot: bot.id, person },
            Self::Room(room) => ChatRef::Room(room.id),
        }
    }
}

/// Takes note that a person has seen all that there is.
pub(crate) fn have_seen_all(world: &mut World, person: i64, now: DateTime<Utc>) {
    let Some(eyes) = Eyes::of(world, person, now) else {
        return;
    };
    let newest = eyes.peers().filter_map(|peer| {
        let message = eyes.messages(peer).last()?;
        Some((peer.id(), message.id))
    });
    let newest: Vec<(i64, i32)> = newest.collect();
    if let Some(person) = world.person_mut(person) {
        person.marks.extend(newest);
    }
}

#[derive(Deserialize)]
pub(super) struct ReadsForm {
    peer: i64,
    message_id: i32,
}

/// Takes note that a person has seen a chat up to a message.
pub(super) async fn reads(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<i64>,
    Json(form): Json<ReadsForm>,
) -> Answer<Value> {
    let now = shared.clock.now();
    let mut world = shared.world();
    let eyes = Eyes::of(&world, id, now).ok_or_else(|| not_there("person"))?;
    let peer = eyes.peer(form.peer).ok_or_else(|| not_there("chat"))?;
    let newest = eyes.messages(peer).last().map_or(0, |message| message.id);
    let seen = form.message_id.min(newest);
    let mut has_moved = false;
    if let Some(person) = world.person_mut(id) {
        let mark = person.marks.entry(form.peer).or_insert(0);
        has_moved = seen > *mark;
        *mark = seen.max(*mark);
    }
    drop(world);
    if has_moved {
        shared.ring();
    }
    Ok(Json(json!({})))
}
