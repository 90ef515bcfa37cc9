//! The inbox: what arrived is kept first, then worked off, one person's updates in order.
//!
//! [`intake`] keeps updates, [`lanes`] says whose turn it is, [`worker`] runs the handler and
//! decides what a failure means, [`finisher`] writes down what is done.

mod finisher;
mod intake;
mod lanes;
mod worker;

pub(crate) use intake::StoreIntake;
pub(crate) use worker::{Handler, Worker};
