//! One chat as the page shows it, message by message.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::eyes::{Eyes, Line, Peer};
use super::{files, notice};
use crate::keyboard::{Button, ButtonAction, ButtonRequest, Markup, ReplyButton};
use crate::state::{BotCommand, By, ChatRef, EntityView, MediaKind, Message};

#[derive(Serialize)]
pub(super) struct Chat<'w> {
    #[serde(flatten)]
    line: Line<'w>,
    /// They can write now.
    can_write: bool,
    /// They could, were the bot not blocked.
    may_post: bool,
    commands: Vec<BotCommand>,
    /// How many messages came before those that are told.
    earlier: usize,
    /// The keyboard beside the chat.
    keyboard: Option<Vec<Vec<KeyView<'w>>>>,
    /// Oldest first.
    messages: Vec<MessageView<'w>>,
}

#[derive(Serialize)]
struct KeyView<'w> {
    text: &'w str,
    /// What it asks for instead of sending its text.
    request: Option<&'static str>,
    request_id: Option<i32>,
}

#[derive(Serialize)]
struct MessageView<'w> {
    message_id: i32,
    /// When it was sent or last edited, in the world's count of changes.
    revision: u64,
    by: Author,
    author_id: i64,
    name: String,
    is_own: bool,
    at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    text: String,
    entities: Vec<EntityView<'w>>,
    media: Option<MediaView<'w>>,
    origin: Option<OriginView>,
    reply_to: Option<ReplyView>,
    keyboard: Option<InlineView<'w>>,
    reactions: Vec<ReactionView<'w>>,
    is_protected: bool,
    can_forward: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Author {
    Bot,
    Person,
    /// It appears in the name of the group or channel.
    Room,
    /// Nobody wrote it.
    Service,
}

#[derive(Serialize)]
struct MediaView<'w> {
    kind: MediaKind,
    file_name: Option<&'w str>,
    mime_type: &'w str,
    size: Option<usize>,
    /// None where nobody has looked.
    url: Option<String>,
    album: Option<&'w str>,
    has_spoiler: bool,
    is_text_above: bool,
}

#[derive(Serialize)]
struct OriginView {
    name: String,
    at: DateTime<Utc>,
}

#[derive(Serialize)]
struct ReplyView {
    message_id: i32,
    name: String,
    text: String,
}

#[derive(Serialize)]
struct InlineView<'w> {
    inline: Vec<Vec<ButtonView<'w>>>,
}

#[derive(Serialize)]
struct ButtonView<'w> {
    text: &'w str,
    kind: &'static str,
    /// The data, the address or the text.
    value: &'w str,
}

#[derive(Serialize)]
struct ReactionView<'w> {
    emoji: &'w str,
    count: usize,
}

impl<'w> Chat<'w> {
    /// A chat with its newest messages, no more than `limit`.
    pub(super) fn of(eyes: Eyes<'w>, peer: Peer<'w>, limit: usize) -> Self {
        let messages = eyes.messages(peer);
        let earlier = messages.len().saturating_sub(limit);
        let chat = peer.chat(eyes.person.id);
        let may_post = match peer {
            Peer::Bot(..) => true,
            Peer::Room(room) => room.takes_messages_of(&eyes.status(room)),
        };
        let is_blocked = matches!(peer, Peer::Bot(_, Some(chat)) if chat.is_blocked);
        let keyboard = match peer {
            Peer::Bot(_, Some(chat)) => chat.log.keyboard(),
            _ => None,
        };
        Self {
            line: eyes.line(peer),
            can_write: may_post && !is_blocked && !eyes.person.is_deactivated,
            may_post,
            commands: eyes.world.commands_in(chat, eyes.person.id, eyes.now),
            earlier,
            keyboard: keyboard.map(|rows| in_rows(rows, KeyView::of)),
            messages: messages[earlier..]
                .iter()
                .map(|message| MessageView::of(eyes, chat, message))
                .collect(),
        }
    }
}

fn in_rows<'w, B, V>(rows: &'w [Vec<B>], view: impl Fn(&'w B) -> V) -> Vec<Vec<V>> {
    rows.iter().map(|row| row.iter().map(&view).collect()).collect()
}

impl<'w> KeyView<'w> {
    fn of(key: &'w ReplyButton) -> Self {
        let (request, request_id) = match &key.request {
            None => (None, None),
            Some(ButtonRequest::Users(users)) => (Some("users"), Some(users.request_id)),
            Some(ButtonRequest::Chat(chat)) => (Some("chat"), Some(chat.request_id)),
            // People here have nothing else to give.
            Some(_) => (Some("unavailable"), None),
        };
        Self {
            text: &key.text,
            request,
            request_id,
        }
    }
}

impl<'w> MessageView<'w> {
    fn of(eyes: Eyes<'w>, chat: ChatRef, message: &'w Message) -> Self {
        let world = eyes.world;
        let (by, author_id) = match chat {
            _ if message.content.service().is_some() => (Author::Service, message.sender.id),
            ChatRef::Room(room) if message.is_in_chats_name => (Author::Room, room),
            _ => match message.sender.by {
                By::Bot => (Author::Bot, message.sender.id),
                By::Person => (Author::Person, message.sender.id),
            },
        };
        let text = message.content.text();
        let happened = message.content.service();
        let is_protected = message.is_protected || world.protects_content(chat);
        let replied = message.reply_to.and_then(|id| world.log(chat)?.message(id));
        Self {
            message_id: message.id,
            revision: message.revision,
            by,
            author_id,
            name: notice::author(world, chat, message),
            is_own: eyes.wrote(message),
            at: message.date,
            edited_at: message.edit_date,
            text: match (text, happened) {
                (Some(text), _) => shown(chat, message, &text.text).to_owned(),
                (None, Some(happened)) => notice::service(world, message.sender.id, happened),
                (None, None) => String::new(),
            },
            entities: text.map_or_else(Vec::new, |text| EntityView::all(world, &text.entities)),
            media: MediaView::of(eyes, message),
            origin: message.origin.as_ref().map(|origin| OriginView {
                name: notice::source(world, &origin.source),
                at: origin.date,
            }),
            reply_to: replied.map(|replied| ReplyView {
                message_id: replied.id,
                name: notice::author(world, chat, replied),
                text: notice::in_a_line(world, replied),
            }),
            keyboard: message
                .content
                .markup
                .as_ref()
                .and_then(Markup::inline)
                .map(|rows| InlineView {
                    inline: in_rows(rows, ButtonView::of),
                }),
            reactions: ReactionView::all(message),
            is_protected,
            can_forward: !is_protected && happened.is_none(),
        }
    }
}

/// As apps show it: not what a deep link carried.
fn shown<'t>(chat: ChatRef, message: &Message, text: &'t str) -> &'t str {
    const START: &str = "/start";
    let is_theirs = matches!(chat, ChatRef::Private { .. }) && message.sender.by == By::Person;
    let is_carried = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    match text.split_once(' ') {
        Some((START, payload)) if is_theirs && payload.chars().all(is_carried) => START,
        _ => text,
    }
}

impl<'w> MediaView<'w> {
    fn of(eyes: Eyes<'w>, message: &'w Message) -> Option<Self> {
        let media = message.content.media()?;
        let file = &media.file;
        let key = file.size().map(|_| eyes.world.files.key(file));
        Some(Self {
            kind: file.kind(),
            file_name: file.facts.name.as_deref(),
            mime_type: files::mime_type(file),
            size: file.size(),
            url: key.map(|key| format!("/sim/files/{key}")),
            album: message.media_group.as_deref(),
            has_spoiler: media.has_spoiler,
            is_text_above: media.is_caption_above,
        })
    }
}

impl<'w> ButtonView<'w> {
    fn of(button: &'w Button) -> Self {
        let (kind, value) = match &button.action {
            ButtonAction::Callback(data) => ("callback", data.as_str()),
            ButtonAction::Url(url) => ("url", url.as_str()),
            ButtonAction::CopyText(text) => ("copy_text", text.as_str()),
            ButtonAction::WebApp(url) => ("web_app", url.as_str()),
            ButtonAction::SwitchInline { query, .. } => ("switch_inline", query.as_str()),
            ButtonAction::Unavailable(_) => ("unavailable", ""),
        };
        Self {
            text: &button.text,
            kind,
            value,
        }
    }
}

impl<'w> ReactionView<'w> {
    /// Each emoji once, in the order of those who put it there first.
    fn all(message: &'w Message) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for emoji in message.reactions.values() {
            match all.iter_mut().find(|seen| seen.emoji == emoji) {
                Some(seen) => seen.count += 1,
                None => all.push(Self { emoji, count: 1 }),
            }
        }
        all
    }
}
