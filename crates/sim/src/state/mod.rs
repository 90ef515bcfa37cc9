//! The world: bots, people, and the chats between them. No HTTP and no waiting happens here.

mod act;
mod bot;
mod callback;
mod chat;
mod person;
mod queue;
mod view;

use std::collections::HashMap;

pub(crate) use act::Act;
pub use act::Cannot;
pub(crate) use bot::{Bot, BotCommand};
pub use callback::CallbackAnswer;
pub use chat::By;
pub(crate) use chat::{Content, Event, Message, PrivateChat};
pub(crate) use person::PersonRecord;
pub use person::Profile;
pub(crate) use queue::AllowedUpdates;
pub(crate) use view::{UserView, bot_view, message_json, to_json};

/// The first person's id: beyond 32 bits, since real ids are.
const FIRST_PERSON: i64 = 5_000_000_001;

/// The first bot's id.
const FIRST_BOT: i64 = 7_000_000_001;

#[derive(Debug)]
pub(crate) struct World {
    /// In the order in which they were made.
    bots: Vec<Bot>,
    people: HashMap<i64, PersonRecord>,
    next_person: i64,
    /// Grows with everything that becomes visible in a chat.
    revision: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            bots: Vec::new(),
            people: HashMap::new(),
            next_person: FIRST_PERSON,
            revision: 0,
        }
    }

    /// Adds a bot; without a token it gets a fresh one. None if the token is impossible or taken,
    /// or the username is taken.
    pub(crate) fn add_bot(
        &mut self,
        token: Option<String>,
        username: String,
        first_name: String,
    ) -> Option<&Bot> {
        let next_id = self
            .bots
            .iter()
            .map(|bot| bot.id + 1)
            .max()
            .unwrap_or(FIRST_BOT)
            .max(FIRST_BOT);
        let token = token.unwrap_or_else(|| bot::fresh_token(next_id));
        let id = bot::id_of_token(&token).ok()?;
        let taken = self
            .bots
            .iter()
            .any(|b| b.id == id || b.username.eq_ignore_ascii_case(&username));
        if taken || !bot::has_valid_secret(&token) {
            return None;
        }
        self.bots.push(Bot::new(id, token, username, first_name));
        self.bots.last()
    }

    pub(crate) fn bots(&self) -> &[Bot] {
        &self.bots
    }

    pub(crate) fn bot(&self, id: i64) -> Option<&Bot> {
        self.bots.iter().find(|bot| bot.id == id)
    }

    pub(crate) fn bot_mut(&mut self, id: i64) -> Option<&mut Bot> {
        self.bots.iter_mut().find(|bot| bot.id == id)
    }

    /// The bot that a token belongs to.
    pub(crate) fn authorise(&self, token: &str) -> Result<i64, crate::error::ApiError> {
        let id = bot::id_of_token(token)?;
        match self.bot(id) {
            Some(bot) if bot.token == token => Ok(id),
            _ => Err(crate::error::ApiError::unauthorized()),
        }
    }

    /// Adds a person, under a new id if the profile names none. None if that id is taken.
    pub(crate) fn add_person(&mut self, id: Option<i64>, profile: Profile) -> Option<i64> {
        let id = id.unwrap_or(self.next_person);
        if id <= 0 || self.people.contains_key(&id) {
            return None;
        }
        self.next_person = self.next_person.max(id + 1);
        self.people.insert(
            id,
            PersonRecord {
                id,
                profile,
                is_deactivated: false,
            },
        );
        Some(id)
    }

    pub(crate) fn person(&self, id: i64) -> Option<&PersonRecord> {
        self.people.get(&id)
    }

    pub(crate) fn person_mut(&mut self, id: i64) -> Option<&mut PersonRecord> {
        self.people.get_mut(&id)
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &PersonRecord> {
        self.people.values()
    }

    /// The chat of a person with a bot, if the bot has ever heard of that person.
    pub(crate) fn chat(&self, bot: i64, person: i64) -> Option<&PrivateChat> {
        self.bot(bot)?.chats.get(&person)
    }

    pub(crate) fn chat_mut(&mut self, bot: i64, person: i64) -> Option<&mut PrivateChat> {
        self.bot_mut(bot)?.chats.get_mut(&person)
    }

    pub(crate) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }
}
