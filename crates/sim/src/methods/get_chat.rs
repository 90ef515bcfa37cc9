//! getChat, getChatMember, getChatAdministrators and getChatMemberCount.

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::state::{ChatRef, FullChatView, MemberView, RoomKind, RoomRecord, Status, World};

pub(super) const CHAT: &[Parameter] = &[required("chat_id", Type::IntegerOrString)];

pub(super) const MEMBER: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("user_id", Type::Integer),
];

pub(super) const ADMINISTRATORS: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("return_bots", Type::Boolean),
];

fn no_such_chat() -> ApiError {
    ApiError::bad_request("chat not found")
}

pub(super) fn chat(context: &Context<'_>) -> Outcome {
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Read)?;
    let now = context.shared.clock.now();
    let room = world.room_mut(chat.id());
    let invites = room.filter(|room| {
        room.status(context.bot, now)
            .may(|rights| rights.can_invite_users)
    });
    let shows_link = invites.is_some();
    // Whoever may have a standing link gets one by asking.
    if let Some(room) = invites
        && room.links.primary(context.bot).is_none()
    {
        room.links.renew_primary(context.bot);
    }
    let view = FullChatView::of(&world, chat, context.bot, shows_link);
    Ok(Reply::of(&view.ok_or_else(no_such_chat)?))
}

pub(super) fn member(context: &Context<'_>) -> Outcome {
    let user = recipient::user_id(context)?;
    let right = if user == context.bot {
        Right::Read
    } else {
        Right::ReadMembers
    };
    let world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), right)?;
    let status = match chat {
        ChatRef::Private { bot, person } if user != bot && user != person => {
            return Err(ApiError::bad_request("member not found"));
        }
        ChatRef::Private { .. } => Status::Member,
        ChatRef::Room(id) => {
            let room = world.room(id).ok_or_else(no_such_chat)?;
            let is_administrator = check_sees_members(context, room)?;
            if !world.is_user(user) {
                return Err(ApiError::bad_request("PARTICIPANT_ID_INVALID"));
            }
            if room.profile.has_hidden_members && !is_administrator && user != context.bot {
                return Err(ApiError::bad_request("CHAT_ADMIN_REQUIRED"));
            }
            room.status(user, context.shared.clock.now())
        }
    };
    let view = MemberView::of(&world, chat, user, &status, context.bot);
    Ok(Reply::of(&view.ok_or_else(no_such_chat)?))
}

pub(super) fn administrators(context: &Context<'_>) -> Outcome {
    let world = context.shared.world();
    let chat = recipient::chat(
        context,
        &world,
        context.params.text("chat_id"),
        Right::ReadMembers,
    )?;
    let ChatRef::Room(id) = chat else {
        return Err(ApiError::bad_request(
            "there are no administrators in the private chat",
        ));
    };
    let room = world.room(id).ok_or_else(no_such_chat)?;
    check_sees_members(context, room)?;
    let shown =
        |user: i64| user == context.bot || context.params.boolean("return_bots") || world.bot(user).is_none();
    let mut administrators: Vec<(i64, Status)> = room
        .present(context.shared.clock.now())
        .filter(|(user, status)| status.is_administrator() && shown(*user))
        .collect();
    administrators.sort_by_key(|(user, status)| (matches!(status, Status::Administrator { .. }), *user));
    let views: Vec<MemberView<'_>> = administrators
        .iter()
        .filter_map(|(user, status)| MemberView::of(&world, chat, *user, status, context.bot))
        .collect();
    Ok(Reply::of(&views))
}

pub(super) fn member_count(context: &Context<'_>) -> Outcome {
    let world = context.shared.world();
    let chat = recipient::chat(
        context,
        &world,
        context.params.text("chat_id"),
        Right::ReadMembers,
    )?;
    let count = match chat {
        ChatRef::Private { .. } => 2,
        ChatRef::Room(id) => count_members(context, &world, id),
    };
    Ok(Reply::of(&count))
}

fn count_members(context: &Context<'_>, world: &World, room: i64) -> usize {
    let room = world.room(room);
    room.map_or(0, |room| room.present(context.shared.clock.now()).count())
}

/// Whether the bot is an administrator; in a channel it has to be one to see members.
fn check_sees_members(context: &Context<'_>, room: &RoomRecord) -> Result<bool, ApiError> {
    let status = room.status(context.bot, context.shared.clock.now());
    let is_administrator = status.is_administrator();
    if room.kind() == RoomKind::Channel && !is_administrator {
        return Err(ApiError::bad_request("member list is inaccessible"));
    }
    Ok(is_administrator)
}
