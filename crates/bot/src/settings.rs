//! What a house has to be told before it can open.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::departure::Grace;
use domain::id::UserId;
use secrecy::SecretString;
use store::archive::Recipient;
use store::bot_config::ConfigSeed;
use telegram::address::WebhookSecret;
use url::Url;

use crate::schema::WhenBehind;
use crate::watchdog::Stall;

/// The settings of one house. Values that the custodian can change later only seed the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The custodians. Never empty in a house that serves people.
    pub custodians: BTreeSet<UserId>,
    /// How updates arrive.
    pub updates: Updates,
    /// What is served over HTTP.
    pub http: HttpSettings,
    /// What the row of `bot_config` begins with.
    pub seed: ConfigSeed,
    /// How long the queue of the visitors' channel is looked away from at most.
    pub queue_every: TimeDelta,
    /// The time within which whoever asks at that channel again is answered once.
    pub repeat_window: TimeDelta,
    /// How long ended memberships are looked away from at most.
    pub sweep_every: TimeDelta,
    /// How long after its end a membership is taken away. What it opens ends with it all the same.
    pub grace: Grace,
    /// For how many hours an invitation can be accepted.
    pub invitation_hours: i32,
    /// Where the creator can be written to in person; none, nowhere.
    pub creator: Option<Url>,
    /// Backups that are made by themselves; none, none are.
    pub backups: Option<Backups>,
    /// What the worker does with a schema that is behind.
    pub when_behind: WhenBehind,
    /// What custodians are told when the house takes up its work; none, nothing.
    pub introduction: Option<Introduction>,
    /// What is done when a part has stopped working; none, nobody watches.
    pub alarm: Option<Alarm>,
}

/// Where backups are made by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backups {
    /// The folder.
    pub folder: PathBuf,
    /// For whom they are encrypted; none, they are not.
    pub recipient: Option<Recipient>,
    /// Who is sent what is encrypted.
    pub keeper: UserId,
}

/// How updates arrive.
#[derive(Clone, Debug)]
pub enum Updates {
    /// Lucien fetches them.
    Polling,
    /// Telegram brings them.
    Webhook(WebhookSettings),
}

impl Updates {
    /// Whether Telegram brings them.
    #[must_use]
    pub const fn is_webhook(&self) -> bool {
        matches!(self, Self::Webhook(_))
    }
}

/// Where Telegram brings updates.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The address as Telegram is told it.
    pub url: Url,
    /// The path that is served here, beginning with a slash.
    pub path: String,
    /// What proves that an update comes from Telegram.
    pub secret: WebhookSecret,
}

/// What is served over HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where. None, no server.
    pub endpoints: Vec<Endpoint>,
    /// What opens `/metrics` where it is not open to all.
    pub metrics_token: Option<SecretString>,
}

/// A port that is served. All of them answer about health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The address that is listened on; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether the webhook is served here.
    pub webhook: bool,
    /// Whether `/metrics` needs no token here, because strangers do not come here.
    pub open_metrics: bool,
}

/// How the house introduces itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introduction {
    /// The version that runs.
    pub version: String,
    /// The address of the Bot API, if it is not Telegram's own.
    pub api: Option<String>,
}

/// Called, from a thread of its own, when a part has stopped working.
#[derive(Clone)]
pub struct Alarm(Arc<dyn Fn(Stall) + Send + Sync>);

impl Alarm {
    /// An alarm that does this.
    #[must_use]
    pub fn new(ring: impl Fn(Stall) + Send + Sync + 'static) -> Self {
        Self(Arc::new(ring))
    }

    pub(crate) fn ring(&self, stall: Stall) {
        (self.0)(stall);
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
}
