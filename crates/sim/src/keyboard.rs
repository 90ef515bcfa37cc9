//! Keyboards under messages: parsed from `reply_markup`, checked, written back.
//!
//! Two steps, as at Telegram: [`parse`] is the server's reading of the JSON, [`Markup::check`]
//! is what happens when the message is really sent.

mod reply;

use serde::Serialize;
use serde_json::{Map, Value, json};

pub use reply::{ButtonRequest, ChatRequest, ReplyButton, UsersRequest};

use crate::error::ApiError;
use crate::link::{self, LinkError};
use crate::params::{Fields, elements};
use crate::state::{ChatRef, RoomRecord, World};

/// Beyond these, buttons are cut off silently.
const MAX_BUTTONS_IN_ROW: usize = 12;
const MAX_BUTTONS: usize = 300;

/// Bytes of callback data.
const MAX_CALLBACK_DATA: usize = 64;

/// Characters of a text to copy.
const MAX_COPY_TEXT: usize = 256;

/// What a bot puts under or beside a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Buttons under the message, row by row.
    InlineKeyboard(Vec<Vec<Button>>),
    /// Buttons that stand in for the person's keyboard, row by row.
    Keyboard(Vec<Vec<ReplyButton>>),
    /// The person's own keyboard comes back.
    RemoveKeyboard,
    /// The person is asked to reply to the message.
    ForceReply,
}

/// A button under a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What is written on it.
    pub text: String,
    /// `primary`, `danger` or `success`.
    pub style: Option<String>,
    /// The custom emoji before the text.
    pub icon_custom_emoji_id: Option<i64>,
    /// What a tap does.
    pub action: ButtonAction,
}

/// What a tap on a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonAction {
    /// Opens an address.
    Url(String),
    /// Sends a callback query with this data.
    Callback(String),
    /// Opens a Web App.
    WebApp(String),
    /// Copies a text.
    CopyText(String),
    /// Begins an inline query, in some chat or in this one.
    SwitchInline {
        /// What the query begins with.
        query: String,
        /// In this chat.
        here: bool,
    },
    /// Something that cannot be sent in a plain message: login, game, payment.
    Unavailable(&'static str),
}

/// The kind of chat that a keyboard is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Private,
    Group,
    Channel,
}

impl Place {
    pub(crate) fn of(world: &World, chat: ChatRef) -> Self {
        match chat {
            ChatRef::Private { .. } => Self::Private,
            ChatRef::Room(id) if world.room(id).is_some_and(RoomRecord::is_channel) => Self::Channel,
            ChatRef::Room(_) => Self::Group,
        }
    }
}

impl Serialize for Button {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut button = Map::new();
        button.insert("text".into(), json!(self.text));
        if let Some(style) = &self.style {
            button.insert("style".into(), json!(style));
        }
        if let Some(icon) = self.icon_custom_emoji_id {
            button.insert("icon_custom_emoji_id".into(), json!(icon.to_string()));
        }
        let (name, value) = match &self.action {
            ButtonAction::Url(url) => ("url", json!(url)),
            ButtonAction::Callback(data) => ("callback_data", json!(data)),
            ButtonAction::WebApp(url) => ("web_app", json!({ "url": url })),
            ButtonAction::CopyText(text) => ("copy_text", json!({ "text": text })),
            ButtonAction::SwitchInline { query, here: false } => ("switch_inline_query", json!(query)),
            ButtonAction::SwitchInline { query, here: true } => {
                ("switch_inline_query_current_chat", json!(query))
            }
            ButtonAction::Unavailable(name) => (*name, json!(true)),
        };
        button.insert(name.into(), value);
        button.serialize(serializer)
    }
}

impl Markup {
    /// The buttons, if these are buttons under the message.
    #[must_use]
    pub fn inline(&self) -> Option<&[Vec<Button>]> {
        match self {
            Self::InlineKeyboard(rows) => Some(rows),
            _ => None,
        }
    }

    /// What happens to the keyboard when the message is sent: links are checked, what is too
    /// much is cut off. Nothing left means no keyboard.
    pub(crate) fn check(self, place: Place) -> Result<Option<Self>, ApiError> {
        match self {
            Self::InlineKeyboard(mut rows) => {
                for button in rows.iter_mut().flatten() {
                    button.check_link()?;
                    if place == Place::Channel {
                        button.check_in_channel()?;
                    }
                }
                rows.iter_mut()
                    .for_each(|row| row.retain(|b| !b.text.is_empty() || b.icon_custom_emoji_id.is_some()));
                let rows = cut(rows);
                Ok((!rows.is_empty()).then_some(Self::InlineKeyboard(rows)))
            }
            _ if place == Place::Channel => Err(ApiError::bad_request("inline keyboard expected")),
            Self::Keyboard(mut rows) => {
                rows.iter_mut()
                    .for_each(|row| row.retain(|button| !button.text.is_empty()));
                for button in rows.iter_mut().flatten() {
                    button.check(place)?;
                }
                let rows = cut(rows);
                Ok((!rows.is_empty()).then_some(Self::Keyboard(rows)))
            }
            other => Ok(Some(other)),
        }
    }

    /// What the data centre refuses; comes last of all checks.
    pub(crate) fn check_limits(&self, place: Place) -> Result<(), ApiError> {
        for button in self.inline().into_iter().flatten().flatten() {
            match &button.action {
                ButtonAction::Callback(data) if data.len() > MAX_CALLBACK_DATA => {
                    return Err(ApiError::bad_request("BUTTON_DATA_INVALID"));
                }
                ButtonAction::CopyText(text) if text.is_empty() || text.chars().count() > MAX_COPY_TEXT => {
                    return Err(ApiError::bad_request("BUTTON_COPY_TEXT_INVALID"));
                }
                ButtonAction::WebApp(_) if place != Place::Private => {
                    return Err(ApiError::bad_request("BUTTON_TYPE_INVALID"));
                }
                // No domain is linked to a bot here.
                ButtonAction::Unavailable("login_url") => {
                    return Err(ApiError::bad_request("BOT_DOMAIN_INVALID"));
                }
                ButtonAction::Unavailable(_) => return Err(ApiError::bad_request("BUTTON_TYPE_INVALID")),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Button {
    fn check_link(&mut self) -> Result<(), ApiError> {
        let invalid = |what: &str, url: &str, error: LinkError| {
            ApiError::bad_request(format!(
                "inline keyboard button {what} '{url}' is invalid: {error}"
            ))
        };
        match &mut self.action {
            ButtonAction::Url(url) if link::user_id(url).is_none() => {
                *url = link::check(url).map_err(|error| invalid("URL", url, error))?;
            }
            ButtonAction::WebApp(url) => {
                *url = link::check_https(url).map_err(|error| invalid("Web App URL", url, error))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// In a channel nobody knows whose inline query the button would begin.
    fn check_in_channel(&self) -> Result<(), ApiError> {
        let name = match self.action {
            ButtonAction::SwitchInline { here: false, .. } => "switch_inline_query",
            ButtonAction::SwitchInline { here: true, .. } => "switch_inline_query_current_chat",
            _ => return Ok(()),
        };
        Err(ApiError::bad_request(format!(
            "can't use {name} button in a channel chat, because users will not be able to use the button \
             without knowing bot's username"
        )))
    }
}

fn cut<B>(rows: Vec<Vec<B>>) -> Vec<Vec<B>> {
    let mut left = MAX_BUTTONS;
    rows.into_iter()
        .filter_map(|mut row| {
            row.truncate(MAX_BUTTONS_IN_ROW.min(left));
            left -= row.len();
            (!row.is_empty()).then_some(row)
        })
        .collect()
}

/// Reads the parameter `reply_markup`; absent, empty and `{}` mean none.
pub(crate) fn parse(markup: &str) -> Result<Option<Markup>, ApiError> {
    if markup.is_empty() {
        return Ok(None);
    }
    let Ok(value) = serde_json::from_str::<Value>(markup) else {
        return Err(ApiError::bad_request(
            "can't parse reply keyboard markup JSON object",
        ));
    };
    let Value::Object(object) = value else {
        return Err(ApiError::bad_request("object expected as reply markup"));
    };
    let keyboard = match object.get("keyboard") {
        Some(rows) => parse_rows(
            rows,
            "keyboard",
            "field \"keyboard\" must be an Array of Arrays",
            |button| reply::parse(button).map_err(|x| format!("can't parse keyboard button: {x}")),
        )?,
        None => Vec::new(),
    };
    let not_rows = "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays";
    let inline = match object.get("inline_keyboard") {
        Some(rows) => parse_rows(rows, "inline_keyboard", not_rows, |button| {
            inline_button(button).map_err(|x| format!("can't parse inline keyboard button: {x}"))
        })?,
        None => Vec::new(),
    };
    let fields = Fields(&object);
    let flag = |name| fields.boolean(name).map_err(ApiError::bad_request);
    let (remove, force) = (flag("remove_keyboard")?, flag("force_reply")?);
    Ok(if !keyboard.is_empty() {
        Some(Markup::Keyboard(keyboard))
    } else if !inline.is_empty() {
        Some(Markup::InlineKeyboard(inline))
    } else if remove {
        Some(Markup::RemoveKeyboard)
    } else {
        force.then_some(Markup::ForceReply)
    })
}

fn parse_rows<B>(
    rows: &Value,
    field: &str,
    not_rows: &str,
    button: impl Fn(&Value) -> Result<B, String>,
) -> Result<Vec<Vec<B>>, ApiError> {
    let Value::Array(rows) = rows else {
        return Err(ApiError::bad_request(format!(
            "field \"{field}\" must be of type Array"
        )));
    };
    let mut parsed = Vec::new();
    for row in rows {
        let row = elements(row).ok_or_else(|| ApiError::bad_request(not_rows))?;
        let row: Vec<B> = row
            .iter()
            .map(&button)
            .collect::<Result<_, _>>()
            .map_err(ApiError::bad_request)?;
        if !row.is_empty() {
            parsed.push(row);
        }
    }
    Ok(parsed)
}

/// The look that every kind of button may have.
fn appearance(fields: &Fields<'_>) -> Result<(Option<String>, Option<i64>), String> {
    let style = fields.optional_string("style")?.to_lowercase();
    if !["", "default", "primary", "danger", "success"].contains(&style.as_str()) {
        return Err("invalid button style specified".into());
    }
    let style = (!style.is_empty() && style != "default").then_some(style);
    let icon = fields.optional_integer("icon_custom_emoji_id")?;
    Ok((style, (icon != 0).then_some(icon)))
}

/// The first action present wins, in this order; the others are ignored.
fn inline_button(button: &Value) -> Result<Button, String> {
    let Value::Object(object) = button else {
        return Err("InlineKeyboardButton must be an Object".into());
    };
    let fields = Fields(object);
    let text = fields.string("text")?;
    let (style, icon_custom_emoji_id) = appearance(&fields)?;
    let url = fields.optional_string("url")?;
    let action = if !url.is_empty() {
        ButtonAction::Url(url)
    } else {
        let data = fields.optional_string("callback_data")?;
        if data.is_empty() {
            other_action(&fields)?
        } else {
            ButtonAction::Callback(data)
        }
    };
    Ok(Button {
        text,
        style,
        icon_custom_emoji_id,
        action,
    })
}

fn other_action(fields: &Fields<'_>) -> Result<ButtonAction, String> {
    if fields.object("callback_game")?.is_some() {
        return Ok(ButtonAction::Unavailable("callback_game"));
    }
    if fields.boolean("pay")? {
        return Ok(ButtonAction::Unavailable("pay"));
    }
    if fields.has("switch_inline_query") {
        return Ok(ButtonAction::SwitchInline {
            query: fields.string("switch_inline_query")?,
            here: false,
        });
    }
    if let Some(chosen) = fields.object("switch_inline_query_chosen_chat")? {
        let query = Fields(chosen).optional_string("query")?;
        return Ok(ButtonAction::SwitchInline { query, here: false });
    }
    if fields.has("switch_inline_query_current_chat") {
        let query = fields.string("switch_inline_query_current_chat")?;
        return Ok(ButtonAction::SwitchInline { query, here: true });
    }
    if fields.object("login_url")?.is_some() {
        return Ok(ButtonAction::Unavailable("login_url"));
    }
    if let Some(app) = fields.object("web_app")? {
        return Ok(ButtonAction::WebApp(Fields(app).string("url")?));
    }
    if let Some(copy) = fields.object("copy_text")? {
        return Ok(ButtonAction::CopyText(Fields(copy).string("text")?));
    }
    Err("Text buttons are unallowed in the inline keyboard".into())
}

#[cfg(test)]
mod tests;
