//! Waiting without sleeping.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// What somebody waited for did not come in time. Both formats show the chat.
#[derive(Clone, PartialEq, Eq)]
pub struct Unheard {
    /// What was waited for.
    pub awaited: String,
    /// For how long at most, in real time.
    pub patience: Duration,
    /// What was there instead.
    pub transcript: String,
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            awaited,
            patience,
            transcript,
        } = self;
        write!(
            f,
            "waited up to {patience:?} in vain for {awaited}; what was there:\n{transcript}"
        )
    }
}

/// A test that fails with this prints it, so it has to be readable.
impl fmt::Debug for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Unheard {}

/// Looks, then looks again each time the bell rings, until there is something to see, patience
/// runs out, or the stand-in stops, after which no bot can do anything.
pub(crate) async fn wait_on<T>(
    bell: &Notify,
    patience: Duration,
    stop: &CancellationToken,
    mut look: impl FnMut() -> Option<T>,
) -> Option<T> {
    if let Some(seen) = look() {
        return Some(seen);
    }
    let watch = async {
        loop {
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();
            if let Some(seen) = look() {
                return seen;
            }
            rung.await;
        }
    };
    let watch = tokio::time::timeout(patience, watch);
    stop.run_until_cancelled(watch).await?.ok()
}
