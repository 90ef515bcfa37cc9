//! Reading an archive, and finding out that it is not whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use age::DecryptError;
use flate2::bufread::GzDecoder;
use serde_json::Value as JsonValue;

use super::ArchiveError;
use super::format::{Header, Mark, VERSION};
use super::key::Identity;
use crate::rows::{Cell, PAGE, Row, Summary, Table};
use crate::schema;

/// How encrypted files begin.
const AGE: &[u8] = b"age-encryption.org/";
/// How compressed ones do.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// No line of ours is longer.
const LONGEST: u64 = 64 << 20;

/// What an archive consists of, in this order: one header, rows, one end.
pub(super) enum Piece {
    Header(Header),
    Rows(Arc<Table>, Vec<Row>),
    /// The last line was there. Each table, with the columns that it had, and what it is to hold.
    End(Vec<(Arc<Table>, Summary)>),
}

/// Reads an archive to its end. The tables are those of the present schema. Ends early, and well, when nobody
/// takes a piece.
pub(super) fn read(
    file: &Path,
    identity: Option<&Identity>,
    shapes: &[Table],
    mut give: impl FnMut(Piece) -> bool,
) -> Result<(), ArchiveError> {
    let mut lines = Lines::new(BufReader::new(opened(file, identity)?));
    let header = header(&lines.next()?.ok_or(ArchiveError::Foreign)?)?;
    if !give(Piece::Header(header)) {
        return Ok(());
    }
    let mut tables: Vec<Arc<Table>> = Vec::new();
    let mut rows = Vec::new();
    let manifest = loop {
        let line = lines.next()?.ok_or(ArchiveError::Cut)?;
        if line.starts_with(b"[") {
            let table = tables.last().ok_or_else(|| damaged("a row of no table"))?;
            rows.push(row(&line, table)?);
            if rows.len() < PAGE as usize {
                continue;
            }
        }
        if let Some(table) = tables.last()
            && !rows.is_empty()
            && !give(Piece::Rows(table.clone(), std::mem::take(&mut rows)))
        {
            return Ok(());
        }
        if line.starts_with(b"[") {
            continue;
        }
        match serde_json::from_slice(&line).map_err(|_| damaged("a line that is none of ours"))? {
            Mark::Table { table, columns } => tables.push(Arc::new(projected(shapes, &table, &columns)?)),
            Mark::Manifest { manifest } => break manifest,
        }
    };
    lines.end()?;
    if manifest.len() != tables.len() {
        return Err(damaged("the manifest tells of other tables"));
    }
    let with_summary = |table: Arc<Table>| {
        let summary = manifest.get(&table.name).cloned();
        let summary = summary.ok_or_else(|| damaged("the manifest tells of other tables"))?;
        Ok((table, summary))
    };
    let end: Result<_, ArchiveError> = tables.into_iter().map(with_summary).collect();
    give(Piece::End(end?));
    Ok(())
}

/// Whether a file is encrypted; none when it is some other file.
pub(super) fn is_encrypted(file: &Path) -> io::Result<Option<bool>> {
    let mut beginning = Vec::new();
    File::open(file)?
        .take(AGE.len() as u64)
        .read_to_end(&mut beginning)?;
    Ok(if beginning == AGE {
        Some(true)
    } else if beginning.starts_with(GZIP) {
        Some(false)
    } else {
        None
    })
}

fn opened(file: &Path, identity: Option<&Identity>) -> Result<Box<dyn Read>, ArchiveError> {
    let encrypted = is_encrypted(file)?.ok_or(ArchiveError::Foreign)?;
    let bytes = BufReader::new(File::open(file)?);
    if !encrypted {
        return Ok(Box::new(bytes));
    }
    let identity = identity.ok_or(ArchiveError::NeedsKey)?;
    let stream = age::Decryptor::new_buffered(bytes).and_then(|file| file.decrypt(identity.keys()));
    match stream {
        Ok(stream) => Ok(Box::new(stream)),
        Err(DecryptError::NoMatchingKeys) => Err(ArchiveError::WrongKey),
        Err(DecryptError::Io(error)) => Err(unreadable(error)),
        Err(_) => Err(damaged("its encryption")),
    }
}

fn damaged(what: &str) -> ArchiveError {
    ArchiveError::Damaged(what.to_owned())
}

/// What the decoders say of bytes that are not theirs.
fn unreadable(error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Cut,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => damaged("it cannot be decoded"),
        _ => ArchiveError::File(error),
    }
}

fn header(line: &[u8]) -> Result<Header, ArchiveError> {
    #[derive(serde::Deserialize)]
    struct Version {
        lucien_backup: u32,
    }
    let version: Version = serde_json::from_slice(line).map_err(|_| ArchiveError::Foreign)?;
    if version.lucien_backup != VERSION {
        let form = format!("form {}", version.lucien_backup);
        return Err(ArchiveError::Newer(vec![form]));
    }
    let header: Header = serde_json::from_slice(line).map_err(|_| damaged("its header"))?;
    let unknown = schema::unknown(&header.steps);
    match unknown.is_empty() {
        true => Ok(header),
        false => Err(ArchiveError::Newer(unknown)),
    }
}

/// A table with only the columns that the archive has of it.
fn projected(shapes: &[Table], name: &str, columns: &[String]) -> Result<Table, ArchiveError> {
    let shape = shapes.iter().find(|table| table.name == name);
    let shape = shape.ok_or_else(|| damaged("a table that nobody knows"))?;
    let find = |name: &String| shape.columns.iter().find(|column| column.name == *name).cloned();
    let found: Option<Vec<_>> = columns.iter().map(find).collect();
    let found = found.ok_or_else(|| damaged("a column that nobody knows"))?;
    let place = |&key: &usize| {
        found
            .iter()
            .position(|column| column.name == shape.columns[key].name)
    };
    let key: Option<Vec<usize>> = shape.key.iter().map(place).collect();
    Ok(Table {
        name: shape.name.clone(),
        key: key.ok_or_else(|| damaged("a table without its key"))?,
        columns: found,
    })
}

fn row(line: &[u8], table: &Table) -> Result<Row, ArchiveError> {
    let bad = || damaged(&format!("a row of {}", table.name));
    let values: Vec<JsonValue> = serde_json::from_slice(line).map_err(|_| bad())?;
    if values.len() != table.columns.len() {
        return Err(bad());
    }
    let cells = values.iter().zip(&table.columns);
    let cells = cells.map(|(value, column)| Cell::from_json(value, column.family));
    cells.collect::<Option<Row>>().ok_or_else(bad)
}

/// The lines of a compressed file.
struct Lines<R: BufRead>(BufReader<GzDecoder<R>>);

impl<R: BufRead> Lines<R> {
    fn new(bytes: R) -> Self {
        Self(BufReader::new(GzDecoder::new(bytes)))
    }

    /// The next line; none at the end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ArchiveError> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.0).take(LONGEST);
        bounded.read_until(b'\n', &mut line).map_err(unreadable)?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(ArchiveError::Cut),
        }
    }

    /// Nothing may follow: neither lines, which is where the check sum is looked at, nor anything else.
    fn end(mut self) -> Result<(), ArchiveError> {
        let more = damaged("something follows its manifest");
        if self.next()?.is_some() {
            return Err(more);
        }
        let mut bytes = self.0.into_inner().into_inner();
        match bytes.fill_buf().map_err(unreadable)?.is_empty() {
            true => Ok(()),
            false => Err(more),
        }
    }
}
