//! Everything that speaks to the Bot API.
//!
//! No rule of the house, no SQL and no sentence lives here. What people read arrives as
//! [`voice::Rendered`], [`voice::Toast`] or [`voice::Label`]; a string cannot be sent.
//!
//! | module | holds |
//! |---|---|
//! | [`address`] | where the Bot API is, and the token that opens it |
//! | [`error`] | what a refused or unanswered call means |
//! | [`gateway`] | the calls that Lucien makes |
//! | [`payload`] | the codec of callback buttons |
//! | [`polling`] | getUpdates, stored before it is confirmed |
//! | [`update`] | updates, decoded one by one |

pub mod address;
mod api;
pub mod error;
pub mod gateway;
pub mod payload;
pub mod polling;
pub mod update;

pub use address::{ApiUrl, BotToken};
pub use error::{ApiError, Verdict};
pub use gateway::Gateway;
pub use payload::Payload;
