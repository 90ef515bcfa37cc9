//! The tool of all repairs: rows are found by a condition, told of, put aside where something would be lost,
//! and changed, by few statements however many they are.

use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use super::report::{KEYS_TOLD, Repair, RepairKind};
use super::shape::Shape;
use crate::error::StoreError;
use crate::rows::{PAGE, Table};
use crate::session::{Connection as _, Tx};
use crate::sql::{self, tuples};
use crate::url::Dialect;
use crate::value::At;

/// What becomes of rows. Everything in it is SQL; columns of an outer query are told from those of an inner
/// one by the name of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fix<'a> {
    pub(super) table: &'a str,
    /// The column that it is about; none, the row.
    pub(super) column: Option<&'a str>,
    pub(super) what: RepairKind,
    /// The condition.
    pub(super) which: &'a str,
    /// What is assigned; none, the row goes.
    pub(super) set: Option<&'a str>,
}

/// Repairs in their order.
pub(super) struct Repairs<'a> {
    pub(super) tx: &'a Tx,
    pub(super) shape: &'a Shape,
    pub(super) now: Timestamp,
    done: Vec<Repair>,
}

impl<'a> Repairs<'a> {
    pub(super) const fn new(tx: &'a Tx, shape: &'a Shape, now: Timestamp) -> Self {
        Self {
            tx,
            shape,
            now,
            done: Vec::new(),
        }
    }

    pub(super) fn done(self) -> Vec<Repair> {
        self.done
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }

    /// Repairs rows, if there are any.
    pub(super) async fn apply(&mut self, fix: Fix<'_>) -> Result<(), StoreError> {
        let keys = self.keys(fix.table, fix.which).await?;
        if keys.is_empty() {
            return Ok(());
        }
        if fix.what.keeps_a_copy() {
            self.copy(fix).await?;
        }
        let Fix { table, which, .. } = fix;
        let statement = match fix.set {
            Some(set) => format!("UPDATE {table} SET {set} WHERE {which}"),
            None => format!("DELETE FROM {table} WHERE {which}"),
        };
        let rows = sql::execute(self.tx, &statement, []).await?;
        self.tell(fix.table, fix.column, fix.what, rows, keys);
        Ok(())
    }

    /// Writes a column anew where `read` makes something of its text. For SQLite, where anything can stand
    /// in a column.
    pub(super) async fn respell(
        &mut self,
        table: &str,
        column: &str,
        which: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<(), StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            key: i64,
            text: String,
        }
        let key = self.key(table);
        let query = format!(
            "SELECT {key} AS key, CAST({column} AS text) AS text FROM {table}
             WHERE ({which}) AND {key} > $1 ORDER BY {key} LIMIT {PAGE}"
        );
        let (mut last, mut rows, mut keys) = (i64::MIN, 0, Vec::new());
        loop {
            let page: Vec<Row> = sql::all(self.tx, &query, [last.into()]).await?;
            let written: Vec<(i64, String)> = page
                .iter()
                .filter_map(|row| Some((row.key, read(&row.text)?)))
                .collect();
            if !written.is_empty() {
                let update = format!(
                    "UPDATE {table} SET {column} = written.column2
                     FROM (VALUES {}) AS written WHERE {table}.{key} = written.column1",
                    tuples(1, written.len(), 2)
                );
                let values = written
                    .iter()
                    .flat_map(|(key, text)| -> [Value; 2] { [(*key).into(), text.as_str().into()] });
                rows += sql::execute(self.tx, &update, values).await?;
                let room = KEYS_TOLD - keys.len();
                keys.extend(written.iter().take(room).map(|(key, _)| *key));
            }
            match page.last() {
                Some(row) if page.len() == PAGE as usize => last = row.key,
                _ => break,
            }
        }
        if rows > 0 {
            self.tell(table, Some(column), RepairKind::Respelled, rows, keys);
        }
        Ok(())
    }

    /// Rows that would be repaired.
    pub(super) async fn find(
        &self,
        table: &str,
        column: &str,
        which: &str,
    ) -> Result<Option<Repair>, StoreError> {
        let keys = self.keys(table, which).await?;
        if keys.is_empty() {
            return Ok(None);
        }
        let query = format!("SELECT count(*) AS count FROM {table} WHERE {which}");
        Ok(Some(Repair {
            table: table.to_owned(),
            column: Some(column.to_owned()),
            what: RepairKind::Orphan,
            rows: sql::count(self.tx, &query, []).await?.unsigned_abs(),
            keys,
        }))
    }

    /// The lowest keys of the rows of that condition.
    pub(super) async fn keys(&self, table: &str, which: &str) -> Result<Vec<i64>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            key: i64,
        }
        let key = self.key(table);
        let query = format!(
            "SELECT CAST({table}.{key} AS bigint) AS key FROM {table} WHERE {which} ORDER BY 1 LIMIT {KEYS_TOLD}"
        );
        let rows: Vec<Row> = sql::all(self.tx, &query, []).await?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    pub(super) fn tell(
        &mut self,
        table: &str,
        column: Option<&str>,
        what: RepairKind,
        rows: u64,
        keys: Vec<i64>,
    ) {
        self.done.push(Repair {
            table: table.to_owned(),
            column: column.map(str::to_owned),
            what,
            rows,
            keys,
        });
    }

    /// Puts copies of rows into `quarantine`.
    async fn copy(&self, fix: Fix<'_>) -> Result<(), StoreError> {
        let Fix {
            table, what, which, ..
        } = fix;
        let row = match self.dialect() {
            Dialect::Postgres => format!("CAST(row_to_json({table}.*) AS text)"),
            Dialect::Sqlite => {
                let pairs: Vec<String> = self
                    .shape
                    .columns(table)
                    .map(|column| {
                        let name = column.replace('\'', "''");
                        let column = column.replace('"', "\"\"");
                        // JSON has no place for bytes.
                        format!(
                            "'{name}', CASE typeof(\"{column}\") WHEN 'blob' THEN hex(\"{column}\") ELSE \"{column}\" END"
                        )
                    })
                    .collect();
                format!("json_object({})", pairs.join(", "))
            }
        };
        let insert = format!(
            "INSERT INTO quarantine (source_table, source_key, reason, row, moved_at)
             SELECT '{table}', CAST({table}.{} AS text), '{}', {row}, $1 FROM {table} WHERE {which}",
            self.key(table),
            what.label()
        );
        sql::execute(self.tx, &insert, [At(self.now).into()])
            .await
            .map(drop)
    }

    fn key(&self, table: &str) -> &str {
        key_of(self.shape.expected(table))
    }
}

/// The column by which rows are told from each other: each of the nine tables has one.
fn key_of(table: &Table) -> &str {
    &table.columns[table.key[0]].name
}
