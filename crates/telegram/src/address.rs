//! Where the Bot API is, the token that opens it, and the secret by which it is known.

use std::fmt;
use std::net::IpAddr;

use domain::id::BotId;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// Address of a Bot API server, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(Url);

/// Why an address cannot be used. Messages never repeat the address: it may hold credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiUrlError {
    /// Not a URL with a host.
    #[error("is not a URL such as https://api.telegram.org")]
    Malformed,
    /// Neither http nor https.
    #[error("must start with https:// (or http:// for a loopback or private address)")]
    Scheme,
    /// Plain http to a public host would show the token to everybody on the way.
    #[error("must be https, unless its host is a loopback or private address")]
    Insecure,
    /// User, password, query or fragment.
    #[error("must not hold a user, a password, a query or a fragment")]
    Extras,
}

impl ApiUrl {
    /// Telegram's own server.
    pub const OFFICIAL: &'static str = "https://api.telegram.org";

    /// Reads an address.
    ///
    /// # Errors
    /// When it is not https (http is allowed for loopback and private addresses) or holds more
    /// than scheme, host, port and path.
    pub fn parse(text: &str) -> Result<Self, ApiUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| ApiUrlError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ApiUrlError::Scheme);
        }
        let host = url.host().ok_or(ApiUrlError::Malformed)?;
        if url.scheme() == "http" && !is_near(&host) {
            return Err(ApiUrlError::Insecure);
        }
        let extras = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if extras {
            return Err(ApiUrlError::Extras);
        }
        Ok(Self(url))
    }

    /// Whether this is Telegram's own server.
    #[must_use]
    pub fn is_official(&self) -> bool {
        self.as_str() == Self::OFFICIAL
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

impl Default for ApiUrl {
    fn default() -> Self {
        Self(Url::parse(Self::OFFICIAL).expect("a constant that parses"))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a host is this machine or one in a private network: what is sent there does not cross
/// the open internet.
#[must_use]
pub fn is_near(host: &Host<&str>) -> bool {
    let near = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    };
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost") || !name.contains('.')
        }
        Host::Ipv4(ip) => near((*ip).into()),
        Host::Ipv6(ip) => near((*ip).into()),
    }
}

/// A bot's token. Never shown: `Debug` hides it.
#[derive(Clone, Debug)]
pub struct BotToken {
    id: BotId,
    secret: SecretString,
}

/// Why a token cannot be one. Messages never repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BotTokenError {
    /// Shorter than any token that BotFather gives.
    #[error("looks invalid: too short")]
    TooShort,
    /// Not `digits:secret`.
    #[error("looks invalid: it must look like 123456789:AA..., as BotFather gave it")]
    Shape,
}

impl BotToken {
    /// The shortest text that can be a token.
    pub const MIN_LENGTH: usize = 20;

    /// Reads a token as BotFather gives it: the bot's id, a colon, a secret.
    ///
    /// # Errors
    /// When it is too short or of another shape.
    pub fn parse(text: &str) -> Result<Self, BotTokenError> {
        let text = text.trim();
        if text.len() < Self::MIN_LENGTH {
            return Err(BotTokenError::TooShort);
        }
        let (id, secret) = text.split_once(':').ok_or(BotTokenError::Shape)?;
        let well_formed =
            id.bytes().all(|c| c.is_ascii_digit()) && !secret.is_empty() && secret.bytes().all(is_plain);
        let id = id.parse().ok().filter(|id| *id > 0 && well_formed);
        Ok(Self {
            id: BotId(id.ok_or(BotTokenError::Shape)?),
            secret: text.into(),
        })
    }

    /// The bot's Telegram id, the part before the colon. It is not a secret.
    #[must_use]
    pub const fn bot_id(&self) -> BotId {
        self.id
    }

    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// What proves that an update comes from Telegram. Never shown: `Debug` hides it.
#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretString);

/// The secret is none that Telegram takes. Messages never repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 256 of the characters A-Z, a-z, 0-9, _ and -")]
pub struct WebhookSecretError;

impl WebhookSecret {
    /// Reads a secret (Bot API, `setWebhook.secret_token`).
    ///
    /// # Errors
    /// When it is too long or holds other characters.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        if (1..=256).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text.into()))
        } else {
            Err(WebhookSecretError)
        }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

const fn is_plain(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_' || c == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("https://api.telegram.org", Ok("https://api.telegram.org")),
            ("https://api.telegram.org/", Ok("https://api.telegram.org")),
            (" http://127.0.0.1:8081 ", Ok("http://127.0.0.1:8081")),
            ("http://[::1]:8081", Ok("http://[::1]:8081")),
            ("http://10.1.2.3", Ok("http://10.1.2.3")),
            ("http://botapi:8081/base/", Ok("http://botapi:8081/base")),
            ("http://api.telegram.org", Err(ApiUrlError::Insecure)),
            ("http://8.8.8.8", Err(ApiUrlError::Insecure)),
            ("ftp://127.0.0.1", Err(ApiUrlError::Scheme)),
            ("api.telegram.org", Err(ApiUrlError::Malformed)),
            ("", Err(ApiUrlError::Malformed)),
            ("https://me:secret@example.org", Err(ApiUrlError::Extras)),
            ("https://example.org/?a=b", Err(ApiUrlError::Extras)),
        ];
        for (text, expected) in cases {
            let read = ApiUrl::parse(text).map(|url| url.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
        assert!(ApiUrl::default().is_official());
        assert!(ApiUrl::parse("https://API.telegram.org/").is_ok_and(|url| url.is_official()));
    }

    #[test]
    fn tokens() {
        let token = BotToken::parse(" 123456789:AAabcdefghijklmnopqrstuvwxyz_-12345 ").unwrap();
        assert_eq!(token.bot_id(), BotId(123_456_789));
        assert!(!format!("{token:?}").contains("AAabc"));
        let refused = |text| BotToken::parse(text).unwrap_err();
        assert_eq!(refused("12:AA"), BotTokenError::TooShort);
        assert_eq!(refused("0000000000:AAabcdefghijkl"), BotTokenError::Shape);
        assert_eq!(refused("no colon in this text at all"), BotTokenError::Shape);
        assert_eq!(refused("123456789:AAabcde fghijkl mn"), BotTokenError::Shape);
        assert_eq!(refused("12345678901234567890123:AAabc"), BotTokenError::Shape);
    }

    #[test]
    fn webhook_secrets() {
        for fine in ["a", "A-Za-z0-9_-", &"x".repeat(256)] {
            let secret = WebhookSecret::parse(fine).unwrap();
            assert_eq!(secret.expose(), fine);
            assert!(!format!("{secret:?}").contains("A-Za-z"));
        }
        for refused in ["", "con espacio", "ñ", "a+b", &"x".repeat(257)] {
            assert!(WebhookSecret::parse(refused).is_err(), "{refused:?}");
        }
    }
}
