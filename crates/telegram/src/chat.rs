//! Chats, who is in them, and the links into them.

use std::fmt;

use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::person::Profile;

/// A chat, as far as an update or an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// Its type.
    pub kind: ChatKind,
    /// Its title; none in private chats.
    pub title: Option<String>,
    /// Its public name without `@`.
    pub username: Option<String>,
}

/// `Chat.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// With one person.
    Private,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
    /// A type that this version does not know.
    Other,
}

/// Somebody's standing in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whose.
    pub who: Profile,
    /// Which.
    pub status: Status,
}

/// `ChatMember.status`, with what belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Owns the chat.
    Owner,
    /// Administers it.
    Administrator(Rights),
    /// Is inside.
    Member {
        /// The end of a paid subscription.
        until: Option<Timestamp>,
    },
    /// Is under restrictions; supergroups only.
    Restricted {
        /// Whether they are inside.
        is_member: bool,
        /// The end of the restrictions; none when they do not end.
        until: Option<Timestamp>,
    },
    /// Is not inside and may come in.
    Left,
    /// Is banned. Of a bot in a private chat: the person has blocked it.
    Kicked {
        /// The end of the ban; none when it does not end.
        until: Option<Timestamp>,
    },
    /// Something that this version does not know; nothing follows from it.
    Unknown,
}

impl Status {
    /// Whether this is somebody inside the chat; none when that cannot be told.
    #[must_use]
    pub const fn is_inside(self) -> Option<bool> {
        match self {
            Self::Owner | Self::Administrator(_) | Self::Member { .. } => Some(true),
            Self::Restricted { is_member, .. } => Some(is_member),
            Self::Left | Self::Kicked { .. } => Some(false),
            Self::Unknown => None,
        }
    }

    /// What they may do as an administrator. An owner may everything.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::Owner => Rights::ALL,
            Self::Administrator(rights) => rights,
            _ => Rights::NONE,
        }
    }
}

/// An administrator's rights, as far as Lucien needs them (`ChatMemberAdministrator.can_…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Links and requests to join.
    pub invite_users: bool,
    /// Bans, and in a channel every look at its members.
    pub restrict_members: bool,
    /// Posts in a channel.
    pub post_messages: bool,
    /// Editing others' posts in a channel.
    pub edit_messages: bool,
    /// Deleting others' messages.
    pub delete_messages: bool,
}

impl Rights {
    /// Every right.
    pub const ALL: Self = Self {
        invite_users: true,
        restrict_members: true,
        post_messages: true,
        edit_messages: true,
        delete_messages: true,
    };
    /// No right.
    pub const NONE: Self = Self {
        invite_users: false,
        restrict_members: false,
        post_messages: false,
        edit_messages: false,
        delete_messages: false,
    };
}

/// A link into a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteLink {
    /// The link itself.
    pub url: InviteUrl,
    /// The name that its creator gave it, at most 32 characters.
    pub name: Option<String>,
    /// Whose it is.
    pub creator: UserId,
    /// Whether administrators decide about who comes by it.
    pub creates_join_request: bool,
    /// Whether it is its creator's main link.
    pub is_primary: bool,
    /// Whether it is revoked.
    pub is_revoked: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// How many may come by it.
    pub member_limit: Option<u32>,
}

/// A link's address. `Debug` hides it: who knows it may be let in. Links of other administrators come
/// with their second half replaced by dots (Bot API, `ChatInviteLink.invite_link`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InviteUrl(pub String);

impl InviteUrl {
    /// The address, to be shown to whom it is for.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InviteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteUrl(…)")
    }
}
