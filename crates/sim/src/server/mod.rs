//! HTTP: the Bot API under `/bot<token>/<method>`, downloads under `/file/bot<token>`, and acting as
//! people under `/sim`, or by the page at `/`.

mod answer;
mod call;
mod connection;
mod control;
mod download;
mod reader;
mod webhook;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use self::answer::Answer;
use self::connection::{Line, Listener};
use crate::error::ApiError;
use crate::params::percent_decode;
use crate::shared::Shared;
use crate::window;

pub(crate) use self::control::{Answer as JsonAnswer, Refusal, not_there};

/// A failure below the Bot API: a status, an empty body, and the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bare(StatusCode);

/// Listens on loopback (port 0: any free one) and serves until told to stop.
pub(crate) async fn start(shared: Arc<Shared>, port: u16) -> io::Result<(u16, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();
    let people = window::page()
        .nest("/sim", control::router().merge(window::routes()))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&shared),
            move |State(shared), request, next| window::guard(shared, port, request, next),
        ));
    let service = Router::new()
        .merge(people)
        .route("/file/{bot}/{*path}", get(download::run))
        .fallback(bot_api)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(&shared))
        .into_make_service_with_connect_info::<Line>();
    let server = tokio::spawn(async move {
        let stop = shared.stop.clone().cancelled_owned();
        let serving = axum::serve(Listener(listener), service).with_graceful_shutdown(stop);
        let (served, ()) = tokio::join!(serving, webhook::serve(shared));
        if let Err(error) = served {
            tracing::error!(%error, "the stand-in stopped serving");
        }
    });
    Ok((port, server))
}

async fn bot_api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let response = match call(&shared, request).await {
        Ok(answer) => answer.into_response(),
        Err(failure) => Some(answer::bare(failure)),
    };
    let Some(response) = response else {
        line.cut();
        return Response::new(Body::empty());
    };
    dated(&shared, response)
}

/// Gives an answer the date of the clock that everything here obeys, or one that is off on demand.
fn dated(shared: &Shared, mut response: Response) -> Response {
    let skew = TimeDelta::try_seconds(shared.skew.load(Ordering::Relaxed)).unwrap_or_default();
    let now = shared.clock.now();
    let shown = now.checked_add_signed(skew).unwrap_or(now);
    let date = shown.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// One call, from its address to its answer.
async fn call(shared: &Arc<Shared>, request: Request) -> Result<Answer, Bare> {
    reader::check(&request)?;
    let path = percent_decode(request.uri().path().as_bytes(), false);
    let path = String::from_utf8_lossy(&path).into_owned();
    let is_absolute = request.uri().scheme().is_some();
    let params = reader::read(request, shared.cloud).await?;
    if is_absolute {
        return Ok(Answer::refused(ApiError::absolute_uri()));
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Ok(Answer::refused(ApiError::not_found()));
    };
    // No bot here belongs to the test environment, whose methods are one level deeper.
    let authorised = shared.world().authorise(token);
    let bot = match (authorised, method.starts_with("test/")) {
        (Ok(bot), false) => bot,
        (Ok(_), true) => return Ok(Answer::refused(ApiError::unauthorized())),
        (Err(error), _) => return Ok(Answer::refused(error)),
    };
    let name = if method.is_empty() {
        params.text("method").to_owned()
    } else {
        method.to_owned()
    };
    // The server goes on with a call although its caller has hung up. A panic cuts the connection.
    let call = call::run(Arc::clone(shared), bot, name, params);
    Ok(tokio::spawn(call).await.unwrap_or(Answer::Cut))
}
