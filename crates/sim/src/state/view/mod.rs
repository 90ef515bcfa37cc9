//! The state as the Bot API's JSON.

mod entity;
mod full_chat;
mod media;
mod member;
mod message;

use serde::Serialize;

use super::World;
use super::message::ChatRef;
use super::person::PersonRecord;

pub(crate) use entity::EntityView;
pub(crate) use full_chat::FullChatView;
pub(crate) use media::FileView;
pub(super) use member::{JoinRequestView, MemberUpdateView};
pub(crate) use member::{LinkView, MemberView};
pub(super) use message::MessageView;
pub(crate) use message::message_json;

/// A person or a bot as others see them.
#[derive(Debug, Clone, Copy, Serialize)]
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
    /// None if there is no such user.
    pub(crate) fn of(world: &'a World, id: i64) -> Option<Self> {
        if let Some(person) = world.person(id) {
            return Some(Self::of_person(person));
        }
        let bot = world.bot(id)?;
        Some(Self {
            id,
            is_bot: true,
            first_name: &bot.first_name,
            last_name: None,
            username: Some(&bot.username),
            language_code: None,
        })
    }

    /// Of deleted accounts nothing is left but the id.
    fn of_person(person: &'a PersonRecord) -> Self {
        let profile = (!person.is_deactivated).then_some(&person.profile);
        Self {
            id: person.id,
            is_bot: false,
            first_name: profile.map_or("", |profile| &profile.first_name),
            last_name: profile.and_then(|profile| profile.last_name.as_deref()),
            username: profile.and_then(|profile| profile.username.as_deref()),
            language_code: profile.and_then(|profile| profile.language_code.as_deref()),
        }
    }
}

/// The account in whose name anonymous administrators of a group write.
const GROUP_ANONYMOUS_BOT: UserView<'static> = UserView {
    id: 1_087_968_824,
    is_bot: true,
    first_name: "Group",
    last_name: None,
    username: Some("GroupAnonymousBot"),
    language_code: None,
};

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ChatView<'a> {
    id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> ChatView<'a> {
    /// None if there is no such chat.
    pub(crate) fn of(world: &'a World, chat: ChatRef) -> Option<Self> {
        match chat {
            ChatRef::Private { person, .. } => {
                let user = UserView::of(world, person)?;
                Some(Self {
                    id: user.id,
                    title: None,
                    first_name: Some(user.first_name),
                    last_name: user.last_name,
                    username: user.username,
                    kind: "private",
                })
            }
            ChatRef::Room(id) => {
                let room = world.room(id)?;
                Some(Self {
                    id,
                    title: Some(&room.profile.title),
                    first_name: None,
                    last_name: None,
                    username: room.profile.username.as_deref(),
                    kind: room.kind().name(),
                })
            }
        }
    }
}

pub(crate) fn to_json<T: Serialize>(view: &T) -> String {
    serde_json::to_string(view).expect("views have string keys only and their serialisers do not fail")
}
