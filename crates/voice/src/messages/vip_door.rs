//! What is said at the door of the members' channel.

use serde::Serialize;

use super::{Message, plain};

/// To somebody without a membership who came by another person's link; they are turned away.
#[derive(Clone, Debug, Serialize)]
pub struct Stranger;

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
    Stranger = "vip_door.stranger";
    FinishRitual = "vip_door.finish_ritual";
    HeldAtTheDoor = "vip_door.hold";
    KeyLent = "vip_door.key_lent";
}
