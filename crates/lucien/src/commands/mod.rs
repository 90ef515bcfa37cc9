//! The commands, one a file.

pub(crate) mod demo;
pub(crate) mod healthcheck;
pub(crate) mod inbox;
pub(crate) mod loadtest;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod sweep;
pub(crate) mod token;
