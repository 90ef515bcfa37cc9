//! getUpdates: stored first, confirmed afterwards.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{ApiError, Verdict};
use crate::gateway::Gateway;
use crate::intake::{Intake, IntakeAway};
use crate::meaning::Meaning;
use crate::update::Envelope;

/// How long Telegram holds a poll without updates (at most 50 s: Bot API server).
pub const LONG_POLL: Duration = Duration::from_secs(25);

/// The shortest and the longest pause after a failed poll, and while the store is away.
const PAUSE: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));

/// What polling knows about Telegram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// When Telegram last answered a poll as it should.
    pub last_success: Option<Timestamp>,
    /// Why the latest poll failed; none when it succeeded.
    pub trouble: Option<Trouble>,
}

impl Contact {
    /// Whether the latest poll succeeded.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.last_success.is_some() && self.trouble.is_none()
    }
}

/// Why a poll failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer, or one that asks for patience.
    Away,
    /// The token is refused (401, 404).
    Unauthorized,
    /// Another program polls with this token (409).
    OtherPoller,
    /// A webhook is set, so that nothing can be polled (409).
    WebhookSet,
}

/// Polls until it is told to stop.
pub struct Poller<I> {
    gateway: Gateway,
    intake: Arc<I>,
    clock: Arc<dyn Clock>,
    contact: watch::Sender<Contact>,
}

impl<I: Intake> Poller<I> {
    /// A poller that hands everything to `intake`.
    #[must_use]
    pub fn new(gateway: Gateway, intake: Arc<I>, clock: Arc<dyn Clock>) -> Self {
        let contact = watch::Sender::new(Contact {
            last_success: None,
            trouble: None,
        });
        Self {
            gateway,
            intake,
            clock,
            contact,
        }
    }

    /// What it knows about Telegram, kept current while it runs.
    #[must_use]
    pub fn contact(&self) -> watch::Receiver<Contact> {
        self.contact.subscribe()
    }

    /// Polls until `stop` is cancelled. Updates that were fetched but not confirmed by then
    /// arrive again at the next start.
    pub async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(self.poll()).await;
    }

    async fn poll(&self) {
        let mut offset = None;
        let mut pause = PAUSE.0;
        loop {
            // The first poll, and the first after trouble, does not wait for updates: whether Telegram
            // can be reached is to be known at once.
            let wait = if self.contact.borrow().is_good() {
                LONG_POLL
            } else {
                Duration::ZERO
            };
            match self.gateway.get_updates(offset, wait).await {
                Ok(updates) => {
                    pause = PAUSE.0;
                    self.contact.send_replace(Contact {
                        last_success: Some(self.clock.now()),
                        trouble: None,
                    });
                    let batch: Vec<Envelope> = updates
                        .iter()
                        .filter_map(|update| Envelope::of(update.get()).ok())
                        .collect();
                    if let Some(last) = batch.iter().map(|envelope| envelope.update_id).max() {
                        self.keep(batch).await;
                        offset = Some(last + 1);
                    } else if !updates.is_empty() {
                        // Nothing to confirm by: the same batch would come back at once.
                        tracing::warn!(count = updates.len(), "updates without an integer update_id");
                        self.clock.sleep(PAUSE.1).await;
                    }
                }
                Err(error) => {
                    let wait = self.note(&error).unwrap_or(pause);
                    self.clock.sleep(wait).await;
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// Keeps a batch, however long the store is away: Telegram holds the updates meanwhile.
    async fn keep(&self, batch: Vec<Envelope>) {
        let mut pause = PAUSE.0;
        while let Err(IntakeAway) = self.intake.keep(batch.clone()).await {
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// Writes down why a poll failed; returns how long Telegram asks to wait.
    fn note(&self, error: &ApiError) -> Option<TimeDelta> {
        let trouble = match error.meaning() {
            Some(Meaning::TokenRefused) => Trouble::Unauthorized,
            Some(Meaning::OtherProgram) => Trouble::OtherPoller,
            Some(Meaning::WebhookSet) => Trouble::WebhookSet,
            _ => Trouble::Away,
        };
        let before = self.contact.borrow().trouble;
        self.contact
            .send_modify(|contact| contact.trouble = Some(trouble));
        if before == Some(trouble) {
            tracing::debug!(%error, "polling still fails");
        } else {
            tracing::warn!(%error, ?trouble, "polling fails");
        }
        match error.verdict() {
            Verdict::Retry(wait) => wait,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
