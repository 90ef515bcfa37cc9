//! What a person can ask for, and what the answer to an update is.
//!
//! An [`Action`] holds ids only. It is what buttons carry, what the routing table is made of, and
//! what the inbox remembers as the outcome of an update whose state is changed already.

mod custodian;
mod renewal;
mod way_in;

use std::str::FromStr;

use domain::access::{Access, Permission};
use domain::id::UserId;
use domain::queue::QueueReply;
use telegram::Payload;

pub(crate) use custodian::{CustodianAction, Origin, Wanted};
pub(crate) use renewal::{Hearing, RenewalAction};
pub(crate) use way_in::{DoorWord, Ruling, WayIn};

/// Begins the codes of everything that the panel leads to.
const CUSTODIANS: &str = "panel:";
/// Begins the codes of everything on the way into the members' channel.
const WAY_IN: &str = "in:";
/// Begins the codes of everything about a membership that ends.
const RENEWAL: &str = "renew:";
/// Begins the codes of what whoever asks at the visitors' channel is told.
const QUEUE: &str = "queue:";
/// Begins the codes of what custodians decide, and of what was decided.
const RULE: &str = "rule:";
const RULED: &str = "ruled:";

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
    /// What the house keeps of people.
    Privacy,
    /// The custodians' panel.
    Panel,
    /// Whatever the panel leads to.
    Custodian(CustodianAction),
    /// Something on the way into the members' channel.
    WayIn(WayIn),
    /// Something about a membership that ends.
    Renewal(RenewalAction),
    /// What whoever asks at the visitors' channel is told.
    Queue(QueueReply),
    /// A custodian's decision about somebody.
    Rule(Ruling, UserId),
    /// What was decided about somebody.
    Ruled(Ruling, UserId),
    /// To leave the dialogue that the person is in.
    Cancel,
    /// A dialogue was left.
    Cancelled,
    /// There was no dialogue to leave.
    NothingToCancel,
    /// A command that Lucien does not know.
    UnknownCommand,
    /// A message that is not a command.
    OtherMessage(OtherMessage),
    /// A button that no screen has any more: its meaning is lost, the home screen is shown.
    StaleButton,
    /// A members' button, pressed by somebody who is not one: home, with a word about it.
    MembersOnly,
    /// Something of the custodians', asked for by somebody who is none.
    CustodiansOnly,
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
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let custodians = CustodianAction::all().into_iter().map(Self::Custodian);
        let way_in = WayIn::ALL.into_iter().map(Self::WayIn);
        let rulings = Ruling::all()
            .flat_map(|(ruling, person)| [Self::Rule(ruling, person), Self::Ruled(ruling, person)]);
        let all = Self::EVERYBODYS.into_iter().chain(custodians);
        let renewals = RenewalAction::ALL.into_iter().map(Self::Renewal);
        let replies = QueueReply::ALL.iter().copied().map(Self::Queue);
        all.chain(way_in).chain(rulings).chain(renewals).chain(replies)
    }

    #[cfg(test)]
    const EVERYBODYS: [Self; 19] = [
        Self::Home,
        Self::Membership,
        Self::Premium,
        Self::FreeContent,
        Self::VipInfo,
        Self::Social,
        Self::Help,
        Self::Id,
        Self::Privacy,
        Self::Panel,
        Self::Cancel,
        Self::Cancelled,
        Self::NothingToCancel,
        Self::UnknownCommand,
        Self::OtherMessage(OtherMessage::Text),
        Self::OtherMessage(OtherMessage::Media),
        Self::StaleButton,
        Self::MembersOnly,
        Self::CustodiansOnly,
    ];

    /// The permission that an action needs; none when it is open to everybody.
    pub(crate) const fn permission(self) -> Option<Permission> {
        match self {
            Self::Membership => Some(Permission::SeeOwnMembership),
            Self::Premium => Some(Permission::SeeVip),
            Self::FreeContent | Self::VipInfo | Self::Social => Some(Permission::SeeFree),
            Self::Panel | Self::Custodian(_) | Self::Rule(..) | Self::Ruled(..) => Some(Permission::Govern),
            Self::Renewal(action) if action.is_custodians() => Some(Permission::Govern),
            // Where somebody stands on it is seen when they go on.
            Self::Home
            | Self::Help
            | Self::Id
            | Self::Privacy
            | Self::WayIn(_)
            | Self::Renewal(_)
            | Self::Queue(_)
            | Self::Cancel
            | Self::Cancelled
            | Self::NothingToCancel
            | Self::UnknownCommand
            | Self::OtherMessage(_)
            | Self::StaleButton
            | Self::MembersOnly
            | Self::CustodiansOnly => None,
        }
    }

    /// What somebody with this access gets to see when they ask for the action.
    pub(crate) fn admitted(self, access: Access) -> Self {
        match self.permission() {
            None => self,
            Some(permission) if access.may(permission) => self,
            Some(Permission::Govern) => Self::CustodiansOnly,
            Some(Permission::SeeVip | Permission::SeeOwnMembership)
                if matches!(access, Access::Free | Access::Ritual) =>
            {
                Self::MembersOnly
            }
            // A button of a time when their access was another one.
            Some(_) => Self::StaleButton,
        }
    }

    /// Whether somebody who asks for the action leaves the dialogue that they are in.
    pub(crate) const fn leaves_dialogue(self) -> bool {
        match self {
            Self::OtherMessage(_) => false,
            Self::Custodian(action) => !action.concludes_dialogue(),
            _ => true,
        }
    }
}

impl Payload for Action {
    fn encode(&self) -> String {
        let code = match self {
            Self::Custodian(action) => return format!("{CUSTODIANS}{}", action.encode()),
            Self::WayIn(action) => return format!("{WAY_IN}{}", action.encode()),
            Self::Renewal(action) => return format!("{RENEWAL}{}", action.encode()),
            Self::Queue(reply) => return format!("{QUEUE}{reply}"),
            Self::Rule(ruling, person) => return format!("{RULE}{}", ruling.encode(*person)),
            Self::Ruled(ruling, person) => return format!("{RULED}{}", ruling.encode(*person)),
            Self::Home => "home",
            Self::Membership => "membership",
            Self::Premium => "premium",
            Self::FreeContent => "free",
            Self::VipInfo => "vip",
            Self::Social => "social",
            Self::Help => "help",
            Self::Id => "id",
            Self::Privacy => "privacy",
            Self::Panel => "panel",
            Self::Cancel => "cancel",
            Self::Cancelled => "cancelled",
            Self::NothingToCancel => "nothing",
            Self::UnknownCommand => "unknown",
            Self::OtherMessage(OtherMessage::Text) => "text",
            Self::OtherMessage(OtherMessage::Media) => "media",
            Self::StaleButton => "stale",
            Self::MembersOnly => "members",
            Self::CustodiansOnly => "custodians",
        };
        code.to_owned()
    }

    fn decode(data: &str) -> Option<Self> {
        if let Some(code) = data.strip_prefix(CUSTODIANS) {
            return CustodianAction::decode(code).map(Self::Custodian);
        }
        if let Some(code) = data.strip_prefix(WAY_IN) {
            return WayIn::decode(code).map(Self::WayIn);
        }
        if let Some(code) = data.strip_prefix(RENEWAL) {
            return RenewalAction::decode(code).map(Self::Renewal);
        }
        if let Some(code) = data.strip_prefix(QUEUE) {
            return QueueReply::from_str(code).ok().map(Self::Queue);
        }
        if let Some(code) = data.strip_prefix(RULE) {
            return Ruling::decode(code).map(|(ruling, person)| Self::Rule(ruling, person));
        }
        if let Some(code) = data.strip_prefix(RULED) {
            return Ruling::decode(code).map(|(ruling, person)| Self::Ruled(ruling, person));
        }
        Some(match data {
            "home" => Self::Home,
            "membership" => Self::Membership,
            "premium" => Self::Premium,
            "free" => Self::FreeContent,
            "vip" => Self::VipInfo,
            "social" => Self::Social,
            "help" => Self::Help,
            "id" => Self::Id,
            "privacy" => Self::Privacy,
            "panel" => Self::Panel,
            "cancel" => Self::Cancel,
            "cancelled" => Self::Cancelled,
            "nothing" => Self::NothingToCancel,
            "unknown" => Self::UnknownCommand,
            "text" => Self::OtherMessage(OtherMessage::Text),
            "media" => Self::OtherMessage(OtherMessage::Media),
            "stale" => Self::StaleButton,
            "members" => Self::MembersOnly,
            "custodians" => Self::CustodiansOnly,
            // Buttons that the Python bot sent still hang in people's chats.
            "menu:back" | "menu:vip:main" | "menu:free:main" => Self::Home,
            "vip:status" => Self::Membership,
            "vip:premium" | "user:packages:back:VIP" => Self::Premium,
            "menu:free:content" | "user:packages:back:Free" => Self::FreeContent,
            "menu:free:vip" => Self::VipInfo,
            "menu:free:social" => Self::Social,
            "vip_entry:stage_2" => Self::WayIn(WayIn::Listen),
            "vip_entry:stage_3" => Self::WayIn(WayIn::Accept),
            "vip_entry:main_menu" => Self::WayIn(WayIn::Conclude),
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
        for action in Action::all() {
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
            ("vip_entry:stage_2", Action::WayIn(WayIn::Listen)),
            ("vip_entry:stage_3", Action::WayIn(WayIn::Accept)),
            ("vip_entry:main_menu", Action::WayIn(WayIn::Conclude)),
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

    #[test]
    fn nobody_sees_what_is_not_theirs() {
        for action in Action::all() {
            for access in Access::ALL {
                let admitted = action.admitted(access);
                let may = |action: Action| {
                    action
                        .permission()
                        .is_none_or(|permission| access.may(permission))
                };
                assert!(may(admitted), "{action:?} for {access:?}");
                assert_eq!(admitted == action, may(action), "{action:?} for {access:?}");
            }
        }
    }

    #[test]
    fn every_route_of_the_custodians_refuses_strangers() {
        for action in Action::all() {
            if action.permission() != Some(Permission::Govern) {
                continue;
            }
            for access in Access::ALL {
                let admitted = action.admitted(access);
                let expected = if access == Access::Admin {
                    action
                } else {
                    Action::CustodiansOnly
                };
                assert_eq!(admitted, expected, "{action:?} for {access:?}");
            }
        }
        assert_eq!(Action::Panel.permission(), Some(Permission::Govern));
    }

    #[test]
    fn visitors_are_told_that_a_room_is_for_members() {
        assert_eq!(Action::Premium.admitted(Access::Free), Action::MembersOnly);
        assert_eq!(Action::Membership.admitted(Access::Free), Action::MembersOnly);
        assert_eq!(Action::Premium.admitted(Access::Ritual), Action::MembersOnly);
        assert_eq!(Action::FreeContent.admitted(Access::Vip), Action::StaleButton);
    }
}
