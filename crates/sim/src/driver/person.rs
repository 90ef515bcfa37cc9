//! A person, as whoever acts as them.

use std::sync::Arc;
use std::time::Duration;

use super::wait::{Unheard, wait_on};
use super::{By, CallbackAnswer, Cannot, Entry, Profile, sim};
use crate::shared::Shared;
use crate::state::{Act, Message, PrivateChat};
use crate::window::have_seen_all;

/// A person in their chat with one bot. Clones are the same person.
#[derive(Debug, Clone)]
pub struct Person {
    pub(super) shared: Arc<Shared>,
    bot: i64,
    pub(super) id: i64,
}

impl Person {
    pub(crate) fn new(shared: Arc<Shared>, bot: i64, id: i64) -> Self {
        Self { shared, bot, id }
    }

    /// The person's user id, which is also the id of their private chats.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The same person in their chat with another bot.
    #[must_use]
    pub fn with_bot(&self, bot_id: i64) -> Self {
        Self {
            bot: bot_id,
            ..self.clone()
        }
    }

    /// Reads all that there is to read: on the page nothing is unread.
    pub fn reads_all(&self) {
        have_seen_all(&mut self.shared.world(), self.id, self.shared.clock.now());
        self.shared.ring();
    }

    /// Gives whoever plays them a word on who they are. Bots never see it.
    pub fn is_noted(&self, note: &str) {
        if let Some(person) = self.shared.world().person_mut(self.id) {
            person.note = Some(note.to_owned());
        }
        self.shared.ring();
    }

    /// What the person shows of themselves.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let world = self.shared.world();
        world
            .person(self.id)
            .expect("people are never removed")
            .profile
            .clone()
    }

    /// Writes to the bot. Returns the id of the message.
    ///
    /// # Errors
    /// [`Cannot`] when the app would not let them.
    pub fn sends(&self, text: &str) -> Result<i32, Cannot> {
        self.act(|act| act.sends(text))?
    }

    /// Opens `t.me/<bot>?start=<payload>` and presses Start, unblocking the bot if need be.
    ///
    /// # Errors
    /// [`Cannot`] when such a link cannot be.
    pub fn opens_link(&self, payload: &str) -> Result<i32, Cannot> {
        self.act(|act| act.opens_link(payload))?
    }

    /// Taps the button that reads `label`, or else contains it, on the newest message with one.
    ///
    /// # Errors
    /// [`Cannot::NoSuchButton`], which lists the buttons in sight, or another [`Cannot`].
    pub fn presses(&self, label: &str) -> Result<Press, Cannot> {
        let id = self.act(|act| act.presses(label))??;
        Ok(Press {
            person: self.clone(),
            id,
        })
    }

    /// Sends callback data as if the bot's newest message carried it: a stale or forged button.
    ///
    /// # Errors
    /// [`Cannot::BadData`] when no button could carry it.
    pub fn presses_data(&self, data: &str) -> Result<Press, Cannot> {
        let id = self.act(|act| act.presses_data(data))??;
        Ok(Press {
            person: self.clone(),
            id,
        })
    }

    /// Blocks the bot.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`].
    pub fn blocks_bot(&self) -> Result<(), Cannot> {
        self.act(|act| act.blocks())
    }

    /// Unblocks the bot.
    ///
    /// # Errors
    /// [`Cannot::NotBlocked`] or [`Cannot::Deactivated`].
    pub fn unblocks_bot(&self) -> Result<(), Cannot> {
        self.act(|act| act.unblocks())?
    }

    /// Deletes their account. Bots are not told.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`] when it is deleted already.
    pub fn deactivates(&self) -> Result<(), Cannot> {
        self.act(|act| act.deactivates())
    }

    /// Changes what they show of themselves.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`].
    pub fn renames(&self, profile: Profile) -> Result<(), Cannot> {
        self.act(|act| act.renames(profile))
    }

    /// Comes to the bot's knowledge without having started it, as by a common group: from now
    /// on it may not write to them, while before it could not find them.
    ///
    /// # Errors
    /// [`Cannot::Deactivated`].
    pub fn meets_bot(&self) -> Result<(), Cannot> {
        self.act(|act| act.meets())
    }

    /// The chat, oldest message first.
    #[must_use]
    pub fn chat(&self) -> Vec<Entry> {
        self.shared
            .world()
            .private(self.bot, self.id)
            .map(|chat| Entry::all(&chat.log))
            .unwrap_or_default()
    }

    /// The newest message of the bot.
    #[must_use]
    pub fn last_message(&self) -> Option<Entry> {
        let world = self.shared.world();
        let chat = world.private(self.bot, self.id)?;
        let messages = chat.log.messages().iter().rev();
        messages
            .filter(|message| message.sender.by == By::Bot)
            .find_map(Entry::of)
    }

    /// The newest answer to a tap.
    #[must_use]
    pub fn last_answer(&self) -> Option<CallbackAnswer> {
        self.shared
            .world()
            .private(self.bot, self.id)?
            .last_answer
            .clone()
    }

    /// Everything that happened in the chat, as a text to read.
    #[must_use]
    pub fn transcript(&self) -> String {
        sim::chat_transcript(&self.shared.world(), self.bot, self.id)
    }

    /// Waits for a message of the bot, sent or edited since the person last did something, that
    /// contains `fragment`.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out.
    pub async fn hears(&self, fragment: &str) -> Result<Entry, Unheard> {
        self.hears_within(fragment, self.shared.patience).await
    }

    pub(crate) async fn hears_within(&self, fragment: &str, patience: Duration) -> Result<Entry, Unheard> {
        let awaited = format!("a message with “{fragment}”");
        self.wait(&awaited, patience, |chat| {
            let mut news = by_bot_since(chat, chat.acted).filter_map(Entry::of);
            news.find(|entry| entry.text.contains(fragment))
        })
        .await
    }

    /// Waits for the next thing that the bot says, in a new message or by an edit: the first
    /// since the person last did something, or after the one that this returned before.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out.
    pub async fn next_answer(&self) -> Result<Entry, Unheard> {
        self.next_answer_within(self.shared.patience).await
    }

    pub(crate) async fn next_answer_within(&self, patience: Duration) -> Result<Entry, Unheard> {
        self.wait("the bot's next message", patience, |chat| {
            let next = by_bot_since(chat, chat.read).min_by_key(|message| message.revision)?;
            let (entry, revision) = (Entry::of(next), next.revision);
            chat.read = revision;
            entry
        })
        .await
    }

    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Act<'_>) -> T) -> Result<T, Cannot> {
        let done = {
            let mut world = self.shared.world();
            let mut actor = Act::begin(&mut world, self.bot, self.id, self.shared.clock.now())?;
            act(&mut actor)
        };
        self.shared.ring();
        Ok(done)
    }

    /// Waits on the bell of this chat alone, so that thousands may wait at once.
    async fn wait<T>(
        &self,
        awaited: &str,
        patience: Duration,
        mut look: impl FnMut(&mut PrivateChat) -> Option<T>,
    ) -> Result<T, Unheard> {
        let unheard = || Unheard {
            awaited: awaited.to_owned(),
            patience,
            transcript: self.transcript(),
        };
        let bell = {
            let mut world = self.shared.world();
            let chat = world
                .private_mut(self.bot, self.id)
                .ok_or_else(unheard_before_meeting(awaited, patience))?;
            Arc::clone(&chat.log.changed)
        };
        let look = || {
            self.shared
                .world()
                .private_mut(self.bot, self.id)
                .and_then(&mut look)
        };
        wait_on(&bell, patience, &self.shared.stop, look)
            .await
            .ok_or_else(unheard)
    }
}

/// What the bot said in new messages or by edits after a revision.
fn by_bot_since(chat: &PrivateChat, revision: u64) -> impl Iterator<Item = &Message> {
    let messages = chat.log.messages().iter();
    messages.filter(move |m| m.sender.by == By::Bot && m.revision > revision)
}

/// Who never wrote to the bot cannot hear from it, so there is nothing to wait for.
fn unheard_before_meeting(awaited: &str, patience: Duration) -> impl FnOnce() -> Unheard {
    let awaited = awaited.to_owned();
    move || Unheard {
        awaited,
        patience,
        transcript: "(the bot has never heard of this person)\n".into(),
    }
}

/// A tap on a button.
#[derive(Debug, Clone)]
pub struct Press {
    person: Person,
    id: i64,
}

impl Press {
    /// The id of the callback query, as the bot gets it.
    #[must_use]
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Waits for the bot's answer to the tap, which may be empty.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out.
    pub async fn answer(&self) -> Result<CallbackAnswer, Unheard> {
        self.answer_within(self.person.shared.patience).await
    }

    pub(crate) async fn answer_within(&self, patience: Duration) -> Result<CallbackAnswer, Unheard> {
        let Person { shared, bot, .. } = &self.person;
        let bell = {
            let world = shared.world();
            let query = world.bot(*bot).and_then(|bot| bot.callbacks.get(self.id));
            let log = query.and_then(|query| world.log(query.chat));
            log.map(|log| Arc::clone(&log.changed))
        };
        let look = || shared.world().bot(*bot)?.callbacks.get(self.id)?.answer.clone();
        let answer = match bell {
            Some(bell) => wait_on(&bell, patience, &shared.stop, look).await,
            None => None,
        };
        answer.ok_or_else(|| Unheard {
            awaited: "an answer to the tap".into(),
            patience,
            transcript: self.person.transcript(),
        })
    }

    pub(crate) fn by_id(person: Person, id: i64) -> Self {
        Self { person, id }
    }
}
