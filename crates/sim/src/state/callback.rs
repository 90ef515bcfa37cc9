//! Callback queries: what a tap on a button starts.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::message::ChatRef;

/// How long a tap may be answered. The real limit is not published; this is how long the
/// update itself lives.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::seconds(150);

/// What a bot answered to a tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallbackAnswer {
    /// The notice, if there is one.
    pub text: Option<String>,
    /// The notice is a dialogue that has to be closed, instead of a passing line.
    pub show_alert: bool,
    /// An address to open.
    pub url: Option<String>,
}

#[derive(Debug)]
pub(crate) struct CallbackQuery {
    pub(crate) person: i64,
    /// Where they tapped.
    pub(crate) chat: ChatRef,
    /// Under which message.
    pub(crate) message: Option<i32>,
    pub(crate) expires: DateTime<Utc>,
    /// The first answer; the person's app does not look at further ones.
    pub(crate) answer: Option<CallbackAnswer>,
}

/// A bot's open queries. Old ones are forgotten as new ones come.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    queries: HashMap<i64, CallbackQuery>,
    by_age: VecDeque<i64>,
}

impl Callbacks {
    /// Opens a query and returns its id.
    pub(crate) fn open(
        &mut self,
        person: i64,
        chat: ChatRef,
        message: Option<i32>,
        now: DateTime<Utc>,
    ) -> i64 {
        while let Some(oldest) = self.by_age.front()
            && self.queries.get(oldest).is_none_or(|query| query.expires <= now)
        {
            self.queries.remove(oldest);
            self.by_age.pop_front();
        }
        let id = loop {
            let id = rand::random_range(1..=i64::MAX);
            if !self.queries.contains_key(&id) {
                break id;
            }
        };
        self.queries.insert(
            id,
            CallbackQuery {
                person,
                chat,
                message,
                expires: now + LIFETIME,
                answer: None,
            },
        );
        self.by_age.push_back(id);
        id
    }

    pub(crate) fn get(&self, id: i64) -> Option<&CallbackQuery> {
        self.queries.get(&id)
    }

    /// The query, if it may still be answered.
    pub(crate) fn alive(&mut self, id: i64, now: DateTime<Utc>) -> Option<&mut CallbackQuery> {
        self.queries.get_mut(&id).filter(|query| now < query.expires)
    }
}
