//! A group or channel, as whoever looks at it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::wait::{Unheard, wait_on};
use super::{By, Entry, Person, Sim, View, transcript};
use crate::shared::Shared;
use crate::state::{InviteLink, JoinRequest, NewRoom, RoomRecord, Status, World};

/// A group or channel. Clones are the same one. People act in it through
/// [`Person`], bots through the Bot API.
#[derive(Debug, Clone)]
pub struct Room {
    shared: Arc<Shared>,
    id: i64,
}

impl Room {
    /// A room that is there, since none is ever removed.
    pub(crate) fn new(shared: Arc<Shared>, id: i64) -> Self {
        Self { shared, id }
    }

    /// Its chat id.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Looks at it as it stands; nothing moves meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&RoomView<'_>) -> T) -> T {
        let now = self.shared.clock.now();
        let world = self.shared.world();
        look(&RoomView::of(&world, self.id, now).expect("rooms are never removed"))
    }

    /// What it is and how it is set up.
    #[must_use]
    pub fn profile(&self) -> NewRoom {
        self.look(|room| room.profile().clone())
    }

    /// What was written in it, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Entry> {
        self.look(|room| room.messages())
    }

    /// Who is in it, people and bots, by their ids.
    #[must_use]
    pub fn members(&self) -> Vec<(i64, Status)> {
        self.look(|room| room.members())
    }

    /// How somebody stands in it.
    #[must_use]
    pub fn status_of(&self, user_id: i64) -> Status {
        self.look(|room| room.status_of(user_id))
    }

    /// All links to it, the revoked ones too, oldest first.
    #[must_use]
    pub fn links(&self) -> Vec<InviteLink> {
        self.look(|room| room.links().to_vec())
    }

    /// The open requests to join it, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<JoinRequest> {
        self.look(|room| room.requests())
    }

    /// Everything that happened in it, as a text to read.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.look(|room| room.transcript())
    }

    /// Waits for a message of a bot that contains `fragment`, whenever it was sent.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out.
    pub async fn hears(&self, fragment: &str) -> Result<Entry, Unheard> {
        self.hears_within(fragment, self.shared.patience).await
    }

    pub(crate) async fn hears_within(&self, fragment: &str, patience: Duration) -> Result<Entry, Unheard> {
        let awaited = format!("a bot's message with “{fragment}”");
        self.wait(&awaited, patience, |room| {
            let newest_first = room.record.log.messages().iter().rev();
            newest_first
                .filter(|message| message.sender.by == By::Bot)
                .filter_map(Entry::of)
                .find(|entry| entry.text.contains(fragment))
        })
        .await
    }

    /// Waits until `look` sees what it looks for. It is asked now and after every change in the
    /// room.
    ///
    /// # Errors
    /// [`Unheard`] when patience runs out; `awaited` names what was looked for.
    pub async fn until<T>(
        &self,
        awaited: &str,
        look: impl FnMut(&RoomView<'_>) -> Option<T>,
    ) -> Result<T, Unheard> {
        self.wait(awaited, self.shared.patience, look).await
    }

    pub(crate) async fn wait<T>(
        &self,
        awaited: &str,
        patience: Duration,
        mut look: impl FnMut(&RoomView<'_>) -> Option<T>,
    ) -> Result<T, Unheard> {
        let bell = self.look(|room| Arc::clone(&room.record.log.changed));
        wait_on(&bell, patience, &self.shared.stop, || self.look(&mut look))
            .await
            .ok_or_else(|| Unheard {
                awaited: awaited.to_owned(),
                patience,
                transcript: self.transcript(),
            })
    }
}

impl Sim {
    /// A new group or channel with its owner; None if its username is taken, or it is a basic
    /// group with one.
    #[must_use]
    pub fn room(&self, room: NewRoom, owner: &Person) -> Option<Room> {
        let id = self.shared.world().add_room(room, owner.id())?;
        self.shared.ring();
        Some(Room::new(Arc::clone(&self.shared), id))
    }

    /// A new private channel.
    #[must_use]
    pub fn channel(&self, title: &str, owner: &Person) -> Room {
        self.private_room(NewRoom::channel(title), owner)
    }

    /// A new private supergroup.
    #[must_use]
    pub fn supergroup(&self, title: &str, owner: &Person) -> Room {
        self.private_room(NewRoom::supergroup(title), owner)
    }

    /// A new basic group.
    #[must_use]
    pub fn group(&self, title: &str, owner: &Person) -> Room {
        self.private_room(NewRoom::group(title), owner)
    }

    fn private_room(&self, room: NewRoom, owner: &Person) -> Room {
        self.room(room, owner)
            .expect("its owner is there, and there is no username to be taken")
    }

    /// A group or channel that is already here.
    #[must_use]
    pub fn room_by_id(&self, id: i64) -> Option<Room> {
        self.shared.world().room(id)?;
        Some(Room::new(Arc::clone(&self.shared), id))
    }
}

impl View<'_> {
    /// A group or channel.
    #[must_use]
    pub fn room(&self, id: i64) -> Option<RoomView<'_>> {
        RoomView::of(self.world, id, self.shared.clock.now())
    }
}

/// Everything that happened in every room.
pub(super) fn transcripts(world: &World, now: DateTime<Utc>) -> impl Iterator<Item = String> {
    let mut ids: Vec<i64> = world.rooms().map(|room| room.id).collect();
    ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
    ids.into_iter()
        .filter_map(move |id| RoomView::of(world, id, now))
        .map(|room| room.transcript())
}

/// A group or channel as it stands at one moment.
#[derive(Debug)]
pub struct RoomView<'a> {
    world: &'a World,
    record: &'a RoomRecord,
    now: DateTime<Utc>,
}

impl<'a> RoomView<'a> {
    pub(crate) fn of(world: &'a World, id: i64, now: DateTime<Utc>) -> Option<Self> {
        let record = world.room(id)?;
        Some(Self { world, record, now })
    }

    /// What it is and how it is set up.
    #[must_use]
    pub fn profile(&self) -> &NewRoom {
        &self.record.profile
    }

    /// What was written in it, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Entry> {
        Entry::all(&self.record.log)
    }

    /// Who is in it, people and bots, by their ids.
    #[must_use]
    pub fn members(&self) -> Vec<(i64, Status)> {
        let mut members: Vec<_> = self.record.present(self.now).collect();
        members.sort_by_key(|(user, _)| *user);
        members
    }

    /// How many are in it.
    #[must_use]
    pub fn member_count(&self) -> usize {
        self.record.present(self.now).count()
    }

    /// How somebody stands in it.
    #[must_use]
    pub fn status_of(&self, user_id: i64) -> Status {
        self.record.status(user_id, self.now)
    }

    /// All links to it, the revoked ones too, oldest first.
    #[must_use]
    pub fn links(&self) -> &[InviteLink] {
        self.record.links.all()
    }

    /// The open requests to join it, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<JoinRequest> {
        let mut requests: Vec<_> = self.record.requests.values().cloned().collect();
        requests.sort_by_key(|request| (request.asked_at, request.person_id));
        requests
    }

    /// Everything that happened in it, as a text to read.
    #[must_use]
    pub fn transcript(&self) -> String {
        let title = &self.record.profile.title;
        let log = transcript::write(self.world, &self.record.log);
        format!("— {title} —\n{log}")
    }
}
