//! Invitations: their codes, and whether somebody can redeem one.

use std::fmt;

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::id::UserId;

/// The alphabet of a start payload that is also that of URL-safe base64.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The code of an invitation, which is also the payload of its link.
///
/// Whoever knows it can redeem the invitation: it is never shown in full where logs can see it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InvitationCode(String);

impl InvitationCode {
    /// The most characters of a start payload (Bot API, deep linking).
    pub const MAX_CHARS: usize = 64;
    /// How many random bytes make a new code of 16 characters: 96 bits, beyond guessing.
    pub const RANDOM_BYTES: usize = 12;

    /// The code that somebody brought; none when no invitation can have it. Codes of any length
    /// that Telegram lets through are looked up, since other versions issued other lengths.
    #[must_use]
    pub fn parse(payload: &str) -> Option<Self> {
        let good = (1..=Self::MAX_CHARS).contains(&payload.len())
            && payload.bytes().all(|byte| ALPHABET.contains(&byte));
        good.then(|| Self(payload.to_owned()))
    }

    /// A new code from bytes that nobody can guess.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::RANDOM_BYTES]) -> Self {
        let letters = bytes.chunks_exact(3).flat_map(|three| {
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift & 63) as usize]))
        });
        Self(letters.collect())
    }

    /// The code in full.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address that brings the code to the bot of that name (without `@`).
    #[must_use]
    pub fn link(&self, bot: &str) -> String {
        format!("https://t.me/{bot}?start={}", self.0)
    }
}

/// Masked: a quarter of the code and at most four characters of it.
impl fmt::Debug for InvitationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (self.0.len() / 4).min(4);
        write!(f, "{}…", &self.0[..shown])
    }
}

/// Whether an invitation was redeemed, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Not yet.
    Unused,
    /// By this person.
    By(UserId),
    /// By somebody who was not written down.
    BySomebody,
}

/// The plan that an invitation is for: its snapshot, or the plan's row where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationPlan {
    /// No plan, or one that no longer exists.
    Missing,
    /// A plan that is not on offer at present.
    Inactive,
    /// A plan that is on offer.
    Active,
}

/// What the redemption of an invitation depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// When it was issued.
    pub created_at: Timestamp,
    /// For how many hours after that it can be redeemed, as the column `duration_hours` says.
    pub valid_hours: i32,
    /// Whether it was redeemed.
    pub usage: Usage,
    /// What it is for.
    pub plan: InvitationPlan,
}

/// The state of an invitation, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationState {
    /// Can be redeemed.
    Redeemable,
    /// Was redeemed.
    Used,
    /// Its time is over.
    Expired,
    /// Its plan is not on offer; it can be redeemed once the plan is.
    PlanInactive,
    /// It has no plan.
    NoPlan,
}

/// What an invitation is to the person who opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Can be redeemed.
    Redeemable,
    /// There is no such invitation.
    Unknown,
    /// The same person redeemed it before.
    UsedByThisPerson,
    /// Somebody else redeemed it.
    UsedByAnother,
    /// Its time is over.
    Expired,
    /// Its plan is not on offer; it stays unused.
    PlanInactive,
    /// It has no plan; it stays unused.
    NoPlan,
}

impl Invitation {
    /// The last moment at which it can be redeemed; that moment itself still counts.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        let length = TimeDelta::hours(i64::from(self.valid_hours));
        self.created_at
            .checked_add_signed(length)
            .unwrap_or(Timestamp::MAX_UTC)
    }

    /// Its state at `now`. What was redeemed stays so, even when its time is over too.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> InvitationState {
        if self.usage != Usage::Unused {
            InvitationState::Used
        } else if now > self.ends_at() {
            InvitationState::Expired
        } else {
            match self.plan {
                InvitationPlan::Active => InvitationState::Redeemable,
                InvitationPlan::Inactive => InvitationState::PlanInactive,
                InvitationPlan::Missing => InvitationState::NoPlan,
            }
        }
    }
}

impl Verdict {
    /// What a person who opens an invitation at `now` is told; `None` is an invitation that was
    /// not found.
    #[must_use]
    pub fn of(invitation: Option<&Invitation>, person: UserId, now: Timestamp) -> Self {
        let Some(invitation) = invitation else {
            return Self::Unknown;
        };
        match invitation.state(now) {
            InvitationState::Redeemable => Self::Redeemable,
            InvitationState::Used if invitation.usage == Usage::By(person) => Self::UsedByThisPerson,
            InvitationState::Used => Self::UsedByAnother,
            InvitationState::Expired => Self::Expired,
            InvitationState::PlanInactive => Self::PlanInactive,
            InvitationState::NoPlan => Self::NoPlan,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    const ANA: UserId = UserId(1);
    const BRUNO: UserId = UserId(2);

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn fresh() -> Invitation {
        Invitation {
            created_at: t0(),
            valid_hours: 24,
            usage: Usage::Unused,
            plan: InvitationPlan::Active,
        }
    }

    #[test]
    fn new_codes_spell_their_bytes_in_base64() {
        let code = |bytes| InvitationCode::from_random(bytes).as_str().to_owned();
        assert_eq!(code([0; 12]), "A".repeat(16));
        assert_eq!(code([255; 12]), "_".repeat(16));
        assert_eq!(code(*b"Man in black"), "TWFuIGluIGJsYWNr");
    }

    #[test]
    fn what_telegram_lets_through_is_looked_up_and_nothing_else() {
        for good in ["a", "82", "-_", &"Z".repeat(64)] {
            assert!(InvitationCode::parse(good).is_some(), "{good}");
        }
        for bad in ["", "dos palabras", "ñ", "a=b", "a.b", &"Z".repeat(65)] {
            assert!(InvitationCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn logs_see_little_of_a_code() {
        let shown = |code: &str| format!("{:?}", InvitationCode::parse(code).unwrap());
        assert_eq!(shown("TWFuIGluIGJsYWNr"), "TWFu…");
        assert_eq!(shown(&"Z".repeat(64)), "ZZZZ…");
        assert_eq!(shown("abcd"), "a…");
        assert_eq!(shown("abc"), "…");
    }

    #[test]
    fn the_link_carries_the_code() {
        let code = InvitationCode::parse("TWFuIGluIGJsYWNr").unwrap();
        assert_eq!(
            code.link("lucien_bot"),
            "https://t.me/lucien_bot?start=TWFuIGluIGJsYWNr"
        );
    }

    #[test]
    fn each_outcome() {
        let at = t0() + TimeDelta::hours(1);
        let used = |usage| Invitation { usage, ..fresh() };
        let planned = |plan| Invitation { plan, ..fresh() };
        let late = Invitation {
            valid_hours: 0,
            ..fresh()
        };
        for (invitation, verdict) in [
            (None, Verdict::Unknown),
            (Some(fresh()), Verdict::Redeemable),
            (Some(used(Usage::By(ANA))), Verdict::UsedByThisPerson),
            (Some(used(Usage::By(BRUNO))), Verdict::UsedByAnother),
            (Some(used(Usage::BySomebody)), Verdict::UsedByAnother),
            (Some(late), Verdict::Expired),
            (Some(planned(InvitationPlan::Inactive)), Verdict::PlanInactive),
            (Some(planned(InvitationPlan::Missing)), Verdict::NoPlan),
        ] {
            assert_eq!(Verdict::of(invitation.as_ref(), ANA, at), verdict);
        }
    }

    #[test]
    fn the_last_moment_still_counts() {
        let end = t0() + TimeDelta::hours(24);
        assert_eq!(fresh().state(end), InvitationState::Redeemable);
        let after = end + TimeDelta::microseconds(1);
        assert_eq!(fresh().state(after), InvitationState::Expired);
    }

    proptest! {
        #[test]
        fn whoever_looks_only_an_unused_invitation_in_time_is_redeemable(
            hours in any::<i32>(), created in -8_000_000_000_000i64..8_000_000_000_000, offset in any::<i32>(),
            used_by in proptest::option::of(1i64..4), plan in 0usize..3, person in 1i64..4,
        ) {
            let created_at = DateTime::from_timestamp(created, 0).unwrap();
            let invitation = Invitation {
                created_at,
                valid_hours: hours,
                usage: used_by.map_or(Usage::Unused, |by| Usage::By(UserId(by))),
                plan: [InvitationPlan::Missing, InvitationPlan::Inactive, InvitationPlan::Active][plan],
            };
            let now = created_at + TimeDelta::seconds(offset.into());
            let verdict = Verdict::of(Some(&invitation), UserId(person), now);
            let redeemable = used_by.is_none() && now <= invitation.ends_at() && plan == 2;
            prop_assert_eq!(verdict == Verdict::Redeemable, redeemable);
            prop_assert_eq!(verdict == Verdict::UsedByThisPerson, used_by == Some(person));
            prop_assert_ne!(verdict, Verdict::Unknown);
        }

        #[test]
        fn new_codes_are_valid_and_as_different_as_their_bytes(all in proptest::collection::hash_set(any::<[u8; 12]>(), 1..20)) {
            let codes: HashSet<_> = all.iter().copied().map(InvitationCode::from_random).collect();
            prop_assert_eq!(codes.len(), all.len());
            for code in codes {
                prop_assert_eq!(code.as_str().len(), 16);
                prop_assert_eq!(InvitationCode::parse(code.as_str()), Some(code));
            }
        }

        #[test]
        fn any_payload_is_a_code_that_is_masked_or_none(payload in prop_oneof![any::<String>(), "[a-zA-Z0-9_-]{1,64}"]) {
            if let Some(code) = InvitationCode::parse(&payload) {
                let masked = format!("{code:?}");
                prop_assert!(!masked.contains(&payload));
            }
        }
    }
}
