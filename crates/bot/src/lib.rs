//! Lucien himself: use cases, the routing table, handlers, workers, and the house that they make.
//!
//! No SQL, no JSON of the Bot API and no sentence lives here.
//!
//! | module | holds |
//! |---|---|
//! | [`house`] | composition: how a house opens and closes |
//! | [`settings`] | what a house has to be told |
//! | [`clock`] | the machine's clock |
//! | [`schema`] | whether a database may be opened, and migrating it at start |
//! | `action` | what can be shown; what buttons carry |
//! | `handlers` | from an update to its answer, a file per feature |
//! | `inbox` | keeping updates and working them off |
//! | `health` | the truth over HTTP |

mod action;
pub mod clock;
mod error;
mod handlers;
mod health;
pub mod house;
mod inbox;
pub mod schema;
pub mod settings;

pub use house::House;
