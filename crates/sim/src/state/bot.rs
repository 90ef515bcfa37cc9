//! Bots, and what belongs to one alone.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng as _;
use rand::distr::Alphanumeric;
use tokio::sync::Notify;

use super::callback::Callbacks;
use super::command::{BotCommand, Scope};
use super::pace::Pace;
use super::private::PrivateChat;
use super::queue::{UpdateKind, UpdateQueue};
use super::webhook::Hook;
use crate::error::ApiError;

/// Characters of the secret part of a token.
const SECRET: usize = 35;

/// A shorter secret cannot be right.
const MIN_SECRET: usize = 24;

const MAX_TOKEN: usize = 80;

/// A repeated offset makes the next poll wait at least so long.
const REPEAT_WAIT: TimeDelta = TimeDelta::seconds(3);

/// An offset repeated so soon gets one update at most.
const REPEAT_SOON: TimeDelta = TimeDelta::milliseconds(500);

/// After a conflict, further ones within this time are held for as long.
pub(crate) const CONFLICT_WAIT: TimeDelta = TimeDelta::seconds(3);

#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) username: String,
    pub(crate) first_name: String,
    /// It sees all messages of its groups, not only those meant for it.
    pub(crate) reads_all_messages: bool,
    /// Private chats by the person's id, of everybody whom the bot has heard of.
    pub(crate) chats: HashMap<i64, PrivateChat>,
    pub(crate) callbacks: Callbacks,
    /// Commands by scope and language.
    pub(crate) commands: HashMap<(Scope, String), Vec<BotCommand>>,
    pub(crate) queue: UpdateQueue,
    pub(crate) poll: Poll,
    pub(crate) hook: Hook,
    pub(crate) pace: Pace,
    /// Private messages are numbered per bot, over all its chats.
    last_message: i32,
}

/// The state of a bot's polling.
#[derive(Debug)]
pub(crate) struct Poll {
    /// Rung when an update comes and when a waiting poll is terminated.
    pub(crate) wake: Arc<Notify>,
    /// The number of the poll that waits, or of the last one that did; they are counted from 1.
    pub(crate) waiting: u64,
    /// Polls up to this number have been terminated by setWebhook.
    pub(crate) ended_by_webhook: u64,
    previous: Option<(i64, DateTime<Utc>)>,
    last_conflict: Option<DateTime<Utc>>,
}

impl Poll {
    /// Notes that a poll begins, and returns its limit and waiting time in seconds as the rule
    /// about repeated offsets leaves them.
    pub(crate) fn begin(&mut self, offset: i64, limit: i64, timeout: i64, now: DateTime<Utc>) -> (i64, i64) {
        let before = self
            .previous
            .filter(|(previous, _)| *previous == offset)
            .map(|(_, at)| now - at);
        self.previous = Some((offset, now));
        let repeated = |within: TimeDelta| before.is_some_and(|ago| ago < within);
        let limit = if repeated(REPEAT_SOON) { 1 } else { limit };
        let timeout = if repeated(REPEAT_WAIT) {
            timeout.max(REPEAT_WAIT.num_seconds())
        } else {
            timeout
        };
        (limit, timeout)
    }

    /// Terminates the poll that waits, because a webhook is being set.
    pub(crate) fn end_by_webhook(&mut self) {
        self.ended_by_webhook = self.waiting;
        self.wake.notify_waiters();
    }

    /// Notes a conflict, and returns until when its answer has to be held.
    pub(crate) fn conflict(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.last_conflict {
            Some(last) if now - last < CONFLICT_WAIT => Some(now + CONFLICT_WAIT),
            _ => {
                self.last_conflict = Some(now);
                None
            }
        }
    }
}

impl Bot {
    pub(super) fn new(
        id: i64,
        token: String,
        username: String,
        first_name: String,
        reads_all_messages: bool,
    ) -> Self {
        Self {
            id,
            token,
            username,
            first_name,
            reads_all_messages,
            chats: HashMap::new(),
            callbacks: Callbacks::default(),
            commands: HashMap::new(),
            queue: UpdateQueue::new(),
            poll: Poll {
                wake: Arc::new(Notify::new()),
                waiting: 0,
                ended_by_webhook: 0,
                previous: None,
                last_conflict: None,
            },
            hook: Hook::default(),
            pace: Pace::default(),
            last_message: 0,
        }
    }

    /// The chat with a person, made if the bot has not heard of them.
    pub(crate) fn chat_with(&mut self, person: i64) -> &mut PrivateChat {
        self.chats.entry(person).or_insert_with(PrivateChat::new)
    }

    pub(crate) fn next_message_id(&mut self) -> i32 {
        self.last_message += 1;
        self.last_message
    }

    /// Puts an update into the queue and wakes whoever waits for it. `about` as in
    /// [`UpdateQueue::push`].
    pub(crate) fn deliver(&mut self, kind: UpdateKind, about: i64, body: &str, now: DateTime<Utc>) {
        if self.queue.push(kind, about, body, now) {
            self.poll.wake.notify_waiters();
        }
    }
}

/// A token that nobody has yet.
pub(super) fn fresh_token(id: i64) -> String {
    let secret: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(SECRET)
        .map(char::from)
        .collect();
    format!("{id}:{secret}")
}

/// The id that a token claims; the token need not be valid.
pub(super) fn id_of_token(token: &str) -> Result<i64, ApiError> {
    let Some((id, _)) = token
        .split_once(':')
        .filter(|_| !token.starts_with('0') && token.len() <= MAX_TOKEN)
    else {
        return Err(ApiError::invalid_token());
    };
    let id: i64 = id.parse().map_err(|_| ApiError::unallowed_token())?;
    if (1..1 << 54).contains(&id) {
        Ok(id)
    } else {
        Err(ApiError::invalid_token())
    }
}

pub(super) fn has_valid_secret(token: &str) -> bool {
    token.split_once(':').is_some_and(|(_, secret)| {
        secret.len() >= MIN_SECRET
            && secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}
