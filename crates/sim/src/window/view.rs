//! All that the page shows at one moment.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::address::Found;
use super::chat::Chat;
use super::eyes::{Eyes, Line};
use crate::shared::Shared;
use crate::state::{PersonRecord, World, to_json};

/// How many messages of a chat are told unless the page asks for more.
const MESSAGES: usize = 200;

/// Who looks, and at which chat.
#[derive(Deserialize)]
pub(super) struct Look {
    person: Option<i64>,
    /// A bot's id for the private chat with it, or a group's or channel's.
    peer: Option<i64>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Window<'w> {
    /// Which stand-in it is.
    world: &'w str,
    /// The count of changes at the time; events tell later ones.
    revision: u64,
    now: DateTime<Utc>,
    clock: &'static str,
    can_reset: bool,
    bots: Vec<BotView<'w>>,
    people: Vec<PersonView<'w>>,
    #[serde(flatten)]
    seen: Option<Seen<'w>>,
}

#[derive(Serialize)]
struct BotView<'w> {
    id: i64,
    username: &'w str,
    first_name: &'w str,
}

#[derive(Serialize)]
struct PersonView<'w> {
    id: i64,
    first_name: &'w str,
    last_name: Option<&'w str>,
    username: Option<&'w str>,
    note: Option<&'w str>,
    is_deactivated: bool,
    unread: usize,
}

/// What one person sees; whoever is not there sees nothing.
#[derive(Serialize)]
struct Seen<'w> {
    /// Newest first.
    chats: Vec<Line<'w>>,
    chat: Option<Chat<'w>>,
    addresses: Vec<Found<'w>>,
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, Query(look): Query<Look>) -> impl IntoResponse {
    let revision = shared.revision();
    let now = shared.clock.now();
    let world = shared.world();
    // A page that is loaded anew may ask for somebody, or for a chat, of before.
    let seen = look
        .person
        .and_then(|person| Seen::of(&world, person, &look, now));
    let window = Window {
        world: &shared.id,
        revision,
        now,
        clock: shared.clock.kind(),
        can_reset: shared.is_resettable,
        bots: bots(&world),
        people: people(&world, now),
        seen,
    };
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, to_json(&window))
}

impl<'w> Seen<'w> {
    fn of(world: &'w World, person: i64, look: &Look, now: DateTime<Utc>) -> Option<Self> {
        let eyes = Eyes::of(world, person, now)?;
        let peer = look.peer.and_then(|id| eyes.peer(id));
        let limit = look.limit.unwrap_or(MESSAGES);
        Some(Self {
            chats: eyes.lines(),
            chat: peer.map(|peer| Chat::of(eyes, peer, limit)),
            addresses: Found::all(world, now),
        })
    }
}

fn bots(world: &World) -> Vec<BotView<'_>> {
    let bots = world.bots().iter().map(|bot| BotView {
        id: bot.id,
        username: &bot.username,
        first_name: &bot.first_name,
    });
    bots.collect()
}

fn people(world: &World, now: DateTime<Utc>) -> Vec<PersonView<'_>> {
    let mut people: Vec<&PersonRecord> = world.people().collect();
    people.sort_unstable_by_key(|person| person.id);
    let people = people.into_iter().map(|person| PersonView {
        id: person.id,
        first_name: &person.profile.first_name,
        last_name: person.profile.last_name.as_deref(),
        username: person.profile.username.as_deref(),
        note: person.note.as_deref(),
        is_deactivated: person.is_deactivated,
        unread: Eyes { world, person, now }.unread_in_all(),
    });
    people.collect()
}
