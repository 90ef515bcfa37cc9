//! The window: a page in the browser through which anybody talks to bots as the people of the
//! stand-in, and the routes under `/sim` that only such a page needs.
//!
//! The page knows no more than these routes tell. What a person sees at one moment comes whole from
//! `/sim/window`; `/sim/events` tells when to ask again.

mod address;
mod assets;
mod behind;
mod chat;
mod events;
mod eyes;
mod files;
mod guard;
mod notice;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use eyes::have_seen_all;
pub(crate) use guard::check as guard;

use crate::shared::Shared;

/// The page itself.
pub(crate) fn page() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(assets::index))
        .route("/window/{name}", get(assets::serve))
}

/// What the page asks for, under `/sim`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/events", get(events::stream))
        .route("/window", get(view::show))
        .route("/behind", get(behind::list))
        .route("/files/{key}", get(files::serve))
        .route("/people/{person}/reads", post(eyes::reads))
        .route("/people/{person}/looks_up", get(address::looks_up))
        .route("/reset", post(events::reset))
}
