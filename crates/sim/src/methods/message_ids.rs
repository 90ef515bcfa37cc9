//! The numbers of messages that a call is about.

use serde_json::Value;

use super::Context;
use crate::error::ApiError;
use crate::params::elements;
use crate::state::{ChatRef, Message, World};

const MOST: usize = 100;

/// The parameter `message_id`; 0 when it is absent or cannot be one.
pub(super) fn one(context: &Context<'_>) -> i32 {
    // In range, as clamped.
    context.params.integer("message_id", 0, 0, i64::from(i32::MAX)) as i32
}

/// The parameter `message_ids`, in the order given.
pub(super) fn many(context: &Context<'_>) -> Result<Vec<i32>, ApiError> {
    let refuse = |text| Err(ApiError::bad_request(text));
    let ids = context.params.text("message_ids");
    if ids.is_empty() {
        return refuse("message identifiers are not specified");
    }
    let Ok(ids) = serde_json::from_str::<Value>(ids) else {
        return refuse("can't parse message_ids JSON object");
    };
    match elements(&ids) {
        None => refuse("expected an Array of message identifiers"),
        Some([]) => refuse("message identifiers are not specified"),
        Some(ids) if ids.len() > MOST => refuse("too many message identifiers specified"),
        Some(ids) => ids.iter().map(id).collect(),
    }
}

fn id(value: &Value) -> Result<i32, ApiError> {
    let number: Option<i32> = match value {
        Value::Number(number) => number.as_i64().and_then(|number| number.try_into().ok()),
        Value::String(text) => text.parse().ok(),
        _ => return Err(ApiError::bad_request("message identifier must be a Number")),
    };
    match number {
        None => Err(ApiError::bad_request(
            "can't parse message identifier as a Number",
        )),
        Some(..=0) => Err(ApiError::bad_request("invalid message identifier specified")),
        Some(number) => Ok(number),
    }
}

/// Whether the bot can look into a chat: it has to be in it, if that is a room.
pub(super) fn can_look(context: &Context<'_>, world: &World, chat: ChatRef) -> bool {
    let now = context.shared.clock.now();
    match chat {
        ChatRef::Private { .. } => true,
        ChatRef::Room(id) => world
            .room(id)
            .is_some_and(|room| room.status(context.bot, now).is_present()),
    }
}

/// A message of a chat, if the bot can look into that.
pub(super) fn find<'w>(
    context: &Context<'_>,
    world: &'w World,
    chat: ChatRef,
    id: i32,
) -> Option<&'w Message> {
    can_look(context, world, chat)
        .then(|| world.log(chat)?.message(id))
        .flatten()
}
