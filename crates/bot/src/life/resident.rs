//! Entering the house, standing by, working, again and again.

use chrono::TimeDelta;
use store::lock::{Inhabited, LockError};
use tokio_util::sync::CancellationToken;

use super::epoch::{self, Over};
use super::{Means, Role};
use crate::house::Fatal;

/// How often the house lock is tried.
const TRY_EVERY: TimeDelta = TimeDelta::seconds(1);

/// A process in its house.
pub(crate) struct Resident(Means);

impl Resident {
    pub(crate) const fn new(means: Means) -> Self {
        Self(means)
    }

    /// Lives until `stop`; what runs then may finish until `cut`.
    ///
    /// # Errors
    /// What makes it impossible to go on.
    pub(crate) async fn run(self, stop: CancellationToken, cut: CancellationToken) -> Result<(), Fatal> {
        let lived = self.live(&stop, &cut).await;
        self.outside();
        lived
    }

    async fn live(&self, stop: &CancellationToken, cut: &CancellationToken) -> Result<(), Fatal> {
        let Some(mut place) = stop.run_until_cancelled(self.enter()).await else {
            return Ok(());
        };
        let mut trouble = Trouble::default();
        while !stop.is_cancelled() {
            match stop.run_until_cancelled(place.try_take()).await {
                None => break,
                Some(Ok(Some(lock))) => {
                    trouble.over();
                    match epoch::work(&self.0, lock, stop, cut).await? {
                        Over::Stopped => break,
                        Over::Lost => self.outside(),
                    }
                }
                Some(Ok(None)) => {
                    trouble.over();
                    self.0.reception.stand_by();
                    self.0.standing.become_one(Role::Standby);
                }
                Some(Err(error)) => {
                    trouble.tell(&error);
                    self.outside();
                }
            }
            stop.run_until_cancelled(self.0.clock.sleep(TRY_EVERY)).await;
        }
        self.outside();
        place.leave().await;
        Ok(())
    }

    /// Waits for being let in.
    async fn enter(&self) -> Inhabited {
        let mut trouble = Trouble::default();
        loop {
            match Inhabited::enter(&self.0.store).await {
                Ok(place) => return place,
                Err(error) => trouble.tell(&error),
            }
            self.0.clock.sleep(TRY_EVERY).await;
        }
    }

    fn outside(&self) {
        self.0.reception.close();
        self.0.standing.become_one(Role::Outside);
    }
}

/// Tells what is in the way once, and not every second.
#[derive(Default)]
struct Trouble(Option<LockError>);

impl Trouble {
    fn tell(&mut self, error: &LockError) {
        if self.0.as_ref() != Some(error) {
            tracing::warn!(%error, "the house cannot be entered yet");
            self.0 = Some(error.clone());
        }
    }

    fn over(&mut self) {
        self.0 = None;
    }
}
