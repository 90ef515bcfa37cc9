//! The open database.

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use crate::connect::{self, Role, Target};
use crate::error::StoreError;
use crate::lines::Lines;
use crate::quirks::Quirks;
use crate::session::{Reader, Snapshot, Tx, Writer};
use crate::url::{DatabaseUrl, Dialect};

/// How to open a [`Store`]. The defaults suit a house of any size.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// The most connections to PostgreSQL.
    pub max_connections: u32,
    /// Connections that read from an SQLite file, beside the one that writes. In memory there is
    /// one connection for both.
    pub readers: u32,
    /// The longest wait for a connection, for its opening, and for the lock on an SQLite file.
    pub acquire_timeout: Duration,
    /// The longest run of a statement, by the machine's clock.
    pub statement_timeout: Duration,
    /// Whether an SQLite file that is missing is created.
    pub create: bool,
    /// Whether an SQLite file is only read: then it is not even turned to write-ahead logging.
    pub read_only: bool,
    /// Whether an SQLite file is turned to write-ahead logging, in which it stays; otherwise it keeps the journal
    /// that it has.
    pub write_ahead: bool,
    /// The folder for the copies that are made of an SQLite file before it is migrated; none: beside
    /// the file. Created when it is missing.
    pub backups: Option<PathBuf>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            max_connections: 15,
            readers: 4,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            create: true,
            read_only: false,
            write_ahead: true,
            backups: None,
        }
    }
}

/// How many connections there are and how many are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFigures {
    /// The most that can be in use.
    pub size: usize,
    /// In use now.
    pub in_use: usize,
}

/// The longest that [`Store::ping`] waits for a connection, and then for the answer.
const PING_WAIT: Duration = Duration::from_secs(1);
const PING_ANSWER: Duration = Duration::from_millis(1500);

/// The longest wait for other processes' migrations.
const EXCLUSIVE_WAIT: Duration = Duration::from_secs(120);

/// The open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: DatabaseUrl,
    options: StoreOptions,
    writers: Arc<Lines>,
    /// The same as `writers` on PostgreSQL and in memory.
    readers: Arc<Lines>,
    pools: Pools,
    /// [`Quirks`] of the database, where it was a predecessor's.
    marks_waiting: AtomicBool,
}

#[derive(Debug)]
enum Pools {
    Sqlite(Vec<SqlitePool>),
    Postgres(PgPool),
}

impl Store {
    /// Opens the database and makes sure that it answers. Of its schema, only what adopted tables have that
    /// ours have not is looked at.
    ///
    /// # Errors
    /// [`StoreError::Absent`] for a missing SQLite file that may not be created,
    /// [`StoreError::Unavailable`] when the database cannot be opened or does not answer in time.
    pub async fn open(url: &DatabaseUrl, options: &StoreOptions) -> Result<Self, StoreError> {
        let wait = options.acquire_timeout;
        let (writers, readers, pools) = if let Some(settings) = url.postgres() {
            let (pool, door) = connect::postgres(settings, options).await?;
            let doors = iter::repeat_n(door, options.max_connections as usize);
            let lines = Lines::new(doors.collect(), wait);
            (lines.clone(), lines, Pools::Postgres(pool))
        } else if let Some(path) = url.path() {
            if (!options.create || options.read_only) && !path.exists() {
                return Err(StoreError::Absent);
            }
            let target = Target::File(path);
            let (pool, writer) = connect::sqlite(target, Role::Writer, options).await?;
            let (mut pools, mut readers) = (vec![pool], Vec::new());
            for _ in 0..options.readers.max(1) {
                let (pool, reader) = connect::sqlite(target, Role::Reader, options).await?;
                pools.push(pool);
                readers.push(reader);
            }
            (
                Lines::new(vec![writer], wait),
                Lines::new(readers, wait),
                Pools::Sqlite(pools),
            )
        } else {
            let (pool, door) = connect::sqlite(Target::Memory, Role::Writer, options).await?;
            let lines = Lines::new(vec![door], wait);
            (lines.clone(), lines, Pools::Sqlite(vec![pool]))
        };
        let store = Self(Arc::new(Inner {
            url: url.clone(),
            options: options.clone(),
            writers,
            readers,
            pools,
            marks_waiting: AtomicBool::new(false),
        }));
        // In memory there is nothing yet.
        if store.dialect() == Dialect::Postgres || store.url().path().is_some() {
            store.look_for_quirks().await?;
        }
        Ok(store)
    }

    /// Looks what the tables have that those of our own have not. Transactions that are begun later heed it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn look_for_quirks(&self) -> Result<(), StoreError> {
        let quirks = Quirks::read(&self.change()).await?;
        self.0
            .marks_waiting
            .store(quirks.marks_waiting, Ordering::Relaxed);
        Ok(())
    }

    /// For reading, a statement at a time.
    #[must_use]
    pub fn read(&self) -> Reader {
        Reader {
            lines: self.0.readers.clone(),
            backend: self.backend(),
        }
    }

    /// For a change of one statement.
    #[must_use]
    pub fn change(&self) -> Writer {
        Writer(Reader {
            lines: self.0.writers.clone(),
            backend: self.backend(),
        })
    }

    /// Begins a transaction. On SQLite it holds the writer's lock from the start, so it should be short.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the lock or a connection is not to be had in time,
    /// [`StoreError::Unavailable`] when the database is away.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let quirks = Quirks {
            marks_waiting: self.0.marks_waiting.load(Ordering::Relaxed),
        };
        Ok(Tx::begin(self.0.writers.take().await?, quirks).await?)
    }

    /// Begins to read the database as it is in one moment.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when no connection is to be had in time, [`StoreError::Unavailable`] when the
    /// database is away.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::begin(self.0.readers.take().await?).await?)
    }

    /// Runs `work` in a transaction: committed when it succeeds, left without a trace when it fails.
    ///
    /// # Errors
    /// What `work` says, or why there was no transaction or no commit.
    pub async fn write<T, E>(&self, work: impl AsyncFnOnce(&Tx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let tx = self.begin().await?;
        let done = work(&tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// A transaction for migrations: it waits longer for its turn, and its statements have no time limit.
    pub(crate) async fn begin_exclusive(&self) -> Result<Tx, StoreError> {
        let patient = async {
            loop {
                match self.begin().await {
                    Err(StoreError::Busy) => {}
                    tx => return tx,
                }
            }
        };
        let tx = tokio::time::timeout(EXCLUSIVE_WAIT, patient)
            .await
            .map_err(|_| StoreError::Busy)??;
        if self.dialect() == Dialect::Postgres {
            let wait = EXCLUSIVE_WAIT.as_millis();
            tx.execute_unprepared(&format!("SET LOCAL statement_timeout = {wait}"))
                .await?;
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
                .await?;
        }
        Ok(tx.without_limit().await?)
    }

    /// Asks the database something and waits at most 2.5 s for the answer.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when all connections are in use, [`StoreError::Unavailable`] when it does
    /// not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let line = self.0.readers.take_within(PING_WAIT).await?;
        let sql = match self.dialect() {
            // Has to look into the file, which `SELECT 1` would not.
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema",
            Dialect::Postgres => "SELECT 1",
        };
        let question = line.query_one_raw(Statement::from_string(self.backend(), sql));
        match tokio::time::timeout(PING_ANSWER, question).await {
            Ok(answer) => Ok(answer.map(drop)?),
            Err(_) => Err(StoreError::unavailable("no answer in time")),
        }
    }

    /// A number that changes when another process has written to the SQLite file, to be compared with
    /// the one before. Asks the connection that writes, between its transactions. None where nobody
    /// else writes (in memory) or others tell (PostgreSQL).
    ///
    /// # Errors
    /// [`StoreError::Busy`] when a transaction is open for too long, [`StoreError::Unavailable`] when
    /// the file cannot be read.
    pub async fn data_version(&self) -> Result<Option<i64>, StoreError> {
        if self.0.url.path().is_none() {
            return Ok(None);
        }
        let line = self.0.writers.take().await?;
        let question = Statement::from_string(self.backend(), "PRAGMA data_version");
        let answer = line.query_one_raw(question).await?;
        Ok(answer.map(|row| row.try_get_by_index(0)).transpose()?)
    }

    /// Closes all connections, once those in use are given back.
    pub async fn close(&self) {
        match &self.0.pools {
            // The writer last: whoever closes last moves the write-ahead log into the file.
            Pools::Sqlite(pools) => {
                for pool in pools.iter().rev() {
                    pool.close().await;
                }
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// The kind of database.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.url.dialect()
    }

    /// Where the database is.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.0.url
    }

    pub(crate) fn options(&self) -> &StoreOptions {
        &self.0.options
    }

    /// The connections that read.
    #[must_use]
    pub fn readers(&self) -> PoolFigures {
        figures(&self.0.readers)
    }

    /// The connections that write.
    #[must_use]
    pub fn writers(&self) -> PoolFigures {
        figures(&self.0.writers)
    }

    fn backend(&self) -> DbBackend {
        match self.dialect() {
            Dialect::Sqlite => DbBackend::Sqlite,
            Dialect::Postgres => DbBackend::Postgres,
        }
    }
}

// Keys of PostgreSQL's advisory locks: "LUCIEN" and a number. They hold within one database, so houses
// in different databases of a server know nothing of each other.
/// Around migrations.
const MIGRATION_LOCK: i64 = 0x4c55_4349_454e_0001;
/// Held by the worker.
pub(crate) const HOUSE_LOCK: i64 = 0x4c55_4349_454e_0002;
/// Shared by all who serve; held alone by who changes everything.
pub(crate) const INHABITED_LOCK: i64 = 0x4c55_4349_454e_0003;

fn figures(lines: &Lines) -> PoolFigures {
    PoolFigures {
        size: lines.size(),
        in_use: lines.in_use(),
    }
}
