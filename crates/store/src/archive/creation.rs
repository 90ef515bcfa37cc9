//! A new archive.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use domain::clock::Timestamp;
use sea_orm::FromQueryResult;
use tokio::sync::mpsc;

use super::format::{Header, VERSION};
use super::keeping::Backup;
use super::key::{Identity, Recipient, Recipients};
use super::name::{Kind, Partial};
use super::pen::Pen;
use super::scratch::Loaded;
use super::{ArchiveError, Contents, TRANSIENT, on_a_thread};
use crate::error::StoreError;
use crate::rows::{self, Pages, Row, Table};
use crate::schema::{self, SchemaState};
use crate::session::{Connection, Snapshot};
use crate::sql;
use crate::store::Store;

/// An archive that was made and proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub backup: Backup,
    /// What it holds.
    pub contents: Contents,
}

/// Makes an archive in a folder, which is made when it is missing. A house may be at work in the database.
///
/// # Errors
/// [`ArchiveError`]; then there is none.
pub async fn create(
    store: &Store,
    folder: &Path,
    recipient: Option<&Recipient>,
    now: Timestamp,
) -> Result<Made, ArchiveError> {
    make(store, folder, Kind::Regular, recipient, now).await
}

pub(super) async fn make(
    store: &Store,
    folder: &Path,
    kind: Kind,
    recipient: Option<&Recipient>,
    now: Timestamp,
) -> Result<Made, ArchiveError> {
    if schema::state(store).await? != SchemaState::Current {
        return Err(ArchiveError::Schema);
    }
    let (checker, recipients) = match recipient {
        None => (None, None),
        Some(operator) => {
            let (identity, checker) = Identity::passing();
            (Some(identity), Some(Recipients::new(operator.clone(), checker)))
        }
    };
    let (partial, file) = Partial::begin(folder, kind, recipient.is_some(), now)?;
    write(store, file, recipients, now).await?;
    let loaded = Loaded::from(partial.path(), checker.as_ref(), folder).await?;
    let contents = loaded.contents();
    loaded.close().await;
    let name = partial.name;
    let path = partial.keep()?;
    let backup = Backup {
        created_at: name.at,
        kind,
        encrypted: name.encrypted,
        bytes: fs::metadata(&path)?.len(),
        path,
    };
    Ok(Made { backup, contents })
}

/// A page of a table, by its place.
type Page = (usize, Vec<Row>);

/// Writes everything to the disk.
async fn write(
    store: &Store,
    file: File,
    recipients: Option<Recipients>,
    now: Timestamp,
) -> Result<(), ArchiveError> {
    let mut tables = rows::all().await?;
    tables.retain(|table| !TRANSIENT.contains(&table.name.as_str()));
    let tables = Arc::new(tables);
    let moment = store.snapshot().await?;
    let header = Header {
        lucien_backup: VERSION,
        created_at: now,
        dialect: store.dialect().to_string(),
        flavour: flavour(&moment).await?,
        steps: schema::steps(&moment).await?,
    };

    let (pages, arriving) = mpsc::channel(2);
    let (theirs, to_write) = (tables.clone(), header);
    let writing = on_a_thread(move || put_down(file, recipients.as_ref(), &to_write, &theirs, arriving));
    let (written, fed) = tokio::join!(writing, feed(&moment, &tables, pages));
    // Without all rows there is nothing worth telling of the file.
    fed?;
    written
}

/// Reads everything, as long as somebody takes it.
async fn feed(
    moment: &Snapshot,
    tables: &[Table],
    pages: mpsc::Sender<Option<Page>>,
) -> Result<(), StoreError> {
    for (place, table) in tables.iter().enumerate() {
        // An empty table has its place in the archive, too.
        let mut pages_of = Pages::of(table);
        let mut page = Some(pages_of.next(moment).await?.unwrap_or_default());
        while let Some(rows) = page {
            if pages.send(Some((place, rows))).await.is_err() {
                return Ok(());
            }
            page = pages_of.next(moment).await?;
        }
    }
    // Nobody takes it any more: he tells why.
    let _ = pages.send(None).await;
    Ok(())
}

/// Writes pages as they arrive, at least one of each table, until `None` does.
fn put_down(
    file: File,
    recipients: Option<&Recipients>,
    header: &Header,
    tables: &[Table],
    mut arriving: mpsc::Receiver<Option<Page>>,
) -> Result<(), ArchiveError> {
    let mut pen = Pen::new(BufWriter::new(file), recipients, header)?;
    let mut open = None;
    while let Some(page) = arriving.blocking_recv().ok_or(ArchiveError::Cut)? {
        let (place, rows) = page;
        if open.replace(place) != Some(place) {
            pen.table(&tables[place])?;
        }
        for row in &rows {
            pen.row(row)?;
        }
    }
    let (to, _) = pen.finish()?;
    let file = to.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// How the house began.
async fn flavour(db: &impl Connection) -> Result<Option<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct House {
        flavour: String,
    }
    let house: Option<House> = sql::first(db, "SELECT flavour FROM house WHERE id = 1", []).await?;
    Ok(house.map(|house| house.flavour))
}
