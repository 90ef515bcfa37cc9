//! A stand-in Telegram on loopback: a stateful Bot API server with people who use its bots.
//!
//! A bot speaks to it as it speaks to `api.telegram.org`; a test, a demonstration or a load
//! generator acts as the people. What it forgives and what it refuses, and in which words, is
//! what the official server forgives and refuses. It knows nothing of any particular bot.
//!
//! ```
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = sim::Sim::start(sim::Options::default()).await?;
//! let alicia = sim.person("Alicia");
//! alicia.sends("/start")?;
//! // … a bot that talks to `sim.url()` with `sim.bot().token` answers …
//! alicia.hears("Bienvenida").await?;
//! alicia.presses("Ayuda")?.answer().await?;
//! # Ok(()) }
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | the time that everything here obeys |
//! | `server` | HTTP: addresses, tokens, parameters, shapes of answers, deliveries to webhooks, the `/sim` routes |
//! | `methods` | the methods of the Bot API, one file each |
//! | `html`, `keyboard`, `link`, `base64url` | what a bot may write: parsed, put in order, written back |
//! | `state` | bots, people, chats of every kind, queues of updates, callback queries |
//! | `faults`, `limits` | what goes wrong on demand, how much a bot may send |
//! | `journal` | what was called, and what a correct bot would not have sent |
//! | `driver` | acting as people, waiting for what bots do, transcripts |
//! | `window` | the page through which people at a browser act as them |
//!
//! The crate's README tells how to test any bot with it.

mod address;
mod base64url;
pub mod clock;
mod driver;
mod error;
mod faults;
mod html;
mod journal;
mod keyboard;
mod limits;
mod link;
mod methods;
mod params;
mod server;
mod shared;
mod state;
mod window;

pub use clock::Clock;
pub use driver::{
    Attachment, BotInfo, By, CallbackAnswer, Cannot, Entry, Injected, InviteLink, JoinRequest, MediaKind,
    MessageAt, NewBot, NewLink, NewMedia, NewRoom, Options, Origin, OriginSource, Person, Press, Profile,
    Rights, Room, RoomKind, RoomView, Sim, Status, Unheard, View,
};
pub use faults::{Fault, FaultKind, FaultState};
pub use html::{Entity, EntityKind};
pub use journal::{Call, Problem, Violation};
pub use keyboard::{Button, ButtonAction, ButtonRequest, ChatRequest, Markup, ReplyButton, UsersRequest};
pub use limits::Limits;
