//! deleteMessage and deleteMessages.

use chrono::TimeDelta;

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, message_ids, required};
use crate::error::ApiError;
use crate::state::{ChatRef, Message, RoomKind, RoomRecord, Service, World};

pub(super) const ONE: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("message_id", Type::Integer),
];

pub(super) const MANY: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("message_ids", Type::Array),
];

/// For so long a bot may delete messages.
const DELETABLE: TimeDelta = TimeDelta::hours(48);

pub(super) fn one(context: &Context<'_>) -> Outcome {
    let chat_id = context.params.text("chat_id");
    if chat_id.is_empty() {
        return Err(ApiError::bad_request("chat identifier is not specified"));
    }
    let id = message_ids::one(context);
    if id == 0 {
        return Err(ApiError::bad_request("message identifier is not specified"));
    }
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, chat_id, Right::Write)?;
    let message = message_ids::find(context, &world, chat, id)
        .ok_or_else(|| ApiError::bad_request("message to delete not found"))?;
    check(context, &world, chat, message)?;
    delete(context, &mut world, chat, &[id])
}

pub(super) fn many(context: &Context<'_>) -> Outcome {
    let ids = message_ids::many(context)?;
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Write)?;
    for id in &ids {
        if let Some(message) = message_ids::find(context, &world, chat, *id) {
            check(context, &world, chat, message)?;
        }
    }
    delete(context, &mut world, chat, &ids)
}

fn delete(context: &Context<'_>, world: &mut World, chat: ChatRef, ids: &[i32]) -> Outcome {
    if let Some(log) = world.log_mut(chat) {
        ids.iter().for_each(|id| log.remove(*id, context.bot));
    }
    Ok(Reply::yes())
}

fn check(context: &Context<'_>, world: &World, chat: ChatRef, message: &Message) -> Result<(), ApiError> {
    context.concerns(chat, message.id);
    let room = match chat {
        ChatRef::Private { .. } => None,
        ChatRef::Room(id) => world.room(id),
    };
    let age = context.shared.clock.now() - message.date;
    match room {
        Some(room) if room.kind() != RoomKind::Group => {
            if age < DELETABLE && may_delete(context, room, message) {
                return Ok(());
            }
            Err(ApiError::bad_request("message can't be deleted"))
        }
        room => {
            if age <= DELETABLE && may_delete_for_everyone(context, room, message) {
                return Ok(());
            }
            Err(ApiError::bad_request("message can't be deleted for everyone"))
        }
    }
}

/// In a supergroup or channel.
fn may_delete(context: &Context<'_>, room: &RoomRecord, message: &Message) -> bool {
    let service = message.content.service();
    if message.id == 1 || matches!(service, Some(Service::MigratedFrom(_))) {
        return false;
    }
    let status = room.status(context.bot, context.shared.clock.now());
    let is_own = message.sender.id == context.bot;
    let needs_to_post = room.is_channel() || service.is_some();
    status.may(|rights| rights.can_delete_messages)
        || (is_own && (!needs_to_post || status.may(|rights| rights.can_post_messages)))
}

/// In a private chat, or a basic group, where only administrators delete what others write.
fn may_delete_for_everyone(context: &Context<'_>, group: Option<&RoomRecord>, message: &Message) -> bool {
    let is_service = message.content.service().is_some();
    let is_own = message.sender.id == context.bot && !is_service;
    is_own
        || match group {
            None => !is_service,
            Some(group) => group
                .status(context.bot, context.shared.clock.now())
                .is_administrator(),
        }
}
