//! Things that go wrong on demand.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Something that shall go wrong: what, for which calls, how often, and whether before or after
/// the call has had its effect. Of several that fit a call only the oldest befalls it.
///
/// ```
/// # use sim::Fault;
/// // The next two messages into this chat are refused.
/// Fault::flood(30).on("sendMessage").in_chat(5_000_000_001).times(2);
/// // From now on every call is slow, and the caller waits although the message is there.
/// Fault::slow(20).after_effect();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    #[serde(flatten)]
    kind: FaultKind,
    /// The method, in any case; without it every method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The `chat_id`; without it every call, also one that names no chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<i64>,
    /// How often; without it until the fault is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
    /// So many calls that it would befall are spared first.
    #[serde(default, skip_serializing_if = "is_zero")]
    sparing: u64,
    #[serde(default)]
    after_effect: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 with `retry_after`, also as a header.
    Flood {
        /// Seconds.
        retry_after: u32,
    },
    /// Any other error of the Bot API.
    Error {
        /// The HTTP status, 400 to 599.
        code: u16,
        /// The description, whole: with its prefix.
        description: String,
    },
    /// 400 that says that the group has become a supergroup.
    Migrated {
        /// The supergroup's id.
        migrate_to_chat_id: i64,
    },
    /// An HTML page without JSON, as from the machines in front of the hosted server.
    Html {
        /// The HTTP status, 400 to 599.
        code: u16,
    },
    /// The answer is held, by the stand-in's clock.
    Slow {
        /// For so long.
        seconds: u32,
    },
    /// The connection is closed without an answer.
    Cut,
    /// A delivery to a webhook is not answered within 60 seconds, by the stand-in's clock: before
    /// the effect the bot does not get it, after it the bot's answer is lost.
    WebhookTimeout,
}

impl Fault {
    fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            method: None,
            chat: None,
            times: None,
            sparing: 0,
            after_effect: false,
        }
    }

    /// 429: to be called again in so many seconds.
    #[must_use]
    pub fn flood(retry_after: u32) -> Self {
        Self::of(FaultKind::Flood { retry_after })
    }

    /// An error of the Bot API, with its whole description.
    #[must_use]
    pub fn error(code: u16, description: &str) -> Self {
        Self::of(FaultKind::Error {
            code,
            description: description.to_owned(),
        })
    }

    /// 400: the group has become the supergroup of this id.
    #[must_use]
    pub fn migrated(migrate_to_chat_id: i64) -> Self {
        Self::of(FaultKind::Migrated { migrate_to_chat_id })
    }

    /// An HTML page with this status, such as 502.
    #[must_use]
    pub fn html(code: u16) -> Self {
        Self::of(FaultKind::Html { code })
    }

    /// The answer is held for so many seconds of the stand-in's clock.
    #[must_use]
    pub fn slow(seconds: u32) -> Self {
        Self::of(FaultKind::Slow { seconds })
    }

    /// The connection is closed without an answer.
    #[must_use]
    pub fn cut() -> Self {
        Self::of(FaultKind::Cut)
    }

    /// A delivery to a webhook is not answered in time. [`Fault::on`] does not matter, and
    /// [`Fault::in_chat`] means whom the update is about.
    #[must_use]
    pub fn webhook_timeout() -> Self {
        Self::of(FaultKind::WebhookTimeout)
    }

    /// Only for this method.
    #[must_use]
    pub fn on(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only for calls about this chat, by its number.
    #[must_use]
    pub fn in_chat(mut self, chat_id: i64) -> Self {
        self.chat = Some(chat_id);
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after so many calls that it would have befallen.
    #[must_use]
    pub fn sparing(mut self, calls: u64) -> Self {
        self.sparing = calls;
        self
    }

    /// After the call has had its effect instead of before.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }

    /// Whether such a fault can be: a status has to be one of an error.
    pub(crate) fn is_possible(&self) -> bool {
        match self.kind {
            FaultKind::Error { code, .. } | FaultKind::Html { code } => (400..600).contains(&code),
            _ => true,
        }
    }

    fn concerns_call(&self, method: &str, chat: Option<i64>) -> bool {
        self.kind != FaultKind::WebhookTimeout
            && self
                .method
                .as_ref()
                .is_none_or(|only| only.eq_ignore_ascii_case(method))
            && (self.chat.is_none() || self.chat == chat)
    }

    fn concerns_delivery(&self, about: i64) -> bool {
        self.kind == FaultKind::WebhookTimeout && self.chat.is_none_or(|only| only == about)
    }
}

/// A fault that was injected, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultState {
    /// What it is removed by.
    pub id: u64,
    /// What goes wrong.
    pub fault: Fault,
    /// How often it has.
    pub applied: u64,
    /// How many calls it has spared.
    pub spared: u64,
}

impl FaultState {
    fn is_spent(&self) -> bool {
        self.fault.times.is_some_and(|times| self.applied >= times)
    }

    /// Itself, unless it spares this call, which is counted.
    fn unless_spared(&mut self) -> Option<&mut Self> {
        let spares = self.spared < self.fault.sparing;
        self.spared += u64::from(spares);
        (!spares).then_some(self)
    }
}

/// A fault that befalls one call.
#[derive(Debug, Clone)]
pub(crate) struct Mishap {
    pub(crate) id: u64,
    pub(crate) kind: FaultKind,
    pub(crate) after_effect: bool,
}

impl FaultKind {
    /// How long a slow one lasts.
    pub(crate) fn hold(seconds: u32) -> TimeDelta {
        TimeDelta::seconds(i64::from(seconds))
    }
}

/// The faults that were injected and not removed, oldest first; spent ones stay to be counted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    all: Vec<FaultState>,
    last_id: u64,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) -> u64 {
        self.last_id += 1;
        self.all.push(FaultState {
            id: self.last_id,
            fault,
            applied: 0,
            spared: 0,
        });
        self.last_id
    }

    /// True if it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.all.len();
        self.all.retain(|state| state.id != id);
        self.all.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn all(&self) -> Vec<FaultState> {
        self.all.clone()
    }

    /// How often a fault was applied; None if it was removed.
    pub(crate) fn applied(&self, id: u64) -> Option<u64> {
        let state = self.all.iter().find(|state| state.id == id)?;
        Some(state.applied)
    }

    /// What befalls a call, which is counted.
    pub(crate) fn strike_call(&mut self, method: &str, chat: Option<i64>) -> Option<Mishap> {
        self.strike(|fault| fault.concerns_call(method, chat))
    }

    /// What befalls a delivery to a webhook, which is counted.
    pub(crate) fn strike_delivery(&mut self, about: i64) -> Option<Mishap> {
        self.strike(|fault| fault.concerns_delivery(about))
    }

    fn strike(&mut self, concerns: impl Fn(&Fault) -> bool) -> Option<Mishap> {
        let concerned = |state: &&mut FaultState| !state.is_spent() && concerns(&state.fault);
        let state = self
            .all
            .iter_mut()
            .filter(concerned)
            .find_map(FaultState::unless_spared)?;
        state.applied += 1;
        Some(Mishap {
            id: state.id,
            kind: state.fault.kind.clone(),
            after_effect: state.fault.after_effect,
        })
    }
}
