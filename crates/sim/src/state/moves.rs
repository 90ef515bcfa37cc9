//! Coming, going, and changes of standing in a room.

use chrono::{DateTime, Utc};

use super::World;
use super::member::Status;
use super::message::{By, ChatRef, Draft, Sender, Service, What};
use super::room::RoomKind;

/// Through whom and how a standing changed.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// The one who acted: who joins, adds, bans, approves.
    pub(crate) by: i64,
    pub(crate) way: Way,
}

#[derive(Debug, Clone)]
pub(crate) enum Way {
    Directly,
    /// By this link, with or without a request.
    Link(String),
    /// By a request to join a public room, without a link.
    PublicRequest,
}

impl Cause {
    pub(crate) fn by(user: i64) -> Self {
        Self {
            by: user,
            way: Way::Directly,
        }
    }
}

impl World {
    /// Changes somebody's standing in a room and tells everybody whom it concerns. Nothing happens
    /// when it is the same as before.
    pub(crate) fn change_status(
        &mut self,
        room: i64,
        user: i64,
        new: Status,
        cause: &Cause,
        now: DateTime<Utc>,
    ) {
        let Some(record) = self.room_mut(room) else { return };
        let old = record.status(user, now);
        let new = match (&old, new) {
            // Who was silenced comes back silent.
            (Status::Restricted { until, .. }, Status::Member) if !old.is_present() => Status::Restricted {
                is_member: true,
                until: *until,
            },
            (_, new) => new,
        };
        if old == new {
            return;
        }
        record.members.insert(user, new.clone());
        if new.is_present() || matches!(new, Status::Kicked { .. }) {
            record.close_request(user);
        }
        if let Way::Link(address) = &cause.way
            && let Some(link) = record.links.get_mut(address)
        {
            link.joined += 1;
        }
        let status = new.name();
        record.log.note(cause.by, What::Moved { user, status });
        let (kind, newest) = (record.kind(), record.last_message);
        if let (false, true, Some(person)) = (old.is_present(), new.is_present(), self.person_mut(user)) {
            // What was there before is nothing new.
            person.marks.insert(room, newest);
        }
        self.announce_move(room, user, [&old, &new], cause, now);
        if kind == RoomKind::Channel {
            return;
        }
        let (service, by) = match (old.is_present(), new.is_present()) {
            // Who is let in on request comes by themselves.
            (false, true) if matches!(cause.way, Way::Directly) => (Service::Joined(user), cause.by),
            (false, true) => (Service::Joined(user), user),
            (true, false) => (Service::Left(user), cause.by),
            _ => return,
        };
        self.write_service(room, by, service, now);
    }

    /// Writes a service message into a room.
    pub(super) fn write_service(&mut self, room: i64, by: i64, service: Service, now: DateTime<Utc>) {
        let by = Sender {
            id: by,
            by: if self.bot(by).is_some() {
                By::Bot
            } else {
                By::Person
            },
        };
        self.write(ChatRef::Room(room), by, Draft::service(service), now);
    }

    /// Lets in whoever asks, in the name of `by`. False if there is no such request.
    pub(crate) fn approve(&mut self, room: i64, person: i64, by: i64, now: DateTime<Utc>) -> bool {
        let request = self
            .room_mut(room)
            .and_then(|record| record.close_request(person));
        let Some(request) = request else { return false };
        let way = request.link.map_or(Way::PublicRequest, Way::Link);
        self.change_status(room, person, Status::Member, &Cause { by, way }, now);
        true
    }

    /// Turns away whoever asks, in the name of `by`. False if there is no such request.
    pub(crate) fn decline(&mut self, room: i64, person: i64, by: i64) -> bool {
        let Some(record) = self.room_mut(room) else {
            return false;
        };
        let is_open = record.close_request(person).is_some();
        if is_open {
            record.log.note(by, What::Declined { person });
        }
        is_open
    }

    /// Makes a supergroup of a basic group. Returns its id.
    pub(crate) fn migrate(&mut self, group: i64, by: i64, now: DateTime<Utc>) -> Option<i64> {
        let record = self.room(group)?;
        let mut profile = record.profile.clone();
        profile.kind = RoomKind::Supergroup;
        let members = record.members.clone();
        let id = self.add_room(profile, record.owner()?)?;
        self.room_mut(id)?.members = members;
        self.write_service(group, by, Service::MigratedTo(id), now);
        self.write_service(id, by, Service::MigratedFrom(group), now);
        self.room_mut(group)?.migrated_to = Some(id);
        Some(id)
    }
}
