//! A figure, as all benches print it.

use std::fmt::Display;
use std::time::Duration;

/// Prints one figure with its target and, in brackets, what the Python bot needs for the same.
#[expect(clippy::print_stdout, reason = "figures are what a bench is for")]
pub(crate) fn figure(what: &str, measured: impl Display, target: &str, python: &str) {
    println!("{what:<52} {measured:>20}   target {target:<14} [{python}]");
}

/// Prints what the figures below are about.
#[expect(clippy::print_stdout, reason = "figures are what a bench is for")]
pub(crate) fn headline(text: &str) {
    println!("\n{text}");
}

/// Milliseconds to the hundredth.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
