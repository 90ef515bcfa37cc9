//! Whether what is there will do.

use sea_orm::FromQueryResult;

use super::additions::{ENTRY_TOKEN, Index, predecessors_indexes};
use super::found::{self, FoundColumn, FoundIndex, has_family, in_words};
use super::report::{Flavour, Note};
use crate::error::StoreError;
use crate::rows::{self, Column, Family, Table};
use crate::schema;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::url::Dialect;

/// Where the later revisions mark requests that wait: it has to be filled.
pub(super) const PENDING: (&str, &str) = ("free_channel_requests", "pending_request");

/// Columns that only later revisions have, besides [`PENDING`].
const LATER_COLUMNS: [(&str, &str); 5] = [
    ("bot_config", "level_formula"),
    ("bot_config", "besitos_per_reaction"),
    ("bot_config", "besitos_daily_base"),
    ("vip_subscribers", "kicked_from_channel_at"),
    ("vip_subscribers", "last_kick_notification_sent_at"),
];

/// Tables that only later revisions have.
const LATER_TABLES: [&str; 4] = [
    "transactions",
    "user_gamification_profiles",
    "user_reactions",
    "user_streaks",
];

/// Something in the tables with which Lucien cannot work. It has to be mended first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// A column that has to hold something is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A column holds something else.
    #[error("{column} is {found}, not {expected}")]
    Type {
        /// The column, with its table.
        column: String,
        /// What it was declared as.
        found: String,
        /// What it has to hold.
        expected: String,
    },
    /// PostgreSQL's own type lacks a label.
    #[error("the type {of} has no label {label}")]
    Label {
        /// The type.
        of: String,
        /// The label.
        label: String,
    },
    /// A table has another primary key.
    #[error("{0} is not the primary key of its table")]
    Key(String),
    /// The database does not number the rows of a table by itself.
    #[error("{0} is not numbered by the database")]
    NotNumbered(String),
    /// A column that nobody here knows has to hold something, and nobody knows what.
    #[error("{0} must not be NULL, has no default, and is not known here")]
    Unfillable(String),
    /// A constraint by which somebody can ask for the Free channel once in a lifetime.
    #[error("a constraint of free_channel_requests allows everybody one request only")]
    OneRequest,
    /// One of our own tables would have the name of one that is there.
    #[error("there is a table {0} already")]
    Taken(String),
}

/// A database of the predecessor as it is, beside what it should be.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) dialect: Dialect,
    expected: Vec<Table>,
    columns: Vec<FoundColumn>,
    pub(super) indexes: Vec<FoundIndex>,
    tables: Vec<String>,
    /// The labels of PostgreSQL's own types, each as `type.label`.
    labels: Vec<String>,
    /// The names of our own tables that are to be made.
    ours: Vec<String>,
}

impl Shape {
    pub(super) async fn read(db: &impl Connection) -> Result<Self, StoreError> {
        let (mut expected, all) = (rows::predecessors().await?, rows::all().await?);
        let place = |table: &Table| schema::predecessors().iter().position(|name| *name == table.name);
        expected.sort_by_key(place);
        let ours = all.into_iter().map(|table| table.name);
        Ok(Self {
            dialect: db.dialect(),
            ours: ours.filter(|name| !schema::is_predecessors(name)).collect(),
            expected,
            columns: found::columns(db).await?,
            indexes: found::indexes(db).await?,
            tables: schema::tables(db).await?,
            labels: found::labels(db).await?,
        })
    }

    /// The nine tables as they should be.
    pub(super) fn tables(&self) -> &[Table] {
        &self.expected
    }

    /// What one of the nine should be.
    pub(super) fn expected(&self, table: &str) -> &Table {
        let found = self.expected.iter().find(|expected| expected.name == table);
        found.expect("asked for the nine tables only")
    }

    /// The names of all columns that a table has, once the missing ones are there.
    pub(super) fn columns(&self, table: &str) -> impl Iterator<Item = &str> {
        let found = self.of(table).map(|column| column.name.as_str());
        let added = self
            .expected(table)
            .names()
            .filter(move |name| self.of(table).all(|column| column.name != *name));
        found.chain(added)
    }

    /// Whether requests that wait are marked as later revisions do.
    pub(super) fn marks_waiting(&self) -> bool {
        self.column(PENDING.0, PENDING.1).is_some()
    }

    /// Columns that are not there and may be NULL.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&Table, &Column)> {
        self.wanted()
            .filter(|(table, column)| column.nullable && self.column(&table.name, &column.name).is_none())
    }

    /// Columns that nobody here knows and that have to be filled, with the names of their types.
    pub(super) fn unknown_required(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let unfilled = |column: &&FoundColumn| column.required && !column.has_default;
        self.unknown().filter(unfilled).map(|column| {
            (
                column.table_name.as_str(),
                column.name.as_str(),
                column.declared.as_str(),
            )
        })
    }

    fn of(&self, table: &str) -> impl Iterator<Item = &FoundColumn> {
        self.columns
            .iter()
            .filter(move |column| column.table_name == table)
    }

    fn column(&self, table: &str, name: &str) -> Option<&FoundColumn> {
        self.of(table).find(|column| column.name == name)
    }

    fn wanted(&self) -> impl Iterator<Item = (&Table, &Column)> {
        self.expected
            .iter()
            .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
    }

    /// Columns of the nine tables that nobody here knows.
    fn unknown(&self) -> impl Iterator<Item = &FoundColumn> {
        self.columns.iter().filter(|found| {
            let expected = self.expected.iter().find(|table| table.name == found.table_name);
            let is_known = |table: &Table| table.names().any(|name| name == found.name);
            (found.table_name.as_str(), found.name.as_str()) != PENDING
                && expected.is_some_and(|it| !is_known(it))
        })
    }

    /// Everything with which Lucien cannot work.
    pub(super) fn mismatches(&self) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        for (table, column) in self.wanted() {
            let is_key = table
                .key
                .iter()
                .any(|&place| table.columns[place].name == column.name);
            let name = format!("{}.{}", table.name, column.name);
            match self.column(&table.name, &column.name) {
                None if column.nullable => {}
                None => mismatches.push(Mismatch::Missing(name)),
                Some(found) => {
                    if !self.fits(found, column) {
                        mismatches.push(mistyped(found, in_words(column, self.dialect)));
                    }
                    if is_key && !found.key {
                        mismatches.push(Mismatch::Key(name.clone()));
                    }
                    // The one row of the configuration names its own id, people bring theirs.
                    let is_given = matches!(table.name.as_str(), "bot_config" | "users");
                    if is_key && found.key && !found.numbered && !is_given {
                        mismatches.push(Mismatch::NotNumbered(name));
                    }
                }
            }
        }
        if let Some(found) = self.column(PENDING.0, PENDING.1)
            && !has_family(self.dialect, &found.declared, Family::Bool, None)
        {
            mismatches.push(mistyped(found, "boolean".to_owned()));
        }
        for (table, column, declared) in self.unknown_required() {
            if self.dialect == Dialect::Sqlite || super::additions::neutral(declared).is_none() {
                mismatches.push(Mismatch::Unfillable(format!("{table}.{column}")));
            }
        }
        if self
            .indexes
            .iter()
            .any(|index| index.allows_one_request() && index.bound)
            && self.dialect == Dialect::Sqlite
        {
            mismatches.push(Mismatch::OneRequest);
        }
        mismatches.extend(self.missing_labels());
        let taken = self.ours.iter().filter(|ours| self.tables.contains(ours));
        mismatches.extend(taken.cloned().map(Mismatch::Taken));
        mismatches
    }

    fn fits(&self, found: &FoundColumn, column: &Column) -> bool {
        has_family(self.dialect, &found.declared, column.family, column.limit)
    }

    fn missing_labels(&self) -> Vec<Mismatch> {
        let mut missing = Vec::new();
        for (_, column) in self.wanted() {
            let Family::Label(of) = column.family else {
                continue;
            };
            for label in super::values::labels(of) {
                let mismatch = Mismatch::Label {
                    of: of.to_owned(),
                    label: label.to_owned(),
                };
                let is_there = self.labels.contains(&format!("{of}.{label}"));
                if self.dialect == Dialect::Postgres && !is_there && !missing.contains(&mismatch) {
                    missing.push(mismatch);
                }
            }
        }
        missing
    }

    /// How the database came to be as it is, judged by nothing but its tables.
    pub(super) fn flavour(&self) -> Flavour {
        let has_later_column = LATER_COLUMNS
            .iter()
            .any(|(table, column)| self.column(table, column).is_some());
        let has_later_table = LATER_TABLES
            .iter()
            .any(|later| self.tables.iter().any(|table| table == later));
        let is_required = |column| {
            self.column("user_interests", column)
                .is_some_and(|it| it.required)
        };
        let is_loosened = is_required("user_id") && !is_required("package_id");
        if self.marks_waiting() || has_later_column || has_later_table || is_loosened {
            Flavour::Later
        } else if self.is_v12() {
            Flavour::V12
        } else {
            Flavour::HandAltered
        }
    }

    fn is_v12(&self) -> bool {
        let has_columns = self.expected.iter().all(|table| {
            let alike = |(found, column): (&FoundColumn, &Column)| {
                found.name == column.name
                    && found.required != column.nullable
                    && (!found.has_default || found.numbered)
            };
            self.of(&table.name).count() == table.columns.len()
                && self.of(&table.name).zip(&table.columns).all(alike)
        });
        has_columns
            && predecessors_indexes().all(|index| self.has_index(&index))
            && self.has_index(&ENTRY_TOKEN)
    }

    pub(super) fn has_index(&self, index: &Index<'_>) -> bool {
        self.indexes.iter().any(|found| found.serves(index))
    }

    /// What is worth knowing and stays as it is.
    pub(super) async fn notes(&self, tx: &Tx) -> Result<Vec<Note>, StoreError> {
        let mut notes = Vec::new();
        for (note, which) in [
            (
                Note::UsedWithoutDate as fn(u64) -> Note,
                "used AND used_at IS NULL",
            ),
            (Note::LongTokens, "length(token) > 16"),
        ] {
            let query = format!("SELECT count(*) AS count FROM invitation_tokens WHERE {which}");
            let count = sql::count(tx, &query, []).await?.unsigned_abs();
            notes.extend((count > 0).then(|| note(count)));
        }
        notes.extend(plans_of_one_name(tx).await?);
        let unknown = self.unknown();
        notes.extend(unknown.map(|column| Note::Column(format!("{}.{}", column.table_name, column.name))));
        notes.extend(self.extra_indexes());
        let is_extra = |name: &&String| {
            !schema::is_predecessors(name) && name.as_str() != ALEMBIC && !name.starts_with("sqlite_")
        };
        notes.extend(self.tables.iter().filter(is_extra).cloned().map(Note::Table));
        notes.extend(self.revisions(tx).await?);
        Ok(notes)
    }

    fn extra_indexes(&self) -> impl Iterator<Item = Note> {
        let is_extra = |found: &&FoundIndex| {
            schema::is_predecessors(&found.table_name)
                && !found.bound
                && predecessors_indexes().all(|index| index.name != found.name)
                && found.name != ENTRY_TOKEN.name
                && !found.allows_one_request()
        };
        self.indexes
            .iter()
            .filter(is_extra)
            .map(|index| Note::Index(index.name.clone()))
    }

    async fn revisions(&self, tx: &Tx) -> Result<Option<Note>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            revision: String,
        }
        if self.column(ALEMBIC, "version_num").is_none() {
            return Ok(None);
        }
        let query = "SELECT CAST(version_num AS text) AS revision FROM alembic_version
            WHERE version_num IS NOT NULL ORDER BY 1 LIMIT 20";
        let rows: Vec<Row> = sql::all(tx, query, []).await?;
        Ok(Some(Note::Revisions(
            rows.into_iter().map(|row| row.revision).collect(),
        )))
    }
}

/// The predecessor's table of its migrations.
const ALEMBIC: &str = "alembic_version";

async fn plans_of_one_name(tx: &Tx) -> Result<Vec<Note>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        plan: i64,
        plans: i64,
    }
    let query = "SELECT CAST(min(id) AS bigint) AS plan, count(*) AS plans FROM subscription_plans
        GROUP BY name HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT 100";
    let rows: Vec<Row> = sql::all(tx, query, []).await?;
    let note = |row: Row| Note::PlansOfOneName {
        plan: row.plan,
        plans: row.plans.unsigned_abs(),
    };
    Ok(rows.into_iter().map(note).collect())
}

fn mistyped(found: &FoundColumn, expected: String) -> Mismatch {
    Mismatch::Type {
        column: format!("{}.{}", found.table_name, found.name),
        found: match found.declared.is_empty() {
            true => "of no type".to_owned(),
            false => found.declared.to_lowercase(),
        },
        expected,
    }
}
