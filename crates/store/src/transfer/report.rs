//! What was done, for people and for programs. It holds no names, texts, tokens or credentials.

use std::fmt;

use chrono::SecondsFormat;
use domain::clock::Timestamp;
use serde::Serialize;

use super::source::Source;
use super::{Seen, Unfit};
use crate::adoption::Adopted;
use crate::rows::{Summary, Table};
use crate::store::Store;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was moved and is the same.
    Moved,
    /// Nothing was written; it could be moved.
    WouldMove,
    /// Nothing was written; both were compared.
    Compared,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
pub struct TableReport {
    /// Its name.
    pub table: String,
    /// How many rows the source has, repaired ones included.
    pub source_rows: u64,
    /// How many rows the target has; none, nobody has looked.
    pub target_rows: Option<u64>,
    /// What differs: columns, or the number of rows.
    pub differences: Vec<String>,
    /// What the source holds.
    source: Summary,
    /// What the target holds.
    target: Option<Summary>,
}

/// What was done.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the rows come from, without credentials.
    pub source: String,
    /// Where they go, without credentials.
    pub target: String,
    /// How it ended; none, it has not.
    pub outcome: Option<Outcome>,
    /// When it began.
    started_at: String,
    /// When it ended.
    finished_at: Option<String>,
    /// Rows of all tables.
    pub rows: u64,
    /// How many of them a second, by the clock.
    pub rows_per_second: Option<u64>,
    /// All tables, in the order in which they are written.
    pub tables: Vec<TableReport>,
    /// What was repaired in the predecessor's rows.
    pub adopted: Option<Adopted>,
    /// What the target cannot hold as it is.
    pub unfit: Vec<Unfit>,
    #[serde(skip)]
    begun: Timestamp,
}

impl Report {
    pub(super) fn new(
        source: &Source,
        target: &Store,
        begun: Timestamp,
        tables: &[Table],
        seen: &Seen,
    ) -> Self {
        let tables = tables.iter().zip(&seen.summaries);
        Self {
            source: source.name.to_string(),
            target: target.url().to_string(),
            outcome: None,
            started_at: shown(begun),
            finished_at: None,
            rows: seen.rows(),
            rows_per_second: None,
            tables: tables
                .map(|(table, summary)| TableReport {
                    table: table.name.clone(),
                    source_rows: summary.rows,
                    target_rows: None,
                    differences: Vec::new(),
                    source: summary.clone(),
                    target: None,
                })
                .collect(),
            adopted: source.adopted.clone(),
            unfit: seen.unfit.clone(),
            begun,
        }
    }

    pub(super) fn compare(&mut self, there: &[Summary]) {
        for (table, there) in self.tables.iter_mut().zip(there) {
            table.target_rows = Some(there.rows);
            table.differences = table.source.differences(there);
            table.target = Some(there.clone());
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, now: Timestamp) {
        self.outcome = Some(outcome);
        self.finished_at = Some(shown(now));
        let millis = (now - self.begun).num_milliseconds().max(1).unsigned_abs();
        self.rows_per_second = Some(self.rows * 1000 / millis);
    }

    /// What differs, a line per table.
    #[must_use]
    pub fn differences(&self) -> Vec<String> {
        let differing = self.tables.iter().filter(|table| !table.differences.is_empty());
        differing
            .map(|table| format!("{}: {}", table.table, table.differences.join(", ")))
            .collect()
    }
}

fn shown(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "from\t{}", self.source)?;
        writeln!(f, "to\t{}", self.target)?;
        if let Some(adopted) = &self.adopted {
            write!(f, "{adopted}")?;
        }
        for unfit in &self.unfit {
            writeln!(f, "unfit\t{unfit}")?;
        }
        for table in &self.tables {
            let there = table
                .target_rows
                .map_or_else(|| "-".to_owned(), |rows| rows.to_string());
            let verdict = match (&table.target, table.differences.is_empty()) {
                (None, _) => "not compared".to_owned(),
                (Some(_), true) => "same".to_owned(),
                (Some(_), false) => format!("differs: {}", table.differences.join(", ")),
            };
            writeln!(
                f,
                "table\t{}\t{}\t{there}\t{verdict}",
                table.table, table.source_rows
            )?;
        }
        if let Some(rate) = self.rows_per_second {
            writeln!(f, "rows\t{}\t{rate} a second", self.rows)?;
        }
        Ok(())
    }
}
