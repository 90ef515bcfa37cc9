//! `lucien healthcheck`: asks the running house how it is, for containers and scripts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, anyhow};

use crate::config::{self, Environment};
use crate::exit::Failure;

/// How long the house may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn execute(environment: &Environment) -> Result<(), Failure> {
    let endpoints = config::read_endpoints(environment).map_err(Failure::Configuration)?;
    let address = endpoints.first().context("no port is configured")?.address;
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let url = format!("http://{address}/health");
    // reqwest wants a provider even where no TLS is spoken; an installed one serves too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .context("the HTTP client")?;
    let response = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("no answer from {url}"))?;
    if response.status().is_success() {
        Ok(())
    } else {
        Err(anyhow!(
            "the house says it is unhealthy (HTTP {})",
            response.status().as_u16()
        )
        .into())
    }
}

/// An address that listens everywhere is asked on loopback.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        named => named,
    }
}
