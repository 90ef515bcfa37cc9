//! What callers hold: a [`Reader`] for single reads, a [`Tx`] for everything that changes something, a
//! [`Writer`] where one statement is the whole change.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};

use crate::door::Door;
use crate::error::{SPOILED, StoreError};
use crate::lines::{Line, Lines};
use crate::quirks::Quirks;
use crate::url::Dialect;

/// Something that one can read from: a [`Reader`], or a [`Tx`] that sees its own changes.
pub trait Connection: ConnectionTrait + private::Sealed {
    /// The kind of database behind it.
    fn dialect(&self) -> Dialect {
        match self.get_database_backend() {
            DbBackend::Postgres => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }
}

/// Something that changes rows: a [`Tx`], or a [`Writer`].
pub trait Changes: Connection {}

mod private {
    pub trait Sealed {}
    impl Sealed for super::Reader {}
    impl Sealed for super::Writer {}
    impl Sealed for super::Tx {}
    impl Sealed for super::Snapshot {}
}

impl Connection for Reader {}
impl Connection for Writer {}
impl Connection for Tx {}
impl Connection for Snapshot {}
impl Changes for Writer {}
impl Changes for Tx {}

/// Reads, each statement for itself, from whichever connection is free. On an SQLite file it cannot
/// write.
///
/// In memory there is one connection for all: while a transaction is open, reads belong into it.
/// One that is sent past it waits for its end and is told
/// [`Busy`](StoreError::Busy) when that does not come.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(crate) lines: Arc<Lines>,
    pub(crate) backend: DbBackend,
}

#[async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lines.take().await?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lines.take().await?.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.lines.take().await?.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lines.take().await?.query_all_raw(statement).await
    }
}

/// Changes something with one statement, which counts as soon as it has run: for what needs no other
/// statement beside it, a third of the way that a transaction takes. With
/// [`Unavailable`](crate::StoreError::Unavailable) it is unknown whether it counts.
#[derive(Clone, Debug)]
pub struct Writer(pub(crate) Reader);

#[async_trait]
impl ConnectionTrait for Writer {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.0.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.0.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.0.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.0.query_all_raw(statement).await
    }
}

/// A transaction. Dropped without [`commit`](Tx::commit), it leaves nothing behind.
///
/// Once one of its statements has failed or was not waited for, it refuses all others and cannot be committed, on both
/// databases (PostgreSQL would behave so by itself, SQLite would not).
#[derive(Debug)]
pub struct Tx {
    door: Door<DatabaseTransaction>,
    spoiled: AtomicBool,
    quirks: Quirks,
    /// Dropped after the transaction.
    line: Line,
}

impl Tx {
    /// Takes the writer's lock at once on SQLite, so that a transaction that has read never finds
    /// that it may not write.
    pub(crate) async fn begin(line: Line, quirks: Quirks) -> Result<Self, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = line.limited(line.inner().begin_with_options(options)).await?;
        Ok(Self {
            door: Door::new(transaction, line.cutoff()),
            spoiled: AtomicBool::new(false),
            quirks,
            line,
        })
    }

    /// The same transaction without a time limit per statement, for migrations.
    pub(crate) async fn without_limit(self) -> Result<Self, DbErr> {
        if self.dialect() == Dialect::Postgres {
            self.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        }
        Ok(Self {
            door: Door::new(self.door.into_inner(), None),
            ..self
        })
    }

    /// What the tables have that those of our own have not.
    pub(crate) const fn quirks(&self) -> Quirks {
        self.quirks
    }

    /// Makes it count.
    ///
    /// # Errors
    /// [`StoreError::Spoiled`] when a statement of it has failed: then nothing counts. With
    /// [`StoreError::Unavailable`] it is unknown whether it counts: the answer may have been lost.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self {
            door, spoiled, line, ..
        } = self;
        let transaction = door.into_inner();
        let done = if spoiled.into_inner() {
            // Nothing of it counts, even when there is nobody left to tell that.
            let _ = transaction.rollback().await;
            Err(StoreError::Spoiled)
        } else {
            transaction.commit().await.map_err(StoreError::from)
        };
        drop(line);
        done
    }

    async fn pass<T>(&self, call: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if self.spoiled.load(Ordering::Relaxed) {
            return Err(DbErr::Custom(SPOILED.to_owned()));
        }
        let unfinished = Unfinished(&self.spoiled);
        let result = call.await;
        if result.is_ok() {
            mem::forget(unfinished);
        } else if self.dialect() == Dialect::Sqlite {
            // SQLite ends the whole transaction by itself after some errors (interrupted, disk
            // full), of which the driver knows nothing; its ROLLBACK would fail and the
            // connection be unusable. This opens an empty one again, or is refused because the
            // transaction is still open. Both leave driver and database of one mind.
            let _ = self.door.inner().execute_unprepared("BEGIN").await;
        }
        result
    }
}

/// Spoils the transaction of a statement that fails, or that nobody waits for any more.
struct Unfinished<'a>(&'a AtomicBool);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        self.door.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.pass(self.door.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pass(self.door.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.pass(self.door.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.pass(self.door.query_all_raw(statement)).await
    }
}

/// Reads that all see the same moment, however long they take. Others may write meanwhile; in memory, where
/// there is one connection, they wait.
#[derive(Debug)]
pub(crate) struct Snapshot {
    door: Door<DatabaseTransaction>,
    /// Dropped after the transaction.
    _line: Line,
}

impl Snapshot {
    /// The moment is that of the first read.
    pub(crate) async fn begin(line: Line) -> Result<Self, DbErr> {
        let options = match line.get_database_backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
                ..TransactionOptions::default()
            },
        };
        let transaction = line.limited(line.inner().begin_with_options(options)).await?;
        Ok(Self {
            door: Door::new(transaction, line.cutoff()),
            _line: line,
        })
    }
}

#[async_trait]
impl ConnectionTrait for Snapshot {
    fn get_database_backend(&self) -> DbBackend {
        self.door.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.door.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.door.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.door.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.door.query_all_raw(statement).await
    }
}
