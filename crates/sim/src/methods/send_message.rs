//! sendMessage.

use std::sync::Arc;

use serde_json::Value;

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, draft, optional, required};
use crate::error::ApiError;
use crate::keyboard::{self, Markup};
use crate::params::Fields;
use crate::state::{By, Content, Message, message_json};

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

/// Which message is replied to.
#[derive(Default)]
struct ReplyTo {
    message_id: i64,
    /// Send it anyway when that message is gone.
    may_be_missing: bool,
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    draft::check_link_preview(context)?;
    let text = draft::text(context)?;
    let reply_to = reply_to(context.params.text("reply_parameters"))?;
    let markup = keyboard::parse(context.params.text("reply_markup"))?;

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let person = recipient::chat(context, &world, context.params.text("chat_id"), Right::Write)?;
    let chat = world
        .chat(context.bot, person)
        .ok_or_else(|| ApiError::bad_request("chat not found"))?;
    let replied = i32::try_from(reply_to.message_id)
        .ok()
        .filter(|id| chat.message(*id).is_some());
    if replied.is_none() && reply_to.message_id != 0 && !reply_to.may_be_missing {
        return Err(ApiError::bad_request("message to be replied not found"));
    }
    if text.text.is_empty() {
        return Err(ApiError::bad_request("text must be non-empty"));
    }
    if text.text.chars().count() > draft::MAX_TEXT {
        return Err(ApiError::bad_request("message is too long"));
    }
    let markup = markup.map(Markup::check).transpose()?.flatten();
    if chat.is_blocked {
        return Err(ApiError::forbidden("bot was blocked by the user"));
    }
    if !chat.is_started {
        return Err(ApiError::forbidden("bot can't initiate conversation with a user"));
    }
    markup.as_ref().map_or(Ok(()), Markup::check_limits)?;

    let revision = world.next_revision();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    let id = bot.next_message_id();
    bot.chat_with(person).add(Message {
        id,
        by: By::Bot,
        date: now,
        edit_date: None,
        content: Arc::new(Content { text, markup }),
        reply_to: replied,
        is_protected: context.params.boolean("protect_content"),
        revision,
    });
    sent(message_json(&world, context.bot, person, id))
}

/// The message that was just written.
pub(super) fn sent(message: Option<String>) -> Outcome {
    message
        .map(Reply::json)
        .ok_or_else(|| ApiError::bad_request("chat not found"))
}

fn reply_to(parameter: &str) -> Result<ReplyTo, ApiError> {
    if parameter.is_empty() {
        return Ok(ReplyTo::default());
    }
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Err(ApiError::bad_request("can't parse reply parameters JSON object"));
    };
    let Value::Object(object) = value else {
        return Err(ApiError::bad_request("object expected as reply parameters"));
    };
    let fields = Fields(&object);
    let read = || {
        Ok(ReplyTo {
            message_id: fields.optional_integer("message_id")?,
            may_be_missing: fields.boolean("allow_sending_without_reply")?,
        })
    };
    read().map_err(|x: String| ApiError::bad_request(format!("can't parse reply parameters: {x}")))
}
