//! The door of the members' channel: who is let in, and by which links people come.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::id::{EntryLinkId, UserId};
use crate::subscription::{Stage, Subscription};

/// For how long a personal link opens the door.
pub const ENTRY_LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// How many new personal links somebody is given within [`ENTRY_LINK_DAY`]. Only one of them is
/// valid at a time: a new one takes the place of the one before, which is revoked.
pub const ENTRY_LINKS_A_DAY: usize = 3;

/// The time over which [`ENTRY_LINKS_A_DAY`] is counted, backwards from now.
pub const ENTRY_LINK_DAY: TimeDelta = TimeDelta::hours(24);

/// The name under which a personal link is made. It comes back with each request to join, also
/// when Telegram has cut the link itself. At most 32 characters (Bot API, `createChatInviteLink`).
#[must_use]
pub fn entry_link_name(id: EntryLinkId) -> String {
    format!("L{id}")
}

/// The personal link that has this name; none when the name is not one that we give. Anybody who
/// may make links may give them any name, so that the link's creator has to be looked at, too.
#[must_use]
pub fn entry_link_of_name(name: &str) -> Option<EntryLinkId> {
    let id = name.strip_prefix('L')?.parse().ok().map(EntryLinkId)?;
    (entry_link_name(id) == name).then_some(id)
}

/// Somebody who asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requester {
    /// Who it is.
    pub id: UserId,
    /// Whether they are a custodian.
    pub is_custodian: bool,
    /// Their membership, valid or not.
    pub subscription: Option<Subscription>,
}

/// How a request to be let in is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoorDecision {
    /// Let in at once.
    Approve,
    /// Held and told to finish the ritual; let in at its third stage.
    FinishRitual,
    /// A courteous line, then declined; the owner of the link, if that is somebody else, and the
    /// custodians are told.
    TurnAway {
        /// Whose personal link it was; none: their own, of a membership that is over.
        lender: Option<UserId>,
    },
    /// Held, with one message.
    Hold,
}

impl DoorDecision {
    /// The decision at `now`. People are judged, not their links: a member who comes by somebody
    /// else's link is a member. `link_owner` is the owner of the personal link by which the
    /// request came, if it came by one; it matters only for whoever has no membership.
    #[must_use]
    pub fn of(requester: &Requester, link_owner: Option<UserId>, now: Timestamp) -> Self {
        if requester.is_custodian {
            return Self::Approve;
        }
        let running = requester.subscription.filter(|running| running.is_valid(now));
        match (running, link_owner) {
            (Some(running), _) => match running.stage {
                None | Some(Stage::Third) => Self::Approve,
                Some(Stage::First | Stage::Second) => Self::FinishRitual,
            },
            (None, Some(owner)) => Self::TurnAway {
                lender: (owner != requester.id).then_some(owner),
            },
            (None, None) => Self::Hold,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::subscription::Status;

    const ANA: UserId = UserId(1);
    const BRUNO: UserId = UserId(2);

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn ana(subscription: Option<Subscription>) -> Requester {
        Requester {
            id: ANA,
            is_custodian: false,
            subscription,
        }
    }

    fn until(expiry: Timestamp, stage: Option<Stage>) -> Option<Subscription> {
        Some(Subscription {
            status: Status::Active,
            expiry,
            stage,
        })
    }

    #[test]
    fn each_decision() {
        let over = until(t0() - TimeDelta::seconds(1), None);
        let entering = |stage| until(t0(), Some(stage));
        let stranger = DoorDecision::TurnAway { lender: Some(BRUNO) };
        for (subscription, link_owner, decision) in [
            (until(t0(), None), None, DoorDecision::Approve),
            (until(t0(), None), Some(BRUNO), DoorDecision::Approve),
            (entering(Stage::Third), Some(ANA), DoorDecision::Approve),
            (entering(Stage::Second), Some(ANA), DoorDecision::FinishRitual),
            (entering(Stage::First), None, DoorDecision::FinishRitual),
            (None, Some(BRUNO), stranger),
            (over, Some(BRUNO), stranger),
            (over, Some(ANA), DoorDecision::TurnAway { lender: None }),
            (over, None, DoorDecision::Hold),
            (None, None, DoorDecision::Hold),
        ] {
            assert_eq!(
                DoorDecision::of(&ana(subscription), link_owner, t0()),
                decision,
                "{subscription:?} {link_owner:?}"
            );
        }
        let custodian = Requester {
            is_custodian: true,
            ..ana(None)
        };
        assert_eq!(
            DoorDecision::of(&custodian, Some(BRUNO), t0()),
            DoorDecision::Approve
        );
    }

    #[test]
    fn names_are_told_from_what_others_call_their_links() {
        assert_eq!(entry_link_name(EntryLinkId(7)), "L7");
        assert!(entry_link_name(EntryLinkId(i64::MIN)).len() <= 32);
        for name in ["", "L", "7", "l7", "L07", "L+7", "L7 ", "Lucien", "User 7"] {
            assert_eq!(entry_link_of_name(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn only_members_past_the_second_stage_and_custodians_are_let_in(
            is_custodian in any::<bool>(), active in any::<bool>(), left in -100i64..100, stage in proptest::option::of(1i32..=3),
            link_owner in proptest::option::of(1i64..4),
        ) {
            let subscription = Subscription {
                status: if active { Status::Active } else { Status::Expired },
                expiry: t0() + TimeDelta::seconds(left),
                stage: stage.map(Stage::from_number),
            };
            let requester = Requester { is_custodian, ..ana(Some(subscription)) };
            let decision = DoorDecision::of(&requester, link_owner.map(UserId), t0());
            let member = active && left >= 0;
            let past = member && stage.is_none_or(|stage| stage == 3);
            prop_assert_eq!(decision == DoorDecision::Approve, is_custodian || past);
            if let DoorDecision::TurnAway { lender } = decision {
                prop_assert!(!member && lender != Some(ANA));
            }
            prop_assert_eq!(decision == DoorDecision::Hold, !is_custodian && !member && link_owner.is_none());
        }

        #[test]
        fn names_read_back(id in any::<i64>(), other in "\\PC{0,10}") {
            prop_assert_eq!(entry_link_of_name(&entry_link_name(EntryLinkId(id))), Some(EntryLinkId(id)));
            if let Some(id) = entry_link_of_name(&other) {
                prop_assert_eq!(entry_link_name(id), other);
            }
        }
    }
}
