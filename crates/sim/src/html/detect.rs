//! Finds what Telegram marks by itself: commands, mentions, hashtags, cashtags, addresses.
//!
//! Phone and bank card numbers are not looked for, and an address without a scheme is only
//! recognised under the most common top-level domains.

use super::entity::{Entity, EntityKind};

const TOP_LEVEL: [&str; 24] = [
    "app", "ar", "biz", "br", "cl", "co", "com", "dev", "edu", "es", "eu", "fr", "gov", "info", "io", "me",
    "mx", "net", "org", "pe", "ru", "tv", "uk", "xyz",
];

/// Finds entities that do not touch the `taken` ones, which are sorted and apart.
pub(super) fn detect(text: &str, taken: &[Entity]) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut taken = taken.iter().peekable();
    let (mut pos, mut utf16) = (0, 0u32);
    let mut before = None;
    while let Some(c) = text[pos..].chars().next() {
        let rest = &text[pos..];
        let (length, kind) = match find(before, c, rest) {
            Some((length, kind)) => (length, Some(kind)),
            None => (c.len_utf8(), None),
        };
        // What is found is ASCII or measured here, so the lengths agree.
        let units = rest[..length].chars().map(char::len_utf16).sum::<usize>() as u32;
        if let Some(kind) = kind {
            while taken.peek().is_some_and(|t| t.end() <= utf16) {
                taken.next();
            }
            if taken.peek().is_none_or(|t| t.offset >= utf16 + units) {
                found.push(Entity::new(utf16, units, kind));
            }
        }
        before = rest[..length].chars().next_back();
        pos += length;
        utf16 += units;
    }
    found
}

/// What begins here, with its length in bytes.
fn find(before: Option<char>, c: char, rest: &str) -> Option<(usize, EntityKind)> {
    let after_word = before.is_some_and(is_word);
    match c {
        '/' if !after_word && !before.is_some_and(|b| "/<>".contains(b)) => {
            command(rest).map(|length| (length, EntityKind::BotCommand))
        }
        '@' if !after_word => {
            let name = run(&rest[1..], is_ascii_word);
            ((4..=32).contains(&name) && ends(&rest[1 + name..])).then_some((1 + name, EntityKind::Mention))
        }
        '#' if !after_word => {
            let tag = run(&rest[1..], is_word);
            let named = rest[1..=tag].chars().any(char::is_alphabetic);
            (named && rest[1..=tag].chars().count() <= 256).then_some((1 + tag, EntityKind::Hashtag))
        }
        '$' if !after_word => {
            let tag = run(&rest[1..], |c| c.is_ascii_uppercase());
            ((1..=8).contains(&tag) && ends(&rest[1 + tag..])).then_some((1 + tag, EntityKind::Cashtag))
        }
        _ if c.is_ascii_alphanumeric() && !after_word && !before.is_some_and(is_address) => {
            address(rest).or_else(|| email(rest)).or_else(|| domain(rest))
        }
        _ => None,
    }
}

fn command(rest: &str) -> Option<usize> {
    let name = run(&rest[1..], is_ascii_word);
    let mut length = 1 + name;
    if !(1..=64).contains(&name) {
        return None;
    }
    if rest[length..].starts_with('@') {
        let bot = run(&rest[length + 1..], is_ascii_word);
        if (3..=32).contains(&bot) {
            length += 1 + bot;
        }
    }
    let next = rest[length..].chars().next();
    (!next.is_some_and(|n| is_word(n) || "/<>".contains(n))).then_some(length)
}

fn address(rest: &str) -> Option<(usize, EntityKind)> {
    let scheme = ["https://", "http://"].into_iter().find(|s| {
        rest.get(..s.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(s))
    })?;
    let host = run(&rest[scheme.len()..], |c| is_word(c) || c == '.' || c == '-');
    rest[scheme.len()..][..host]
        .trim_matches('.')
        .contains('.')
        .then(|| {
            let end = scheme.len() + host;
            (end + tail(&rest[end..]), EntityKind::Url)
        })
}

fn email(rest: &str) -> Option<(usize, EntityKind)> {
    let name = run(rest, |c| is_address(c) || c.is_ascii_alphanumeric());
    let host = rest[name..].strip_prefix('@')?;
    let length = run(host, |c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let host = host[..length].trim_end_matches(['.', '-']);
    let (first, last) = host.rsplit_once('.')?;
    let valid = !first.is_empty() && last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic());
    (valid && name <= 64).then_some((name + 1 + host.len(), EntityKind::Email))
}

fn domain(rest: &str) -> Option<(usize, EntityKind)> {
    let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let host = rest[..length].trim_end_matches(['.', '-']);
    let (first, last) = host.rsplit_once('.')?;
    let known = TOP_LEVEL.contains(&last.to_ascii_lowercase().as_str());
    let labels = first.split('.').all(|label| !label.is_empty());
    let after = &rest[host.len()..];
    (known && labels && !after.starts_with(['@', '_'])).then(|| {
        let tail = if host.len() == length { tail(after) } else { 0 };
        (host.len() + tail, EntityKind::Url)
    })
}

/// Port, path and query of an address, without the punctuation that follows it.
fn tail(rest: &str) -> usize {
    if !rest.starts_with([':', '/', '?', '#']) {
        return 0;
    }
    let length = run(rest, |c| !c.is_whitespace() && !"<>\"«»".contains(c));
    rest[..length]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '…'])
        .len()
}

/// The length in bytes of the leading characters that are wanted.
fn run(rest: &str, wanted: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !wanted(c)).unwrap_or(rest.len())
}

fn ends(rest: &str) -> bool {
    !rest.starts_with(is_word)
}

fn is_ascii_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Characters that hold an address together.
fn is_address(c: char) -> bool {
    ".-_+%".contains(c)
}
