//! Lucien himself: use cases, the routing table, handlers, workers, and the house that they make.
//!
//! No SQL, no JSON of the Bot API and no sentence lives here.
//!
//! | module | holds |
//! |---|---|
//! | [`house`] | composition: how a house opens and closes |
//! | [`settings`] | what a house has to be told |
//! | [`clock`] | the machine's clock |
//! | [`import`] | members of a channel that was led by somebody else |
//! | [`invitation`] | codes that nobody can guess |
//! | [`schema`] | whether a database may be opened, and migrating it |
//! | [`departures`] | what follows when memberships are over, and what holds it back |
//! | [`watchdog`] | noticing that nothing moves any more |
//! | `life` | who works in the house, and what the worker does |
//! | `action` | what can be shown; what buttons carry |
//! | `handlers` | from an update to its answer, a file per feature |
//! | `inbox` | keeping updates and working them off |
//! | `outbox` | what has to reach Telegram, and sending it |
//! | `jobs` | what comes around by itself |
//! | `dialogue` | conversations that ask for several things before they do one |
//! | `hand` | the inbox row that is in hand |
//! | `way_in` | what changes on the way into the members' channel |
//! | `key` | how a personal link is handed over |
//! | `wish` | members who would like to stay, and what custodians are asked then |
//! | `contact` | who can be written to |
//! | `commands` | the command menus |
//! | `backoff`, `bell` | waiting, and being told to look |
//! | `health` | the truth over HTTP |
//! | `metrics` | the figures over HTTP |

mod action;
mod backoff;
mod bell;
pub mod clock;
mod commands;
mod contact;
pub mod departures;
mod dialogue;
mod error;
mod hand;
mod handlers;
mod health;
pub mod house;
pub mod import;
mod inbox;
pub mod invitation;
mod jobs;
mod key;
mod life;
mod metrics;
mod outbox;
pub mod schema;
pub mod settings;
pub mod watchdog;
mod way_in;
mod wish;

pub use house::House;
pub use life::Role;
