//! What may be said in any room.

use domain::access::Access;
use domain::id::UserId;
use serde::Serialize;

use super::Message;

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

impl Message for UnknownCommand {
    const ID: &'static str = "common.unknown_command";

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}

impl Message for Unanswered {
    const ID: &'static str = "common.unanswered";

    fn branch(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Media => "media",
        }
    }

    fn samples() -> Vec<Self> {
        vec![Self::Text, Self::Media]
    }
}

impl Message for Apology {
    const ID: &'static str = "common.apology";

    fn samples() -> Vec<Self> {
        vec![Self]
    }
}
