//! A bot's webhook, as far as it is a matter of memory.

use std::net::IpAddr;

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

/// A webhook can be set once within this time.
const SET_PACE: TimeDelta = TimeDelta::seconds(1);

/// A webhook that has answered nothing but 410 for longer than this is removed.
const GONE_FOR: TimeDelta = TimeDelta::hours(23);

const HTTP_GONE: u16 = 410;

/// What setWebhook was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookSettings {
    /// As the bot wrote it.
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) max_connections: usize,
    /// The address to use instead of the one that the host's name resolves to; empty if none.
    pub(crate) ip_address: String,
    /// PEM, from the bot.
    pub(crate) certificate: Option<Bytes>,
}

/// The webhook that a bot has set, be it still under verification.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) settings: WebhookSettings,
    /// The address that it was verified at.
    pub(crate) address: Option<IpAddr>,
    /// Cancelled when it is removed.
    pub(crate) removed: CancellationToken,
    last_error: Option<(DateTime<Utc>, String)>,
    gone_since: Option<DateTime<Utc>>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Verifying,
    /// Verified, but nobody delivers to it yet.
    Verified,
    Served,
}

/// The webhook state of a bot.
#[derive(Debug, Default)]
pub(crate) struct Hook {
    current: Option<Webhook>,
    set_at: Option<DateTime<Utc>>,
    /// How many attempts to deliver have ended, well or badly.
    pub(crate) deliveries: u64,
}

impl Hook {
    pub(crate) fn current(&self) -> Option<&Webhook> {
        self.current.as_ref()
    }

    /// Whether setWebhook waits for a verification.
    pub(crate) fn is_being_verified(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|webhook| webhook.stage == Stage::Verifying)
    }

    /// Notes that a webhook is being set; false if that is too soon after the last time.
    pub(crate) fn admit(&mut self, now: DateTime<Utc>) -> bool {
        if self.set_at.is_some_and(|last| now - last < SET_PACE) {
            return false;
        }
        self.set_at = Some(now);
        true
    }

    /// Removes the webhook, and with it what is under way to it. True if there was one.
    pub(crate) fn remove(&mut self) -> bool {
        let old = self.current.take();
        if let Some(old) = &old {
            old.removed.cancel();
        }
        old.is_some()
    }

    /// Begins with a new webhook, which has to be verified. Returns what tells of its removal.
    pub(crate) fn begin(&mut self, settings: WebhookSettings) -> CancellationToken {
        self.remove();
        let removed = CancellationToken::new();
        self.current = Some(Webhook {
            settings,
            address: None,
            removed: removed.clone(),
            last_error: None,
            gone_since: None,
            stage: Stage::Verifying,
        });
        removed
    }

    /// From now on updates may be delivered.
    pub(crate) fn verified(&mut self, address: IpAddr) {
        if let Some(webhook) = &mut self.current {
            webhook.address = Some(address);
            webhook.stage = Stage::Verified;
        }
    }

    /// The webhook, if it is verified and nobody has taken charge of it yet.
    pub(crate) fn take_charge(&mut self) -> Option<&Webhook> {
        let webhook = self
            .current
            .as_mut()
            .filter(|webhook| webhook.stage == Stage::Verified)?;
        webhook.stage = Stage::Served;
        Some(webhook)
    }

    /// Notes how an attempt ended. `status` is the HTTP status, if there was an answer. True if
    /// the webhook has to be removed.
    pub(crate) fn attempted(
        &mut self,
        status: Option<u16>,
        error: Option<String>,
        now: DateTime<Utc>,
    ) -> bool {
        self.deliveries += 1;
        let Some(webhook) = &mut self.current else {
            return false;
        };
        if let Some(error) = error {
            webhook.last_error = Some((now, error));
        }
        match status {
            Some(HTTP_GONE) => now - *webhook.gone_since.get_or_insert(now) > GONE_FOR,
            Some(_) => {
                webhook.gone_since = None;
                false
            }
            None => false,
        }
    }
}

impl Webhook {
    pub(crate) fn last_error(&self) -> Option<&(DateTime<Utc>, String)> {
        self.last_error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unbroken_row_of_410_removes_a_webhook() {
        let mut hook = Hook::default();
        hook.begin(WebhookSettings {
            url: "https://bot.example/".into(),
            secret: String::new(),
            max_connections: 1,
            ip_address: String::new(),
            certificate: None,
        });
        let table = [
            (0, Some(410), false),
            (22, Some(500), false),
            (23, Some(410), false),
            (44, Some(200), false),
            (45, Some(410), false),
            // No answer at all says nothing.
            (60, None, false),
            (68, Some(410), false),
            (69, None, false),
            (69, Some(410), true),
        ];
        for (hours, status, is_over) in table {
            let now = DateTime::UNIX_EPOCH + TimeDelta::hours(hours);
            assert_eq!(hook.attempted(status, None, now), is_over, "{hours} {status:?}");
        }
        assert_eq!(hook.deliveries, 9);
    }
}
