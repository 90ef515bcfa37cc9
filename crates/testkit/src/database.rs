//! A database of its own for each test.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use store::{DatabaseUrl, Store, StoreOptions, schema};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Names the PostgreSQL server on which tests may create databases.
pub const POSTGRES_VARIABLE: &str = "TEST_POSTGRES_URL";

/// The file of a database in a folder of its own.
const FILE: &str = "test.db";

/// How long a server's database may take to come to what a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a scenario runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite in memory: one connection for everything.
    SqliteMemory,
    /// SQLite in a file: one writer, several readers, WAL.
    SqliteFile,
    /// PostgreSQL, where [`POSTGRES_VARIABLE`] names a server.
    Postgres,
}

impl Backend {
    /// Every backend.
    pub const ALL: [Self; 3] = [Self::SqliteMemory, Self::SqliteFile, Self::Postgres];

    /// Whether it can be used here.
    #[must_use]
    pub fn is_available(self) -> bool {
        self != Self::Postgres || std::env::var_os(POSTGRES_VARIABLE).is_some()
    }

    /// Its name in test names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SqliteMemory => "sqlite_memory",
            Self::SqliteFile => "sqlite_file",
            Self::Postgres => "postgres",
        }
    }
}

/// A database that is there for one test, with the present schema and no rows.
#[derive(Debug)]
pub struct TestDb {
    url: DatabaseUrl,
    folder: Option<TempDir>,
    /// The name of the database on the test server.
    name: Option<String>,
}

impl TestDb {
    /// Makes one with the present schema; SQLite's comes with the first [`TestDb::store`].
    ///
    /// # Errors
    /// When there is no server or no room.
    pub async fn new(backend: Backend) -> Result<Self> {
        match backend {
            Backend::SqliteMemory | Backend::SqliteFile => Self::empty(backend).await,
            Backend::Postgres => {
                let template = TEMPLATE.get_or_try_init(make_template).await?;
                Self::on_postgres(&format!(" TEMPLATE {template}")).await
            }
        }
    }

    /// Makes one without a schema.
    ///
    /// # Errors
    /// When there is no server or no room.
    pub async fn empty(backend: Backend) -> Result<Self> {
        match backend {
            Backend::SqliteMemory => Ok(Self {
                url: DatabaseUrl::memory(),
                folder: None,
                name: None,
            }),
            Backend::SqliteFile => {
                let folder = TempDir::new().context("a temporary folder")?;
                Ok(Self {
                    url: DatabaseUrl::file(folder.path().join(FILE)),
                    folder: Some(folder),
                    name: None,
                })
            }
            Backend::Postgres => Self::on_postgres("").await,
        }
    }

    async fn on_postgres(made_like: &str) -> Result<Self> {
        let name = fresh_name();
        administer(&format!("CREATE DATABASE {name}{made_like}")).await?;
        Ok(Self {
            url: on_server(&name)?,
            folder: None,
            name: Some(name),
        })
    }

    /// What it is on.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        match (&self.folder, &self.name) {
            (_, Some(_)) => Backend::Postgres,
            (Some(_), None) => Backend::SqliteFile,
            (None, None) => Backend::SqliteMemory,
        }
    }

    /// Where it is.
    #[must_use]
    pub const fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The database as other processes are told of it.
    ///
    /// # Errors
    /// When it is in memory: no other process can open it.
    pub fn url_for_processes(&self) -> Result<String> {
        match (&self.folder, &self.name) {
            (Some(folder), _) => Ok(format!("sqlite:///{}", folder.path().join(FILE).display())),
            (None, Some(name)) => server_url(name),
            (None, None) => anyhow::bail!("a database in memory belongs to one process"),
        }
    }

    /// Opens it, with the present schema.
    ///
    /// # Errors
    /// When it cannot be opened or migrated.
    pub async fn store(&self) -> Result<Store> {
        let options = StoreOptions {
            // Many tests share one server.
            max_connections: 5,
            ..StoreOptions::default()
        };
        let store = Store::open(&self.url, &options).await?;
        schema::up(&store, None, epoch()).await?;
        Ok(store)
    }

    /// Cuts everybody off from it, and lets nobody in until it [comes back](TestDb::comes_back).
    ///
    /// # Errors
    /// When it is not on the test server, or that does not answer.
    pub async fn goes_away(&self) -> Result<()> {
        let name = self.name.as_ref().context("only a server's database goes away")?;
        administer(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await?;
        administer(&format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await
    }

    /// Lets everybody in again.
    ///
    /// # Errors
    /// When it is not on the test server, or that does not answer.
    pub async fn comes_back(&self) -> Result<()> {
        let name = self
            .name
            .as_ref()
            .context("only a server's database comes back")?;
        administer(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await
    }

    /// Waits until so many sessions on it are held up by what others have locked.
    ///
    /// # Errors
    /// When it is not on the test server, that does not answer, or nobody comes to be held up.
    pub async fn until_held_up(&self, sessions: i64) -> Result<()> {
        let name = self
            .name
            .as_ref()
            .context("only a server's database has sessions")?;
        let mut server = PgConnection::connect(&std::env::var(POSTGRES_VARIABLE)?).await?;
        let looking = async {
            loop {
                let held_up: i64 = sqlx::query_scalar(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'",
                )
                .bind(name)
                .fetch_one(&mut server)
                .await?;
                if held_up >= sessions {
                    return anyhow::Ok(());
                }
            }
        };
        tokio::time::timeout(PATIENCE, looking)
            .await
            .context("nobody is held up")??;
        Ok(server.close().await?)
    }

    /// Removes it. A database that is forgotten stays on the test server.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn remove(self) -> Result<()> {
        match self.name {
            Some(name) => administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await,
            None => Ok(()),
        }
    }
}

/// The name of the database that all others of this process are copied from.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

async fn make_template() -> Result<String> {
    let name = fresh_name();
    administer(&format!("CREATE DATABASE {name}")).await?;
    let store = Store::open(&on_server(&name)?, &StoreOptions::default()).await?;
    schema::up(&store, None, epoch()).await?;
    // PostgreSQL copies a database only while nobody is connected to it.
    store.close().await;
    Ok(name)
}

/// A process that was killed leaves its databases behind, and another may have its number later.
fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let moment = chrono::Utc::now().timestamp_micros();
    format!("lucien_test_{}_{moment:x}_{number}", std::process::id())
}

fn server_url(database: &str) -> Result<String> {
    let url =
        std::env::var(POSTGRES_VARIABLE).with_context(|| format!("{POSTGRES_VARIABLE} names no server"))?;
    let (server, _) = url
        .rsplit_once('/')
        .context("the test server's URL has no database")?;
    Ok(format!("{server}/{database}"))
}

fn on_server(database: &str) -> Result<DatabaseUrl> {
    Ok(server_url(database)?.parse()?)
}

async fn administer(sql: &str) -> Result<()> {
    let url = std::env::var(POSTGRES_VARIABLE)?;
    let mut server = PgConnection::connect(&url).await.context("the test server")?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut server)
        .await?;
    server.close().await?;
    Ok(())
}

/// Takes Lucien's marker out of an SQLite file, so that it looks like the Python bot's.
///
/// # Errors
/// When the file cannot be written.
pub async fn forget_marker(file: &Path) -> Result<()> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql("DROP TABLE lucien_migrations")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

/// When the schemas of tests were made.
fn epoch() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}
