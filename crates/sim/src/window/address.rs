//! Addresses that people come by, and where they lead.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::eyes::Eyes;
use crate::driver::Cannot;
use crate::server::{JsonAnswer as Answer, not_there};
use crate::shared::Shared;
use crate::state::{Lead, RoomRecord, World};

/// An address that people may have found elsewhere.
#[derive(Serialize)]
pub(super) struct Found<'w> {
    address: String,
    title: &'w str,
    kind: &'static str,
    /// One has to ask to be let in.
    asks: bool,
}

impl<'w> Found<'w> {
    /// The names of public groups and channels, and the links that people made; bots give theirs to
    /// whom they like.
    pub(super) fn all(world: &'w World, now: DateTime<Utc>) -> Vec<Self> {
        let mut rooms: Vec<&RoomRecord> = world.rooms().collect();
        rooms.sort_unstable_by_key(|room| std::cmp::Reverse(room.id));
        let found = rooms.into_iter().flat_map(|room| {
            let at = |address, asks| Self {
                address,
                title: &room.profile.title,
                kind: room.kind().name(),
                asks,
            };
            let name = room.profile.username.as_ref();
            let name = name.map(|name| at(format!("https://t.me/{name}"), room.profile.join_by_request));
            let links = room.links.all().iter();
            let links = links.filter(|link| link.works(now) && world.person(link.creator).is_some());
            name.into_iter()
                .chain(links.map(|link| at(link.address.clone(), link.creates_join_request)))
                .collect::<Vec<_>>()
        });
        found.collect()
    }
}

#[derive(Deserialize)]
pub(super) struct Address {
    address: String,
}

/// What stands before somebody who has opened an address.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Seen {
    Bot {
        kind: &'static str,
        peer: i64,
        start: String,
    },
    Room {
        kind: &'static str,
        /// Where it is among their chats, or open to look into.
        peer: Option<i64>,
        title: String,
        member_count: usize,
        asks: bool,
        is_in: bool,
        is_asking: bool,
    },
}

pub(super) async fn looks_up(
    State(shared): State<Arc<Shared>>,
    Path(person): Path<i64>,
    Query(query): Query<Address>,
) -> Answer<Seen> {
    let now = shared.clock.now();
    let world = shared.world();
    let eyes = Eyes::of(&world, person, now).ok_or_else(|| not_there("person"))?;
    let lead = world.lead(&query.address, now).ok_or(Cannot::BadLink)?;
    let door = match lead {
        Lead::Bot { bot, start } => {
            let kind = "bot";
            return Ok(Json(Seen::Bot {
                kind,
                peer: bot,
                start,
            }));
        }
        Lead::Room(door) => door,
    };
    let room = world.room(door.room).ok_or_else(|| not_there("room"))?;
    Ok(Json(Seen::Room {
        kind: room.kind().name(),
        peer: eyes.peer(room.id).map(|peer| peer.id()),
        title: room.profile.title.clone(),
        member_count: room.present(now).count(),
        asks: door.is_guarded,
        is_in: eyes.status(room).is_present(),
        is_asking: eyes.asks(room),
    }))
}
