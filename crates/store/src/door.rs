//! The one door: every statement of the house passes [`Door`].
//!
//! It brings values into the form that the dialect stores, counts and times the statement for the
//! [scope](crate::statements) around it, and puts it under the time limit. Errors come out as the
//! store's own.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value};

use crate::cutoff::Cutoff;
use crate::statements::{self, Started};
use crate::value::written;

/// A connection or a transaction, wrapped.
#[derive(Clone, Debug)]
pub(crate) struct Door<C> {
    inner: C,
    /// Only on SQLite; PostgreSQL limits its statements itself.
    cutoff: Option<Arc<Cutoff>>,
}

impl<C> Door<C> {
    pub(crate) const fn new(inner: C, cutoff: Option<Arc<Cutoff>>) -> Self {
        Self { inner, cutoff }
    }

    pub(crate) const fn inner(&self) -> &C {
        &self.inner
    }

    pub(crate) fn into_inner(self) -> C {
        self.inner
    }

    pub(crate) fn cutoff(&self) -> Option<Arc<Cutoff>> {
        self.cutoff.clone()
    }

    /// Runs one call under the time limit.
    pub(crate) async fn limited<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(cutoff) = &self.cutoff {
            cutoff.arm();
        }
        let result = call.await;
        if let Some(cutoff) = &self.cutoff {
            cutoff.disarm();
        }
        result.map_err(away)
    }

    async fn pass<T>(
        &self,
        started: Started,
        call: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let result = self.limited(call).await;
        started.finished();
        result
    }
}

/// Whoever is at the door has a connection reserved already. So when the driver's pool finds none
/// in time, it is the database that is away, not the house that is busy.
fn away(error: DbErr) -> DbErr {
    match error {
        DbErr::ConnectionAcquire(_) => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => error,
    }
}

/// The forms that SQLite stores: times as text of 26 characters, money as a number (text would
/// compare wrongly with a sum).
fn stored(mut statement: Statement) -> Statement {
    if statement.db_backend == DbBackend::Sqlite
        && let Some(values) = &mut statement.values
    {
        for value in &mut values.0 {
            match value {
                Value::ChronoDateTime(moment) => *value = Value::String(moment.map(written)),
                Value::Decimal(amount) => {
                    *value = Value::Double(amount.and_then(|amount| f64::try_from(amount).ok()))
                }
                _ => {}
            }
        }
    }
    statement
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Door<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let statement = stored(statement);
        let started = statements::started(&statement.sql);
        self.pass(started, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let started = statements::started(sql);
        self.pass(started, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = stored(statement);
        let started = statements::started(&statement.sql);
        self.pass(started, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = stored(statement);
        let started = statements::started(&statement.sql);
        self.pass(started, self.inner.query_all_raw(statement)).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn values_take_the_form_of_the_dialect() {
        let moment = DateTime::from_timestamp(1_767_225_599, 0)
            .expect("in range")
            .naive_utc();
        let values = || {
            [
                Value::from(moment),
                Value::from(Decimal::new(1050, 2)),
                Value::from(7),
            ]
        };
        let through = |backend| {
            let statement = stored(Statement::from_sql_and_values(backend, "", values()));
            statement.values.expect("it has values").0
        };
        assert_eq!(
            through(DbBackend::Sqlite),
            [
                Value::from("2025-12-31 23:59:59.000000"),
                Value::from(10.5),
                Value::from(7)
            ]
        );
        assert_eq!(through(DbBackend::Postgres), values());
    }
}
