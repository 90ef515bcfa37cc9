//! Injecting faults and switching limits.

use std::sync::Arc;
use std::time::Duration;

use super::Sim;
use super::wait::{Unheard, wait_on};
use crate::faults::{Fault, FaultState};
use crate::limits::Limits;
use crate::shared::Shared;

impl Sim {
    /// Lets something go wrong from now on.
    ///
    /// # Panics
    /// When the fault is an error whose status is none: outside 400 to 599.
    pub fn inject(&self, fault: Fault) -> Injected {
        assert!(
            fault.is_possible(),
            "the status of an error is 400 to 599: {fault:?}"
        );
        let id = self.shared.faults().inject(fault);
        self.shared.ring();
        Injected::by_id(Arc::clone(&self.shared), id)
    }

    /// The faults that were injected and not removed, oldest first, with how often they were
    /// applied; also those that have run out.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultState> {
        self.shared.faults().all()
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
        self.shared.ring();
    }

    /// The limits that are enforced, if any.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        *self.shared.limits()
    }

    /// Enforces limits from now on, or none.
    pub fn set_limits(&self, limits: Option<Limits>) {
        *self.shared.limits() = limits;
        self.shared.ring();
    }
}

/// A fault that was injected. It stays when this is dropped.
#[derive(Debug, Clone)]
pub struct Injected {
    shared: Arc<Shared>,
    id: u64,
}

impl Injected {
    pub(crate) fn by_id(shared: Arc<Shared>, id: u64) -> Self {
        Self { shared, id }
    }

    /// What the fault is listed under.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How often it was applied; 0 once it is removed.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.shared.faults().applied(self.id).unwrap_or(0)
    }

    /// Waits until it has been applied so often. It counts from the moment when a call is struck,
    /// which may then be held.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out or the fault is removed.
    pub async fn strikes(&self, times: u64) -> Result<(), Unheard> {
        self.strikes_within(times, self.shared.patience).await
    }

    pub(crate) async fn strikes_within(&self, times: u64, patience: Duration) -> Result<(), Unheard> {
        let Self { shared, id } = self;
        let look = || {
            let applied = shared.faults().applied(*id);
            // A fault that is gone will not be applied any more.
            applied
                .is_none_or(|applied| applied >= times)
                .then_some(applied.is_some())
        };
        match wait_on(&shared.changed, patience, &shared.stop, look).await {
            Some(true) => Ok(()),
            gone => Err(Unheard {
                awaited: format!("fault {id} to be applied {times} times"),
                patience,
                transcript: match gone {
                    None => format!("applied {} times\n", self.applied()),
                    Some(_) => "the fault was removed\n".into(),
                },
            }),
        }
    }

    /// Ends the fault. False if it was removed before.
    pub fn remove(&self) -> bool {
        let was_there = self.shared.faults().remove(self.id);
        self.shared.ring();
        was_there
    }
}
