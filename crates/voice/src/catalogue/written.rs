//! A catalogue as it is written: its files laid over each other, nothing compiled yet.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::error::{CatalogueError, Problem};
use super::files::{File, Files};
use super::source::{self, EntrySource, ShortSource};

/// The flat files: one plain text per key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flat {
    Labels,
    Toasts,
    Commands,
    Terms,
    Emoji,
}

/// Everything that is written, by key, each with the file that says it.
#[derive(Debug, Default)]
pub(crate) struct Written<'a> {
    pub(crate) messages: BTreeMap<String, Located<'a, EntrySource>>,
    flat: BTreeMap<(Flat, String), Located<'a, ShortSource>>,
    pub(crate) errors: Vec<CatalogueError>,
}

/// Something with the place where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Located<'a, T> {
    pub(crate) file: &'a File,
    /// Its key in the file.
    pub(crate) at: Range<usize>,
    pub(crate) is: T,
}

impl Flat {
    const ALL: [Self; 5] = [
        Self::Labels,
        Self::Toasts,
        Self::Commands,
        Self::Terms,
        Self::Emoji,
    ];

    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Labels => "labels.toml",
            Self::Toasts => "toasts.toml",
            Self::Commands => "commands.toml",
            Self::Terms => "terms.toml",
            Self::Emoji => "emoji.toml",
        }
    }
}

impl<'a> Written<'a> {
    /// Reads what can be read and notes what cannot.
    pub(crate) fn read(files: &'a Files) -> Self {
        let mut written = Self::default();
        for flat in Flat::ALL {
            let name = flat.file();
            if !files.iter().any(|file| file.name == name) {
                written.errors.push(CatalogueError {
                    file: name.to_owned(),
                    line: 1,
                    id: String::new(),
                    problem: Problem::MissingFile,
                });
            }
        }
        for file in files.iter() {
            match source::pairs(&file.text) {
                Ok(pairs) => written.add(file, pairs),
                Err(error) => written.refuse(file, "", 0..0, error),
            }
        }
        written
    }

    /// The texts of a flat file.
    pub(crate) fn flat(&self, flat: Flat) -> impl Iterator<Item = (&str, &Located<'a, ShortSource>)> {
        let of_file = self.flat.range((flat, String::new())..);
        of_file
            .take_while(move |((file, _), _)| *file == flat)
            .map(|((_, key), text)| (key.as_str(), text))
    }

    /// The plain texts of a flat file.
    pub(crate) fn plain(&self, flat: Flat) -> BTreeMap<&str, &str> {
        self.flat(flat)
            .map(|(key, text)| (key, text.is.text.get_ref().as_str()))
            .collect()
    }

    fn add(&mut self, file: &'a File, pairs: Vec<source::Pair<'a>>) {
        let flat = Flat::ALL.into_iter().find(|flat| flat.file() == file.name);
        let provider = file.name.strip_suffix(".toml").unwrap_or(&file.name);
        for (key, value) in pairs {
            let (at, key) = (key.span(), key.into_inner());
            let Some(flat) = flat else {
                let entry = self.located(file, &key, at, value, EntrySource::read);
                self.messages
                    .extend(entry.map(|entry| (format!("{provider}.{key}"), entry)));
                continue;
            };
            let text = self.located(file, &key, at, value, ShortSource::read);
            self.flat.extend(text.map(|text| ((flat, key), text)));
        }
    }

    fn located<T>(
        &mut self,
        file: &'a File,
        key: &str,
        at: Range<usize>,
        value: Spanned<DeValue<'a>>,
        read: fn(Spanned<DeValue<'_>>) -> Result<T, toml::de::Error>,
    ) -> Option<Located<'a, T>> {
        match read(value) {
            Ok(is) => Some(Located { file, at, is }),
            Err(error) => {
                self.refuse(file, key, at, error);
                None
            }
        }
    }

    fn refuse(&mut self, file: &File, key: &str, at: Range<usize>, error: toml::de::Error) {
        let at = error.span().unwrap_or(at);
        self.errors.push(CatalogueError {
            file: file.place.clone(),
            line: file.line(&at),
            id: key.to_owned(),
            problem: Problem::Form(Box::new(error)),
        });
    }
}

impl<T> Located<'_, T> {
    /// That something is wrong here. `key` is its key in the file.
    pub(super) fn error(&self, key: &str, problem: Problem) -> CatalogueError {
        CatalogueError {
            file: self.file.place.clone(),
            line: self.file.line(&self.at),
            id: key.to_owned(),
            problem,
        }
    }
}
