//! An epoch: what one worker does, from taking the house lock to giving it back.

use std::convert::Infallible;

use chrono::TimeDelta;
use domain::clock::Clock;
use store::lock::{HouseLock, Lost};
use store::{StoreError, bot_config, house};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::line;
use super::token::{self, Gate};
use super::{Means, Role, notices};
use crate::bell::Bell;
use crate::handlers::Dispatcher;
use crate::house::Fatal;
use crate::inbox::Worker;
use crate::jobs::{self, Around, Bells, Desk};
use crate::metrics::Counted;
use crate::outbox::{Ends, OutboxWorker};
use crate::schema::{self, SchemaRefused};

/// How often the lock is asked for.
const PING_EVERY: TimeDelta = TimeDelta::seconds(5);
/// The pause before a database that was away is tried again.
const PAUSE: TimeDelta = TimeDelta::seconds(1);
/// How often an SQLite file is asked whether others have written to it.
const VERSION_EVERY: TimeDelta = TimeDelta::milliseconds(200);

/// How an epoch ended that may be followed by another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// The house closes.
    Stopped,
    /// Somebody else may be the worker by now.
    Lost,
}

/// How a part ended.
type Ended = Result<&'static str, Fatal>;

/// Works while the lock is held, until `stop`; what runs then may finish until `cut`.
///
/// # Errors
/// What makes it impossible to go on.
pub(super) async fn work(
    means: &Means,
    mut lock: HouseLock<'_>,
    stop: &CancellationToken,
    cut: &CancellationToken,
) -> Result<Over, Fatal> {
    means.standing.become_one(Role::Opening);
    let opened = tokio::select! {
        Lost = keep(&mut lock, &*means.clock, || {}) => return Ok(lost()),
        // Given up half-way, a migration leaves everything as it was.
        opened = stop.run_until_cancelled(open(means)) => opened.transpose()?,
    };
    let Some(epoch) = opened else {
        lock.release().await;
        return Ok(Over::Stopped);
    };
    tracing::info!(epoch, "a new epoch begins");

    let mut parts = Parts::start(means, epoch, cut.clone());
    let over = tokio::select! {
        Lost = keep(&mut lock, &*means.clock, || means.reception.look()) => Over::Lost,
        fatal = parts.fatal() => return Err(fatal),
        () = stop.cancelled() => Over::Stopped,
    };
    means.reception.close();
    means.standing.become_one(Role::Outside);
    let still_held = match over {
        Over::Lost => false,
        Over::Stopped => tokio::select! {
            Lost = keep(&mut lock, &*means.clock, || {}) => false,
            () = parts.close() => true,
        },
    };
    if still_held {
        lock.release().await;
        return Ok(Over::Stopped);
    }
    // Nothing is given back: the rows in hand belong to an epoch that is over.
    parts.drop_at_once().await;
    lost();
    Ok(over)
}

fn lost() -> Over {
    tracing::warn!("the house lock is lost: all work is dropped");
    Over::Lost
}

/// Returns when the lock is lost; calls `woken` when others have stored updates.
async fn keep(lock: &mut HouseLock<'_>, clock: &dyn Clock, woken: impl Fn()) -> Lost {
    let mut ping = clock.sleep(PING_EVERY);
    loop {
        let held = tokio::select! {
            heard = lock.woken() => heard.map(|()| woken()),
            () = &mut ping => {
                ping = clock.sleep(PING_EVERY);
                lock.ping().await
            }
        };
        if let Err(lost) = held {
            return lost;
        }
    }
}

/// Migrates and begins the epoch, however long the database is away.
async fn open(means: &Means) -> Result<i64, Fatal> {
    let mut migrations = 0;
    loop {
        match try_open(means, &mut migrations).await {
            Ok(epoch) => return Ok(epoch),
            Err(SchemaRefused::Store(error)) => tracing::warn!(%error, "the house cannot be opened yet"),
            Err(refused) => return Err(Fatal::Schema(refused)),
        }
        means.clock.sleep(PAUSE).await;
    }
}

async fn try_open(means: &Means, migrations: &mut usize) -> Result<i64, SchemaRefused> {
    let Means { settings, store, .. } = means;
    let now = means.clock.now();
    let report = schema::prepare(store, settings.when_behind, now).await?;
    if !report.created {
        *migrations += report.steps.len();
    }
    let migrations = *migrations;
    let begun: Result<_, StoreError> = store
        .write(async |tx| {
            bot_config::ensure(tx, settings.seed.clone(), now).await?;
            notices::on_duty(tx, settings, migrations, now).await?;
            notices::invitations_held(tx, settings, now).await?;
            house::raise_epoch(tx, now).await
        })
        .await;
    Ok(begun?)
}

/// What runs in an epoch.
struct Parts {
    tasks: JoinSet<Ended>,
    stop: CancellationToken,
}

impl Parts {
    fn start(means: &Means, epoch: i64, cut: CancellationToken) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let Means {
            settings,
            store,
            clock,
            ..
        } = means;
        let (gate, outbox, ends) = (Gate::default(), Bell::default(), Ends::default());

        let desk = Desk {
            store: store.clone(),
            clock: clock.clone(),
            epoch,
            gate: gate.clone(),
        };
        let bells = Bells::default();
        for Around { name, rounds } in jobs::all(means, &desk, &bells, &outbox, &stop) {
            tasks.spawn(async move {
                rounds.await;
                Ok(name)
            });
        }

        let dispatcher = Dispatcher::new(means, outbox.clone(), bells.clone(), ends.clone());
        let handler = Counted::new(dispatcher, means.metrics.clone());
        let worker = Worker::new(store.clone(), clock.clone(), handler.into(), epoch);
        let arrivals = means.reception.work();
        let (stopped, cut_off) = (stop.clone(), cut.clone());
        tasks.spawn(async move {
            worker.run(arrivals, stopped, cut_off).await;
            Ok("the inbox worker")
        });

        let sender = OutboxWorker::new(means, bells, ends, epoch);
        let (bell, of_token, stopped) = (outbox.clone(), gate.clone(), stop.clone());
        tasks.spawn(async move {
            sender.run(bell, of_token, stopped, cut).await;
            Ok("the outbox worker")
        });

        let (line, receiving) = line::open(means, gate.clone());
        tasks.spawn(until(stop.clone(), "receiving updates", receiving));
        let watching = token::watch(means.clone(), line.contact.clone(), gate, outbox);
        tasks.spawn(until(stop.clone(), "the watch over the token", watching));
        if store.url().path().is_some() && settings.updates.is_webhook() {
            let listening = listen(means.clone());
            tasks.spawn(until(stop.clone(), "the watch over the file", listening));
        }
        means.standing.become_worker(line);
        Self { tasks, stop }
    }

    /// Waits until something makes it impossible to go on.
    async fn fatal(&mut self) -> Fatal {
        match self.tasks.join_next().await {
            Some(Ok(Ok(part))) => Fatal::PartEnded(part),
            Some(Ok(Err(fatal))) => fatal,
            Some(Err(error)) => {
                tracing::error!(%error, "a part of the worker died");
                Fatal::PartEnded("a part of the worker")
            }
            None => Fatal::PartEnded("everything"),
        }
    }

    /// Receives nothing more and lets what runs come to its end.
    async fn close(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a part of the worker could not go on"),
                Err(error) => tracing::error!(%error, "a part of the worker died"),
            }
        }
    }

    async fn drop_at_once(&mut self) {
        self.tasks.shutdown().await;
    }
}

async fn until(
    stop: CancellationToken,
    name: &'static str,
    work: impl Future<Output = Result<Infallible, Fatal>>,
) -> Ended {
    match stop.run_until_cancelled(work).await {
        Some(Err(fatal)) => Err(fatal),
        None => Ok(name),
    }
}

/// Hears of what standbys store in the same SQLite file.
async fn listen(means: Means) -> Result<Infallible, Fatal> {
    let mut seen = None;
    loop {
        match means.store.data_version().await {
            Ok(version) if seen == version => {}
            Ok(version) => {
                seen = version;
                means.reception.look();
            }
            Err(error) => tracing::debug!(%error, "the file cannot be asked whether others have written"),
        }
        means.clock.sleep(VERSION_EVERY).await;
    }
}
