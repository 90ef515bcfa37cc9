//! Work that comes around by itself.
//!
//! A [`Job`] does what is due, in bounded batches, and says when there will be more; the [`runner`] sees to
//! it that it comes around in time. When that is stands in the table `jobs`, so that a restart neither
//! forgets nor repeats it: what has become due while nobody worked is done soon after the start.
//!
//! | module | holds |
//! |---|---|
//! | [`runner`] | coming around in time |
//! | [`backup`] | a backup each night |
//! | [`cleanup`] | removing what is kept long enough |
//! | [`expiry`] | ending memberships that are over, and seeing their owners out |
//! | [`reminders`] | reminding members that their time runs out |
//! | [`free_queue`] | letting in whoever has waited for the visitors' channel |
//! | [`reconcile`] | asking Telegram where people are |
//! | [`summary`] | the day in figures |

mod backup;
mod cleanup;
mod expiry;
mod free_queue;
mod reconcile;
mod reminders;
mod runner;
mod summary;

use std::future::Future;
use std::pin::Pin;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use store::{Store, Tx, jobs};
use tokio_util::sync::CancellationToken;

use crate::bell::Bell;
use crate::error::HandlerError;
use crate::life::Means;
use cleanup::Cleanup;
use reconcile::Reconcile;
use reminders::Reminders;
use summary::Summary;

pub(crate) use backup::Backup;
pub(crate) use expiry::Expiry;
pub(crate) use free_queue::FreeQueue;
pub(crate) use runner::Desk;

/// A job that comes around until it is stopped.
pub(crate) struct Around {
    pub(crate) name: &'static str,
    pub(crate) rounds: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Rung, one for each job that may be wanted sooner than it thinks, by whoever has
/// [hastened](jobs::hasten) it, once that is committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bells {
    pub(crate) free_queue: Bell,
    pub(crate) expiry: Bell,
}

/// All jobs of a house. They ring the outbox's bell when they have written something into it.
pub(crate) fn all(
    means: &Means,
    desk: &Desk,
    bells: &Bells,
    outbox: &Bell,
    stop: &CancellationToken,
) -> Vec<Around> {
    let free_queue = FreeQueue {
        settings: means.settings.clone(),
        outbox: outbox.clone(),
    };
    let reminders = Reminders {
        settings: means.settings.clone(),
        outbox: outbox.clone(),
    };
    let summary = Summary {
        settings: means.settings.clone(),
        zone: means.voice.zone(),
        outbox: outbox.clone(),
    };
    let backup = means.settings.backups.clone().map(|backups| Backup {
        backups,
        outbox: outbox.clone(),
    });
    let mut all = vec![
        around(Cleanup, desk, Bell::default(), stop),
        around(Expiry::new(means, outbox), desk, bells.expiry.clone(), stop),
        around(free_queue, desk, bells.free_queue.clone(), stop),
        around(reminders, desk, Bell::default(), stop),
        around(
            Reconcile::new(means, outbox, &bells.expiry),
            desk,
            Bell::default(),
            stop,
        ),
        around(summary, desk, Bell::default(), stop),
    ];
    all.extend(backup.map(|job| around(job, desk, Bell::default(), stop)));
    all
}

fn around<J: Job>(job: J, desk: &Desk, bell: Bell, stop: &CancellationToken) -> Around {
    Around {
        name: J::NAME,
        rounds: Box::pin(runner::run(job, desk.clone(), bell, stop.clone())),
    }
}

/// Something that is done again and again.
pub(crate) trait Job: Send + Sync + 'static {
    /// By what name it is stored, at most 40 characters.
    const NAME: &'static str;

    /// How long it rests at most.
    fn cadence(&self) -> TimeDelta;

    /// Does what is due, at most so much that it takes some seconds. Safe to run twice: whatever it
    /// changes is changed through [`Turn::write`].
    fn run(&self, turn: &Turn<'_>) -> impl Future<Output = Result<Rest, HandlerError>> + Send;
}

/// How a run has ended, and when the next one is wanted, if not only at the usual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// At once: more is due than one run does.
    None,
    /// At that moment.
    Until(Timestamp),
    /// At the usual time.
    AsUsual,
}

impl From<Option<Timestamp>> for Rest {
    fn from(next: Option<Timestamp>) -> Self {
        next.map_or(Self::AsUsual, Self::Until)
    }
}

/// One run of a job.
pub(crate) struct Turn<'a> {
    pub(crate) store: &'a Store,
    /// The moment of the run.
    pub(crate) now: Timestamp,
    /// When the last run before ended well; none, there was none.
    pub(crate) last_success: Option<Timestamp>,
    /// Where the last run has left off, as it has [kept](Self::keep) it.
    pub(crate) cursor: Option<String>,
    name: &'static str,
    epoch: i64,
}

impl Turn<'_> {
    /// Changes something, on the condition that this process still is the worker.
    ///
    /// # Errors
    /// What `work` says; [`HandlerError::Lost`] when somebody else works by now: nothing was changed.
    pub(crate) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Tx) -> Result<T, HandlerError>,
    ) -> Result<T, HandlerError> {
        self.store
            .write(async |tx| {
                let done = work(tx).await?;
                if jobs::still_mine(tx, self.name, self.epoch).await? {
                    Ok(done)
                } else {
                    Err(HandlerError::Lost)
                }
            })
            .await
    }

    /// Keeps where the next run goes on, with what `tx` changes.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) async fn keep(&self, tx: &Tx, cursor: Option<&str>) -> Result<(), HandlerError> {
        if jobs::set_cursor(tx, self.name, self.epoch, cursor).await? {
            Ok(())
        } else {
            Err(HandlerError::Lost)
        }
    }
}
