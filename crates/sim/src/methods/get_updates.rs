//! getUpdates: confirms, reads, and waits when there is nothing to read.

use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Context, Outcome, Parameter, Reply, Type, optional};
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
}

pub(super) async fn run(context: &Context<'_>) -> Outcome {
    match begin(context)? {
        Begun::Answered(updates) => Ok(Reply::json(updates)),
        Begun::Held(held) => wait(context, &held).await,
    }
}

enum Begun {
    Answered(String),
    Held(Held),
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
    context.shared.changed.notify_waiters();
    let until = now + TimeDelta::seconds(timeout);
    Ok(Begun::Held(Held {
        number: bot.poll.waiting,
        offset,
        limit,
        until,
    }))
}

async fn wait(context: &Context<'_>, held: &Held) -> Outcome {
    let shared = context.shared;
    let wake = {
        let world = shared.world();
        Arc::clone(
            &world
                .bot(context.bot)
                .ok_or_else(ApiError::unauthorized)?
                .poll
                .wake,
        )
    };
    let mut timeout = pin!(shared.clock.wait_until(held.until));
    loop {
        let mut woken = pin!(wake.notified());
        woken.as_mut().enable();
        match look(context, held)? {
            Look::Updates(updates) => return Ok(Reply::json(updates)),
            Look::Terminated { answer_at } => {
                if let Some(at) = answer_at {
                    tokio::select! {
                        () = shared.clock.wait_until(at) => {}
                        () = shared.stop.cancelled() => return Err(ApiError::restart()),
                    }
                }
                return Err(ApiError::terminated_by_other_poll());
            }
            Look::Nothing => {}
        }
        tokio::select! {
            () = woken => {}
            () = &mut timeout => return Ok(Reply::json("[]".into())),
            () = shared.stop.cancelled() => return Err(ApiError::restart()),
        }
    }
}

enum Look {
    Updates(String),
    Terminated { answer_at: Option<DateTime<Utc>> },
    Nothing,
}

fn look(context: &Context<'_>, held: &Held) -> Result<Look, ApiError> {
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if bot.poll.waiting != held.number {
        return Ok(Look::Terminated {
            answer_at: bot.poll.conflict(now),
        });
    }
    let from = bot.queue.begin(held.offset);
    let updates = bot.queue.read(from, held.limit, now);
    Ok(updates.map_or(Look::Nothing, Look::Updates))
}
