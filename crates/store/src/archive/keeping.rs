//! Which archives there are, and which are kept.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use chrono::{Datelike, TimeDelta};
use domain::clock::Timestamp;
use serde::Serialize;

use super::name::{Kind, Name, PARTIAL, SCRATCH};

/// How long what a killed process has left is left alone: another one may be at work on it.
const LEFT_ALONE: TimeDelta = TimeDelta::days(1);

/// An archive in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// When it was made, to the second.
    pub created_at: Timestamp,
    /// Why.
    pub kind: Kind,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// How large it is.
    pub bytes: u64,
}

/// How many archives are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The newest of each of so many days (UTC) that have any, …
    pub days: usize,
    /// … and of each of so many weeks (ISO 8601).
    pub weeks: usize,
}

impl Keep {
    /// Those of a week, and one of each of four weeks.
    pub const USUAL: Self = Self { days: 7, weeks: 4 };
}

/// The finished archives of a folder, the newest first. A folder that is missing has none.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<Backup>> {
    let mut backups = Vec::new();
    for entry in entries(folder)? {
        let Some(name) = name_of(&entry) else { continue };
        backups.push((
            name,
            Backup {
                path: entry.path(),
                created_at: name.at,
                kind: name.kind,
                encrypted: name.encrypted,
                bytes: entry.metadata()?.len(),
            },
        ));
    }
    backups.sort_by_key(|(name, _)| std::cmp::Reverse(*name));
    Ok(backups.into_iter().map(|(_, backup)| backup).collect())
}

/// Removes the archives that are not to be kept, and what killed processes have left; returns the archives
/// that are gone. The newest always stays, and so do those that were made before a restore.
///
/// # Errors
/// When the folder cannot be read or a file not be removed.
pub fn prune(folder: &Path, keep: Keep, now: Timestamp) -> io::Result<Vec<PathBuf>> {
    for entry in entries(folder)? {
        if is_left_over(&entry, now) {
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
    }
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let mut removed = Vec::new();
    let regular = list(folder)?
        .into_iter()
        .filter(|backup| backup.kind == Kind::Regular);
    for (place, backup) in regular.enumerate() {
        let day = backup.created_at.date_naive();
        let week = (day.iso_week().year(), day.iso_week().week());
        let is_of_day = days.len() < keep.days && days.insert(day);
        let is_of_week = weeks.len() < keep.weeks && weeks.insert(week);
        let is_newest = place == 0;
        if !is_of_day && !is_of_week && !is_newest {
            fs::remove_file(&backup.path)?;
            removed.push(backup.path);
        }
    }
    Ok(removed)
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn name_of(entry: &DirEntry) -> Option<Name> {
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    let name = entry.file_name();
    name.to_str()?.parse().ok().filter(|_| is_file)
}

/// Whether it was begun by us so long ago that nobody will finish it.
fn is_left_over(entry: &DirEntry, now: Timestamp) -> bool {
    let name = entry.file_name();
    let Some(name) = name.to_str() else { return false };
    if name.starts_with(SCRATCH) {
        // Its name tells no time; the disk does.
        let changed = entry.metadata().and_then(|about| about.modified());
        return changed.is_ok_and(|at| now - Timestamp::from(at) > LEFT_ALONE);
    }
    let partial = name
        .strip_suffix(PARTIAL)
        .and_then(|name| name.parse::<Name>().ok());
    partial.is_some_and(|partial| now - partial.at > LEFT_ALONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a moment")
    }

    fn name(at: Timestamp, kind: Kind) -> String {
        let name = Name {
            at,
            number: 1,
            kind,
            encrypted: false,
        };
        name.to_string()
    }

    #[test]
    fn a_week_of_days_and_a_month_of_weeks_are_kept_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().expect("room for a folder");
        let add = |name: &str| fs::write(folder.path().join(name), name).expect("writable");
        // Two a day for sixty days; the last is a Sunday.
        let last = at("2026-11-29T03:00:00Z");
        for day in 0..60 {
            for hours in [0, 5] {
                let at = last - TimeDelta::days(day) - TimeDelta::hours(hours);
                add(&name(at, Kind::Regular));
            }
        }
        let others = [
            "lucien-20200101T000000Z.pre-restore.backup",
            "bot.pre-migrate-20200101T000000Z.db",
            "lucien-20200101T000000Z.backup.gz",
            "bot.db",
        ];
        others.iter().for_each(|name| add(name));
        add("lucien-20200101T000000Z.backup.partial");
        add("lucien-20261129T020000Z.backup.partial");

        let removed = prune(folder.path(), Keep::USUAL, last).expect("a folder of ours");
        let kept: Vec<String> = list(folder.path())
            .expect("readable")
            .iter()
            .map(|backup| backup.created_at.format("%m-%dT%H").to_string())
            .collect();
        // Each day's newest is that of 03; of the weeks before, Sunday's. The second of Sunday is Saturday's.
        let expected = [
            "11-29T03", "11-28T22", "11-27T22", "11-26T22", "11-25T22", "11-24T22", "11-23T22", "11-22T22",
            "11-15T22", "11-08T22", "01-01T00",
        ];
        assert_eq!(kept.len() + removed.len(), 121, "{kept:?}");
        assert_eq!(kept, expected);
        for name in others {
            assert!(folder.path().join(name).exists(), "{name}");
        }
        assert!(
            !folder
                .path()
                .join("lucien-20200101T000000Z.backup.partial")
                .exists()
        );
        assert!(
            folder
                .path()
                .join("lucien-20261129T020000Z.backup.partial")
                .exists()
        );
        assert!(
            prune(folder.path(), Keep::USUAL, last)
                .expect("a folder of ours")
                .is_empty()
        );
    }

    #[test]
    fn the_last_one_stays_however_old_it_is() {
        let folder = tempfile::tempdir().expect("room for a folder");
        for day in ["2020-01-01", "2020-01-02"] {
            let name = name(at(&format!("{day}T00:00:00Z")), Kind::Regular);
            fs::write(folder.path().join(name), "").expect("writable");
        }
        let keep = Keep { days: 0, weeks: 0 };
        let removed = prune(folder.path(), keep, at("2026-11-29T03:00:00Z")).expect("a folder of ours");
        assert_eq!(removed.len(), 1);
        let left = list(folder.path()).expect("readable");
        assert_eq!(left[0].created_at, at("2020-01-02T00:00:00Z"));
    }

    #[test]
    fn a_folder_that_is_missing_has_none() {
        let folder = tempfile::tempdir().expect("room for a folder");
        let missing = folder.path().join("none");
        assert!(list(&missing).expect("nothing to read").is_empty());
        fs::write(&missing, "").expect("writable");
        assert!(list(&missing).is_err(), "a file is no folder");
    }
}
