//! A message as people see it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::html::to_html;
use crate::keyboard::Markup;
use crate::state::{By, Log, MediaKind, Message, Origin};

/// A message in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number: unique among the bot's private messages, or in its group or channel.
    pub message_id: i32,
    /// Who wrote it.
    pub by: By,
    /// The id of that account; of a post too, where bots do not learn it.
    pub author_id: i64,
    /// What it says; what stands under the file, if there is one.
    pub text: String,
    /// The same as HTML, which parses to the same text and entities.
    pub html: String,
    /// The file in it.
    pub media: Option<Attachment>,
    /// Where it was forwarded from.
    pub origin: Option<Origin>,
    /// The keyboard under or beside it.
    pub keyboard: Option<Markup>,
    /// The emoji that bots have put on it.
    pub reactions: Vec<String>,
    /// It was changed after it was sent.
    pub is_edited: bool,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// What it was sent as.
    pub kind: MediaKind,
    /// Its name.
    pub file_name: Option<String>,
    /// The same in all messages of an album.
    pub album: Option<String>,
    /// It is covered until somebody taps on it.
    pub has_spoiler: bool,
    /// The text stands above it.
    pub is_text_above: bool,
}

impl Attachment {
    fn of(message: &Message) -> Option<Self> {
        let media = message.content.media()?;
        Some(Self {
            kind: media.file.kind(),
            file_name: media.file.facts.name.clone(),
            album: message.media_group.as_deref().map(str::to_owned),
            has_spoiler: media.has_spoiler,
            is_text_above: media.is_caption_above,
        })
    }
}

impl Entry {
    /// None for service messages, which nobody wrote.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        let text = message.content.text()?;
        Some(Self {
            message_id: message.id,
            by: message.sender.by,
            author_id: message.sender.id,
            text: text.text.clone(),
            html: to_html(text),
            media: Attachment::of(message),
            origin: message.origin.as_deref().cloned(),
            keyboard: message.content.markup.clone(),
            reactions: message.reactions.values().cloned().collect(),
            is_edited: message.edit_date.is_some(),
            sent_at: message.date,
        })
    }

    pub(crate) fn all(log: &Log) -> Vec<Self> {
        log.messages().iter().filter_map(Self::of).collect()
    }

    /// What is written on its buttons, row by row.
    #[must_use]
    pub fn labels(&self) -> Vec<Vec<&str>> {
        match &self.keyboard {
            Some(Markup::InlineKeyboard(rows)) => rows
                .iter()
                .map(|row| row.iter().map(|button| button.text.as_str()).collect())
                .collect(),
            Some(Markup::Keyboard(rows)) => rows
                .iter()
                .map(|row| row.iter().map(|button| button.text.as_str()).collect())
                .collect(),
            Some(Markup::RemoveKeyboard | Markup::ForceReply) | None => Vec::new(),
        }
    }
}
