//! Lucien's rules and types, pure: no I/O, no async runtime, no sentences.
//!
//! Everything here can be understood and tested without a database or a network. The other
//! crates ask this one what is allowed, how long something is valid and what a thing is worth.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | what a person may see: ADMIN > VIP > RITUAL > FREE, and the permission table |
//! | [`brakes`] | what keeps people from being seen out by mistake, many at a time |
//! | [`channel`] | the two channels, and what Lucien must be allowed to do in them |
//! | [`clock`] | the clock that everybody is given, and the one that tests move |
//! | [`departure`] | how a membership that is over comes to its end |
//! | [`door`] | who is let into the members' channel, and personal links |
//! | [`id`] | numbers that must not be mixed up |
//! | [`money`] | exact amounts |
//! | [`notice`] | what custodians can be told or not |
//! | [`package`] | kinds of content packages |
//! | [`person`] | names as Telegram gives them |
//! | [`plan`] | subscription plans |
//! | [`queue`] | the queue of the Free channel |
//! | [`redemption`] | what redeeming an invitation makes of a membership |
//! | [`reminder`] | what members are told about the end of their time |
//! | [`ritual`] | the entry ritual as a state machine |
//! | [`role`] | the stored role of a person and why it changed |
//! | [`subscription`] | the state of one person's membership |
//! | [`token`] | invitations: their codes, and whether somebody can redeem one |

pub mod access;
pub mod brakes;
pub mod channel;
pub mod clock;
pub mod departure;
pub mod door;
pub mod id;
pub mod money;
pub mod notice;
pub mod package;
pub mod person;
pub mod plan;
pub mod queue;
pub mod redemption;
pub mod reminder;
pub mod ritual;
pub mod role;
pub mod subscription;
pub mod token;
