//! Lucien's rules and types, pure: no I/O, no async runtime, no sentences.
//!
//! Everything here can be understood and tested without a database or a network. The other
//! crates ask this one what is allowed, how long something is valid and what a thing is worth.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | what a person may see: ADMIN > VIP > RITUAL > FREE, and the permission table |
//! | [`clock`] | the clock that everybody is given, and the one that tests move |
//! | [`id`] | numbers that must not be mixed up |
//! | [`money`] | exact amounts |
//! | [`package`] | kinds of content packages |
//! | [`person`] | names as Telegram gives them |
//! | [`plan`] | subscription plans |
//! | [`role`] | the stored role of a person and why it changed |
//! | [`subscription`] | the state of one person's membership |

pub mod access;
pub mod clock;
pub mod id;
pub mod money;
pub mod package;
pub mod person;
pub mod plan;
pub mod role;
pub mod subscription;
