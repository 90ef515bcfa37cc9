//! `lucien migrate`: the schema, step by step.

#![expect(
    clippy::print_stdout,
    reason = "what was done is what the command is asked for"
)]

use anyhow::Context;
use bot::clock::SystemClock;
use domain::clock::Clock;
use store::schema::{self, Consent, Report, SchemaError};
use store::{Store, StoreOptions};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Migrate) -> Result<(), Failure> {
    let (url, backups) = config::read_migration(environment).map_err(Failure::Configuration)?;
    let options = StoreOptions {
        // Only `up` may make a database where there is none.
        create: matches!(command, cli::Migrate::Up { .. }),
        backups,
        ..StoreOptions::default()
    };
    let store = Store::open(&url, &options)
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    let done = match command {
        cli::Migrate::Up { steps } => alone(&store, up(&store, steps)).await,
        cli::Migrate::Down {
            steps,
            confirm,
            i_have_a_backup,
        } => {
            let consent = Consent {
                database: confirm.as_deref(),
                backup_exists: i_have_a_backup,
            };
            alone(&store, down(&store, steps, consent)).await
        }
        cli::Migrate::Status => status(&store).await,
    };
    store.close().await;
    done
}

/// Does it while nobody else is in the house.
async fn alone(store: &Store, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let alone = super::alone(store).await?;
    let done = work.await;
    alone.leave().await;
    done
}

async fn up(store: &Store, steps: Option<u32>) -> Result<(), Failure> {
    let report = schema::up(store, steps, SystemClock.now())
        .await
        .map_err(refused)?;
    say("applied", &report);
    Ok(())
}

async fn down(store: &Store, steps: u32, consent: Consent<'_>) -> Result<(), Failure> {
    let report = schema::down(store, steps, consent, SystemClock.now())
        .await
        .map_err(refused)?;
    say("undone", &report);
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

fn say(done: &str, report: &Report) {
    if let Some(backup) = &report.backup {
        println!("backup\t{}", backup.display());
    }
    if report.steps.is_empty() {
        println!("nothing to do");
    }
    for step in &report.steps {
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
