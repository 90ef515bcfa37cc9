//! What stands out in a text, as JSON.

use serde::Serialize;

use super::UserView;
use crate::html::{Entity, EntityKind};
use crate::state::World;

#[derive(Serialize)]
pub(crate) struct EntityView<'a> {
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
    pub(crate) fn all(world: &'a World, entities: &'a [Entity]) -> Vec<Self> {
        let views = entities.iter().filter_map(|entity| Self::of(world, entity));
        views.collect()
    }

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
                view.user = Some(UserView::of(world, *user_id)?);
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
