//! What the page says in words of its own: who wrote a message, what happened, what a message is
//! about in a line.

use crate::state::{ChatRef, MediaKind, Message, OriginSource, Service, World};

/// What a user is called.
pub(super) fn name(world: &World, user: i64) -> String {
    match world.person(user) {
        Some(person) if person.is_deactivated => "Deleted account".into(),
        _ => world.full_name(user),
    }
}

fn title(world: &World, room: i64) -> String {
    let room = world.room(room);
    room.map_or_else(String::new, |room| room.profile.title.clone())
}

/// In whose name a message appears.
pub(super) fn author(world: &World, chat: ChatRef, message: &Message) -> String {
    match chat {
        ChatRef::Room(room) if message.is_in_chats_name => title(world, room),
        _ => name(world, message.sender.id),
    }
}

/// Who first wrote a forwarded message.
pub(super) fn source(world: &World, source: &OriginSource) -> String {
    match source {
        OriginSource::User(user) => name(world, *user),
        OriginSource::HiddenUser(name) => name.clone(),
        OriginSource::Chat { room, .. } | OriginSource::Channel { room, .. } => title(world, *room),
    }
}

/// The text of a message that nobody wrote.
pub(super) fn service(world: &World, by: i64, service: &Service) -> String {
    let who = name(world, by);
    match service {
        Service::Joined(user) if *user == by => format!("{who} joined"),
        Service::Joined(user) => format!("{who} added {}", name(world, *user)),
        Service::Left(user) if *user == by => format!("{who} left"),
        Service::Left(user) => format!("{who} removed {}", name(world, *user)),
        Service::Title(title) => format!("The title is now “{title}”"),
        Service::MigratedTo(_) | Service::MigratedFrom(_) => "The group became a supergroup".into(),
        Service::UsersShared { users, .. } => {
            let names: Vec<String> = users.iter().map(|user| name(world, user.user_id)).collect();
            format!("{who} shared {}", names.join(", "))
        }
        Service::ChatShared { chat_id, .. } => format!("{who} shared “{}”", title(world, *chat_id)),
    }
}

/// What a message is about, in a line: its text as far as a line may show it, or what kind of file it is.
pub(super) fn in_a_line(world: &World, message: &Message) -> String {
    /// Far more than fits into any line.
    const LENGTH: usize = 200;
    let content = &message.content;
    if let Some(happened) = content.service() {
        return service(world, message.sender.id, happened);
    }
    let text = content.text().map_or("", |text| &text.text);
    let words: Vec<&str> = text.split_whitespace().take(LENGTH).collect();
    match content.media() {
        Some(media) if words.is_empty() => {
            let facts = &media.file.facts;
            let named = facts.name.clone().filter(|_| facts.kind == MediaKind::Document);
            named.unwrap_or_else(|| facts.kind.type_name().to_owned())
        }
        _ => words.join(" ").chars().take(LENGTH).collect(),
    }
}
