//! The real binary, as an operator runs it.

mod commands;
mod cut_off;
mod kills;
mod letters;
mod lifecycle;
mod lucien;
mod notices;
mod outage;
mod refusals;
mod stopping;
mod sweep;
mod together;
mod token;
mod watchdog;
mod webhook;
