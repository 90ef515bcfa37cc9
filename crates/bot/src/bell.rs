//! A word from one part of the house to another.

use std::sync::Arc;

use tokio::sync::Notify;

/// Says that there is something to look at. Clones ring the same bell; one part listens to it. Rung
/// while nobody listens, it is heard once by whoever listens next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bell(Arc<Notify>);

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn rung(&self) {
        self.0.notified().await;
    }
}
