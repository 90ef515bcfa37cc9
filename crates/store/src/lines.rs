//! Who may use a connection, and how long one waits for one.
//!
//! The drivers' pools wait too, but their waiting mixes "all connections are in use" with "the
//! database does not answer". Here a [`Line`] is handed out first; only then is the pool asked,
//! which always has a connection left for it. So a full house is [`Busy`](crate::StoreError::Busy)
//! and a database that is away is [`Unavailable`](crate::StoreError::Unavailable).

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::door::Door;

/// The connections of one role: readers, or the writer.
#[derive(Debug)]
pub(crate) struct Lines {
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Door<DatabaseConnection>>>,
    size: usize,
    wait: Duration,
}

/// A connection in use; given back when dropped.
#[derive(Debug)]
pub(crate) struct Line {
    /// None only while it is being dropped.
    door: Option<Door<DatabaseConnection>>,
    lines: Arc<Lines>,
    _permit: OwnedSemaphorePermit,
}

impl Lines {
    pub(crate) fn new(doors: Vec<Door<DatabaseConnection>>, wait: Duration) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(doors.len())),
            size: doors.len(),
            idle: Mutex::new(doors),
            wait,
        })
    }

    /// Waits for a connection, as long as the store's options allow.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Line, DbErr> {
        self.take_within(self.wait).await
    }

    pub(crate) async fn take_within(self: &Arc<Self>, wait: Duration) -> Result<Line, DbErr> {
        let permit = tokio::time::timeout(wait, self.free.clone().acquire_owned())
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
            .expect("the semaphore is never closed");
        let door = self.lock().pop().expect("there are as many doors as permits");
        Ok(Line {
            door: Some(door),
            lines: self.clone(),
            _permit: permit,
        })
    }

    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn in_use(&self) -> usize {
        self.size - self.free.available_permits()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Door<DatabaseConnection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Line {
    type Target = Door<DatabaseConnection>;

    fn deref(&self) -> &Self::Target {
        self.door.as_ref().expect("taken only when it is dropped")
    }
}

impl Drop for Line {
    /// The door goes back before the permit does, so that whoever gets the permit finds a door.
    fn drop(&mut self) {
        if let Some(door) = self.door.take() {
            self.lines.lock().push(door);
        }
    }
}
