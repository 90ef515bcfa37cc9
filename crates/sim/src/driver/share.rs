//! What else people do in their chat with a bot than write and tap: send files, forward, change
//! and delete messages, share people and chats.

use super::person::{Person, Press};
use super::{Cannot, MessageAt, NewMedia, Room};

impl Person {
    /// Sends a file to the bot. Returns the id of the message.
    ///
    /// # Errors
    /// [`Cannot`] when the app would not let them, or the file is empty.
    pub fn sends_media(&self, media: NewMedia) -> Result<i32, Cannot> {
        self.act(|act| act.sends_media(media))?
    }

    /// Sends a file into a group, or posts it in a channel. Returns the id of the message.
    ///
    /// # Errors
    /// [`Cannot`] when the file is empty or they may not write there.
    pub fn sends_media_in(&self, room: &Room, media: NewMedia) -> Result<i32, Cannot> {
        self.in_rooms(|act| act.sends_media(room.id(), media))
    }

    /// Forwards a message of a group or channel to the bot. Returns its id there.
    ///
    /// # Errors
    /// [`Cannot`], for one [`Cannot::Protected`].
    pub fn forwards_from(&self, room: &Room, message_id: i32) -> Result<i32, Cannot> {
        self.forwards(MessageAt {
            chat_id: room.id(),
            message_id,
        })
    }

    /// Forwards a message from anywhere that they can read to the bot. Returns its id there.
    ///
    /// # Errors
    /// [`Cannot`], for one [`Cannot::Protected`].
    pub fn forwards(&self, message: MessageAt) -> Result<i32, Cannot> {
        self.act(|act| act.forwards(message))?
    }

    /// Changes what they wrote to the bot: a text, or what stands under a file.
    ///
    /// # Errors
    /// [`Cannot`] when it is not theirs or is not there.
    pub fn edits(&self, message_id: i32, text: &str) -> Result<(), Cannot> {
        self.act(|act| act.edits(message_id, text))?
    }

    /// Deletes a message of the chat with the bot, for both, whoever wrote it. Bots are not told.
    ///
    /// # Errors
    /// [`Cannot::NoSuchMessage`].
    pub fn deletes(&self, message_id: i32) -> Result<(), Cannot> {
        self.act(|act| act.deletes(message_id))?
    }

    /// Deletes a message of a group or channel: their own, or with the right to it anybody's.
    ///
    /// # Errors
    /// [`Cannot`] when they may not, or it is not there.
    pub fn deletes_in(&self, room: &Room, message_id: i32) -> Result<(), Cannot> {
        self.in_rooms(|act| act.deletes_message(room.id(), message_id))
    }

    /// Chooses people for the bot, with the button beside the chat that asks for them under this
    /// id. Returns the id of the message that tells the bot.
    ///
    /// # Errors
    /// [`Cannot::NoSuchRequest`], or [`Cannot::DoesNotFit`] when the app would not offer these.
    pub fn shares_users(&self, request_id: i32, users: &[i64]) -> Result<i32, Cannot> {
        self.act(|act| act.shares_users(request_id, users))?
    }

    /// Chooses a group or channel for the bot, with the button beside the chat that asks for one
    /// under this id. If the button demands that, the bot is added to it or gets rights there
    /// before. Returns the id of the message that tells the bot.
    ///
    /// # Errors
    /// [`Cannot::NoSuchRequest`], [`Cannot::DoesNotFit`] when the app would not offer this one, or
    /// another [`Cannot`] when they may not bring the bot there.
    pub fn shares_chat(&self, request_id: i32, room: &Room) -> Result<i32, Cannot> {
        self.act(|act| act.shares_chat(request_id, room.id()))?
    }

    /// Taps a button with this data under one message, which may be gone: the app of this person
    /// has not heard of that yet.
    ///
    /// # Errors
    /// [`Cannot::BadData`], or [`Cannot::NoSuchMessage`] when it is their own.
    pub fn presses_data_on(&self, message_id: i32, data: &str) -> Result<Press, Cannot> {
        let id = self.act(|act| act.presses_on(message_id, data))??;
        Ok(Press::by_id(self.clone(), id))
    }
}
