//! What messages are made of, besides whole numbers.
//!
//! Moments and prices reach the templates as objects, not as text: a template that prints one
//! without a filter is an error.

use chrono::Timelike;
use chrono_tz::Tz;
use domain::clock::Timestamp;
use domain::money::Money;
use minijinja::value::{Object, ObjectRepr, Value};
use serde::{Serialize, Serializer};
use url::Url;

use std::fmt;
use std::sync::Arc;

/// One line of text that somebody else wrote: a name, a title.
///
/// White space is collapsed, control characters and marks that turn the direction of the text
/// around it are dropped. Text of which nothing can be seen is empty, so that a template can
/// say something else in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserText(String);

impl UserText {
    /// The text as somebody wrote it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let kept: String = text
            .chars()
            .filter(|c| c.is_whitespace() || !(c.is_control() || turns_direction(*c)))
            .collect();
        if kept.chars().all(is_invisible) {
            return Self::default();
        }
        Self(kept.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The line; empty when nothing of it could be seen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Explicit bidirectional controls (Unicode UAX #9).
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that people use to have no name: blanks, fillers, joiners, selectors and tags.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{2800}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// A moment that a message speaks of, shown in the time zone of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct When(pub Timestamp);

/// A price that a message speaks of. Nothing at all counts as false in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(pub Money);

/// An address that a message spells out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Link(pub Url);

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

macro_rules! typed {
    ($name:ident, |$value:ident| $is_true:expr) => {
        impl Object for $name {
            fn repr(self: &Arc<Self>) -> ObjectRepr {
                ObjectRepr::Plain
            }

            fn is_true(self: &Arc<Self>) -> bool {
                let $value = **self;
                $is_true
            }

            fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        /// Meant for templates only, which receive the value itself.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Value::from_object(*self).serialize(serializer)
            }
        }
    };
}

typed!(When, |_when| true);
typed!(Price, |price| price.0 > Money::ZERO);

/// The part of the day by which people greet each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayPart {
    /// 06:00 to 11:59.
    Morning,
    /// 12:00 to 19:59.
    Afternoon,
    /// 20:00 to 05:59.
    Night,
}

impl DayPart {
    /// Every part, beginning with the morning.
    pub const ALL: [Self; 3] = [Self::Morning, Self::Afternoon, Self::Night];

    /// The part of the day at `now` in `zone`.
    #[must_use]
    pub fn of(now: Timestamp, zone: Tz) -> Self {
        Self::at(now.with_timezone(&zone).hour())
    }

    /// The part of the day at an hour, 0 to 23.
    #[must_use]
    pub const fn at(hour: u32) -> Self {
        match hour {
            6..12 => Self::Morning,
            12..20 => Self::Afternoon,
            _ => Self::Night,
        }
    }

    /// The branch of messages that differ by it.
    #[must_use]
    pub const fn branch(self) -> &'static str {
        match self {
            Self::Morning => "morning",
            Self::Afternoon => "afternoon",
            Self::Night => "night",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn invisible_names_are_empty() {
        for name in [
            "",
            "  ",
            "\u{200b}\u{3164}",
            "\u{202e}",
            "\u{2800}\n",
            "\0\u{feff}",
        ] {
            assert_eq!(UserText::new(name).as_str(), "", "{name:?}");
        }
    }

    #[test]
    fn names_keep_what_belongs_to_them() {
        assert_eq!(UserText::new(" Ana\n María\u{202e} ").as_str(), "Ana María");
        assert_eq!(UserText::new("👩‍👩‍👧").as_str(), "👩‍👩‍👧");
        assert_eq!(UserText::new("ليلى").as_str(), "ليلى");
    }

    #[test]
    fn the_day_is_that_of_the_zone() {
        let at = |time: &str| format!("2026-03-15T{time}Z").parse::<Timestamp>().unwrap();
        for (time, part) in [
            ("05:59:59", DayPart::Night),
            ("06:00:00", DayPart::Morning),
            ("11:59:59", DayPart::Morning),
            ("12:00:00", DayPart::Afternoon),
            ("19:59:59", DayPart::Afternoon),
            ("20:00:00", DayPart::Night),
        ] {
            assert_eq!(DayPart::of(at(time), Tz::UTC), part, "{time}");
        }
        // Mexico City is six hours behind all year.
        assert_eq!(
            DayPart::of(at("12:00:00"), Tz::America__Mexico_City),
            DayPart::Morning
        );
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_stays_itself(text in any::<String>()) {
            let line = UserText::new(&text);
            prop_assert!(!line.as_str().chars().any(|c| c.is_control() || turns_direction(c)));
            prop_assert!(!line.as_str().contains("  "));
            prop_assert_eq!(&UserText::new(line.as_str()), &line);
        }
    }
}
