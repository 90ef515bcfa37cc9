//! sendMediaGroup.

use serde_json::Value;

use super::draft::{self, Given};
use super::input_file::{InputFile, Sendable};
use super::outgoing::{self, Outgoing};
use super::send_media::{MAX_DURATION, MAX_MEASURE};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::html::FormattedText;
use crate::params::{Fields, elements};
use crate::state::{Body, Draft, Media, MediaKind, NewFile, Stored, World, fresh_media_group, message_json};

pub(super) const PARAMETERS: &[Parameter] = &[
    optional("business_connection_id", Type::String),
    required("chat_id", Type::IntegerOrString),
    optional("message_thread_id", Type::Integer),
    optional("direct_messages_topic_id", Type::Integer),
    required("media", Type::Array),
    optional("disable_notification", Type::Boolean),
    optional("protect_content", Type::Boolean),
    optional("allow_paid_broadcast", Type::Boolean),
    optional("message_effect_id", Type::String),
    optional("reply_parameters", Type::Object),
];

const MAX_ITEMS: usize = 10;

/// One file of an album, as the bot gave it.
struct Item {
    file: InputFile,
    facts: NewFile,
    caption: FormattedText,
    is_caption_above: bool,
    has_spoiler: bool,
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let outgoing = Outgoing::without_markup(context)?;
    let items = items(context)?;

    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let mut addressed = outgoing.address(context, &world)?;
    if items.len() > MAX_ITEMS {
        return Err(ApiError::bad_request("too many messages to send as an album"));
    }
    if items.is_empty() {
        return Err(ApiError::bad_request("there are no messages to send"));
    }
    let mut checked = Vec::with_capacity(items.len());
    for item in items {
        addressed.check_rights(context, &world, item.facts.kind.plural())?;
        checked.push(check(context, &world, item)?);
    }
    check_mixture(&checked)?;
    addressed.finish(context, &mut world, checked.len(), now)?;
    check_in_data_centre(&checked)?;

    let media_group = (checked.len() > 1).then(fresh_media_group);
    let mut sent = Vec::with_capacity(checked.len());
    for (item, sendable) in checked {
        let media = Media {
            file: sendable.keep(&mut world).map_err(ApiError::bad_request)?,
            caption: item.caption,
            is_caption_above: item.is_caption_above,
            has_spoiler: item.has_spoiler,
        };
        let draft = Draft {
            media_group: media_group.clone(),
            ..addressed.draft(Body::Media(media))
        };
        let id = outgoing::write(&mut world, context, addressed.chat, draft, now)?;
        let message = message_json(&world, context.bot, addressed.chat, id);
        sent.push(message.ok_or_else(|| ApiError::bad_request("chat not found"))?);
    }
    Ok(Reply::json(format!("[{}]", sent.join(","))))
}

fn items(context: &Context<'_>) -> Result<Vec<Item>, ApiError> {
    let media = context.params.text("media");
    if media.is_empty() {
        return Err(ApiError::bad_request("parameter \"media\" is required"));
    }
    let media: Value =
        serde_json::from_str(media).map_err(|_| ApiError::bad_request("can't parse media JSON object"))?;
    let media = elements(&media).ok_or_else(|| ApiError::bad_request("expected an Array of InputMedia"))?;
    media
        .iter()
        .map(|item| parse(context, item))
        .collect::<Result<_, String>>()
        .map_err(|x| ApiError::bad_request(format!("can't parse InputMedia: {x}")))
}

fn parse(context: &Context<'_>, item: &Value) -> Result<Item, String> {
    let Value::Object(object) = item else {
        return Err("expected an Object".into());
    };
    let fields = Fields(object);
    let kind = fields.string("type")?.to_lowercase();
    let media = fields.optional_string("media")?;
    let caption = fields.optional_string("caption")?;
    let parse_mode = fields.optional_string("parse_mode")?;
    let entities = object.get("caption_entities").map(Value::to_string);
    let given = Given {
        text: &caption,
        is_utf8: true,
        parse_mode: &parse_mode,
        entities: entities.as_deref().unwrap_or_default(),
    };
    let caption = given.read(context, "caption", draft::MAX_CAPTION)?;
    let is_caption_above = fields.boolean("show_caption_above_media")?;
    let has_spoiler = fields.boolean("has_spoiler")?;
    let file = InputFile::read(context, "", &media).ok_or("media not found")?;
    let kind = match kind.as_str() {
        "photo" => MediaKind::Photo,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        "document" => MediaKind::Document,
        "animation" => return Err("type \"animation\" can't be used in sendMediaGroup".into()),
        other => return Err(format!("type \"{other}\" is unsupported")),
    };
    let is_visual = matches!(kind, MediaKind::Photo | MediaKind::Video);
    Ok(Item {
        file,
        facts: facts(&fields, kind)?,
        caption,
        is_caption_above: is_visual && is_caption_above,
        has_spoiler: is_visual && has_spoiler,
    })
}

fn facts(fields: &Fields<'_>, kind: MediaKind) -> Result<NewFile, String> {
    let mut facts = NewFile::new(kind, Stored::Elsewhere);
    // No measure is larger than a number of 32 bits.
    let measure = |name, max: i64| {
        fields
            .optional_integer(name)
            .map(|value| value.clamp(0, max) as u32)
    };
    let filled = |name| {
        let text = fields.optional_string(name)?;
        Ok::<_, String>((!text.is_empty()).then_some(text))
    };
    match kind {
        MediaKind::Video => {
            facts.width = measure("width", MAX_MEASURE)?;
            facts.height = measure("height", MAX_MEASURE)?;
            facts.duration = measure("duration", MAX_DURATION)?;
        }
        MediaKind::Audio => {
            facts.duration = measure("duration", MAX_DURATION)?;
            facts.performer = filled("performer")?;
            facts.title = filled("title")?;
        }
        MediaKind::Photo | MediaKind::Document | MediaKind::Animation => {}
    }
    Ok(facts)
}

fn check(context: &Context<'_>, world: &World, item: Item) -> Result<(Item, Sendable), ApiError> {
    let sendable = item.file.check(world, context.bot, item.facts.clone());
    let sendable = sendable.map_err(ApiError::bad_request)?;
    if item.caption.text.chars().count() > draft::MAX_CAPTION {
        return Err(ApiError::bad_request("message caption is too long"));
    }
    Ok((item, sendable))
}

/// Documents and music make albums of their own only.
fn check_mixture(items: &[(Item, Sendable)]) -> Result<(), ApiError> {
    let kinds = || items.iter().map(|(item, _)| item.facts.kind);
    for alone in [MediaKind::Audio, MediaKind::Document] {
        if kinds().any(|kind| kind == alone) && kinds().any(|kind| kind != alone) {
            let text = format!("{} can't be mixed with other media types", alone.name());
            return Err(ApiError::bad_request(text));
        }
    }
    let above = || items.iter().map(|(item, _)| item.is_caption_above);
    if above().any(|above| above) && above().any(|above| !above) {
        let text = "parameter show_caption_above_media must be the same for all messages";
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

/// Either all are sent or none.
fn check_in_data_centre(items: &[(Item, Sendable)]) -> Result<(), ApiError> {
    for (number, (item, sendable)) in (1..).zip(items) {
        match sendable {
            Sendable::Refused(why) => {
                let text = format!("failed to send message #{number} with the error message \"{why}\"");
                return Err(ApiError::bad_request(text));
            }
            Sendable::Known(file) if file.kind() != item.facts.kind => {
                let text = "can't use the media of the specified type in the album";
                return Err(ApiError::bad_request(text));
            }
            Sendable::Known(_) | Sendable::New(_) => {}
        }
    }
    Ok(())
}
