//! Keeping updates, whatever the role.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::clock::Clock;
use domain::id::BotId;
use store::Store;
use telegram::intake::{Intake, IntakeAway};
use telegram::update::Envelope;
use tokio::runtime::Handle;

use crate::inbox::{Arrivals, StoreIntake};
use crate::metrics::Metrics;

/// How long an update that is brought may wait for being kept; Telegram waits for 60 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where updates are kept. What is kept by the worker is told to it directly; what a standby keeps,
/// the worker hears of from the database. Outside of the house nothing is kept.
#[derive(Debug)]
pub(crate) struct Reception {
    store: Store,
    clock: Arc<dyn Clock>,
    bot_id: BotId,
    metrics: Arc<Metrics>,
    place: RwLock<Place>,
}

#[derive(Clone, Debug)]
enum Place {
    Outside,
    Standby(Arc<StoreIntake>),
    Worker(Arc<StoreIntake>),
}

impl Reception {
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, bot_id: BotId, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            clock,
            bot_id,
            metrics,
            place: RwLock::new(Place::Outside),
        }
    }

    /// Keeps nothing any more.
    pub(super) fn close(&self) {
        self.become_place(Place::Outside);
    }

    /// Keeps for a worker in another process.
    pub(super) fn stand_by(&self) {
        if !matches!(self.place(), Place::Standby(_)) {
            let intake = StoreIntake::for_elsewhere(self.store.clone(), self.clock.clone(), self.bot_id);
            self.become_place(Place::Standby(Arc::new(intake)));
        }
    }

    /// Keeps for the worker of this process, who takes the arrivals.
    pub(super) fn work(&self) -> Arrivals {
        let (intake, arrivals) = StoreIntake::new(self.store.clone(), self.clock.clone(), self.bot_id);
        self.become_place(Place::Worker(Arc::new(intake)));
        arrivals
    }

    /// Has the worker look at the inbox: somebody else may have kept something.
    pub(super) fn look(&self) {
        if let Place::Worker(intake) = self.place() {
            intake.look();
        }
    }

    fn place(&self) -> Place {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn become_place(&self, place: Place) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

impl Intake for Reception {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        let intake = match self.place() {
            Place::Outside => return Err(IntakeAway),
            Place::Standby(intake) | Place::Worker(intake) => intake,
        };
        let kinds: Vec<String> = batch.iter().map(|envelope| envelope.kind.clone()).collect();
        intake.keep(batch).await?;
        for kind in kinds {
            self.metrics.received(kind);
        }
        Ok(())
    }
}

/// The reception as another runtime reaches it: connections of the database belong to the main one.
#[derive(Clone, Debug)]
pub(crate) struct FarReception {
    reception: Arc<Reception>,
    main: Handle,
}

impl FarReception {
    /// For a runtime other than the present one.
    pub(crate) fn new(reception: Arc<Reception>) -> Self {
        Self {
            reception,
            main: Handle::current(),
        }
    }
}

impl Intake for FarReception {
    async fn keep(&self, batch: Vec<Envelope>) -> Result<(), IntakeAway> {
        let reception = self.reception.clone();
        let kept = self.main.spawn(async move { reception.keep(batch).await });
        // What is kept after all when nobody waits any more is absorbed as a duplicate later.
        match tokio::time::timeout(PATIENCE, kept).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) | Err(_) => Err(IntakeAway),
        }
    }
}
