//! Faults and limits over HTTP, under `/sim`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, World};
use crate::driver::Injected;
use crate::faults::{Fault, FaultState};
use crate::limits::Limits;
use crate::shared::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/faults", get(list).post(inject).delete(clear))
        .route("/faults/{fault}", axum::routing::delete(remove))
        .route("/faults/{fault}/applied", get(applied))
        .route("/limits", get(show_limits).put(set_limits))
}

fn no_such_fault() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "there is no such fault".into())
}

async fn list(State(shared): World) -> Json<Vec<FaultState>> {
    Json(shared.faults().all())
}

async fn inject(State(shared): World, Json(fault): Json<Fault>) -> Result<Json<Value>, Refusal> {
    if !fault.is_possible() {
        let text = "the status of an error is 400 to 599";
        return Err(Refusal(StatusCode::BAD_REQUEST, text.into()));
    }
    let id = shared.faults().inject(fault);
    shared.ring();
    Ok(Json(json!({ "id": id })))
}

async fn clear(State(shared): World) -> Json<Value> {
    shared.faults().clear();
    shared.ring();
    Json(json!({}))
}

async fn remove(State(shared): World, Path(id): Path<u64>) -> Result<Json<Value>, Refusal> {
    let was_there = Injected::by_id(shared, id).remove();
    was_there.then(|| Json(json!({}))).ok_or_else(no_such_fault)
}

/// How often to wait for, and how many real seconds.
#[derive(Deserialize)]
struct Wait {
    #[serde(default)]
    times: u64,
    timeout: Option<f64>,
}

/// Waits, if asked, and tells how often the fault was applied.
async fn applied(
    State(shared): World,
    Path(id): Path<u64>,
    Query(wait): Query<Wait>,
) -> Result<Json<Value>, Refusal> {
    shared.faults().applied(id).ok_or_else(no_such_fault)?;
    let asked = wait
        .timeout
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let patience = asked.unwrap_or(shared.patience);
    let injected = Injected::by_id(shared, id);
    injected.strikes_within(wait.times, patience).await?;
    Ok(Json(json!({ "applied": injected.applied() })))
}

async fn show_limits(State(shared): World) -> Json<Option<Limits>> {
    Json(*shared.limits())
}

/// `null` switches them off, `{}` the documented ones on.
async fn set_limits(State(shared): World, Json(limits): Json<Option<Limits>>) -> Json<Option<Limits>> {
    *shared.limits() = limits;
    shared.ring();
    Json(limits)
}
