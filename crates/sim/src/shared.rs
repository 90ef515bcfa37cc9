//! What the server and the people share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::journal::{Journal, Violation};
use crate::state::World;

/// Lock order: the world before the journal. Nobody waits while holding either.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    /// Violations are answered with errors.
    pub(crate) strict: bool,
    /// How long, in real time, somebody waits for a bot before giving up.
    pub(crate) patience: Duration,
    /// Rung after every change of the world and every call.
    pub(crate) changed: Notify,
    pub(crate) stop: CancellationToken,
    world: Mutex<World>,
    journal: Mutex<Journal>,
}

impl Shared {
    pub(crate) fn new(clock: Clock, strict: bool, patience: Duration, calls_kept: usize) -> Self {
        Self {
            clock,
            strict,
            patience,
            changed: Notify::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(World::new()),
            journal: Mutex::new(Journal::new(calls_kept)),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_violation(&self, violation: Violation) {
        self.journal().note_violation(violation);
        self.changed.notify_waiters();
    }
}
