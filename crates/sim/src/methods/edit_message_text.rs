//! editMessageText.

use super::recipient::{self, Right};
use super::send_message::sent;
use super::{Context, Outcome, Parameter, Type, draft, optional, required};
use crate::error::ApiError;
use crate::journal::Problem;
use crate::keyboard::{self, Markup};
use crate::state::{By, Content, message_json};

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    optional("chat_id", Type::IntegerOrString),
    optional("message_id", Type::Integer),
    optional("inline_message_id", Type::String),
    required("text", Type::String),
    optional("parse_mode", Type::String),
    optional("entities", Type::Array),
    optional("link_preview_options", Type::Object),
    optional("rich_message", Type::Object),
    optional("reply_markup", Type::Object),
];

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are \
    exactly the same as a current content and reply markup of the message";

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let params = context.params;
    draft::check_link_preview(context)?;
    let text = draft::text(context)?;
    let markup = keyboard::parse(params.text("reply_markup"))?;
    let chat_id = params.text("chat_id");
    let message_id = params.integer("message_id", 0, i64::from(i32::MIN), i64::from(i32::MAX));
    if chat_id.is_empty() && message_id == 0 {
        if params.text("inline_message_id").is_empty() {
            return Err(ApiError::bad_request("message identifier is not specified"));
        }
        // There are no inline messages here, so this one is unknown.
        context.violation(Problem::Unsupported {
            what: "inline messages".into(),
        })?;
        return Err(ApiError::bad_request("MESSAGE_ID_INVALID"));
    }

    let not_found = || ApiError::bad_request("message to edit not found");
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let person = recipient::chat(context, &world, chat_id, Right::Edit)?;
    let id = i32::try_from(message_id).map_err(|_| not_found())?;
    let message = world
        .chat(context.bot, person)
        .and_then(|chat| chat.message(id))
        .ok_or_else(not_found)?;
    let has_other_markup = message
        .content
        .markup
        .as_ref()
        .is_some_and(|markup| markup.inline().is_none());
    if message.by != By::Bot || has_other_markup {
        return Err(ApiError::bad_request("message can't be edited"));
    }
    if text.text.is_empty() {
        return Err(ApiError::bad_request("text must be non-empty"));
    }
    if markup.as_ref().is_some_and(|markup| markup.inline().is_none()) {
        return Err(ApiError::bad_request("inline keyboard expected"));
    }
    let markup = markup.map(Markup::check).transpose()?.flatten();
    if text.text.chars().count() > draft::MAX_TEXT {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    markup.as_ref().map_or(Ok(()), Markup::check_limits)?;
    let content = Content { text, markup };
    if *message.content == content {
        return Err(ApiError::bad_request(NOT_MODIFIED));
    }

    let revision = world.next_revision();
    let chat = world.chat_mut(context.bot, person).ok_or_else(not_found)?;
    chat.edit(id, content, now, revision);
    sent(message_json(&world, context.bot, person, id))
}
