//! How updates come, and what is known of Telegram by it.
//!
//! Both ways begin alike: the bot is made known, and what the other way has left behind is undone
//! without dropping an update. A webhook's secret cannot be asked for, so the webhook is set at the
//! beginning of each epoch, which brings a new secret into force; afterwards Telegram is asked from
//! time to time whether it still is as it should be.

use std::convert::Infallible;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use telegram::gateway::{Webhook, WebhookInfo};
use telegram::polling::{Contact, LONG_POLL, Poller, Trouble};
use telegram::{ApiError, Gateway, Meaning, Verdict};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Gate, Means};
use crate::commands;
use crate::house::Fatal;
use crate::settings::{Updates, WebhookSettings};

/// The shortest and the longest pause between tries to reach Telegram.
const PAUSE: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));
/// How often Telegram is asked about the webhook.
const ASK_EVERY: TimeDelta = TimeDelta::minutes(5);
/// What an answer may take beyond its own time.
const SLACK: TimeDelta = TimeDelta::seconds(20);
/// How long Telegram may be out of reach before that is more than a shortcoming.
const AWAY: TimeDelta = TimeDelta::minutes(5);
/// The most updates that Telegram brings at once; its own default.
const MAX_CONNECTIONS: u32 = 40;
/// So many waiting updates are more than a busy moment.
const LARGE_QUEUE: u64 = 200;
/// A failed delivery is worth knowing of for so long.
const RECENT: TimeDelta = TimeDelta::minutes(10);

/// The worker's line to Telegram, for those who look at it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) contact: watch::Receiver<Contact>,
    /// Whether deliveries go well; none while Lucien polls.
    pub(crate) deliveries: Option<watch::Receiver<Deliveries>>,
    /// Closed while somebody else runs with the token.
    pub(crate) gate: Gate,
    /// When the line was opened.
    pub(crate) since: Timestamp,
    /// While all is well, a sign of life comes at least this often.
    pub(crate) rhythm: TimeDelta,
    /// A longer silence is more than a shortcoming.
    pub(crate) patience: TimeDelta,
}

/// How deliveries to the webhook go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deliveries {
    /// The webhook is not set, not yet or not any more.
    Unset,
    /// Many updates wait, or one could not be delivered of late.
    Hampered,
    /// As they should.
    Smooth,
}

/// What receives updates, until it is dropped or cannot go on.
pub(super) type Receiving = BoxFuture<'static, Result<Infallible, Fatal>>;

/// Opens the line in the mode of the settings.
pub(super) fn open(means: &Means, gate: Gate) -> (Line, Receiving) {
    let since = means.clock.now();
    match &means.settings.updates {
        Updates::Polling => {
            let poller = Poller::new(
                means.gateway.clone(),
                means.reception.clone(),
                means.clock.clone(),
            );
            let line = Line {
                contact: poller.contact(),
                deliveries: None,
                gate,
                since,
                rhythm: TimeDelta::from_std(LONG_POLL).unwrap_or(AWAY) + SLACK,
                patience: AWAY,
            };
            (line, poll(means.clone(), poller).boxed())
        }
        Updates::Webhook(webhook) => {
            let contact = watch::Sender::new(Contact {
                last_success: None,
                trouble: None,
            });
            let deliveries = watch::Sender::new(Deliveries::Unset);
            let line = Line {
                contact: contact.subscribe(),
                deliveries: Some(deliveries.subscribe()),
                gate,
                since,
                rhythm: ASK_EVERY + SLACK,
                patience: ASK_EVERY + AWAY,
            };
            let keeper = WebhookKeeper {
                gateway: means.gateway.clone(),
                clock: means.clock.clone(),
                webhook: webhook.clone(),
                contact,
                deliveries,
            };
            (line, keep(means.clone(), keeper).boxed())
        }
    }
}

async fn poll(means: Means, poller: Poller<super::Reception>) -> Result<Infallible, Fatal> {
    introduce(&means).await?;
    // Polling is refused while a webhook stands (Bot API, getUpdates).
    persist(&*means.clock, "deleteWebhook", || means.gateway.delete_webhook()).await?;
    // It ends only when it is told to, which nobody does: it is dropped.
    let polling = poller.run(CancellationToken::new());
    tokio::join!(set_commands(&means), polling);
    Err(Fatal::PartEnded("polling"))
}

async fn keep(means: Means, keeper: WebhookKeeper) -> Result<Infallible, Fatal> {
    introduce(&means).await?;
    keeper.note(Ok(()));
    let before = persist(&*means.clock, "getWebhookInfo", || {
        means.gateway.get_webhook_info()
    })
    .await?;
    tracing::info!(
        was_set = keeper.stands(&before),
        pending = before.pending_update_count,
        "the webhook is set"
    );
    persist(&*means.clock, "setWebhook", || keeper.set()).await?;
    Ok(tokio::join!(set_commands(&means), keeper.watch()).1)
}

/// Sets the command menus, while updates come already.
async fn set_commands(means: &Means) {
    commands::set_all(
        &means.gateway,
        &means.voice,
        &means.store,
        &means.settings.custodians,
    )
    .await;
}

/// Makes sure that Telegram knows the bot.
async fn introduce(means: &Means) -> Result<(), Fatal> {
    let me = persist(&*means.clock, "getMe", || means.gateway.get_me()).await?;
    tracing::info!(bot_id = me.id.0, "Telegram knows the bot");
    Ok(())
}

/// Calls until Telegram accepts, or knows the token not.
async fn persist<T, F>(clock: &dyn Clock, method: &str, call: impl Fn() -> F) -> Result<T, Fatal>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let mut pause = PAUSE.0;
    loop {
        let error = match call().await {
            Ok(result) => return Ok(result),
            Err(error) if error.meaning() == Some(Meaning::TokenRefused) => {
                return Err(Fatal::Unauthorized(error));
            }
            Err(error) => error,
        };
        let wait = asked(&error).unwrap_or(pause);
        tracing::warn!(%error, method, "Telegram cannot be reached yet");
        clock.sleep(wait).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// How long Telegram asks to wait.
fn asked(error: &ApiError) -> Option<TimeDelta> {
    match error.verdict() {
        Verdict::Retry(wait) => wait,
        _ => None,
    }
}

/// Sees to it that Telegram brings the updates here.
struct WebhookKeeper {
    gateway: Gateway,
    clock: std::sync::Arc<dyn Clock>,
    webhook: WebhookSettings,
    contact: watch::Sender<Contact>,
    deliveries: watch::Sender<Deliveries>,
}

impl WebhookKeeper {
    async fn set(&self) -> Result<(), ApiError> {
        let webhook = Webhook {
            url: &self.webhook.url,
            secret: &self.webhook.secret,
            max_connections: MAX_CONNECTIONS,
        };
        self.gateway.set_webhook(&webhook).await?;
        self.deliveries.send_replace(Deliveries::Smooth);
        Ok(())
    }

    async fn watch(&self) -> Infallible {
        let mut pause = PAUSE.0;
        loop {
            let looked = self.look().await;
            let wait = match &looked {
                Ok(()) => ASK_EVERY,
                Err(error) => asked(error).unwrap_or(pause),
            };
            pause = match looked {
                Ok(()) => PAUSE.0,
                Err(_) => (pause * 2).min(PAUSE.1),
            };
            self.note(looked);
            self.clock.sleep(wait).await;
        }
    }

    /// Asks how the webhook is, and sets it again when it is not as it should be: somebody may have
    /// polled with this token meanwhile.
    async fn look(&self) -> Result<(), ApiError> {
        let info = self.gateway.get_webhook_info().await?;
        if self.stands(&info) {
            let deliveries = judge(&info, self.clock.now());
            self.deliveries.send_replace(deliveries);
            return Ok(());
        }
        tracing::warn!(
            set = !info.url.is_empty(),
            "the webhook was changed by somebody else"
        );
        self.deliveries.send_replace(Deliveries::Unset);
        self.set().await
    }

    fn stands(&self, info: &WebhookInfo) -> bool {
        info.url == self.webhook.url.as_str() && info.max_connections == Some(MAX_CONNECTIONS)
    }

    fn note(&self, called: Result<(), ApiError>) {
        let before = self.contact.borrow().trouble;
        let now = self.clock.now();
        self.contact.send_modify(|contact| match &called {
            Ok(()) => {
                contact.last_success = Some(now);
                contact.trouble = None;
            }
            Err(error) if error.meaning() == Some(Meaning::TokenRefused) => {
                contact.trouble = Some(Trouble::Unauthorized);
            }
            Err(_) => contact.trouble = Some(Trouble::Away),
        });
        if let Err(error) = called
            && before.is_none()
        {
            tracing::warn!(%error, "the webhook cannot be looked after");
        }
    }
}

/// Whether deliveries go as they should.
fn judge(info: &WebhookInfo, now: Timestamp) -> Deliveries {
    let failed_of_late = info.last_error_at().is_some_and(|at| now - at <= RECENT);
    if failed_of_late || info.pending_update_count > LARGE_QUEUE {
        tracing::warn!(
            pending = info.pending_update_count,
            failed_of_late,
            "updates do not reach the webhook as they should"
        );
        Deliveries::Hampered
    } else {
        Deliveries::Smooth
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn deliveries_are_judged_by_what_waits_and_what_failed_of_late() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("in range");
        let info = |pending: u64, failed: Option<i64>| -> WebhookInfo {
            let failed = failed.map(|ago| now.timestamp() - ago);
            let json = serde_json::json!({
                "url": "https://lucien.example/webhook",
                "pending_update_count": pending,
                "last_error_date": failed,
            });
            serde_json::from_value(json).expect("its own shape")
        };
        let cases = [
            (info(0, None), Deliveries::Smooth),
            (info(200, None), Deliveries::Smooth),
            (info(201, None), Deliveries::Hampered),
            (info(0, Some(600)), Deliveries::Hampered),
            (info(0, Some(601)), Deliveries::Smooth),
        ];
        for (info, expected) in cases {
            assert_eq!(judge(&info, now), expected, "{info:?}");
        }
    }
}
