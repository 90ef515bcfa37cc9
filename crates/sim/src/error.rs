//! Errors as the Bot API words them.

/// An answer with `"ok":false`. The HTTP status equals `code`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) description: String,
}

impl ApiError {
    fn prefixed(code: u16, prefix: &str, text: &str) -> Self {
        Self {
            code,
            description: format!("{prefix}: {text}"),
        }
    }

    /// 400; `text` begins as the client sees it, after the prefix.
    pub(crate) fn bad_request(text: impl AsRef<str>) -> Self {
        Self::prefixed(400, "Bad Request", text.as_ref())
    }

    /// 403; `text` begins as the client sees it, after the prefix.
    pub(crate) fn forbidden(text: &str) -> Self {
        Self::prefixed(403, "Forbidden", text)
    }

    /// 401 for a token that is well-formed but nobody's.
    pub(crate) fn unauthorized() -> Self {
        Self {
            code: 401,
            description: "Unauthorized".into(),
        }
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
        Self {
            code: 404,
            description: "Not Found".into(),
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

    /// 500 for whoever waits while the server stops.
    pub(crate) fn restart() -> Self {
        Self::prefixed(500, "Internal Server Error", "restart")
    }
}
