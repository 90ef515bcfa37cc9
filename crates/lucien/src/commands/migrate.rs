//! `lucien migrate`: the schema, step by step.

#![expect(
    clippy::print_stdout,
    reason = "what was done is what the command is asked for"
)]

use anyhow::Context;
use bot::clock::SystemClock;
use domain::clock::Clock;
use store::schema::{self, SchemaError};
use store::{Store, StoreOptions};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Migrate) -> Result<(), Failure> {
    let url = config::read_database(environment).map_err(Failure::Configuration)?;
    let options = StoreOptions {
        // Only `up` may make a database where there is none.
        create: matches!(command, cli::Migrate::Up { .. }),
        ..StoreOptions::default()
    };
    let store = Store::open(&url, &options)
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    let done = match command {
        cli::Migrate::Up { steps } => up(&store, steps).await,
        cli::Migrate::Down { steps, confirm } => down(&store, steps, confirm.as_deref()).await,
        cli::Migrate::Status => status(&store).await,
    };
    store.close().await;
    done
}

async fn up(store: &Store, steps: Option<u32>) -> Result<(), Failure> {
    let report = schema::up(store, steps, SystemClock.now())
        .await
        .map_err(refused)?;
    say("applied", &report.steps);
    Ok(())
}

async fn down(store: &Store, steps: u32, confirm: Option<&str>) -> Result<(), Failure> {
    let report = schema::down(store, steps, confirm).await.map_err(refused)?;
    say("undone", &report.steps);
    Ok(())
}

async fn status(store: &Store) -> Result<(), Failure> {
    for step in schema::status(store)
        .await
        .context("the migrations cannot be read")?
    {
        let state = match (step.applied_at, step.known) {
            (Some(at), true) => format!("applied {}", at.format("%F %T UTC")),
            (Some(at), false) => format!("applied {} by a newer version", at.format("%F %T UTC")),
            (None, _) => "pending".to_owned(),
        };
        println!("{}\t{state}", step.name);
    }
    Ok(())
}

fn say(done: &str, steps: &[String]) {
    if steps.is_empty() {
        println!("nothing to do");
    }
    for step in steps {
        println!("{done}\t{step}");
    }
}

/// What the schema refuses is exit 3; a database that is away is a failure at run time.
fn refused(error: SchemaError) -> Failure {
    match error {
        SchemaError::Store(error) => Failure::Runtime(error.into()),
        error => Failure::Migration(error.to_string()),
    }
}
