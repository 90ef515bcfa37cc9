//! Writes down which rows are done, many in one statement.
//!
//! Whatever has gathered while the last statement ran goes into the next one, so that nobody
//! waits for a timer and a busy house writes few statements.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::Clock;
use store::Store;
use store::inbox;
use tokio::sync::{mpsc, oneshot};

/// The most rows of one statement.
const BATCH: usize = 256;
/// How long to wait when the database cannot take them.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone, Debug)]
pub(crate) struct Finisher(mpsc::Sender<(i64, oneshot::Sender<()>)>);

impl Finisher {
    /// Starts the finisher of one epoch; it ends when the last handle is dropped.
    pub(crate) fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        epoch: i64,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(BATCH);
        (Self(sender), tokio::spawn(run(store, clock, epoch, receiver)))
    }

    /// Returns once the row is marked as done. The answer has been accepted by then, so this is
    /// tried until the database takes it; a crash in between repeats the answer, nothing else.
    pub(crate) async fn finish(&self, seq: i64) {
        let (written, wait) = oneshot::channel();
        if self.0.send((seq, written)).await.is_ok() {
            // An error means that the finisher is gone: the process ends.
            let _ = wait.await;
        }
    }
}

async fn run(
    store: Store,
    clock: Arc<dyn Clock>,
    epoch: i64,
    mut rows: mpsc::Receiver<(i64, oneshot::Sender<()>)>,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while rows.recv_many(&mut batch, BATCH).await > 0 {
        let seqs: Vec<i64> = batch.iter().map(|(seq, _)| *seq).collect();
        while let Err(error) = inbox::finish(&store.change(), &seqs, epoch, clock.now()).await {
            tracing::warn!(%error, count = seqs.len(), "rows cannot be marked as done yet");
            clock.sleep(PAUSE).await;
        }
        for (_, written) in batch.drain(..) {
            let _ = written.send(());
        }
    }
}
