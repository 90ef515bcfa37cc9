//! Coming around in time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use futures_util::FutureExt;
use store::{Store, StoreError, jobs};
use tokio_util::sync::CancellationToken;

use super::{Job, Rest, Turn};
use crate::backoff::{Backoff, WAIT};
use crate::bell::Bell;
use crate::error::HandlerError;
use crate::life::Gate;

/// How often the table is looked at, in case a word about it was missed.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(30);
/// How long a run may take.
const TIME_LIMIT: TimeDelta = TimeDelta::minutes(5);
/// The shortest rest between two runs: whatever goes wrong, a job does not run hot.
const SHORTEST_REST: TimeDelta = TimeDelta::milliseconds(100);

/// What the runners of an epoch share.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) epoch: i64,
    /// While it is closed, nothing is done.
    pub(crate) gate: Gate,
}

/// Has a job come around until `stop`; what it does then is broken off, and done anew after the next
/// start. The bell is rung by whoever wants it to come sooner, once that is committed.
pub(crate) async fn run(job: impl Job, desk: Desk, bell: Bell, stop: CancellationToken) {
    let rounds = Rounds {
        job,
        desk,
        backoff: Backoff::random(),
    };
    let going_around = async {
        loop {
            let wake = rounds.come_around().await;
            tokio::select! {
                () = bell.rung() => {}
                () = rounds.desk.clock.sleep_until(wake) => {}
            }
        }
    };
    stop.run_until_cancelled(going_around).await;
}

struct Rounds<J> {
    job: J,
    desk: Desk,
    backoff: Backoff,
}

impl<J: Job> Rounds<J> {
    /// Runs the job if it is its time. Returns when to look again.
    async fn come_around(&self) -> Timestamp {
        let now = self.desk.clock.now();
        let look = now + LOOK_EVERY;
        if self.desk.gate.is_closed() {
            return look;
        }
        match self.run_when_due(now).await {
            Ok(Some(next)) => next.clamp(now + SHORTEST_REST, look),
            Ok(None) => look,
            Err(error) => {
                tracing::warn!(%error, job = J::NAME, "a job cannot come around");
                now + WAIT.0
            }
        }
    }

    /// Returns when the next run is wanted; none when this process is not the worker any more.
    async fn run_when_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let Desk { store, epoch, .. } = &self.desk;
        let stored = jobs::load(&store.read(), J::NAME).await?;
        if let Some(next) = stored.next_run
            && next > now
        {
            return Ok(Some(next));
        }
        if !jobs::begin(&store.change(), J::NAME, *epoch, now).await? {
            return Ok(None);
        }
        let turn = Turn {
            store,
            now,
            last_success: stored.last_success,
            cursor: stored.cursor,
            name: J::NAME,
            epoch: *epoch,
        };
        match self.run(&turn).await {
            Ok(rest) => {
                let usual = now + self.job.cadence();
                let next = match rest {
                    Rest::None => now,
                    Rest::Until(at) => at.min(usual),
                    Rest::AsUsual => usual,
                };
                jobs::succeed(&store.change(), J::NAME, *epoch, now, next).await
            }
            Err(failure) => {
                let failures = stored.failures + 1;
                tracing::warn!(error = %failure, job = J::NAME, failures, "a job failed");
                let next = now + self.backoff.wait(failures.unsigned_abs() - 1);
                let class = failure.class();
                jobs::fail(&store.change(), J::NAME, *epoch, class, next).await
            }
        }
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, Failed> {
        let running = AssertUnwindSafe(self.job.run(turn)).catch_unwind();
        tokio::select! {
            // The panic itself was reported by the panic hook.
            ended = running => ended.map_err(|_| Failed::Panic)?.map_err(Failed::Error),
            () = self.desk.clock.sleep(TIME_LIMIT) => Err(Failed::TimedOut),
        }
    }
}

/// Why a run came to no good end.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Error(HandlerError),
    #[error("it panicked")]
    Panic,
    #[error("it took too long")]
    TimedOut,
}

impl Failed {
    /// What is stored of it.
    const fn class(&self) -> &'static str {
        match self {
            Self::Error(HandlerError::Store(_)) => "store",
            Self::Error(HandlerError::Api(_) | HandlerError::Question(_)) => "telegram",
            Self::Error(HandlerError::Backup(_)) => "backup",
            Self::Error(HandlerError::Lost) => "lost",
            Self::Error(_) => "error",
            Self::Panic => "panic",
            Self::TimedOut => "timed_out",
        }
    }
}
