//! Every message that Lucien can send, as a type.
//!
//! A message carries facts; its words are in the catalogue under [`Message::ID`]. Tests prove
//! that messages and entries correspond one to one.

mod common;
mod menu;
mod start;

use serde::Serialize;

pub use common::{Apology, Help, MyId, Unanswered, UnknownCommand};
pub use menu::{
    FreeContent, FreeHome, MAX_PIECES, Membership, Piece, Premium, RitualHome, Social, VipHome, VipInfo,
};
pub use start::CustodianHome;

use crate::specimen::Specimen;

/// A message with its facts. Its serialized fields are the values that its templates know.
pub trait Message: Serialize {
    /// The entry in the catalogue: `provider.key`.
    const ID: &'static str;

    /// The branch of the entry that these facts select; empty when the entry has none.
    fn branch(&self) -> &'static str {
        ""
    }

    /// Examples that reach every branch and the extremes of every field.
    fn samples() -> Vec<Self>
    where
        Self: Sized;
}

macro_rules! registry {
    ($($message:ty),+ $(,)?) => {
        /// The samples of every message.
        pub(crate) fn samples() -> Vec<Specimen> {
            let mut specimens = Vec::new();
            $(specimens.extend(<$message>::samples().iter().map(Specimen::of));)+
            specimens
        }
    };
}

registry![
    Apology,
    CustodianHome,
    FreeContent,
    FreeHome,
    Help,
    Membership,
    MyId,
    Premium,
    RitualHome,
    Social,
    Unanswered,
    UnknownCommand,
    VipHome,
    VipInfo,
];

/// Facts that samples are made of.
mod sample {
    use chrono::DateTime;
    use domain::person::NAME_MAX_CHARS;

    use crate::values::{UserText, When};

    /// An ordinary name, the longest in UTF-16 units, and one that cannot be seen.
    pub(super) fn names() -> [UserText; 3] {
        let longest = "👑".repeat(NAME_MAX_CHARS);
        ["Ana María", &longest, ""].map(UserText::new)
    }

    /// A moment in autumn, whose date is long when written out.
    pub(super) fn until() -> When {
        When(DateTime::from_timestamp(1_790_476_200, 0).expect("in range"))
    }
}
