//! The session on PostgreSQL that holds the locks, and listens.

use std::fmt;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::Executor as _;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::{LockError, Lost, Occupant};
use crate::connect::named;
use crate::error::StoreError;
use crate::inbox;
use crate::store::{HOUSE_LOCK, INHABITED_LOCK, Store};

/// The longest wait for an answer.
const ANSWER: Duration = Duration::from_millis(2500);

/// How soon the server gives up on a client that is not there any more: probes after 10 s of silence,
/// every 5 s, three of them; and 20 s for what is sent and not acknowledged.
const NOTICE_LOSS: &str = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                           SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000";

/// Whether this session holds a lock; the two halves of its key are shown as unsigned numbers.
const HOLDS: &str = "SELECT EXISTS (
    SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid = pg_backend_pid()
      AND ((CAST(classid AS bigint) << 32) | CAST(objid AS bigint)) = $1)";

/// Who else holds a lock.
const HOLDERS: &str =
    "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'a process'), host(a.client_addr)
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((CAST(l.classid AS bigint) << 32) | CAST(l.objid AS bigint)) = $1
    ORDER BY a.pid";

/// What a session is there for, as the server shows it.
#[derive(Clone, Copy, Debug)]
enum Role {
    Standby,
    Worker,
    Alone,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Standby => "standby",
            Self::Worker => "worker",
            Self::Alone => "alone",
        }
    }
}

/// One session. Its locks end with it.
///
/// A [`PgListener`] would connect again by itself when its connection is lost, and then hold nothing;
/// so the session is given up at the first sign of a loss, which is before that can happen.
pub(super) struct Session {
    listener: PgListener,
    /// The connection's name without the role.
    name: String,
}

impl Session {
    pub(super) async fn enter(store: &Store) -> Result<Self, LockError> {
        let mut session = Self::begin(store, Role::Standby).await?;
        let entered = session.try_lock("SELECT pg_try_advisory_lock_shared($1)", INHABITED_LOCK);
        if entered.await? {
            return Ok(session);
        }
        Err(session.in_the_way().await)
    }

    pub(super) async fn alone(store: &Store) -> Result<Self, LockError> {
        let mut session = Self::begin(store, Role::Alone).await?;
        let alone = session.try_lock("SELECT pg_try_advisory_lock($1)", INHABITED_LOCK);
        if alone.await? {
            return Ok(session);
        }
        Err(session.in_the_way().await)
    }

    async fn begin(store: &Store, role: Role) -> Result<Self, StoreError> {
        let settings = store
            .url()
            .postgres()
            .ok_or_else(|| StoreError::unavailable("not PostgreSQL"))?;
        let settings = named(settings);
        let name = settings.get_application_name().unwrap_or_default().to_owned();
        let settings = settings
            .application_name(&with_role(&name, role))
            .disable_statement_logging();
        let wait = store.options().acquire_timeout;
        in_time(wait, connect(settings, wait))
            .await
            .map(|listener| Self { listener, name })
    }

    /// Takes the house lock if it is free, and listens from then on.
    pub(super) async fn try_take(&mut self) -> Result<bool, StoreError> {
        if !self
            .try_lock("SELECT pg_try_advisory_lock($1)", HOUSE_LOCK)
            .await?
        {
            return Ok(false);
        }
        let name = with_role(&self.name, Role::Worker);
        let begin_work = async {
            sqlx::query("SELECT set_config('application_name', $1, false)")
                .bind(name)
                .execute(&mut self.listener)
                .await?;
            self.listener.listen(inbox::CHANNEL).await
        };
        in_time(ANSWER, begin_work).await?;
        Ok(true)
    }

    /// Whether the house lock is held; none when there was no answer in time.
    pub(super) async fn ping(&mut self) -> Option<bool> {
        let question = sqlx::query_scalar(HOLDS)
            .bind(HOUSE_LOCK)
            .fetch_one(&mut self.listener);
        match tokio::time::timeout(ANSWER, question).await {
            Ok(answer) => Some(answer.unwrap_or(false)),
            Err(_) => None,
        }
    }

    pub(super) async fn woken(&mut self) -> Result<(), Lost> {
        match self.listener.try_recv().await {
            Ok(Some(_)) => {
                while self.listener.next_buffered().is_some() {}
                Ok(())
            }
            Ok(None) | Err(_) => Err(Lost),
        }
    }

    /// Lets go of the locks now, not when the connection is closed.
    pub(super) async fn end(mut self) {
        // Should it fail, they end with the connection.
        let _ = self.unlock().await;
    }

    pub(super) async fn unlock(&mut self) -> Result<(), StoreError> {
        let unlock = self.listener.execute("SELECT pg_advisory_unlock_all()");
        in_time(ANSWER, unlock).await.map(drop)
    }

    async fn try_lock(&mut self, question: &'static str, key: i64) -> Result<bool, StoreError> {
        let question = sqlx::query_scalar(question)
            .bind(key)
            .fetch_one(&mut self.listener);
        in_time(ANSWER, question).await
    }

    async fn in_the_way(&mut self) -> LockError {
        let question = sqlx::query_as::<_, (i32, String, Option<String>)>(HOLDERS)
            .bind(INHABITED_LOCK)
            .fetch_all(&mut self.listener);
        match in_time(ANSWER, question).await {
            Ok(holders) => LockError::InTheWay(
                holders
                    .into_iter()
                    .map(|(pid, name, address)| Occupant {
                        pid: u32::try_from(pid).ok(),
                        name,
                        address,
                    })
                    .collect(),
            ),
            Err(error) => error.into(),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("name", &self.name).finish()
    }
}

/// The pool is there because a listener is only made from one; it never has another connection.
async fn connect(settings: PgConnectOptions, wait: Duration) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(wait)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(NOTICE_LOSS).await.map(drop) })
        })
        .connect_with(settings)
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    Ok(listener)
}

async fn in_time<T>(
    wait: Duration,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(wait, call).await {
        Ok(answer) => answer.map_err(|error| StoreError::connecting(&error)),
        Err(_) => Err(StoreError::unavailable("no answer in time")),
    }
}

fn with_role(name: &str, role: Role) -> String {
    format!("{name} {}", role.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::on_postgres;

    #[test]
    fn the_server_is_told_to_notice_a_loss_soon() {
        on_postgres(async |store| {
            let mut session = Session::enter(&store).await.expect("nobody is alone");
            for (name, expected) in [
                ("tcp_keepalives_idle", "10"),
                ("tcp_keepalives_interval", "5"),
                ("tcp_keepalives_count", "3"),
                ("tcp_user_timeout", "20000"),
            ] {
                let value: String = sqlx::query_scalar("SELECT current_setting($1)")
                    .bind(name)
                    .fetch_one(&mut session.listener)
                    .await
                    .expect("the server answers");
                assert_eq!(value, expected, "{name}");
            }
        });
    }
}
