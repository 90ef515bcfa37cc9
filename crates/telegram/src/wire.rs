//! The Bot API's objects as they come, with only what is used: whatever else an object holds, or
//! will hold tomorrow, is passed over.

use chrono::DateTime;
use domain::clock::Timestamp;
use domain::id::{ChatId, MessageId, UserId};
use domain::person::Profile;
use serde::Deserialize;

use crate::chat::{Chat, ChatKind, InviteLink, InviteUrl, Member, Rights, Status};

/// Where reading failed and of what kind the failure is. serde's own words may quote what was read.
pub(crate) fn mismatch(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Syntax => "no JSON",
        serde_json::error::Category::Data => "something missing or of another type",
        serde_json::error::Category::Eof => "cut short",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// A moment; 0 and what is out of range are none.
pub(crate) fn moment(unix: Option<i64>) -> Option<Timestamp> {
    let unix = unix.filter(|seconds| *seconds > 0)?;
    DateTime::from_timestamp(unix, 0)
}

#[derive(Deserialize)]
pub(crate) struct RawUser {
    id: i64,
    #[serde(default)]
    first_name: String,
    last_name: Option<String>,
    username: Option<String>,
}

impl From<RawUser> for Profile {
    fn from(user: RawUser) -> Self {
        Self::new(
            UserId(user.id),
            &user.first_name,
            user.last_name.as_deref(),
            user.username.as_deref(),
        )
    }
}

#[derive(Deserialize)]
pub(crate) struct RawChat {
    id: i64,
    #[serde(rename = "type")]
    kind: RawChatKind,
    title: Option<String>,
    username: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawChatKind {
    Private,
    Group,
    Supergroup,
    Channel,
    #[serde(other)]
    Other,
}

impl From<RawChat> for Chat {
    fn from(chat: RawChat) -> Self {
        Self {
            id: ChatId(chat.id),
            kind: match chat.kind {
                RawChatKind::Private => ChatKind::Private,
                RawChatKind::Group => ChatKind::Group,
                RawChatKind::Supergroup => ChatKind::Supergroup,
                RawChatKind::Channel => ChatKind::Channel,
                RawChatKind::Other => ChatKind::Other,
            },
            title: chat.title,
            username: chat.username,
        }
    }
}

/// A message, be it accessible or not.
#[derive(Deserialize)]
pub(crate) struct RawPlace {
    chat: RawChat,
    message_id: i32,
}

impl From<RawPlace> for (Chat, MessageId) {
    fn from(place: RawPlace) -> Self {
        (place.chat.into(), MessageId(place.message_id))
    }
}

#[derive(Deserialize)]
pub(crate) struct RawMember {
    user: RawUser,
    status: RawStatus,
    until_date: Option<i64>,
    #[serde(default)]
    is_member: bool,
    #[serde(default)]
    can_invite_users: bool,
    #[serde(default)]
    can_restrict_members: bool,
    #[serde(default)]
    can_post_messages: bool,
    #[serde(default)]
    can_edit_messages: bool,
    #[serde(default)]
    can_delete_messages: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawStatus {
    Creator,
    Administrator,
    Member,
    Restricted,
    Left,
    Kicked,
    #[serde(other)]
    Other,
}

impl From<RawMember> for Member {
    fn from(member: RawMember) -> Self {
        let until = moment(member.until_date);
        let status = match member.status {
            RawStatus::Creator => Status::Owner,
            RawStatus::Administrator => Status::Administrator(Rights {
                invite_users: member.can_invite_users,
                restrict_members: member.can_restrict_members,
                post_messages: member.can_post_messages,
                edit_messages: member.can_edit_messages,
                delete_messages: member.can_delete_messages,
            }),
            RawStatus::Member => Status::Member { until },
            RawStatus::Restricted => Status::Restricted {
                is_member: member.is_member,
                until,
            },
            RawStatus::Left => Status::Left,
            RawStatus::Kicked => Status::Kicked { until },
            RawStatus::Other => Status::Unknown,
        };
        Self {
            who: member.user.into(),
            status,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RawInviteLink {
    invite_link: String,
    creator: RawUser,
    #[serde(default)]
    creates_join_request: bool,
    #[serde(default)]
    is_primary: bool,
    #[serde(default)]
    is_revoked: bool,
    name: Option<String>,
    expire_date: Option<i64>,
    member_limit: Option<u32>,
}

impl From<RawInviteLink> for InviteLink {
    fn from(link: RawInviteLink) -> Self {
        Self {
            url: InviteUrl(link.invite_link),
            name: link.name.filter(|name| !name.is_empty()),
            creator: UserId(link.creator.id),
            creates_join_request: link.creates_join_request,
            is_primary: link.is_primary,
            is_revoked: link.is_revoked,
            expires: moment(link.expire_date),
            member_limit: link.member_limit,
        }
    }
}
