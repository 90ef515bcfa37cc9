//! Acting as people over HTTP: what [`Person`](crate::Person) and [`Sim`](crate::Sim) do, as JSON
//! under `/sim`, for tests in other languages. The crate's README lists the routes.

mod calls;
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
    BotInfo, CallbackAnswer, Cannot, Entry, NewBot, Person, Press, Profile, Unheard, add_bot, bots, passes,
    updates_pending,
};
use crate::shared::Shared;
use crate::state::PersonRecord;

type World = State<Arc<Shared>>;
pub(crate) type Answer<T> = Result<Json<T>, Refusal>;

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
        .merge(calls::router())
        .merge(faults::router())
        .fallback(|| async { Refusal(StatusCode::NOT_FOUND, "there is no such route".into()) })
}

/// What could not be done, as `{"error": …}`.
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

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

pub(crate) fn not_there(what: &str) -> Refusal {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl PersonForm {
    fn of(person: &PersonRecord) -> Self {
        Self {
            id: Some(person.id),
            profile: person.profile.clone(),
            note: person.note.clone(),
        }
    }
}

async fn list_people(State(shared): World) -> Json<Vec<PersonForm>> {
    let world = shared.world();
    let mut people: Vec<PersonForm> = world.people().map(PersonForm::of).collect();
    people.sort_by_key(|person| person.id);
    Json(people)
}

async fn create_person(State(shared): World, Json(form): Json<PersonForm>) -> Answer<PersonForm> {
    let taken = || Refusal(StatusCode::CONFLICT, "the id is taken or not positive".into());
    let mut world = shared.world();
    let id = world.add_person(form.id, form.profile).ok_or_else(taken)?;
    let person = world.person_mut(id).ok_or_else(|| not_there("person"))?;
    person.note = form.note;
    let added = PersonForm::of(person);
    drop(world);
    shared.ring();
    Ok(Json(added))
}

async fn show_person(State(shared): World, Path(id): Path<i64>) -> Answer<PersonForm> {
    let world = shared.world();
    let person = world.person(id).ok_or_else(|| not_there("person"))?;
    Ok(Json(PersonForm::of(person)))
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
    // A tap in a room is answered by whichever bot's button it was.
    let bot = wait.bot.or_else(|| {
        let world = shared.world();
        let mut bots = world.bots().iter();
        Some(bots.find(|bot| bot.callbacks.get(query).is_some())?.id)
    });
    let press = Press::by_id(person(&shared, id, bot)?, query);
    Ok(Json(press.answer_within(wait.patience(&shared)).await?))
}

async fn show_clock(State(shared): World) -> Json<Value> {
    let skew = shared.skew.load(Ordering::Relaxed);
    let clock = &shared.clock;
    Json(json!({ "kind": clock.kind(), "now": clock.now(), "skew_seconds": skew }))
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
            let length = TimeDelta::try_seconds(seconds).ok_or(ClockError::OutOfRange)?;
            if shared.clock.is_running() {
                // It goes on although whoever asked for it hangs up.
                let passing = tokio::spawn(passes(Arc::clone(&shared), length));
                passing.await.expect("it does not panic")?;
            } else {
                shared.clock.advance(length)?;
            }
        }
    }
    shared.ring();
    Ok(show_clock(State(shared)).await)
}
