//! What getChat tells.

use serde::Serialize;

use super::ChatView;
use super::member::PermissionsView;
use crate::state::World;
use crate::state::message::ChatRef;
use crate::state::room::RoomKind;

/// How many different reactions a message can have.
const MAX_REACTIONS: u8 = 11;

#[derive(Serialize)]
pub(crate) struct FullChatView<'a> {
    #[serde(flatten)]
    chat: ChatView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_usernames: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<PermissionsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_chat_id: Option<i64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    join_by_request: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_hidden_members: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_protected_content: bool,
    /// Undocumented; of basic groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    all_members_are_administrators: Option<bool>,
    accepted_gift_types: GiftTypes,
    max_reaction_count: u8,
    accent_color_id: i64,
}

/// Nobody can send gifts here.
#[derive(Serialize, Default)]
struct GiftTypes {
    unlimited_gifts: bool,
    limited_gifts: bool,
    unique_gifts: bool,
    premium_subscription: bool,
    gifts_from_channels: bool,
}

impl<'a> FullChatView<'a> {
    /// A chat as `viewer`, a bot, sees it. `shows_link` when it may see its standing link.
    pub(crate) fn of(world: &'a World, chat: ChatRef, viewer: i64, shows_link: bool) -> Option<Self> {
        let view = ChatView::of(world, chat)?;
        let username = view.username;
        let bare = Self {
            chat: view,
            active_usernames: username.map(|username| [username]),
            bio: None,
            description: None,
            invite_link: None,
            permissions: None,
            linked_chat_id: None,
            join_by_request: false,
            has_hidden_members: false,
            has_protected_content: false,
            all_members_are_administrators: None,
            accepted_gift_types: GiftTypes::default(),
            max_reaction_count: MAX_REACTIONS,
            // The colours of accounts follow from their ids.
            accent_color_id: view.id.rem_euclid(7),
        };
        match chat {
            ChatRef::Private { person, .. } => {
                let person = world.person(person).filter(|person| !person.is_deactivated);
                Some(Self {
                    bio: person.and_then(|person| person.profile.bio.as_deref()),
                    ..bare
                })
            }
            ChatRef::Room(id) => {
                let room = world.room(id)?;
                let profile = &room.profile;
                let primary = room.links.primary(viewer).filter(|_| shows_link);
                let is_group = profile.kind == RoomKind::Group;
                Some(Self {
                    description: profile.description.as_deref(),
                    invite_link: primary.map(|link| link.address.as_str()),
                    permissions: (!room.is_channel()).then(|| PermissionsView::all(true)),
                    linked_chat_id: profile.linked_chat,
                    join_by_request: profile.join_by_request,
                    has_hidden_members: profile.has_hidden_members,
                    has_protected_content: profile.has_protected_content,
                    all_members_are_administrators: is_group.then_some(false),
                    ..bare
                })
            }
        }
    }
}
