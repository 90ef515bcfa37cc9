//! Delivers updates to webhooks.
//!
//! Unlike the official server, this one opens as many connections at once as it may: its pace
//! would stand still with a clock that does.

mod lanes;
mod post;

use std::pin::pin;
use std::sync::Arc;

use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::lanes::{Lanes, Verdict};
use self::post::{Post, Taken};
use super::call;
use crate::faults::Mishap;
use crate::shared::Shared;
use crate::state::{Bot, Update, World};

/// How long the bot's server may take to answer.
const READ_TIMEOUT: TimeDelta = TimeDelta::seconds(60);

const TIMED_OUT: &str = "Read timeout expired";

/// Serves every webhook that gets set, until the stand-in stops.
pub(super) async fn serve(shared: Arc<Shared>) {
    let mut routes = JoinSet::new();
    let stop = shared.stop.clone();
    while stop
        .run_until_cancelled(shared.webhook_verified.notified())
        .await
        .is_some()
    {
        while routes.try_join_next().is_some() {}
        for route in Route::all_new(&shared) {
            routes.spawn(route.run());
        }
    }
}

/// The way of updates to one webhook, from when it is set to when it is removed.
struct Route {
    shared: Arc<Shared>,
    bot: i64,
    post: Post,
    max_connections: usize,
    removed: CancellationToken,
    /// Rung when there is a new update.
    wake: Arc<Notify>,
    lanes: Lanes,
}

/// How an attempt to deliver an update ended.
type Attempt = (Update, Result<Taken, String>);

impl Route {
    /// Takes charge of the webhooks that were set since the last time.
    fn all_new(shared: &Arc<Shared>) -> Vec<Self> {
        let mut world = shared.world();
        let bots = world.bots_mut().iter_mut();
        bots.filter_map(|bot| Self::new(shared, bot)).collect()
    }

    fn new(shared: &Arc<Shared>, bot: &mut Bot) -> Option<Self> {
        let webhook = bot.hook.take_charge()?;
        let max_connections = webhook.settings.max_connections;
        let removed = webhook.removed.clone();
        let post = match Post::new(&webhook.settings, webhook.address?) {
            Ok(post) => post,
            Err(error) => {
                let error = format!("Can't create an SSL context: {error}");
                bot.hook.attempted(None, Some(error), shared.clock.now());
                return None;
            }
        };
        Some(Self {
            shared: Arc::clone(shared),
            bot: bot.id,
            post,
            max_connections,
            removed,
            wake: Arc::clone(&bot.poll.wake),
            lanes: Lanes::default(),
        })
    }

    async fn run(mut self) {
        let removed = self.removed.clone();
        // What is under way then is broken off, and the updates stay in the queue.
        removed.run_until_cancelled(self.deliver_all()).await;
    }

    async fn deliver_all(&mut self) {
        let wake = Arc::clone(&self.wake);
        let shared = Arc::clone(&self.shared);
        let mut under_way: JoinSet<Attempt> = JoinSet::new();
        loop {
            let mut woken = pin!(wake.notified());
            woken.as_mut().enable();
            self.load();
            while under_way.len() < self.max_connections
                && let Some(update) = self.lanes.take(shared.clock.now())
            {
                under_way.spawn(attempt(Arc::clone(&shared), self.post.clone(), update));
            }
            let is_full = under_way.len() >= self.max_connections;
            let next_due = self.lanes.next_due().filter(|_| !is_full);
            tokio::select! {
                Some(ended) = under_way.join_next() => {
                    if let Ok((update, outcome)) = ended {
                        self.settle(&update, outcome);
                    }
                }
                () = woken => {}
                () = wait_for(&shared, next_due), if next_due.is_some() => {}
            }
        }
    }

    /// Takes updates out of the queue, some more than can be sent at once.
    fn load(&mut self) {
        let room = (2 * self.max_connections).saturating_sub(self.lanes.loaded());
        if room == 0 {
            return;
        }
        let now = self.shared.clock.now();
        let mut world = self.shared.world();
        let Some(bot) = world.bot_mut(self.bot) else {
            return;
        };
        let updates = bot.queue.load(self.lanes.next(), room, now);
        self.lanes.load(updates, now);
    }

    fn settle(&mut self, update: &Update, outcome: Result<Taken, String>) {
        let now = self.shared.clock.now();
        let status = outcome.as_ref().ok().map(|taken| taken.status);
        let (error, retry_after, call) = match outcome {
            Ok(taken) if taken.status.is_success() => (None, 0, taken.call),
            Ok(taken) => (Some(wrong_response(taken.status)), taken.retry_after, None),
            Err(error) => (Some(error), 0, None),
        };
        let is_done = if error.is_none() {
            self.lanes.done(update.key);
            true
        } else {
            self.lanes.failed(update.key, retry_after, now) == Verdict::Drop
        };
        tracing::debug!(
            bot = self.bot,
            update = update.id,
            error,
            is_done,
            "delivery attempted"
        );
        {
            let mut world = self.shared.world();
            self.note(&mut world, update, status, error, is_done);
        }
        self.shared.ring();
        if let Some((method, params)) = call {
            tokio::spawn(call::run(Arc::clone(&self.shared), self.bot, method, params));
        }
    }

    fn note(
        &self,
        world: &mut World,
        update: &Update,
        status: Option<StatusCode>,
        error: Option<String>,
        is_done: bool,
    ) {
        let now = self.shared.clock.now();
        let Some(bot) = world.bot_mut(self.bot) else {
            return;
        };
        if is_done {
            bot.queue.remove(update.id);
        }
        let status = status.map(|status| status.as_u16());
        if bot.hook.attempted(status, error, now) {
            tracing::info!(bot = self.bot, "the webhook said 410 for too long and is removed");
            bot.hook.remove();
        }
    }
}

async fn wait_for(shared: &Shared, next_due: Option<DateTime<Utc>>) {
    if let Some(at) = next_due {
        shared.clock.wait_until(at).await;
    }
}

fn wrong_response(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("Wrong response from the webhook: {} {reason}", status.as_u16())
}

/// Tries to deliver one update.
async fn attempt(shared: Arc<Shared>, post: Post, update: Update) -> Attempt {
    let deadline = shared.clock.now() + READ_TIMEOUT;
    let mishap = shared.faults().strike_delivery(update.key.about());
    if mishap.is_some() {
        shared.ring();
    }
    let answer = async {
        match mishap {
            None => post.send(&update.json).await,
            Some(Mishap { after_effect, .. }) => {
                if after_effect {
                    // The bot gets the update, but its answer is lost.
                    let _ = post.send(&update.json).await;
                }
                std::future::pending().await
            }
        }
    };
    let outcome = tokio::select! {
        outcome = answer => outcome,
        () = shared.clock.wait_until(deadline) => Err(TIMED_OUT.to_owned()),
    };
    (update, outcome)
}
