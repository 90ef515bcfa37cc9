//! The file format. `catalogue/README.md` explains it to writers.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::error::Problem;
use crate::check::Rule;
use crate::screen::{Label, columns_in_row_of};

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The butler: formal, the hat first.
    Lucien,
    /// The creator in person: warm, informal, without the hat.
    Diana,
    /// Nobody in particular.
    Neutral,
}

/// Who hears a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Anybody; no word of the machine room.
    #[default]
    Everybody,
    /// Those who run the house: plain terms stand beside the butler's.
    Custodian,
}

/// How much a person hears of a message, where that obliges it to vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Heard {
    /// Again and again: three openings at least.
    Often,
    /// At a moment that counts: two openings at least.
    Key,
}

/// What stands above a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Header {
    /// The hat and the butler's name: he is heard.
    Speech,
    /// The hat and a title: a place is seen.
    Screen,
    /// Nothing.
    None,
}

/// A message as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntrySource {
    pub(crate) voice: Speaker,
    #[serde(default)]
    pub(crate) audience: Audience,
    heard: Option<Heard>,
    pub(crate) header: Header,
    title: Option<Spanned<String>>,
    opening: Option<Vec<Opening>>,
    body: Option<Spanned<String>>,
    footer: Option<Spanned<String>>,
    buttons: Option<Buttons>,
    #[serde(default)]
    branch: Vec<BranchSource>,
    #[serde(default)]
    pub(crate) allow: Vec<Allow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchSource {
    when: Spanned<String>,
    heard: Option<Heard>,
    title: Option<Spanned<String>>,
    opening: Option<Vec<Opening>>,
    body: Option<Spanned<String>>,
    footer: Option<Spanned<String>>,
    buttons: Option<Buttons>,
}

/// Keys of labels, row by row.
type Buttons = Vec<Vec<Spanned<String>>>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    weight: NonZeroU32,
    text: Spanned<String>,
}

/// A rule that a text may break.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allow {
    pub(crate) rule: Spanned<Rule>,
    pub(crate) reason: String,
}

/// A short, plain text as it is written: alone, or with what has to be known of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShortSource {
    pub(crate) text: Spanned<String>,
    #[serde(default)]
    pub(crate) audience: Audience,
    #[serde(default)]
    pub(crate) allow: Vec<Allow>,
}

/// What one branch says, once it has taken from its entry what it does not say itself.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) heard: Option<Heard>,
    header: Header,
    /// Where its name is written, if it has one.
    when: Option<Range<usize>>,
    title: Option<Spanned<String>>,
    openings: Vec<Opening>,
    body: Option<Spanned<String>>,
    footer: Option<Spanned<String>>,
    /// The buttons that are always below it, for who looks at it: what they do is no matter of words.
    pub(crate) buttons: Buttons,
}

/// A key with its value, as the parser hands them out.
pub(super) type Pair<'a> = (Spanned<String>, Spanned<DeValue<'a>>);

/// The keys of a file, in order.
pub(super) fn pairs(text: &str) -> Result<Vec<Pair<'_>>, toml::de::Error> {
    let table = DeTable::parse(text)?.into_inner();
    let pair =
        |(key, value): (Spanned<_>, _)| (Spanned::new(key.span(), String::from(key.into_inner())), value);
    Ok(table.into_iter().map(pair).collect())
}

impl EntrySource {
    pub(super) fn read(value: Spanned<DeValue<'_>>) -> Result<Self, toml::de::Error> {
        Self::deserialize(ValueDeserializer::from(value))
    }

    /// The texts by branch; one without a name when there are no branches.
    pub(crate) fn texts(&self) -> Result<BTreeMap<String, Text>, Problem> {
        let mut texts = BTreeMap::new();
        if self.branch.is_empty() {
            let text = Text {
                heard: self.heard,
                header: self.header,
                when: None,
                title: self.title.clone(),
                openings: self.opening.clone().unwrap_or_default(),
                body: self.body.clone(),
                footer: self.footer.clone(),
                buttons: self.buttons.clone().unwrap_or_default(),
            };
            texts.insert(String::new(), text.checked()?);
            return Ok(texts);
        }
        for branch in self.branch.iter().cloned() {
            let when = branch.when.get_ref().clone();
            if when.is_empty() {
                return Err(Problem::UnnamedBranch);
            }
            let openings = branch.opening.or_else(|| self.opening.clone());
            let buttons = branch.buttons.or_else(|| self.buttons.clone());
            let text = Text {
                heard: branch.heard.or(self.heard),
                header: self.header,
                when: Some(branch.when.span()),
                title: branch.title.or_else(|| self.title.clone()),
                openings: openings.unwrap_or_default(),
                body: branch.body.or_else(|| self.body.clone()),
                footer: branch.footer.or_else(|| self.footer.clone()),
                buttons: buttons.unwrap_or_default(),
            };
            if texts.insert(when.clone(), text.checked()?).is_some() {
                return Err(Problem::DuplicateBranch(when));
            }
        }
        Ok(texts)
    }
}

impl ShortSource {
    pub(super) fn read(value: Spanned<DeValue<'_>>) -> Result<Self, toml::de::Error> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(text) => Ok(Self {
                text: Spanned::new(span, text.clone().into_owned()),
                audience: Audience::default(),
                allow: Vec::new(),
            }),
            _ => Self::deserialize(ValueDeserializer::from(value)),
        }
    }
}

impl Text {
    fn checked(self) -> Result<Self, Problem> {
        if self.openings.is_empty() && self.body.is_none() {
            return Err(Problem::NoText);
        }
        if self.title.is_some() != (self.header == Header::Screen) {
            return Err(Problem::Title);
        }
        let words: HashSet<&str> = self
            .openings
            .iter()
            .map(|opening| opening.text.get_ref().trim())
            .collect();
        if words.len() < self.openings.len() {
            return Err(Problem::DuplicateOpening);
        }
        Ok(self)
    }

    /// The weight and the template of each variant.
    pub(super) fn variants(&self) -> Vec<(u32, String)> {
        if self.openings.is_empty() {
            return vec![(1, self.compose(None))];
        }
        let variant = |opening: &Opening| (opening.weight.get(), self.compose(Some(opening.text.get_ref())));
        self.openings.iter().map(variant).collect()
    }

    /// What is written for a variant, or for all of them, part by part.
    pub(crate) fn parts(&self, variant: Option<usize>) -> impl Iterator<Item = &Spanned<String>> {
        let heard = move |index: &usize| variant.is_none_or(|variant| variant == *index);
        let openings = self.openings.iter().enumerate();
        let openings = openings.filter(move |(index, _)| heard(index));
        let openings = openings.map(|(_, opening)| &opening.text);
        openings.chain(&self.body).chain(&self.footer).chain(&self.title)
    }

    /// What is spoken: openings and footer.
    pub(crate) fn spoken(&self) -> impl Iterator<Item = &Spanned<String>> {
        let openings = self.openings.iter().map(|opening| &opening.text);
        openings.chain(&self.footer)
    }

    /// The weights of the openings.
    pub(crate) fn weights(&self) -> Vec<u32> {
        self.openings.iter().map(|opening| opening.weight.get()).collect()
    }

    /// Labels of its buttons that are wider than a row of so many shows.
    pub(crate) fn too_wide<'a>(&'a self, labels: &'a BTreeMap<&str, &str>) -> impl Iterator<Item = &'a str> {
        self.buttons.iter().flat_map(move |row| {
            let max = columns_in_row_of(row.len());
            let labels = row.iter().filter_map(|key| labels.get(key.get_ref().as_str()));
            labels
                .copied()
                .filter(move |label| Label::columns_of(label) > max)
        })
    }

    /// Where its name is written.
    pub(crate) fn when(&self) -> Option<&Range<usize>> {
        self.when.as_ref()
    }

    fn compose(&self, opening: Option<&str>) -> String {
        let header = match (self.header, &self.title) {
            (Header::Speech, _) => Some("🎩 <b>{{ terms.butler }}</b>".to_owned()),
            (Header::Screen, Some(title)) => Some(format!("🎩 <b>{}</b>", title.get_ref().trim())),
            (Header::Screen | Header::None, _) => None,
        };
        let opening = opening.map(|words| format!("<i>{}</i>", words.trim()));
        // Only line ends are trimmed: a block at the end of the body keeps its own.
        let trimmed =
            |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.get_ref().trim().to_owned());
        [header, opening, trimmed(&self.body), trimmed(&self.footer)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}
