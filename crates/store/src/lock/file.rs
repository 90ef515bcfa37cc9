//! The locks of an SQLite file.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{LockError, Occupant};
use crate::error::StoreError;

const HOUSE: &str = ".lock";
const INHABITED: &str = ".inhabited";

/// The files that this process has locked. Closing them lets go.
#[derive(Debug)]
pub(super) struct LockFiles {
    /// The database's own path, so that all who name it differently lock the same files.
    database: PathBuf,
    _inhabited: File,
    house: Option<File>,
}

impl LockFiles {
    pub(super) fn enter(database: &Path) -> Result<Self, LockError> {
        let database = database.canonicalize().map_err(StoreError::file)?;
        let inhabited = open(&database, INHABITED)?;
        if !granted(inhabited.try_lock_shared())? {
            return Err(LockError::InTheWay(vec![Occupant {
                pid: noted(inhabited),
                name: "a process that has it alone".to_owned(),
                address: None,
            }]));
        }
        Ok(Self {
            database,
            _inhabited: inhabited,
            house: None,
        })
    }

    pub(super) fn alone(database: &Path) -> Result<Self, LockError> {
        let database = database.canonicalize().map_err(StoreError::file)?;
        let inhabited = open(&database, INHABITED)?;
        if !granted(inhabited.try_lock())? {
            return Err(LockError::InTheWay(worker(&database)?.into_iter().collect()));
        }
        note_this_process(&inhabited).map_err(StoreError::file)?;
        Ok(Self {
            database,
            _inhabited: inhabited,
            house: None,
        })
    }

    pub(super) fn try_take(&mut self) -> Result<bool, LockError> {
        let house = open(&self.database, HOUSE)?;
        if !granted(house.try_lock())? {
            return Ok(false);
        }
        note_this_process(&house).map_err(StoreError::file)?;
        self.house = Some(house);
        Ok(true)
    }

    pub(super) fn let_go(&mut self) {
        self.house = None;
    }
}

/// The process that has the house lock.
fn worker(database: &Path) -> Result<Option<Occupant>, LockError> {
    let house = open(database, HOUSE)?;
    if granted(house.try_lock_shared())? {
        return Ok(None);
    }
    Ok(Some(Occupant {
        pid: noted(house),
        name: "the worker".to_owned(),
        address: None,
    }))
}

fn open(database: &Path, suffix: &str) -> Result<File, StoreError> {
    let mut path = database.as_os_str().to_owned();
    path.push(OsStr::new(suffix));
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(StoreError::file)
}

fn granted(tried: Result<(), TryLockError>) -> Result<bool, StoreError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(StoreError::file(error)),
    }
}

fn note_this_process(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// The process that has locked the file, if it has noted itself.
fn noted(mut file: File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
