//! What becomes of messages when they are forwarded or copied.

use std::sync::Arc;

use super::World;
use super::message::{ChatRef, Message, Origin, OriginSource};

impl World {
    /// Whether nothing of a chat may be forwarded.
    pub(crate) fn protects_content(&self, chat: ChatRef) -> bool {
        match chat {
            ChatRef::Private { .. } => false,
            ChatRef::Room(id) => self
                .room(id)
                .is_some_and(|room| room.profile.has_protected_content),
        }
    }

    /// What a forwarded message will tell of where it comes from: its first origin, however often
    /// it is forwarded.
    pub(crate) fn origin_of(&self, chat: ChatRef, message: &Message) -> Arc<Origin> {
        if let Some(origin) = &message.origin {
            return Arc::clone(origin);
        }
        let source = match chat {
            ChatRef::Room(room) if message.is_in_chats_name => {
                let signature = message.signature.clone();
                if self.room(room).is_some_and(super::RoomRecord::is_channel) {
                    let message = message.id;
                    OriginSource::Channel {
                        room,
                        message,
                        signature,
                    }
                } else {
                    OriginSource::Chat { room, signature }
                }
            }
            _ => match self.person(message.sender.id) {
                Some(person) if person.profile.hides_account => {
                    OriginSource::HiddenUser(person.profile.full_name())
                }
                _ => OriginSource::User(message.sender.id),
            },
        };
        Arc::new(Origin {
            date: message.date,
            source,
        })
    }
}

/// A number for a new album, as Telegram writes them.
pub(crate) fn fresh_media_group() -> Arc<str> {
    rand::random_range(10_i64.pow(16)..10_i64.pow(17))
        .to_string()
        .into()
}
