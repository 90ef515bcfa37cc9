//! A private chat: its messages and what else happened in it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::Notify;

use super::callback::CallbackAnswer;
use crate::html::FormattedText;
use crate::keyboard::Markup;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The bot.
    Bot,
    /// The person.
    Person,
}

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) text: FormattedText,
    pub(crate) markup: Option<Markup>,
}

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: i32,
    pub(crate) by: By,
    pub(crate) date: DateTime<Utc>,
    pub(crate) edit_date: Option<DateTime<Utc>>,
    pub(crate) content: Arc<Content>,
    pub(crate) reply_to: Option<i32>,
    pub(crate) is_protected: bool,
    /// When it was sent or last edited, in the world's count of changes.
    pub(crate) revision: u64,
}

/// Something that happened in a chat, for the transcript.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Sent { by: By, content: Arc<Content> },
    Edited { content: Arc<Content> },
    Pressed { label: String },
    Answered(CallbackAnswer),
    Blocked,
    Unblocked,
    Deactivated,
}

#[derive(Debug)]
pub(crate) struct PrivateChat {
    /// In the order of their ids.
    messages: Vec<Message>,
    pub(crate) events: Vec<Event>,
    /// The person has written to the bot; before that the bot may not write.
    pub(crate) is_started: bool,
    pub(crate) is_blocked: bool,
    pub(crate) last_answer: Option<CallbackAnswer>,
    /// The revision of the person's last act.
    pub(crate) acted: u64,
    /// The revision up to which the person has read on.
    pub(crate) read: u64,
    /// `chat_instance` of callback queries.
    pub(crate) instance: i64,
    /// Rung after every change in this chat.
    pub(crate) changed: Arc<Notify>,
}

impl PrivateChat {
    pub(crate) fn new() -> Self {
        Self {
            messages: Vec::new(),
            events: Vec::new(),
            is_started: false,
            is_blocked: false,
            last_answer: None,
            acted: 0,
            read: 0,
            instance: rand::random(),
            changed: Arc::new(Notify::new()),
        }
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn message(&self, id: i32) -> Option<&Message> {
        let at = self
            .messages
            .binary_search_by_key(&id, |message| message.id)
            .ok()?;
        self.messages.get(at)
    }

    /// Adds a message, whose id is greater than those before.
    pub(crate) fn add(&mut self, message: Message) {
        self.note(Event::Sent {
            by: message.by,
            content: Arc::clone(&message.content),
        });
        self.messages.push(message);
    }

    /// Gives a message, if it is there, new content.
    pub(crate) fn edit(&mut self, id: i32, content: Content, now: DateTime<Utc>, revision: u64) {
        let Ok(at) = self.messages.binary_search_by_key(&id, |message| message.id) else {
            return;
        };
        let message = &mut self.messages[at];
        message.content = Arc::new(content);
        message.edit_date = Some(now);
        message.revision = revision;
        let content = Arc::clone(&message.content);
        self.note(Event::Edited { content });
    }

    /// Writes down what happened and rings; the lock on the world keeps others from looking
    /// before the change is complete.
    pub(crate) fn note(&mut self, event: Event) {
        self.events.push(event);
        self.changed.notify_waiters();
    }
}
