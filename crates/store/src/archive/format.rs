//! The lines of an archive.

use std::collections::BTreeMap;

use domain::clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rows::Summary;

/// The present form.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The form of all lines.
    pub(super) lucien_backup: u32,
    pub(super) created_at: Timestamp,
    pub(super) dialect: String,
    pub(super) flavour: Option<String>,
    pub(super) steps: Vec<String>,
}

/// A line other than the first one that is no row. A row is an array, of the values of the table's columns.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Mark {
    /// The rows that follow are of this table.
    Table { table: String, columns: Vec<String> },
    /// The last line: what each table holds.
    Manifest { manifest: BTreeMap<String, Summary> },
}
