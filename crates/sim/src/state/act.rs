//! What people do, and the updates that bots get of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::chat::{By, Content, Event, Message};
use super::queue::UpdateKind;
use super::view::{ChatView, MessageView, UserView, bot_view, to_json};
use super::{Profile, World};
use crate::html::{self, FormattedText, utf16_len};
use crate::keyboard::{Button, ButtonAction};

/// UTF-16 code units of a message; apps split what is longer.
const MAX_TEXT: usize = 4096;

/// Characters of what a deep link carries.
const MAX_PAYLOAD: usize = 64;

/// Bytes of callback data.
const MAX_DATA: usize = 64;

/// Why a person could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cannot {
    /// There is no such person or bot.
    #[error("there is no such person or bot")]
    NotThere,
    /// The account was deleted.
    #[error("this person's account is deleted")]
    Deactivated,
    /// The app does not let people write to a bot that they have blocked.
    #[error("this person has blocked the bot and must unblock it first")]
    Blocked,
    /// They have not blocked it.
    #[error("this person has not blocked the bot")]
    NotBlocked,
    /// There is nothing but space.
    #[error("a message needs a text")]
    Empty,
    /// An app would have split it into several messages.
    #[error("a message has 4096 UTF-16 code units at most")]
    TooLong,
    /// A deep link carries 1 to 64 of `A-Za-z0-9_-`.
    #[error("a deep link carries 1 to 64 characters of A-Z, a-z, 0-9, _ and -")]
    BadPayload,
    /// Callback data has 1 to 64 bytes.
    #[error("callback data has 1 to 64 bytes")]
    BadData,
    /// No message shows such a button.
    #[error("no button reads “{label}”; there are: {}", list(available))]
    NoSuchButton {
        /// What was looked for.
        label: String,
        /// The labels in sight, newest message first.
        available: Vec<String>,
    },
    /// The button does not call the bot.
    #[error("the button “{label}” does not call the bot but opens {target}")]
    NotACallback {
        /// What is written on it.
        label: String,
        /// What it opens, copies or begins.
        target: String,
    },
}

fn list(labels: &[String]) -> String {
    if labels.is_empty() {
        "none".into()
    } else {
        labels.join(" | ")
    }
}

/// A person who acts in their chat with a bot.
pub(crate) struct Act<'w> {
    world: &'w mut World,
    bot: i64,
    person: i64,
    now: DateTime<Utc>,
}

impl<'w> Act<'w> {
    /// Refuses those who are not there or whose account is deleted.
    pub(crate) fn begin(
        world: &'w mut World,
        bot: i64,
        person: i64,
        now: DateTime<Utc>,
    ) -> Result<Self, Cannot> {
        world.bot(bot).ok_or(Cannot::NotThere)?;
        if world.person(person).ok_or(Cannot::NotThere)?.is_deactivated {
            return Err(Cannot::Deactivated);
        }
        Ok(Self {
            world,
            bot,
            person,
            now,
        })
    }

    /// Writes to the bot, which starts it. Returns the id of the message.
    pub(crate) fn sends(&mut self, text: &str) -> Result<i32, Cannot> {
        let text = html::arrange(FormattedText {
            text: text.to_owned(),
            entities: Vec::new(),
        });
        if text.text.is_empty() {
            return Err(Cannot::Empty);
        }
        if utf16_len(&text.text) > MAX_TEXT {
            return Err(Cannot::TooLong);
        }
        if self
            .world
            .chat(self.bot, self.person)
            .is_some_and(|chat| chat.is_blocked)
        {
            return Err(Cannot::Blocked);
        }
        let message = self.add_message(Content { text, markup: None });
        let body = message.and_then(|id| super::message_json(self.world, self.bot, self.person, id));
        let (id, body) = message.zip(body).ok_or(Cannot::NotThere)?;
        self.deliver(UpdateKind::Message, &body);
        Ok(id)
    }

    /// Opens a link to the bot that carries a payload; unblocks it, as the app does.
    pub(crate) fn opens_link(&mut self, payload: &str) -> Result<i32, Cannot> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if payload.is_empty() || payload.len() > MAX_PAYLOAD || !payload.bytes().all(allowed) {
            return Err(Cannot::BadPayload);
        }
        if self
            .world
            .chat(self.bot, self.person)
            .is_some_and(|chat| chat.is_blocked)
        {
            self.unblocks()?;
        }
        self.sends(&format!("/start {payload}"))
    }

    /// Taps the button that reads `label`, or else contains it, on the newest message that has
    /// one. Returns the id of the callback query.
    pub(crate) fn presses(&mut self, label: &str) -> Result<i64, Cannot> {
        let (message, button) = self.find_button(label)?;
        let target = match button.action {
            ButtonAction::Callback(data) => return Ok(self.calls_back(Some(message), &data, button.text)),
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

    /// Sends callback data as if a button of the bot's newest message carried it, whether one
    /// does or not: what a stale or forged keyboard does.
    pub(crate) fn presses_data(&mut self, data: &str) -> Result<i64, Cannot> {
        if data.is_empty() || data.len() > MAX_DATA {
            return Err(Cannot::BadData);
        }
        let chat = self.world.chat(self.bot, self.person);
        let newest = chat
            .and_then(|chat| chat.messages().iter().rev().find(|m| m.by == By::Bot))
            .map(|m| m.id);
        Ok(self.calls_back(newest, data, data.to_owned()))
    }

    /// Blocks the bot; blocking twice changes nothing.
    pub(crate) fn blocks(&mut self) {
        if let Some(chat) = self.acting()
            && !std::mem::replace(&mut chat.is_blocked, true)
        {
            chat.note(Event::Blocked);
            self.membership("member", "kicked");
        }
    }

    /// Unblocks the bot.
    pub(crate) fn unblocks(&mut self) -> Result<(), Cannot> {
        let chat = self.acting().ok_or(Cannot::NotThere)?;
        if !std::mem::replace(&mut chat.is_blocked, false) {
            return Err(Cannot::NotBlocked);
        }
        chat.note(Event::Unblocked);
        self.membership("kicked", "member");
        Ok(())
    }

    /// Deletes the account, everywhere. Bots are not told.
    pub(crate) fn deactivates(&mut self) {
        if let Some(person) = self.world.person_mut(self.person) {
            person.is_deactivated = true;
        }
        for bot in &mut self.world.bots {
            if let Some(chat) = bot.chats.get_mut(&self.person) {
                chat.note(Event::Deactivated);
            }
        }
    }

    /// Changes name, username or language.
    pub(crate) fn renames(&mut self, profile: Profile) {
        if let Some(person) = self.world.person_mut(self.person) {
            person.profile = profile;
        }
    }

    /// Comes to the bot's knowledge without writing to it, as by a common group.
    pub(crate) fn meets(&mut self) {
        if let Some(bot) = self.world.bot_mut(self.bot) {
            bot.chat_with(self.person);
        }
    }

    /// The chat, noting that the person acts in it.
    fn acting(&mut self) -> Option<&mut super::PrivateChat> {
        let revision = self.world.next_revision();
        let chat = self.world.bot_mut(self.bot)?.chat_with(self.person);
        chat.acted = revision;
        chat.read = revision;
        Some(chat)
    }

    fn add_message(&mut self, content: Content) -> Option<i32> {
        let chat = self.acting()?;
        chat.is_started = true;
        let revision = chat.acted;
        let bot = self.world.bot_mut(self.bot)?;
        let id = bot.next_message_id();
        bot.chat_with(self.person).add(Message {
            id,
            by: By::Person,
            date: self.now,
            edit_date: None,
            content: Arc::new(content),
            reply_to: None,
            is_protected: false,
            revision,
        });
        Some(id)
    }

    fn find_button(&self, label: &str) -> Result<(i32, Button), Cannot> {
        let mut available = Vec::new();
        let messages = self
            .world
            .chat(self.bot, self.person)
            .map_or(&[][..], |chat| chat.messages());
        for message in messages.iter().rev() {
            let rows = message
                .content
                .markup
                .as_ref()
                .and_then(|markup| markup.inline())
                .unwrap_or(&[]);
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

    fn calls_back(&mut self, message: Option<i32>, data: &str, label: String) -> i64 {
        let (now, person) = (self.now, self.person);
        if let Some(chat) = self.acting() {
            chat.note(Event::Pressed { label });
        }
        let Some(bot) = self.world.bot_mut(self.bot) else {
            return 0;
        };
        let id = bot.callbacks.open(person, now);
        if let Some(body) = self.callback_json(id, message, data) {
            self.deliver(UpdateKind::CallbackQuery, &body);
        }
        id
    }

    fn callback_json(&self, id: i64, message: Option<i32>, data: &str) -> Option<String> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Pressed<'a> {
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
            message: Pressed<'a>,
            chat_instance: String,
            data: &'a str,
        }
        let world = &*self.world;
        let bot = world.bot(self.bot)?;
        let person = world.person(self.person)?;
        let chat = bot.chats.get(&self.person)?;
        let message = match message.and_then(|id| chat.message(id)) {
            Some(message) => Pressed::Message(Box::new(MessageView::of(world, bot, person, chat, message))),
            None => Pressed::Inaccessible {
                message_id: 1,
                chat: ChatView::of(person),
                date: 0,
            },
        };
        Some(to_json(&CallbackView {
            id: id.to_string(),
            from: UserView::of(person),
            message,
            chat_instance: chat.instance.to_string(),
            data,
        }))
    }

    /// Tells the bot how it now stands in the chat.
    fn membership(&mut self, old: &'static str, new: &'static str) {
        #[derive(Serialize)]
        struct MemberView<'a> {
            user: UserView<'a>,
            status: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            until_date: Option<i64>,
        }
        #[derive(Serialize)]
        struct MembershipView<'a> {
            chat: ChatView<'a>,
            from: UserView<'a>,
            date: i64,
            old_chat_member: MemberView<'a>,
            new_chat_member: MemberView<'a>,
        }
        let Some((bot, person)) = self.world.bot(self.bot).zip(self.world.person(self.person)) else {
            return;
        };
        let member = |status| MemberView {
            user: bot_view(bot),
            status,
            until_date: (status == "kicked").then_some(0),
        };
        let body = to_json(&MembershipView {
            chat: ChatView::of(person),
            from: UserView::of(person),
            date: self.now.timestamp(),
            old_chat_member: member(old),
            new_chat_member: member(new),
        });
        self.deliver(UpdateKind::MyChatMember, &body);
    }

    fn deliver(&mut self, kind: UpdateKind, body: &str) {
        let now = self.now;
        if let Some(bot) = self.world.bot_mut(self.bot) {
            bot.deliver(kind, body, now);
        }
    }
}
