//! The stand-in from outside: over HTTP as a bot sees it, and through its driver.

mod client;
mod commands;
mod control;
mod decoding;
mod methods;
mod polling;
mod story;
mod transport;
