//! An archive takes the place of a house.
//!
//! The archive is looked through first, in a scratch file; what it replaces is backed up. Then everything is
//! done in one transaction: the rows are written and compared, and what would go wrong in a house that has
//! woken up in the past is settled.
//!
//! | module | holds |
//! |---|---|
//! | `carry` | what the replaced house knew better: who has redeemed, until when members have paid |
//! | `settle` | what was on its way when the copy was made |

mod carry;
mod settle;

use std::path::{Path, PathBuf};

use chrono::DateTime;
use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::id::UserId;

use super::creation::make;
use super::key::{Identity, Recipient};
use super::name::Kind;
use super::scratch::Loaded;
use super::{ArchiveError, Contents};
use crate::error::StoreError;
use crate::house::{self, House};
use crate::rows::{self, Pages, Table};
use crate::schema::{self, SchemaError, SchemaState};
use crate::session::Tx;
use crate::store::Store;
use crate::{holds, invitations, settings};

pub use carry::Carried;
use carry::Carry;

/// The setting that tells when the house was restored last: what it knows of the time before is the copy's.
const RESTORED_AT: &str = "restored_at";

/// How to restore.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// What opens an archive that is encrypted.
    pub identity: Option<&'a Identity>,
    /// The [name of the database](crate::DatabaseUrl::database_name), stated by somebody who knows that what it
    /// holds is replaced.
    pub confirm: Option<&'a str>,
    /// Whether the copy is to learn what the replaced house knew better; none: nobody was asked yet.
    pub carry_over: Option<bool>,
    /// The folder for the backup of what is replaced.
    pub folder: &'a Path,
    /// For whom that is encrypted.
    pub recipient: Option<&'a Recipient>,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the archive held.
    pub contents: Contents,
    /// The backup of what was replaced; none, there was nothing.
    pub replaced: Option<PathBuf>,
    /// What the copy has learned from the replaced house.
    pub carried: Vec<Carried>,
    /// How many invitations wait for a custodian's consent: whether they were redeemed since is not known.
    pub held: usize,
    /// How many rows of the outbox will not be sent.
    pub parked: u64,
}

/// Why nothing was restored. The database is as it was, or has an empty schema that it did not have before.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The archive is of no use.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What is in the database cannot be replaced.
    #[error("{0}")]
    Target(&'static str),
    /// What is in the database would be replaced, and that was not confirmed with its name.
    #[error(
        "{database} holds a house ({rows} rows), which would be replaced; confirm with --confirm {database}"
    )]
    NeedsConfirm {
        /// What to confirm with.
        database: String,
        /// How many rows there are.
        rows: u64,
    },
    /// The replaced house knows more than the copy, and nobody has said what is to become of that.
    #[error("the house knows more than the backup; answer with --carry-over yes or --carry-over no")]
    NeedsAnswer(Vec<Carried>),
    /// What is replaced could not be backed up.
    #[error("what is there could not be backed up first: {0}")]
    NoBackup(ArchiveError),
    /// A table could not be written.
    #[error("{table}: {error}")]
    Table {
        /// Which.
        table: String,
        /// Why.
        error: StoreError,
    },
    /// What was written is not what was read; it was taken back.
    #[error("what was written differs from the backup: {0}")]
    Differs(String),
    /// The schema could not be made.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts what an archive holds in the place of what is in the database, which has to be
/// [this process's alone](crate::lock::Alone).
///
/// The new house begins an epoch later than both have ever had. Nobody is seen out of it until a custodian has
/// looked. What was on its way when the copy was made is not sent: nobody knows whether it was. Where the copy
/// may have missed redemptions, invitations that are unused in it wait for a custodian's consent.
///
/// # Errors
/// [`RestoreError`]; nothing is restored then.
pub async fn restore(
    file: &Path,
    store: &Store,
    options: &Options<'_>,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let loaded = Loaded::from(file, options.identity, options.folder).await?;
    let done = put_back(&loaded, store, options, now).await;
    loaded.close().await;
    done
}

async fn put_back(
    loaded: &Loaded,
    store: &Store,
    options: &Options<'_>,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let tables = rows::all().await?;
    let before = Before::look(store, &tables).await?;
    let database = store.url().database_name();
    if before.rows > 0 && options.confirm != Some(&database) {
        let rows = before.rows;
        return Err(RestoreError::NeedsConfirm { database, rows });
    }
    let copy = house::find(&loaded.store.read()).await?;
    // Of another house, or of one that has missed something itself, one learns nothing.
    let knows_better = before.went_on_from(copy, loaded.header.created_at);
    let carry = match knows_better {
        true => Carry::find(&store.read(), &loaded.store.read(), &tables).await?,
        false => Carry::default(),
    };
    if !carry.is_empty() && options.carry_over.is_none() {
        return Err(RestoreError::NeedsAnswer(carry.told()));
    }
    let replaced = match before.rows {
        0 => None,
        _ => {
            let made = make(store, options.folder, Kind::PreRestore, options.recipient, now).await;
            Some(made.map_err(RestoreError::NoBackup)?.backup.path)
        }
    };
    schema::up(store, None, now).await?;

    let tx = store.begin_exclusive().await?;
    let last = settle::Numbers::given(&tx).await?;
    rows::clear(&tx, &tables).await?;
    copy_all(&loaded.store, &tx, &tables).await?;
    rows::set_sequences(&tx, &tables).await?;

    let carries = options.carry_over == Some(true);
    let carried = match carries {
        true => {
            carry.apply(&tx, &tables, now).await?;
            carry.told()
        }
        false => Vec::new(),
    };
    invitations::hold(&tx, Some(carry.held())).await?;
    if !knows_better || !carry.is_empty() && !carries {
        invitations::hold(&tx, None).await?;
    }
    let parked = settle::settle(&tx, now).await?;
    last.leave_behind(&tx, knows_better, now).await?;
    let epochs = [copy, before.house].map(|house| house.map_or(0, |house| house.epoch));
    house::set_epoch(&tx, epochs.into_iter().fold(0, i64::max) + 1, now).await?;
    holds::clear(&tx, &[HoldReason::Restored]).await?;
    holds::set(&tx, HoldReason::Restored, now).await?;
    settings::set(&tx, RESTORED_AT, &now.to_rfc3339(), UserId::HOUSE, now).await?;
    rows::set_sequences(&tx, &tables).await?;
    let held = invitations::held(&tx, now).await?.len();
    tx.commit().await?;
    Ok(Restored {
        contents: loaded.contents(),
        replaced,
        carried,
        held,
        parked,
    })
}

/// What is in the database.
struct Before {
    rows: u64,
    house: Option<House>,
    restored_at: Option<Timestamp>,
}

impl Before {
    async fn look(store: &Store, tables: &[Table]) -> Result<Self, RestoreError> {
        let mut before = Self {
            rows: 0,
            house: None,
            restored_at: None,
        };
        match schema::state(store).await? {
            SchemaState::Empty => return Ok(before),
            SchemaState::Current => {}
            SchemaState::Foreign { .. } => {
                let why = "the database holds tables of another bot: name an empty one in DATABASE_URL";
                return Err(RestoreError::Target(why));
            }
            SchemaState::Behind { .. } => {
                let why = "the database's schema is older than this version's: run `lucien migrate up` first, \
                           or name an empty database in DATABASE_URL";
                return Err(RestoreError::Target(why));
            }
            SchemaState::Ahead { .. } => {
                let why = "the database was changed by a newer version: restore with that one, \
                           or name an empty database in DATABASE_URL";
                return Err(RestoreError::Target(why));
            }
        }
        let db = store.read();
        for table in tables {
            before.rows += rows::count(&db, table).await?;
        }
        before.house = house::find(&db).await?;
        let restored = settings::get(&db, RESTORED_AT).await?;
        let restored = restored.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        before.restored_at = restored.map(|at| at.to_utc());
        Ok(before)
    }

    /// Whether it is the same house, and has lived on from the moment of the copy without a gap.
    fn went_on_from(&self, copy: Option<House>, made: Timestamp) -> bool {
        let is_same = match (self.house, copy) {
            (Some(here), Some(copy)) => here.created_at == copy.created_at,
            _ => false,
        };
        is_same && self.restored_at.is_none_or(|at| at < made)
    }
}

/// Writes all rows and reads them again.
async fn copy_all(copy: &Store, tx: &Tx, tables: &[Table]) -> Result<(), RestoreError> {
    let moment = copy.snapshot().await?;
    for table in tables {
        let mut pages = Pages::of(table);
        while let Some(page) = pages.next(&moment).await? {
            let written = rows::insert(tx, table, &page).await;
            written.map_err(|error| of(table, error))?;
        }
        let wanted = rows::summary(&moment, table).await?;
        let differences = wanted.differences(&rows::summary(tx, table).await?);
        if !differences.is_empty() {
            let differences = differences.join(", ");
            return Err(RestoreError::Differs(format!("{}: {differences}", table.name)));
        }
    }
    Ok(())
}

fn of(table: &Table, error: StoreError) -> RestoreError {
    RestoreError::Table {
        table: table.name.clone(),
        error,
    }
}
