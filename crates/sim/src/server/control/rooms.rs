//! Groups and channels over HTTP: what [`Room`] and a person's acts in rooms do.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Refusal, Wait, World, done, not_there, person};
use crate::driver::{Cannot, Entry, InviteLink, JoinRequest, NewLink, NewRoom, Person, Rights, Room, Status};
use crate::shared::Shared;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/rooms", get(list).post(create))
        .route("/rooms/{room}", get(show))
        .route("/rooms/{room}/messages", get(messages))
        .route("/rooms/{room}/members", get(members))
        .route("/rooms/{room}/members/{user}", get(member))
        .route("/rooms/{room}/links", get(links))
        .route("/rooms/{room}/requests", get(requests))
        .route("/rooms/{room}/transcript", get(transcript))
        .route("/rooms/{room}/hears", get(hears))
        .route("/people/{person}/joins", post(joins))
        .route("/people/{person}/asks_to_join", post(asks_to_join))
        .route("/people/{person}/reaches_room_limit", post(reaches_limit))
        .route("/people/{person}/falls_below_room_limit", post(falls_below_limit))
        .route("/people/{person}/rooms/{room}/{act}", post(act))
}

pub(super) fn room(shared: &Arc<Shared>, id: i64) -> Result<Room, Refusal> {
    shared.world().room(id).ok_or_else(|| not_there("room"))?;
    Ok(Room::new(Arc::clone(shared), id))
}

#[derive(Serialize, Deserialize)]
struct RoomForm<Extra> {
    #[serde(flatten)]
    extra: Extra,
    #[serde(flatten)]
    profile: NewRoom,
}

#[derive(Serialize)]
struct Id {
    id: i64,
}

#[derive(Deserialize)]
struct Owner {
    owner: i64,
}

fn shown(id: i64, profile: NewRoom) -> RoomForm<Id> {
    RoomForm {
        extra: Id { id },
        profile,
    }
}

async fn list(State(shared): World) -> Json<Vec<RoomForm<Id>>> {
    let world = shared.world();
    let mut rooms: Vec<_> = world
        .rooms()
        .map(|room| shown(room.id, room.profile.clone()))
        .collect();
    rooms.sort_by_key(|room| std::cmp::Reverse(room.extra.id));
    Json(rooms)
}

async fn create(State(shared): World, Json(form): Json<RoomForm<Owner>>) -> Answer<RoomForm<Id>> {
    person(&shared, form.extra.owner, None)?;
    let id = shared.world().add_room(form.profile.clone(), form.extra.owner);
    shared.ring();
    let taken = || {
        Refusal(
            StatusCode::CONFLICT,
            "the username is taken or not possible".into(),
        )
    };
    Ok(Json(shown(id.ok_or_else(taken)?, form.profile)))
}

async fn show(State(shared): World, Path(id): Path<i64>) -> Answer<RoomForm<Id>> {
    Ok(Json(shown(id, room(&shared, id)?.profile())))
}

async fn messages(State(shared): World, Path(id): Path<i64>) -> Answer<Vec<Entry>> {
    Ok(Json(room(&shared, id)?.messages()))
}

#[derive(Serialize)]
struct MemberForm {
    user_id: i64,
    #[serde(flatten)]
    status: Status,
}

async fn members(State(shared): World, Path(id): Path<i64>) -> Answer<Vec<MemberForm>> {
    let members = room(&shared, id)?.members().into_iter();
    let members = members.map(|(user_id, status)| MemberForm { user_id, status });
    Ok(Json(members.collect()))
}

/// The standing to wait for, if one waits.
#[derive(Deserialize)]
struct Standing {
    status: Option<String>,
}

async fn member(
    State(shared): World,
    Path((id, user_id)): Path<(i64, i64)>,
    Query(standing): Query<Standing>,
    Query(wait): Query<Wait>,
) -> Answer<MemberForm> {
    let room = room(&shared, id)?;
    let status = match standing.status {
        None => room.status_of(user_id),
        Some(wanted) => {
            let awaited = format!("{user_id} to be {wanted}");
            room.wait(&awaited, wait.patience(&shared), |room| {
                Some(room.status_of(user_id)).filter(|status| status.name() == wanted)
            })
            .await?
        }
    };
    Ok(Json(MemberForm { user_id, status }))
}

async fn links(State(shared): World, Path(id): Path<i64>) -> Answer<Vec<InviteLink>> {
    Ok(Json(room(&shared, id)?.links()))
}

async fn requests(State(shared): World, Path(id): Path<i64>) -> Answer<Vec<JoinRequest>> {
    Ok(Json(room(&shared, id)?.requests()))
}

async fn transcript(State(shared): World, Path(id): Path<i64>) -> Result<String, Refusal> {
    Ok(room(&shared, id)?.transcript())
}

async fn hears(State(shared): World, Path(id): Path<i64>, Query(wait): Query<Wait>) -> Answer<Entry> {
    let patience = wait.patience(&shared);
    Ok(Json(room(&shared, id)?.hears_within(&wait.text, patience).await?))
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

async fn joins(State(shared): World, Path(id): Path<i64>, Json(form): Json<Address>) -> Answer<Value> {
    let room = person(&shared, id, None)?.joins(&form.address)?;
    Ok(Json(json!({ "room": room.id() })))
}

async fn asks_to_join(State(shared): World, Path(id): Path<i64>, Json(form): Json<Address>) -> Answer<Value> {
    let room = person(&shared, id, None)?.asks_to_join(&form.address)?;
    Ok(Json(json!({ "room": room.id() })))
}

async fn reaches_limit(State(shared): World, Path(id): Path<i64>) -> Answer<Value> {
    done(person(&shared, id, None)?.reaches_room_limit())
}

async fn falls_below_limit(State(shared): World, Path(id): Path<i64>) -> Answer<Value> {
    done(person(&shared, id, None)?.falls_below_room_limit())
}

/// What somebody does in a room: the last part of the address, and the fields of the body.
#[derive(Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
enum Act {
    WithdrawsRequest,
    Leaves,
    Writes { text: String },
    Replies { message_id: i32, text: String },
    Edits { message_id: i32, text: String },
    Presses { label: String },
    Adds { user: i64 },
    Promotes { user: i64, rights: Rights },
    Demotes { user: i64 },
    Removes { user: i64 },
    Bans { user: i64, until: Option<DateTime<Utc>> },
    Unbans { user: i64 },
    Restricts { user: i64, until: Option<DateTime<Utc>> },
    Approves { user: i64 },
    Declines { user: i64 },
    Retitles { title: String },
    CreatesLink(NewLink),
    RevokesLink { address: String },
    Migrates,
    Deletes,
}

impl Act {
    fn read(act: &str, body: &[u8]) -> Result<Self, Refusal> {
        let bad = |error: serde_json::Error| Refusal(StatusCode::BAD_REQUEST, error.to_string());
        let mut body: serde_json::Map<String, Value> = match body {
            [] => serde_json::Map::new(),
            body => serde_json::from_slice(body).map_err(bad)?,
        };
        body.insert("act".into(), act.into());
        serde_json::from_value(body.into()).map_err(bad)
    }

    fn run(self, person: &Person, room: &Room) -> Result<Value, Cannot> {
        let done = match self {
            Self::Writes { text } => return Ok(json!({ "message_id": person.writes_in(room, &text)? })),
            Self::Replies { message_id, text } => {
                let reply = person.replies_in(room, message_id, &text)?;
                return Ok(json!({ "message_id": reply }));
            }
            Self::Presses { label } => {
                let press = person.presses_in(room, &label)?;
                return Ok(json!({ "callback_query_id": press.id() }));
            }
            Self::CreatesLink(link) => return Ok(json!({ "address": person.creates_link(room, link)? })),
            Self::Migrates => return Ok(json!({ "room": person.migrates(room)?.id() })),
            Self::WithdrawsRequest => person.withdraws_request(room),
            Self::Leaves => person.leaves(room),
            Self::Edits { message_id, text } => person.edits_in(room, message_id, &text),
            Self::Adds { user } => person.adds(room, user),
            Self::Promotes { user, rights } => person.promotes(room, user, rights),
            Self::Demotes { user } => person.demotes(room, user),
            Self::Removes { user } => person.removes(room, user),
            Self::Bans { user, until } => person.bans(room, user, until),
            Self::Unbans { user } => person.unbans(room, user),
            Self::Restricts { user, until } => person.restricts(room, user, until),
            Self::Approves { user } => person.approves(room, user),
            Self::Declines { user } => person.declines(room, user),
            Self::Retitles { title } => person.retitles(room, &title),
            Self::RevokesLink { address } => person.revokes_link(room, &address),
            Self::Deletes => person.deletes_group(room),
        };
        done.map(|()| json!({}))
    }
}

async fn act(
    State(shared): World,
    Path((person_id, room_id, act)): Path<(i64, i64, String)>,
    body: axum::body::Bytes,
) -> Answer<Value> {
    let person = person(&shared, person_id, None)?;
    let room = room(&shared, room_id)?;
    Ok(Json(Act::read(&act, &body)?.run(&person, &room)?))
}
