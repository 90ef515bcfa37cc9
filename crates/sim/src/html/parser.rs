//! The reader of HTML mode. It works on bytes, since the offsets in its errors are bytes; a NUL
//! byte counts as the end of the text inside a tag, as it does for Telegram.

use super::entity::{Entity, EntityKind, FormattedText};
use crate::link;

/// Why a text is not acceptable HTML. Offsets are in bytes of the text as received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HtmlError {
    #[error("Unsupported start tag \"{name}\" at byte offset {at}")]
    UnsupportedTag { name: String, at: usize },
    #[error("Unclosed start tag at byte offset {at}")]
    UnclosedTag { at: usize },
    #[error("Unclosed start tag \"{name}\" at byte offset {at}")]
    UnclosedNamedTag { name: String, at: usize },
    #[error("Empty attribute name in the tag \"{name}\" at byte offset {at}")]
    EmptyAttributeName { name: String, at: usize },
    #[error("Unexpected end of name token at byte offset {at}")]
    BadToken { at: usize },
    #[error("Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}")]
    SpanWithoutClass { at: usize },
    #[error("Unexpected end tag at byte offset {at}")]
    UnexpectedEndTag { at: usize },
    #[error("Unclosed end tag at byte offset {at}")]
    UnclosedEndTag { at: usize },
    #[error("Unmatched end tag at byte offset {at}, expected \"</{expected}>\", found \"</{found}>\"")]
    UnmatchedEndTag {
        at: usize,
        expected: String,
        found: String,
    },
    #[error("Can't find end tag corresponding to start tag \"{name}\"")]
    MissingEndTag { name: String },
    #[error("Invalid custom emoji identifier specified")]
    InvalidEmoji,
    #[error("Invalid date format used")]
    InvalidDateFormat,
    #[error(
        "Text contains invalid Unicode characters after decoding HTML entities, \
         check for unmatched surrogate code units"
    )]
    LoneSurrogate,
}

/// Reads HTML. The result is not in order yet: see [`super::arrange`].
pub(crate) fn parse(source: &str) -> Result<FormattedText, HtmlError> {
    let mut parser = Parser {
        source,
        pos: 0,
        out: Output::default(),
        open: Vec::new(),
        found: Vec::new(),
    };
    while parser.pos < source.len() {
        parser.step()?;
    }
    if let Some(open) = parser.open.pop() {
        return Err(HtmlError::MissingEndTag { name: open.name });
    }
    let text = parser.out.finish()?;
    // Tags close from the inside out; of two with the same range the outer one is to come first.
    let entities = parser.found.into_iter().rev().map(|found| found.entity).collect();
    Ok(FormattedText { text, entities })
}

struct Parser<'a> {
    source: &'a str,
    pos: usize,
    out: Output,
    open: Vec<Open>,
    found: Vec<Found>,
}

/// A tag that waits for its end.
struct Open {
    name: String,
    attributes: Attributes,
    utf16: u32,
    byte: usize,
}

/// The attributes that mean something; of several with one name the last one counts.
#[derive(Default)]
struct Attributes {
    href: String,
    class: String,
    emoji_id: String,
    unix: String,
    format: String,
    expandable: bool,
}

/// A finished entity, with the language that its `code` tag named.
struct Found {
    entity: Entity,
    language: Option<String>,
}

const TAGS: [&str; 17] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "tg-spoiler",
    "span",
    "a",
    "code",
    "pre",
    "blockquote",
    "tg-emoji",
    "tg-time",
];

impl Parser<'_> {
    fn at(&self, pos: usize) -> u8 {
        self.source.as_bytes().get(pos).copied().unwrap_or(0)
    }

    fn here(&self) -> u8 {
        self.at(self.pos)
    }

    fn skip_spaces(&mut self) {
        while self.here() != 0 && is_space(self.here()) {
            self.pos += 1;
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while wanted(self.here()) {
            self.pos += 1;
        }
    }

    /// Reads one character of text, one character reference or one tag.
    fn step(&mut self) -> Result<(), HtmlError> {
        match self.here() {
            b'<' => {
                self.out.settle();
                if self.at(self.pos + 1) == b'/' {
                    self.end_tag()
                } else {
                    self.start_tag()
                }
            }
            _ => {
                let (code, next) = character(self.source, self.pos);
                self.out.push(code);
                self.pos = next;
                Ok(())
            }
        }
    }

    fn start_tag(&mut self) -> Result<(), HtmlError> {
        let at = self.pos;
        self.pos += 1;
        self.skip_while(|b| !is_space(b) && b != b'>');
        if self.here() == 0 {
            return Err(HtmlError::UnclosedTag { at });
        }
        let name = self.source[at + 1..self.pos].to_ascii_lowercase();
        if !TAGS.contains(&name.as_str()) {
            return Err(HtmlError::UnsupportedTag { name, at });
        }
        let mut attributes = Attributes::default();
        while self.here() != b'>' {
            self.skip_spaces();
            if self.here() == b'>' {
                break;
            }
            self.attribute(&name, at, &mut attributes)?;
        }
        self.pos += 1;
        if name == "span" && attributes.class != "tg-spoiler" {
            return Err(HtmlError::SpanWithoutClass { at });
        }
        self.open.push(Open {
            name,
            attributes,
            utf16: self.out.utf16,
            byte: self.out.text.len(),
        });
        Ok(())
    }

    fn attribute(&mut self, tag: &str, at: usize, attributes: &mut Attributes) -> Result<(), HtmlError> {
        let begin = self.pos;
        self.skip_while(|b| !is_space(b) && !b"=>/\"'".contains(&b));
        let name = self.source[begin..self.pos].to_ascii_lowercase();
        if name.is_empty() {
            return Err(HtmlError::EmptyAttributeName {
                name: tag.to_owned(),
                at,
            });
        }
        self.skip_spaces();
        let unclosed = || HtmlError::UnclosedNamedTag {
            name: tag.to_owned(),
            at,
        };
        if self.here() == 0 {
            return Err(unclosed());
        }
        let value = if self.here() == b'=' {
            self.pos += 1;
            self.skip_spaces();
            if self.here() == 0 {
                return Err(unclosed());
            }
            let value = self.attribute_value()?;
            if self.here() == 0 {
                return Err(HtmlError::UnclosedTag { at });
            }
            value
        } else {
            String::new()
        };
        match name.as_str() {
            "href" => attributes.href = value,
            "class" => attributes.class = value,
            "emoji-id" => attributes.emoji_id = value,
            "unix" => attributes.unix = value,
            "format" => attributes.format = value,
            "expandable" => attributes.expandable = true,
            _ => {}
        }
        Ok(())
    }

    fn attribute_value(&mut self) -> Result<String, HtmlError> {
        let quote = self.here();
        if quote != b'"' && quote != b'\'' {
            let begin = self.pos;
            self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
            if !is_space(self.here()) && self.here() != b'>' {
                return Err(HtmlError::BadToken { at: begin });
            }
            return Ok(self.source[begin..self.pos].to_ascii_lowercase());
        }
        self.pos += 1;
        let mut value = Output::default();
        while self.here() != quote && self.here() != 0 {
            let (code, next) = character(self.source, self.pos);
            value.push(code);
            self.pos = next;
        }
        if self.here() == quote {
            self.pos += 1;
        }
        value.finish()
    }

    fn end_tag(&mut self) -> Result<(), HtmlError> {
        let at = self.pos;
        let Some(open) = self.open.pop() else {
            return Err(HtmlError::UnexpectedEndTag { at });
        };
        self.pos += 2;
        self.skip_while(|b| !is_space(b) && b != b'>');
        let found = self.source[at + 2..self.pos].to_ascii_lowercase();
        self.skip_spaces();
        if self.here() != b'>' {
            return Err(HtmlError::UnclosedEndTag { at });
        }
        self.pos += 1;
        if !found.is_empty() && found != open.name {
            return Err(HtmlError::UnmatchedEndTag {
                at,
                expected: open.name,
                found,
            });
        }
        if self.out.utf16 > open.utf16 {
            self.close(open)?;
        }
        Ok(())
    }

    /// Turns a tag with content into its entity, if it makes one.
    fn close(&mut self, open: Open) -> Result<(), HtmlError> {
        let Open {
            name,
            attributes,
            utf16: offset,
            byte,
        } = open;
        let length = self.out.utf16 - offset;
        let mut language = None;
        let kind = match name.as_str() {
            "b" | "strong" => EntityKind::Bold,
            "i" | "em" => EntityKind::Italic,
            "u" | "ins" => EntityKind::Underline,
            "s" | "strike" | "del" => EntityKind::Strikethrough,
            "tg-spoiler" | "span" => EntityKind::Spoiler,
            "blockquote" if attributes.expandable => EntityKind::ExpandableBlockquote,
            "blockquote" => EntityKind::Blockquote,
            "code" => {
                language = attributes
                    .class
                    .strip_prefix("language-")
                    .filter(|l| !l.is_empty())
                    .map(str::to_owned);
                let around = self
                    .found
                    .last_mut()
                    .filter(|f| f.entity.range() == (offset, offset + length));
                if let (Some(Found { entity, .. }), true) = (around, language.is_some())
                    && matches!(entity.kind, EntityKind::Pre { .. })
                {
                    entity.kind = EntityKind::Pre { language };
                    return Ok(());
                }
                EntityKind::Code
            }
            "pre" => {
                let inside = self
                    .found
                    .last_mut()
                    .filter(|f| f.entity.range() == (offset, offset + length));
                if let Some(Found { entity, language }) = inside
                    && entity.kind == EntityKind::Code
                    && language.is_some()
                {
                    entity.kind = EntityKind::Pre {
                        language: language.take(),
                    };
                    return Ok(());
                }
                EntityKind::Pre { language: None }
            }
            "a" => {
                let content = &self.out.text[byte..];
                let address = if attributes.href.is_empty() {
                    content
                } else {
                    &attributes.href
                };
                if let Some(user_id) = link::user_id(address) {
                    EntityKind::TextMention { user_id }
                } else if let Ok(url) = link::check(address) {
                    EntityKind::TextLink { url }
                } else {
                    return Ok(());
                }
            }
            "tg-emoji" => match attributes.emoji_id.parse() {
                Ok(custom_emoji_id) if custom_emoji_id != 0 => EntityKind::CustomEmoji { custom_emoji_id },
                _ => return Err(HtmlError::InvalidEmoji),
            },
            _ => {
                if !attributes.format.chars().all(|c| "rRtTdDwW".contains(c)) {
                    return Err(HtmlError::InvalidDateFormat);
                }
                let Some(unix_time) = attributes.unix.parse().ok().filter(|unix| *unix > 0) else {
                    return Ok(());
                };
                let date_time_format = (!attributes.format.is_empty()).then_some(attributes.format);
                EntityKind::DateTime {
                    unix_time,
                    date_time_format,
                }
            }
        };
        self.found.push(Found {
            entity: Entity::new(offset, length, kind),
            language,
        });
        Ok(())
    }
}

/// Text that grows, with the surrogate halves that numeric references may leave behind.
#[derive(Default)]
struct Output {
    text: String,
    utf16: u32,
    high: Option<u32>,
    broken: bool,
}

impl Output {
    fn push(&mut self, code: u32) {
        let c = match (code, self.high.take()) {
            (0xD800..=0xDBFF, None) => {
                self.high = Some(code);
                return;
            }
            (0xDC00..=0xDFFF, Some(high)) => {
                char::from_u32(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
            }
            (_, pending) => {
                self.broken |= pending.is_some();
                char::from_u32(code)
            }
        };
        match c {
            Some(c) => {
                self.text.push(c);
                self.utf16 += c.len_utf16() as u32;
            }
            None => self.broken = true,
        }
    }

    /// A tag may not stand between the halves of a pair.
    fn settle(&mut self) {
        self.broken |= self.high.take().is_some();
    }

    fn finish(mut self) -> Result<String, HtmlError> {
        self.settle();
        if self.broken {
            Err(HtmlError::LoneSurrogate)
        } else {
            Ok(self.text)
        }
    }
}

/// NUL is among them: it ends names, and the text.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0b)
}

/// The code of the character or character reference at `pos`, and where the next one begins.
fn character(source: &str, pos: usize) -> (u32, usize) {
    if let Some(reference) = reference(source.as_bytes(), pos) {
        return reference;
    }
    // `pos` always follows a whole character, so there is one here.
    source[pos..]
        .chars()
        .next()
        .map_or((0, pos + 1), |c| (c as u32, pos + c.len_utf8()))
}

fn reference(bytes: &[u8], pos: usize) -> Option<(u32, usize)> {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    if at(pos) != b'&' {
        return None;
    }
    let mut end = pos + 1;
    let code = if at(end) == b'#' {
        end += 1;
        let radix = if at(end) == b'x' { 16 } else { 10 };
        end += usize::from(radix == 16);
        let mut code: u32 = 0;
        while let Some(digit) = char::from(at(end)).to_digit(radix) {
            code = code.saturating_mul(radix).saturating_add(digit);
            end += 1;
        }
        // Out of range, or written with more digits than Telegram reads.
        if code == 0 || code >= 0x0010_FFFF || end - pos >= 10 {
            return None;
        }
        code
    } else {
        while at(end).is_ascii_alphabetic() {
            end += 1;
        }
        u32::from(match &bytes[pos + 1..end] {
            b"lt" => b'<',
            b"gt" => b'>',
            b"amp" => b'&',
            b"quot" => b'"',
            _ => return None,
        })
    };
    Some((code, end + usize::from(at(end) == b';')))
}
