//! Word that rows about a person have come to their end, for whoever waits for that.

use domain::id::UserId;
use tokio::sync::broadcast::{self, error::RecvError};

/// Ends that are kept for a waiter who is slow; whoever misses some looks all the same.
const KEPT: usize = 256;

/// Tells of ends. Clones tell the same listeners.
#[derive(Clone, Debug)]
pub(crate) struct Ends(broadcast::Sender<UserId>);

impl Default for Ends {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

/// Waits for ends that are told from now on.
#[derive(Debug)]
pub(crate) struct Listener(broadcast::Receiver<UserId>);

impl Ends {
    pub(crate) fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }

    pub(super) fn tell(&self, person: UserId) {
        // Mostly nobody listens.
        let _ = self.0.send(person);
    }
}

impl Listener {
    /// Returns when a row about the person has come to its end, or when that may have been missed.
    pub(crate) async fn end_of(&mut self, person: UserId) {
        loop {
            match self.0.recv().await {
                Ok(ended) if ended != person => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                // Nothing is sent any more.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
