//! Lucien's database: SQLite and PostgreSQL behind one door.
//!
//! Everything that is stored is stored here, and nothing here knows a rule, a sentence or Telegram.
//!
//! | module | holds |
//! |---|---|
//! | [`DatabaseUrl`] | where the database is, in every accepted spelling |
//! | [`Store`] | the open database: [`Reader`]s, transactions ([`Tx`]), probes |
//! | [`schema`] | migrations, up and down, and how a database stands to this binary |
//! | [`statements`] | what a piece of work asked of the database |
//! | [`people`], [`subscribers`], [`role_log`] | the predecessor's tables: who is who |
//! | [`plans`], [`tokens`], [`requests`] | what opens a door: plans, tokens, the queue of the Free channel |
//! | [`invitations`], [`entry_links`], [`vip_door`] | the way in: what tokens promise, personal links, who asks at the members' door |
//! | [`presence`], [`channels`], [`blocks`] | where people are, what Lucien may do there, who is not served |
//! | [`departures`], [`holds`], [`exemptions`], [`reminders`] | the way out: who goes, what keeps them from it, what they are told before |
//! | [`roll`], [`summary`] | all members one after another; what happened, in figures |
//! | [`packages`], [`interests`] | what is shown and who wants it |
//! | [`bot_config`] | the predecessor's configuration |
//! | [`house`], [`inbox`], [`outbox`], [`jobs`] | who works here, what came in, what goes out, what comes around |
//! | [`dialogues`], [`confirmations`], [`reachability`], [`settings`] | our other tables |
//! | [`adoption`] | making a database of the predecessor ours |
//! | [`export`] | members and tables as CSV |
//! | [`transfer`] | moving everything into another database |
//! | [`archive`] | backups, and a house taken back from one |
//! | [`invariants`] | what always holds, to be checked |
//! | [`lock`] | one worker, and who is in the house |
//!
//! Reading functions take any [`Connection`]; changing ones take a [`Tx`], so nothing is changed
//! outside of a transaction. A transaction holds the only writer on SQLite: it is short, and nothing
//! outside of the database is waited for while it is open.

mod backup;
mod connect;
mod cutoff;
mod door;
mod entity;
mod error;
mod lines;
mod quirks;
mod rows;
mod session;
mod sql;
mod store;
mod url;
mod value;

#[cfg(test)]
mod tests;

pub mod adoption;
pub mod archive;
pub mod blocks;
pub mod bot_config;
pub mod channels;
pub mod confirmations;
pub mod departures;
pub mod dialogues;
pub mod entry_links;
pub mod exemptions;
pub mod export;
pub mod holds;
pub mod house;
pub mod inbox;
pub mod interests;
pub mod invariants;
pub mod invitations;
pub mod jobs;
pub mod lock;
pub mod outbox;
pub mod packages;
pub mod people;
pub mod plans;
pub mod presence;
pub mod reachability;
pub mod reminders;
pub mod requests;
pub mod role_log;
pub mod roll;
pub mod schema;
pub mod settings;
pub mod statements;
pub mod subscribers;
pub mod summary;
pub mod tokens;
pub mod transfer;
pub mod vip_door;

pub use error::{Refusal, StoreError};
pub use session::{Changes, Connection, Reader, Tx, Writer};
pub use store::{PoolFigures, Store, StoreOptions};
pub use url::{DatabaseUrl, Dialect, UrlError};
