//! The source, as it was in one moment.

use std::path::Path;

use domain::clock::Timestamp;
use sea_orm::{ConnectionTrait as _, FromQueryResult};
use tempfile::TempDir;

use super::TransferError;
use crate::adoption::{self, Adopted, Flavour, OnOrphan};
use crate::backup;
use crate::error::StoreError;
use crate::rows::{self, Pages, Table};
use crate::schema::{self, SchemaState};
use crate::session::Snapshot;
use crate::sql;
use crate::store::{Store, StoreOptions};
use crate::url::{DatabaseUrl, Dialect};

/// Where rows come from.
pub(super) struct Source {
    /// Where they come from, as people know it.
    pub(super) name: DatabaseUrl,
    store: Store,
    /// What was repaired, when they are the predecessor's.
    pub(super) adopted: Option<Adopted>,
    /// Keeps the copy.
    _copy: Option<TempDir>,
}

impl Source {
    /// The store may be ours, with the present schema, or the predecessor's.
    pub(super) async fn open(
        original: &Store,
        on_orphan: OnOrphan,
        now: Timestamp,
    ) -> Result<Self, TransferError> {
        let is_foreign = match schema::state(original).await? {
            SchemaState::Empty => return Err(TransferError::NothingThere),
            SchemaState::Behind { .. } | SchemaState::Ahead { .. } => {
                return Err(TransferError::SourceSchema);
            }
            SchemaState::Foreign { .. } => true,
            SchemaState::Current => false,
        };
        let mut source = Self {
            name: original.url().clone(),
            store: original.clone(),
            adopted: None,
            _copy: None,
        };
        if original.dialect() == Dialect::Postgres && !is_foreign {
            return Ok(source);
        }
        let Some(path) = original.url().path() else {
            if original.dialect() == Dialect::Postgres {
                let (store, folder) = scratch().await?;
                let flavour = raw_copy(original, &store).await?;
                source.takes(store, folder);
                source.adopt(Some(flavour), on_orphan, now).await?;
            }
            return Ok(source);
        };
        let (store, folder) = copied(path).await?;
        source.takes(store, folder);
        if is_foreign {
            source.adopt(None, on_orphan, now).await?;
        }
        Ok(source)
    }

    fn takes(&mut self, store: Store, folder: TempDir) {
        self.store = store;
        self._copy = Some(folder);
    }

    /// With the flavour of the original, where the copy does not show it.
    async fn adopt(
        &mut self,
        flavour: Option<Flavour>,
        on_orphan: OnOrphan,
        now: Timestamp,
    ) -> Result<(), TransferError> {
        let options = adoption::Options {
            on_orphan,
            dry_run: false,
            // The original is one, and stays as it is.
            backup_exists: true,
        };
        self.adopted = Some(adoption::adopt_as(flavour, &self.store, &options, now).await?);
        Ok(())
    }

    /// Reads that all see the same.
    pub(super) async fn moment(&self) -> Result<Snapshot, StoreError> {
        self.store.snapshot().await
    }
}

async fn scratch() -> Result<(Store, TempDir), StoreError> {
    let folder = tempfile::tempdir().map_err(StoreError::file)?;
    let store = opened(&folder.path().join("source.db")).await?;
    Ok((store, folder))
}

async fn copied(path: &Path) -> Result<(Store, TempDir), StoreError> {
    let folder = tempfile::tempdir().map_err(StoreError::file)?;
    let copy = folder.path().join("source.db");
    backup::vacuum_into(path, &copy).await?;
    Ok((opened(&copy).await?, folder))
}

async fn opened(path: &Path) -> Result<Store, StoreError> {
    Store::open(&DatabaseUrl::file(path), &StoreOptions::default()).await
}

/// The predecessor's nine tables out of PostgreSQL, row by row as they are, into an SQLite file that accepts
/// everything. Tells what the original is.
async fn raw_copy(original: &Store, scratch: &Store) -> Result<Flavour, TransferError> {
    let moment = original.snapshot().await?;
    // What is missing there, or is of another family, could not be told from the copy.
    let flavour = adoption::judge(&moment).await?;
    let writer = scratch.change();
    // Values that are missing are for the adoption to fill.
    let lenient = schema::predecessors_tables().replace(" NOT NULL", "");
    writer
        .execute_unprepared(&lenient)
        .await
        .map_err(StoreError::from)?;
    writer
        .execute_unprepared("PRAGMA foreign_keys = OFF")
        .await
        .map_err(StoreError::from)?;

    for table in rows::predecessors().await? {
        copy(&moment, scratch, &as_it_is(&moment, table).await?).await?;
    }
    writer
        .execute_unprepared("PRAGMA foreign_keys = ON")
        .await
        .map_err(StoreError::from)?;
    Ok(flavour)
}

async fn copy(moment: &Snapshot, scratch: &Store, table: &Table) -> Result<(), TransferError> {
    let tx = scratch.begin_exclusive().await?;
    let mut pages = Pages::of(table);
    while let Some(rows) = pages
        .next(moment)
        .await
        .map_err(|error| super::of(table, error))?
    {
        let inserted = rows::insert(&tx, table, &rows).await;
        inserted.map_err(|error| super::of(table, error))?;
    }
    Ok(tx.commit().await?)
}

/// A table with those of its columns that the source has: some that may be NULL may be missing.
async fn as_it_is(moment: &Snapshot, mut table: Table) -> Result<Table, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        name: String,
    }
    let query = "SELECT CAST(column_name AS text) AS name FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1";
    let found: Vec<Found> = sql::all(moment, query, [table.name.as_str().into()]).await?;
    let key: Vec<String> = table
        .key
        .iter()
        .map(|&place| table.columns[place].name.clone())
        .collect();
    table
        .columns
        .retain(|column| found.iter().any(|found| found.name == column.name));
    let place = |name: &String| table.columns.iter().position(|column| column.name == *name);
    table.key = key.iter().filter_map(place).collect();
    Ok(table)
}
