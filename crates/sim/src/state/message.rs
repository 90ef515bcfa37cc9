//! Messages, and the log that every chat keeps of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::Notify;

use super::callback::CallbackAnswer;
use super::file::File;
use crate::html::FormattedText;
use crate::keyboard::{Markup, ReplyButton};

/// A chat: the private one of a person with a bot, or one that many share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ChatRef {
    Private { bot: i64, person: i64 },
    Room(i64),
}

impl ChatRef {
    /// The id by which the bots that are in it know the chat.
    pub(crate) fn id(self) -> i64 {
        match self {
            Self::Private { person, .. } => person,
            Self::Room(id) => id,
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A bot.
    Bot,
    /// A person.
    Person,
}

/// The account that wrote a message, also where it appears in the name of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) id: i64,
    pub(crate) by: By,
}

impl Sender {
    pub(crate) fn bot(id: i64) -> Self {
        Self { id, by: By::Bot }
    }

    pub(crate) fn person(id: i64) -> Self {
        Self { id, by: By::Person }
    }
}

/// What a message is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) body: Body,
    pub(crate) markup: Option<Markup>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Text(FormattedText),
    Media(Media),
    Service(Service),
}

/// A file with what is written under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) file: Arc<File>,
    pub(crate) caption: FormattedText,
    pub(crate) is_caption_above: bool,
    pub(crate) has_spoiler: bool,
}

impl Body {
    /// The same once more; None for service messages, which cannot be forwarded or copied.
    pub(crate) fn copied(&self) -> Option<Self> {
        match self {
            Self::Text(text) => Some(Self::Text(text.clone())),
            Self::Media(media) => Some(Self::Media(media.clone())),
            Self::Service(_) => None,
        }
    }

    /// As errors about rights call it.
    pub(crate) fn plural(&self) -> &'static str {
        match self {
            Self::Media(media) => media.file.kind().plural(),
            Self::Text(_) | Self::Service(_) => "text messages",
        }
    }
}

/// A message that nobody wrote: it tells what happened to the chat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Somebody came, by themselves or added by the sender.
    Joined(i64),
    /// Somebody left, or was removed by the sender.
    Left(i64),
    /// The chat has a new title.
    Title(String),
    /// The group became this supergroup; the last message in it.
    MigratedTo(i64),
    /// The supergroup was this group; the first message in it.
    MigratedFrom(i64),
    /// The sender chose these people for the bot that asked for some.
    UsersShared { request_id: i32, users: Vec<SharedUser> },
    /// The sender chose this chat for the bot that asked for one.
    ChatShared {
        request_id: i32,
        chat_id: i64,
        /// As far as the bot asked for it, and so on.
        title: Option<String>,
        username: Option<String>,
    },
}

/// Somebody chosen for a bot, with as much of their profile as it asked for.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SharedUser {
    pub(crate) user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
}

impl Content {
    pub(crate) fn of(text: FormattedText, markup: Option<Markup>) -> Self {
        Self {
            body: Body::Text(text),
            markup,
        }
    }

    /// What there is to read, a caption too, if it is not a service message.
    pub(crate) fn text(&self) -> Option<&FormattedText> {
        match &self.body {
            Body::Text(text) => Some(text),
            Body::Media(media) => Some(&media.caption),
            Body::Service(_) => None,
        }
    }

    pub(crate) fn media(&self) -> Option<&Media> {
        match &self.body {
            Body::Media(media) => Some(media),
            Body::Text(_) | Body::Service(_) => None,
        }
    }

    pub(crate) fn service(&self) -> Option<&Service> {
        match &self.body {
            Body::Service(service) => Some(service),
            Body::Text(_) | Body::Media(_) => None,
        }
    }
}

/// Where a forwarded message was first written, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// When it was first sent.
    pub date: DateTime<Utc>,
    /// By whom.
    #[serde(flatten)]
    pub source: OriginSource,
}

/// Who first wrote a forwarded message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginSource {
    /// A person or bot under their own name, by the id.
    User(i64),
    /// Somebody who does not let forwards lead to their account, by the name.
    HiddenUser(String),
    /// Somebody in the name of a group.
    Chat {
        /// The id of the group.
        room: i64,
        /// The author's title.
        signature: Option<String>,
    },
    /// A channel.
    Channel {
        /// The id of the channel.
        room: i64,
        /// The number of the post.
        message: i32,
        /// The author's name.
        signature: Option<String>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: i32,
    pub(crate) sender: Sender,
    /// It appears in the name of the chat: posts, and what anonymous administrators write.
    pub(crate) is_in_chats_name: bool,
    /// The author's name under a post of a channel that shows it.
    pub(crate) signature: Option<String>,
    pub(crate) date: DateTime<Utc>,
    pub(crate) edit_date: Option<DateTime<Utc>>,
    pub(crate) content: Arc<Content>,
    pub(crate) origin: Option<Arc<Origin>>,
    /// Shared by the messages of an album.
    pub(crate) media_group: Option<Arc<str>>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) is_protected: bool,
    /// What bots have put on it, by the bot.
    pub(crate) reactions: BTreeMap<i64, String>,
    /// When it was sent or last edited, in the world's count of changes.
    pub(crate) revision: u64,
}

/// A message that is about to be written.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) content: Content,
    pub(crate) origin: Option<Arc<Origin>>,
    pub(crate) media_group: Option<Arc<str>>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) is_protected: bool,
}

impl Draft {
    pub(crate) fn new(content: Content) -> Self {
        Self {
            content,
            origin: None,
            media_group: None,
            reply_to: None,
            is_protected: false,
        }
    }

    pub(super) fn service(service: Service) -> Self {
        Self::new(Content {
            body: Body::Service(service),
            markup: None,
        })
    }
}

/// Something that happened in a chat, for the transcript.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) who: i64,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Sent {
        content: Arc<Content>,
        origin: Option<Arc<Origin>>,
    },
    Edited(Arc<Content>),
    Deleted(Arc<Content>),
    /// With an emoji; none takes it back.
    Reacted(Option<String>),
    Pressed {
        label: String,
    },
    Answered(CallbackAnswer),
    Blocked {
        bot: i64,
    },
    Unblocked {
        bot: i64,
    },
    Deactivated,
    /// Somebody came, left, or got another standing, through `who`.
    Moved {
        user: i64,
        status: &'static str,
    },
    Asked,
    Withdrew,
    Declined {
        person: i64,
    },
}

/// A chat's messages and what else happened in it.
#[derive(Debug)]
pub(crate) struct Log {
    /// In the order of their ids.
    messages: Vec<Message>,
    events: Vec<Event>,
    /// Rung after every change in this chat.
    pub(crate) changed: Arc<Notify>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            messages: Vec::new(),
            events: Vec::new(),
            changed: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    pub(crate) fn message(&self, id: i32) -> Option<&Message> {
        self.position(id).map(|at| &self.messages[at])
    }

    /// The keyboard that stands in for the person's, if one does: the newest, unless it was taken
    /// away again.
    pub(crate) fn keyboard(&self) -> Option<&[Vec<ReplyButton>]> {
        let markups = self
            .messages
            .iter()
            .rev()
            .filter_map(|it| it.content.markup.as_ref());
        let mut keyboards = markups.filter_map(|markup| match markup {
            Markup::Keyboard(rows) => Some(Some(rows.as_slice())),
            Markup::RemoveKeyboard => Some(None),
            Markup::InlineKeyboard(_) | Markup::ForceReply => None,
        });
        keyboards.next().flatten()
    }

    fn position(&self, id: i32) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }

    /// Adds a message, whose id is greater than those before.
    pub(super) fn add(&mut self, message: Message) {
        let sent = What::Sent {
            content: Arc::clone(&message.content),
            origin: message.origin.clone(),
        };
        let who = message.sender.id;
        self.messages.push(message);
        self.note(who, sent);
    }

    /// Lets `who` give a message, if it is there, new content.
    pub(super) fn edit(&mut self, id: i32, who: i64, content: Content, now: DateTime<Utc>, revision: u64) {
        let Some(at) = self.position(id) else { return };
        let message = &mut self.messages[at];
        message.content = Arc::new(content);
        message.edit_date = Some(now);
        message.revision = revision;
        let edited = What::Edited(Arc::clone(&message.content));
        self.note(who, edited);
    }

    /// Lets `who` take a message away, if it is there.
    pub(crate) fn remove(&mut self, id: i32, who: i64) {
        if let Some(at) = self.position(id) {
            let message = self.messages.remove(at);
            self.note(who, What::Deleted(message.content));
        }
    }

    /// Lets a bot put an emoji on a message, or take it back.
    pub(crate) fn react(&mut self, id: i32, bot: i64, emoji: Option<String>) {
        let Some(at) = self.position(id) else { return };
        let reactions = &mut self.messages[at].reactions;
        match &emoji {
            Some(emoji) => reactions.insert(bot, emoji.clone()),
            None => reactions.remove(&bot),
        };
        self.note(bot, What::Reacted(emoji));
    }

    /// Writes down what happened and rings; the lock on the world keeps others from looking
    /// before the change is complete.
    pub(crate) fn note(&mut self, who: i64, what: What) {
        self.events.push(Event { who, what });
        self.changed.notify_waiters();
    }
}
