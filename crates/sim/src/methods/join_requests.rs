//! approveChatJoinRequest and declineChatJoinRequest.

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, required};
use crate::error::ApiError;
use crate::state::World;

pub(super) const PARAMETERS: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("user_id", Type::Integer),
];

pub(super) fn approve(context: &Context<'_>) -> Outcome {
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let (room, user) = request(context, &world)?;
    let person = world
        .person(user)
        .ok_or_else(|| ApiError::bad_request("USER_ID_INVALID"))?;
    if world
        .room(room)
        .is_some_and(|room| room.status(user, now).is_present())
    {
        return Err(ApiError::bad_request("USER_ALREADY_PARTICIPANT"));
    }
    if !is_open(&world, room, user) {
        return Err(ApiError::bad_request("HIDE_REQUESTER_MISSING"));
    }
    if person.is_deactivated {
        return Err(ApiError::forbidden("user is deactivated"));
    }
    if person.is_at_room_limit {
        return Err(ApiError::bad_request("USER_CHANNELS_TOO_MUCH"));
    }
    world.approve(room, user, context.bot, now);
    Ok(Reply::yes())
}

pub(super) fn decline(context: &Context<'_>) -> Outcome {
    let mut world = context.shared.world();
    let (room, user) = request(context, &world)?;
    if world.person(user).is_none() {
        return Err(ApiError::bad_request("USER_ID_INVALID"));
    }
    if !world.decline(room, user, context.bot) {
        return Err(ApiError::bad_request("HIDE_REQUESTER_MISSING"));
    }
    Ok(Reply::yes())
}

/// The room and the user, if the bot may handle requests there.
fn request(context: &Context<'_>, world: &World) -> Result<(i64, i64), ApiError> {
    let user = recipient::user_id(context)?;
    let chat = recipient::chat(context, world, context.params.text("chat_id"), Right::Write)?;
    let room = world
        .room(chat.id())
        .ok_or_else(|| ApiError::bad_request("the chat can't have join requests"))?;
    let status = room.status(context.bot, context.shared.clock.now());
    if !status.may(|rights| rights.can_invite_users) {
        return Err(ApiError::bad_request(
            "not enough rights to manage chat join requests",
        ));
    }
    Ok((chat.id(), user))
}

fn is_open(world: &World, room: i64, user: i64) -> bool {
    world
        .room(room)
        .is_some_and(|room| room.requests.contains_key(&user))
}
