//! What a person can ask for, and what the answer to an update is.
//!
//! An [`Action`] holds ids only. It is what buttons carry, what the routing table is made of, and
//! what the inbox remembers as the outcome of an update whose state is changed already.

use telegram::Payload;

/// Something to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The home screen of the person's access.
    Home,
    /// How long the own membership lasts.
    Membership,
    /// The members' packages.
    Premium,
    /// The packages that are open to visitors.
    FreeContent,
    /// What membership is and how one comes by it.
    VipInfo,
    /// The creator's social networks.
    Social,
    /// What Lucien understands.
    Help,
    /// The person's Telegram id.
    Id,
    /// A command that Lucien does not know.
    UnknownCommand,
    /// A message that is not a command.
    OtherMessage(OtherMessage),
    /// A button that no screen has any more: its meaning is lost, the home screen is shown.
    StaleButton,
    /// A members' button, pressed by somebody who is not one: home, with a word about it.
    MembersOnly,
}

/// A message that is not a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OtherMessage {
    /// A text.
    Text,
    /// A picture, a sticker, a voice message and the like.
    Media,
}

impl Action {
    /// Every action, for tests of the routing table.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 13] = [
        Self::Home,
        Self::Membership,
        Self::Premium,
        Self::FreeContent,
        Self::VipInfo,
        Self::Social,
        Self::Help,
        Self::Id,
        Self::UnknownCommand,
        Self::OtherMessage(OtherMessage::Text),
        Self::OtherMessage(OtherMessage::Media),
        Self::StaleButton,
        Self::MembersOnly,
    ];
}

impl Payload for Action {
    fn encode(&self) -> String {
        let code = match self {
            Self::Home => "home",
            Self::Membership => "membership",
            Self::Premium => "premium",
            Self::FreeContent => "free",
            Self::VipInfo => "vip",
            Self::Social => "social",
            Self::Help => "help",
            Self::Id => "id",
            Self::UnknownCommand => "unknown",
            Self::OtherMessage(OtherMessage::Text) => "text",
            Self::OtherMessage(OtherMessage::Media) => "media",
            Self::StaleButton => "stale",
            Self::MembersOnly => "members",
        };
        code.to_owned()
    }

    fn decode(data: &str) -> Option<Self> {
        Some(match data {
            "home" => Self::Home,
            "membership" => Self::Membership,
            "premium" => Self::Premium,
            "free" => Self::FreeContent,
            "vip" => Self::VipInfo,
            "social" => Self::Social,
            "help" => Self::Help,
            "id" => Self::Id,
            "unknown" => Self::UnknownCommand,
            "text" => Self::OtherMessage(OtherMessage::Text),
            "media" => Self::OtherMessage(OtherMessage::Media),
            "stale" => Self::StaleButton,
            "members" => Self::MembersOnly,
            // Buttons that the Python bot sent still hang in people's chats.
            "menu:back" | "menu:vip:main" | "menu:free:main" => Self::Home,
            "vip:status" => Self::Membership,
            "vip:premium" | "user:packages:back:VIP" => Self::Premium,
            "menu:free:content" | "user:packages:back:Free" => Self::FreeContent,
            "menu:free:vip" => Self::VipInfo,
            "menu:free:social" => Self::Social,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_fits_a_button_and_reads_back() {
        let mut codes = HashSet::new();
        for action in Action::ALL {
            let code = action.encode();
            assert!((1..=Action::MAX_BYTES).contains(&code.len()));
            assert_eq!(Action::decode(&code), Some(action));
            assert!(codes.insert(code), "{action:?} shares its code");
        }
    }

    #[test]
    fn buttons_of_the_python_bot_still_work() {
        let cases = [
            ("menu:back", Action::Home),
            ("menu:vip:main", Action::Home),
            ("menu:free:main", Action::Home),
            ("vip:premium", Action::Premium),
            ("vip:status", Action::Membership),
            ("menu:free:content", Action::FreeContent),
            ("menu:free:vip", Action::VipInfo),
            ("menu:free:social", Action::Social),
        ];
        for (data, action) in cases {
            assert_eq!(Action::decode(data), Some(action), "{data}");
        }
        for dead in [
            "user:redeem_token",
            "menu:exit",
            "pagination:info:3",
            "",
            "HOME",
            "vip:premium:7",
        ] {
            assert_eq!(Action::decode(dead), None, "{dead}");
        }
    }
}
