//! Which chat a call is about, and whether the bot may use it.

use super::Context;
use crate::error::ApiError;
use crate::params::lenient_integer;
use crate::state::World;

/// What a method wants to do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    ReadMembers,
    Edit,
    Write,
}

/// The person in whose private chat a call acts.
pub(super) fn chat(
    context: &Context<'_>,
    world: &World,
    chat_id: &str,
    right: Right,
) -> Result<i64, ApiError> {
    let chat_not_found = || ApiError::bad_request("chat not found");
    if chat_id.is_empty() {
        return Err(ApiError::bad_request("chat_id is empty"));
    }
    let id = match chat_id.strip_prefix('@') {
        // Of those who are here, only bots are found by their username.
        Some(name) => world
            .bots()
            .iter()
            .find(|bot| bot.username.eq_ignore_ascii_case(name))
            .map(|bot| bot.id)
            .ok_or_else(chat_not_found)?,
        None => lenient_integer(chat_id),
    };
    if right == Right::Write && world.bot(id).is_some() {
        return Err(ApiError::forbidden("the bot can't send messages to the bot"));
    }
    let person = world.person(id).ok_or_else(chat_not_found)?;
    world.chat(context.bot, id).ok_or_else(chat_not_found)?;
    if person.is_deactivated && right != Right::ReadMembers {
        return Err(ApiError::forbidden("user is deactivated"));
    }
    Ok(id)
}
