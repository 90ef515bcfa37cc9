//! Answers over HTTP, from a thread with a small runtime of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use axum::extract::State as Shared;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::SecondsFormat;
use domain::clock::Clock;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use super::board::{Board, Components, State};
use crate::metrics::{self, Metrics};
use crate::settings::Endpoint;

/// A port that was taken.
pub(crate) struct Door {
    listener: TcpListener,
    endpoint: Endpoint,
}

/// Takes the ports, so that a port in use is found at start.
///
/// # Errors
/// The port that cannot be taken, and why.
pub(crate) fn bind(endpoints: &[Endpoint]) -> Result<Vec<Door>, (u16, io::Error)> {
    let open = |endpoint: &Endpoint| {
        let listener = TcpListener::bind(endpoint.address)?;
        listener.set_nonblocking(true)?;
        Ok(Door {
            listener,
            endpoint: *endpoint,
        })
    };
    endpoints
        .iter()
        .map(|endpoint| open(endpoint).map_err(|error| (endpoint.address.port(), error)))
        .collect()
}

/// What is served.
pub(crate) struct Served {
    pub(crate) board: Board,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) metrics_token: Option<SecretString>,
    /// The webhook, where Telegram brings the updates.
    pub(crate) webhook: Option<Router>,
}

/// The thread that answers.
#[derive(Debug)]
pub(crate) struct HttpServer {
    addresses: Vec<SocketAddr>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl HttpServer {
    /// Serves at doors that [`bind`] opened.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(doors: Vec<Door>, served: Served) -> io::Result<Self> {
        let addresses = doors
            .iter()
            .map(|door| door.listener.local_addr())
            .collect::<io::Result<_>>()?;
        let stop = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || {
                runtime.block_on(stopped.run_until_cancelled(serve(doors, served)));
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

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the HTTP thread had panicked");
        }
    }
}

async fn serve(doors: Vec<Door>, served: Served) {
    let webhook = served.webhook.clone();
    let served = Arc::new(served);
    let servers = doors.into_iter().map(|door| {
        let mut router = router(&served, door.endpoint);
        if let Some(webhook) = webhook.clone().filter(|_| door.endpoint.webhook) {
            router = router.merge(webhook);
        }
        async move {
            let listener = tokio::net::TcpListener::from_std(door.listener)?;
            axum::serve(listener, router).await
        }
    });
    for ended in futures_util::future::join_all(servers).await {
        if let Err(error) = ended {
            tracing::error!(%error, "the HTTP server has ended");
        }
    }
}

fn router(served: &Arc<Served>, endpoint: Endpoint) -> Router {
    let metrics = if endpoint.open_metrics {
        get(open_metrics)
    } else {
        get(guarded_metrics)
    };
    Router::new()
        .route("/health", get(health))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", metrics)
        .with_state(served.clone())
}

#[derive(Serialize)]
struct Health {
    status: State,
    role: &'static str,
    timestamp: String,
    components: Components,
}

async fn health(Shared(served): Shared<Arc<Served>>) -> impl IntoResponse {
    let now = served.clock.now();
    let report = served.board.read(now);
    let health = Health {
        status: report.overall(),
        role: report.role.label(),
        timestamp: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        components: report.components,
    };
    (status(health.status != State::Unhealthy), Json(health))
}

#[derive(Serialize)]
struct Word {
    status: &'static str,
}

async fn live(Shared(served): Shared<Arc<Served>>) -> impl IntoResponse {
    let alive = served.board.read(served.clock.now()).is_alive();
    let word = if alive { "alive" } else { "stalled" };
    (status(alive), Json(Word { status: word }))
}

async fn ready(Shared(served): Shared<Arc<Served>>) -> impl IntoResponse {
    let ready = served.board.read(served.clock.now()).is_ready();
    let word = if ready { "ready" } else { "not ready" };
    (status(ready), Json(Word { status: word }))
}

async fn open_metrics(Shared(served): Shared<Arc<Served>>) -> Response {
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], served.metrics.text()).into_response()
}

/// To who does not know the token there is nothing here.
async fn guarded_metrics(Shared(served): Shared<Arc<Served>>, headers: HeaderMap) -> Response {
    let token = served.metrics_token.as_ref();
    if token.is_some_and(|token| knows(&headers, token)) {
        open_metrics(Shared(served)).await
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

fn knows(headers: &HeaderMap, token: &SecretString) -> bool {
    let given = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
    let given = given.and_then(|value| value.strip_prefix(b"Bearer "));
    // Takes the same time wherever the two differ.
    given.is_some_and(|given| given.ct_eq(token.expose_secret().as_bytes()).into())
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}
