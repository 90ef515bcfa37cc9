//! The inbox: what arrived is kept first, then worked off, one person's updates in order.
//!
//! [`intake`] keeps updates, [`lanes`] says whose turn it is, [`worker`] runs the [`handler`], whose
//! [`own_time`] is limited, and decides what a failure means, [`finisher`] writes down what is done.

mod finisher;
mod handler;
mod intake;
mod lanes;
mod own_time;
mod worker;

pub(crate) use handler::{Handler, Surplus};
pub(crate) use intake::{Arrivals, StoreIntake};
pub(crate) use own_time::outside;
pub(crate) use worker::Worker;
