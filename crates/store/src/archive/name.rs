//! How the files are called, and making one.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use chrono::{NaiveDateTime, SubsecRound};
use domain::clock::Timestamp;
use serde::Serialize;

/// Why an archive was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To have one.
    Regular,
    /// Another archive was about to take the place of the house. Never removed by itself.
    PreRestore,
}

/// The name of an archive: `lucien-<moment>[-<number>][.pre-restore].backup[.age]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// To the second.
    pub(super) at: Timestamp,
    /// Of several in that second.
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) encrypted: bool,
}

const PREFIX: &str = "lucien-";
const MOMENT: &str = "%Y%m%dT%H%M%SZ";
/// Added to the name of what is not finished.
pub(super) const PARTIAL: &str = ".partial";
/// How the folder of a scratch file begins.
pub(super) const SCRATCH: &str = "lucien-scratch-";

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.at.format(MOMENT))?;
        if self.number > 1 {
            write!(f, "-{}", self.number)?;
        }
        f.write_str(match self.kind {
            Kind::Regular => ".backup",
            Kind::PreRestore => ".pre-restore.backup",
        })?;
        f.write_str(if self.encrypted { ".age" } else { "" })
    }
}

/// Some other file.
#[derive(Debug)]
pub(super) struct NoName;

impl FromStr for Name {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let rest = text.strip_prefix(PREFIX).ok_or(NoName)?;
        let (rest, encrypted) = match rest.strip_suffix(".age") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let rest = rest.strip_suffix(".backup").ok_or(NoName)?;
        let (rest, kind) = match rest.strip_suffix(".pre-restore") {
            Some(rest) => (rest, Kind::PreRestore),
            None => (rest, Kind::Regular),
        };
        let (moment, number) = match rest.split_once('-') {
            Some((moment, number)) => (moment, number.parse().map_err(|_| NoName)?),
            None => (rest, 1),
        };
        let at = NaiveDateTime::parse_from_str(moment, MOMENT).map_err(|_| NoName)?;
        let name = Self {
            at: at.and_utc(),
            number,
            kind,
            encrypted,
        };
        // One name, one spelling: others are somebody else's files.
        match name.to_string() == text {
            true => Ok(name),
            false => Err(NoName),
        }
    }
}

/// A file that is being made. Removed unless it is [kept](Self::keep).
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    finished: PathBuf,
    pub(super) name: Name,
}

impl Partial {
    /// Begins a file, in a folder that is made when it is missing. Only its owner may read either.
    pub(super) fn begin(
        folder: &Path,
        kind: Kind,
        encrypted: bool,
        now: Timestamp,
    ) -> io::Result<(Self, File)> {
        if !folder.as_os_str().is_empty() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let at = now.trunc_subsecs(0);
        for number in 1.. {
            let name = Name {
                at,
                number,
                kind,
                encrypted,
            };
            let finished = folder.join(name.to_string());
            let path = folder.join(format!("{name}{PARTIAL}"));
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    let partial = Self { path, finished, name };
                    // Nobody else takes that name while the unfinished one is there.
                    if !partial.finished.exists() {
                        return Ok((partial, file));
                    }
                }
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file, which has reached the disk, its name, and returns where it is.
    pub(super) fn keep(self) -> io::Result<PathBuf> {
        fs::rename(&self.path, &self.finished)?;
        let folder = self
            .finished
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(self.finished.clone())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After it was kept, there is none of that name.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::now;

    #[test]
    fn names_read_back_and_others_are_left_alone() {
        for kind in [Kind::Regular, Kind::PreRestore] {
            for (number, encrypted) in [(1, false), (2, true)] {
                let name = Name {
                    at: now(),
                    number,
                    kind,
                    encrypted,
                };
                assert_eq!(name.to_string().parse::<Name>().ok(), Some(name));
            }
        }
        let name = Name {
            at: now(),
            number: 1,
            kind: Kind::Regular,
            encrypted: true,
        };
        assert_eq!(name.to_string(), "lucien-20260921T141320Z.backup.age");
        for other in [
            "lucien-20260921T141320Z.backup.partial",
            "lucien-20260921T141320Z-1.backup",
            "lucien-20260921T141320Z-02.backup",
            "lucien-20260921T241320Z.backup",
            "lucien-20260921.backup",
            "lucien-20260921T141320Z.backup.gz",
            "bot.pre-migrate-20260921T141320Z.db",
            "lucien.backup",
        ] {
            assert!(other.parse::<Name>().is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_kept_is_gone_and_no_name_is_given_twice() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("room for a folder");
        let folder = folder.path().join("a/b");
        let begin = || {
            Partial::begin(&folder, Kind::Regular, false, now())
                .expect("writable")
                .0
        };
        let (first, second) = (begin(), begin());
        assert_ne!(first.path(), second.path());
        drop(second);
        let kept = first.keep().expect("writable");
        assert!(kept.ends_with("lucien-20260921T141320Z.backup"));
        let mode = fs::metadata(&kept).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let third = begin().keep().expect("writable");
        assert!(third.ends_with("lucien-20260921T141320Z-2.backup"), "{third:?}");
        assert_eq!(fs::read_dir(&folder).expect("readable").count(), 2);
    }
}
