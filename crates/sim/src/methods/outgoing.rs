//! What all methods that send have in common: the reply, the keyboard, the chat, and whether the
//! bot may write there.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::recipient::{self, Right};
use super::{Context, Outcome, Reply};
use crate::error::ApiError;
use crate::keyboard::{self, Markup, Place};
use crate::params::Fields;
use crate::state::{Body, ChatRef, Content, Draft, RoomRecord, Sender, Status, World, message_json};

/// The parameters at the end of every method that sends, as they came.
pub(super) struct Outgoing {
    reply_to: ReplyTo,
    markup: Option<Markup>,
    is_protected: bool,
}

/// Which message is replied to.
#[derive(Default)]
struct ReplyTo {
    message_id: i64,
    /// Send it anyway when that message is gone.
    may_be_missing: bool,
}

/// A message that has a chat to go to.
pub(super) struct Addressed {
    pub(super) chat: ChatRef,
    replied: Option<i32>,
    markup: Option<Markup>,
    is_protected: bool,
}

impl Outgoing {
    /// Reads `reply_parameters`, `reply_markup` and `protect_content`.
    pub(super) fn read(context: &Context<'_>) -> Result<Self, ApiError> {
        let outgoing = Self::without_markup(context)?;
        let markup = keyboard::parse(context.params.text("reply_markup"))?;
        Ok(Self { markup, ..outgoing })
    }

    /// Reads the same without `reply_markup`.
    pub(super) fn without_markup(context: &Context<'_>) -> Result<Self, ApiError> {
        let params = context.params;
        Ok(Self {
            reply_to: reply_to(params.text("reply_parameters"))?,
            markup: None,
            is_protected: params.boolean("protect_content"),
        })
    }

    /// Finds the chat and the message to be replied to.
    pub(super) fn address(self, context: &Context<'_>, world: &World) -> Result<Addressed, ApiError> {
        let chat = recipient::chat(context, world, context.params.text("chat_id"), Right::Write)?;
        let log = world
            .log(chat)
            .ok_or_else(|| ApiError::bad_request("chat not found"))?;
        let replied = i32::try_from(self.reply_to.message_id)
            .ok()
            .filter(|id| log.message(*id).is_some());
        if replied.is_none() && self.reply_to.message_id != 0 && !self.reply_to.may_be_missing {
            return Err(ApiError::bad_request("message to be replied not found"));
        }
        Ok(Addressed {
            chat,
            replied,
            markup: self.markup,
            is_protected: self.is_protected,
        })
    }
}

impl Addressed {
    /// Checks that the bot may post, if the chat is a channel.
    pub(super) fn check_post(&self, context: &Context<'_>, world: &World) -> Result<(), ApiError> {
        match self.room(context, world) {
            Some((room, status)) if room.is_channel() && !status.may(|rights| rights.can_post_messages) => {
                Err(ApiError::bad_request(
                    "need administrator rights in the channel chat",
                ))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the bot may write such a thing in the chat; `what` names it in the plural.
    pub(super) fn check_rights(
        &self,
        context: &Context<'_>,
        world: &World,
        what: &str,
    ) -> Result<(), ApiError> {
        self.check_post(context, world)?;
        match self.room(context, world) {
            Some((_, Status::Restricted { .. })) => Err(ApiError::bad_request(format!(
                "not enough rights to send {what} to the chat"
            ))),
            _ => Ok(()),
        }
    }

    /// The chat and how the bot stands in it, unless it is a private one.
    fn room<'w>(&self, context: &Context<'_>, world: &'w World) -> Option<(&'w RoomRecord, Status)> {
        let ChatRef::Room(id) = self.chat else {
            return None;
        };
        let room = world.room(id)?;
        Some((room, room.status(context.bot, context.shared.clock.now())))
    }

    /// Checks the keyboard, the pace, and whether the person lets the bot write: the last checks
    /// before sending so many messages.
    pub(super) fn finish(
        &mut self,
        context: &Context<'_>,
        world: &mut World,
        messages: usize,
        now: DateTime<Utc>,
    ) -> Result<(), ApiError> {
        let place = Place::of(world, self.chat);
        let markup = self.markup.take();
        self.markup = markup.map(|markup| markup.check(place)).transpose()?.flatten();
        context.admit(world, self.chat.id(), messages)?;
        if let ChatRef::Private { bot, person } = self.chat
            && let Some(chat) = world.private(bot, person)
        {
            if chat.is_blocked {
                return Err(ApiError::forbidden("bot was blocked by the user"));
            }
            if !chat.is_started && !world.request_opens_chat(bot, person, now) {
                return Err(ApiError::forbidden("bot can't initiate conversation with a user"));
            }
        }
        match &self.markup {
            Some(markup) => markup.check_limits(place),
            None => Ok(()),
        }
    }

    /// A message that is to be written, one of several perhaps.
    pub(super) fn draft(&self, body: Body) -> Draft {
        let markup = self.markup.clone();
        Draft {
            reply_to: self.replied,
            is_protected: self.is_protected,
            ..Draft::new(Content { body, markup })
        }
    }
}

/// Writes a message of the bot and answers with it.
pub(super) fn send(
    world: &mut World,
    context: &Context<'_>,
    chat: ChatRef,
    draft: Draft,
    now: DateTime<Utc>,
) -> Outcome {
    let id = write(world, context, chat, draft, now)?;
    sent(message_json(world, context.bot, chat, id))
}

/// Writes a message of the bot. Returns its id.
pub(super) fn write(
    world: &mut World,
    context: &Context<'_>,
    chat: ChatRef,
    draft: Draft,
    now: DateTime<Utc>,
) -> Result<i32, ApiError> {
    let id = world.write(chat, Sender::bot(context.bot), draft, now);
    let id = id.ok_or_else(|| ApiError::bad_request("chat not found"))?;
    context.concerns(chat, id);
    Ok(id)
}

/// The message that was just written or changed.
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
