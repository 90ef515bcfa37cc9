//! SQL written by hand, one text for both databases.
//!
//! Parameters are `$1`, `$2`, …: PostgreSQL's spelling, which SQLite (through SQLx) understands too.

use sea_orm::{DbErr, ExecResult, FromQueryResult, QueryResult, Statement, Value};

use crate::error::StoreError;
use crate::session::{Changes, Connection};
use crate::url::Dialect;

/// Changes rows and tells how many.
pub(crate) async fn execute(
    db: &impl Changes,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = statement(db, sql, values);
    Ok(db
        .execute_raw(statement)
        .await
        .map(|done: ExecResult| done.rows_affected())?)
}

/// Changes one row; tells whether it was there and as the condition says.
pub(crate) async fn one<const N: usize>(
    db: &impl Changes,
    update: &str,
    values: [Value; N],
) -> Result<bool, StoreError> {
    Ok(execute(db, update, values).await? == 1)
}

/// All rows.
pub(crate) async fn all<T: FromQueryResult>(
    db: &impl Connection,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, StoreError> {
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    let rows: Result<_, _> = rows.iter().map(|row| T::from_query_result(row, "")).collect();
    Ok(rows?)
}

/// The first row, if there is one.
pub(crate) async fn first<T: FromQueryResult>(
    db: &impl Connection,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, StoreError> {
    let row = db.query_one_raw(statement(db, sql, values)).await?;
    Ok(row.map(|row| T::from_query_result(&row, "")).transpose()?)
}

fn statement(db: &impl Connection, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// `$from, $from+1, …`, `count` of them.
pub(crate) fn parameters(from: usize, count: usize) -> String {
    let numbers: Vec<String> = (from..from + count).map(|number| format!("${number}")).collect();
    numbers.join(", ")
}

/// `($from, …), (…), …`, `rows` of them with `columns` each.
pub(crate) fn tuples(from: usize, rows: usize, columns: usize) -> String {
    let tuples: Vec<String> = (0..rows)
        .map(|row| format!("({})", parameters(from + row * columns, columns)))
        .collect();
    tuples.join(", ")
}

/// The column `count` of the only row.
pub(crate) async fn count(
    db: &impl Connection,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        count: i64,
    }
    let row: Option<Row> = first(db, sql, values).await?;
    Ok(row.map_or(0, |row| row.count))
}

/// A text as a value of one of PostgreSQL's own types; SQLite keeps the text.
pub(crate) fn cast(db: &impl Connection, text: &str, to: &str) -> String {
    match db.dialect() {
        Dialect::Sqlite => text.to_owned(),
        Dialect::Postgres => format!("CAST({text} AS {to})"),
    }
}

/// Columns of one of several tables, each named with a prefix of the table's own.
pub(crate) fn prefixed(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns
        .iter()
        .map(|column| format!("{table}.{column} AS {table}_{column}"))
        .collect();
    columns.join(", ")
}

/// What a row holds of a joined table, whose columns are [`prefixed`]; none where its `key`, a big
/// integer, is NULL.
pub(crate) fn joined<T: FromQueryResult>(
    row: &QueryResult,
    table: &str,
    key: &str,
) -> Result<Option<T>, DbErr> {
    let prefix = format!("{table}_");
    match row.try_get::<Option<i64>>(&prefix, key)? {
        Some(_) => T::from_query_result(row, &prefix).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_numbered() {
        assert_eq!(super::parameters(3, 2), "$3, $4");
        assert_eq!(super::parameters(1, 0), "");
        assert_eq!(super::tuples(3, 2, 2), "($3, $4), ($5, $6)");
    }

    #[test]
    fn columns_are_prefixed() {
        assert_eq!(
            super::prefixed("p", &["id", "name"]),
            "p.id AS p_id, p.name AS p_name"
        );
    }
}
