//! `lucien adopt`: a database of the Python bot becomes ours, where it is.

#![expect(clippy::print_stdout, reason = "the report is what the command is asked for")]

use anyhow::Context;
use bot::clock::SystemClock;
use domain::clock::Clock;
use store::adoption::{self, AdoptError, Adopted, Options};
use store::schema::SchemaError;
use store::{Store, StoreOptions};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Adopt) -> Result<(), Failure> {
    let (url, backups) = config::read_migration(environment).map_err(Failure::Configuration)?;
    let options = StoreOptions {
        create: false,
        write_ahead: !command.dry_run,
        backups,
        ..StoreOptions::default()
    };
    let store = Store::open(&url, &options)
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    let done = adopt(&store, &command).await;
    store.close().await;
    let adopted = done?;
    if command.json {
        let json = serde_json::to_string_pretty(&adopted).context("the report cannot be written as JSON")?;
        println!("{json}");
        return Ok(());
    }
    if command.dry_run {
        println!("dry run\tnothing was changed");
    }
    print!("{adopted}");
    Ok(())
}

/// Does it while nobody is in the house.
async fn adopt(store: &Store, command: &cli::Adopt) -> Result<Adopted, Failure> {
    let alone = super::alone(store).await?;
    let options = Options {
        on_orphan: command.on_orphan.into(),
        dry_run: command.dry_run,
        backup_exists: command.i_have_a_backup,
    };
    let done = adoption::adopt(store, &options, SystemClock.now()).await;
    alone.leave().await;
    done.map_err(refused)
}

/// What is refused is exit 3; a database that is away is a failure at run time.
fn refused(error: AdoptError) -> Failure {
    match error {
        AdoptError::Store(error) | AdoptError::Schema(SchemaError::Store(error)) => {
            Failure::Runtime(error.into())
        }
        AdoptError::NeedsBackup => Failure::Migration(format!("{error}: --i-have-a-backup")),
        error => Failure::Migration(error.to_string()),
    }
}
