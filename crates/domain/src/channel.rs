//! The two channels of the house, and what Lucien must be allowed to do in them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::role::labels;

/// A channel of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The members' channel.
    Vip,
    /// The channel that is open to visitors.
    Free,
}

labels!(Channel, "channel", { Vip = "VIP", Free = "FREE" });

/// What Lucien may do in a channel (Bot API, `ChatMemberAdministrator`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ChannelRights {
    /// `can_invite_users`: make links, let in whoever asks to.
    pub invite: bool,
    /// `can_restrict_members`: see people out, and lift a ban.
    pub restrict: bool,
    /// `can_post_messages`: publish.
    pub post: bool,
}

impl ChannelRights {
    /// All that is needed.
    pub const ALL: Self = Self {
        invite: true,
        restrict: true,
        post: true,
    };
    /// Nothing, as for somebody who is not an administrator.
    pub const NONE: Self = Self {
        invite: false,
        restrict: false,
        post: false,
    };

    /// Whether nothing is missing.
    #[must_use]
    pub fn are_complete(self) -> bool {
        self == Self::ALL
    }
}
