//! sendPhoto, sendVideo and sendDocument.

use super::input_file::InputFile;
use super::outgoing::{self, Outgoing};
use super::{Context, Outcome, Parameter, Type, draft, optional, required};
use crate::error::ApiError;
use crate::state::{Body, Media, MediaKind, NewFile, Stored};

pub(super) const PHOTO: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("photo", Type::FileOrString),
    optional("caption", Type::String),
    optional("parse_mode", Type::String),
    optional("caption_entities", Type::Array),
    optional("show_caption_above_media", Type::Boolean),
    optional("has_spoiler", Type::Boolean),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    optional("reply_parameters", Type::Object),
    optional("reply_markup", Type::Object),
];

pub(super) const VIDEO: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("video", Type::FileOrString),
    optional("duration", Type::Integer),
    optional("width", Type::Integer),
    optional("height", Type::Integer),
    optional("thumbnail", Type::FileOrString),
    optional("cover", Type::FileOrString),
    optional("start_timestamp", Type::Integer),
    optional("caption", Type::String),
    optional("parse_mode", Type::String),
    optional("caption_entities", Type::Array),
    optional("show_caption_above_media", Type::Boolean),
    optional("has_spoiler", Type::Boolean),
    optional("supports_streaming", Type::Boolean),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    optional("reply_parameters", Type::Object),
    optional("reply_markup", Type::Object),
];

pub(super) const DOCUMENT: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("document", Type::FileOrString),
    optional("thumbnail", Type::FileOrString),
    optional("caption", Type::String),
    optional("parse_mode", Type::String),
    optional("caption_entities", Type::Array),
    optional("disable_content_type_detection", Type::Boolean),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    optional("reply_parameters", Type::Object),
    optional("reply_markup", Type::Object),
];

/// The largest number that width, height and duration may be.
pub(super) const MAX_MEASURE: i64 = 10_000;

/// The longest film or piece of music, in seconds.
pub(super) const MAX_DURATION: i64 = 24 * 60 * 60;

pub(super) fn photo(context: &Context<'_>) -> Outcome {
    run(context, MediaKind::Photo)
}

pub(super) fn video(context: &Context<'_>) -> Outcome {
    run(context, MediaKind::Video)
}

pub(super) fn document(context: &Context<'_>) -> Outcome {
    run(context, MediaKind::Document)
}

fn run(context: &Context<'_>, kind: MediaKind) -> Outcome {
    let params = context.params;
    let name = kind.name();
    let Some(file) = InputFile::read(context, name, params.text(name)) else {
        return Err(ApiError::bad_request(format!(
            "there is no {name} in the request"
        )));
    };
    let caption = draft::caption(context)?;
    let outgoing = Outgoing::read(context)?;

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let mut addressed = outgoing.address(context, &world)?;
    addressed.check_rights(context, &world, kind.plural())?;
    let sendable = file
        .check(&world, context.bot, facts(context, kind))
        .map_err(ApiError::bad_request)?;
    if caption.text.chars().count() > draft::MAX_CAPTION {
        return Err(ApiError::bad_request("message caption is too long"));
    }
    addressed.finish(context, &mut world, 1, now)?;
    let media = Media {
        file: sendable.keep(&mut world).map_err(ApiError::bad_request)?,
        caption,
        is_caption_above: kind != MediaKind::Document && params.boolean("show_caption_above_media"),
        has_spoiler: kind != MediaKind::Document && params.boolean("has_spoiler"),
    };
    let chat = addressed.chat;
    outgoing::send(
        &mut world,
        context,
        chat,
        addressed.draft(Body::Media(media)),
        now,
    )
}

fn facts(context: &Context<'_>, kind: MediaKind) -> NewFile {
    let facts = NewFile::new(kind, Stored::Elsewhere);
    if kind != MediaKind::Video {
        return facts;
    }
    // No measure is larger than a number of 32 bits.
    let measure = |name, max| context.params.integer(name, 0, 0, max) as u32;
    NewFile {
        width: measure("width", MAX_MEASURE),
        height: measure("height", MAX_MEASURE),
        duration: measure("duration", MAX_DURATION),
        ..facts
    }
}
