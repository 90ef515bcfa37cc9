//! The commands, one a file.

pub(crate) mod demo;
pub(crate) mod healthcheck;
pub(crate) mod inbox;
pub(crate) mod loadtest;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod sweep;
pub(crate) mod token;

use anyhow::Context;
use bot::schema;
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
