//! What redeeming an invitation makes of a membership.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::plan::PlanDays;
use crate::role::RoleChangeReason;
use crate::subscription::{Stage, Subscription};

/// What an invitation was to the person who redeemed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RedemptionKind {
    /// The first membership.
    First,
    /// More time for a membership that runs.
    Renewal,
    /// A new beginning after a membership that was over or was taken away.
    Return,
}

/// A membership after a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redemption {
    /// Its last moment from now on.
    pub expiry: Timestamp,
    /// The step of the ritual from now on; none when the ritual was finished and stays so.
    pub stage: Option<Stage>,
    /// What the invitation was to the person.
    pub kind: RedemptionKind,
}

impl Redemption {
    /// What `days` of a plan make of a membership at `now`.
    ///
    /// Time is added to what is left, if the membership runs. What was revoked or is over is not
    /// revived: the new time begins now, even when the row still holds a date in the future.
    ///
    /// Whoever finished the ritual and is still a member is not asked again. Everybody else begins
    /// it anew, also when they were in the middle of it: the invitation that they just opened is
    /// answered by the same first words as any other, and a link that they had been given gives way
    /// to that of the new ritual.
    #[must_use]
    pub fn of(subscription: Option<&Subscription>, days: PlanDays, now: Timestamp) -> Self {
        let running = subscription.filter(|subscription| subscription.is_valid(now));
        let base = running.map_or(now, |subscription| subscription.expiry);
        let settled = running.is_some_and(|subscription| subscription.stage.is_none());
        Self {
            expiry: base
                .checked_add_signed(days.length())
                .unwrap_or(last_moment())
                .min(last_moment()),
            stage: if settled { None } else { Some(Stage::First) },
            kind: match (subscription, running) {
                (None, _) => RedemptionKind::First,
                (Some(_), Some(_)) => RedemptionKind::Renewal,
                (Some(_), None) => RedemptionKind::Return,
            },
        }
    }

    /// The reason that the history of roles gives.
    #[must_use]
    pub const fn reason(&self) -> RoleChangeReason {
        match self.kind {
            RedemptionKind::First | RedemptionKind::Return => RoleChangeReason::VipRedeemed,
            RedemptionKind::Renewal => RoleChangeReason::VipExtended,
        }
    }

    /// Whether a ritual begins: then what bars the way in is lifted first, and an earlier link
    /// no longer counts.
    #[must_use]
    pub const fn begins_ritual(&self) -> bool {
        self.stage.is_some()
    }
}

/// The end of the year 9999, the last that both databases write with four digits.
fn last_moment() -> Timestamp {
    let after = Timestamp::from_timestamp(253_402_300_800, 0).expect("the year 10000 is in range");
    after - TimeDelta::microseconds(1)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::subscription::Status;

    const DAY: TimeDelta = TimeDelta::days(1);

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn days(days: i32) -> PlanDays {
        PlanDays::new(days).expect("within the bounds")
    }

    fn membership(status: Status, left: TimeDelta, stage: Option<Stage>) -> Subscription {
        Subscription {
            status,
            expiry: t0() + left,
            stage,
        }
    }

    #[test]
    fn a_first_membership_begins_now_and_with_the_ritual() {
        let redemption = Redemption::of(None, days(30), t0());
        assert_eq!(redemption.expiry, t0() + DAY * 30);
        assert_eq!(redemption.stage, Some(Stage::First));
        assert_eq!(redemption.kind, RedemptionKind::First);
        assert_eq!(redemption.reason(), RoleChangeReason::VipRedeemed);
    }

    #[test]
    fn a_renewal_adds_to_what_is_left_and_asks_for_no_ritual() {
        let member = membership(Status::Active, DAY * 10, None);
        let redemption = Redemption::of(Some(&member), days(30), t0());
        assert_eq!(redemption.expiry, t0() + DAY * 40);
        assert!(!redemption.begins_ritual());
        assert_eq!(redemption.kind, RedemptionKind::Renewal);
        assert_eq!(redemption.reason(), RoleChangeReason::VipExtended);
    }

    #[test]
    fn revoked_time_is_not_revived() {
        let revoked = membership(Status::Expired, DAY * 20, None);
        let redemption = Redemption::of(Some(&revoked), days(30), t0());
        assert_eq!(redemption.expiry, t0() + DAY * 30);
        assert_eq!(redemption.stage, Some(Stage::First));
        assert_eq!(redemption.kind, RedemptionKind::Return);
        assert_eq!(redemption.reason(), RoleChangeReason::VipRedeemed);
    }

    #[test]
    fn a_ritual_in_the_middle_begins_anew() {
        for stage in [Stage::First, Stage::Second, Stage::Third] {
            let entering = membership(Status::Active, DAY, Some(stage));
            let redemption = Redemption::of(Some(&entering), days(7), t0());
            assert_eq!(redemption.expiry, t0() + DAY * 8);
            assert_eq!(redemption.stage, Some(Stage::First));
            assert_eq!(redemption.kind, RedemptionKind::Renewal);
        }
    }

    #[test]
    fn the_last_moment_still_extends() {
        let last = membership(Status::Active, TimeDelta::zero(), None);
        assert_eq!(
            Redemption::of(Some(&last), days(1), t0()).kind,
            RedemptionKind::Renewal
        );
        let after = t0() + TimeDelta::microseconds(1);
        let redemption = Redemption::of(Some(&last), days(1), after);
        assert_eq!(redemption.kind, RedemptionKind::Return);
        assert_eq!(redemption.expiry, after + DAY);
    }

    #[test]
    fn no_date_leaves_the_calendar() {
        assert_eq!(last_moment().to_string(), "9999-12-31 23:59:59.999999 UTC");
        for expiry in [last_moment(), Timestamp::MAX_UTC] {
            let endless = Subscription {
                expiry,
                ..membership(Status::Active, DAY, None)
            };
            let redemption = Redemption::of(Some(&endless), days(3650), t0());
            assert_eq!(redemption.expiry, last_moment());
        }
    }

    prop_compose! {
        fn any_membership()(active in any::<bool>(), left in -400_000_000i64..400_000_000, stage in proptest::option::of(1i32..=3)) -> Subscription {
            let status = if active { Status::Active } else { Status::Expired };
            membership(status, TimeDelta::seconds(left), stage.map(Stage::from_number))
        }
    }

    proptest! {
        #[test]
        fn nobody_loses_time_and_nobody_gets_more_than_the_plan_gives(before in proptest::option::of(any_membership()), plan in 1i32..=3650) {
            let redemption = Redemption::of(before.as_ref(), days(plan), t0());
            let running = before.filter(|before| before.is_valid(t0()));
            let left = running.map_or(TimeDelta::zero(), |running| running.expiry - t0());
            prop_assert_eq!(redemption.expiry - t0(), left + DAY * plan);
            prop_assert_eq!(redemption.kind == RedemptionKind::Renewal, running.is_some());
            let settled = running.is_some_and(|running| running.stage.is_none());
            prop_assert_eq!(redemption.begins_ritual(), !settled);
        }

        #[test]
        fn two_redemptions_give_the_days_of_both(before in proptest::option::of(any_membership()), first in 1i32..=3650, second in 1i32..=3650) {
            let after = |before: Option<&Subscription>, plan| {
                let redemption = Redemption::of(before, days(plan), t0());
                Subscription { status: Status::Active, expiry: redemption.expiry, stage: redemption.stage }
            };
            let one = after(before.as_ref(), first);
            let two = after(Some(&one), second);
            prop_assert_eq!(two.expiry - one.expiry, DAY * second);
            prop_assert_eq!(two.stage, one.stage);
        }
    }
}
