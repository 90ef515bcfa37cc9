//! Acting as people over HTTP: what [`Person`](crate::Person) and [`Sim`](crate::Sim) do, as JSON
//! under `/sim`, for tests in other languages. The crate's README lists the routes.

mod faults;
mod rooms;
mod share;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::ClockError;
use crate::driver::{
    BotInfo, CallbackAnswer, Cannot, Entry, NewBot, Person, Press, Profile, Unheard, add_bot, bots, calls,
    updates_pending,
};
use crate::journal::{Call, Violation};
use crate::shared::Shared;

type World = State<Arc<Shared>>;
type Answer<T> = Result<Json<T>, Refusal>;

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/bots", get(list_bots).post(create_bot))
        .route("/bots/{bot}/pending", get(pending))
        .route("/people", get(list_people).post(create_person))
        .route("/people/{person}", get(show_person).put(rename))
        .route("/people/{person}/sends", post(sends))
        .route("/people/{person}/presses", post(presses))
        .route("/people/{person}/opens_link", post(opens_link))
        .route("/people/{person}/blocks", post(blocks))
        .route("/people/{person}/unblocks", post(unblocks))
        .route("/people/{person}/deactivates", post(deactivates))
        .route("/people/{person}/meets", post(meets))
        .route("/people/{person}/chat", get(chat))
        .route("/people/{person}/transcript", get(transcript))
        .route("/people/{person}/last_answer", get(last_answer))
        .route("/people/{person}/hears", get(hears))
        .route("/people/{person}/next_answer", get(next_answer))
        .route("/people/{person}/answers/{query}", get(answer))
        .merge(rooms::router())
        .merge(share::router())
        .route("/clock", get(show_clock).post(move_clock))
        .route("/calls", get(list_calls))
        .route("/violations", get(list_violations))
        .merge(faults::router())
        .fallback(|| async { Refusal(StatusCode::NOT_FOUND, "there is no such route".into()) })
}

/// What could not be done, as `{"error": …}`.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<Cannot> for Refusal {
    fn from(cannot: Cannot) -> Self {
        let status = match cannot {
            Cannot::NotThere
            | Cannot::NoSuchButton { .. }
            | Cannot::NoSuchMessage
            | Cannot::BadLink
            | Cannot::NoSuchRequest => StatusCode::NOT_FOUND,
            Cannot::Empty | Cannot::TooLong | Cannot::BadPayload | Cannot::BadData => StatusCode::BAD_REQUEST,
            _ => StatusCode::CONFLICT,
        };
        Self(status, cannot.to_string())
    }
}

impl From<Unheard> for Refusal {
    fn from(unheard: Unheard) -> Self {
        Self(StatusCode::REQUEST_TIMEOUT, unheard.to_string())
    }
}

impl From<ClockError> for Refusal {
    fn from(error: ClockError) -> Self {
        Self(StatusCode::CONFLICT, error.to_string())
    }
}

fn not_there(what: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, format!("there is no such {what}"))
}

/// Which bot's chat is meant; the first bot's by default.
#[derive(Deserialize)]
struct Which {
    bot: Option<i64>,
}

/// What to wait for, and how many real seconds.
#[derive(Deserialize)]
struct Wait {
    bot: Option<i64>,
    #[serde(default)]
    text: String,
    timeout: Option<f64>,
}

impl Wait {
    fn patience(&self, shared: &Shared) -> Duration {
        let asked = self
            .timeout
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        asked.unwrap_or(shared.patience)
    }
}

fn person(shared: &Arc<Shared>, id: i64, bot: Option<i64>) -> Result<Person, Refusal> {
    let world = shared.world();
    world.person(id).ok_or_else(|| not_there("person"))?;
    let bot = match bot {
        Some(id) => world.bot(id),
        None => world.bots().first(),
    };
    let bot = bot.ok_or_else(|| not_there("bot"))?.id;
    drop(world);
    Ok(Person::new(Arc::clone(shared), bot, id))
}

async fn list_bots(State(shared): World) -> Json<Vec<BotInfo>> {
    Json(bots(&shared))
}

async fn create_bot(State(shared): World, Json(bot): Json<NewBot>) -> Answer<BotInfo> {
    let taken = || {
        Refusal(
            StatusCode::CONFLICT,
            "the token or username is impossible or taken".into(),
        )
    };
    add_bot(&shared, bot).map(Json).ok_or_else(taken)
}

async fn pending(State(shared): World, Path(bot): Path<i64>) -> Answer<Value> {
    shared.world().bot(bot).ok_or_else(|| not_there("bot"))?;
    Ok(Json(json!({ "pending": updates_pending(&shared, bot) })))
}

#[derive(Serialize, Deserialize)]
struct PersonForm {
    id: Option<i64>,
    #[serde(flatten)]
    profile: Profile,
}

async fn list_people(State(shared): World) -> Json<Vec<PersonForm>> {
    let world = shared.world();
    let mut people: Vec<PersonForm> = world
        .people()
        .map(|p| PersonForm {
            id: Some(p.id),
            profile: p.profile.clone(),
        })
        .collect();
    people.sort_by_key(|person| person.id);
    Json(people)
}

async fn create_person(State(shared): World, Json(form): Json<PersonForm>) -> Answer<PersonForm> {
    let PersonForm { id, profile } = form;
    let id = shared.world().add_person(id, profile.clone());
    let taken = || Refusal(StatusCode::CONFLICT, "the id is taken or not positive".into());
    Ok(Json(PersonForm {
        id: Some(id.ok_or_else(taken)?),
        profile,
    }))
}

async fn show_person(State(shared): World, Path(id): Path<i64>) -> Answer<PersonForm> {
    let world = shared.world();
    let person = world.person(id).ok_or_else(|| not_there("person"))?;
    Ok(Json(PersonForm {
        id: Some(id),
        profile: person.profile.clone(),
    }))
}

async fn rename(State(shared): World, Path(id): Path<i64>, Json(profile): Json<Profile>) -> Answer<Value> {
    done(person(&shared, id, None)?.renames(profile))
}

#[derive(Deserialize)]
struct SendsForm {
    text: String,
}

async fn sends(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<SendsForm>,
) -> Answer<Value> {
    let message_id = person(&shared, id, which.bot)?.sends(&form.text)?;
    Ok(Json(json!({ "message_id": message_id })))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PressesForm {
    Label(String),
    Data(String),
}

async fn presses(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<PressesForm>,
) -> Answer<Value> {
    let person = person(&shared, id, which.bot)?;
    let press = match form {
        PressesForm::Label(label) => person.presses(&label)?,
        PressesForm::Data(data) => person.presses_data(&data)?,
    };
    Ok(Json(json!({ "callback_query_id": press.id() })))
}

#[derive(Deserialize)]
struct LinkForm {
    payload: String,
}

async fn opens_link(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
    Json(form): Json<LinkForm>,
) -> Answer<Value> {
    let message_id = person(&shared, id, which.bot)?.opens_link(&form.payload)?;
    Ok(Json(json!({ "message_id": message_id })))
}

async fn blocks(State(shared): World, Path(id): Path<i64>, Query(which): Query<Which>) -> Answer<Value> {
    done(person(&shared, id, which.bot)?.blocks_bot())
}

async fn unblocks(State(shared): World, Path(id): Path<i64>, Query(which): Query<Which>) -> Answer<Value> {
    done(person(&shared, id, which.bot)?.unblocks_bot())
}

async fn deactivates(State(shared): World, Path(id): Path<i64>) -> Answer<Value> {
    done(person(&shared, id, None)?.deactivates())
}

async fn meets(State(shared): World, Path(id): Path<i64>, Query(which): Query<Which>) -> Answer<Value> {
    done(person(&shared, id, which.bot)?.meets_bot())
}

fn done(outcome: Result<(), Cannot>) -> Answer<Value> {
    outcome?;
    Ok(Json(json!({})))
}

async fn chat(State(shared): World, Path(id): Path<i64>, Query(which): Query<Which>) -> Answer<Vec<Entry>> {
    Ok(Json(person(&shared, id, which.bot)?.chat()))
}

async fn transcript(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
) -> Result<String, Refusal> {
    Ok(person(&shared, id, which.bot)?.transcript())
}

async fn last_answer(
    State(shared): World,
    Path(id): Path<i64>,
    Query(which): Query<Which>,
) -> Answer<Option<CallbackAnswer>> {
    Ok(Json(person(&shared, id, which.bot)?.last_answer()))
}

async fn hears(State(shared): World, Path(id): Path<i64>, Query(wait): Query<Wait>) -> Answer<Entry> {
    let person = person(&shared, id, wait.bot)?;
    Ok(Json(
        person.hears_within(&wait.text, wait.patience(&shared)).await?,
    ))
}

async fn next_answer(State(shared): World, Path(id): Path<i64>, Query(wait): Query<Wait>) -> Answer<Entry> {
    let person = person(&shared, id, wait.bot)?;
    Ok(Json(person.next_answer_within(wait.patience(&shared)).await?))
}

async fn answer(
    State(shared): World,
    Path((id, query)): Path<(i64, i64)>,
    Query(wait): Query<Wait>,
) -> Answer<CallbackAnswer> {
    let press = Press::by_id(person(&shared, id, wait.bot)?, query);
    Ok(Json(press.answer_within(wait.patience(&shared)).await?))
}

async fn show_clock(State(shared): World) -> Json<Value> {
    let skew = shared.skew.load(Ordering::Relaxed);
    Json(json!({ "now": shared.clock.now(), "skew_seconds": skew }))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockForm {
    AdvanceSeconds(i64),
    Now(DateTime<Utc>),
    SkewSeconds(i64),
}

async fn move_clock(State(shared): World, Json(form): Json<ClockForm>) -> Answer<Value> {
    match form {
        ClockForm::Now(now) => shared.clock.set(now)?,
        ClockForm::SkewSeconds(seconds) => shared.skew.store(seconds, Ordering::Relaxed),
        ClockForm::AdvanceSeconds(seconds) => {
            shared
                .clock
                .advance(TimeDelta::try_seconds(seconds).ok_or(ClockError::OutOfRange)?)?;
        }
    }
    Ok(show_clock(State(shared)).await)
}

#[derive(Deserialize)]
struct CallsQuery {
    method: Option<String>,
}

async fn list_calls(State(shared): World, Query(query): Query<CallsQuery>) -> Answer<Vec<Call>> {
    let mut calls = calls(&shared);
    calls.retain(|call| {
        query
            .method
            .as_ref()
            .is_none_or(|method| call.method.eq_ignore_ascii_case(method))
    });
    Ok(Json(calls))
}

async fn list_violations(State(shared): World) -> Json<Vec<Violation>> {
    Json(shared.journal().violations())
}
