//! sendChatAction.

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::state::ChatRef;

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    required("action", Type::String),
];

const ACTIONS: [&str; 15] = [
    "cancel",
    "choose_sticker",
    "find_location",
    "pick_up_location",
    "record_audio",
    "record_video",
    "record_video_note",
    "record_voice",
    "typing",
    "upload_audio",
    "upload_document",
    "upload_photo",
    "upload_video",
    "upload_video_note",
    "upload_voice",
];

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let action = context.params.text("action").to_lowercase();
    if !ACTIONS.contains(&action.as_str()) {
        return Err(ApiError::bad_request("wrong parameter action in request"));
    }
    let world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Write)?;
    match chat {
        ChatRef::Private { bot, person }
            if world.private(bot, person).is_some_and(|chat| chat.is_blocked) =>
        {
            Err(ApiError::forbidden("bot was blocked by the user"))
        }
        // In a channel nobody sees it.
        _ => Ok(Reply::yes()),
    }
}
