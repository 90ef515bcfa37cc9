//! A chat as a person sees it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::html::to_html;
use crate::keyboard::Markup;
use crate::state::{By, Message, PrivateChat};

/// A message in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, unique among the bot's private messages.
    pub message_id: i32,
    /// Who wrote it.
    pub by: By,
    /// What it says.
    pub text: String,
    /// The same as HTML, which parses to the same text and entities.
    pub html: String,
    /// The keyboard under or beside it.
    pub keyboard: Option<Markup>,
    /// It was changed after it was sent.
    pub is_edited: bool,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

impl Entry {
    pub(crate) fn of(message: &Message) -> Self {
        let content = &message.content;
        Self {
            message_id: message.id,
            by: message.by,
            text: content.text.text.clone(),
            html: to_html(&content.text),
            keyboard: content.markup.clone(),
            is_edited: message.edit_date.is_some(),
            sent_at: message.date,
        }
    }

    pub(crate) fn all(chat: &PrivateChat) -> Vec<Self> {
        chat.messages().iter().map(Self::of).collect()
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
                .map(|row| row.iter().map(String::as_str).collect())
                .collect(),
            Some(Markup::RemoveKeyboard | Markup::ForceReply) | None => Vec::new(),
        }
    }
}
