//! The calls behind a message.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;

use super::eyes::Eyes;
use crate::journal::{Call, Record};
use crate::server::{JsonAnswer as Answer, not_there};
use crate::shared::Shared;

#[derive(Deserialize)]
pub(super) struct Message {
    person: i64,
    peer: i64,
    message_id: i32,
}

/// What bots called about a message, oldest first, as far as the calls are kept: what made it,
/// changed it, put an emoji on it, took it away, or answered a tap on it.
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Message>,
) -> Answer<Vec<Call>> {
    let world = shared.world();
    let eyes = Eyes::of(&world, query.person, shared.clock.now()).ok_or_else(|| not_there("person"))?;
    let peer = eyes.peer(query.peer).ok_or_else(|| not_there("chat"))?;
    let chat = peer.chat(query.person);
    drop(world);
    let records = shared.journal().records_about(chat, query.message_id);
    Ok(Json(records.into_iter().map(Record::read).collect()))
}
