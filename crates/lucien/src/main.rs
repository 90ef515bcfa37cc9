//! Lucien, the binary: command line, configuration, and the commands.
//!
//! No rule of the house lives here; each command opens what it needs and calls it.

mod cli;
mod commands;
mod config;
mod exit;
mod logging;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::config::Environment;
use crate::exit::Failure;
use crate::logging::Destination;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure);
            failure.exit_code()
        }
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)?;
    runtime.block_on(async {
        match command {
            Command::Demo(demo) => commands::demo::execute(&demo).await,
            Command::Loadtest(loadtest) => commands::loadtest::execute(loadtest).await,
            Command::Transfer(transfer) => {
                // The databases are named; of the environment, only how to log counts.
                own_environment(Destination::Stderr)?;
                commands::transfer::execute(transfer).await
            }
            Command::Sim(sim) => commands::sim::execute(sim).await,
            Command::Run => commands::run::execute(&own_environment(Destination::Stdout)?).await,
            Command::Migrate(migrate) => {
                commands::migrate::execute(&own_environment(Destination::Stderr)?, migrate).await
            }
            Command::Adopt(adopt) => {
                commands::adopt::execute(&own_environment(Destination::Stderr)?, adopt).await
            }
            Command::Export(export) => {
                commands::export::execute(&own_environment(Destination::Stderr)?, export).await
            }
            Command::Import(import) => {
                commands::import::execute(&own_environment(Destination::Stderr)?, import).await
            }
            Command::Backup(backup) => {
                commands::backup::execute(&own_environment(Destination::Stderr)?, backup).await
            }
            Command::Inbox(inbox) => {
                commands::inbox::execute(&own_environment(Destination::Stderr)?, inbox).await
            }
            Command::Plan(plan) => {
                commands::plan::execute(&own_environment(Destination::Stderr)?, plan).await
            }
            Command::Token(token) => {
                commands::token::execute(&own_environment(Destination::Stderr)?, token).await
            }
            Command::Sweep(sweep) => {
                commands::sweep::execute(&own_environment(Destination::Stderr)?, sweep).await
            }
            Command::Voice(voice) => commands::voice::execute(voice),
            Command::Healthcheck => {
                commands::healthcheck::execute(&own_environment(Destination::Stderr)?).await
            }
        }
    })
}

/// The environment of the operator's own house; logging starts as it says.
fn own_environment(destination: Destination) -> Result<Environment, Failure> {
    let environment = Environment::of_process().map_err(|problem| Failure::Configuration(vec![problem]))?;
    logging::start(config::read_log(&environment), destination);
    Ok(environment)
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a command goes to its caller, also when nothing is logged"
)]
fn report(failure: &Failure) {
    eprintln!("lucien: {failure}");
}
