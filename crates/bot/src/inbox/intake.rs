//! Keeps updates durably before Telegram is told that they arrived.

use std::collections::HashMap;
use std::sync::Arc;

use domain::clock::Clock;
use domain::id::BotId;
use store::inbox::{self, NewUpdate, Stored};
use store::{Store, StoreError};
use telegram::intake::{Intake, IntakeAway};
use telegram::update::Envelope;
use tokio::sync::mpsc;

/// A row that was just stored, on its way to the worker.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(super) seq: i64,
    pub(super) person: i64,
    pub(super) kind: String,
}

/// What the worker is told by its intake: rows that were stored, none when others may have stored some.
pub(crate) type Arrivals = mpsc::UnboundedReceiver<Vec<Arrival>>;

/// Writes batches to the inbox and tells the worker.
#[derive(Debug)]
pub(crate) struct StoreIntake {
    store: Store,
    clock: Arc<dyn Clock>,
    bot_id: BotId,
    /// None when the worker is another process.
    worker: Option<mpsc::UnboundedSender<Vec<Arrival>>>,
}

impl StoreIntake {
    /// An intake for a worker in this process.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, bot_id: BotId) -> (Self, Arrivals) {
        let (worker, arrivals) = mpsc::unbounded_channel();
        let intake = Self {
            store,
            clock,
            bot_id,
            worker: Some(worker),
        };
        (intake, arrivals)
    }

    /// An intake for a worker in another process, which hears of the rows from the database.
    pub(crate) const fn for_elsewhere(store: Store, clock: Arc<dyn Clock>, bot_id: BotId) -> Self {
        Self {
            store,
            clock,
            bot_id,
            worker: None,
        }
    }

    /// Has the worker look at the table: others may have stored something.
    pub(crate) fn look(&self) {
        self.tell(Vec::new());
    }

    fn tell(&self, arrivals: Vec<Arrival>) {
        if let Some(worker) = &self.worker {
            // Without a worker (the house is stopping) the rows wait for the next start.
            let _ = worker.send(arrivals);
        }
    }

    async fn store(&self, updates: &[NewUpdate]) -> Result<Vec<Stored>, StoreError> {
        let now = self.clock.now();
        if self.worker.is_some() {
            return inbox::store_batch(&self.store.change(), updates, now).await;
        }
        self.store
            .write(async |tx| {
                let stored = inbox::store_batch(tx, updates, now).await?;
                if !stored.is_empty() {
                    inbox::announce(tx).await?;
                }
                Ok(stored)
            })
            .await
    }
}

impl Intake for StoreIntake {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        let new = |envelope: Envelope| NewUpdate {
            bot_id: self.bot_id,
            update_id: envelope.update_id,
            person: envelope.person,
            kind: envelope.kind,
            json: envelope.json,
            failure: None,
        };
        let updates: Vec<NewUpdate> = batch.into_iter().map(new).collect();
        let stored = self.store(&updates).await.map_err(|error| {
            tracing::warn!(%error, count = updates.len(), "updates cannot be stored yet");
            IntakeAway
        })?;
        if !stored.is_empty() {
            self.tell(arrivals(stored, updates));
        }
        Ok(())
    }
}

/// Which kinds those are that were stored.
fn arrivals(stored: Vec<Stored>, updates: Vec<NewUpdate>) -> Vec<Arrival> {
    let kinds = updates.into_iter().map(|update| (update.update_id, update.kind));
    let mut kinds: HashMap<i64, String> = kinds.collect();
    let arrival = |row: Stored| Arrival {
        seq: row.seq,
        person: row.person,
        kind: kinds.remove(&row.update_id).unwrap_or_default(),
    };
    stored.into_iter().map(arrival).collect()
}
