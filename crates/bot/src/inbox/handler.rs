//! What the worker asks of whoever handles updates.

use std::future::Future;

use store::inbox::Claimed;

use crate::error::HandlerError;

/// Works on updates: changes what has to change and sends the answer.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Runs once or again for the same row; running twice must do no harm. When it returns `Ok`,
    /// the state is committed and Telegram has accepted the answer.
    fn handle(&self, row: &Claimed, epoch: i64) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// How many messages and taps of a person may wait.
    fn room(&self, person: i64) -> usize;

    /// What a message or tap is that came when there was no room.
    fn surplus(&self, row: &Claimed) -> Surplus;

    /// Tells a person that there was too much, in place of handling the row: a tap ends, a message is
    /// answered with a word about it.
    fn decline(&self, row: &Claimed) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Tells a person that the row will not be handled, through no fault of theirs.
    fn apologize(&self, row: &Claimed) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// What becomes of a message or tap that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surplus {
    /// It waits nevertheless.
    Needed,
    /// A plain message: the person is told once, and it is dropped.
    Plain,
    /// A tap: it is ended at once, and nothing follows.
    Tap,
}
