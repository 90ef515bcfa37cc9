//! Chats that many share: basic groups, supergroups and channels.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::invite::{JoinRequest, Links};
use super::member::Status;
use super::message::Log;

/// What kind of chat many share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// A basic group: small, without links to messages, and without bans.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel, in which administrators post.
    Channel,
}

impl RoomKind {
    /// As the Bot API calls it, in `type` and in the words of errors.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Supergroup => "supergroup",
            Self::Channel => "channel",
        }
    }
}

/// What a room is and how it is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// What kind of chat.
    pub kind: RoomKind,
    /// Its title.
    pub title: String,
    /// A username makes it public; without `@`. Basic groups have none.
    #[serde(default)]
    pub username: Option<String>,
    /// What it says of itself.
    #[serde(default)]
    pub description: Option<String>,
    /// Posts show their author's name.
    #[serde(default)]
    pub has_signatures: bool,
    /// Public, but one has to ask.
    #[serde(default)]
    pub join_by_request: bool,
    /// Only administrators see who is in it.
    #[serde(default)]
    pub has_hidden_members: bool,
    /// Messages cannot be forwarded or saved.
    #[serde(default)]
    pub has_protected_content: bool,
    /// The channel's discussion group, or the group's channel.
    #[serde(default)]
    pub linked_chat: Option<i64>,
}

impl NewRoom {
    /// A private room of which only the title is known.
    #[must_use]
    pub fn new(kind: RoomKind, title: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.into(),
            username: None,
            description: None,
            has_signatures: false,
            join_by_request: false,
            has_hidden_members: false,
            has_protected_content: false,
            linked_chat: None,
        }
    }

    /// A private channel.
    #[must_use]
    pub fn channel(title: impl Into<String>) -> Self {
        Self::new(RoomKind::Channel, title)
    }

    /// A private supergroup.
    #[must_use]
    pub fn supergroup(title: impl Into<String>) -> Self {
        Self::new(RoomKind::Supergroup, title)
    }

    /// A basic group.
    #[must_use]
    pub fn group(title: impl Into<String>) -> Self {
        Self::new(RoomKind::Group, title)
    }

    /// Public under this username, given without `@`.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }
}

#[derive(Debug)]
pub(crate) struct RoomRecord {
    pub(crate) id: i64,
    /// What it is and how it is set up.
    pub(crate) profile: NewRoom,
    /// Of everybody who was ever in it or barred from it.
    pub(super) members: HashMap<i64, Status>,
    pub(crate) log: Log,
    pub(super) last_message: i32,
    pub(crate) links: Links,
    /// By the person who asks.
    pub(crate) requests: HashMap<i64, JoinRequest>,
    /// The supergroup that the group has become.
    pub(crate) migrated_to: Option<i64>,
    /// A basic group that its owner has deleted.
    pub(crate) is_deleted: bool,
    /// `chat_instance` of callback queries.
    pub(crate) instance: i64,
}

impl RoomRecord {
    pub(super) fn new(id: i64, profile: NewRoom) -> Self {
        Self {
            id,
            profile,
            members: HashMap::new(),
            log: Log::new(),
            last_message: 0,
            links: Links::default(),
            requests: HashMap::new(),
            migrated_to: None,
            is_deleted: false,
            instance: rand::random(),
        }
    }

    pub(crate) fn kind(&self) -> RoomKind {
        self.profile.kind
    }

    pub(crate) fn is_channel(&self) -> bool {
        self.kind() == RoomKind::Channel
    }

    pub(crate) fn is_public(&self) -> bool {
        self.profile.username.is_some()
    }

    /// How somebody stands at a moment; who never was here has left.
    pub(crate) fn status(&self, user: i64, now: DateTime<Utc>) -> Status {
        self.members
            .get(&user)
            .map_or(Status::Left, |status| status.at(now))
    }

    /// Whether somebody was ever in it or barred from it.
    pub(crate) fn knows(&self, user: i64) -> bool {
        self.members.contains_key(&user)
    }

    /// Everybody who is in it, in no order.
    pub(crate) fn present(&self, now: DateTime<Utc>) -> impl Iterator<Item = (i64, Status)> {
        self.members
            .iter()
            .map(move |(user, status)| (*user, status.at(now)))
            .filter(|(_, status)| status.is_present())
    }

    /// Whether somebody who stands so may write here, or post.
    pub(crate) fn takes_messages_of(&self, status: &Status) -> bool {
        let may = if self.is_channel() {
            status.may(|rights| rights.can_post_messages)
        } else {
            status.is_present() && !matches!(status, Status::Restricted { .. })
        };
        may && self.migrated_to.is_none() && !self.is_deleted
    }

    pub(crate) fn owner(&self) -> Option<i64> {
        self.members
            .iter()
            .find(|(_, status)| matches!(status, Status::Creator { .. }))
            .map(|(user, _)| *user)
    }

    /// Closes a request, if it is open.
    pub(super) fn close_request(&mut self, person: i64) -> Option<JoinRequest> {
        let request = self.requests.remove(&person)?;
        let link = request.link.as_ref();
        if let Some(link) = link.and_then(|address| self.links.get_mut(address)) {
            link.pending = link.pending.saturating_sub(1);
        }
        Some(request)
    }
}
