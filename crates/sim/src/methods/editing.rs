//! What all methods that edit have in common.

use super::outgoing::sent;
use super::recipient::{self, Right};
use super::{Context, Outcome};
use crate::error::ApiError;
use crate::journal::Problem;
use crate::keyboard::{Markup, Place};
use crate::state::{ChatRef, Content, Message, World, message_json};

pub(super) const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are \
    exactly the same as a current content and reply markup of the message";

/// A message that the bot may edit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) chat: ChatRef,
    pub(super) id: i32,
}

fn not_found() -> ApiError {
    ApiError::bad_request("message to edit not found")
}

impl Target {
    /// Finds the message that `chat_id` and `message_id` name, and checks that the bot may edit
    /// it.
    pub(super) fn find(context: &Context<'_>, world: &World) -> Result<Self, ApiError> {
        let params = context.params;
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
        let chat = recipient::chat(context, world, chat_id, Right::Edit)?;
        let id = i32::try_from(message_id).map_err(|_| not_found())?;
        let target = Self { chat, id };
        context.concerns(chat, id);
        if may_edit(context, world, chat, target.message(world)?) {
            Ok(target)
        } else {
            Err(ApiError::bad_request("message can't be edited"))
        }
    }

    /// The message as it stands.
    pub(super) fn message(self, world: &World) -> Result<&Message, ApiError> {
        let log = world.log(self.chat);
        log.and_then(|log| log.message(self.id)).ok_or_else(not_found)
    }

    /// What becomes of the keyboard.
    pub(super) fn check_markup(
        self,
        world: &World,
        markup: Option<Markup>,
    ) -> Result<Option<Markup>, ApiError> {
        if markup.as_ref().is_some_and(|markup| markup.inline().is_none()) {
            return Err(ApiError::bad_request("inline keyboard expected"));
        }
        let place = Place::of(world, self.chat);
        Ok(markup.map(|markup| markup.check(place)).transpose()?.flatten())
    }

    /// Changes the message and answers with it.
    pub(super) fn change(self, context: &Context<'_>, world: &mut World, content: Content) -> Outcome {
        if let Some(markup) = &content.markup {
            markup.check_limits(Place::of(world, self.chat))?;
        }
        if *self.message(world)?.content == content {
            return Err(ApiError::bad_request(NOT_MODIFIED));
        }
        let now = context.shared.clock.now();
        world.edit(self.chat, self.id, context.bot, content, now);
        sent(message_json(world, context.bot, self.chat, self.id))
    }
}

fn may_edit(context: &Context<'_>, world: &World, chat: ChatRef, message: &Message) -> bool {
    let content = &message.content;
    let has_other_markup = content
        .markup
        .as_ref()
        .is_some_and(|markup| markup.inline().is_none());
    if message.origin.is_some() || content.service().is_some() || has_other_markup {
        return false;
    }
    let is_own = message.sender.id == context.bot;
    let room = match chat {
        ChatRef::Private { .. } => None,
        ChatRef::Room(id) => world.room(id).filter(|room| room.is_channel()),
    };
    room.map_or(is_own, |room| {
        let status = room.status(context.bot, context.shared.clock.now());
        status.may(|rights| rights.can_edit_messages || (is_own && rights.can_post_messages))
    })
}
