//! When a call may go out.
//!
//! A state machine on the time that it is told: it never waits and never asks a clock. A call that
//! comes too early is told how long to wait, and gives its turn back meanwhile.
//!
//! **A wait is a promise.** Whoever is told to wait gets a slot of its own, later than everybody who
//! was told before, and finds it kept for [`KEPT`] after its time; so a retry in time succeeds, two
//! calls that wait for the same chat are told successive times, and newcomers do not overtake. A slot
//! is known by its chat (and person, for membership calls): which of two rows of the same chat takes
//! it is for the callers to settle. A slot that nobody takes in time is lost; who comes later still
//! gets through as soon as the limit is not in use, and is promised another slot otherwise.
//!
//! | lane | limits |
//! |---|---|
//! | [`Lane::Answer`] | per chat [`ANSWER_BURST`] new messages at once, then one a second |
//! | [`Lane::Notice`], [`Lane::Broadcast`] | together [`Rates::send_per_second`], less the answers of the last second, never below a fifth; per private chat one a second, per group or channel 20 a minute |
//! | membership calls | [`Rates::calls_per_second`] |
//! | everything else | only what Telegram asks for |
//!
//! A 429 pauses its chat. A second one from another chat, while the first pause lasts, pauses
//! everything. Those who were held back by a pause come again one after another.

mod gate;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};

use crate::error::FLOOD_SLACK;
use gate::{Bucket, Gate, Promises, Recent, Window};

/// New messages that answer one chat at once.
pub const ANSWER_BURST: i32 = 5;
/// How long a promised slot is kept for a caller who is late.
pub const KEPT: TimeDelta = TimeDelta::seconds(1);

const SECOND: TimeDelta = TimeDelta::seconds(1);
/// Broadcasts take slots only so far ahead, so that a notice never waits behind a long one.
const BROADCAST_HORIZON: TimeDelta = TimeDelta::seconds(1);
/// How often what is over is forgotten.
const SWEEP_EVERY: TimeDelta = TimeDelta::seconds(10);
/// A 429 that does not say how long.
const UNSAID_PAUSE: TimeDelta = TimeDelta::seconds(1);

/// Why a message is sent; decides what it has to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Somebody waits for it: the answer to a tap, a message, a request to join.
    Answer,
    /// Nobody asked for it: reminders, word to the custodians, posts.
    Notice,
    /// One of many alike.
    Broadcast,
}

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Notices and broadcasts a second, 1 to 1000.
    pub send_per_second: u32,
    /// Membership calls a second, 1 to 1000.
    pub calls_per_second: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            send_per_second: 25,
            calls_per_second: 20,
        }
    }
}

/// What a call is to the limiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A new message.
    Message(Lane, ChatId),
    /// Somebody's place in a chat, or a link to it.
    Membership(ChatId, Option<UserId>),
    /// Held back only by what Telegram asks for.
    Other(Option<ChatId>),
}

impl Errand {
    pub(crate) const fn chat(self) -> Option<ChatId> {
        match self {
            Self::Message(_, chat) | Self::Membership(chat, _) => Some(chat),
            Self::Other(chat) => chat,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Limiter {
    rates: Rates,
    chats: HashMap<ChatId, Chat>,
    /// Notices and broadcasts.
    bulk: Bucket,
    membership: Bucket,
    promises: Promises,
    /// Answers of the last second, as far as they count.
    answers: Recent,
    /// When the next broadcast that found the horizon full may ask again.
    broadcasts_resume: Timestamp,
    pause: Pause,
    seen: Timestamp,
    next_sweep: Timestamp,
}

/// What one chat has to wait for.
#[derive(Debug)]
struct Chat {
    answers: Bucket,
    bulk: Window,
    pause: Pause,
}

/// Asked for by Telegram.
#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Timestamp,
    /// When the next of those who are held back may come.
    next: Timestamp,
}

/// Which limit a promise is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Limit {
    ChatAnswers,
    ChatBulk,
    Bulk,
    Membership,
}

type Ticket = (Limit, ChatId, Option<UserId>);

impl Limiter {
    pub(crate) fn new(rates: Rates) -> Self {
        let rates = Rates {
            send_per_second: rates.send_per_second.max(1),
            calls_per_second: rates.calls_per_second.max(1),
        };
        // Four fifths are all that answers can take away.
        let counted = (4 * rates.send_per_second).div_ceil(5);
        Self {
            rates,
            chats: HashMap::new(),
            bulk: per_second(rates.send_per_second),
            membership: per_second(rates.calls_per_second),
            promises: Promises::default(),
            answers: Recent::new(counted, SECOND),
            broadcasts_resume: DateTime::UNIX_EPOCH,
            pause: Pause::NONE,
            seen: DateTime::UNIX_EPOCH,
            next_sweep: DateTime::UNIX_EPOCH,
        }
    }

    /// Lets a call go out now, or says how long it has to wait.
    pub(crate) fn admit(&mut self, errand: Errand, now: Timestamp) -> Result<(), TimeDelta> {
        self.tidy(now);
        if let Some(wait) = self.paused(errand.chat(), now) {
            return Err(wait);
        }
        match errand {
            Errand::Message(Lane::Answer, chat) => {
                let room = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
                self.promises
                    .pass(&mut [((Limit::ChatAnswers, chat, None), &mut room.answers)], now)?;
                self.answers.note(now);
                Ok(())
            }
            Errand::Message(lane, chat) => self.admit_bulk(lane, chat, now),
            Errand::Membership(chat, person) => self.promises.pass(
                &mut [((Limit::Membership, chat, person), &mut self.membership)],
                now,
            ),
            Errand::Other(_) => Ok(()),
        }
    }

    fn admit_bulk(&mut self, lane: Lane, chat: ChatId, now: Timestamp) -> Result<(), TimeDelta> {
        self.bulk.interval = self.bulk_interval(now);
        let room = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
        let ticket = (Limit::Bulk, chat, None);
        let opens = self.bulk.opens();
        if lane == Lane::Broadcast
            && opens > now + BROADCAST_HORIZON
            && self.promises.due(ticket, &self.bulk, now).is_none()
        {
            let turn = opens.max(self.broadcasts_resume);
            self.broadcasts_resume = turn + self.bulk.interval;
            return Err(turn - now);
        }
        let gates: &mut [(Ticket, &mut dyn Gate)] = &mut [
            ((Limit::ChatBulk, chat, None), &mut room.bulk),
            (ticket, &mut self.bulk),
        ];
        self.promises.pass(gates, now)
    }

    /// The rate less what answers used in the last second, never below a fifth of it.
    fn bulk_interval(&self, now: Timestamp) -> TimeDelta {
        let rate = i64::from(self.rates.send_per_second);
        let left_in_fifths = (5 * rate - 5 * self.answers.count(now)).max(rate);
        micros_for(left_in_fifths, 5)
    }

    /// Telegram answered a call of this chat's with a 429.
    pub(crate) fn flooded(&mut self, chat: Option<ChatId>, asked: Option<TimeDelta>, now: Timestamp) {
        let until = now + asked.unwrap_or(UNSAID_PAUSE) + FLOOD_SLACK;
        let another = |(id, room): (&ChatId, &Chat)| Some(*id) != chat && room.pause.until > now;
        if self.chats.iter().any(another) {
            self.pause.extend(until);
        }
        if let Some(chat) = chat {
            let room = self.chats.entry(chat).or_insert_with(|| Chat::new(chat));
            room.pause.extend(until);
        }
    }

    /// How long pauses hold a call of this chat's back.
    fn paused(&mut self, chat: Option<ChatId>, now: Timestamp) -> Option<TimeDelta> {
        let spacing = micros_for(i64::from(self.rates.send_per_second), 1);
        let of_chat = chat.and_then(|chat| self.chats.get_mut(&chat));
        let pauses = [Some(&mut self.pause), of_chat.map(|room| &mut room.pause)];
        let turns = pauses
            .into_iter()
            .flatten()
            .filter_map(|pause| pause.turn(now, spacing));
        turns.max().map(|turn| turn - now)
    }

    /// Forgets what is over, so that memory follows the traffic of the last seconds.
    fn tidy(&mut self, now: Timestamp) {
        // The machine's clock was set back: what was written down lies in its future, and would hold
        // everybody up until then.
        if now < self.seen - SECOND {
            *self = Self::new(self.rates);
        }
        self.seen = self.seen.max(now);
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP_EVERY;
            self.chats.retain(|_, chat| !chat.is_idle(now));
            self.promises.forget(now);
        }
    }
}

impl Chat {
    fn new(chat: ChatId) -> Self {
        // People have positive ids, groups and channels negative ones (Bot API, `Chat.id`).
        let bulk = if chat.0 > 0 {
            Window::new(1, SECOND)
        } else {
            Window::new(20, TimeDelta::seconds(60))
        };
        Self {
            answers: Bucket::new(SECOND, ANSWER_BURST),
            bulk,
            pause: Pause::NONE,
        }
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        self.answers.is_idle(now) && self.bulk.is_idle(now) && self.pause.until <= now
    }
}

impl Pause {
    const NONE: Self = Self {
        until: DateTime::UNIX_EPOCH,
        next: DateTime::UNIX_EPOCH,
    };

    fn extend(&mut self, until: Timestamp) {
        self.until = self.until.max(until);
    }

    /// When somebody may come who came during the pause.
    fn turn(&mut self, now: Timestamp, spacing: TimeDelta) -> Option<Timestamp> {
        if self.until <= now {
            return None;
        }
        let turn = self.next.max(self.until);
        self.next = turn + spacing;
        Some(turn)
    }
}

/// So many a second, and at once what a fifth of a second holds: with the default of 25 this stays
/// within the 30 a second that Telegram documents.
fn per_second(rate: u32) -> Bucket {
    let at_once = i32::try_from(rate / 5).unwrap_or(i32::MAX).max(1);
    Bucket::new(micros_for(i64::from(rate), 1), at_once)
}

/// The time between two of `number` in `seconds`, rounded up so that a limit is never exceeded.
fn micros_for(number: i64, seconds: i64) -> TimeDelta {
    TimeDelta::microseconds((seconds * 1_000_000 + number - 1) / number)
}

#[cfg(test)]
mod tests;
