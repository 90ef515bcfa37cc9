//! Pages of rows out of a database, batches into one.

use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::cell::{Cell, Row};
use super::digest::{Digest, Summary};
use super::shape::{Column, Family, Table};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::url::Dialect;

/// How many rows are read at a time: what a house of any size holds in memory of itself.
pub(crate) const PAGE: u32 = 1000;

/// Goes through a table in the order of its key, page by page.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    table: &'a Table,
    last: Option<Row>,
    is_over: bool,
}

impl<'a> Pages<'a> {
    pub(crate) const fn of(table: &'a Table) -> Self {
        Self {
            table,
            last: None,
            is_over: false,
        }
    }

    /// The next rows, [`PAGE`] at most; none at the end.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] with table and column for a value that is not of the column's family; when
    /// the database does not answer.
    pub(crate) async fn next(&mut self, db: &impl Connection) -> Result<Option<Vec<Row>>, StoreError> {
        if self.is_over {
            return Ok(None);
        }
        let rows = page(db, self.table, self.last.as_ref()).await?;
        self.is_over = rows.len() < PAGE as usize;
        self.last = rows.last().cloned();
        Ok((!rows.is_empty()).then_some(rows))
    }
}

/// What a table holds.
///
/// # Errors
/// As [`Pages::next`].
pub(crate) async fn summary(db: &impl Connection, table: &Table) -> Result<Summary, StoreError> {
    let mut digest = Digest::of(table);
    let mut pages = Pages::of(table);
    while let Some(rows) = pages.next(db).await? {
        rows.iter().for_each(|row| digest.add(row));
    }
    Ok(digest.summary())
}

/// Far from the databases' limits on parameters, of which SQLite's is the lower one: 32,766.
const PARAMETERS: usize = 16_000;

async fn page(db: &impl Connection, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, StoreError> {
    let behind = match after {
        None => String::new(),
        Some(_) => format!(
            "WHERE ({}) > ({})",
            key(table),
            sql::parameters(1, table.key.len())
        ),
    };
    let mut values = Vec::new();
    if let Some(row) = after {
        let key = table
            .key
            .iter()
            .map(|&place| row[place].bound(table.columns[place].family));
        values.extend(key);
    }
    select(db, table, &behind, values, &format!("LIMIT {PAGE}")).await
}

/// The rows in which a column, a number, has that value, in the order of the table's key.
///
/// # Errors
/// As [`Pages::next`].
pub(crate) async fn matching(
    db: &impl Connection,
    table: &Table,
    column: &str,
    value: i64,
) -> Result<Vec<Row>, StoreError> {
    let which = format!("WHERE {} = $1", quoted(column));
    select(db, table, &which, vec![value.into()], "").await
}

async fn select(
    db: &impl Connection,
    table: &Table,
    which: &str,
    values: Vec<Value>,
    limit: &str,
) -> Result<Vec<Row>, StoreError> {
    let selected: Vec<String> = table
        .columns
        .iter()
        .map(|column| selected(&column.name, column.family, db.dialect()))
        .collect();
    let query = format!(
        "SELECT {} FROM {} {which} ORDER BY {} {limit}",
        selected.join(", "),
        quoted(&table.name),
        key(table)
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), query, values);
    let found = db.query_all_raw(statement).await?;
    found
        .iter()
        .map(|row| {
            (0..table.columns.len())
                .map(|place| Cell::read(row, place, table))
                .collect()
        })
        .collect()
}

/// How many rows a table has.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn count(db: &impl Connection, table: &Table) -> Result<u64, StoreError> {
    let query = format!("SELECT count(*) AS count FROM {}", quoted(&table.name));
    sql::count(db, &query, []).await.map(i64::unsigned_abs)
}

/// Takes all rows out of tables, which stand in the order in which they refer to each other.
///
/// # Errors
/// When the database refuses it.
pub(crate) async fn clear(tx: &Tx, tables: &[Table]) -> Result<(), StoreError> {
    for table in tables.iter().rev() {
        sql::execute(tx, &format!("DELETE FROM {}", quoted(&table.name)), []).await?;
    }
    Ok(())
}

/// Adds rows to a table.
///
/// # Errors
/// When the database refuses one of them.
pub(crate) async fn insert(tx: &Tx, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
    if tx.quirks().marks_waiting
        && let Some((table, rows)) = marked(table, rows)
    {
        return insert_all(tx, &table, &rows).await;
    }
    insert_all(tx, table, rows).await
}

/// Requests for the Free channel with the column that some adopted tables have besides.
fn marked(table: &Table, rows: &[Row]) -> Option<(Table, Vec<Row>)> {
    if table.name != "free_channel_requests" {
        return None;
    }
    let processed = table.names().position(|name| name == "processed")?;
    let mut table = table.clone();
    table.columns.push(Column {
        name: "pending_request".to_owned(),
        family: Family::Bool,
        limit: None,
        nullable: false,
    });
    let mark = |row: &Row| {
        let waits = row[processed] != Cell::Bool(true);
        row.iter().cloned().chain([Cell::Bool(waits)]).collect()
    };
    Some((table, rows.iter().map(mark).collect()))
}

async fn insert_all(tx: &Tx, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
    let names: Vec<String> = table.names().map(quoted).collect();
    for batch in rows.chunks(PARAMETERS / table.columns.len()) {
        let mut parameter = 0;
        let tuples: Vec<String> = batch
            .iter()
            .map(|_| {
                let values: Vec<String> = table
                    .columns
                    .iter()
                    .map(|column| {
                        parameter += 1;
                        given(parameter, column.family, tx.dialect())
                    })
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        let insert = format!(
            "INSERT INTO {} ({}) VALUES {}",
            quoted(&table.name),
            names.join(", "),
            tuples.join(", ")
        );
        let values = batch.iter().flat_map(|row| {
            let columns = row.iter().zip(&table.columns);
            columns.map(|(cell, column)| cell.bound(column.family))
        });
        sql::execute(tx, &insert, values.collect::<Vec<Value>>()).await?;
    }
    Ok(())
}

/// Has PostgreSQL give numbers from here on that no row of these tables has. SQLite does so by itself.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn set_sequences(tx: &Tx, tables: &[Table]) -> Result<(), StoreError> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for table in tables {
        let [key] = *table.key else { continue };
        let column = &table.columns[key];
        if column.family != Family::Int {
            continue;
        }
        let (name, column) = (quoted(&table.name), &column.name);
        // A key without a sequence has none to be set: then `setval` is given NULL and does nothing.
        let set = format!(
            "SELECT setval(pg_get_serial_sequence($1, $2), greatest(coalesce(max({column}), 1), 1), max({column}) IS NOT NULL)
             FROM {name}"
        );
        let values = [name.as_str().into(), column.as_str().into()];
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), set, values);
        tx.query_one_raw(statement).await?;
    }
    Ok(())
}

/// The columns of the key.
fn key(table: &Table) -> String {
    let columns = table.key.iter().map(|&place| quoted(&table.columns[place].name));
    columns.collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A column as it is asked for: PostgreSQL has types that are read as simpler ones.
fn selected(column: &str, family: Family, dialect: Dialect) -> String {
    let column = quoted(column);
    match (dialect, family) {
        (Dialect::Postgres, Family::Int) => format!("CAST({column} AS bigint)"),
        (Dialect::Postgres, Family::Text | Family::Label(_) | Family::Json) => {
            format!("CAST({column} AS text)")
        }
        _ => column,
    }
}

/// A parameter as it is given: PostgreSQL has types that are not made of a text by themselves. SQLite is asked for
/// the name of each parameter when it is bound, and looks through all names for it: of thousands that takes most of
/// the time, so there they have none and are given in order.
fn given(number: usize, family: Family, dialect: Dialect) -> String {
    match (dialect, family) {
        (Dialect::Sqlite, _) => "?".to_owned(),
        (Dialect::Postgres, Family::Label(of)) => format!("CAST(${number} AS {of})"),
        (Dialect::Postgres, Family::Json) => format!("CAST(${number} AS json)"),
        _ => format!("${number}"),
    }
}
