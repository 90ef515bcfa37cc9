//! The real binary, as an operator runs it.

mod adopt;
mod backup;
mod by_the_book;
mod commands;
mod cut_off;
mod kills;
mod letters;
mod lifecycle;
mod lucien;
mod moving;
mod notices;
mod outage;
mod python;
mod refusals;
mod spreadsheets;
mod stopping;
mod sweep;
mod together;
mod token;
mod transfer;
mod voice;
mod watchdog;
mod webhook;
