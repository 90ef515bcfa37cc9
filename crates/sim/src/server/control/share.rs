//! Files, forwards, changes and choices over HTTP: what people do beside writing and tapping.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::rooms::room;
use super::{Answer, Refusal, Shared, Which, World, done, person};
use crate::driver::{MediaKind, MessageAt, NewMedia};

pub(super) fn router() -> Router<std::sync::Arc<Shared>> {
    Router::new()
        .route("/people/{person}/sends_media", post(sends_media))
        .route("/people/{person}/forwards", post(forwards))
        .route("/people/{person}/edits", post(edits))
        .route("/people/{person}/deletes", post(deletes))
        .route("/people/{person}/presses_on", post(presses_on))
        .route("/people/{person}/shares_users", post(shares_users))
        .route("/people/{person}/shares_chat", post(shares_chat))
}

fn sent(message_id: i32) -> Answer<Value> {
    Ok(Json(json!({ "message_id": message_id })))
}

/// The content is the body of the request; all else is in the query.
#[derive(Deserialize)]
struct MediaForm {
    bot: Option<i64>,
    /// A group or channel instead of the chat with the bot.
    room: Option<i64>,
    kind: MediaKind,
    file_name: Option<String>,
    mime_type: Option<String>,
    #[serde(default)]
    caption: String,
}

async fn sends_media(
    State(shared): World,
    Path(id): Path<i64>,
    Query(form): Query<MediaForm>,
    content: Bytes,
) -> Answer<Value> {
    if content.is_empty() {
        let text = "the body of the request is the file, and there is none";
        return Err(Refusal(StatusCode::BAD_REQUEST, text.into()));
    }
    let person = person(&shared, id, form.bot)?;
    let media = NewMedia {
        kind: form.kind,
        content: content.into(),
        file_name: form.file_name,
        mime_type: form.mime_type,
        caption: form.caption,
    };
    sent(match form.room {
        Some(id) => person.sends_media_in(&room(&shared, id)?, media)?,
        None => person.sends_media(media)?,
    })
}

async fn forwards(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(message): Json<MessageAt>,
) -> Answer<Value> {
    sent(person(&shared, id, which.bot)?.forwards(message)?)
}

#[derive(Deserialize)]
struct EditForm {
    message_id: i32,
    text: String,
}

async fn edits(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<EditForm>,
) -> Answer<Value> {
    done(person(&shared, id, which.bot)?.edits(form.message_id, &form.text))
}

#[derive(Deserialize)]
struct DeleteForm {
    /// A group or channel instead of the chat with the bot.
    room: Option<i64>,
    message_id: i32,
}

async fn deletes(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<DeleteForm>,
) -> Answer<Value> {
    let person = person(&shared, id, which.bot)?;
    done(match form.room {
        Some(id) => person.deletes_in(&room(&shared, id)?, form.message_id),
        None => person.deletes(form.message_id),
    })
}

/// The chat with a bot, the first bot's by default, or a group or channel.
#[derive(Deserialize)]
struct Where {
    bot: Option<i64>,
    room: Option<i64>,
}

#[derive(Deserialize)]
struct PressForm {
    message_id: i32,
    data: String,
}

async fn presses_on(
    State(shared): World,
    Path(id): Path<i64>,
    Query(place): Query<Where>,
    Json(form): Json<PressForm>,
) -> Answer<Value> {
    let person = person(&shared, id, place.bot)?;
    let PressForm { message_id, data } = form;
    let press = match place.room {
        Some(id) => person.presses_data_in(&room(&shared, id)?, message_id, &data)?,
        None => person.presses_data_on(message_id, &data)?,
    };
    Ok(Json(json!({ "callback_query_id": press.id() })))
}

#[derive(Deserialize)]
struct UsersForm {
    request_id: i32,
    users: Vec<i64>,
}

async fn shares_users(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<UsersForm>,
) -> Answer<Value> {
    sent(person(&shared, id, which.bot)?.shares_users(form.request_id, &form.users)?)
}

#[derive(Deserialize)]
struct ChatForm {
    request_id: i32,
    room: i64,
}

async fn shares_chat(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<ChatForm>,
) -> Answer<Value> {
    let room = room(&shared, form.room)?;
    sent(person(&shared, id, which.bot)?.shares_chat(form.request_id, &room)?)
}
