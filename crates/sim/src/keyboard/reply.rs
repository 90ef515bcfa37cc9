//! Buttons that stand in for the person's keyboard, and what they ask the person for.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Place, appearance};
use crate::error::ApiError;
use crate::link;
use crate::params::Fields;
use crate::state::Rights;

/// How many people a button may ask for at once.
const MOST_USERS: i64 = 10;

/// A button beside a message: a label, which it sends unless it asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyButton {
    /// What is written on it.
    pub text: String,
    /// What it asks the person for.
    pub request: Option<ButtonRequest>,
}

/// What a button asks a person for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ButtonRequest {
    /// Their phone number.
    Contact,
    /// Where they are.
    Location,
    /// A poll.
    Poll,
    /// To open a Web App at this address.
    WebApp(String),
    /// Other people or bots.
    Users(UsersRequest),
    /// A chat.
    Chat(ChatRequest),
    /// A bot to be managed.
    ManagedBot,
}

/// What people a button asks for; as in the Bot API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsersRequest {
    /// Comes back with the answer.
    pub request_id: i32,
    /// Bots, or no bots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_is_bot: Option<bool>,
    /// Those with Telegram Premium, or those without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_is_premium: Option<bool>,
    /// How many at most.
    pub max_quantity: u8,
    /// The answer tells their names.
    pub request_name: bool,
    /// The answer tells their usernames.
    pub request_username: bool,
    /// The answer shows their pictures.
    pub request_photo: bool,
}

/// What chat a button asks for; as in the Bot API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "as in the Bot API")]
pub struct ChatRequest {
    /// Comes back with the answer.
    pub request_id: i32,
    /// A channel instead of a group.
    pub chat_is_channel: bool,
    /// One with topics, or one without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_is_forum: Option<bool>,
    /// A public one, or a private one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat_has_username: Option<bool>,
    /// One that the person owns.
    pub chat_is_created: bool,
    /// One in which the person has these rights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_administrator_rights: Option<Rights>,
    /// The bot is to have these rights there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bot_administrator_rights: Option<Rights>,
    /// The bot is to be in it.
    pub bot_is_member: bool,
    /// The answer tells its title.
    pub request_title: bool,
    /// The answer tells its username.
    pub request_username: bool,
    /// The answer shows its picture.
    pub request_photo: bool,
}

impl From<&str> for ReplyButton {
    /// A mere label.
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            request: None,
        }
    }
}

impl Serialize for ReplyButton {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut button = Map::new();
        button.insert("text".into(), json!(self.text));
        if let Some(request) = &self.request {
            let (name, value) = match request {
                ButtonRequest::Contact => ("request_contact", json!(true)),
                ButtonRequest::Location => ("request_location", json!(true)),
                ButtonRequest::Poll => ("request_poll", json!({})),
                ButtonRequest::WebApp(url) => ("web_app", json!({ "url": url })),
                ButtonRequest::Users(users) => ("request_users", json!(users)),
                ButtonRequest::Chat(chat) => ("request_chat", json!(chat)),
                ButtonRequest::ManagedBot => ("request_managed_bot", json!({})),
            };
            button.insert(name.into(), value);
        }
        button.serialize(serializer)
    }
}

impl ReplyButton {
    /// What the client library refuses: outside private chats nobody can be asked for anything.
    pub(super) fn check(&mut self, place: Place) -> Result<(), ApiError> {
        let Some(request) = &mut self.request else {
            return Ok(());
        };
        let what = match request {
            ButtonRequest::Contact => "Phone number",
            ButtonRequest::Location => "Location",
            ButtonRequest::Poll => "Poll",
            ButtonRequest::Users(_) => "Users",
            ButtonRequest::Chat(_) => "Chats",
            ButtonRequest::ManagedBot => "Managed bots",
            ButtonRequest::WebApp(url) => {
                if place != Place::Private {
                    let text = "Web App buttons can be used in private chats only";
                    return Err(ApiError::bad_request(text));
                }
                *url = link::check_https(url).map_err(|error| {
                    ApiError::bad_request(format!("keyboard button Web App URL '{url}' is invalid: {error}"))
                })?;
                return Ok(());
            }
        };
        if place == Place::Private {
            Ok(())
        } else {
            let text = format!("{what} can be requested in private chats only");
            Err(ApiError::bad_request(text))
        }
    }
}

/// Reads a button; of several things to ask for the first counts, in this order.
pub(super) fn parse(button: &Value) -> Result<ReplyButton, String> {
    match button {
        Value::String(text) => Ok(text.as_str().into()),
        Value::Object(object) => {
            let fields = Fields(object);
            let text = fields.string("text")?;
            appearance(&fields)?;
            let request = request(&fields)?;
            Ok(ReplyButton { text, request })
        }
        _ => Err("KeyboardButton must be a String or an Object".into()),
    }
}

fn request(fields: &Fields<'_>) -> Result<Option<ButtonRequest>, String> {
    if fields.boolean("request_contact")? {
        return Ok(Some(ButtonRequest::Contact));
    }
    if fields.boolean("request_location")? {
        return Ok(Some(ButtonRequest::Location));
    }
    if fields.object("request_poll")?.is_some() {
        return Ok(Some(ButtonRequest::Poll));
    }
    if let Some(app) = fields.object("web_app")? {
        return Ok(Some(ButtonRequest::WebApp(Fields(app).string("url")?)));
    }
    if let Some(users) = fields.object("request_users")? {
        return users_request(&Fields(users)).map(ButtonRequest::Users).map(Some);
    }
    if let Some(chat) = fields.object("request_chat")? {
        return chat_request(&Fields(chat)).map(ButtonRequest::Chat).map(Some);
    }
    let managed = fields.object("request_managed_bot")?;
    Ok(managed.map(|_| ButtonRequest::ManagedBot))
}

fn request_id(fields: &Fields<'_>) -> Result<i32, String> {
    let id = fields.integer("request_id")?;
    id.try_into()
        .map_err(|_| "Field \"request_id\" must be a valid Number".into())
}

fn choice(fields: &Fields<'_>, name: &str) -> Result<Option<bool>, String> {
    let value = fields.boolean(name)?;
    Ok(fields.has(name).then_some(value))
}

fn users_request(fields: &Fields<'_>) -> Result<UsersRequest, String> {
    let quantity = match fields.optional_integer("max_quantity")? {
        0 if !fields.has("max_quantity") => 1,
        quantity => quantity.clamp(1, MOST_USERS),
    };
    Ok(UsersRequest {
        request_id: request_id(fields)?,
        user_is_bot: choice(fields, "user_is_bot")?,
        user_is_premium: choice(fields, "user_is_premium")?,
        // At most 10, as clamped.
        max_quantity: quantity as u8,
        request_name: fields.boolean("request_name")?,
        request_username: fields.boolean("request_username")?,
        request_photo: fields.boolean("request_photo")?,
    })
}

fn chat_request(fields: &Fields<'_>) -> Result<ChatRequest, String> {
    Ok(ChatRequest {
        request_id: request_id(fields)?,
        chat_is_channel: fields.boolean("chat_is_channel")?,
        chat_is_forum: choice(fields, "chat_is_forum")?,
        chat_has_username: choice(fields, "chat_has_username")?,
        chat_is_created: fields.boolean("chat_is_created")?,
        user_administrator_rights: rights(fields, "user_administrator_rights")?,
        bot_administrator_rights: rights(fields, "bot_administrator_rights")?,
        bot_is_member: fields.boolean("bot_is_member")?,
        request_title: fields.boolean("request_title")?,
        request_username: fields.boolean("request_username")?,
        request_photo: fields.boolean("request_photo")?,
    })
}

fn rights(fields: &Fields<'_>, name: &str) -> Result<Option<Rights>, String> {
    let Some(object) = fields.object(name)? else {
        return Ok(None);
    };
    let given = Fields(object);
    let mut rights = Rights::default().names();
    for (name, is) in &mut rights {
        *is = given.boolean(name)?;
    }
    Ok(Some(Rights::named(rights)))
}
