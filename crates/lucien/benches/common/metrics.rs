//! What the house counts itself.

use anyhow::{Context, Result};

use crate::lucien::{Running, client};

/// A figure of `/metrics`, by its name with labels.
pub(crate) async fn metric(house: &Running, name: &str) -> Result<u64> {
    let url = format!("http://127.0.0.1:{}/metrics", house.health_port);
    let text = client()?.get(url).send().await?.text().await?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.context("no such figure")?.trim().parse()?)
}
