//! getUpdates: confirms, reads, and waits when there is nothing to read.

use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::{Context, Outcome, Parameter, Reply, Type, Waiting, optional};
use crate::error::ApiError;
use crate::state::AllowedUpdates;

/// Seconds that a poll may wait at most.
const MAX_TIMEOUT: i64 = 50;

const MAX_LIMIT: i64 = 100;

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("offset", Type::Integer),
    optional("limit", Type::Integer),
    optional("timeout", Type::Integer),
    optional("allowed_updates", Type::Array),
];

/// A poll that found nothing and waits.
struct Held {
    number: u64,
    offset: i64,
    limit: usize,
    until: DateTime<Utc>,
    wake: Arc<Notify>,
}

/// What a poll sees when it looks for updates.
enum Look {
    Updates(String),
    Nothing,
    Conflict(ApiError),
}

pub(super) fn run<'a>(context: &'a Context<'a>) -> Waiting<'a> {
    Box::pin(async move {
        match begin(context)? {
            Begun::Answered(updates) => Ok(Reply::json(updates)),
            Begun::Held(held) => wait(context, &held).await,
            Begun::Refused(error) => Err(conflict(context, error).await),
        }
    })
}

enum Begun {
    Answered(String),
    Held(Held),
    Refused(ApiError),
}

fn begin(context: &Context<'_>) -> Result<Begun, ApiError> {
    let params = context.params;
    let offset = params.integer("offset", 0, i64::from(i32::MIN), i64::from(i32::MAX));
    let limit = params.integer("limit", MAX_LIMIT, 1, MAX_LIMIT);
    let timeout = params.integer("timeout", 0, 0, MAX_TIMEOUT);
    let allowed = AllowedUpdates::parse(params.text("allowed_updates"));

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if bot.hook.current().is_some() {
        return Ok(Begun::Refused(ApiError::webhook_is_active()));
    }
    if let Some(allowed) = allowed {
        bot.queue.allowed = allowed;
    }
    let (limit, timeout) = bot.poll.begin(offset, limit, timeout, now);
    // Clamped to 1..=100 above.
    let limit = limit as usize;
    let from = bot.queue.confirm(offset, now);
    if let Some(updates) = bot.queue.read(from, limit, now) {
        return Ok(Begun::Answered(updates));
    }
    if timeout == 0 {
        return Ok(Begun::Answered("[]".into()));
    }
    bot.poll.waiting += 1;
    bot.poll.wake.notify_waiters();
    context.shared.ring();
    Ok(Begun::Held(Held {
        number: bot.poll.waiting,
        offset,
        limit,
        until: now + TimeDelta::seconds(timeout),
        wake: Arc::clone(&bot.poll.wake),
    }))
}

async fn wait(context: &Context<'_>, held: &Held) -> Outcome {
    let shared = context.shared;
    let mut timeout = pin!(shared.clock.wait_until(held.until));
    loop {
        let mut woken = pin!(held.wake.notified());
        woken.as_mut().enable();
        match look(context, held)? {
            Look::Updates(updates) => return Ok(Reply::json(updates)),
            Look::Nothing => {}
            Look::Conflict(error) => return Err(conflict(context, error).await),
        }
        tokio::select! {
            () = woken => {}
            () = &mut timeout => return Ok(Reply::json("[]".into())),
            () = shared.stop.cancelled() => return Err(ApiError::restart()),
        }
    }
}

fn look(context: &Context<'_>, held: &Held) -> Result<Look, ApiError> {
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if bot.poll.ended_by_webhook >= held.number {
        return Ok(Look::Conflict(ApiError::terminated_by_webhook()));
    }
    if bot.poll.waiting != held.number {
        return Ok(Look::Conflict(ApiError::terminated_by_other_poll()));
    }
    let from = bot.queue.begin(held.offset);
    let updates = bot.queue.read(from, held.limit, now);
    Ok(updates.map_or(Look::Nothing, Look::Updates))
}

/// Holds the answer to a conflict if there was another one just before.
pub(super) async fn conflict(context: &Context<'_>, error: ApiError) -> ApiError {
    let shared = context.shared;
    let hold = {
        let mut world = shared.world();
        let bot = world.bot_mut(context.bot);
        bot.and_then(|bot| bot.poll.conflict(shared.clock.now()))
    };
    if let Some(until) = hold {
        let waited = shared.stop.run_until_cancelled(shared.clock.wait_until(until));
        if waited.await.is_none() {
            return ApiError::restart();
        }
    }
    error
}
