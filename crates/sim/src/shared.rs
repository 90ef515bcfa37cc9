//! What the server and the people share.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::driver::{Options, Pace};
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
    /// Differs from one stand-in to the next.
    pub(crate) id: String,
    /// Rung after every change of the world and every call.
    pub(crate) changed: Notify,
    /// How often that was.
    changes: AtomicU64,
    /// How many calls have begun.
    calls: AtomicU64,
    /// Whoever started the stand-in takes requests for another one.
    pub(crate) is_resettable: bool,
    /// Cancelled when others than whoever started the stand-in may act as the people.
    pub(crate) open: CancellationToken,
    /// Cancelled when somebody asks for another one.
    pub(crate) reset: CancellationToken,
    /// Rung when a webhook waits for somebody to deliver to it.
    pub(crate) webhook_verified: Notify,
    pub(crate) stop: CancellationToken,
    world: Mutex<World>,
    journal: Mutex<Journal>,
    faults: Mutex<Faults>,
    limits: Mutex<Option<Limits>>,
    pace: Mutex<Option<Pace>>,
}

impl Shared {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            clock: options.clock.clone(),
            skew: AtomicI64::new(0),
            strict: options.strict,
            cloud: options.cloud,
            patience: options.patience,
            id: fresh_id(),
            webhook_verified: Notify::new(),
            changed: Notify::new(),
            changes: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            is_resettable: options.resettable,
            open: opened(!options.closed),
            reset: CancellationToken::new(),
            stop: CancellationToken::new(),
            world: Mutex::new(World::new()),
            journal: Mutex::new(Journal::new(options.calls_kept)),
            faults: Mutex::default(),
            limits: Mutex::new(options.limits),
            pace: Mutex::default(),
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

    /// Whom time waits for that passes quickly.
    pub(crate) fn pace(&self) -> MutexGuard<'_, Option<Pace>> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_violation(&self, violation: Violation) {
        self.journal().note_violation(violation);
        self.ring();
    }

    /// Tells everybody who waits or watches that something has changed.
    pub(crate) fn ring(&self) {
        self.changes.fetch_add(1, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// How often something has changed. Who reads this first and the world afterwards misses nothing.
    pub(crate) fn revision(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The number of a call that begins.
    pub(crate) fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }
}

fn opened(is_open: bool) -> CancellationToken {
    let token = CancellationToken::new();
    if is_open {
        token.cancel();
    }
    token
}

fn fresh_id() -> String {
    const LENGTH: usize = 12;
    let letters = rand::rng().sample_iter(Alphanumeric);
    letters.take(LENGTH).map(char::from).collect()
}
