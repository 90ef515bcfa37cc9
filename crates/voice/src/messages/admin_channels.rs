//! The two channels and how they are set up.

use domain::channel::{Channel, ChannelRights};
use domain::id::ChatId;
use serde::Serialize;

use super::{Message, choice, sample};
use crate::values::UserText;

/// What Telegram says of a channel.
#[derive(Clone, Debug, Serialize)]
pub struct FoundChannel {
    /// Its title.
    pub title: UserText,
    /// Its Telegram id.
    pub id: ChatId,
    /// What Lucien may do in it.
    pub rights: ChannelRights,
}

/// A channel in the panel.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelScreen {
    /// Which one.
    #[serde(skip)]
    pub channel: Channel,
    /// What Telegram says of it; none when it is not set up.
    pub found: Option<FoundChannel>,
}

/// The question for a forwarded post.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ChannelSetup {
    /// Of the members' channel.
    Vip,
    /// Of the visitors' channel.
    Free,
}

/// Why what was sent is not the channel that was asked for. The question stands.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ChannelRefused {
    /// Not a forwarded post.
    NotForwarded,
    /// Forwarded from something that is no channel.
    NotAChannel,
    /// It is the other channel of the house.
    SameChannel,
    /// Lucien is no administrator there.
    NotAdministrator,
    /// Telegram does not show it to Lucien.
    Unreachable,
}

/// Lucien is an administrator of the channel and lacks rights there. The question stands.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelRightsMissing {
    /// What Telegram says of it.
    pub found: FoundChannel,
}

/// A channel was set up; nothing is missing there.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelDone {
    /// Which one.
    #[serde(skip)]
    pub channel: Channel,
    /// Whether it takes the place of another one, where people are already.
    #[serde(skip)]
    pub moved: bool,
    /// What Telegram says of it.
    pub found: FoundChannel,
}

impl FoundChannel {
    pub(super) fn samples() -> [Self; 3] {
        let without_bans = ChannelRights {
            restrict: false,
            ..ChannelRights::ALL
        };
        let id = ChatId(-1_009_999_999_999);
        let with = |title, rights| Self { title, id, rights };
        let [ordinary, longest, invisible] = sample::names();
        [
            with(ordinary, ChannelRights::ALL),
            with(longest, without_bans),
            with(invisible, ChannelRights::NONE),
        ]
    }
}

impl From<Channel> for ChannelSetup {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Vip => Self::Vip,
            Channel::Free => Self::Free,
        }
    }
}

impl Message for ChannelScreen {
    const ID: &'static str = "admin_channels.channel";

    fn branch(&self) -> &'static str {
        match (self.channel, &self.found) {
            (Channel::Vip, Some(_)) => "vip",
            (Channel::Vip, None) => "vip_missing",
            (Channel::Free, Some(_)) => "free",
            (Channel::Free, None) => "free_missing",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |channel: &Channel| {
            let channel = *channel;
            let found = FoundChannel::samples().map(Some).into_iter().chain([None]);
            found.map(move |found| Self { channel, found })
        };
        Channel::ALL.iter().flat_map(with).collect()
    }
}

choice!(ChannelSetup = "admin_channels.setup" {
    Vip = "vip",
    Free = "free",
});

choice!(ChannelRefused = "admin_channels.refused" {
    NotForwarded = "not_forwarded",
    NotAChannel = "not_a_channel",
    SameChannel = "same_channel",
    NotAdministrator = "not_administrator",
    Unreachable = "unreachable",
});

impl Message for ChannelRightsMissing {
    const ID: &'static str = "admin_channels.rights_missing";

    fn samples() -> Vec<Self> {
        FoundChannel::samples().map(|found| Self { found }).into()
    }
}

impl Message for ChannelDone {
    const ID: &'static str = "admin_channels.done";

    fn branch(&self) -> &'static str {
        match (self.channel, self.moved) {
            (Channel::Vip, false) => "vip",
            (Channel::Vip, true) => "vip_moved",
            (Channel::Free, _) => "free",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |(channel, moved)| {
            let rights = ChannelRights::ALL;
            FoundChannel::samples().map(|found| Self {
                channel,
                moved,
                found: FoundChannel { rights, ..found },
            })
        };
        let kinds = [
            (Channel::Vip, false),
            (Channel::Vip, true),
            (Channel::Free, false),
        ];
        kinds.into_iter().flat_map(with).collect()
    }
}
