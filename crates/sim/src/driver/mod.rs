//! Acting as people, and waiting for what bots do.
//!
//! Acts are immediate and therefore not async; only waiting is. A wait ends with the event, not
//! after a time; should the event not come, patience (real time) runs out and the error shows the
//! chat as it stands.

mod entry;
mod faults;
mod passing;
mod person;
mod person_in_rooms;
mod room;
mod share;
mod sim;
mod transcript;
mod wait;

pub use entry::{Attachment, Entry};
pub use faults::Injected;
pub use person::{Person, Press};
pub use room::{Room, RoomView};
pub use sim::{BotInfo, NewBot, Options, Sim, View};
pub use wait::Unheard;

pub use crate::state::{
    By, CallbackAnswer, Cannot, InviteLink, JoinRequest, MediaKind, MessageAt, NewLink, NewMedia, NewRoom,
    Origin, OriginSource, Profile, Rights, RoomKind, Status,
};
pub(crate) use passing::{Pace, passes};
pub(crate) use sim::{add_bot, bots, updates_pending};
