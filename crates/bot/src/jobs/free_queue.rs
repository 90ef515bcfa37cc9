//! Lets in whoever has waited long enough for the visitors' channel.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::channel::Channel;
use domain::queue;
use store::{StoreError, bot_config, channels, requests};

use super::{Job, Rest, Turn};
use crate::bell::Bell;
use crate::error::HandlerError;
use crate::outbox::{Errand, errand};
use crate::settings::Settings;

/// People who are let in with one transaction.
const BATCH: u32 = 100;
/// Such batches in one run.
const BATCHES: usize = 20;

/// The job.
pub(crate) struct FreeQueue {
    pub(super) settings: Arc<Settings>,
    pub(super) outbox: Bell,
}

impl Job for FreeQueue {
    const NAME: &'static str = "free_queue";

    fn cadence(&self) -> TimeDelta {
        self.settings.queue_every
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let db = turn.store.read();
        let Some(config) = bot_config::get(&db).await? else {
            return Ok(Rest::AsUsual);
        };
        let Some(channel) = config.channel(Channel::Free) else {
            return Ok(Rest::AsUsual);
        };
        let rights = channels::rights(&db, channel).await?;
        if rights.is_some_and(|rights| !rights.invite) {
            // Custodians know. Whoever waits goes on waiting.
            return Ok(Rest::AsUsual);
        }
        let until = queue::due_until(turn.now, config.wait_time_minutes);
        for _ in 0..BATCHES {
            let due = requests::due(&db, channel, until, BATCH).await?;
            if due.is_empty() {
                let oldest = requests::oldest_unqueued(&db, channel).await?;
                let next = oldest.map(|asked| queue::due_at(asked, config.wait_time_minutes));
                return Ok(Rest::from(next));
            }
            let errands: Vec<Errand> = due
                .iter()
                .map(|request| Errand::admit(request.user, channel, request.id))
                .collect();
            turn.write(async |tx| {
                let rows = errand::enqueue_each(tx, &errands, turn.now).await?;
                let requests = due.iter().map(|request| request.id);
                let queued: Vec<_> = requests.zip(rows).collect();
                match requests::set_queued(tx, &queued).await? {
                    // Nobody waits any more whom the look has found.
                    0 => Err(StoreError::Busy.into()),
                    _ => Ok(()),
                }
            })
            .await?;
            tracing::info!(count = due.len(), "people have waited long enough");
            self.outbox.ring();
        }
        Ok(Rest::None)
    }
}
