//! The check that Telegram puts links through, in text and on buttons alike.

/// Why an address is not a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("Wrong HTTP URL")]
    WrongHttpUrl,
    #[error("Unsupported URL protocol")]
    UnsupportedProtocol,
    #[error("URL host is empty")]
    EmptyHost,
    #[error("Wrong port number specified in the URL")]
    WrongPort,
    #[error("Wrong tg URL")]
    WrongTgUrl,
    #[error("Unallowed characters in URL host")]
    UnallowedHost,
    #[error("Only HTTPS links are allowed")]
    OnlyHttps,
}

/// Checks an address and returns it as Telegram stores it: scheme and host in lower case,
/// `http` where no scheme was given, a `/` after a bare host. Checking the result again
/// changes nothing.
pub(crate) fn check(address: &str) -> Result<String, LinkError> {
    let address = address.trim();
    if let Some((scheme, rest)) = own_scheme(address) {
        return check_own(scheme, rest);
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
        Some((scheme, _))
            if scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            return Err(LinkError::UnsupportedProtocol);
        }
        _ => ("http", address),
    };
    check_http(scheme, rest)
}

/// As [`check`], but only `https` will do.
pub(crate) fn check_https(address: &str) -> Result<String, LinkError> {
    let link = check(address)?;
    if link.starts_with("https://") {
        Ok(link)
    } else {
        Err(LinkError::OnlyHttps)
    }
}

/// The user that `tg://user?id=N` points to.
pub(crate) fn user_id(address: &str) -> Option<i64> {
    let rest = strip_prefix_ignore_case(address.trim(), "tg:")?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let rest = strip_prefix_ignore_case(rest, "user?id=")?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .map_or(rest, |end| &rest[..end]);
    digits.parse().ok().filter(|id| *id > 0)
}

fn own_scheme(address: &str) -> Option<(&'static str, &str)> {
    ["tg", "tonsite", "ton"].into_iter().find_map(|scheme| {
        let rest = strip_prefix_ignore_case(address, scheme)?.strip_prefix(':')?;
        Some((scheme, rest.strip_prefix("//").unwrap_or(rest)))
    })
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn check_own(scheme: &str, rest: &str) -> Result<String, LinkError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || (scheme != "tg" && b == b'.');
    if host.is_empty() || !host.bytes().all(allowed) {
        return Err(LinkError::WrongTgUrl);
    }
    Ok(format!(
        "{scheme}://{}{}",
        host.to_ascii_lowercase(),
        encode_tail(tail)
    ))
}

fn check_http(scheme: &str, rest: &str) -> Result<String, LinkError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (user, host_port) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let bracketed = host_port.starts_with('[');
    let host_end = if bracketed {
        host_port
            .find(']')
            .map(|i| i + 1)
            .ok_or(LinkError::UnallowedHost)?
    } else {
        host_port.find(':').unwrap_or(host_port.len())
    };
    let (host, port) = host_port.split_at(host_end);
    if host.is_empty() {
        return Err(LinkError::EmptyHost);
    }
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let number: u16 = digits.parse().map_err(|_| LinkError::WrongPort)?;
            if number == 0 {
                return Err(LinkError::WrongPort);
            }
            format!(":{number}")
        }
        None if port.is_empty() => String::new(),
        _ => return Err(LinkError::WrongPort),
    };
    let allowed = |c: char| c.is_alphanumeric() || !c.is_ascii() || ".-_".contains(c);
    let inside = if bracketed { &host[1..host.len() - 1] } else { host };
    let valid = if bracketed {
        !inside.is_empty()
            && inside
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
    } else {
        inside
            .chars()
            .all(|c| allowed(c) && !c.is_whitespace() && !c.is_control())
    };
    if !valid {
        return Err(LinkError::UnallowedHost);
    }
    let has_dot = inside.trim_matches('.').contains('.');
    if !bracketed && (!has_dot || inside.contains("..")) {
        return Err(LinkError::WrongHttpUrl);
    }
    let user = user
        .map(|user| format!("{}@", encode_tail(user)))
        .unwrap_or_default();
    let tail = encode_tail(tail);
    let slash = if tail.starts_with('/') { "" } else { "/" };
    Ok(format!(
        "{scheme}://{user}{}{port}{slash}{tail}",
        host.to_ascii_lowercase()
    ))
}

/// Spaces and control characters travel percent-encoded.
fn encode_tail(tail: &str) -> String {
    let mut out = String::with_capacity(tail.len());
    for c in tail.chars() {
        if c.is_ascii() && (c as u8 <= b' ' || c as u8 == 0x7f) {
            out.push_str(&format!("%{:02X}", c as u8));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_normalised_or_refused_with_a_reason() {
        let table = [
            ("example.com", Ok("http://example.com/")),
            ("HTTPS://Example.COM/Path?q=1", Ok("https://example.com/Path?q=1")),
            ("http://example.com?x", Ok("http://example.com/?x")),
            ("http://example.com:8080/a b", Ok("http://example.com:8080/a%20b")),
            ("tg://resolve?domain=x", Ok("tg://resolve?domain=x")),
            ("TG:Resolve?domain=x", Ok("tg://resolve?domain=x")),
            ("localhost", Err(LinkError::WrongHttpUrl)),
            ("ftp://example.com", Err(LinkError::UnsupportedProtocol)),
            ("http://", Err(LinkError::EmptyHost)),
            ("http://example.com:0", Err(LinkError::WrongPort)),
            ("http://example.com:http", Err(LinkError::WrongPort)),
            ("http://exa mple.com", Err(LinkError::UnallowedHost)),
            ("tg://", Err(LinkError::WrongTgUrl)),
        ];
        for (address, expected) in table {
            assert_eq!(check(address), expected.map(str::to_owned), "{address}");
        }
        assert_eq!(check_https("http://example.com"), Err(LinkError::OnlyHttps));
    }

    #[test]
    fn user_links_name_a_user() {
        assert_eq!(user_id("tg://user?id=42"), Some(42));
        assert_eq!(user_id("TG:user?id=42&x=1"), Some(42));
        assert_eq!(user_id("tg://user?id=0"), None);
        assert_eq!(user_id("https://user?id=42"), None);
    }

    proptest::proptest! {
        #[test]
        fn checking_twice_changes_nothing(address in "\\PC{0,40}") {
            if let Ok(link) = check(&address) {
                proptest::prop_assert_eq!(check(&link), Ok(link));
            }
        }

        #[test]
        fn plausible_links_are_stable(address in "(tg|http|https)?(:|://)?[a-z@:.]{0,6}[.][a-z]{1,4}(:[0-9]{1,5})?[/?#a-z ]{0,8}") {
            if let Ok(link) = check(&address) {
                proptest::prop_assert_eq!(check(&link), Ok(link));
            }
        }
    }
}
