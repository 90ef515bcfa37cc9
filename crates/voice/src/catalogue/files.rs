//! The files that a catalogue is made of.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

macro_rules! builtin {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../catalogue/es/", $name)))),+]
    };
}

/// The files that are compiled in.
pub(super) const BUILTIN: [(&str, &str); 20] = builtin![
    "admin_channels.toml",
    "admin_main.toml",
    "admin_plans.toml",
    "admin_sweep.toml",
    "admin_vip.toml",
    "commands.toml",
    "common.toml",
    "emoji.toml",
    "ends.toml",
    "free_queue.toml",
    "labels.toml",
    "menu.toml",
    "notices.toml",
    "start.toml",
    "summary.toml",
    "terms.toml",
    "toasts.toml",
    "vip_door.toml",
    "vip_entry.toml",
    "wish.toml",
];

/// The files of a catalogue. Of two files with one name, the later lies over the earlier: what
/// it says counts, what it does not say is said by the other.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<File>);

/// One file with its text.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// What it is called in the catalogue, such as `menu.toml`.
    pub(crate) name: String,
    /// Where it was found; its name when it is compiled in.
    pub(crate) place: String,
    pub(crate) text: String,
}

/// Why files cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The operating system says no, or the file is not UTF-8.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The catalogue has no file of this name.
    #[error("{}: the catalogue has no file of this name", .0.display())]
    Unknown(PathBuf),
    /// A folder without files of a catalogue.
    #[error("{}: no .toml file is in this folder", .0.display())]
    Empty(PathBuf),
}

impl Files {
    /// The files that are compiled in.
    #[must_use]
    pub fn builtin() -> Self {
        let mut files = Self::default();
        for (name, text) in BUILTIN {
            files.push(name, text);
        }
        files
    }

    /// Lays a text over the file `name`.
    pub fn push(&mut self, name: &str, text: &str) {
        self.0.push(File {
            name: name.to_owned(),
            place: name.to_owned(),
            text: text.to_owned(),
        });
    }

    /// Lays a file, or all `.toml` files of a folder, over those of the same name.
    ///
    /// # Errors
    /// When something cannot be read, or is no file of the catalogue.
    pub fn read(&mut self, path: &Path) -> Result<(), FilesError> {
        let unreadable = |error| FilesError::Unreadable {
            path: path.to_owned(),
            error,
        };
        if !path.is_dir() {
            return self.read_file(path);
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|extension| extension == "toml") {
                found.push(file);
            }
        }
        if found.is_empty() {
            return Err(FilesError::Empty(path.to_owned()));
        }
        found.sort();
        found.iter().try_for_each(|file| self.read_file(file))
    }

    fn read_file(&mut self, path: &Path) -> Result<(), FilesError> {
        let name = path.file_name().map(|name| name.to_string_lossy());
        let name = name
            .filter(|name| BUILTIN.iter().any(|(known, _)| known == name))
            .ok_or_else(|| FilesError::Unknown(path.to_owned()))?;
        let text = fs::read_to_string(path).map_err(|error| FilesError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        self.0.push(File {
            name: name.into_owned(),
            place: path.display().to_string(),
            text,
        });
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &File> {
        self.0.iter()
    }
}

impl File {
    /// The number of the line, from 1, in which something begins.
    pub(crate) fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.get(..at.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// The line of the first of `places` that holds `words`, in any letter case.
    pub(crate) fn line_of(&self, words: &str, places: &[Range<usize>]) -> Option<usize> {
        let words = words.to_lowercase();
        places.iter().find_map(|place| {
            let text = self.text.get(place.clone())?;
            let lines = text
                .lines()
                .position(|line| line.to_lowercase().contains(&words))?;
            Some(self.line(place) + lines)
        })
    }
}
