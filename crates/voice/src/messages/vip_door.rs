//! What is said at the door of the members' channel.

use serde::Serialize;

use super::{Message, choice, plain};

/// To somebody without a membership who came by a personal link; they are turned away.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Stranger {
    /// It is another person's.
    Lent,
    /// It is their own, of a membership that is over.
    Former,
}

/// To a member whose ritual is not finished; their request is held.
#[derive(Clone, Debug, Serialize)]
pub struct FinishRitual;

/// To everybody else; their request is held.
#[derive(Clone, Debug, Serialize)]
pub struct HeldAtTheDoor;

/// To the owner of a link by which somebody else came.
#[derive(Clone, Debug, Serialize)]
pub struct KeyLent;

plain! {
    FinishRitual = "vip_door.finish_ritual";
    HeldAtTheDoor = "vip_door.hold";
    KeyLent = "vip_door.key_lent";
}

choice!(Stranger = "vip_door.stranger" {
    Lent = "lent",
    Former = "former",
});
