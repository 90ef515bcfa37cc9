//! Bots that are written with public libraries, in Python, live through one story in the stand-in.
//! The libraries decode strictly: a field that is missing, misspelt or of another type is a failure.
//!
//! The variable `SIM_CLIENTS_PYTHON` names a Python in whose environment `requirements.txt` is
//! installed; without it the stories are skipped.

mod bot;
mod story;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::bot::Client;

/// Names the Python that has the libraries.
const PYTHON: &str = "SIM_CLIENTS_PYTHON";

#[expect(clippy::print_stderr, reason = "a check that was skipped has to say so")]
fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let python = std::env::var_os(PYTHON);
    if python.is_none() && !arguments.list {
        eprintln!("skipped: {PYTHON} names no Python with the libraries of bots");
    }
    let trials = Client::ALL.map(|client| {
        let python = python.clone();
        let is_skipped = python.is_none();
        let run = move || {
            let python = python.ok_or_else(|| Failed::from(format!("{PYTHON} is not set")))?;
            let runtime = tokio::runtime::Runtime::new()?;
            Ok(runtime.block_on(story::tell(client, &python))?)
        };
        Trial::test(client.name(), run).with_ignored_flag(is_skipped)
    });
    libtest_mimic::run(&arguments, trials.into()).exit_code()
}
