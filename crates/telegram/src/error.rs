//! Calls that did not succeed, and what to do about them.
//!
//! What a refusal means is looked up in one table: see [`crate::meaning`].

use std::fmt;

use chrono::TimeDelta;
use domain::id::ChatId;
use serde::Deserialize;

use crate::meaning::Meaning;

/// Added to what Telegram asks to wait: its clock and ours do not tick together.
pub(crate) const FLOOD_SLACK: TimeDelta = TimeDelta::milliseconds(100);

/// A call that did not succeed. Its text holds no token, and nothing that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Telegram answered with an error.
    #[error("{method}: {refusal}")]
    Refused {
        /// The method that was called.
        method: &'static str,
        /// Telegram's answer.
        refusal: Refusal,
    },
    /// There was no answer, or one that is not the Bot API's: connection cut, timed out, a proxy's
    /// page. Whether the call took effect is unknown.
    #[error("{method}: no answer ({cause})")]
    NoAnswer {
        /// The method that was called.
        method: &'static str,
        /// What went wrong, without the address (it holds the token).
        cause: String,
    },
    /// No connection came about: nothing was sent.
    #[error("{method}: out of reach ({cause})")]
    Unreached {
        /// The method that was to be called.
        method: &'static str,
        /// What went wrong, without the address (it holds the token).
        cause: String,
    },
    /// Nothing was sent: it is too early by the limits of the [`crate::limiter`]. Whoever asks
    /// again when the wait is over finds a place kept.
    #[error("{method}: held back for {} ms", .wait.num_milliseconds())]
    Held {
        /// The method that was to be called.
        method: &'static str,
        /// How long to wait.
        wait: TimeDelta,
    },
}

/// Telegram's error answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `error_code`, which equals the HTTP status.
    pub code: u16,
    /// `description`, as the server words it. May quote what was sent: neither `Display` nor
    /// `Debug` shows what is quoted.
    pub description: String,
    /// How long to wait before anything is sent again (429).
    pub retry_after: Option<TimeDelta>,
    /// The supergroup that a group has become.
    pub migrate_to_chat_id: Option<ChatId>,
}

/// What to do after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What was asked for already holds.
    Done,
    /// The chat, person or message cannot be reached so; the same call never succeeds.
    Gone,
    /// Worth trying again; not before the given time has passed.
    Retry(Option<TimeDelta>),
    /// The bot has not (or no longer) the standing in the chat that the call needs. A custodian
    /// has to act; until then such calls wait, and nothing is decided about the person concerned.
    NoRights,
    /// The bot itself cannot work: its token is refused, or somebody else runs with it.
    Stop,
    /// The call itself is wrong; repeating it changes nothing.
    Bad,
}

impl ApiError {
    /// What to do about it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Refused { method, refusal } => refusal.meaning().verdict(method, refusal.retry_after),
            Self::NoAnswer { .. } | Self::Unreached { .. } => Verdict::Retry(None),
            Self::Held { wait, .. } => Verdict::Retry(Some(*wait)),
        }
    }

    /// What Telegram means by its refusal, if it answered.
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.meaning()),
            Self::NoAnswer { .. } | Self::Unreached { .. } | Self::Held { .. } => None,
        }
    }

    /// Whether the message that was to be edited is not there any more, or cannot be edited.
    #[must_use]
    pub fn is_message_gone(&self) -> bool {
        self.meaning() == Some(Meaning::MessageGone)
    }
}

impl Refusal {
    /// Reads an error answer; none when it is not the Bot API's.
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            error_code: u16,
            #[serde(default)]
            description: String,
            #[serde(default)]
            parameters: Parameters,
        }
        #[derive(Default, Deserialize)]
        struct Parameters {
            retry_after: Option<i64>,
            migrate_to_chat_id: Option<i64>,
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        Some(Self {
            code: body.error_code,
            description: body.description,
            // A day at most: whatever Telegram says, Lucien looks again tomorrow.
            retry_after: body
                .parameters
                .retry_after
                .map(|seconds| TimeDelta::seconds(seconds.clamp(0, 86_400))),
            migrate_to_chat_id: body.parameters.migrate_to_chat_id.map(ChatId),
        })
    }

    /// What Telegram means.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        Meaning::of(self.code, &self.description)
    }
}

/// Code and description, fit for a log: what stands in quotation marks is left out, since the
/// server quotes what people and custodians wrote.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut masked = String::with_capacity(self.description.len());
        let mut quote = None;
        for c in self.description.chars() {
            match quote {
                Some(open) if c == open => {
                    quote = None;
                    masked.push('…');
                    masked.push(c);
                }
                Some(_) => {}
                // An apostrophe within a word ("can't") opens nothing.
                None => {
                    let within_word = masked.ends_with(char::is_alphanumeric);
                    if c == '"' || (c == '\'' && !within_word) {
                        quote = Some(c);
                    }
                    masked.push(c);
                }
            }
        }
        write!(f, "{} {masked}", self.code)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("answer", &self.to_string())
            .field("retry_after", &self.retry_after)
            .field("migrate_to_chat_id", &self.migrate_to_chat_id)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, description: &str) -> Refusal {
        Refusal {
            code,
            description: description.to_owned(),
            retry_after: None,
            migrate_to_chat_id: None,
        }
    }

    #[test]
    fn a_flood_answer_says_how_long_to_wait() {
        let body = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        let refused = ApiError::Refused {
            method: "sendMessage",
            refusal: Refusal::parse(body).unwrap(),
        };
        assert_eq!(
            refused.verdict(),
            Verdict::Retry(Some(TimeDelta::milliseconds(7_100)))
        );
    }

    #[test]
    fn a_group_that_moved_says_where_to() {
        let body = br#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001234567890}}"#;
        let refusal = Refusal::parse(body).unwrap();
        assert_eq!(refusal.migrate_to_chat_id, Some(ChatId(-1_001_234_567_890)));
        assert_eq!(refusal.meaning(), Meaning::Migrated);
    }

    #[test]
    fn what_did_not_reach_telegram_is_tried_again() {
        let no_answer = ApiError::NoAnswer {
            method: "sendMessage",
            cause: "connection refused".to_owned(),
        };
        assert_eq!(no_answer.verdict(), Verdict::Retry(None));
        let wait = TimeDelta::milliseconds(40);
        let held = ApiError::Held {
            method: "sendMessage",
            wait,
        };
        assert_eq!(held.verdict(), Verdict::Retry(Some(wait)));
        assert_eq!(held.to_string(), "sendMessage: held back for 40 ms");
        assert_eq!((no_answer.meaning(), held.meaning()), (None, None));
    }

    #[test]
    fn what_is_quoted_stays_out_of_the_log() {
        let text = r#"Bad Request: can't parse entities: Unmatched end tag at byte offset 9, expected "</secreto>", found "</i>""#;
        assert_eq!(
            refusal(400, text).to_string(),
            r#"400 Bad Request: can't parse entities: Unmatched end tag at byte offset 9, expected "…", found "…""#
        );
        let url =
            "Bad Request: inline keyboard button URL 'https://t.me/+secreto' is invalid: Wrong HTTP URL";
        let refused = ApiError::Refused {
            method: "sendMessage",
            refusal: refusal(400, url),
        };
        assert!(!format!("{refused} {refused:?}").contains("secreto"));
    }

    #[test]
    fn answers_that_are_not_the_bot_apis_are_no_refusals() {
        assert_eq!(Refusal::parse(b"<html>502</html>"), None);
        assert_eq!(Refusal::parse(b"{\"ok\":false}"), None);
    }
}
