//! The entry ritual as a state machine.
//!
//! ```text
//!           Listen            Accept, link recorded          Conclude
//! First ─────────▶ Second ─────────────────────────▶ Third ─────────▶ finished
//!    └───────────────┴──────────── SeenInside ─────────┴────────────────▲
//! ```
//!
//! Every other press changes nothing and shows where the person stands. A ritual has no time limit of
//! its own; it ends with the membership. The stored role follows the stage, see [`role_at`].

use crate::clock::Timestamp;
use crate::role::Role;
use crate::subscription::{Stage, Subscription};

/// Something that can move a ritual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RitualEvent {
    /// The button below the first text was pressed.
    Listen,
    /// The button below the second text was pressed: the person wants the link.
    Accept,
    /// The link exists; it is recorded together with the step.
    LinkRecorded,
    /// The button below the third text was pressed: the person says to be inside.
    Conclude,
    /// Telegram shows the person inside, by whatever link and whoever let them in.
    SeenInside,
}

/// What an event makes of a ritual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RitualStep {
    /// Nothing changes; the person is shown where they stand: a stage, or home when the ritual is
    /// finished (or when they never had a membership).
    Stay(Option<Stage>),
    /// The stage becomes `to`, on the condition that it still is `from`; none is finished.
    Advance {
        /// The stage that must still be stored.
        from: Stage,
        /// The stage to store.
        to: Option<Stage>,
    },
    /// A link is to be made. The stage stays [`Stage::Second`] until it exists.
    MakeLink,
    /// The membership is over, and the ritual with it.
    Over,
}

impl RitualStep {
    /// What `event` makes of the ritual of a person at `now`.
    #[must_use]
    pub fn of(subscription: Option<&Subscription>, event: RitualEvent, now: Timestamp) -> Self {
        let Some(subscription) = subscription else {
            return Self::Stay(None);
        };
        if !subscription.is_valid(now) {
            return Self::Over;
        }
        let Some(stage) = subscription.stage else {
            return Self::Stay(None);
        };
        let advance = |to| Self::Advance { from: stage, to };
        match (stage, event) {
            (_, RitualEvent::SeenInside) | (Stage::Third, RitualEvent::Conclude) => advance(None),
            (Stage::First, RitualEvent::Listen) => advance(Some(Stage::Second)),
            (Stage::Second, RitualEvent::Accept) => Self::MakeLink,
            (Stage::Second, RitualEvent::LinkRecorded) => advance(Some(Stage::Third)),
            _ => Self::Stay(Some(stage)),
        }
    }
}

/// The role that is stored with a member: that of a member from the moment the link is handed over.
#[must_use]
pub const fn role_at(stage: Option<Stage>) -> Role {
    match stage {
        Some(Stage::First | Stage::Second) => Role::Free,
        Some(Stage::Third) | None => Role::Vip,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;
    use crate::subscription::Status;

    use RitualEvent::{Accept, Conclude, LinkRecorded, Listen, SeenInside};

    const EVENTS: [RitualEvent; 5] = [Listen, Accept, LinkRecorded, Conclude, SeenInside];

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn at(stage: Option<Stage>) -> Subscription {
        Subscription {
            status: Status::Active,
            expiry: t0() + TimeDelta::days(1),
            stage,
        }
    }

    /// What is stored after an event, and what was said.
    fn after(subscription: Subscription, event: RitualEvent) -> (Subscription, RitualStep) {
        let step = RitualStep::of(Some(&subscription), event, t0());
        let stage = match step {
            RitualStep::Advance { to, .. } => to,
            _ => subscription.stage,
        };
        (
            Subscription {
                stage,
                ..subscription
            },
            step,
        )
    }

    #[test]
    fn the_whole_way() {
        let (second, _) = after(at(Some(Stage::First)), Listen);
        assert_eq!(second.stage, Some(Stage::Second));
        let (waiting, step) = after(second, Accept);
        assert_eq!(step, RitualStep::MakeLink);
        assert_eq!(waiting, second);
        let (third, _) = after(waiting, LinkRecorded);
        assert_eq!(third.stage, Some(Stage::Third));
        let (finished, _) = after(third, Conclude);
        assert_eq!(finished.stage, None);
    }

    #[test]
    fn old_buttons_show_where_one_stands() {
        for (stage, event) in [
            (Stage::First, Accept),
            (Stage::First, Conclude),
            (Stage::Second, Listen),
            (Stage::Second, Conclude),
            (Stage::Third, Listen),
            (Stage::Third, Accept),
        ] {
            let (_, step) = after(at(Some(stage)), event);
            assert_eq!(step, RitualStep::Stay(Some(stage)), "{stage:?} {event:?}");
        }
        for event in EVENTS {
            assert_eq!(after(at(None), event).1, RitualStep::Stay(None));
            assert_eq!(RitualStep::of(None, event, t0()), RitualStep::Stay(None));
        }
    }

    #[test]
    fn whoever_is_inside_has_finished() {
        for stage in [Stage::First, Stage::Second, Stage::Third] {
            let (inside, _) = after(at(Some(stage)), SeenInside);
            assert_eq!(inside.stage, None);
        }
    }

    #[test]
    fn the_role_is_that_of_a_member_once_the_link_exists() {
        let stages = [Some(Stage::First), Some(Stage::Second), Some(Stage::Third), None];
        let roles = [Role::Free, Role::Free, Role::Vip, Role::Vip];
        assert_eq!(stages.map(role_at), roles);
    }

    /// How far a ritual is.
    fn rank(stage: Option<Stage>) -> i32 {
        stage.map_or(4, Stage::number)
    }

    proptest! {
        #[test]
        fn whatever_is_pressed_nobody_goes_back_or_becomes_a_member_without_link_or_presence(
            events in proptest::collection::vec(0usize..EVENTS.len(), 0..20),
        ) {
            let mut now = at(Some(Stage::First));
            let (mut link, mut inside) = (false, false);
            for event in events.into_iter().map(|index| EVENTS[index]) {
                let (next, step) = after(now, event);
                prop_assert!(rank(next.stage) >= rank(now.stage));
                if let RitualStep::Advance { from, to } = step {
                    prop_assert_eq!(now.stage, Some(from));
                    prop_assert!(rank(to) == rank(Some(from)) + 1 || event == SeenInside);
                }
                link |= step != RitualStep::Stay(now.stage) && event == LinkRecorded;
                inside |= event == SeenInside;
                now = next;
                prop_assert!(role_at(now.stage) == Role::Free || link || inside);
                prop_assert!(now.stage.is_some() || link || inside);
            }
        }

        #[test]
        fn the_same_event_twice_changes_nothing_the_second_time(stage in 1i32..=3, event in 0usize..EVENTS.len()) {
            let (once, _) = after(at(Some(Stage::from_number(stage))), EVENTS[event]);
            prop_assert_eq!(after(once, EVENTS[event]).0, once);
        }

        #[test]
        fn nothing_moves_after_the_end(
            active in any::<bool>(), late in 1i64..1_000, stage in proptest::option::of(1i32..=3), event in 0usize..EVENTS.len(),
        ) {
            let late = if active { TimeDelta::microseconds(late) } else { TimeDelta::zero() };
            let over = Subscription {
                status: if active { Status::Active } else { Status::Expired },
                expiry: t0(),
                stage: stage.map(Stage::from_number),
            };
            prop_assert_eq!(RitualStep::of(Some(&over), EVENTS[event], t0() + late), RitualStep::Over);
        }
    }
}
