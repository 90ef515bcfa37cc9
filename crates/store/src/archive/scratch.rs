//! An archive restored where it harms nobody.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::format::Header;
use super::key::Identity;
use super::name::SCRATCH;
use super::reader::{self, Piece};
use super::{ArchiveError, Contents, on_a_thread};
use crate::error::StoreError;
use crate::rows::{self, Summary, Table};
use crate::schema;
use crate::session::Tx;
use crate::store::{Store, StoreOptions};
use crate::url::DatabaseUrl;

/// An archive that is whole, in an SQLite file of the present schema.
pub(super) struct Loaded {
    pub(super) store: Store,
    pub(super) header: Header,
    /// What the archive has of each table.
    tables: Vec<(Arc<Table>, Summary)>,
    _folder: TempDir,
}

impl Loaded {
    /// Restores an archive into a scratch file and compares it with its manifest. The file is made in that
    /// folder, where there is room for archives, or where others are made when nothing can be written there.
    /// A column or table that the archive does not know has its default.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub(super) async fn from(
        file: &Path,
        identity: Option<&Identity>,
        beside: &Path,
    ) -> Result<Self, ArchiveError> {
        // A file that is nothing is told before anything is made.
        let (path, identity) = (file.to_owned(), identity.cloned());
        if reader::is_encrypted(&path)?.ok_or(ArchiveError::Foreign)? && identity.is_none() {
            return Err(ArchiveError::NeedsKey);
        }
        let shapes = rows::all().await?;
        let folder = folder(beside)?;
        let url = DatabaseUrl::file(folder.path().join("scratch.db"));
        let store = Store::open(&url, &StoreOptions::default()).await?;
        schema::up(&store, None, chrono::DateTime::UNIX_EPOCH).await?;

        let (give, mut arriving) = mpsc::channel(2);
        let reading = on_a_thread(move || {
            reader::read(&path, identity.as_ref(), &shapes, |piece| {
                give.blocking_send(piece).is_ok()
            })
        });
        let tx = store.begin_exclusive().await?;
        let (read, written) = tokio::join!(reading, write(&tx, &mut arriving));
        read?;
        let (header, tables) = written?;
        tx.commit().await.map_err(|error| match error {
            StoreError::Refused { .. } => {
                ArchiveError::Damaged("a row refers to one that is not there".to_owned())
            }
            error => error.into(),
        })?;
        let loaded = Self {
            store,
            header,
            tables,
            _folder: folder,
        };
        loaded.compare().await?;
        Ok(loaded)
    }

    /// Reads everything again: it has to be what the manifest tells.
    async fn compare(&self) -> Result<(), ArchiveError> {
        let moment = self.store.snapshot().await?;
        for (table, summary) in &self.tables {
            let differences = summary.differences(&rows::summary(&moment, table).await?);
            if !differences.is_empty() {
                let differences = differences.join(", ");
                return Err(ArchiveError::Damaged(format!("{}: {differences}", table.name)));
            }
        }
        Ok(())
    }

    pub(super) fn contents(&self) -> Contents {
        let tables = self.tables.iter();
        Contents {
            created_at: self.header.created_at,
            dialect: self.header.dialect.clone(),
            flavour: self.header.flavour.clone(),
            steps: self.header.steps.clone(),
            rows: tables
                .map(|(table, summary)| (table.name.clone(), summary.rows))
                .collect(),
        }
    }

    pub(super) async fn close(self) {
        self.store.close().await;
    }
}

type Written = (Header, Vec<(Arc<Table>, Summary)>);

/// Writes what arrives, until all of it has arrived.
async fn write(tx: &Tx, arriving: &mut mpsc::Receiver<Piece>) -> Result<Written, ArchiveError> {
    let done = write_all(tx, arriving).await;
    // Whoever reads on is not waited for.
    arriving.close();
    done
}

async fn write_all(tx: &Tx, arriving: &mut mpsc::Receiver<Piece>) -> Result<Written, ArchiveError> {
    // In which order tables refer to each other may have been another one.
    tx.execute_unprepared("PRAGMA defer_foreign_keys = ON")
        .await
        .map_err(StoreError::from)?;
    let mut header = None;
    while let Some(piece) = arriving.recv().await {
        match piece {
            Piece::Header(first) => header = Some(first),
            Piece::Rows(table, page) => rows::insert(tx, &table, &page)
                .await
                .map_err(|error| ArchiveError::Damaged(format!("{}: {error}", table.name)))?,
            Piece::End(tables) => return header.map(|header| (header, tables)).ok_or(ArchiveError::Foreign),
        }
    }
    // The reader tells why.
    Err(ArchiveError::Cut)
}

/// A folder for its maker alone.
fn folder(beside: &Path) -> Result<TempDir, ArchiveError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(SCRATCH).permissions(Permissions::from_mode(0o700));
    let beside = match beside.as_os_str().is_empty() {
        true => Path::new("."),
        false => beside,
    };
    let made = builder.tempdir_in(beside).or_else(|_| builder.tempdir());
    Ok(made?)
}
