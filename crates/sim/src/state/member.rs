//! How somebody stands in a room.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bans that would be shorter last for ever, and so do those that would be longer.
const SHORTEST_BAN: TimeDelta = TimeDelta::seconds(30);
const LONGEST_BAN: TimeDelta = TimeDelta::days(366);

/// What an administrator may do, named as in the Bot API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rights {
    /// Appears as the group itself.
    pub is_anonymous: bool,
    /// Sees statistics, hidden members and the like; what every administrator may do.
    pub can_manage_chat: bool,
    /// Deletes messages of others.
    pub can_delete_messages: bool,
    /// Manages video chats.
    pub can_manage_video_chats: bool,
    /// Bans, restricts and unbans.
    pub can_restrict_members: bool,
    /// Makes administrators.
    pub can_promote_members: bool,
    /// Changes title, photo and the like.
    pub can_change_info: bool,
    /// Has links, adds people, handles requests to join.
    pub can_invite_users: bool,
    /// Posts stories in the name of the chat.
    pub can_post_stories: bool,
    /// Edits stories.
    pub can_edit_stories: bool,
    /// Deletes stories of others.
    pub can_delete_stories: bool,
    /// Posts; channels only.
    pub can_post_messages: bool,
    /// Edits posts of others; channels only.
    pub can_edit_messages: bool,
    /// Manages a channel's direct messages; channels only.
    pub can_manage_direct_messages: bool,
    /// Pins messages; groups only.
    pub can_pin_messages: bool,
    /// Manages topics; supergroups only.
    pub can_manage_topics: bool,
    /// Manages members' tags; groups only.
    pub can_manage_tags: bool,
    /// Sends welcome messages.
    pub can_send_welcome_messages: bool,
}

impl Rights {
    /// Everything, under their own name.
    #[must_use]
    pub fn all() -> Self {
        Self {
            is_anonymous: false,
            can_manage_chat: true,
            can_delete_messages: true,
            can_manage_video_chats: true,
            can_restrict_members: true,
            can_promote_members: true,
            can_change_info: true,
            can_invite_users: true,
            can_post_stories: true,
            can_edit_stories: true,
            can_delete_stories: true,
            can_post_messages: true,
            can_edit_messages: true,
            can_manage_direct_messages: true,
            can_pin_messages: true,
            can_manage_topics: true,
            can_manage_tags: true,
            can_send_welcome_messages: true,
        }
    }

    /// What every administrator may do, and nothing else.
    #[must_use]
    pub fn least() -> Self {
        Self {
            can_manage_chat: true,
            ..Self::default()
        }
    }

    /// Whether all of `others` are among these.
    pub(super) fn include(&self, others: &Self) -> bool {
        self.with(others) == *self
    }

    /// These and `others`.
    pub(super) fn with(self, others: &Self) -> Self {
        let mut all = self.names();
        all.extend(others.names().into_iter().filter(|(_, is)| *is));
        Self::named(all)
    }

    /// The rights that [`names`](Self::names) tells.
    pub(crate) fn named(rights: BTreeMap<String, bool>) -> Self {
        let json = rights.into_iter().map(|(name, is)| (name, Value::Bool(is)));
        serde_json::from_value(json.collect()).expect("rights are booleans")
    }

    /// Each by its name in the Bot API.
    pub(crate) fn names(&self) -> BTreeMap<String, bool> {
        let json = serde_json::to_value(self).expect("rights are booleans");
        serde_json::from_value(json).expect("rights are booleans")
    }
}

/// How somebody stands in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Owns it.
    Creator {
        /// Appears as the group itself.
        is_anonymous: bool,
    },
    /// Runs it.
    Administrator {
        /// What they may do.
        rights: Rights,
        /// Who made them one.
        promoted_by: i64,
        /// Shown instead of “admin”.
        custom_title: Option<String>,
    },
    /// Is in it.
    Member,
    /// May not write, in a supergroup.
    Restricted {
        /// Whether they are in it.
        is_member: bool,
        /// When that ends; never if none.
        until: Option<DateTime<Utc>>,
    },
    /// Is not in it.
    Left,
    /// Is not in it and may not come.
    Kicked {
        /// When that ends; never if none.
        until: Option<DateTime<Utc>>,
    },
}

impl Status {
    /// As the Bot API calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Creator { .. } => "creator",
            Self::Administrator { .. } => "administrator",
            Self::Member => "member",
            Self::Restricted { .. } => "restricted",
            Self::Left => "left",
            Self::Kicked { .. } => "kicked",
        }
    }

    /// Whether they are in the room.
    #[must_use]
    pub fn is_present(&self) -> bool {
        match self {
            Self::Creator { .. } | Self::Administrator { .. } | Self::Member => true,
            Self::Restricted { is_member, .. } => *is_member,
            Self::Left | Self::Kicked { .. } => false,
        }
    }

    /// Whether they run the room, as its owner or an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        matches!(self, Self::Creator { .. } | Self::Administrator { .. })
    }

    /// Whether they run the room and have this right; owners have all.
    #[must_use]
    pub fn may(&self, right: impl FnOnce(&Rights) -> bool) -> bool {
        match self {
            Self::Creator { .. } => true,
            Self::Administrator { rights, .. } => right(rights),
            _ => false,
        }
    }

    /// Whether they write as the group itself.
    pub(crate) fn is_anonymous(&self) -> bool {
        match self {
            Self::Creator { is_anonymous } => *is_anonymous,
            Self::Administrator { rights, .. } => rights.is_anonymous,
            _ => false,
        }
    }

    /// Barred until then; for ever if that is soon or in a far future, as Telegram has it.
    pub(crate) fn kicked_until(until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let is_bounded = |until: &DateTime<Utc>| (SHORTEST_BAN..=LONGEST_BAN).contains(&(*until - now));
        Self::Kicked {
            until: until.filter(is_bounded),
        }
    }

    /// What is left of it at a later moment: bans and restrictions end by themselves.
    pub(super) fn at(&self, now: DateTime<Utc>) -> Self {
        match self {
            Self::Kicked { until: Some(until) } if *until <= now => Self::Left,
            Self::Restricted {
                is_member,
                until: Some(until),
            } if *until <= now => {
                if *is_member {
                    Self::Member
                } else {
                    Self::Left
                }
            }
            status => status.clone(),
        }
    }
}
