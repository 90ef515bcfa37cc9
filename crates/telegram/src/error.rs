//! What a refused or unanswered call means.

use chrono::TimeDelta;
use domain::id::ChatId;
use serde::Deserialize;

/// A call that did not succeed. Its text holds no token, and nothing that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Telegram answered with an error.
    #[error("{method}: {}", .refusal.masked())]
    Refused {
        /// The method that was called.
        method: String,
        /// Telegram's answer.
        refusal: Refusal,
    },
    /// There was no answer, or one that is not the Bot API's: connection failed or cut, timed
    /// out, a proxy's page. Whether the call took effect is unknown.
    #[error("{method}: no answer ({cause})")]
    NoAnswer {
        /// The method that was called.
        method: String,
        /// What went wrong, without the address (it holds the token).
        cause: String,
    },
}

/// Telegram's error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `error_code`, which equals the HTTP status.
    pub code: u16,
    /// `description`, as the server words it. May quote what was sent: see [`Refusal::masked`].
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
    /// The chat, person or message cannot be reached any more; the same call never succeeds.
    Gone,
    /// Worth trying again; not before the given time has passed.
    Retry(Option<TimeDelta>),
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
            Self::Refused { refusal, .. } => refusal.verdict(),
            Self::NoAnswer { .. } => Verdict::Retry(None),
        }
    }

    /// Telegram's `error_code`, if it answered.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.code),
            Self::NoAnswer { .. } => None,
        }
    }

    /// Whether the message that was to be edited is not there any more.
    #[must_use]
    pub fn is_message_gone(&self) -> bool {
        match self {
            Self::Refused { refusal, .. } => {
                let text = refusal.description.as_str();
                text.contains("message to edit not found")
                    || text.contains("message can't be edited")
                    || text.contains("there is no text in the message to edit")
                    || text.contains("MESSAGE_ID_INVALID")
            }
            Self::NoAnswer { .. } => false,
        }
    }
}

impl Refusal {
    /// Reads an error answer.
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

    /// The description fit for a log: what stands in quotation marks is left out, since the
    /// server quotes what people and custodians wrote.
    #[must_use]
    pub fn masked(&self) -> String {
        let mut masked = format!("{} ", self.code);
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
        masked
    }

    fn verdict(&self) -> Verdict {
        let says = |text: &str| self.description.contains(text);
        match self.code {
            400 if says("message is not modified") => Verdict::Done,
            // The server passes an internal 502 on as a 400.
            400 if says("Bad Gateway") => Verdict::Retry(None),
            400 if says("query is too old")
                || says("chat not found")
                || says("message to edit not found")
                || says("message can't be edited")
                || says("PEER_ID_INVALID")
                || says("group chat was upgraded") =>
            {
                Verdict::Gone
            }
            400 | 404 if self.code == 400 || says("method not found") => Verdict::Bad,
            401 | 404 | 409 | 421 => Verdict::Stop,
            403 => Verdict::Gone,
            429 => Verdict::Retry(self.retry_after),
            500.. => Verdict::Retry(self.retry_after),
            _ => Verdict::Bad,
        }
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
    fn verdicts() {
        let cases = [
            (
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
                Verdict::Done,
            ),
            (
                400,
                "Bad Request: query is too old and response timeout expired or query ID is invalid",
                Verdict::Gone,
            ),
            (400, "Bad Request: chat not found", Verdict::Gone),
            (400, "Bad Request: message to edit not found", Verdict::Gone),
            (
                400,
                "Bad Request: can't parse entities: Unclosed start tag at byte offset 3",
                Verdict::Bad,
            ),
            (400, "Bad Request: BUTTON_DATA_INVALID", Verdict::Bad),
            (400, "Bad Request: Bad Gateway", Verdict::Retry(None)),
            (401, "Unauthorized", Verdict::Stop),
            (403, "Forbidden: bot was blocked by the user", Verdict::Gone),
            (403, "Forbidden: user is deactivated", Verdict::Gone),
            (
                403,
                "Forbidden: bot can't initiate conversation with a user",
                Verdict::Gone,
            ),
            (404, "Not Found", Verdict::Stop),
            (404, "Not Found: method not found", Verdict::Bad),
            (
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                Verdict::Stop,
            ),
            (500, "Internal Server Error: restart", Verdict::Retry(None)),
            (502, "Bad Gateway", Verdict::Retry(None)),
        ];
        for (code, description, verdict) in cases {
            assert_eq!(
                refusal(code, description).verdict(),
                verdict,
                "{code} {description}"
            );
        }
    }

    #[test]
    fn a_flood_answer_says_how_long_to_wait() {
        let body = br#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        let refusal = Refusal::parse(body).unwrap();
        assert_eq!(refusal.verdict(), Verdict::Retry(Some(TimeDelta::seconds(7))));
    }

    #[test]
    fn what_is_quoted_stays_out_of_the_log() {
        let text = r#"Bad Request: can't parse entities: Unmatched end tag at byte offset 9, expected "</secreto>", found "</i>""#;
        assert_eq!(
            refusal(400, text).masked(),
            r#"400 Bad Request: can't parse entities: Unmatched end tag at byte offset 9, expected "…", found "…""#
        );
        let url =
            "Bad Request: inline keyboard button URL 'https://t.me/+secreto' is invalid: Wrong HTTP URL";
        assert!(!refusal(400, url).masked().contains("secreto"));
    }

    #[test]
    fn answers_that_are_not_the_bot_apis_are_no_refusals() {
        assert_eq!(Refusal::parse(b"<html>502</html>"), None);
        assert_eq!(Refusal::parse(b"{\"ok\":false}"), None);
    }
}
