//! What custodians can be told as it happens, or not, as they like.
//!
//! What asks them to decide something is no such notice: it always reaches them.

use std::fmt;
use std::str::FromStr;

use crate::role::labels;

/// A notice that can be switched off. All are on until somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Notice {
    /// Somebody redeemed an invitation and became a member, for the first time or again.
    Redeemed,
    /// A member entered the channel.
    Entered,
    /// A member redeemed an invitation for more time.
    Renewed,
    /// Somebody came to the members' door with a link that was made for another.
    StrangerAtTheDoor,
    /// Lucien lost a right in a channel.
    RightsLost,
}

labels!(Notice, "notice", {
    Redeemed = "REDEEMED",
    Entered = "ENTERED",
    Renewed = "RENEWED",
    StrangerAtTheDoor = "STRANGER_AT_THE_DOOR",
    RightsLost = "RIGHTS_LOST",
});

impl Notice {
    /// Whether the daily summary tells it as well. A right that is lost cannot wait for the morning.
    #[must_use]
    pub const fn is_summed_up(self) -> bool {
        !matches!(self, Self::RightsLost)
    }

    /// The key under which the switch is stored.
    #[must_use]
    pub fn setting(self) -> String {
        format!("notice.{}", self.label().to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_switch_has_a_key_of_its_own() {
        assert_eq!(Notice::StrangerAtTheDoor.setting(), "notice.stranger_at_the_door");
        for notice in Notice::ALL {
            let key = notice.setting();
            let label = key.strip_prefix("notice.").expect("begins so");
            assert_eq!(label.parse(), Ok(*notice));
        }
    }
}
