//! editMessageText.

use super::editing::Target;
use super::{Context, Outcome, Parameter, Type, draft, optional};
use crate::error::ApiError;
use crate::keyboard;
use crate::state::{Body, Content};

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    optional("chat_id", Type::IntegerOrString),
    optional("message_id", Type::Integer),
    optional("inline_message_id", Type::String),
    optional("text", Type::String),
    optional("parse_mode", Type::String),
    optional("entities", Type::Array),
    optional("link_preview_options", Type::Object),
    optional("rich_message", Type::Object),
    optional("reply_markup", Type::Object),
];

pub(super) fn run(context: &Context<'_>) -> Outcome {
    draft::check_link_preview(context)?;
    let text = draft::text(context)?;
    let markup = keyboard::parse(context.params.text("reply_markup"))?;

    let mut world = context.shared.world();
    let target = Target::find(context, &world)?;
    let message = target.message(&world)?;
    if !matches!(message.content.body, Body::Text(_)) {
        return Err(ApiError::bad_request("there is no text in the message to edit"));
    }
    if text.text.is_empty() {
        return Err(ApiError::bad_request("text must be non-empty"));
    }
    let markup = target.check_markup(&world, markup)?;
    if text.text.chars().count() > draft::MAX_TEXT {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    target.change(context, &mut world, Content::of(text, markup))
}
