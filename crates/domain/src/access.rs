//! What a person may see and do.
//!
//! Computed once per update from the list of custodians, the subscription and the clock;
//! never cached and never read from the stored role.

use crate::clock::Timestamp;
use crate::subscription::Subscription;

/// A person's access, the strongest that applies: ADMIN > VIP > RITUAL > FREE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// A custodian of the house.
    Admin,
    /// A valid subscription whose ritual is finished.
    Vip,
    /// A valid subscription whose ritual is not finished.
    Ritual,
    /// Everybody else.
    Free,
}

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Run the house from the panel.
    Govern,
    /// Be shown the members' rooms.
    SeeVip,
    /// Ask how long the own membership lasts.
    SeeOwnMembership,
    /// Be shown what is open to visitors.
    SeeFree,
}

impl Access {
    /// Every access, the strongest first.
    pub const ALL: [Self; 4] = [Self::Admin, Self::Vip, Self::Ritual, Self::Free];

    /// The access of a person at `now`.
    #[must_use]
    pub fn of(is_custodian: bool, subscription: Option<&Subscription>, now: Timestamp) -> Self {
        if is_custodian {
            return Self::Admin;
        }
        match subscription {
            Some(subscription) if subscription.is_valid(now) => match subscription.stage {
                None => Self::Vip,
                Some(_) => Self::Ritual,
            },
            _ => Self::Free,
        }
    }

    /// The permission table.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        use Permission::{Govern, SeeFree, SeeOwnMembership, SeeVip};
        match self {
            Self::Admin => matches!(permission, Govern),
            Self::Vip => matches!(permission, SeeVip | SeeOwnMembership),
            Self::Ritual => matches!(permission, SeeOwnMembership),
            Self::Free => matches!(permission, SeeFree),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;
    use crate::subscription::{Stage, Status};

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn subscription(stage: Option<Stage>) -> Subscription {
        Subscription {
            status: Status::Active,
            expiry: t0(),
            stage,
        }
    }

    #[test]
    fn the_strongest_applies() {
        let member = subscription(None);
        assert_eq!(Access::of(true, Some(&member), t0()), Access::Admin);
        assert_eq!(Access::of(false, Some(&member), t0()), Access::Vip);
        assert_eq!(
            Access::of(false, Some(&subscription(Some(Stage::Third))), t0()),
            Access::Ritual
        );
        assert_eq!(Access::of(false, None, t0()), Access::Free);
    }

    #[test]
    fn access_ends_with_the_subscription_without_any_job() {
        let member = subscription(None);
        assert_eq!(
            Access::of(false, Some(&member), t0() + TimeDelta::seconds(1)),
            Access::Free
        );
    }

    #[test]
    fn only_custodians_govern() {
        for access in Access::ALL {
            assert_eq!(access.may(Permission::Govern), access == Access::Admin);
        }
    }

    proptest! {
        #[test]
        fn nobody_is_inside_without_a_valid_subscription(
            active in any::<bool>(), offset in -1_000i64..1_000, stage in proptest::option::of(1i32..=3),
        ) {
            let subscription = Subscription {
                status: if active { Status::Active } else { Status::Expired },
                expiry: t0() + TimeDelta::seconds(offset),
                stage: stage.map(Stage::from_number),
            };
            let access = Access::of(false, Some(&subscription), t0());
            let inside = matches!(access, Access::Vip | Access::Ritual);
            prop_assert_eq!(inside, active && offset >= 0);
            prop_assert_eq!(access.may(Permission::SeeVip), inside && stage.is_none());
        }
    }
}
