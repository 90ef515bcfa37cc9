//! What Lucien tells those who run the house by himself.

use domain::channel::{Channel, ChannelRights};
use domain::id::ChatId;
use serde::Serialize;

use super::{FoundChannel, Message, Someone, plain, sample};
use crate::values::{UserText, When};

/// Lucien has taken up his work.
#[derive(Clone, Debug, Serialize)]
pub struct OnDuty {
    /// Lucien's version.
    pub version: UserText,
    /// Whether Telegram brings the updates (webhook) or Lucien fetches them (polling).
    pub webhook: bool,
    /// The address of the Bot API, if it is not Telegram's own.
    pub api: Option<UserText>,
    /// How many migrations were applied at this start.
    pub migrations: i64,
}

/// Another process works with the same token.
#[derive(Clone, Debug, Serialize)]
pub struct SecondProcess;

/// A backup of the house, which the message carries. It is encrypted.
#[derive(Clone, Debug, Serialize)]
pub struct BackupDelivered {
    /// When it was made.
    pub made: When,
    /// How many rows it holds.
    pub rows: i64,
}

/// Somebody redeemed an invitation and is at the beginning of the ritual.
#[derive(Clone, Debug, Serialize)]
pub struct Redeemed {
    /// Who.
    pub person: Someone,
    /// The name of the plan.
    pub plan: UserText,
    /// How many days it gives.
    pub days: i64,
    /// When the membership ends.
    pub until: When,
    /// Whether they had been a member before.
    #[serde(skip)]
    pub returns: bool,
}

/// Somebody redeemed an invitation while being a member.
#[derive(Clone, Debug, Serialize)]
pub struct RenewedBy {
    /// Who.
    pub person: Someone,
    /// The name of the plan.
    pub plan: UserText,
    /// How many days it gives.
    pub days: i64,
    /// When the membership ends now.
    pub until: When,
}

/// A member entered the channel.
#[derive(Clone, Debug, Serialize)]
pub struct Entered {
    /// Who.
    pub person: Someone,
}

/// Somebody without a membership came by another person's link and was turned away.
#[derive(Clone, Debug, Serialize)]
pub struct StrangerTurnedAway {
    /// Whose link it is.
    pub owner: Someone,
    /// Who came.
    pub stranger: Someone,
}

/// Lucien lacks rights in a channel where he had them.
#[derive(Clone, Debug, Serialize)]
pub struct RightsLost {
    /// Which channel.
    #[serde(skip)]
    pub channel: Channel,
    /// What Telegram says of it; not all rights are there.
    pub found: FoundChannel,
}

/// Telegram refused to make a personal link.
#[derive(Clone, Debug, Serialize)]
pub struct KeyRefusedFor {
    /// For whom.
    pub person: Someone,
}

/// Another administrator removed a member, whose membership goes on.
#[derive(Clone, Debug, Serialize)]
pub struct MemberRemoved {
    /// Who was removed.
    pub person: Someone,
    /// Who did it, if it is known.
    pub by: Option<Someone>,
    /// When the membership ends.
    pub until: When,
    /// Whether they are banned, so that custodians are asked before they come back.
    #[serde(skip)]
    pub banned: bool,
}

/// How many people are in the members' channel of whom Lucien knows nothing; told when it changes.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownInside {
    /// How many Telegram counts.
    pub inside: i64,
    /// How many of them Lucien does not know.
    pub unknown: i64,
}

/// The house was restored from a backup, and invitations wait for a custodian's consent.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationsHeld {
    /// How many.
    pub count: i64,
}

/// Telegram refused for good to let somebody into the visitors' channel; their request is closed.
#[derive(Clone, Debug, Serialize)]
pub struct AdmissionRefused {
    /// Whom.
    pub person: Someone,
}

/// Somebody asked to join a channel while no visitors' channel is set up; told once.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownChannelAsked {
    /// The channel's title.
    pub title: UserText,
    /// Its Telegram id.
    pub id: ChatId,
}

/// Somebody without a membership entered by a link that is not Lucien's: what is to be done?
#[derive(Clone, Debug, Serialize)]
pub struct Uninvited {
    /// Who.
    pub person: Someone,
}

/// What was decided of [`Uninvited`].
#[derive(Clone, Debug, Serialize)]
pub struct UninvitedSettled {
    /// Who.
    pub person: Someone,
    /// The decision.
    #[serde(skip)]
    pub answer: UninvitedAnswer,
}

/// A decision about somebody uninvited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UninvitedAnswer {
    /// They are removed.
    SeenOut,
    /// They may stay.
    LetStay,
}

/// A member whom somebody removed from the channel by hand asks to come back: are they let in?
#[derive(Clone, Debug, Serialize)]
pub struct RemovedMember {
    /// Who.
    pub person: Someone,
    /// When the membership ends.
    pub until: When,
}

/// What was decided of [`RemovedMember`].
#[derive(Clone, Debug, Serialize)]
pub struct RemovedMemberSettled {
    /// Who.
    pub person: Someone,
    /// The decision.
    #[serde(skip)]
    pub answer: RemovedMemberAnswer,
}

/// A decision about a removed member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedMemberAnswer {
    /// The ban is lifted.
    Readmitted,
    /// It stays.
    LeftOut,
}

plain! {
    SecondProcess = "notices.second_process";
}

impl Message for OnDuty {
    const ID: &'static str = "notices.on_duty";

    fn samples() -> Vec<Self> {
        let with = |webhook, api: Option<&str>, migrations| Self {
            version: UserText::new("0.1.0"),
            webhook,
            api: api.map(UserText::new),
            migrations,
        };
        vec![
            with(false, None, 0),
            with(true, None, 1),
            with(true, Some("http://127.0.0.1:8081"), 3),
        ]
    }
}

impl Message for BackupDelivered {
    const ID: &'static str = "notices.backup_delivered";

    fn samples() -> Vec<Self> {
        let with = |rows| Self {
            made: sample::until(),
            rows,
        };
        vec![with(1), with(48_213)]
    }
}

impl Message for Redeemed {
    const ID: &'static str = "notices.redeemed";

    fn branch(&self) -> &'static str {
        if self.returns { "return" } else { "first" }
    }

    fn samples() -> Vec<Self> {
        let with = |returns| {
            let people = sample::people().into_iter().zip([30, 1, 3_650]);
            people.map(move |(person, days)| Self {
                plan: person.name.clone(),
                person,
                days,
                until: sample::until(),
                returns,
            })
        };
        [false, true].into_iter().flat_map(with).collect()
    }
}

impl Message for RenewedBy {
    const ID: &'static str = "notices.renewed";

    fn samples() -> Vec<Self> {
        let people = sample::people().into_iter().zip([30, 1, 3_650]);
        let with = |(person, days): (Someone, i64)| Self {
            plan: person.name.clone(),
            person,
            days,
            until: sample::until(),
        };
        people.map(with).collect()
    }
}

impl Message for StrangerTurnedAway {
    const ID: &'static str = "notices.stranger";

    fn samples() -> Vec<Self> {
        let [ana, longest, nobody] = sample::people();
        let with = |owner: &Someone, stranger: &Someone| Self {
            owner: owner.clone(),
            stranger: stranger.clone(),
        };
        vec![with(&ana, &nobody), with(&longest, &longest), with(&nobody, &ana)]
    }
}

impl Message for RightsLost {
    const ID: &'static str = "notices.rights_lost";

    fn branch(&self) -> &'static str {
        match self.channel {
            Channel::Vip => "vip",
            Channel::Free => "free",
        }
    }

    fn samples() -> Vec<Self> {
        let without_posts = ChannelRights {
            post: false,
            ..ChannelRights::ALL
        };
        let with = |channel: &Channel| {
            let rights = [without_posts, ChannelRights::NONE, ChannelRights::NONE];
            let found = FoundChannel::samples().into_iter().zip(rights);
            let channel = *channel;
            found.map(move |(found, rights)| Self {
                channel,
                found: FoundChannel { rights, ..found },
            })
        };
        Channel::ALL.iter().flat_map(with).collect()
    }
}

impl Message for MemberRemoved {
    const ID: &'static str = "notices.member_removed";

    fn branch(&self) -> &'static str {
        if self.banned { "banned" } else { "removed" }
    }

    fn samples() -> Vec<Self> {
        let [ana, longest, nobody] = sample::people();
        let with = |person: &Someone, by: Option<&Someone>, banned| Self {
            person: person.clone(),
            by: by.cloned(),
            until: sample::until(),
            banned,
        };
        vec![
            with(&ana, Some(&nobody), true),
            with(&longest, Some(&longest), false),
            with(&nobody, None, true),
            with(&ana, None, false),
        ]
    }
}

impl Message for InvitationsHeld {
    const ID: &'static str = "notices.invitations_held";

    fn samples() -> Vec<Self> {
        [1, 12, 1_000_000].map(|count| Self { count }).into()
    }
}

impl Message for UnknownInside {
    const ID: &'static str = "notices.unknown_inside";

    fn branch(&self) -> &'static str {
        if self.unknown > 0 { "some" } else { "none" }
    }

    fn samples() -> Vec<Self> {
        [(120, 3), (1, 1), (1_000_000, 999_999), (40, 0)]
            .map(|(inside, unknown)| Self { inside, unknown })
            .into()
    }
}

impl Message for UnknownChannelAsked {
    const ID: &'static str = "notices.unknown_channel_asked";

    fn samples() -> Vec<Self> {
        let id = ChatId(-1_009_999_999_999);
        sample::names().map(|title| Self { title, id }).into()
    }
}

impl Message for RemovedMember {
    const ID: &'static str = "notices.removed_member";

    fn samples() -> Vec<Self> {
        let until = sample::until();
        sample::people().map(|person| Self { person, until }).into()
    }
}

impl Message for UninvitedSettled {
    const ID: &'static str = "notices.uninvited_settled";

    fn branch(&self) -> &'static str {
        match self.answer {
            UninvitedAnswer::SeenOut => "seen_out",
            UninvitedAnswer::LetStay => "let_stay",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |answer| sample::people().map(|person| Self { person, answer });
        [UninvitedAnswer::SeenOut, UninvitedAnswer::LetStay]
            .into_iter()
            .flat_map(with)
            .collect()
    }
}

impl Message for RemovedMemberSettled {
    const ID: &'static str = "notices.removed_member_settled";

    fn branch(&self) -> &'static str {
        match self.answer {
            RemovedMemberAnswer::Readmitted => "readmitted",
            RemovedMemberAnswer::LeftOut => "left_out",
        }
    }

    fn samples() -> Vec<Self> {
        let with = |answer| sample::people().map(|person| Self { person, answer });
        [RemovedMemberAnswer::Readmitted, RemovedMemberAnswer::LeftOut]
            .into_iter()
            .flat_map(with)
            .collect()
    }
}

macro_rules! about_a_person {
    ($($message:ident = $id:literal;)+) => {$(
        impl Message for $message {
            const ID: &'static str = $id;

            fn samples() -> Vec<Self> {
                sample::people().map(|person| Self { person }).into()
            }
        }
    )+};
}

about_a_person! {
    AdmissionRefused = "notices.admission_refused";
    Entered = "notices.entered";
    KeyRefusedFor = "notices.key_refused";
    Uninvited = "notices.uninvited";
}
