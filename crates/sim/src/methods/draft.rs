//! The text of a message that a bot writes: read, parsed, measured.

use serde_json::Value;

use super::Context;
use crate::error::ApiError;
use crate::html::{self, Entity, EntityKind, FormattedText, utf16_len};
use crate::journal::Problem;
use crate::params::{Fields, elements};

/// Bytes of a text before parsing.
const MAX_RAW_BYTES: usize = 32_768;

/// Of a text after parsing: code points for the server, UTF-16 code units for apps.
pub(super) const MAX_TEXT: usize = 4096;

/// Reads `text`, `parse_mode` and `entities`.
pub(super) fn text(context: &Context<'_>) -> Result<FormattedText, ApiError> {
    let params = context.params;
    let text = params.text("text");
    if text.is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    if text.len() > MAX_RAW_BYTES {
        return Err(ApiError::bad_request("text is too long"));
    }
    let is_utf8 = params.find("text").is_some_and(|param| param.is_utf8);
    let parsed = match params.text("parse_mode").to_lowercase().as_str() {
        "" | "none" if !is_utf8 => return Err(ApiError::bad_request("strings must be encoded in UTF-8")),
        "" | "none" => FormattedText {
            text: text.to_owned(),
            entities: entities(params.text("entities"))?,
        },
        "html" if !is_utf8 => return Err(ApiError::bad_request("text must be encoded in UTF-8")),
        "html" => html::parse(text)
            .map_err(|error| ApiError::bad_request(format!("can't parse entities: {error}")))?,
        mode => {
            if mode == "markdown" || mode == "markdownv2" {
                context.violation(Problem::Unsupported {
                    what: format!("parse_mode {mode}"),
                })?;
            }
            return Err(ApiError::bad_request("unsupported parse_mode"));
        }
    };
    let parsed = html::arrange(parsed);
    let units = utf16_len(&parsed.text);
    if units > MAX_TEXT {
        context.violation(Problem::TooLong {
            name: "text".into(),
            units,
            limit: MAX_TEXT,
        })?;
    }
    Ok(parsed)
}

/// The parameter `link_preview_options`, of which nothing shows here.
pub(super) fn check_link_preview(context: &Context<'_>) -> Result<(), ApiError> {
    match context.params.text("link_preview_options") {
        "" => Ok(()),
        options => match serde_json::from_str(options) {
            Ok(Value::Object(_)) => Ok(()),
            Ok(_) => Err(ApiError::bad_request("object expected as link preview options")),
            Err(_) => Err(ApiError::bad_request(
                "can't parse link preview options JSON object",
            )),
        },
    }
}

/// Invalid JSON means no entities; a bad element of a valid array is an error.
fn entities(parameter: &str) -> Result<Vec<Entity>, ApiError> {
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Ok(Vec::new());
    };
    let Some(list) = elements(&value) else {
        return Ok(Vec::new());
    };
    let parsed: Result<Vec<Option<Entity>>, String> = list.iter().map(entity).collect();
    let parsed = parsed.map_err(|x| ApiError::bad_request(format!("can't parse MessageEntity: {x}")))?;
    Ok(parsed.into_iter().flatten().collect())
}

/// None for kinds that the server finds itself and ignores from bots.
fn entity(value: &Value) -> Result<Option<Entity>, String> {
    let Value::Object(object) = value else {
        return Err("expected an Object".into());
    };
    let fields = Fields(object);
    let offset = fields.integer("offset")?;
    let length = fields.integer("length")?;
    let kind = match fields.string("type")?.as_str() {
        "bold" => EntityKind::Bold,
        "italic" => EntityKind::Italic,
        "underline" => EntityKind::Underline,
        "strikethrough" => EntityKind::Strikethrough,
        "spoiler" => EntityKind::Spoiler,
        "code" => EntityKind::Code,
        "blockquote" => EntityKind::Blockquote,
        "expandable_blockquote" => EntityKind::ExpandableBlockquote,
        "pre" => {
            let language = fields.optional_string("language")?;
            EntityKind::Pre {
                language: (!language.is_empty()).then_some(language),
            }
        }
        "text_link" => {
            let url = fields.string("url")?;
            match (crate::link::user_id(&url), crate::link::check(&url)) {
                (Some(user_id), _) => EntityKind::TextMention { user_id },
                (None, Ok(url)) => EntityKind::TextLink { url },
                (None, Err(_)) => return Ok(None),
            }
        }
        "text_mention" => match fields.object("user")? {
            Some(user) => EntityKind::TextMention {
                user_id: Fields(user).integer("id")?,
            },
            None => return Err("Can't find field \"user\"".into()),
        },
        "custom_emoji" => {
            if !fields.has("custom_emoji_id") {
                return Err("Can't find field \"custom_emoji_id\"".into());
            }
            EntityKind::CustomEmoji {
                custom_emoji_id: fields.integer("custom_emoji_id")?,
            }
        }
        _ => return Ok(None),
    };
    let range = u32::try_from(offset).ok().zip(u32::try_from(length).ok());
    Ok(range
        .filter(|(_, length)| *length > 0)
        .map(|(offset, length)| Entity::new(offset, length, kind)))
}
