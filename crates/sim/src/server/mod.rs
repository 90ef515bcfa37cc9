//! HTTP: the Bot API under `/bot<token>/<method>`, and acting as people under `/sim`.

mod control;
mod reader;

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::ApiError;
use crate::journal::{Problem, Record, Violation};
use crate::methods::{self, Context, Outcome, Reply};
use crate::params::{Params, percent_decode};
use crate::shared::Shared;

/// A failure below the Bot API: a status, an empty body, and the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bare(StatusCode);

/// Listens on loopback (port 0: any free one) and serves until told to stop.
pub(crate) async fn start(shared: Arc<Shared>, port: u16) -> io::Result<(u16, JoinHandle<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();
    let router = Router::new()
        .nest("/sim", control::router())
        .fallback(bot_api)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(&shared));
    let server = tokio::spawn(async move {
        let stop = shared.stop.clone().cancelled_owned();
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "the stand-in stopped serving");
        }
    });
    Ok((port, server))
}

async fn bot_api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut response = match call(&shared, request).await {
        Ok(response) => response,
        Err(Bare(status)) => bare(status),
    };
    let date = shared.clock.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// One call, from its address to its answer.
async fn call(shared: &Shared, request: Request) -> Result<Response, Bare> {
    reader::check(&request)?;
    let path = percent_decode(request.uri().path().as_bytes(), false);
    let path = String::from_utf8_lossy(&path).into_owned();
    let is_absolute = request.uri().scheme().is_some();
    let params = reader::read(request).await?;
    if is_absolute {
        let text = "Not Found: absolute URI is specified in the Request-Line".to_owned();
        return Ok(answer(&Err(ApiError {
            code: 404,
            description: text,
        })));
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return Ok(answer(&Err(ApiError::not_found())));
    };
    // No bot here belongs to the test environment, whose methods are one level deeper.
    let authorised = shared.world().authorise(token);
    let bot = match (authorised, method.starts_with("test/")) {
        (Ok(bot), false) => bot,
        (Ok(_), true) => return Ok(answer(&Err(ApiError::unauthorized()))),
        (Err(error), _) => return Ok(answer(&Err(error))),
    };
    let name = if method.is_empty() {
        params.text("method").to_owned()
    } else {
        method.to_owned()
    };
    Ok(run(shared, bot, &name, params).await)
}

/// Runs a method of an authorised bot and notes the call. What may go wrong on demand (delays,
/// refusals, a cut before or after the effect) has its place around `method.run`.
async fn run(shared: &Shared, bot: i64, name: &str, params: Params) -> Response {
    let params = Arc::new(params);
    let method = methods::find(name);
    let outcome = match method {
        Some(method) => {
            method
                .run(&Context {
                    shared,
                    bot,
                    method: method.name,
                    params: &params,
                })
                .await
        }
        None => {
            let problem = Problem::UnknownMethod;
            let at = shared.clock.now();
            shared.note_violation(Violation {
                bot_id: bot,
                method: name.to_owned(),
                problem,
                at,
            });
            Err(ApiError::unknown_method())
        }
    };
    let error = outcome.as_ref().err();
    let status = error.map_or(200, |error| error.code);
    tracing::trace!(bot, method = method.map(|method| method.name), status, "called");
    shared.journal().note_call(
        Record {
            bot_id: bot,
            method: method.map_or(name, |method| method.name).into(),
            parameters: params,
            at: shared.clock.now(),
            status,
            description: error.map(|error| error.description.clone()),
        },
        method.map(|method| method.name),
    );
    shared.changed.notify_waiters();
    answer(&outcome)
}

fn answer(outcome: &Outcome) -> Response {
    let (status, body) = match outcome {
        Ok(Reply { result, description }) => {
            let description = description.map(|text| format!(",\"description\":{}", Value::from(text)));
            (
                200,
                format!(
                    "{{\"ok\":true,\"result\":{result}{}}}",
                    description.unwrap_or_default()
                ),
            )
        }
        Err(ApiError { code, description }) => (
            *code,
            json!({ "ok": false, "error_code": code, "description": description }).to_string(),
        ),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
