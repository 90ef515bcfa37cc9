//! `lucien run`: the house, from the operator's environment, until it is stopped.

use std::process;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use bot::House;
use bot::clock::SystemClock;
use bot::house::{Fatal, StartError};
use bot::schema::WhenBehind;
use bot::settings::{Alarm, Backups, Introduction, Settings};
use bot::watchdog::Stall;
use chrono::TimeDelta;
use domain::clock::Clock;
use domain::departure::Grace;
use store::{Store, StoreOptions};
use telegram::Gateway;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use voice::{Choice, Voice};

use crate::config::{Config, DeploymentStage, Environment};
use crate::exit::Failure;

/// Closing a house takes less than 10 s; what has not closed by then is left behind.
const CLOSING: Duration = Duration::from_millis(9_500);

/// How long the log may take for its last line.
const LAST_WORD: Duration = Duration::from_secs(1);

pub(crate) async fn execute(environment: &Environment) -> Result<(), Failure> {
    // First of all, so that a stop is heard in every phase of the start.
    let stop = stop_signal()?;
    let config = Config::read(environment).map_err(Failure::Configuration)?;
    announce(&config);
    let Some(opened) = stop.run_until_cancelled(open(config)).await else {
        return Ok(());
    };
    let mut house = opened?;
    let fatal = tokio::select! {
        () = stop.cancelled() => None,
        fatal = house.fatal() => Some(fatal),
    };
    tracing::info!("closing");
    let closed = tokio::time::timeout(CLOSING, house.close()).await;
    match (fatal, closed) {
        (Some(fatal), _) => Err(fatal.into()),
        (None, Ok(true)) => Ok(()),
        (None, Ok(false)) => Err(anyhow!("a part of the house died while it closed").into()),
        (None, Err(_)) => Err(anyhow!("the house did not close in time").into()),
    }
}

async fn open(config: Config) -> Result<House, Failure> {
    let options = StoreOptions {
        backups: config.backup.dir.clone(),
        ..StoreOptions::default()
    };
    let store = Store::open(&config.database, &options)
        .await
        .with_context(|| format!("the database {} cannot be opened", config.database))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let gateway = Gateway::new(&config.api_url, &config.token, clock.clone(), config.rates)
        .context("the way to Telegram")?;
    let voice = Voice::builtin(config.texts.timezone, Choice::random());
    let keeper = config.first_custodian;
    let backups = config.backup.dir.map(|folder| Backups {
        folder,
        recipient: config.backup.age_recipient,
        keeper,
    });
    let settings = Settings {
        custodians: config.custodians,
        updates: config.updates,
        http: config.http,
        seed: config.seed,
        queue_every: TimeDelta::minutes(config.times.process_free_queue_minutes.into()),
        repeat_window: TimeDelta::minutes(config.times.free_request_spam_window_minutes.into()),
        sweep_every: TimeDelta::minutes(config.times.cleanup_interval_minutes.into()),
        grace: Grace::hours(config.times.vip_grace_hours),
        invitation_hours: config.times.invitation_valid_hours,
        creator: config.texts.creator(),
        backups,
        when_behind: match config.stage {
            DeploymentStage::Production => WhenBehind::Migrate,
            DeploymentStage::Development => WhenBehind::Refuse,
        },
        introduction: Some(Introduction {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api: (!config.api_url.is_official()).then(|| config.api_url.to_string()),
        }),
        alarm: Some(Alarm::new(give_up)),
    };
    Ok(House::start(settings, config.token.bot_id(), store, gateway, voice, clock).await?)
}

/// The platform starts another process; this one cannot even close what stands still. It may be the log
/// that nobody takes any more: its last word is waited for, but not for long.
fn give_up(stall: Stall) {
    let (said, heard) = mpsc::channel();
    let last_word = thread::Builder::new().spawn(move || {
        tracing::error!(part = %stall, "stands still: this process ends, for only a new one helps");
        said.send(())
    });
    drop(last_word);
    let _ = heard.recv_timeout(LAST_WORD);
    process::exit(1);
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Schema(refused) => refused.into(),
            error => Self::Runtime(anyhow::Error::new(error).context("the house cannot open")),
        }
    }
}

impl From<Fatal> for Failure {
    fn from(fatal: Fatal) -> Self {
        match fatal {
            Fatal::Unauthorized(_) => Self::Unauthorized(fatal.to_string()),
            Fatal::Schema(refused) => refused.into(),
            Fatal::TokenRevoked | Fatal::PartEnded(_) => Self::Runtime(fatal.into()),
        }
    }
}

/// Says what the house was told, without anything that is secret.
fn announce(config: &Config) {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        database = %config.database,
        stage = ?config.stage,
        custodians = config.custodians.len(),
        webhook = config.updates.is_webhook(),
        endpoints = ?config.http.endpoints,
        texts = ?config.texts,
        times = ?config.times,
        rates = ?config.rates,
        backup_dir = ?config.backup.dir,
        backups_encrypted = config.backup.age_recipient.is_some(),
        metrics_token = config.http.metrics_token.is_some(),
        profile_handlers = config.profile_handlers,
        "opening"
    );
    if config.backup.dir.is_none() {
        tracing::warn!("no backups are made: BACKUP_DIR names no folder");
    }
    if !config.api_url.is_official() {
        tracing::warn!(address = %config.api_url, "the Bot API is not Telegram's own server");
    }
}

/// A token that is cancelled by SIGINT or SIGTERM. A second signal ends the process at once.
///
/// # Errors
/// When the handlers cannot be installed.
pub(crate) fn stop_signal() -> Result<CancellationToken, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        for patience in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if !patience {
                std::process::exit(1);
            }
            stopped.cancel();
        }
    });
    Ok(stop)
}
