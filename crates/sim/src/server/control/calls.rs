//! What bots called and what they did wrong, over HTTP.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;

use super::World;
use crate::journal::{Call, Record, Violation};
use crate::shared::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/calls", get(list))
        .route("/violations", get(violations))
}

/// Which calls are meant; all by default.
#[derive(Deserialize)]
struct Which {
    /// Those of this method.
    method: Option<String>,
    /// Those of all methods but this one.
    except: Option<String>,
    /// No more than so many.
    newest: Option<usize>,
}

impl Which {
    fn includes(&self, record: &Record) -> bool {
        let is = |method: &String| method.eq_ignore_ascii_case(&record.method);
        self.method.as_ref().is_none_or(is) && !self.except.as_ref().is_some_and(is)
    }
}

async fn list(State(shared): World, Query(which): Query<Which>) -> Json<Vec<Call>> {
    let mut records = shared.journal().records();
    records.retain(|record| which.includes(record));
    let newest = which.newest.unwrap_or(usize::MAX);
    records.drain(..records.len().saturating_sub(newest));
    Json(records.into_iter().map(Record::read).collect())
}

async fn violations(State(shared): World) -> Json<Vec<Violation>> {
    Json(shared.journal().violations())
}
