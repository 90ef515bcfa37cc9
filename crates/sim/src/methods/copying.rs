//! copyMessage, copyMessages, forwardMessage and forwardMessages.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::outgoing::{self, Addressed, Outgoing};
use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, draft, message_ids, optional, required};
use crate::error::ApiError;
use crate::html::FormattedText;
use crate::state::{Body, ChatRef, Content, Draft, Media, MediaKind, Message, World, fresh_media_group};

pub(super) const COPY: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("from_chat_id", Type::IntegerOrString),
    required("message_id", Type::Integer),
    optional("video_start_timestamp", Type::Integer),
    optional("caption", Type::String),
    optional("parse_mode", Type::String),
    optional("caption_entities", Type::Array),
    optional("show_caption_above_media", Type::Boolean),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    optional("reply_parameters", Type::Object),
    optional("reply_markup", Type::Object),
];

pub(super) const COPY_MANY: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("from_chat_id", Type::IntegerOrString),
    required("message_ids", Type::Array),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("remove_caption", Type::Boolean),
];

pub(super) const FORWARD: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("from_chat_id", Type::IntegerOrString),
    optional("video_start_timestamp", Type::Integer),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("suggested_post_parameters", Type::Object),
    required("message_id", Type::Integer),
];

pub(super) const FORWARD_MANY: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("from_chat_id", Type::IntegerOrString),
    required("message_ids", Type::Array),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
];

#[derive(Serialize)]
struct MessageId {
    message_id: i32,
}

/// Whether the new message tells where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Copy,
    Forward,
}

impl How {
    fn not_found(self) -> ApiError {
        ApiError::bad_request(match self {
            Self::Copy => "message to copy not found",
            Self::Forward => "message to forward not found",
        })
    }

    fn impossible(self) -> ApiError {
        ApiError::bad_request(match self {
            Self::Copy => "the message can't be copied",
            Self::Forward => "the message can't be forwarded",
        })
    }
}

pub(super) fn copy(context: &Context<'_>) -> Outcome {
    let from = from_chat(context)?;
    let caption = match context.params.find("caption") {
        Some(_) => Some(draft::caption(context)?),
        None => None,
    };
    let is_above = context.params.boolean("show_caption_above_media");

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let (_, message) = source(context, &world, from, How::Copy)?;
    let outgoing = Outgoing::read(context)?;
    let mut addressed = outgoing.address(context, &world)?;
    addressed.check_rights(context, &world, message.content.body.plural())?;
    let mut body = message
        .content
        .body
        .copied()
        .ok_or_else(|| How::Copy.impossible())?;
    if let (Body::Media(media), Some(caption)) = (&mut body, caption) {
        if caption.text.chars().count() > draft::MAX_CAPTION {
            return Err(ApiError::bad_request("message caption is too long"));
        }
        let is_visual = !matches!(media.file.kind(), MediaKind::Audio | MediaKind::Document);
        *media = Media {
            caption,
            is_caption_above: is_visual && is_above,
            ..media.clone()
        };
    }
    addressed.finish(context, &mut world, 1, now)?;
    let draft = addressed.draft(body);
    let message_id = outgoing::write(&mut world, context, addressed.chat, draft, now)?;
    Ok(Reply::of(&MessageId { message_id }))
}

pub(super) fn forward(context: &Context<'_>) -> Outcome {
    let from = from_chat(context)?;
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let (source, message) = source(context, &world, from, How::Forward)?;
    let outgoing = Outgoing::read(context)?;
    let mut addressed = outgoing.address(context, &world)?;
    addressed.check_rights(context, &world, message.content.body.plural())?;
    let body = message
        .content
        .body
        .copied()
        .ok_or_else(|| How::Forward.impossible())?;
    if world.protects_content(source) || message.is_protected {
        return Err(protected());
    }
    let origin = world.origin_of(source, message);
    addressed.finish(context, &mut world, 1, now)?;
    let draft = Draft {
        origin: Some(origin),
        reply_to: None,
        content: Content { body, markup: None },
        ..addressed.draft(Body::Text(FormattedText::default()))
    };
    outgoing::send(&mut world, context, addressed.chat, draft, now)
}

pub(super) fn copy_many(context: &Context<'_>) -> Outcome {
    many(context, How::Copy)
}

pub(super) fn forward_many(context: &Context<'_>) -> Outcome {
    many(context, How::Forward)
}

fn many(context: &Context<'_>, how: How) -> Outcome {
    let from = from_chat(context)?;
    let ids = message_ids::many(context)?;
    let outgoing = Outgoing::without_markup(context)?;
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let mut addressed = outgoing.address(context, &world)?;
    let source = recipient::chat(context, &world, from, Right::Read)?;
    if !message_ids::can_look(context, &world, source) {
        return Err(How::Forward.not_found());
    }
    let found = ids
        .iter()
        .filter_map(|id| message_ids::find(context, &world, source, *id));
    let found: Vec<&Message> = found.collect();
    if found.is_empty() {
        return Err(ApiError::bad_request("there are no messages to forward"));
    }
    if how == How::Forward && world.protects_content(source) {
        return Err(protected());
    }
    addressed.check_post(context, &world)?;
    if found.windows(2).any(|pair| pair[0].id >= pair[1].id) {
        let text = "message identifiers must be in a strictly increasing order";
        return Err(ApiError::bad_request(text));
    }
    let drafts = drafts(context, &world, source, &found, how, &addressed);
    if drafts.is_empty() {
        return Err(ApiError::bad_request("messages can't be forwarded"));
    }
    addressed.finish(context, &mut world, drafts.len(), now)?;
    let mut sent = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let message_id = outgoing::write(&mut world, context, addressed.chat, draft, now)?;
        sent.push(MessageId { message_id });
    }
    Ok(Reply::of(&sent))
}

/// The new messages; those that cannot be had are left out.
fn drafts(
    context: &Context<'_>,
    world: &World,
    source: ChatRef,
    found: &[&Message],
    how: How,
    addressed: &Addressed,
) -> Vec<Draft> {
    let without_caption = how == How::Copy && context.params.boolean("remove_caption");
    let usable = found.iter().filter(|message| {
        let is_protected = how == How::Forward && message.is_protected;
        let plural = message.content.body.plural();
        !is_protected && addressed.check_rights(context, world, plural).is_ok()
    });
    let bodies: Vec<(&Message, Body)> = usable
        .filter_map(|message| Some((*message, message.content.body.copied()?)))
        .collect();
    let albums = albums(&bodies);
    let drafts = bodies
        .into_iter()
        .zip(albums)
        .map(|((message, mut body), album)| {
            if let (true, Body::Media(media)) = (without_caption, &mut body) {
                media.caption = FormattedText::default();
            }
            Draft {
                origin: (how == How::Forward).then(|| world.origin_of(source, message)),
                media_group: album,
                ..addressed.draft(body)
            }
        });
    drafts.collect()
}

/// The album of each message: what came together stays together, and documents or music that go
/// together become an album.
fn albums(messages: &[(&Message, Body)]) -> Vec<Option<Arc<str>>> {
    let kind = |body: &Body| match body {
        Body::Media(media) => Some(media.file.kind()),
        Body::Text(_) | Body::Service(_) => None,
    };
    let alike = [MediaKind::Audio, MediaKind::Document]
        .into_iter()
        .any(|wanted| messages.iter().all(|(_, body)| kind(body) == Some(wanted)));
    if alike && (2..=10).contains(&messages.len()) {
        return vec![Some(fresh_media_group()); messages.len()];
    }
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for (message, _) in messages {
        if let Some(album) = &message.media_group {
            *sizes.entry(album).or_default() += 1;
        }
    }
    let together = sizes.into_iter().filter(|(_, size)| *size > 1);
    let fresh: HashMap<&str, Arc<str>> = together.map(|(album, _)| (album, fresh_media_group())).collect();
    let album = |message: &Message| fresh.get(message.media_group.as_deref()?).cloned();
    messages.iter().map(|(message, _)| album(message)).collect()
}

fn from_chat<'a>(context: &Context<'a>) -> Result<&'a str, ApiError> {
    let from = context.params.text("from_chat_id");
    if from.is_empty() {
        return Err(ApiError::bad_request("parameter \"from_chat_id\" is required"));
    }
    Ok(from)
}

fn source<'w>(
    context: &Context<'_>,
    world: &'w World,
    from: &str,
    how: How,
) -> Result<(ChatRef, &'w Message), ApiError> {
    let chat = recipient::chat(context, world, from, Right::Read)?;
    let message = message_ids::find(context, world, chat, message_ids::one(context));
    Ok((chat, message.ok_or_else(|| how.not_found())?))
}

fn protected() -> ApiError {
    ApiError::bad_request("message has protected content and can't be forwarded")
}
