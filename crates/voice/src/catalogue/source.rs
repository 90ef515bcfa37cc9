//! The file format. `catalogue/README.md` explains it to writers.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{CatalogueError, Problem};

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

/// What stands above a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Header {
    /// The hat and the butler's name: he is heard.
    Speech,
    /// The hat and a title: a place is seen.
    Screen,
    /// Nothing.
    None,
}

/// A message as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntrySource {
    pub(super) voice: Speaker,
    #[serde(default)]
    pub(super) audience: Audience,
    header: Header,
    title: Option<String>,
    opening: Option<Vec<Opening>>,
    body: Option<String>,
    footer: Option<String>,
    #[serde(default)]
    branch: Vec<BranchSource>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BranchSource {
    when: String,
    title: Option<String>,
    opening: Option<Vec<Opening>>,
    body: Option<String>,
    footer: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    weight: NonZeroU32,
    text: String,
}

/// What one branch says, once it has taken from its entry what it does not say itself.
#[derive(Debug)]
pub(super) struct Text {
    header: Header,
    title: Option<String>,
    openings: Vec<Opening>,
    body: Option<String>,
    footer: Option<String>,
}

/// The entries of a provider's file by key.
pub(super) fn parse_entries(file: (&str, &str)) -> Result<Vec<(String, EntrySource)>, CatalogueError> {
    // First the table, then each entry: so that an error names the entry.
    let table: toml::Table = parse_file(file)?;
    table
        .into_iter()
        .map(|(key, entry)| match entry.try_into() {
            Ok(entry) => Ok((key, entry)),
            Err(error) => Err(CatalogueError::new(file.0, &key, Problem::Form(Box::new(error)))),
        })
        .collect()
}

/// A whole file of one form.
pub(super) fn parse_file<T: DeserializeOwned>((file, text): (&str, &str)) -> Result<T, CatalogueError> {
    toml::from_str(text).map_err(|error| CatalogueError::new(file, "", Problem::Form(Box::new(error))))
}

impl EntrySource {
    /// The texts by branch; one without a name when there are no branches.
    pub(super) fn into_texts(mut self) -> Result<BTreeMap<String, Text>, Problem> {
        let mut texts = BTreeMap::new();
        let branches = std::mem::take(&mut self.branch);
        if branches.is_empty() {
            let text = Text {
                header: self.header,
                title: self.title,
                openings: self.opening.unwrap_or_default(),
                body: self.body,
                footer: self.footer,
            };
            texts.insert(String::new(), text.checked()?);
            return Ok(texts);
        }
        for branch in branches {
            if branch.when.is_empty() {
                return Err(Problem::UnnamedBranch);
            }
            let openings = branch.opening.or_else(|| self.opening.clone());
            let text = Text {
                header: self.header,
                title: branch.title.or_else(|| self.title.clone()),
                openings: openings.unwrap_or_default(),
                body: branch.body.or_else(|| self.body.clone()),
                footer: branch.footer.or_else(|| self.footer.clone()),
            };
            if texts.insert(branch.when.clone(), text.checked()?).is_some() {
                return Err(Problem::DuplicateBranch(branch.when));
            }
        }
        Ok(texts)
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
        let words: HashSet<&str> = self.openings.iter().map(|opening| opening.text.trim()).collect();
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
        let variant = |opening: &Opening| (opening.weight.get(), self.compose(Some(&opening.text)));
        self.openings.iter().map(variant).collect()
    }

    fn compose(&self, opening: Option<&str>) -> String {
        let header = match (self.header, &self.title) {
            (Header::Speech, _) => Some("🎩 <b>{{ terms.butler }}</b>".to_owned()),
            (Header::Screen, Some(title)) => Some(format!("🎩 <b>{}</b>", title.trim())),
            (Header::Screen | Header::None, _) => None,
        };
        let opening = opening.map(|words| format!("<i>{}</i>", words.trim()));
        // Only line ends are trimmed: a block at the end of the body keeps its own.
        let trimmed = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        [header, opening, trimmed(&self.body), trimmed(&self.footer)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n\n")
    }
}
