//! What was found and what was done about it. Ids and names of tables, columns and indexes; never names of
//! people, texts or tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// How a database came to be as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Flavour {
    /// As v1.2 makes it.
    #[serde(rename = "v1.2")]
    V12,
    /// Changed by later revisions.
    #[serde(rename = "later")]
    Later,
    /// Neither: changed by people.
    #[serde(rename = "hand-altered")]
    HandAltered,
}

impl Flavour {
    /// What is stored of it, in `house.flavour`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::V12 => "v1.2",
            Self::Later => "later",
            Self::HandAltered => "hand-altered",
        }
    }
}

/// What was done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RepairKind {
    /// The same value was written as both bots read it.
    Respelled,
    /// An empty text, or the JSON text `null`, became NULL.
    Emptied,
    /// Nothing stood where something must; now a default does.
    Filled,
    /// A value that nobody can read became a default or NULL. The row as it was is in `quarantine`.
    Unreadable,
    /// A person to whom rows refer was missing and was made.
    PersonMade,
    /// A subscription whose token was missing got one of its own.
    TokenMade,
    /// A reference to a row that is not there became NULL. The row as it was is in `quarantine`.
    Unlinked,
    /// Of several tokens with one text, this one got another. The row as it was is in `quarantine`.
    Renamed,
    /// A token that tells who used it, or when, counted as unused; now it is used.
    Used,
    /// A request of somebody who waits already was closed.
    Closed,
    /// The later revisions' mark of a request that waits was wrong.
    Marked,
    /// A row that must be there once was moved into `quarantine`; the newer or longer one stays.
    Duplicate,
    /// A row that refers to nothing was moved into `quarantine`.
    Orphan,
}

impl RepairKind {
    /// Whether something is lost by it, so that the row as it was goes into `quarantine`.
    pub(super) const fn keeps_a_copy(self) -> bool {
        matches!(
            self,
            Self::Unreadable | Self::Unlinked | Self::Renamed | Self::Duplicate | Self::Orphan
        )
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Respelled => "respelled",
            Self::Emptied => "emptied",
            Self::Filled => "filled",
            Self::Unreadable => "unreadable",
            Self::PersonMade => "person_made",
            Self::TokenMade => "token_made",
            Self::Unlinked => "unlinked",
            Self::Renamed => "renamed",
            Self::Used => "used",
            Self::Closed => "closed",
            Self::Marked => "marked",
            Self::Duplicate => "duplicate",
            Self::Orphan => "orphan",
        }
    }
}

/// How many keys of one repair are told.
pub const KEYS_TOLD: usize = 1_000;

/// How many of them people are shown.
const KEYS_SHOWN: usize = 20;

/// Rows of one table, of which the same was repaired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repair {
    /// The table.
    pub table: String,
    /// The column; none, the whole row.
    pub column: Option<String>,
    /// What was done.
    pub what: RepairKind,
    /// With how many rows.
    pub rows: u64,
    /// Their keys: at most [`KEYS_TOLD`], the lowest.
    pub keys: Vec<i64>,
}

/// What was added to the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// A column that may be NULL.
    Column(String),
    /// An index.
    Index(String),
    /// In place of an index that allowed everybody one request only, ever: one for requests that wait.
    IndexReplaced(String),
    /// A default for a column that we do not know and that has to be filled.
    Default(String),
}

/// Something worth knowing, of which nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Tokens that are used, and nobody knows since when.
    UsedWithoutDate(u64),
    /// Plans that have the same name as a plan with a lower id.
    PlansOfOneName {
        /// The lowest id.
        plan: i64,
        /// How many have its name.
        plans: u64,
    },
    /// Tokens longer than the 16 characters that v1.2 has on PostgreSQL.
    LongTokens(u64),
    /// A table that is not one of the nine.
    Table(String),
    /// A column that v1.2 does not have.
    Column(String),
    /// An index that v1.2 does not have.
    Index(String),
    /// What `alembic_version` holds; empty, it holds nothing.
    Revisions(Vec<String>),
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// What the database was found to be.
    pub flavour: Flavour,
    /// How many rows each of the nine tables holds now.
    pub rows: BTreeMap<String, u64>,
    /// What was added to the schema.
    pub additions: Vec<Addition>,
    /// What was done with rows.
    pub repairs: Vec<Repair>,
    /// What is worth knowing besides.
    pub notes: Vec<Note>,
    /// The copy that was made before.
    pub backup: Option<PathBuf>,
}

impl fmt::Display for Addition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "column {column}"),
            Self::Index(index) => write!(f, "index {index}"),
            Self::IndexReplaced(index) => write!(f, "index {index}, in place of one for all requests"),
            Self::Default(column) => write!(f, "default of {column}"),
        }
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.as_deref().unwrap_or("-");
        write!(
            f,
            "{}\t{column}\t{}\t{}\t",
            self.table,
            self.what.label(),
            self.rows
        )?;
        let shown: Vec<String> = self.keys.iter().take(KEYS_SHOWN).map(i64::to_string).collect();
        f.write_str(&shown.join(" "))?;
        match self.rows > shown.len() as u64 {
            true => f.write_str(" …"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UsedWithoutDate(tokens) => write!(f, "{tokens} tokens are used, nobody knows since when"),
            Self::PlansOfOneName { plan, plans } => write!(f, "{plans} plans have the name of plan {plan}"),
            Self::LongTokens(tokens) => write!(f, "{tokens} tokens are longer than 16 characters"),
            Self::Table(table) => write!(f, "table {table} is left as it is"),
            Self::Column(column) => write!(f, "column {column} is left as it is"),
            Self::Index(index) => write!(f, "index {index} is left as it is"),
            Self::Revisions(revisions) if revisions.is_empty() => write!(f, "alembic_version is empty"),
            Self::Revisions(revisions) => write!(f, "alembic_version holds {}", revisions.join(", ")),
        }
    }
}

/// Lines with fields between tabs.
impl fmt::Display for Adopted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "flavour\t{}", self.flavour.label())?;
        if let Some(backup) = &self.backup {
            writeln!(f, "backup\t{}", backup.display())?;
        }
        for (table, rows) in &self.rows {
            writeln!(f, "rows\t{table}\t{rows}")?;
        }
        for addition in &self.additions {
            writeln!(f, "added\t{addition}")?;
        }
        for repair in &self.repairs {
            writeln!(f, "repaired\t{repair}")?;
        }
        for note in &self.notes {
            writeln!(f, "note\t{note}")?;
        }
        Ok(())
    }
}
