//! deleteWebhook. There are no webhooks here yet, so there is never one to delete.

use super::{Context, Outcome, Parameter, Reply, Type, optional};
use crate::error::ApiError;

pub(super) const PARAMETERS: &[Parameter] = &[optional("drop_pending_updates", Type::Boolean)];

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let drop = context.params.boolean("drop_pending_updates");
    if drop {
        let mut world = context.shared.world();
        world
            .bot_mut(context.bot)
            .ok_or_else(ApiError::unauthorized)?
            .queue
            .clear();
    }
    let description = if drop {
        "Webhook was deleted"
    } else {
        "Webhook is already deleted"
    };
    Ok(Reply {
        description: Some(description),
        ..Reply::yes()
    })
}
