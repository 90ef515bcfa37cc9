//! Composition: which parts a house has, how it opens and how it closes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::clock::Clock;
use domain::id::BotId;
use store::{Store, StoreError, bot_config, house};
use telegram::gateway::CommandScope;
use telegram::polling::Poller;
use telegram::{ApiError, Gateway, Verdict};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use voice::{CommandDescription, CommandId, Voice};

use crate::handlers::Dispatcher;
use crate::health::{self, Board, HealthServer, Prober};
use crate::inbox::{StoreIntake, Worker};
use crate::settings::Settings;

/// What runs may take so long to finish after a stop was asked for. Together with closing the
/// rest this stays below 10 s.
const DRAIN: Duration = Duration::from_secs(7);
/// The shortest and the longest pause between tries to reach Telegram at start.
const PAUSE: (TimeDelta, TimeDelta) = (TimeDelta::seconds(1), TimeDelta::seconds(60));

/// An open house: it receives, answers and tells how it is, until it is closed.
#[derive(Debug)]
pub struct House {
    store: Store,
    health: Option<HealthServer>,
    tasks: JoinSet<Ended>,
    stop: CancellationToken,
    cut: CancellationToken,
}

/// A house cannot open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A port for health is taken or not allowed.
    #[error("health cannot be served on port {port}: {error}")]
    HealthPort {
        /// The port.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The machine gives no thread.
    #[error("the health thread cannot be started: {0}")]
    HealthThread(io::Error),
}

/// Why an open house cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Telegram refuses the token.
    #[error("Telegram refuses the bot's token (BOT_TOKEN): {0}")]
    Unauthorized(ApiError),
    /// A part that must always run has ended.
    #[error("{0} has ended by itself")]
    PartEnded(&'static str),
}

/// How a background task ended.
type Ended = Result<&'static str, Fatal>;

impl House {
    /// Opens a house on a migrated database. Returns once health is served and everything runs;
    /// Telegram need not be in reach yet.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        settings: Settings,
        bot_id: BotId,
        store: Store,
        gateway: Gateway,
        voice: Voice,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let now = clock.now();
        let epoch = store
            .write(async |tx| {
                bot_config::ensure(tx, settings.seed, now).await?;
                house::raise_epoch(tx, now).await
            })
            .await?;

        let (intake, arrivals) = StoreIntake::new(store.clone(), clock.clone(), bot_id);
        let poller = Poller::new(gateway.clone(), Arc::new(intake), clock.clone());
        let contact = poller.contact();

        let board = Board::default();
        let listeners = health::bind(settings.health.host, &settings.health.ports)
            .map_err(|(port, error)| StartError::HealthPort { port, error })?;
        let health =
            HealthServer::start(listeners, board.clone(), clock.clone()).map_err(StartError::HealthThread)?;

        let stop = CancellationToken::new();
        let cut = CancellationToken::new();
        let mut tasks = JoinSet::new();

        let prober = Prober::new(store.clone(), clock.clone(), contact, board);
        tasks.spawn(until(stop.clone(), "the prober", prober.run()));

        let commands = CommandId::ALL
            .iter()
            .map(|id| voice.command(*id))
            .collect::<Vec<_>>();
        let dispatcher = Dispatcher::new(
            settings.custodians,
            store.clone(),
            gateway.clone(),
            voice,
            clock.clone(),
        );
        let worker = Worker::new(store.clone(), clock.clone(), Arc::new(dispatcher), epoch);
        let (worker_stop, worker_cut) = (stop.clone(), cut.clone());
        tasks.spawn(async move {
            worker.run(arrivals, worker_stop, worker_cut).await;
            Ok("the inbox worker")
        });

        let polling_stop = stop.clone();
        tasks.spawn(async move {
            let introduced = polling_stop
                .run_until_cancelled(introduce(&gateway, &*clock, &commands))
                .await;
            if let Some(introduced) = introduced {
                introduced?;
                poller.run(polling_stop).await;
            }
            Ok("polling")
        });

        Ok(Self {
            store,
            health: Some(health),
            tasks,
            stop,
            cut,
        })
    }

    /// Where health is served.
    #[must_use]
    pub fn health_addresses(&self) -> &[SocketAddr] {
        self.health.as_ref().map_or(&[], HealthServer::addresses)
    }

    /// Waits until something makes it impossible to go on.
    pub async fn fatal(&mut self) -> Fatal {
        match self.tasks.join_next().await {
            Some(Ok(Ok(part))) => Fatal::PartEnded(part),
            Some(Ok(Err(fatal))) => fatal,
            Some(Err(error)) => {
                tracing::error!(%error, "a background task died");
                Fatal::PartEnded("a background task")
            }
            None => Fatal::PartEnded("everything"),
        }
    }

    /// Closes the house: receives nothing more, lets what runs finish for a while, gives back
    /// what does not, closes the database last. Returns whether every part closed in order.
    pub async fn close(mut self) -> bool {
        self.stop.cancel();
        let cut = self.cut.clone();
        let timer = tokio::spawn(async move {
            tokio::time::sleep(DRAIN).await;
            cut.cancel();
        });
        let mut in_order = true;
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a background task died");
                in_order = false;
            }
        }
        timer.abort();
        self.health = None;
        self.store.close().await;
        in_order
    }
}

async fn until(stop: CancellationToken, name: &'static str, work: impl Future<Output = ()>) -> Ended {
    stop.run_until_cancelled(work).await;
    Ok(name)
}

/// Makes the bot known to itself and ready to poll, however long Telegram is away.
async fn introduce(
    gateway: &Gateway,
    clock: &dyn Clock,
    commands: &[CommandDescription],
) -> Result<(), Fatal> {
    let me = persist(clock, "getMe", || gateway.get_me())
        .await
        .map_err(Fatal::Unauthorized)?;
    tracing::info!(bot_id = me.id.0, "Telegram knows the bot");
    // Polling is refused while a webhook stands (Bot API, getUpdates).
    persist(clock, "deleteWebhook", || gateway.delete_webhook())
        .await
        .map_err(Fatal::Unauthorized)?;
    if let Err(error) = gateway
        .set_my_commands(CommandScope::AllPrivateChats, commands)
        .await
    {
        tracing::warn!(%error, "the list of commands could not be set");
    }
    Ok(())
}

/// Calls until Telegram accepts or refuses for good.
async fn persist<T, F>(clock: &dyn Clock, method: &str, call: impl Fn() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    let mut pause = PAUSE.0;
    loop {
        let error = match call().await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let wait = match error.verdict() {
            Verdict::Retry(wait) => wait.unwrap_or(pause),
            _ => return Err(error),
        };
        tracing::warn!(%error, method, "Telegram cannot be reached yet");
        clock.sleep(wait).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}
