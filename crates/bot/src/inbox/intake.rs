//! Keeps updates durably before Telegram is told that they arrived.

use std::sync::Arc;

use domain::clock::Clock;
use domain::id::BotId;
use store::Store;
use store::inbox::{self, NewUpdate, Stored};
use telegram::polling::{Intake, IntakeAway};
use telegram::update::Envelope;
use tokio::sync::mpsc;

/// Rows that were just stored, on their way to the worker.
pub(crate) type Arrivals = mpsc::UnboundedReceiver<Vec<Stored>>;

/// Writes batches to the inbox and tells the worker.
#[derive(Debug)]
pub(crate) struct StoreIntake {
    store: Store,
    clock: Arc<dyn Clock>,
    bot_id: BotId,
    worker: mpsc::UnboundedSender<Vec<Stored>>,
}

impl StoreIntake {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, bot_id: BotId) -> (Self, Arrivals) {
        let (worker, arrivals) = mpsc::unbounded_channel();
        let intake = Self {
            store,
            clock,
            bot_id,
            worker,
        };
        (intake, arrivals)
    }
}

impl Intake for StoreIntake {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        let updates: Vec<NewUpdate> = batch
            .into_iter()
            .map(|envelope| NewUpdate {
                bot_id: self.bot_id,
                update_id: envelope.update_id,
                person: envelope.person,
                kind: envelope.kind,
                json: envelope.json,
                failure: None,
            })
            .collect();
        let now = self.clock.now();
        match self
            .store
            .write(async |tx| inbox::store_batch(tx, &updates, now).await)
            .await
        {
            Ok(stored) => {
                // Without a worker (the house is stopping) the rows wait for the next start.
                let _ = self.worker.send(stored);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, count = updates.len(), "updates cannot be stored yet");
                Err(IntakeAway)
            }
        }
    }
}
