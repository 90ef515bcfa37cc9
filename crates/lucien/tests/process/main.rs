//! The real binary, as an operator runs it.

mod commands;
mod lifecycle;
mod lucien;
mod refusals;
