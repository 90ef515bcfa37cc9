//! Everything that speaks to the Bot API.
//!
//! No rule of the house, no SQL and no sentence lives here. What people read arrives as
//! [`voice::Rendered`], [`voice::Toast`] or [`voice::Label`]; a string cannot be sent.
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | where the Bot API is, the token that opens it, the webhook's secret |
//! | [`chat`] | chats, who is in them, and the links into them |
//! | [`error`] | calls that did not succeed, and what to do about them |
//! | [`gateway`] | the calls that Lucien makes |
//! | [`intake`] | where updates are kept before Telegram is told that they arrived |
//! | [`limiter`] | when a call may go out |
//! | [`meaning`] | the error table: what the server's refusals mean |
//! | [`payload`] | the codec of callback buttons |
//! | [`polling`] | getUpdates, stored before it is confirmed |
//! | `skew` | how far our clock is from Telegram's |
//! | [`update`] | updates, decoded one by one |
//! | [`webhook`] | updates as Telegram brings them, stored before they are answered |

pub mod address;
mod api;
pub mod chat;
pub mod error;
#[cfg(test)]
mod fake;
pub mod gateway;
pub mod intake;
pub mod limiter;
pub mod meaning;
pub mod payload;
pub mod polling;
mod skew;
pub mod update;
pub mod webhook;
mod wire;

pub use address::{ApiUrl, BotToken};
pub use api::Observer;
pub use error::{ApiError, Verdict};
pub use gateway::{Document, Gateway};
pub use limiter::{Lane, Rates};
pub use meaning::Meaning;
pub use payload::Payload;
