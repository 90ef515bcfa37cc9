//! What may be said in any room.

use domain::access::Access;
use domain::id::UserId;
use serde::Serialize;

use super::{Message, choice, plain};

/// The commands, and what the house holds for this person.
#[derive(Clone, Debug, Serialize)]
pub struct Help {
    /// The person's access.
    #[serde(skip)]
    pub access: Access,
}

/// The person's Telegram id.
#[derive(Clone, Debug, Serialize)]
pub struct MyId {
    /// The id.
    pub id: UserId,
}

/// The answer to a command that Lucien does not know.
#[derive(Clone, Debug, Serialize)]
pub struct UnknownCommand;

/// The answer to a message that asks for nothing that Lucien does.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Unanswered {
    /// A text.
    Text,
    /// A picture, a sticker, a voice message and the like.
    Media,
}

/// Said when what a person asked for could not be done, for a reason of ours.
#[derive(Clone, Debug, Serialize)]
pub struct Apology;

/// Said once to somebody whose messages come faster than they can be answered.
#[derive(Clone, Debug, Serialize)]
pub struct Patience;

/// Said when no hand is free for what a person asked for; nothing was done.
#[derive(Clone, Debug, Serialize)]
pub struct Busy;

/// The end of a dialogue that asked for something and got nothing.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum DialogueEnd {
    /// The person left it.
    Cancelled,
    /// There was none to leave.
    Nothing,
    /// It was left lying for too long.
    Expired,
}

/// What the house keeps of people.
#[derive(Clone, Debug, Serialize)]
pub struct Privacy {
    /// For how many days a message that could not be answered is kept.
    pub unattended_days: i64,
}

impl Message for Help {
    const ID: &'static str = "common.help";

    fn branch(&self) -> &'static str {
        match self.access {
            Access::Admin => "custodian",
            Access::Vip => "member",
            Access::Ritual => "entering",
            Access::Free => "visitor",
        }
    }

    fn samples() -> Vec<Self> {
        Access::ALL.map(|access| Self { access }).into()
    }
}

impl Message for MyId {
    const ID: &'static str = "common.id";

    fn samples() -> Vec<Self> {
        // The smallest, and the largest of 52 bits.
        [1, (1 << 52) - 1].map(|id| Self { id: UserId(id) }).into()
    }
}

plain! {
    Apology = "common.apology";
    Busy = "common.busy";
    Patience = "common.patience";
    UnknownCommand = "common.unknown_command";
}

choice!(Unanswered = "common.unanswered" {
    Text = "text",
    Media = "media",
});

choice!(DialogueEnd = "common.dialogue" {
    Cancelled = "cancelled",
    Nothing = "nothing",
    Expired = "expired",
});

impl Message for Privacy {
    const ID: &'static str = "common.privacy";

    fn samples() -> Vec<Self> {
        [7, 1].map(|unattended_days| Self { unattended_days }).into()
    }
}
