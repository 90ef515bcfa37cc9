//! What bots called, and what a correct bot would not have sent.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::params::Params;
use crate::state::ChatRef;

/// Violations beyond this number are counted by nobody: the first ones tell the story.
const MAX_VIOLATIONS: usize = 10_000;

/// Bytes of a result that are kept.
const MAX_RESULT: usize = 64 << 10;

/// One call of a method, as it came and as it was answered.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// Its number: calls are counted from 1 in the order in which they began.
    pub id: u64,
    /// The bot that called.
    pub bot_id: i64,
    /// The method, in the Bot API's spelling where it is known.
    pub method: String,
    /// Its parameters; of several with one name the first.
    pub parameters: Value,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// The HTTP status of the answer; none when the connection was cut.
    pub status: Option<u16>,
    /// What was answered, if not an error; of more than 64 KB the beginning, as a text.
    pub result: Option<Value>,
    /// The description of an error.
    pub description: Option<String>,
    /// The id of the fault that befell it. A fault before the effect keeps the method from running.
    pub fault: Option<u64>,
    /// What was wrong with it.
    pub violations: Vec<Violation>,
}

/// Something that the server tolerates and a correct bot does not send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{method}: {problem}")]
pub struct Violation {
    /// The call that did it.
    pub call_id: u64,
    /// The bot that did it.
    pub bot_id: i64,
    /// The method that it called.
    pub method: String,
    /// What is wrong.
    pub problem: Problem,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// What may be wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Problem {
    /// The method does not exist, or the stand-in does not have it.
    #[error("this method is not known here")]
    UnknownMethod,
    /// The method has no such parameter.
    #[error("parameter \"{name}\" is not known")]
    UnknownParameter {
        /// Its name.
        name: String,
    },
    /// A required parameter is absent or empty.
    #[error("parameter \"{name}\" is missing")]
    MissingParameter {
        /// Its name.
        name: String,
    },
    /// A parameter is of another type than documented.
    #[error("parameter \"{name}\" must be {expected}")]
    IllTyped {
        /// Its name.
        name: String,
        /// The documented type.
        expected: String,
    },
    /// A text is longer than allowed when measured in UTF-16 code units, as clients measure it.
    #[error("parameter \"{name}\" has {units} UTF-16 code units, more than {limit}")]
    TooLong {
        /// The parameter's name.
        name: String,
        /// Its length, after parsing, in UTF-16 code units.
        units: usize,
        /// The limit.
        limit: usize,
    },
    /// Something documented that the stand-in cannot do.
    #[error("the stand-in does not support {what}")]
    Unsupported {
        /// What it is.
        what: String,
    },
}

#[derive(Debug)]
pub(crate) struct Journal {
    calls: VecDeque<Record>,
    kept: usize,
    counts: HashMap<&'static str, u64>,
    violations: Vec<Violation>,
}

/// A call as it is kept; made readable only when somebody reads it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) bot_id: i64,
    pub(crate) method: Arc<str>,
    pub(crate) parameters: Arc<Params>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) status: Option<u16>,
    pub(crate) result: Option<KeptResult>,
    pub(crate) description: Option<String>,
    pub(crate) fault: Option<u64>,
    pub(crate) notes: Notes,
}

/// What is noted of a call while it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// The messages that it makes, changes, takes away or says something about.
    pub(crate) messages: Vec<(ChatRef, i32)>,
    pub(crate) violations: Vec<Violation>,
}

/// The JSON that a method answered, or its beginning.
#[derive(Debug, Clone)]
pub(crate) struct KeptResult(Arc<str>);

impl KeptResult {
    pub(crate) fn of(result: &str) -> Self {
        let end = result.floor_char_boundary(MAX_RESULT);
        Self(result[..end].into())
    }

    /// No mere beginning of so long a JSON text is one itself.
    fn read(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| format!("{}…", self.0).into())
    }
}

impl Journal {
    pub(crate) fn new(kept: usize) -> Self {
        Self {
            calls: VecDeque::new(),
            kept,
            counts: HashMap::new(),
            violations: Vec::new(),
        }
    }

    /// Notes a call; `known` is the method's name if the stand-in has it. Returns the call that is
    /// forgotten for it, if any, to be dropped when nobody waits for the journal.
    pub(crate) fn note_call(&mut self, record: Record, known: Option<&'static str>) -> Option<Record> {
        if let Some(method) = known {
            *self.counts.entry(method).or_default() += 1;
        }
        self.calls.push_back(record);
        (self.calls.len() > self.kept)
            .then(|| self.calls.pop_front())
            .flatten()
    }

    pub(crate) fn note_violation(&mut self, violation: Violation) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(violation);
        }
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.calls.iter().cloned().collect()
    }

    /// The calls about one message.
    pub(crate) fn records_about(&self, chat: ChatRef, message: i32) -> Vec<Record> {
        let is_about = |record: &&Record| record.notes.messages.contains(&(chat, message));
        self.calls.iter().filter(is_about).cloned().collect()
    }

    pub(crate) fn count(&self, method: &str) -> u64 {
        self.counts.get(method).copied().unwrap_or(0)
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }
}

impl Record {
    pub(crate) fn read(self) -> Call {
        Call {
            id: self.id,
            bot_id: self.bot_id,
            method: self.method.to_string(),
            parameters: self.parameters.to_json(),
            at: self.at,
            status: self.status,
            result: self.result.map(|result| result.read()),
            description: self.description,
            fault: self.fault,
            violations: self.notes.violations,
        }
    }
}
