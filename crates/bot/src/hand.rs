//! The inbox row that is in hand.

use store::inbox::{self, Claimed};
use store::{StoreError, Tx};
use telegram::Payload;

use crate::action::Action;
use crate::error::HandlerError;

/// The row of an update that is worked on, as one epoch has it in hand. Whatever is changed for it is
/// changed together with one of these, so that an epoch which is over changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hand {
    pub(crate) seq: i64,
    pub(crate) epoch: i64,
}

impl Hand {
    pub(crate) const fn of(row: &Claimed, epoch: i64) -> Self {
        Self { seq: row.seq, epoch }
    }

    /// Writes the outcome of the update down, in the transaction that changes something.
    ///
    /// # Errors
    /// [`HandlerError::Lost`] when the row is somebody else's or has an outcome; when the database does
    /// not answer.
    pub(crate) async fn decide(self, tx: &Tx, outcome: Action) -> Result<(), HandlerError> {
        is_mine(inbox::set_outcome(tx, self.seq, self.epoch, &outcome.encode()).await)
    }

    /// Makes sure that the update is still this epoch's, in a transaction that changes something and
    /// has no outcome.
    ///
    /// # Errors
    /// [`HandlerError::Lost`] when the row is somebody else's; when the database does not answer.
    pub(crate) async fn check(self, tx: &Tx) -> Result<(), HandlerError> {
        is_mine(inbox::still_mine(tx, self.seq, self.epoch).await)
    }
}

fn is_mine(held: Result<bool, StoreError>) -> Result<(), HandlerError> {
    if held? { Ok(()) } else { Err(HandlerError::Lost) }
}
