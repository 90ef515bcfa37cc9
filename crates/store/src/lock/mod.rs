//! Who is in the house, and who of them works.
//!
//! Two locks, both let go by the system when their process dies:
//!
//! | lock | held | PostgreSQL | SQLite file |
//! |---|---|---|---|
//! | inhabited | shared by every process that serves ([`Inhabited`]), alone by one that changes everything ([`Alone`]) | advisory lock | `<file>.inhabited` |
//! | house | by the one worker ([`HouseLock`]) | advisory lock | `<file>.lock` |
//!
//! On PostgreSQL both belong to one session on a connection of its own, which besides hears of what
//! standbys store. Its settings make the server notice within 25 s that the other end is gone:
//! keep-alive probes, and a limit for what is sent and never acknowledged, while which no probes are
//! sent. Advisory locks hold within one database, so houses in several databases of one server do
//! not know of each other. A proxy that hands out connections per transaction cannot be used in
//! between. What holds a session is to be dropped while the runtime lives, which closes it.
//!
//! On an SQLite file they are locks of the operating system on files beside the database. These hold
//! the number of the process that last had them for itself, and are never removed: a process that
//! waits for a removed one would wait beside the others. A database in memory belongs to its process.

mod file;
mod session;

use std::fmt;

use crate::error::StoreError;
use crate::store::Store;
use crate::url::Dialect;
use file::LockFiles;
use session::Session;

/// Somebody who holds a lock that another one asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// The number of the process: the server's that serves it on PostgreSQL, its own on SQLite, where
    /// only the worker's is known.
    pub pid: Option<u32>,
    /// What it calls itself.
    pub name: String,
    /// Where it connects from; none on the same host, or when the server does not tell.
    pub address: Option<String>,
}

impl fmt::Display for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (self.pid, &self.address) {
            (Some(pid), Some(address)) => write!(f, " (pid {pid}, from {address})"),
            (Some(pid), None) => write!(f, " (pid {pid})"),
            (None, Some(address)) => write!(f, " (from {address})"),
            (None, None) => Ok(()),
        }
    }
}

/// Why somebody cannot be in the house.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Others are in the way. Who comes and goes in that moment may be missing.
    #[error("the house is in use by {}", list(.0))]
    InTheWay(Vec<Occupant>),
    /// The database or its lock files cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn list(occupants: &[Occupant]) -> String {
    if occupants.is_empty() {
        return "another process".to_owned();
    }
    let occupants: Vec<String> = occupants.iter().map(Occupant::to_string).collect();
    occupants.join(", ")
}

/// The house lock is gone: somebody else may be the worker by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the house lock is lost")]
pub struct Lost;

/// A process that serves. While it lives, nobody has the house [alone](Alone).
#[derive(Debug)]
pub struct Inhabited {
    store: Store,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory,
    File(LockFiles),
    /// None after the session was lost or given up: then a new one is begun at the next try.
    Postgres(Option<Session>),
}

impl Inhabited {
    /// Enters the house, beside others who serve.
    ///
    /// # Errors
    /// [`LockError::InTheWay`] while somebody has the house alone; when the database or its lock files
    /// cannot be used.
    pub async fn enter(store: &Store) -> Result<Self, LockError> {
        let place = match (store.url().path(), store.dialect()) {
            (Some(path), _) => Place::File(LockFiles::enter(path)?),
            (None, Dialect::Sqlite) => Place::Memory,
            (None, Dialect::Postgres) => Place::Postgres(Some(Session::enter(store).await?)),
        };
        Ok(Self {
            store: store.clone(),
            place,
        })
    }

    /// Tries to become the worker; none while somebody else is. To be asked every second. After the
    /// connection was lost, this is what enters the house again.
    ///
    /// # Errors
    /// As [`Inhabited::enter`].
    pub async fn try_take(&mut self) -> Result<Option<HouseLock<'_>>, LockError> {
        let taken = match &mut self.place {
            Place::Memory => true,
            Place::File(files) => files.try_take()?,
            Place::Postgres(place) => {
                let mut session = match place.take() {
                    Some(session) => session,
                    None => Session::enter(&self.store).await?,
                };
                // A session whose try fails is not kept: nobody knows what it holds.
                let taken = session.try_take().await?;
                *place = Some(session);
                taken
            }
        };
        // Made only when it is held: dropping one lets go.
        Ok(taken.then(|| HouseLock {
            inhabited: self,
            missed: false,
        }))
    }

    /// Leaves the house. A dropped one leaves too, on PostgreSQL a moment later.
    pub async fn leave(self) {
        if let Place::Postgres(Some(session)) = self.place {
            session.end().await;
        }
    }
}

/// The worker's right to work. Let go when dropped, on PostgreSQL a moment later.
#[derive(Debug)]
pub struct HouseLock<'a> {
    inhabited: &'a mut Inhabited,
    /// Whether the last ping was not answered.
    missed: bool,
}

impl HouseLock<'_> {
    /// Asks whether the lock still is held; to be called every 5 s. Waits at most 2.5 s for the answer.
    ///
    /// # Errors
    /// [`Lost`] when it is not held any more, when the connection has ended, or when there is no
    /// answer for the second time in a row. Then it stays lost.
    pub async fn ping(&mut self) -> Result<(), Lost> {
        let Place::Postgres(place) = &mut self.inhabited.place else {
            return Ok(());
        };
        match place.as_mut().ok_or(Lost)?.ping().await {
            Some(true) => self.missed = false,
            None if !self.missed => self.missed = true,
            None | Some(false) => {
                *place = None;
                return Err(Lost);
            }
        }
        Ok(())
    }

    /// Waits until somebody else says that he has stored updates; several such messages may be told as
    /// one. On SQLite nobody does: there [`Store::data_version`] is to be compared. May be dropped at
    /// any time.
    ///
    /// # Errors
    /// [`Lost`] when the connection has ended.
    pub async fn woken(&mut self) -> Result<(), Lost> {
        let Place::Postgres(place) = &mut self.inhabited.place else {
            return std::future::pending().await;
        };
        let woken = place.as_mut().ok_or(Lost)?.woken().await;
        if woken.is_err() {
            *place = None;
        }
        woken
    }

    /// Lets go of the lock now: when this returns, another process can take it. On PostgreSQL this
    /// process leaves the house with it, and enters again with its next try.
    pub async fn release(self) {
        if let Place::Postgres(place) = &mut self.inhabited.place
            && let Some(session) = place.take()
        {
            session.end().await;
        }
    }
}

#[cfg(test)]
impl HouseLock<'_> {
    /// The session goes on without the lock, as it would behind a proxy that swaps connections.
    pub(crate) async fn let_go_behind_its_back(&mut self) {
        if let Place::Postgres(Some(session)) = &mut self.inhabited.place {
            session.unlock().await.expect("the server answers");
        }
    }
}

impl Drop for HouseLock<'_> {
    fn drop(&mut self) {
        match &mut self.inhabited.place {
            Place::Memory => {}
            Place::File(files) => files.let_go(),
            // Both locks end with the session; the next try enters again.
            Place::Postgres(place) => *place = None,
        }
    }
}

/// The house for one process alone: nobody serves in it, and nobody enters. For what changes
/// everything: adopting, transferring into it, restoring, migrating by hand.
#[derive(Debug)]
pub struct Alone {
    place: Place,
}

impl Alone {
    /// Takes the house for this process alone.
    ///
    /// # Errors
    /// [`LockError::InTheWay`] when others are in it; when the database or its lock files cannot be
    /// used.
    pub async fn in_house(store: &Store) -> Result<Self, LockError> {
        let place = match (store.url().path(), store.dialect()) {
            (Some(path), _) => Place::File(LockFiles::alone(path)?),
            (None, Dialect::Sqlite) => Place::Memory,
            (None, Dialect::Postgres) => Place::Postgres(Some(Session::alone(store).await?)),
        };
        Ok(Self { place })
    }

    /// Lets others in. A dropped one does so too, on PostgreSQL a moment later.
    pub async fn leave(self) {
        if let Place::Postgres(Some(session)) = self.place {
            session.end().await;
        }
    }
}
