//! Composition: which parts a house has, how it opens and how it closes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::id::BotId;
use store::Store;
use telegram::webhook::{self, Counters};
use telegram::{ApiError, Gateway};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use voice::Voice;

use crate::health::{self, Board, HttpServer, Prober, Served};
use crate::life::reception::FarReception;
use crate::life::{Means, Reception, Resident, Role, Standing};
use crate::metrics::Metrics;
use crate::schema::{self, SchemaRefused};
use crate::settings::{Settings, Updates};
use crate::watchdog::{Limits, Pulse, Watchdog};

/// What runs may take so long to finish after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(7);
/// What does not even give back what it had in hand is left behind. Together with closing the rest
/// this stays below 10 s.
const GIVE_BACK: Duration = Duration::from_millis(1_500);
/// The database may take so long to close.
const CLOSE: Duration = Duration::from_millis(500);

/// An open house: it serves in whatever role and tells how it is, until it is closed.
#[derive(Debug)]
pub struct House {
    store: Store,
    http: HttpServer,
    watchdog: Option<Watchdog>,
    standing: Standing,
    tasks: JoinSet<Ended>,
    stop: CancellationToken,
    cut: CancellationToken,
}

/// A house cannot open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database is none that this house can be opened on.
    #[error("the database: {0}")]
    Schema(#[from] SchemaRefused),
    /// A port is taken or not allowed.
    #[error("port {port} cannot be served: {error}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        error: io::Error,
    },
    /// The machine gives no thread.
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
}

/// Why an open house cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// Telegram refuses the token as it is introduced.
    #[error("Telegram refuses the bot's token (BOT_TOKEN): {0}")]
    Unauthorized(ApiError),
    /// Telegram has come to refuse the token.
    #[error("Telegram has refused the bot's token (BOT_TOKEN) for ten minutes")]
    TokenRevoked,
    /// The database cannot be migrated, or has become one that this house cannot work on.
    #[error("the database: {0}")]
    Schema(SchemaRefused),
    /// A part that must always run has ended.
    #[error("{0} has ended by itself")]
    PartEnded(&'static str),
}

/// How a background task ended.
type Ended = Result<&'static str, Fatal>;

impl House {
    /// Opens a house. Returns once HTTP is served; whether this process becomes the worker, and when
    /// Telegram is reached, shows later.
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
        let version = settings.introduction.as_ref().map_or("", |it| &it.version);
        let metrics = Arc::new(Metrics::new(version));
        let reception = Reception::new(store.clone(), clock.clone(), bot_id, metrics.clone());
        let reception = Arc::new(reception);
        let standing = Standing::default();
        let board = Board::default();
        let counters = Arc::new(Counters::default());

        let doors = health::bind(&settings.http.endpoints)
            .map_err(|(port, error)| StartError::Port { port, error })?;
        let webhook = match &settings.updates {
            Updates::Polling => None,
            Updates::Webhook(webhook) => Some(webhook::router(
                &webhook.path,
                webhook.secret.clone(),
                Arc::new(FarReception::new(reception.clone())),
                counters.clone(),
            )),
        };
        let served = Served {
            board: board.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            metrics_token: settings.http.metrics_token.clone(),
            webhook,
        };
        let http = HttpServer::start(doors, served).map_err(StartError::Thread)?;
        schema::admit(&store, settings.when_behind).await?;

        let pulse = Pulse::new();
        let watchdog = settings.alarm.clone().map(|alarm| {
            Watchdog::start(pulse.clone(), standing.clone(), Limits::USUAL, alarm).map_err(StartError::Thread)
        });
        let watchdog = watchdog.transpose()?;

        let stop = CancellationToken::new();
        let cut = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(until(stop.clone(), "the heartbeat", pulse.clone().run()));
        let prober = Prober {
            store: store.clone(),
            clock: clock.clone(),
            standing: standing.clone(),
            board,
            metrics: metrics.clone(),
            webhook: counters,
            pulse,
            backs_up: settings.backups.is_some(),
        };
        tasks.spawn(until(stop.clone(), "the prober", prober.run()));
        let resident = Resident::new(Means {
            settings: Arc::new(settings),
            bot: bot_id,
            store: store.clone(),
            gateway: gateway.observed_by(metrics.clone()),
            voice: Arc::new(voice),
            clock,
            metrics,
            reception,
            standing: standing.clone(),
        });
        let (stopped, cut_off) = (stop.clone(), cut.clone());
        tasks.spawn(async move {
            resident.run(stopped, cut_off).await?;
            Ok("the resident")
        });
        Ok(Self {
            store,
            http,
            watchdog,
            standing,
            tasks,
            stop,
            cut,
        })
    }

    /// Where HTTP is served.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.http.addresses()
    }

    /// What this process is in the house at present.
    #[must_use]
    pub fn role(&self) -> Role {
        self.standing.role()
    }

    /// Waits until this process is the worker.
    pub async fn on_duty(&self) {
        self.standing.until(Role::Worker).await;
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
    /// what does not, closes the database last. Takes less than 10 s. Returns whether every part
    /// closed in order; what had to be left behind does not count, the next worker takes it up.
    pub async fn close(mut self) -> bool {
        self.watchdog = None;
        self.stop.cancel();
        let mut in_order = true;
        let cut = self.cut.clone();
        let finished = tokio::time::timeout(DRAIN, finish(&mut self.tasks, &mut in_order)).await;
        if finished.is_err() {
            cut.cancel();
            let given_back = tokio::time::timeout(GIVE_BACK, finish(&mut self.tasks, &mut in_order)).await;
            if given_back.is_err() {
                tracing::warn!("what still runs is left behind");
                self.tasks.abort_all();
            }
        }
        drop(self.tasks);
        drop(self.http);
        if tokio::time::timeout(CLOSE, self.store.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
        in_order
    }
}

async fn finish(tasks: &mut JoinSet<Ended>, in_order: &mut bool) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a background task died");
            *in_order = false;
        }
    }
}

async fn until(stop: CancellationToken, name: &'static str, work: impl Future<Output = ()>) -> Ended {
    stop.run_until_cancelled(work).await;
    Ok(name)
}
