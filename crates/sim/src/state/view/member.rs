//! Members, links and requests as JSON. How much of a link a bot sees depends on whose it is.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{ChatView, UserView};
use crate::state::World;
use crate::state::announce::way;
use crate::state::invite::InviteLink;
use crate::state::member::{Rights, Status};
use crate::state::message::ChatRef;
use crate::state::moves::Cause;
use crate::state::room::RoomRecord;

/// How somebody stands in a chat.
#[derive(Serialize)]
pub(crate) struct MemberView<'a> {
    user: UserView<'a>,
    status: &'static str,
    #[serde(flatten)]
    details: Details<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Creator {
        is_anonymous: bool,
    },
    Administrator {
        can_be_edited: bool,
        #[serde(flatten)]
        rights: RightsView,
        #[serde(skip_serializing_if = "Option::is_none")]
        custom_title: Option<&'a str>,
    },
    Restricted {
        is_member: bool,
        until_date: i64,
        #[serde(flatten)]
        permissions: PermissionsView,
    },
    Kicked {
        until_date: i64,
    },
    Nothing {},
}

/// As seconds; 0 means for ever.
fn until_date(until: Option<DateTime<Utc>>) -> i64 {
    until.map_or(0, |until| until.timestamp())
}

impl<'a> MemberView<'a> {
    /// As `viewer` sees it. None if there is no such user.
    pub(crate) fn of(
        world: &'a World,
        chat: ChatRef,
        user: i64,
        status: &'a Status,
        viewer: i64,
    ) -> Option<Self> {
        let is_channel =
            matches!(chat, ChatRef::Room(id) if world.room(id).is_some_and(RoomRecord::is_channel));
        let details = match status {
            Status::Creator { is_anonymous } => Details::Creator {
                is_anonymous: *is_anonymous,
            },
            Status::Administrator {
                rights,
                promoted_by,
                custom_title,
            } => Details::Administrator {
                can_be_edited: *promoted_by == viewer,
                rights: RightsView::of(rights, is_channel),
                custom_title: custom_title.as_deref(),
            },
            Status::Restricted { is_member, until } => Details::Restricted {
                is_member: *is_member,
                until_date: until_date(*until),
                permissions: PermissionsView::all(false),
            },
            Status::Kicked { until } => Details::Kicked {
                until_date: until_date(*until),
            },
            Status::Member | Status::Left => Details::Nothing {},
        };
        Some(Self {
            user: UserView::of(world, user)?,
            status: status.name(),
            details,
        })
    }
}

/// The rights of an administrator; which there are depends on the kind of chat.
#[derive(Serialize)]
struct RightsView {
    can_manage_chat: bool,
    can_change_info: bool,
    #[serde(flatten)]
    special: SpecialRights,
    can_delete_messages: bool,
    can_invite_users: bool,
    can_restrict_members: bool,
    can_promote_members: bool,
    can_manage_video_chats: bool,
    can_post_stories: bool,
    can_edit_stories: bool,
    can_delete_stories: bool,
    can_send_welcome_messages: bool,
    is_anonymous: bool,
    /// The old name of the right to manage video chats.
    can_manage_voice_chats: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SpecialRights {
    Channel {
        can_post_messages: bool,
        can_edit_messages: bool,
        can_manage_direct_messages: bool,
    },
    Group {
        can_pin_messages: bool,
        can_manage_topics: bool,
        can_manage_tags: bool,
    },
}

impl RightsView {
    fn of(rights: &Rights, is_channel: bool) -> Self {
        let special = if is_channel {
            SpecialRights::Channel {
                can_post_messages: rights.can_post_messages,
                can_edit_messages: rights.can_edit_messages,
                can_manage_direct_messages: rights.can_manage_direct_messages,
            }
        } else {
            SpecialRights::Group {
                can_pin_messages: rights.can_pin_messages,
                can_manage_topics: rights.can_manage_topics,
                can_manage_tags: rights.can_manage_tags,
            }
        };
        Self {
            can_manage_chat: rights.can_manage_chat,
            can_change_info: rights.can_change_info,
            special,
            can_delete_messages: rights.can_delete_messages,
            can_invite_users: rights.can_invite_users,
            can_restrict_members: rights.can_restrict_members,
            can_promote_members: rights.can_promote_members,
            can_manage_video_chats: rights.can_manage_video_chats,
            can_post_stories: rights.can_post_stories,
            can_edit_stories: rights.can_edit_stories,
            can_delete_stories: rights.can_delete_stories,
            can_send_welcome_messages: rights.can_send_welcome_messages,
            is_anonymous: rights.is_anonymous,
            can_manage_voice_chats: rights.can_manage_video_chats,
        }
    }
}

/// What members may do in a group: here everything, or nothing.
#[derive(Serialize)]
pub(super) struct PermissionsView {
    can_send_messages: bool,
    can_send_audios: bool,
    can_send_documents: bool,
    can_send_photos: bool,
    can_send_videos: bool,
    can_send_video_notes: bool,
    can_send_voice_notes: bool,
    can_send_polls: bool,
    can_send_other_messages: bool,
    can_add_web_page_previews: bool,
    can_react_to_messages: bool,
    can_edit_tag: bool,
    can_change_info: bool,
    can_invite_users: bool,
    can_pin_messages: bool,
    can_manage_topics: bool,
}

impl PermissionsView {
    pub(super) fn all(yes: bool) -> Self {
        Self {
            can_send_messages: yes,
            can_send_audios: yes,
            can_send_documents: yes,
            can_send_photos: yes,
            can_send_videos: yes,
            can_send_video_notes: yes,
            can_send_voice_notes: yes,
            can_send_polls: yes,
            can_send_other_messages: yes,
            can_add_web_page_previews: yes,
            can_react_to_messages: yes,
            can_edit_tag: yes,
            can_change_info: yes,
            can_invite_users: yes,
            can_pin_messages: yes,
            can_manage_topics: yes,
        }
    }
}

/// An invite link.
#[derive(Serialize)]
pub(crate) struct LinkView<'a> {
    invite_link: String,
    creator: UserView<'a>,
    creates_join_request: bool,
    is_primary: bool,
    is_revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_join_request_count: Option<u32>,
}

impl<'a> LinkView<'a> {
    /// As `viewer` sees it: whole only if it is theirs.
    pub(crate) fn of(world: &'a World, link: &'a InviteLink, viewer: i64) -> Option<Self> {
        let some = |number: u32| (number > 0).then_some(number);
        Some(Self {
            invite_link: if link.creator == viewer {
                link.address.clone()
            } else {
                link.truncated()
            },
            creator: UserView::of(world, link.creator)?,
            creates_join_request: link.creates_join_request,
            is_primary: link.is_primary,
            is_revoked: link.is_revoked,
            name: Some(link.name.as_str()).filter(|name| !name.is_empty()),
            expire_date: link.expires_at.map(|at| at.timestamp()),
            member_limit: some(link.member_limit),
            pending_join_request_count: some(link.pending),
        })
    }
}

/// `chat_member` and `my_chat_member`.
#[derive(Serialize)]
pub(in crate::state) struct MemberUpdateView<'a> {
    chat: ChatView<'a>,
    from: UserView<'a>,
    date: i64,
    old_chat_member: MemberView<'a>,
    new_chat_member: MemberView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<LinkView<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    via_join_request: bool,
}

impl<'a> MemberUpdateView<'a> {
    /// A change from the first standing to the second, as `viewer` sees it.
    pub(in crate::state) fn of(
        world: &'a World,
        viewer: i64,
        room: i64,
        user: i64,
        [old, new]: [&'a Status; 2],
        cause: &Cause,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let record = world.room(room)?;
        let chat = ChatRef::Room(room);
        let member = |status| MemberView::of(world, chat, user, status, viewer);
        let (link, via_join_request) = way(cause);
        let link = link.and_then(|address| record.links.get(address));
        Some(Self {
            chat: ChatView::of(world, chat)?,
            from: UserView::of(world, cause.by)?,
            date: now.timestamp(),
            old_chat_member: member(old)?,
            new_chat_member: member(new)?,
            invite_link: link.and_then(|link| LinkView::of(world, link, viewer)),
            via_join_request,
        })
    }

    /// The bot's own standing in a private chat, as the person changes it.
    pub(in crate::state) fn in_private(
        world: &'a World,
        bot: i64,
        person: i64,
        [old, new]: [&'a Status; 2],
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let chat = ChatRef::Private { bot, person };
        let member = |status| MemberView::of(world, chat, bot, status, bot);
        Some(Self {
            chat: ChatView::of(world, chat)?,
            from: UserView::of(world, person)?,
            date: now.timestamp(),
            old_chat_member: member(old)?,
            new_chat_member: member(new)?,
            invite_link: None,
            via_join_request: false,
        })
    }
}

/// `chat_join_request`.
#[derive(Serialize)]
pub(in crate::state) struct JoinRequestView<'a> {
    chat: ChatView<'a>,
    from: UserView<'a>,
    user_chat_id: i64,
    date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bio: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<LinkView<'a>>,
}

impl<'a> JoinRequestView<'a> {
    /// An open request as `viewer` sees it.
    pub(in crate::state) fn of(world: &'a World, viewer: i64, room: i64, person: i64) -> Option<Self> {
        let record = world.room(room)?;
        let request = record.requests.get(&person)?;
        let link = request.link.as_ref();
        let link = link.and_then(|address| record.links.get(address));
        Some(Self {
            chat: ChatView::of(world, ChatRef::Room(room))?,
            from: UserView::of(world, person)?,
            user_chat_id: person,
            date: request.asked_at.timestamp(),
            bio: world.person(person)?.profile.bio.as_deref(),
            invite_link: link.and_then(|link| LinkView::of(world, link, viewer)),
        })
    }
}
