//! Answers about health over HTTP, from a thread with a small runtime of its own.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use chrono::SecondsFormat;
use domain::clock::Clock;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::board::{Board, Components, State};

/// Takes the ports, so that a port in use is found at start.
///
/// # Errors
/// The port that cannot be taken, and why.
pub(crate) fn bind(host: IpAddr, ports: &[u16]) -> Result<Vec<TcpListener>, (u16, io::Error)> {
    let mut listeners = Vec::with_capacity(ports.len());
    for &port in ports {
        let listener = TcpListener::bind((host, port)).map_err(|error| (port, error))?;
        listener.set_nonblocking(true).map_err(|error| (port, error))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

/// The thread that answers.
#[derive(Debug)]
pub(crate) struct HealthServer {
    addresses: Vec<SocketAddr>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone)]
struct Context {
    board: Board,
    clock: Arc<dyn Clock>,
}

impl HealthServer {
    /// Serves on listeners that [`bind`] took.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(
        listeners: Vec<TcpListener>,
        board: Board,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()?;
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let context = Context { board, clock };
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("health".to_owned())
            .spawn(move || {
                runtime.block_on(stopped.run_until_cancelled(serve(listeners, context)));
            })?;
        Ok(Self {
            addresses,
            stop,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the health thread had panicked");
        }
    }
}

async fn serve(listeners: Vec<TcpListener>, context: Context) {
    let router = Router::new()
        .route("/health", get(health))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .with_state(context);
    let servers = listeners.into_iter().map(|listener| {
        let router = router.clone();
        async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, router).await
        }
    });
    for ended in futures_util::future::join_all(servers).await {
        if let Err(error) = ended {
            tracing::error!(%error, "the health server has ended");
        }
    }
}

#[derive(Serialize)]
struct Health {
    status: State,
    timestamp: String,
    components: Components,
}

async fn health(Shared(context): Shared<Context>) -> impl IntoResponse {
    let now = context.clock.now();
    let components = context.board.read(now);
    let health = Health {
        status: components.overall(),
        timestamp: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        components,
    };
    (status(health.status != State::Unhealthy), Json(health))
}

#[derive(Serialize)]
struct Word {
    status: &'static str,
}

async fn live(Shared(context): Shared<Context>) -> impl IntoResponse {
    let alive = context.board.is_alive(context.clock.now());
    let word = if alive { "alive" } else { "stalled" };
    (status(alive), Json(Word { status: word }))
}

async fn ready(Shared(context): Shared<Context>) -> impl IntoResponse {
    let ready = context.board.read(context.clock.now()).is_ready();
    let word = if ready { "ready" } else { "not ready" };
    (status(ready), Json(Word { status: word }))
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
