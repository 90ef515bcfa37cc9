//! Which chat a call is about, and whether the bot may use it.

use chrono::{DateTime, Utc};

use super::Context;
use crate::error::ApiError;
use crate::params::lenient_integer;
use crate::state::{ChatRef, RoomKind, RoomRecord, Status, World};

/// What a method wants to do in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Look at the chat or its messages.
    Read,
    /// Look at who is in it.
    ReadMembers,
    /// Change a message.
    Edit,
    /// Write, or change anything else.
    Write,
}

/// The id that a `chat_id` stands for; None for a username that nobody has.
pub(crate) fn id_of(world: &World, chat_id: &str) -> Option<i64> {
    match chat_id.strip_prefix('@') {
        Some(name) => by_username(world, name),
        None => Some(lenient_integer(chat_id)),
    }
}

/// The chat that a parameter names, if the bot has this right in it.
pub(super) fn chat(
    context: &Context<'_>,
    world: &World,
    chat_id: &str,
    right: Right,
) -> Result<ChatRef, ApiError> {
    let chat_not_found = || ApiError::bad_request("chat not found");
    if chat_id.is_empty() {
        return Err(ApiError::bad_request("chat_id is empty"));
    }
    let id = id_of(world, chat_id).ok_or_else(chat_not_found)?;
    if let Some(room) = world.room(id) {
        check_room(room, context.bot, right, context.shared.clock.now())?;
        return Ok(ChatRef::Room(id));
    }
    if right == Right::Write && world.bot(id).is_some() {
        return Err(ApiError::forbidden("the bot can't send messages to the bot"));
    }
    let person = world.person(id).ok_or_else(chat_not_found)?;
    world.private(context.bot, id).ok_or_else(chat_not_found)?;
    if person.is_deactivated && matches!(right, Right::Edit | Right::Write) {
        return Err(ApiError::forbidden("user is deactivated"));
    }
    Ok(ChatRef::Private {
        bot: context.bot,
        person: id,
    })
}

/// A room or a bot; people are not found by their usernames.
fn by_username(world: &World, name: &str) -> Option<i64> {
    let room = world.room_by_username(name).map(|room| room.id);
    room.or_else(|| {
        let mut bots = world.bots().iter();
        bots.find(|bot| bot.username.eq_ignore_ascii_case(name))
            .map(|bot| bot.id)
    })
}

fn check_room(room: &RoomRecord, bot: i64, right: Right, now: DateTime<Utc>) -> Result<(), ApiError> {
    if !room.knows(bot) && !room.is_public() {
        return Err(ApiError::bad_request("chat not found"));
    }
    let name = room.kind().name();
    let kicked = || ApiError::forbidden(&format!("bot was kicked from the {name} chat"));
    let not_a_member = || ApiError::forbidden(&format!("bot is not a member of the {name} chat"));
    let status = room.status(bot, now);
    if room.kind() == RoomKind::Group {
        return match (room.migrated_to, &status) {
            (Some(supergroup), _) if matches!(right, Right::ReadMembers | Right::Write) => {
                Err(ApiError::migrated(supergroup))
            }
            _ if room.is_deleted && matches!(right, Right::ReadMembers | Right::Write) => {
                Err(ApiError::forbidden("the group chat was deleted"))
            }
            _ if right == Right::Read => Ok(()),
            (_, Status::Kicked { .. }) => Err(kicked()),
            (_, status) if !status.is_present() => Err(not_a_member()),
            _ => Ok(()),
        };
    }
    let must_be_in = !room.is_public() || matches!(right, Right::Edit | Right::Write);
    match status {
        Status::Kicked { .. } => Err(kicked()),
        status if must_be_in && !status.is_present() => Err(not_a_member()),
        _ => Ok(()),
    }
}

/// The parameter `user_id`.
pub(super) fn user_id(context: &Context<'_>) -> Result<i64, ApiError> {
    let id = lenient_integer(context.params.text("user_id"));
    if id > 0 {
        Ok(id)
    } else {
        Err(ApiError::bad_request("invalid user_id specified"))
    }
}
