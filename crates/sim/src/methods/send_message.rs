//! sendMessage.

use super::outgoing::{self, Outgoing};
use super::{Context, Outcome, Parameter, Type, draft, optional, required};
use crate::error::ApiError;
use crate::state::Body;

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("text", Type::String),
    optional("parse_mode", Type::String),
    optional("entities", Type::Array),
    optional("link_preview_options", Type::Object),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    optional("reply_parameters", Type::Object),
    optional("reply_markup", Type::Object),
];

pub(super) fn run(context: &Context<'_>) -> Outcome {
    draft::check_link_preview(context)?;
    let text = draft::text(context)?;
    let outgoing = Outgoing::read(context)?;

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let mut addressed = outgoing.address(context, &world)?;
    addressed.check_rights(context, &world, "text messages")?;
    if text.text.is_empty() {
        return Err(ApiError::bad_request("text must be non-empty"));
    }
    if text.text.chars().count() > draft::MAX_TEXT {
        return Err(ApiError::bad_request("message is too long"));
    }
    addressed.finish(context, &mut world, 1, now)?;
    let chat = addressed.chat;
    outgoing::send(&mut world, context, chat, addressed.draft(Body::Text(text)), now)
}
