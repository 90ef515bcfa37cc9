//! The names of the rules.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How grave it is to break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The text cannot be sent, or is not Lucien's.
    Error,
    /// The text can be sent, and would be better otherwise.
    Warning,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $key:literal, $severity:ident, $meaning:literal;)+) => {
        /// A rule that texts keep.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule {
            $($(#[$doc])* $rule,)+
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// The name by which an exception names it.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$rule => $key),+ }
            }

            /// How grave it is to break it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$rule => Severity::$severity),+ }
            }

            /// What somebody did who broke it.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$rule => $meaning),+ }
            }
        }
    };
}

rules! {
    /// The file is of the documented form, and its templates can be read.
    Form = "form", Error, "not the form of a catalogue";
    /// Messages and texts are exactly those that the house asks for.
    Known = "known", Error, "not what the house asks for";
    /// Exceptions have a reason and excuse something.
    Exception = "exception", Error, "an exception without use or reason";
    /// Templates use all values that they are given, and no others.
    Values = "values", Error, "values and words do not belong together";
    /// What is seen fits where it is shown.
    Length = "length", Error, "too long for its place, or empty";
    /// Telegram's tags, properly nested and not empty.
    Tags = "tags", Error, "not Telegram's HTML";
    /// Nothing of the template is seen.
    Leftovers = "leftovers", Error, "a piece of machinery is seen";
    /// Lucien has a header; others have none.
    Header = "header", Error, "the header does not fit who speaks";
    /// Lucien's hat comes first, and nobody else wears it.
    Signature = "signature", Error, "the hat is missing, or on another head";
    /// Lucien says *usted*.
    Usted = "usted", Error, "not how Lucien addresses people";
    /// No word of the machine room.
    Jargon = "jargon", Error, "a word of the machine room";
    /// Nobody's gender is presumed.
    Gender = "gender", Warning, "presumes a person's gender";
    /// Lucien is calm.
    Calm = "calm", Error, "loud";
    /// Questions and exclamations begin with ¿ and ¡.
    Marks = "marks", Error, "¿? or ¡! do not match";
    /// Spaces and empty lines are where they belong.
    Spaces = "spaces", Error, "a space or an empty line too many";
    /// The ellipsis is one character.
    Ellipsis = "ellipsis", Error, "not an ellipsis (…)";
    /// What is spoken ends like a sentence.
    Ending = "ending", Error, "a sentence without an end";
    /// Paragraphs are short.
    Wall = "wall", Warning, "a paragraph like a wall";
    /// Names of people come from the configuration.
    Names = "names", Error, "a name that another house does not have";
    /// Weights of openings are equal, or percentages.
    Weights = "weights", Error, "weights neither equal nor of 100 in all";
    /// What is heard often varies.
    Variants = "variants", Error, "too few openings for how often it is heard";
    /// No two openings say the same.
    Distinct = "distinct", Error, "two openings say the same";
    /// No two messages speak the same sentence.
    Repeated = "repeated", Warning, "said elsewhere in the same words";
    /// Emoji come from the house's table, each with one meaning.
    Emoji = "emoji", Error, "not as the table of emoji has it";
}

impl Rule {
    /// Whether a reason excuses it. What cannot be sent has none.
    #[must_use]
    pub const fn has_exceptions(self) -> bool {
        !matches!(
            self,
            Self::Form | Self::Known | Self::Exception | Self::Length | Self::Tags
        )
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}
