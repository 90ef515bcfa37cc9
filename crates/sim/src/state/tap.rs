//! Taps on buttons, wherever the message with the button is.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::World;
use super::act::Cannot;
use super::message::{ChatRef, Log, Message, What};
use super::queue::UpdateKind;
use super::view::{ChatView, MessageView, UserView, to_json};
use crate::keyboard::{Button, ButtonAction};

/// Finds the button that reads `label`, or else contains it, on the newest message that has one.
/// Returns that message, the data that the button carries and what is written on it.
pub(super) fn find_callback(log: Option<&Log>, label: &str) -> Result<(i32, String, String), Cannot> {
    let (message, button) = find_button(log, label)?;
    let target = match button.action {
        ButtonAction::Callback(data) => return Ok((message, data, button.text)),
        ButtonAction::Url(url) | ButtonAction::WebApp(url) => url,
        ButtonAction::CopyText(text) => format!("the clipboard for “{text}”"),
        ButtonAction::SwitchInline { query, .. } => format!("an inline query “{query}”"),
        ButtonAction::Unavailable(what) => what.to_owned(),
    };
    Err(Cannot::NotACallback {
        label: button.text,
        target,
    })
}

/// What is written on the button of a message that carries this data; the data themselves if none
/// does.
pub(super) fn label_of(message: Option<&Message>, data: &str) -> String {
    let markup = message.and_then(|message| message.content.markup.as_ref());
    let rows = markup.and_then(|markup| markup.inline()).unwrap_or(&[]);
    let carries = |button: &&Button| matches!(&button.action, ButtonAction::Callback(it) if it == data);
    let button = rows.iter().flatten().find(carries);
    button.map_or(data, |button| &button.text).to_owned()
}

fn find_button(log: Option<&Log>, label: &str) -> Result<(i32, Button), Cannot> {
    let mut available = Vec::new();
    for message in log.map_or(&[][..], Log::messages).iter().rev() {
        let markup = message.content.markup.as_ref();
        let rows = markup.and_then(|markup| markup.inline()).unwrap_or(&[]);
        let buttons = || rows.iter().flatten();
        let exact = buttons().find(|button| button.text == label);
        if let Some(button) = exact.or_else(|| buttons().find(|button| button.text.contains(label))) {
            return Ok((message.id, button.clone()));
        }
        available.extend(buttons().map(|button| button.text.clone()));
    }
    Err(Cannot::NoSuchButton {
        label: label.to_owned(),
        available,
    })
}

/// A tap by `person` on a message in `chat`, which is the bot's; or on one that is no longer
/// there, whose number need not be known.
pub(super) struct Tap<'a> {
    pub(super) bot: i64,
    pub(super) person: i64,
    pub(super) chat: ChatRef,
    pub(super) message: Option<i32>,
    pub(super) data: &'a str,
    pub(super) label: String,
}

impl World {
    /// Opens a callback query and tells the bot. Returns its id; None if there is no such bot.
    pub(super) fn tap(&mut self, tap: Tap<'_>, now: DateTime<Utc>) -> Option<i64> {
        let label = tap.label.clone();
        self.log_mut(tap.chat)?.note(tap.person, What::Pressed { label });
        let callbacks = &mut self.bot_mut(tap.bot)?.callbacks;
        let id = callbacks.open(tap.person, tap.chat, tap.message, now);
        let body = self.callback_json(id, &tap)?;
        self.deliver(tap.bot, UpdateKind::CallbackQuery, tap.person, &body, now);
        self.introduce(tap.bot, tap.person);
        Some(id)
    }

    fn callback_json(&self, id: i64, tap: &Tap<'_>) -> Option<String> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Tapped<'a> {
            Message(Box<MessageView<'a>>),
            Inaccessible {
                message_id: i32,
                chat: ChatView<'a>,
                date: i64,
            },
        }
        #[derive(Serialize)]
        struct CallbackView<'a> {
            id: String,
            from: UserView<'a>,
            message: Tapped<'a>,
            chat_instance: String,
            data: &'a str,
        }
        let chat = tap.chat;
        let message = match tap.message.and_then(|id| self.log(chat)?.message(id)) {
            Some(message) => Tapped::Message(Box::new(MessageView::of(self, tap.bot, chat, message)?)),
            None => Tapped::Inaccessible {
                message_id: tap.message.unwrap_or(1),
                chat: ChatView::of(self, chat)?,
                date: 0,
            },
        };
        let instance = match chat {
            ChatRef::Private { bot, person } => self.private(bot, person)?.instance,
            ChatRef::Room(room) => self.room(room)?.instance,
        };
        Some(to_json(&CallbackView {
            id: id.to_string(),
            from: UserView::of(self, tap.person)?,
            message,
            chat_instance: instance.to_string(),
            data: tap.data,
        }))
    }
}
