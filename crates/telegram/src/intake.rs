//! Where updates are kept before Telegram is told that they arrived.

use std::future::Future;

use crate::update::Envelope;

/// Keeps updates; both ways of receiving hand everything to it.
pub trait Intake: Send + Sync {
    /// Keeps a batch durably; duplicates are welcome and change nothing. When this returns
    /// `Ok`, nothing of the batch can be lost any more.
    fn keep(&self, batch: Vec<Envelope>) -> impl Future<Output = Result<(), IntakeAway>> + Send;
}

/// The store cannot take updates now. The reason is logged where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store is away")]
pub struct IntakeAway;
