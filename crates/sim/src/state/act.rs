//! What people do, and the updates that bots get of it.

use chrono::{DateTime, Utc};

use super::member::Status;
use super::message::{By, ChatRef, Content, Draft, Sender, What};
use super::queue::UpdateKind;
use super::tap::{Tap, find_callback};
use super::view::{MemberUpdateView, to_json};
use super::{Profile, World};
use crate::html::{self, FormattedText, utf16_len};

/// UTF-16 code units of a message; apps split what is longer.
const MAX_TEXT: usize = 4096;

/// UTF-16 code units of what stands under a file.
const MAX_CAPTION: usize = 1024;

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
    /// An app would have split it into several messages, or not have let it be typed.
    #[error("a message has 4096 UTF-16 code units at most, a caption 1024")]
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
    /// There is no such message.
    #[error("there is no such message")]
    NoSuchMessage,
    /// They are not in the chat.
    #[error("they are not in this chat")]
    NotIn,
    /// They are in the chat.
    #[error("they are in this chat already")]
    AlreadyIn,
    /// They may not do that in the chat.
    #[error("this person may not do that in this chat")]
    NoRight,
    /// That makes no sense in such a chat.
    #[error("this cannot be done in such a chat")]
    NotHere,
    /// They were removed for good.
    #[error("they are banned from this chat")]
    Banned,
    /// The address leads nowhere, or no longer.
    #[error("this link does not lead anywhere")]
    BadLink,
    /// The link or the public chat only lets them ask.
    #[error("one has to ask to join this chat")]
    MustAsk,
    /// The link or the public chat lets them in.
    #[error("one need not ask to join this chat")]
    NeedNotAsk,
    /// Their request is still open.
    #[error("this person has asked already")]
    AlreadyAsked,
    /// They have no open request.
    #[error("this person has not asked to join")]
    NotAsked,
    /// They are in as many chats as Telegram lets anybody be.
    #[error("this person is in too many chats")]
    TooManyRooms,
    /// The author or the chat does not let anybody forward it.
    #[error("this message is protected from being forwarded")]
    Protected,
    /// No button beside the chat asks for that under this id.
    #[error("no keyboard in force has a button that asks for this")]
    NoSuchRequest,
    /// The app would not offer it.
    #[error("this is not among what the button lets one choose")]
    DoesNotFit,
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
    pub(super) world: &'w mut World,
    pub(super) bot: i64,
    pub(super) person: i64,
    pub(super) now: DateTime<Utc>,
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
        self.says(Draft::new(typed(text)?))
    }

    /// Writes anything to the bot, which starts it.
    pub(super) fn says(&mut self, draft: Draft) -> Result<i32, Cannot> {
        if self.is_blocked() {
            return Err(Cannot::Blocked);
        }
        let chat = self.acting().ok_or(Cannot::NotThere)?;
        chat.is_started = true;
        let (chat, sender) = (self.chat(), Sender::person(self.person));
        let message = self.world.write(chat, sender, draft, self.now);
        message.ok_or(Cannot::NotThere)
    }

    /// Opens a link to the bot that carries a payload; unblocks it, as the app does.
    pub(crate) fn opens_link(&mut self, payload: &str) -> Result<i32, Cannot> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if payload.is_empty() || payload.len() > MAX_PAYLOAD || !payload.bytes().all(allowed) {
            return Err(Cannot::BadPayload);
        }
        if self.is_blocked() {
            self.unblocks()?;
        }
        self.sends(&format!("/start {payload}"))
    }

    /// Taps the button that reads `label`, or else contains it, on the newest message that has
    /// one. Returns the id of the callback query.
    pub(crate) fn presses(&mut self, label: &str) -> Result<i64, Cannot> {
        let (message, data, label) = find_callback(self.world.log(self.chat()), label)?;
        self.taps(Some(message), &data, label)
    }

    /// Sends callback data as if a button of the bot's newest message carried it, whether one
    /// does or not: what a stale or forged keyboard does.
    pub(crate) fn presses_data(&mut self, data: &str) -> Result<i64, Cannot> {
        check_data(data)?;
        let log = self.world.log(self.chat());
        let newest = log
            .and_then(|log| log.messages().iter().rev().find(|m| m.sender.by == By::Bot))
            .map(|m| m.id);
        self.taps(newest, data, data.to_owned())
    }

    /// Blocks the bot; blocking twice changes nothing.
    pub(crate) fn blocks(&mut self) {
        let (bot, person) = (self.bot, self.person);
        if let Some(chat) = self.acting()
            && !std::mem::replace(&mut chat.is_blocked, true)
        {
            chat.log.note(person, What::Blocked { bot });
            self.membership([&Status::Member, &Status::Kicked { until: None }]);
        }
    }

    /// Unblocks the bot.
    pub(crate) fn unblocks(&mut self) -> Result<(), Cannot> {
        let (bot, person) = (self.bot, self.person);
        let chat = self.acting().ok_or(Cannot::NotThere)?;
        if !std::mem::replace(&mut chat.is_blocked, false) {
            return Err(Cannot::NotBlocked);
        }
        chat.log.note(person, What::Unblocked { bot });
        self.membership([&Status::Kicked { until: None }, &Status::Member]);
        Ok(())
    }

    /// Deletes the account, everywhere. Bots are not told.
    pub(crate) fn deactivates(&mut self) {
        if let Some(person) = self.world.person_mut(self.person) {
            person.is_deactivated = true;
        }
        for bot in &mut self.world.bots {
            if let Some(chat) = bot.chats.get_mut(&self.person) {
                chat.log.note(self.person, What::Deactivated);
            }
        }
        for room in self.world.rooms.values_mut() {
            if room.status(self.person, self.now).is_present() {
                room.log.note(self.person, What::Deactivated);
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

    pub(super) fn chat(&self) -> ChatRef {
        ChatRef::Private {
            bot: self.bot,
            person: self.person,
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        let chat = self.world.private(self.bot, self.person);
        chat.is_some_and(|chat| chat.is_blocked)
    }

    /// The chat, noting that the person acts in it.
    pub(super) fn acting(&mut self) -> Option<&mut super::PrivateChat> {
        let revision = self.world.next_revision();
        let chat = self.world.bot_mut(self.bot)?.chat_with(self.person);
        chat.acts(revision);
        Some(chat)
    }

    pub(super) fn taps(&mut self, message: Option<i32>, data: &str, label: String) -> Result<i64, Cannot> {
        self.acting().ok_or(Cannot::NotThere)?;
        let tap = Tap {
            bot: self.bot,
            person: self.person,
            chat: self.chat(),
            message,
            data,
            label,
        };
        self.world.tap(tap, self.now).ok_or(Cannot::NotThere)
    }

    /// Tells the bot how it now stands in the chat.
    fn membership(&mut self, change: [&Status; 2]) {
        let view = MemberUpdateView::in_private(self.world, self.bot, self.person, change, self.now);
        if let Some(body) = view.map(|view| to_json(&view)) {
            self.world
                .deliver(self.bot, UpdateKind::MyChatMember, self.person, &body, self.now);
        }
    }
}

/// Whether a button can carry this.
pub(super) fn check_data(data: &str) -> Result<(), Cannot> {
    if data.is_empty() || data.len() > MAX_DATA {
        return Err(Cannot::BadData);
    }
    Ok(())
}

/// What an app makes of what a person types.
pub(super) fn typed(text: &str) -> Result<Content, Cannot> {
    let text = arranged(text, MAX_TEXT)?;
    if text.text.is_empty() {
        return Err(Cannot::Empty);
    }
    Ok(Content::of(text, None))
}

/// What an app makes of what a person types under a file.
pub(super) fn caption(text: &str) -> Result<FormattedText, Cannot> {
    arranged(text, MAX_CAPTION)
}

fn arranged(text: &str, limit: usize) -> Result<FormattedText, Cannot> {
    let text = html::arrange(FormattedText {
        text: text.to_owned(),
        entities: Vec::new(),
    });
    if utf16_len(&text.text) > limit {
        return Err(Cannot::TooLong);
    }
    Ok(text)
}
