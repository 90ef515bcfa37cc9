//! banChatMember, unbanChatMember and leaveChat.

use chrono::{DateTime, TimeDelta, Utc};

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::state::{Cause, ChatRef, RoomKind, RoomRecord, Status};

pub(super) const BAN: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("user_id", Type::Integer),
    optional("until_date", Type::Integer),
    optional("revoke_messages", Type::Boolean),
];

pub(super) const UNBAN: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("user_id", Type::Integer),
    optional("only_if_banned", Type::Boolean),
];

pub(super) const LEAVE: &[Parameter] = &[required("chat_id", Type::IntegerOrString)];

/// Who is to be removed without a ban is banned for so long first.
const REMOVAL_BAN: TimeDelta = TimeDelta::seconds(60);

pub(super) fn ban(context: &Context<'_>) -> Outcome {
    let user = recipient::user_id(context)?;
    let until = context.params.integer("until_date", 0, 0, i64::from(i32::MAX));
    let until = DateTime::from_timestamp(until, 0).filter(|_| until > 0);
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Write)?;
    let ChatRef::Room(room) = chat else {
        return Err(ApiError::bad_request("can't ban members in private chats"));
    };
    let is_known = world.is_user(user);
    let is_bot = world.bot(user).is_some();
    let record = world
        .room(room)
        .ok_or_else(|| ApiError::bad_request("chat not found"))?;
    let new = if record.kind() == RoomKind::Group && !is_bot {
        Status::Left
    } else {
        Status::kicked_until(until, now)
    };
    check_power_over(context, record, user, &new, now)?;
    if !is_known {
        return Err(ApiError::bad_request("PARTICIPANT_ID_INVALID"));
    }
    world.change_status(room, user, new, &Cause::by(context.bot), now);
    Ok(Reply::yes())
}

pub(super) fn unban(context: &Context<'_>) -> Outcome {
    let user = recipient::user_id(context)?;
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Write)?;
    let record = world
        .room(chat.id())
        .filter(|record| record.kind() != RoomKind::Group)
        .ok_or_else(|| ApiError::bad_request("method is available for supergroup and channel chats only"))?;
    let old = record.status(user, now);
    if context.params.boolean("only_if_banned") && !matches!(old, Status::Kicked { .. }) {
        return Ok(Reply::yes());
    }
    check_power_over(context, record, user, &Status::Left, now)?;
    if !world.is_user(user) {
        return Err(ApiError::bad_request("PARTICIPANT_ID_INVALID"));
    }
    let cause = Cause::by(context.bot);
    if old.is_present() {
        let banned = Status::Kicked {
            until: Some(now + REMOVAL_BAN),
        };
        world.change_status(chat.id(), user, banned, &cause, now);
    }
    world.change_status(chat.id(), user, Status::Left, &cause, now);
    Ok(Reply::yes())
}

pub(super) fn leave(context: &Context<'_>) -> Outcome {
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    match recipient::chat(context, &world, context.params.text("chat_id"), Right::Read)? {
        ChatRef::Private { .. } => Err(ApiError::bad_request("can't leave private chats")),
        ChatRef::Room(room) => {
            let is_in = |record: &RoomRecord| record.status(context.bot, now).is_present();
            if world.room(room).is_some_and(is_in) {
                world.change_status(room, context.bot, Status::Left, &Cause::by(context.bot), now);
            }
            Ok(Reply::yes())
        }
    }
}

/// Whether the bot may give somebody this standing; nobody is asked when they have it already.
fn check_power_over(
    context: &Context<'_>,
    room: &RoomRecord,
    user: i64,
    new: &Status,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let refuse = |text| Err(ApiError::bad_request(text));
    let old = room.status(user, now);
    let may = room
        .status(context.bot, now)
        .may(|rights| rights.can_restrict_members);
    match old {
        Status::Creator { .. } => refuse("can't remove chat owner"),
        _ if user == context.bot => refuse("can't restrict self"),
        _ if old == *new => Ok(()),
        _ if !may => refuse("not enough rights to restrict/unrestrict chat member"),
        Status::Administrator { promoted_by, .. } if promoted_by != context.bot => {
            refuse("user is an administrator of the chat")
        }
        _ => Ok(()),
    }
}
