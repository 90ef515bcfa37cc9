//! The copy of an SQLite file that is made before its schema is changed.
//!
//! It is made while the migration already holds the writer's lock, so that it is exactly what the
//! migration finds, and one of several processes makes it. It gets its final name only when it is
//! whole: a name that ends in `.db` is a finished backup.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use domain::clock::Timestamp;
use sea_orm::FromQueryResult;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, SqliteConnection};

use crate::error::StoreError;
use crate::schema;
use crate::session::Tx;
use crate::sql;
use crate::store::Store;

/// How many rows each table has.
type Counts = BTreeMap<String, i64>;

/// What a copy is made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Migration,
    Adoption,
}

impl Before {
    /// What stands in the name of the copy.
    const fn label(self) -> &'static str {
        match self {
            Self::Migration => "pre-migrate",
            Self::Adoption => "pre-adopt",
        }
    }
}

/// Copies the database of `tx`, which has not changed anything yet, and returns where the copy is.
/// None when there is no file or it holds no rows but the marks of our migrations.
///
/// # Errors
/// When no whole copy could be made: then there is none.
pub(crate) async fn copied_before(
    what: Before,
    store: &Store,
    tx: &Tx,
    now: Timestamp,
) -> Result<Option<PathBuf>, StoreError> {
    let Some(source) = store.url().path() else {
        return Ok(None);
    };
    let mut rows = Counts::new();
    for table in schema::tables(tx).await? {
        let count = count(tx, &table).await?;
        rows.insert(table, count);
    }
    if rows
        .iter()
        .all(|(table, count)| table == schema::MARK || *count == 0)
    {
        return Ok(None);
    }

    let folder = store.options().backups.as_deref().or(source.parent());
    let (partial, finished) = names(what, source, folder.unwrap_or(Path::new("")), now)?;
    let made = copy(source, &partial, &rows).await;
    let made = made.and_then(|()| keep(source, &partial, &finished).map_err(StoreError::file));
    match made {
        Ok(()) => Ok(Some(finished)),
        Err(error) => {
            // What is half done must not be taken for a backup, nor fill the disk.
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// `<name>.pre-…-<moment>.db` in the folder, numbered when that exists, and its name until it
/// is whole.
fn names(
    what: Before,
    source: &Path,
    folder: &Path,
    now: Timestamp,
) -> Result<(PathBuf, PathBuf), StoreError> {
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder).map_err(StoreError::file)?;
    }
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let name = format!("{stem}.{}-{}", what.label(), now.format("%Y%m%dT%H%M%SZ"));
    let numbered = |number: u32| match number {
        1 => folder.join(format!("{name}.db")),
        number => folder.join(format!("{name}-{number}.db")),
    };
    let finished = (1..)
        .map(numbered)
        .find(|path| !path.exists())
        .expect("some number is free");
    let partial = finished.with_extension("partial");
    // Left by a process that was killed; only who holds the writer's lock is here.
    let _ = fs::remove_file(&partial);
    Ok((partial, finished))
}

/// Copies an SQLite file as it is in one moment, whoever writes to it meanwhile. The file is not changed, and
/// `to` must not exist.
///
/// # Errors
/// When the file cannot be read or the copy not be written.
pub(crate) async fn vacuum_into(source: &Path, to: &Path) -> Result<(), StoreError> {
    let target = to
        .to_str()
        .ok_or_else(|| StoreError::unavailable("the copy's path is not UTF-8"))?;
    // A connection of its own: copying is not possible inside of a transaction.
    let settings = SqliteConnectOptions::new()
        .filename(source)
        .disable_statement_logging();
    let mut connection = open(settings).await?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(target)
        .execute(&mut connection)
        .await;
    close(connection).await;
    copied.map(drop).map_err(|error| StoreError::from(&error))
}

async fn copy(source: &Path, to: &Path, rows: &Counts) -> Result<(), StoreError> {
    vacuum_into(source, to).await?;
    let settings = SqliteConnectOptions::new()
        .filename(to)
        .read_only(true)
        .immutable(true)
        .disable_statement_logging();
    let mut connection = open(settings).await?;
    let whole = is_whole(&mut connection, rows).await;
    close(connection).await;
    match whole {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::unavailable("the backup is not whole")),
        Err(error) => Err(StoreError::from(&error)),
    }
}

/// Whether the copy is sound and has the rows that the original has.
async fn is_whole(copy: &mut SqliteConnection, rows: &Counts) -> Result<bool, sqlx::Error> {
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *copy)
        .await?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *copy)
        .await?;
    let mut copied = Counts::new();
    for table in tables {
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count_query(&table)))
            .fetch_one(&mut *copy)
            .await?;
        copied.insert(table, count);
    }
    Ok(verdict == "ok" && copied == *rows)
}

/// SQLite does not wait for the disk when it copies. The copy holds what the original holds, so it
/// is readable by the same people.
fn keep(source: &Path, partial: &Path, finished: &Path) -> std::io::Result<()> {
    fs::set_permissions(partial, fs::metadata(source)?.permissions())?;
    File::open(partial)?.sync_all()?;
    fs::rename(partial, finished)
}

async fn open(settings: SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    settings
        .connect()
        .await
        .map_err(|error| StoreError::connecting(&error))
}

async fn close(connection: SqliteConnection) {
    // Nothing was changed through it that could be lost.
    let _ = connection.close().await;
}

async fn count(tx: &Tx, table: &str) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        rows: i64,
    }
    let row: Option<Row> = sql::first(tx, &count_query(table), []).await?;
    Ok(row.map_or(0, |row| row.rows))
}

fn count_query(table: &str) -> String {
    format!("SELECT count(*) AS rows FROM \"{}\"", table.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn opened(path: &Path) -> SqliteConnection {
        let settings = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        open(settings).await.expect("a folder of its own")
    }

    #[tokio::test]
    async fn a_copy_with_other_rows_or_damage_is_not_whole() {
        let folder = tempfile::tempdir().expect("room for a folder");
        let path = folder.path().join("copy.db");
        let mut copy = opened(&path).await;
        sqlx::raw_sql(
            "CREATE TABLE a (b TEXT); CREATE INDEX i ON a (b);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
             INSERT INTO a SELECT printf('%0100d', i) FROM n",
        )
        .execute(&mut copy)
        .await
        .expect("a healthy database");
        let rows = |count| Counts::from([("a".to_owned(), count)]);
        assert!(is_whole(&mut copy, &rows(2000)).await.expect("readable"));
        assert!(!is_whole(&mut copy, &rows(2001)).await.expect("readable"));
        assert!(!is_whole(&mut copy, &Counts::new()).await.expect("readable"));
        close(copy).await;

        // The last quarter holds pages of the table and of its index.
        let bytes = fs::read(&path).expect("readable");
        let kept = bytes.len() / 4 * 3;
        fs::write(&path, [&bytes[..kept], &vec![7; bytes.len() - kept]].concat()).expect("writable");
        let mut copy = opened(&path).await;
        assert!(!is_whole(&mut copy, &rows(2000)).await.unwrap_or(false));
    }
}
