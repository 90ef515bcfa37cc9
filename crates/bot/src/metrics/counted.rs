//! Counts how the runs of updates end, and what they ask of the database.

use std::sync::Arc;

use store::inbox::Claimed;
use store::statements;

use super::Metrics;
use crate::error::{Fault, HandlerError};
use crate::inbox::{Handler, Surplus};

/// A handler whose runs are counted.
pub(crate) struct Counted<H> {
    handler: H,
    metrics: Arc<Metrics>,
}

impl<H> Counted<H> {
    pub(crate) const fn new(handler: H, metrics: Arc<Metrics>) -> Self {
        Self { handler, metrics }
    }
}

impl<H: Handler> Handler for Counted<H> {
    async fn handle(&self, row: &Claimed, epoch: i64) -> Result<(), HandlerError> {
        let mut run = Run {
            metrics: &self.metrics,
            outcome: "broken_off",
        };
        let (result, asked) = statements::scope(self.handler.handle(row, epoch)).await;
        self.metrics.asked(asked.count);
        tracing::debug!(
            seq = row.seq,
            person = row.person,
            kind = row.kind,
            statements = asked.count,
            database_ms = asked.time.as_millis(),
            "update worked on"
        );
        run.outcome = match result.as_ref().map_err(HandlerError::fault) {
            Ok(()) => "done",
            Err(Fault::Own(failure)) => failure.label(),
            Err(Fault::Outside(_)) => "put_off",
            Err(Fault::Undeliverable) => "undeliverable",
            Err(Fault::Lost) => "lost",
        };
        result
    }

    fn room(&self, person: i64) -> usize {
        self.handler.room(person)
    }

    fn surplus(&self, row: &Claimed) -> Surplus {
        self.handler.surplus(row)
    }

    async fn decline(&self, row: &Claimed) -> Result<(), HandlerError> {
        self.handler.decline(row).await
    }

    async fn apologize(&self, row: &Claimed) -> Result<(), HandlerError> {
        self.handler.apologize(row).await
    }
}

/// A run is counted when it ends, also by a panic, by taking too long or by a stop: those never say
/// how it went.
struct Run<'a> {
    metrics: &'a Metrics,
    outcome: &'static str,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.metrics.handled(self.outcome);
    }
}
