//! Every message that Lucien can send, as a type.
//!
//! A message carries facts; its words are in the catalogue under [`Message::ID`]. Tests prove
//! that messages and entries correspond one to one.

mod admin_channels;
mod admin_main;
mod admin_plans;
mod admin_sweep;
mod admin_vip;
mod common;
mod ends;
mod free_queue;
mod menu;
mod notices;
mod start;
mod summary;
mod vip_door;
mod vip_entry;
mod wish;

use domain::id::UserId;
use serde::Serialize;

pub use admin_channels::{
    ChannelDone, ChannelRefused, ChannelRightsMissing, ChannelScreen, ChannelSetup, FoundChannel,
};
pub use admin_main::{NoticeSwitches, Panel};
pub use admin_plans::{
    MAX_PLANS, PlanConfirm, PlanCreated, PlanField, PlanLimits, PlanLine, PlanMistake, PlanMistaken,
    PlanQuestion, Plans,
};
pub use admin_sweep::{
    ClockDifference, DepartureLine, HoldReason, MAX_DEPARTURES, MAX_HELD_NAMES, SweepConfirmed, SweepHeld,
    SweepList, SweepRefused, SweepState, SweepStatus, SweepSwitched,
};
pub use admin_vip::{
    ChoosePlan, ConfirmInvitation, HeldInvitationLine, HeldInvitations, InvitationIssued,
    MAX_HELD_INVITATIONS,
};
pub use common::{Apology, Busy, DialogueEnd, Help, MyId, Patience, Privacy, Unanswered, UnknownCommand};
pub use ends::{DaysGranted, Ended, Reminder, ReminderKind};
pub use free_queue::{AdmissionPromised, Admitted, RequestNoted, RequestRepeated, TooManyChannels};
pub use menu::{
    FreeContent, FreeHome, MAX_PIECES, Membership, Piece, Premium, RitualHome, Social, VipHome, VipInfo,
};
pub use notices::{
    AdmissionRefused, BackupDelivered, Entered, InvitationsHeld, KeyRefusedFor, MemberRemoved, OnDuty,
    Redeemed, RemovedMember, RemovedMemberAnswer, RemovedMemberSettled, RenewedBy, RightsLost, SecondProcess,
    StrangerTurnedAway, Uninvited, UninvitedAnswer, UninvitedSettled, UnknownChannelAsked, UnknownInside,
};
pub use start::{CustodianHome, InvitationRefused, InvitationReport, InvitationReportState, TooManyTries};
pub use summary::{DailyFigures, DailySummary};
pub use vip_door::{FinishRitual, HeldAtTheDoor, KeyLent, Stranger};
pub use vip_entry::{
    Key, KeyLimit, KeyPreparing, KeyRefused, KeyReplaced, MembershipOutside, Readmission, Renewed,
    RenewedStanding, RitualFirst, RitualOver, RitualSecond, RitualThird,
};
pub use wish::{ConfirmGrant, GrantedTo, WishAnswer, WishSettled, Wished};

use crate::specimen::Specimen;
use crate::values::UserText;

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

/// Messages without facts and without branches.
macro_rules! plain {
    ($($message:ident = $id:literal;)+) => {$(
        impl Message for $message {
            const ID: &'static str = $id;

            fn samples() -> Vec<Self> {
                vec![Self]
            }
        }
    )+};
}
use plain;

/// A message that is nothing but a choice of branches.
macro_rules! choice {
    ($message:ident = $id:literal { $($variant:ident = $branch:literal,)+ }) => {
        impl Message for $message {
            const ID: &'static str = $id;

            fn branch(&self) -> &'static str {
                match self { $(Self::$variant => $branch),+ }
            }

            fn samples() -> Vec<Self> {
                vec![$(Self::$variant),+]
            }
        }
    };
}
use choice;

/// Somebody whom a custodian reads of.
#[derive(Clone, Debug, Serialize)]
pub struct Someone {
    /// The person's name.
    pub name: UserText,
    /// The person's Telegram id.
    pub id: UserId,
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
    AdmissionPromised,
    AdmissionRefused,
    Admitted,
    Apology,
    BackupDelivered,
    Busy,
    ChannelDone,
    ChannelRefused,
    ChannelRightsMissing,
    ChannelScreen,
    ChannelSetup,
    ChoosePlan,
    ConfirmGrant,
    ConfirmInvitation,
    CustodianHome,
    DailySummary,
    DaysGranted,
    DialogueEnd,
    Ended,
    Entered,
    FinishRitual,
    FreeContent,
    FreeHome,
    GrantedTo,
    HeldAtTheDoor,
    HeldInvitations,
    Help,
    InvitationIssued,
    InvitationRefused,
    InvitationReport,
    InvitationsHeld,
    Key,
    KeyLent,
    KeyLimit,
    KeyPreparing,
    KeyRefused,
    KeyRefusedFor,
    KeyReplaced,
    MemberRemoved,
    Membership,
    MembershipOutside,
    MyId,
    NoticeSwitches,
    OnDuty,
    Panel,
    Patience,
    PlanConfirm,
    PlanCreated,
    PlanMistaken,
    PlanQuestion,
    Plans,
    Premium,
    Privacy,
    Readmission,
    Redeemed,
    Reminder,
    RemovedMember,
    RemovedMemberSettled,
    Renewed,
    RenewedBy,
    RequestNoted,
    RequestRepeated,
    RightsLost,
    RitualFirst,
    RitualHome,
    RitualOver,
    RitualSecond,
    RitualThird,
    SecondProcess,
    Social,
    Stranger,
    StrangerTurnedAway,
    SweepConfirmed,
    SweepHeld,
    SweepList,
    SweepRefused,
    SweepStatus,
    SweepSwitched,
    TooManyChannels,
    TooManyTries,
    Unanswered,
    Uninvited,
    UninvitedSettled,
    UnknownChannelAsked,
    UnknownCommand,
    UnknownInside,
    VipHome,
    VipInfo,
    WishSettled,
    Wished,
];

/// Facts that samples are made of.
mod sample {
    use chrono::DateTime;
    use domain::id::UserId;
    use domain::person::NAME_MAX_CHARS;

    use super::Someone;
    use crate::values::{UserText, When};

    /// An ordinary name, the longest in UTF-16 units, and one that cannot be seen.
    pub(super) fn names() -> [UserText; 3] {
        let longest = "👑".repeat(NAME_MAX_CHARS);
        ["Ana María", &longest, ""].map(UserText::new)
    }

    /// The same people, with the largest id of 52 bits.
    pub(super) fn people() -> [Someone; 3] {
        let id = UserId((1 << 52) - 1);
        names().map(|name| Someone { name, id })
    }

    /// A moment in autumn, whose date is long when written out.
    pub(super) fn until() -> When {
        When(DateTime::from_timestamp(1_790_476_200, 0).expect("in range"))
    }
}
