//! What a text may be adorned with.

use serde::Serialize;

/// A stretch of text with a meaning or a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entity {
    /// Where it begins, in UTF-16 code units.
    pub offset: u32,
    /// How long it is, in UTF-16 code units; never 0.
    pub length: u32,
    /// What it is.
    #[serde(flatten)]
    pub kind: EntityKind,
}

/// The kinds of entities, named as in the Bot API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is named and described by the Bot API's MessageEntity"
)]
pub enum EntityKind {
    Mention,
    Hashtag,
    Cashtag,
    BotCommand,
    Url,
    Email,
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Pre {
        language: Option<String>,
    },
    TextLink {
        url: String,
    },
    TextMention {
        user_id: i64,
    },
    CustomEmoji {
        custom_emoji_id: i64,
    },
    DateTime {
        unix_time: i64,
        date_time_format: Option<String>,
    },
    Blockquote,
    ExpandableBlockquote,
}

/// How a kind behaves beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// May contain anything, but no quote.
    Quote,
    /// Stands alone: no look inside, no overlap with another of its class.
    Bare,
    /// Cannot be split nor overlap another of its class; may be bold and so on.
    Solid,
    /// A look: split and merged as needed.
    Style,
}

impl EntityKind {
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Blockquote | Self::ExpandableBlockquote => Class::Quote,
            Self::Code | Self::Pre { .. } | Self::DateTime { .. } => Class::Bare,
            Self::Bold | Self::Italic | Self::Underline | Self::Strikethrough | Self::Spoiler => Class::Style,
            _ => Class::Solid,
        }
    }

    /// Found in the text by the server, never written by a bot.
    pub(super) fn is_detected(&self) -> bool {
        matches!(
            self,
            Self::Mention | Self::Hashtag | Self::Cashtag | Self::BotCommand | Self::Url | Self::Email
        )
    }

    /// Of two entities with the same range, the one with the smaller rank is the outer one.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Blockquote | Self::ExpandableBlockquote => 0,
            Self::Pre { language: Some(_) } => 10,
            Self::Pre { language: None } => 11,
            Self::Code => 20,
            Self::DateTime { .. } => 30,
            Self::TextLink { .. } | Self::TextMention { .. } => 49,
            Self::Bold => 90,
            Self::Italic => 91,
            Self::Underline => 92,
            Self::Strikethrough => 93,
            Self::Spoiler => 94,
            Self::CustomEmoji { .. } => 99,
            _ => 50,
        }
    }
}

impl Entity {
    pub(crate) fn new(offset: u32, length: u32, kind: EntityKind) -> Self {
        Self { offset, length, kind }
    }

    pub(super) fn end(&self) -> u32 {
        self.offset + self.length
    }

    pub(super) fn range(&self) -> (u32, u32) {
        (self.offset, self.end())
    }

    /// The order in which the Bot API lists entities: outer before inner.
    pub(super) fn order(&self) -> (u32, std::cmp::Reverse<u32>, u8) {
        (self.offset, std::cmp::Reverse(self.length), self.kind.rank())
    }
}

/// Text and what adorns it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FormattedText {
    pub(crate) text: String,
    pub(crate) entities: Vec<Entity>,
}

/// The length of a text in UTF-16 code units, the unit of entities.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
