//! What a table holds, in a few numbers: to tell whether two tables hold the same.
//!
//! Rows are hashed one by one (SHA-256) and the hashes are added up, so their order does not matter.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::cell::{Cell, Row};
use super::shape::Table;
use crate::value::written;

/// A sum of hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum([u64; 4]);

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let hash = Sha256::digest(bytes);
        for (lane, part) in self.0.iter_mut().zip(hash.chunks_exact(8)) {
            let part = u64::from_be_bytes(part.try_into().expect("chunks have eight bytes"));
            *lane = lane.wrapping_add(part);
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|lane| write!(f, "{lane:016x}"))
    }
}

/// Counts and hashes rows as they pass.
#[derive(Debug)]
pub(crate) struct Digest<'a> {
    table: &'a Table,
    rows: u64,
    whole: Sum,
    columns: Vec<Seen>,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    nulls: u64,
    sum: Sum,
    first: Option<Cell>,
    last: Option<Cell>,
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// How many rows.
    pub(crate) rows: u64,
    /// The sum of their hashes, in hexadecimal.
    pub(crate) hash: String,
    /// What each column holds, in the order of the table.
    pub(crate) columns: Vec<ColumnDigest>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnDigest {
    /// Its name.
    pub(crate) name: String,
    /// In how many rows it is NULL.
    pub(crate) nulls: u64,
    /// The sum of the hashes of its values, each with the key of its row.
    pub(crate) hash: String,
    /// The earliest and the latest of its moments.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) span: Option<(String, String)>,
}

impl<'a> Digest<'a> {
    pub(crate) fn of(table: &'a Table) -> Self {
        Self {
            table,
            rows: 0,
            whole: Sum::default(),
            columns: vec![Seen::default(); table.columns.len()],
            bytes: Vec::new(),
        }
    }

    /// Counts a row of the table.
    pub(crate) fn add(&mut self, row: &Row) {
        self.rows += 1;
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        row.iter().for_each(|cell| cell.add_to(&mut bytes));
        self.whole.add(&bytes);

        bytes.clear();
        self.table
            .key
            .iter()
            .for_each(|&place| row[place].add_to(&mut bytes));
        let key = bytes.len();
        for (seen, cell) in self.columns.iter_mut().zip(row) {
            bytes.truncate(key);
            cell.add_to(&mut bytes);
            seen.sum.add(&bytes);
            seen.note(cell);
        }
        self.bytes = bytes;
    }

    pub(crate) fn summary(&self) -> Summary {
        let columns = self.columns.iter().zip(&self.table.columns);
        Summary {
            rows: self.rows,
            hash: self.whole.to_string(),
            columns: columns
                .map(|(seen, column)| ColumnDigest {
                    name: column.name.clone(),
                    nulls: seen.nulls,
                    hash: seen.sum.to_string(),
                    span: seen.span(),
                })
                .collect(),
        }
    }
}

impl Seen {
    fn note(&mut self, cell: &Cell) {
        match cell {
            Cell::Null => self.nulls += 1,
            Cell::Moment(moment) => {
                if !matches!(&self.first, Some(Cell::Moment(first)) if first <= moment) {
                    self.first = Some(cell.clone());
                }
                if !matches!(&self.last, Some(Cell::Moment(last)) if last >= moment) {
                    self.last = Some(cell.clone());
                }
            }
            _ => {}
        }
    }

    fn span(&self) -> Option<(String, String)> {
        match (&self.first, &self.last) {
            (Some(Cell::Moment(first)), Some(Cell::Moment(last))) => Some((written(*first), written(*last))),
            _ => None,
        }
    }
}

impl Summary {
    /// What differs, in words: the number of rows, or the names of columns. Empty when both hold the same.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        if self.rows != other.rows {
            return vec![format!("{} rows, not {}", other.rows, self.rows)];
        }
        let pairs = self.columns.iter().zip(&other.columns);
        let mut differences: Vec<String> = pairs
            .filter(|(one, other)| one != other)
            .map(|(one, _)| one.name.clone())
            .collect();
        if differences.is_empty() && self != other {
            differences.push("columns".to_owned());
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Column, Family};
    use super::*;

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

    fn summary(rows: &[(i64, Option<&str>)]) -> Summary {
        let table = table();
        let mut digest = Digest::of(&table);
        for (id, name) in rows {
            let name = name.map_or(Cell::Null, |name| Cell::Text(name.to_owned()));
            digest.add(&vec![Cell::Int(*id), name]);
        }
        digest.summary()
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let one = summary(&[(1, Some("a")), (2, None), (3, Some("b"))]);
        assert_eq!(one, summary(&[(3, Some("b")), (1, Some("a")), (2, None)]));
        assert_eq!((one.rows, one.columns[1].nulls), (3, 1));
    }

    #[test]
    fn what_differs_is_named() {
        let one = summary(&[(1, Some("a")), (2, Some("b"))]);
        let swapped = summary(&[(1, Some("b")), (2, Some("a"))]);
        assert_eq!(one.differences(&swapped), ["name"]);
        assert_eq!(one.differences(&summary(&[(1, Some("a"))])), ["1 rows, not 2"]);
        assert!(one.differences(&one.clone()).is_empty());
        assert_ne!(summary(&[(1, None)]), summary(&[(1, Some(""))]));
    }
}
