//! The stand-in from outside: over HTTP as a bot sees it, and through its driver.

mod bots;
mod channels;
mod client;
mod commands;
mod control;
mod copying;
mod decoding;
mod deleting;
mod editing;
mod faults;
mod groups;
mod hook;
mod join_requests;
mod limits;
mod links;
mod media;
mod members;
mod methods;
mod polling;
mod sharing;
mod story;
mod transport;
mod webhook;
