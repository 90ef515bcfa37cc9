//! The outbox: what has to reach Telegram is written down with the change that it follows from, and
//! sent afterwards.
//!
//! | module | holds |
//! |---|---|
//! | [`policy`] | the table of what can go out and by which rules |
//! | [`errand`] | what is written down, kind by kind |
//! | [`notices`] | what custodians are told |
//! | [`courier`] | calling Telegram, and what follows from it |
//! | [`decision`] | what the end of a call means for its row |
//! | [`worker`] | seeing to it that everything is sent |
//! | [`ends`] | word of that to whoever waits for it |
//!
//! A new kind is a line of the table, an errand, and its arms in the courier.

mod courier;
mod decision;
mod ends;
pub(crate) mod errand;
pub(crate) mod notices;
mod policy;
mod worker;

pub(crate) use ends::Ends;
pub(crate) use errand::{Errand, Overwrite, PersonNotice};
pub(crate) use notices::{Bought, CustodianNotice, Standing};
pub(crate) use policy::OutboxKind;
pub(crate) use worker::OutboxWorker;
