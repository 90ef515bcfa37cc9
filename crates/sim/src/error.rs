//! Errors as the Bot API words them.

use serde::Serialize;

/// An answer with `"ok":false`. The HTTP status equals `code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) description: String,
    /// What the client has to know beyond the words.
    pub(crate) parameters: Option<Parameters>,
}

/// The `parameters` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Parameters {
    /// Seconds to wait before the next call.
    RetryAfter(i64),
    /// The supergroup that the group has become.
    MigrateToChatId(i64),
}

impl ApiError {
    fn new(code: u16, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            parameters: None,
        }
    }

    fn prefixed(code: u16, prefix: &str, text: &str) -> Self {
        Self::new(code, format!("{prefix}: {text}"))
    }

    /// 400; the first letter of `text` is written small, unless it begins a code. A text that
    /// has the prefix already stays as it is.
    pub(crate) fn bad_request(text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        if text.starts_with("Bad Request") {
            return Self::new(400, text);
        }
        let mut letters = text.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let is_code = letters
            .clone()
            .next()
            .is_some_and(|second| second == '_' || second.is_ascii_uppercase());
        match first {
            Some(first) if !is_code => Self::new(400, format!("Bad Request: {first}{}", letters.as_str())),
            _ => Self::prefixed(400, "Bad Request", text),
        }
    }

    /// 403; `text` begins as the client sees it, after the prefix.
    pub(crate) fn forbidden(text: &str) -> Self {
        Self::prefixed(403, "Forbidden", text)
    }

    /// 401 for a token that is well-formed but nobody's.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    /// 401 for a token that cannot be one.
    pub(crate) fn invalid_token() -> Self {
        Self::prefixed(401, "Unauthorized", "invalid token specified")
    }

    /// 421 for a token whose first part is not a number.
    pub(crate) fn unallowed_token() -> Self {
        Self::prefixed(421, "Misdirected Request", "unallowed token specified")
    }

    /// 404 for an address that is not a method's.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    /// 404 for a request line that names a host.
    pub(crate) fn absolute_uri() -> Self {
        Self::prefixed(404, "Not Found", "absolute URI is specified in the Request-Line")
    }

    /// 429; the bot has to wait for so many seconds.
    pub(crate) fn retry_after(seconds: i64) -> Self {
        Self {
            parameters: Some(Parameters::RetryAfter(seconds)),
            ..Self::prefixed(429, "Too Many Requests", &format!("retry after {seconds}"))
        }
    }

    /// 400 for a group that has become a supergroup.
    pub(crate) fn migrated(chat_id: i64) -> Self {
        Self {
            parameters: Some(Parameters::MigrateToChatId(chat_id)),
            ..Self::bad_request("group chat was upgraded to a supergroup chat")
        }
    }

    /// 404 for a method that nobody knows.
    pub(crate) fn unknown_method() -> Self {
        Self::prefixed(404, "Not Found", "method not found")
    }

    /// 409 for the older of two waiting polls.
    pub(crate) fn terminated_by_other_poll() -> Self {
        Self::prefixed(
            409,
            "Conflict",
            "terminated by other getUpdates request; make sure that only one bot instance is running",
        )
    }

    /// 409 for the poll that waits when a webhook is set.
    pub(crate) fn terminated_by_webhook() -> Self {
        Self::prefixed(409, "Conflict", "terminated by setWebhook request")
    }

    /// 409 for the setWebhook that waits when another one comes.
    pub(crate) fn terminated_by_other_webhook() -> Self {
        Self::prefixed(409, "Conflict", "terminated by other setWebhook")
    }

    /// 409 for a poll while a webhook is set.
    pub(crate) fn webhook_is_active() -> Self {
        Self::prefixed(
            409,
            "Conflict",
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        )
    }

    /// Anything, with its whole description.
    pub(crate) fn injected(code: u16, description: String) -> Self {
        Self::new(code, description)
    }

    /// 500 for whoever waits while the server stops.
    pub(crate) fn restart() -> Self {
        Self::prefixed(500, "Internal Server Error", "restart")
    }
}
