//! The commands, one a file.

pub(crate) mod adopt;
pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod healthcheck;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod loadtest;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod sweep;
pub(crate) mod token;
pub(crate) mod transfer;
pub(crate) mod voice;

use anyhow::Context;
use bot::schema;
use store::lock::{Alone, LockError};
use store::{DatabaseUrl, Store, StoreOptions};

use crate::exit::Failure;

/// Opens the database of a house that stands; its schema is the present one.
async fn open(url: &DatabaseUrl) -> Result<Store, Failure> {
    let options = StoreOptions {
        create: false,
        ..StoreOptions::default()
    };
    let store = Store::open(url, &options)
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    schema::require(&store).await?;
    Ok(store)
}

/// Has the house for this process, while nobody else is in it.
async fn alone(store: &Store) -> Result<Alone, Failure> {
    Alone::in_house(store).await.map_err(|error| match error {
        LockError::InTheWay(_) => Failure::Migration(format!("{}: {error}", store.url())),
        LockError::Store(error) => Failure::Runtime(error.into()),
    })
}
