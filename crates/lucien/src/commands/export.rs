//! `lucien export`: members, or everything, as CSV.

#![expect(
    clippy::print_stdout,
    reason = "what was written is what the command is asked for"
)]

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::Context;
use store::{Store, export};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Export) -> Result<(), Failure> {
    let url = config::read_database(environment).map_err(Failure::Configuration)?;
    let store = super::open(&url).await?;
    let done = match command {
        cli::Export::Members { output: None } => members(&store, io::stdout().lock()).await.map(drop),
        cli::Export::Members { output: Some(path) } => to_file(&store, &path).await,
        cli::Export::All { output } => everything(&store, &output).await,
    };
    store.close().await;
    Ok(done?)
}

async fn members(store: &Store, to: impl io::Write) -> anyhow::Result<u64> {
    export::members(store, to)
        .await
        .context("the members cannot be written")
}

async fn to_file(store: &Store, path: &Path) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let count = members(store, file).await?;
    println!("members\t{count}");
    Ok(())
}

async fn everything(store: &Store, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let written = export::everything(store, folder)
        .await
        .context("the tables cannot be written")?;
    for (table, rows) in written {
        println!("{table}\t{rows}");
    }
    Ok(())
}
