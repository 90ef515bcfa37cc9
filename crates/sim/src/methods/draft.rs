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

/// Of what stands under a file, likewise.
pub(super) const MAX_CAPTION: usize = 1024;

/// A text as a bot gave it.
pub(super) struct Given<'a> {
    pub(super) text: &'a str,
    pub(super) is_utf8: bool,
    pub(super) parse_mode: &'a str,
    pub(super) entities: &'a str,
}

/// Reads `text`, `parse_mode` and `entities`.
pub(super) fn text(context: &Context<'_>) -> Result<FormattedText, ApiError> {
    if context.params.text("text").is_empty() {
        return Err(ApiError::bad_request("message text is empty"));
    }
    parameter(context, "text", "entities", MAX_TEXT)
}

/// Reads `caption`, `parse_mode` and `caption_entities`.
pub(super) fn caption(context: &Context<'_>) -> Result<FormattedText, ApiError> {
    parameter(context, "caption", "caption_entities", MAX_CAPTION)
}

fn parameter(
    context: &Context<'_>,
    name: &str,
    entities: &str,
    limit: usize,
) -> Result<FormattedText, ApiError> {
    let params = context.params;
    let given = Given {
        text: params.text(name),
        is_utf8: params.find(name).is_none_or(|param| param.is_utf8),
        parse_mode: params.text("parse_mode"),
        entities: params.text(entities),
    };
    given.read(context, name, limit).map_err(ApiError::bad_request)
}

impl Given<'_> {
    /// Parses and cleans the text, and records what a correct bot would not have sent; `name` and
    /// `limit` are for that. Errors are in the server's words.
    pub(super) fn read(
        &self,
        context: &Context<'_>,
        name: &str,
        limit: usize,
    ) -> Result<FormattedText, String> {
        let violation = |problem| context.violation(problem).map_err(|error| error.description);
        if self.text.len() > MAX_RAW_BYTES {
            return Err("Text is too long".into());
        }
        let parsed = match self.parse_mode.to_lowercase().as_str() {
            "" | "none" if !self.is_utf8 => return Err("Strings must be encoded in UTF-8".into()),
            "" | "none" => FormattedText {
                text: self.text.to_owned(),
                entities: entities(self.entities)?,
            },
            "html" if !self.is_utf8 => return Err("Text must be encoded in UTF-8".into()),
            "html" => html::parse(self.text).map_err(|error| format!("Can't parse entities: {error}"))?,
            mode => {
                if mode == "markdown" || mode == "markdownv2" {
                    violation(Problem::Unsupported {
                        what: format!("parse_mode {mode}"),
                    })?;
                }
                return Err("Unsupported parse_mode".into());
            }
        };
        let parsed = html::arrange(parsed);
        let units = utf16_len(&parsed.text);
        if units > limit {
            violation(Problem::TooLong {
                name: name.to_owned(),
                units,
                limit,
            })?;
        }
        Ok(parsed)
    }
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
fn entities(parameter: &str) -> Result<Vec<Entity>, String> {
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Ok(Vec::new());
    };
    let Some(list) = elements(&value) else {
        return Ok(Vec::new());
    };
    let parsed: Result<Vec<Option<Entity>>, String> = list.iter().map(entity).collect();
    let parsed = parsed.map_err(|x| format!("Can't parse MessageEntity: {x}"))?;
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
