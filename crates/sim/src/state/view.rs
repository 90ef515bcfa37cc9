//! The state as the Bot API's JSON.

use serde::Serialize;

use super::World;
use super::bot::Bot;
use super::chat::{By, Message, PrivateChat};
use super::person::PersonRecord;
use crate::html::{Entity, EntityKind};
use crate::keyboard::Markup;

#[derive(Serialize)]
pub(crate) struct UserView<'a> {
    id: i64,
    is_bot: bool,
    first_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<&'a str>,
}

impl<'a> UserView<'a> {
    pub(crate) fn of(person: &'a PersonRecord) -> Self {
        let profile = &person.profile;
        Self {
            id: person.id,
            is_bot: false,
            first_name: if person.is_deactivated {
                ""
            } else {
                &profile.first_name
            },
            last_name: profile.last_name.as_deref().filter(|_| !person.is_deactivated),
            username: profile.username.as_deref().filter(|_| !person.is_deactivated),
            language_code: profile
                .language_code
                .as_deref()
                .filter(|_| !person.is_deactivated),
        }
    }
}

/// A bot as others see it.
pub(crate) fn bot_view(bot: &Bot) -> UserView<'_> {
    UserView {
        id: bot.id,
        is_bot: true,
        first_name: &bot.first_name,
        last_name: None,
        username: Some(&bot.username),
        language_code: None,
    }
}

#[derive(Serialize)]
pub(super) struct ChatView<'a> {
    id: i64,
    first_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> ChatView<'a> {
    pub(super) fn of(person: &'a PersonRecord) -> Self {
        let UserView {
            id,
            first_name,
            last_name,
            username,
            ..
        } = UserView::of(person);
        Self {
            id,
            first_name,
            last_name,
            username,
            kind: "private",
        }
    }
}

#[derive(Serialize)]
pub(super) struct MessageView<'a> {
    message_id: i32,
    from: UserView<'a>,
    chat: ChatView<'a>,
    date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message: Option<Box<MessageView<'a>>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_protected_content: bool,
    text: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entities: Vec<EntityView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Markup>,
}

impl<'a> MessageView<'a> {
    /// A message, with the one that it replies to but not that one's in turn.
    pub(super) fn of(
        world: &'a World,
        bot: &'a Bot,
        person: &'a PersonRecord,
        chat: &'a PrivateChat,
        message: &'a Message,
    ) -> Self {
        let replied = message.reply_to.and_then(|id| chat.message(id));
        Self {
            reply_to_message: replied.map(|replied| Box::new(Self::alone(world, bot, person, replied))),
            ..Self::alone(world, bot, person, message)
        }
    }

    fn alone(world: &'a World, bot: &'a Bot, person: &'a PersonRecord, message: &'a Message) -> Self {
        let text = &message.content.text;
        Self {
            message_id: message.id,
            from: match message.by {
                By::Bot => bot_view(bot),
                By::Person => UserView::of(person),
            },
            chat: ChatView::of(person),
            date: message.date.timestamp(),
            edit_date: message.edit_date.map(|date| date.timestamp()),
            reply_to_message: None,
            has_protected_content: message.is_protected,
            text: &text.text,
            entities: text
                .entities
                .iter()
                .filter_map(|entity| EntityView::of(world, entity))
                .collect(),
            reply_markup: message
                .content
                .markup
                .as_ref()
                .filter(|markup| markup.inline().is_some()),
        }
    }
}

#[derive(Serialize)]
struct EntityView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    offset: u32,
    length: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_emoji_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unix_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_time_format: Option<&'a str>,
}

impl<'a> EntityView<'a> {
    /// None for a mention of somebody who is not there.
    fn of(world: &'a World, entity: &'a Entity) -> Option<Self> {
        let mut view = Self {
            kind: "",
            offset: entity.offset,
            length: entity.length,
            url: None,
            user: None,
            language: None,
            custom_emoji_id: None,
            unix_time: None,
            date_time_format: None,
        };
        view.kind = match &entity.kind {
            EntityKind::Mention => "mention",
            EntityKind::Hashtag => "hashtag",
            EntityKind::Cashtag => "cashtag",
            EntityKind::BotCommand => "bot_command",
            EntityKind::Url => "url",
            EntityKind::Email => "email",
            EntityKind::Bold => "bold",
            EntityKind::Italic => "italic",
            EntityKind::Underline => "underline",
            EntityKind::Strikethrough => "strikethrough",
            EntityKind::Spoiler => "spoiler",
            EntityKind::Code => "code",
            EntityKind::Blockquote => "blockquote",
            EntityKind::ExpandableBlockquote => "expandable_blockquote",
            EntityKind::Pre { language } => {
                view.language = language.as_deref();
                "pre"
            }
            EntityKind::TextLink { url } => {
                view.url = Some(url);
                "text_link"
            }
            EntityKind::TextMention { user_id } => {
                view.user = Some(UserView::of(world.person(*user_id)?));
                "text_mention"
            }
            EntityKind::CustomEmoji { custom_emoji_id } => {
                view.custom_emoji_id = Some(custom_emoji_id.to_string());
                "custom_emoji"
            }
            EntityKind::DateTime {
                unix_time,
                date_time_format,
            } => {
                view.unix_time = Some(*unix_time);
                view.date_time_format = date_time_format.as_deref();
                "date_time"
            }
        };
        Some(view)
    }
}

/// A message of a chat as JSON; None if there is no such message.
pub(crate) fn message_json(world: &World, bot: i64, person: i64, message: i32) -> Option<String> {
    let bot = world.bot(bot)?;
    let person = world.person(person)?;
    let chat = bot.chats.get(&person.id)?;
    let message = chat.message(message)?;
    Some(to_json(&MessageView::of(world, bot, person, chat, message)))
}

pub(crate) fn to_json<T: Serialize>(view: &T) -> String {
    serde_json::to_string(view).expect("views have string keys only and their serialisers do not fail")
}
