//! Backups: everything that a house is, in one file that belongs to no database.
//!
//! An archive is `lucien-<moment>.backup`: JSON lines, compressed with gzip. The first line is a header; then
//! come, table by table, its columns and its rows; the last line is the manifest, with the number of rows and
//! the hashes of each table. A file without manifest is not whole. For an age [`Recipient`] the whole is
//! encrypted, and `.age` is added to the name.
//!
//! - Rows are read as they were in one moment, while the house goes on, and page by page: however large the
//!   house, little of it is in memory.
//! - An archive gets its name once it has been restored into a scratch SQLite file and compared. To read back
//!   what only the operator can read, it is encrypted for a second key as well, which lives in memory for as
//!   long as that takes.
//! - Whoever can read an archive knows everything about a house and its people: files are their owner's alone.
//!
//! Left out is what is on its way or half-finished and means nothing later: updates (`inbox`) and
//! conversations in the middle of something (`dialogues`). What is to reach Telegram (`outbox`) is in it: it
//! tells what was done, and what was still open is [settled](restore()) when it is restored.
//!
//! | module | holds |
//! |---|---|
//! | `key` | for whom archives are encrypted, and who reads them |
//! | `name` | how the files are called, and making one |
//! | `format` | the lines |
//! | `pen` | writing them |
//! | `reader` | reading them, and finding out that they are not whole |
//! | `scratch` | an archive restored where it harms nobody |
//! | `creation` | a new archive |
//! | `keeping` | which are there, and which are kept |
//! | `restoring` | an archive takes the place of a house |

mod creation;
mod format;
mod keeping;
mod key;
mod name;
mod pen;
mod reader;
mod restoring;
mod scratch;

use std::collections::BTreeMap;
use std::io;
use std::panic;
use std::path::Path;

use domain::clock::Timestamp;
use serde::Serialize;

use crate::error::StoreError;
use crate::schema::SchemaError;
use scratch::Loaded;

pub use creation::{Made, create};
pub use keeping::{Backup, Keep, list, prune};
pub use key::{Identity, KeyError, Recipient};
pub use name::Kind;
pub use restoring::{Carried, Options, RestoreError, Restored, restore};

/// The tables that are left out.
const TRANSIENT: [&str; 2] = ["inbox", "dialogues"];

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// When it was made.
    pub created_at: Timestamp,
    /// The kind of database that it was made of.
    pub dialect: String,
    /// How the house began, as `house` tells it; none before anybody worked there.
    pub flavour: Option<String>,
    /// The migrations that were applied.
    pub steps: Vec<String>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

impl Contents {
    /// How many rows there are in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// Why an archive could not be made, or is of no use. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file or folder cannot be used.
    #[error("{0}")]
    File(#[from] io::Error),
    /// It is some other file.
    #[error("this is no backup of Lucien's")]
    Foreign,
    /// It ends too early.
    #[error("the backup is not whole: it ends before its manifest")]
    Cut,
    /// It does not hold what it should.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// It is encrypted, and there is no key.
    #[error("the backup is encrypted: its key is needed (--identity)")]
    NeedsKey,
    /// It is encrypted for somebody else.
    #[error("the backup is encrypted for another key")]
    WrongKey,
    /// A newer binary has made it.
    #[error("the backup was made by a newer version: {}", .0.join(", "))]
    Newer(Vec<String>),
    /// Only a house of the present schema is backed up.
    #[error("the schema is not the present one: run `lucien migrate up` first")]
    Schema,
    /// The scratch database could not be made.
    #[error("the scratch database: {0}")]
    Scratch(#[from] SchemaError),
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Proves that an archive is whole, by restoring it into a scratch file, and tells what it holds.
///
/// # Errors
/// [`ArchiveError`].
pub async fn verify(file: &Path, identity: Option<&Identity>) -> Result<Contents, ArchiveError> {
    let beside = file.parent().unwrap_or(Path::new(""));
    let loaded = Loaded::from(file, identity, beside).await?;
    let contents = loaded.contents();
    loaded.close().await;
    Ok(contents)
}

/// Does what blocks on a thread where that harms nobody.
async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => panic::resume_unwind(error.into_panic()),
    }
}
