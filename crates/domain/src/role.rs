//! The role that is stored with a person, why it changed, and through which door.
//!
//! The stored role serves lists, statistics and the audit. It is *not* an input of
//! [`access`](crate::access): what a person may do is computed from the subscription.

use std::fmt;
use std::str::FromStr;

/// A name that none of the labels has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {0}")]
pub struct UnknownLabel(pub &'static str);

/// Gives an enumeration its stored labels: upper case when written, any case when read.
macro_rules! labels {
    ($name:ident, $what:literal, { $($variant:ident = $label:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in the order of the database's labels.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label that is stored.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.label())
            }
        }

        impl FromStr for $name {
            type Err = $crate::role::UnknownLabel;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.label().eq_ignore_ascii_case(text.trim()))
                    .ok_or($crate::role::UnknownLabel($what))
            }
        }
    };
}
pub(crate) use labels;

/// The stored role of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A visitor.
    Free,
    /// A member of the VIP channel.
    Vip,
    /// A custodian.
    Admin,
}

labels!(Role, "role", { Free = "FREE", Vip = "VIP", Admin = "ADMIN" });

/// Why a stored role changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleChangeReason {
    /// A custodian made somebody a custodian.
    AdminGranted,
    /// A custodian took that back.
    AdminRevoked,
    /// A purchase.
    VipPurchased,
    /// An invitation was redeemed.
    VipRedeemed,
    /// The time was over.
    VipExpired,
    /// A running subscription was extended.
    VipExtended,
    /// The entry ritual was finished.
    VipEntryCompleted,
    /// A custodian changed the role by hand.
    ManualChange,
    /// Lucien did it by himself.
    SystemAutomatic,
}

labels!(RoleChangeReason, "reason of a role change", {
    AdminGranted = "ADMIN_GRANTED",
    AdminRevoked = "ADMIN_REVOKED",
    VipPurchased = "VIP_PURCHASED",
    VipRedeemed = "VIP_REDEEMED",
    VipExpired = "VIP_EXPIRED",
    VipExtended = "VIP_EXTENDED",
    VipEntryCompleted = "VIP_ENTRY_COMPLETED",
    ManualChange = "MANUAL_CHANGE",
    SystemAutomatic = "SYSTEM_AUTOMATIC",
});

/// Through which door a change of a stored role came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoleChangeSource {
    /// A custodian, in the panel.
    AdminPanel,
    /// Lucien himself.
    System,
    /// Another program.
    Api,
}

labels!(RoleChangeSource, "source of a role change", {
    AdminPanel = "ADMIN_PANEL",
    System = "SYSTEM",
    Api = "API",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_in_any_case_and_written_in_upper_case() {
        for role in Role::ALL {
            assert_eq!(role.label().to_lowercase().parse(), Ok(*role));
            assert_eq!(role.label(), role.label().to_uppercase());
        }
        for reason in RoleChangeReason::ALL {
            assert_eq!(reason.label().to_lowercase().parse(), Ok(*reason));
        }
        for source in RoleChangeSource::ALL {
            assert_eq!(source.label().to_lowercase().parse(), Ok(*source));
        }
        assert_eq!("owner".parse::<Role>(), Err(UnknownLabel("role")));
    }
}
