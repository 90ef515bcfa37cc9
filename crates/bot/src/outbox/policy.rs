//! The table of what can go out, and by which rules.

use chrono::TimeDelta;
use domain::id::{ChatId, UserId};
use telegram::Lane;

/// What a row of the outbox is about: its column `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OutboxKind {
    /// Something that custodians are told.
    CustodianNotice,
    /// The same, of what they have to see to before Lucien can go on.
    CustodianAlarm,
    /// A backup that a custodian is to keep.
    Backup,
    /// Something that a person is told.
    PersonNotice,
    /// A message that is written over.
    EditMessage,
    /// A ban that is lifted.
    Unban,
    /// A request to be let in that is granted.
    Approve,
    /// A request to be let in that is refused.
    Decline,
    /// Somebody who has waited for the visitors' channel and is let in.
    Admit,
    /// A personal link that is made.
    CreateLink,
    /// A link that is revoked.
    RevokeLink,
    /// Somebody who is seen out.
    Remove,
}

/// Until what Telegram refuses for want of a right is tried again. When rights are given back, it is
/// tried at once.
const RIGHTS_WAIT: TimeDelta = TimeDelta::minutes(1);

/// By which rules rows of a kind go out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// What it has to come after.
    pub(crate) order: Order,
    /// In which lane its message goes; none: it sends no message.
    pub(crate) lane: Option<Lane>,
    /// When nobody knows whether Telegram has done it.
    pub(crate) unknown: Unknown,
    /// How long it is tried, from the moment when it was written down; none: without end.
    pub(crate) try_for: Option<TimeDelta>,
    /// When whom or what it is about cannot be reached any more.
    pub(crate) gone: Then,
    /// When the bot lacks a right for it.
    pub(crate) no_rights: Then,
    /// When Telegram finds the call itself wrong.
    pub(crate) bad: Then,
    /// Whether it goes out while another program works with this bot's token.
    pub(crate) beside_other_program: bool,
}

/// Rows of one sequence go out one after another, as they were written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// After the chat's other messages.
    Chat,
    /// After the chat's rows of the same kind only.
    KindInChat,
    /// After all that concerns the same person's place in the same channel.
    Membership,
}

/// What follows when nobody knows whether Telegram has done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is done again: twice does no harm, or less than not at all.
    Repeat,
    /// It is never done again, and listed.
    NeverRepeat,
}

/// What becomes of a row that Telegram refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is over; nobody has to see to it.
    Finish,
    /// It is a dead letter.
    Bury,
    /// It waits for so long and is tried again.
    Wait(TimeDelta),
}

impl OutboxKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::CustodianNotice,
        Self::CustodianAlarm,
        Self::Backup,
        Self::PersonNotice,
        Self::EditMessage,
        Self::Unban,
        Self::Approve,
        Self::Decline,
        Self::Admit,
        Self::CreateLink,
        Self::RevokeLink,
        Self::Remove,
    ];

    /// Those that concern somebody's place in a channel.
    pub(crate) fn of_membership() -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(|kind| kind.policy().order == Order::Membership)
    }

    /// What is stored, at most 40 characters.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::CustodianNotice => "custodian_notice",
            Self::CustodianAlarm => "custodian_alarm",
            Self::Backup => "backup",
            Self::PersonNotice => "person_notice",
            Self::EditMessage => "edit_message",
            Self::Unban => "unban",
            Self::Approve => "approve",
            Self::Decline => "decline",
            Self::Admit => "admit",
            Self::CreateLink => "create_link",
            Self::RevokeLink => "revoke_link",
            Self::Remove => "remove",
        }
    }

    pub(crate) fn of(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.label() == label)
    }

    /// The table.
    pub(crate) const fn policy(self) -> Policy {
        match self {
            Self::CustodianNotice => Policy {
                order: Order::Chat,
                lane: Some(Lane::Notice),
                unknown: Unknown::Repeat,
                try_for: Some(TimeDelta::hours(24)),
                // Who has never pressed Start, or has blocked the bot, wants no word of it.
                gone: Then::Finish,
                no_rights: Then::Bury,
                bad: Then::Bury,
                beside_other_program: false,
            },
            Self::CustodianAlarm => Policy {
                // Nothing that is held back may stand before it.
                order: Order::KindInChat,
                beside_other_program: true,
                ..Self::CustodianNotice.policy()
            },
            Self::Backup => Policy {
                // A large one holds up nothing else.
                order: Order::KindInChat,
                ..Self::CustodianNotice.policy()
            },
            Self::PersonNotice => Policy {
                unknown: Unknown::NeverRepeat,
                ..Self::CustodianNotice.policy()
            },
            Self::EditMessage => Policy {
                lane: None,
                // A message that is gone, or an old one, keeps what it says.
                no_rights: Then::Finish,
                ..Self::CustodianNotice.policy()
            },
            Self::Unban | Self::Approve | Self::Decline | Self::Admit | Self::RevokeLink | Self::Remove => {
                Policy {
                    order: Order::Membership,
                    lane: None,
                    unknown: Unknown::Repeat,
                    try_for: None,
                    gone: Then::Finish,
                    no_rights: Then::Wait(RIGHTS_WAIT),
                    bad: Then::Bury,
                    beside_other_program: false,
                }
            }
            // A link whose making came to an unknown end is never shown, and ends by itself. Of one that
            // is refused its owner is told, and asks anew.
            Self::CreateLink => Policy {
                no_rights: Then::Finish,
                bad: Then::Finish,
                ..Self::Unban.policy()
            },
        }
    }

    /// The key within which the order of a row about a person in that chat is kept, at most 80
    /// characters.
    pub(crate) fn sequence(self, chat: ChatId, person: UserId) -> String {
        match self.policy().order {
            Order::Chat => format!("chat:{chat}"),
            Order::KindInChat => format!("{}:{chat}", self.label()),
            Order::Membership => format!("member:{chat}:{person}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_label_of_its_own_that_fits_its_column() {
        for kind in OutboxKind::ALL {
            assert_eq!(OutboxKind::of(kind.label()), Some(kind));
            assert!(kind.label().len() <= 40);
            assert!(kind.sequence(ChatId(i64::MIN), UserId(i64::MAX)).len() <= 80);
        }
        assert_eq!(OutboxKind::of("anything else"), None);
    }

    #[test]
    fn what_goes_out_beside_another_program_waits_for_nothing_that_does_not() {
        for kind in OutboxKind::ALL {
            if kind.policy().beside_other_program {
                assert_eq!(kind.policy().order, Order::KindInChat, "{kind:?}");
            }
        }
    }
}
