//! Writing an archive.

use std::collections::BTreeMap;
use std::io::{self, Write};

use age::stream::StreamWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::Value as JsonValue;

use super::format::{Header, Mark};
use super::key::Recipients;
use crate::rows::{Digest, Row, Summary, Table};

/// Where the compressed lines go.
enum Out<W: Write> {
    Plain(W),
    Encrypted(Box<StreamWriter<W>>),
}

impl<W: Write> Out<W> {
    /// Ends it: without that, what is encrypted cannot be read.
    fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(to) => Ok(to),
            Self::Encrypted(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(to) => to.write(bytes),
            Self::Encrypted(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(to) => to.flush(),
            Self::Encrypted(stream) => stream.flush(),
        }
    }
}

/// Writes the lines of an archive, counts and hashes.
pub(super) struct Pen<'a, W: Write> {
    lines: GzEncoder<Out<W>>,
    open: Option<(&'a Table, Digest<'a>)>,
    manifest: BTreeMap<String, Summary>,
}

impl<'a, W: Write> Pen<'a, W> {
    pub(super) fn new(to: W, recipients: Option<&Recipients>, header: &Header) -> io::Result<Self> {
        let out = match recipients {
            None => Out::Plain(to),
            Some(recipients) => Out::Encrypted(Box::new(recipients.encryptor().wrap_output(to)?)),
        };
        let mut pen = Self {
            lines: GzEncoder::new(out, Compression::default()),
            open: None,
            manifest: BTreeMap::new(),
        };
        pen.line(header)?;
        Ok(pen)
    }

    /// The rows that follow are of this table.
    pub(super) fn table(&mut self, table: &'a Table) -> io::Result<()> {
        self.close_table();
        let mark = Mark::Table {
            table: table.name.clone(),
            columns: table.names().map(str::to_owned).collect(),
        };
        self.line(&mark)?;
        self.open = Some((table, Digest::of(table)));
        Ok(())
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        let values: Vec<JsonValue> = row.iter().map(|cell| cell.to_json()).collect();
        self.line(&values)?;
        if let Some((_, digest)) = &mut self.open {
            digest.add(row);
        }
        Ok(())
    }

    /// Writes the manifest and ends the file.
    pub(super) fn finish(mut self) -> io::Result<(W, BTreeMap<String, Summary>)> {
        self.close_table();
        let mark = Mark::Manifest {
            manifest: self.manifest.clone(),
        };
        self.line(&mark)?;
        let mut to = self.lines.finish()?.finish()?;
        to.flush()?;
        Ok((to, self.manifest))
    }

    fn close_table(&mut self) {
        if let Some((table, digest)) = self.open.take() {
            self.manifest.insert(table.name.clone(), digest.summary());
        }
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.lines, value)?;
        self.lines.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufWriter;

    use super::*;
    use crate::archive::key::Identity;
    use crate::rows::{Cell, Column, Family};
    use crate::tests::now;

    /// A disk with room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn table() -> Table {
        let column = |name: &str, family| Column {
            name: name.to_owned(),
            family,
            limit: None,
            nullable: true,
        };
        Table {
            name: "people".to_owned(),
            columns: vec![column("id", Family::Int), column("name", Family::Text)],
            key: vec![0],
        }
    }

    fn write(disk: Disk, recipients: Option<&Recipients>) -> io::Result<usize> {
        let header = Header {
            lucien_backup: 1,
            created_at: now(),
            dialect: "SQLite".to_owned(),
            flavour: None,
            steps: Vec::new(),
        };
        let table = table();
        let mut pen = Pen::new(BufWriter::new(disk), recipients, &header)?;
        pen.table(&table)?;
        for id in 0..9_000 {
            pen.row(&vec![
                Cell::Int(id),
                Cell::Text(format!("persona {}", id * id * 7_919)),
            ])?;
        }
        let (disk, manifest) = pen.finish()?;
        assert_eq!(manifest["people"].rows, 9_000);
        Ok(disk.into_inner().map_err(io::IntoInnerError::into_error)?.0)
    }

    #[test]
    fn a_full_disk_is_told_wherever_it_happens() {
        let (_, checker) = Identity::passing();
        let (_, operator) = Identity::passing();
        let recipients = Recipients::new(operator, checker);
        for recipients in [None, Some(&recipients)] {
            let room = 1_000_000;
            let needed = room - write(Disk(room), recipients).expect("there is room");
            assert!(needed > 40_000, "more than is collected before it is written");
            // What is encrypted has a header that is not always equally long.
            for bytes in (0..needed - 2_000).step_by(needed / 8).chain([needed - 2_000]) {
                let error = write(Disk(bytes), recipients).expect_err("there is no room");
                assert_eq!(error.kind(), io::ErrorKind::StorageFull, "after {bytes} bytes");
            }
        }
    }
}
