//! What the server and the people share.

use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::driver::Options;
use crate::faults::Faults;
use crate::journal::{Journal, Violation};
use crate::limits::Limits;
use crate::state::World;

/// Lock order: the world before all others, of which nobody holds two. Nobody waits while holding
/// any.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    /// By how many seconds the `Date` header is ahead of the clock.
    pub(crate) skew: AtomicI64,
    /// Violations are answered with errors.
    pub(crate) strict: bool,
    /// Webhooks and uploads are judged as by the hosted server.
    pub(crate) cloud: bool,
    /// How long, in real time, somebody waits for a bot before giving up.
    pub(crate) patience: Duration,
    /// Rung after every change of the world and every call.
    pub(crate) changed: Notify,
    /// Rung when a webhook waits for somebody to deliver to it.
    pub(crate) webhook_verified: Notify,
    pub(crate) stop: CancellationToken,
    world: Mutex<World>,
    journal: Mutex<Journal>,
    faults: Mutex<Faults>,
    limits: Mutex<Option<Limits>>,
}

impl Shared {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            clock: options.clock.clone(),
            skew: AtomicI64::new(0),
            strict: options.strict,
            cloud: options.cloud,
            patience: options.patience,
            webhook_verified: Notify::new(),
            changed: Notify::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(World::new()),
            journal: Mutex::new(Journal::new(options.calls_kept)),
            faults: Mutex::default(),
            limits: Mutex::new(options.limits),
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Option<Limits>> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_violation(&self, violation: Violation) {
        self.journal().note_violation(violation);
        self.changed.notify_waiters();
    }
}
