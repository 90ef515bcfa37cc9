//! editMessageCaption and editMessageReplyMarkup.

use super::editing::Target;
use super::{Context, Outcome, Parameter, Type, draft, optional};
use crate::error::ApiError;
use crate::keyboard;
use crate::state::{Body, Content, Media, MediaKind};

pub(super) const CAPTION: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    optional("chat_id", Type::IntegerOrString),
    optional("message_id", Type::Integer),
    optional("inline_message_id", Type::String),
    optional("caption", Type::String),
    optional("parse_mode", Type::String),
    optional("caption_entities", Type::Array),
    optional("show_caption_above_media", Type::Boolean),
    optional("reply_markup", Type::Object),
];

pub(super) const MARKUP: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    optional("chat_id", Type::IntegerOrString),
    optional("message_id", Type::Integer),
    optional("inline_message_id", Type::String),
    optional("reply_markup", Type::Object),
];

pub(super) fn caption(context: &Context<'_>) -> Outcome {
    let markup = keyboard::parse(context.params.text("reply_markup"))?;
    let caption = draft::caption(context)?;
    let is_above = context.params.boolean("show_caption_above_media");

    let mut world = context.shared.world();
    let target = Target::find(context, &world)?;
    let message = target.message(&world)?;
    let Some(media) = message.content.media() else {
        return Err(ApiError::bad_request(
            "there is no caption in the message to edit",
        ));
    };
    let is_visual = !matches!(media.file.kind(), MediaKind::Audio | MediaKind::Document);
    let (file, has_spoiler) = (media.file.clone(), media.has_spoiler);
    let markup = target.check_markup(&world, markup)?;
    if caption.text.chars().count() > draft::MAX_CAPTION {
        return Err(ApiError::bad_request("MEDIA_CAPTION_TOO_LONG"));
    }
    let media = Media {
        file,
        caption,
        is_caption_above: is_visual && is_above,
        has_spoiler,
    };
    let body = Body::Media(media);
    target.change(context, &mut world, Content { body, markup })
}

pub(super) fn markup(context: &Context<'_>) -> Outcome {
    let markup = keyboard::parse(context.params.text("reply_markup"))?;

    let mut world = context.shared.world();
    let target = Target::find(context, &world)?;
    let body = target.message(&world)?.content.body.copied();
    let body = body.ok_or_else(|| ApiError::bad_request("message can't be edited"))?;
    let markup = target.check_markup(&world, markup)?;
    target.change(context, &mut world, Content { body, markup })
}
