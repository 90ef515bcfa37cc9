//! SQL written by hand, one text for both databases.
//!
//! Parameters are `$1`, `$2`, …: PostgreSQL's spelling, which SQLite (through SQLx) understands too.

use sea_orm::{ConnectionTrait, ExecResult, FromQueryResult, Statement, Value};

use crate::error::StoreError;
use crate::session::{Connection, Tx};

/// Changes rows and tells how many.
pub(crate) async fn execute(
    tx: &Tx,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = statement(tx, sql, values);
    Ok(tx
        .execute_raw(statement)
        .await
        .map(|done: ExecResult| done.rows_affected())?)
}

/// Changes one row; tells whether it was there and as the condition says.
pub(crate) async fn one<const N: usize>(
    tx: &Tx,
    update: &str,
    values: [Value; N],
) -> Result<bool, StoreError> {
    Ok(execute(tx, update, values).await? == 1)
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

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_numbered() {
        assert_eq!(super::parameters(3, 2), "$3, $4");
        assert_eq!(super::parameters(1, 0), "");
    }
}
