//! What else people send to bots than texts: files, what others wrote, and the people and chats
//! that a bot asks for.

use serde::Deserialize;

use super::World;
use super::act::{Act, Cannot, caption, check_data, typed};
use super::act_in_room::ActInRoom;
use super::file::{MediaKind, NewFile, Stored};
use super::member::Rights;
use super::message::{Body, ChatRef, Content, Draft, Media, Service, SharedUser};
use super::room::RoomRecord;
use super::tap::label_of;
use crate::keyboard::{ButtonRequest, ChatRequest, UsersRequest};

/// A file that a person sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMedia {
    /// What it is sent as.
    pub kind: MediaKind,
    /// What is in it; nobody looks.
    pub content: Vec<u8>,
    /// Its name; pictures have none.
    pub file_name: Option<String>,
    /// What is in it, as `type/subtype`.
    pub mime_type: Option<String>,
    /// What is written under it.
    pub caption: String,
}

impl NewMedia {
    /// A file of some kind without a name.
    #[must_use]
    pub fn new(kind: MediaKind, content: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            content: content.into(),
            file_name: None,
            mime_type: None,
            caption: String::new(),
        }
    }

    /// A picture.
    #[must_use]
    pub fn photo(content: impl Into<Vec<u8>>) -> Self {
        Self::new(MediaKind::Photo, content)
    }

    /// A film.
    #[must_use]
    pub fn video(content: impl Into<Vec<u8>>) -> Self {
        Self::new(MediaKind::Video, content)
    }

    /// Another file, with its name.
    #[must_use]
    pub fn document(file_name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self {
            file_name: Some(file_name.into()),
            ..Self::new(MediaKind::Document, content)
        }
    }

    /// With something written under it.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }
}

/// A message somewhere: in a group or channel by its id, or in the person's chat with a bot by the
/// bot's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct MessageAt {
    /// The id of the group, channel or bot.
    pub chat_id: i64,
    /// The number of the message there.
    pub message_id: i32,
}

/// A message with a file.
fn attached(world: &mut World, media: NewMedia) -> Result<Content, Cannot> {
    let caption = caption(&media.caption)?;
    if media.content.is_empty() {
        return Err(Cannot::Empty);
    }
    let file = world.files.add(NewFile {
        name: media.file_name.filter(|_| media.kind != MediaKind::Photo),
        mime_type: media.mime_type,
        ..NewFile::new(media.kind, Stored::Here(media.content.into()))
    });
    Ok(Content {
        body: Body::Media(Media {
            file,
            caption,
            is_caption_above: false,
            has_spoiler: false,
        }),
        markup: None,
    })
}

impl ActInRoom<'_> {
    /// Sends a file into a group, or posts it in a channel. Returns the id of the message.
    pub(crate) fn sends_media(&mut self, room: i64, media: NewMedia) -> Result<i32, Cannot> {
        let content = attached(self.world, media)?;
        self.says(room, content, None)
    }

    /// Deletes a message of their own, or, as an administrator with that right, anybody's. Bots
    /// are not told.
    pub(crate) fn deletes_message(&mut self, room: i64, message: i32) -> Result<(), Cannot> {
        let status = self.status(room)?;
        let person = self.person;
        let log = &mut self.world.room_mut(room).ok_or(Cannot::NotThere)?.log;
        let author = log.message(message).ok_or(Cannot::NoSuchMessage)?.sender.id;
        if author != person && !status.may(|rights| rights.can_delete_messages) {
            return Err(Cannot::NoRight);
        }
        log.remove(message, person);
        Ok(())
    }
}

impl Act<'_> {
    /// Sends a file to the bot. Returns the id of the message.
    pub(crate) fn sends_media(&mut self, media: NewMedia) -> Result<i32, Cannot> {
        let content = attached(self.world, media)?;
        self.says(Draft::new(content))
    }

    /// Forwards a message to the bot. Returns its id there.
    pub(crate) fn forwards(&mut self, from: MessageAt) -> Result<i32, Cannot> {
        let source = self.readable(from.chat_id)?;
        let log = self.world.log(source).ok_or(Cannot::NotThere)?;
        let message = log.message(from.message_id).ok_or(Cannot::NoSuchMessage)?;
        if self.world.protects_content(source) || message.is_protected {
            return Err(Cannot::Protected);
        }
        let body = message.content.body.copied().ok_or(Cannot::NoRight)?;
        let draft = Draft {
            origin: Some(self.world.origin_of(source, message)),
            ..Draft::new(Content { body, markup: None })
        };
        self.says(draft)
    }

    /// The chat that the person means, if they can read it.
    fn readable(&self, id: i64) -> Result<ChatRef, Cannot> {
        let Some(room) = self.world.room(id) else {
            let chat = ChatRef::Private {
                bot: id,
                person: self.person,
            };
            return self.world.log(chat).map(|_| chat).ok_or(Cannot::NotThere);
        };
        let status = room.status(self.person, self.now);
        if status.is_present() || room.is_public() {
            Ok(ChatRef::Room(id))
        } else {
            Err(Cannot::NotIn)
        }
    }

    /// Changes what they wrote to the bot: a text, or what stands under a file.
    pub(crate) fn edits(&mut self, message: i32, text: &str) -> Result<(), Cannot> {
        let chat = self.chat();
        let log = self.world.log(chat).ok_or(Cannot::NotThere)?;
        let old = log.message(message).ok_or(Cannot::NoSuchMessage)?;
        if old.sender.id != self.person || old.origin.is_some() {
            return Err(Cannot::NoRight);
        }
        let content = match &old.content.body {
            Body::Text(_) => typed(text)?,
            Body::Media(media) => Content {
                body: Body::Media(Media {
                    caption: caption(text)?,
                    ..media.clone()
                }),
                markup: None,
            },
            Body::Service(_) => return Err(Cannot::NoRight),
        };
        if self.is_blocked() {
            return Err(Cannot::Blocked);
        }
        self.acting().ok_or(Cannot::NotThere)?;
        self.world.edit(chat, message, self.person, content, self.now);
        Ok(())
    }

    /// Deletes a message of their chat with the bot, whoever wrote it, for both. Bots are not
    /// told.
    pub(crate) fn deletes(&mut self, message: i32) -> Result<(), Cannot> {
        let (chat, person) = (self.chat(), self.person);
        let log = self.world.log_mut(chat).ok_or(Cannot::NotThere)?;
        log.message(message).ok_or(Cannot::NoSuchMessage)?;
        log.remove(message, person);
        Ok(())
    }

    /// Chooses people for the bot with the button that asks for them under this id. Returns the
    /// id of the message that tells it.
    pub(crate) fn shares_users(&mut self, request_id: i32, users: &[i64]) -> Result<i32, Cannot> {
        let request = self.request(|request| match request {
            ButtonRequest::Users(users) if users.request_id == request_id => Some(users.clone()),
            _ => None,
        })?;
        let allowed = 1..=usize::from(request.max_quantity);
        let is_twice = |(at, user): (usize, &i64)| users[..at].contains(user);
        if !allowed.contains(&users.len()) || users.iter().enumerate().any(is_twice) {
            return Err(Cannot::DoesNotFit);
        }
        let users: Result<Vec<SharedUser>, Cannot> = users
            .iter()
            .map(|user| self.shared_user(&request, *user))
            .collect();
        let users = users?;
        self.says(Draft::service(Service::UsersShared { request_id, users }))
    }

    fn shared_user(&self, request: &UsersRequest, id: i64) -> Result<SharedUser, Cannot> {
        let bot = self.world.bot(id);
        let person = self.world.person(id).map(|person| &person.profile);
        let username = match (bot, person) {
            (Some(bot), _) => Some(&bot.username),
            (None, Some(person)) => person.username.as_ref(),
            (None, None) => return Err(Cannot::NotThere),
        };
        // Nobody has Telegram Premium here.
        let fits = request.user_is_bot.is_none_or(|wanted| wanted == bot.is_some())
            && request.user_is_premium != Some(true);
        if !fits {
            return Err(Cannot::DoesNotFit);
        }
        let last_name = person.and_then(|person| person.last_name.clone());
        Ok(SharedUser {
            user_id: id,
            first_name: request.request_name.then(|| self.world.first_name(id).to_owned()),
            last_name: last_name.filter(|_| request.request_name),
            username: username.cloned().filter(|_| request.request_username),
        })
    }

    /// Chooses a chat for the bot with the button that asks for one under this id. Adds the bot to
    /// it, or gives it rights, where the button demands that. Returns the id of the message that
    /// tells it.
    pub(crate) fn shares_chat(&mut self, request_id: i32, room: i64) -> Result<i32, Cannot> {
        let request = self.request(|request| match request {
            ButtonRequest::Chat(chat) if chat.request_id == request_id => Some(chat.clone()),
            _ => None,
        })?;
        let record = self.world.room(room).ok_or(Cannot::NotThere)?;
        if !self.fits(&request, record) {
            return Err(Cannot::DoesNotFit);
        }
        if self.is_blocked() {
            return Err(Cannot::Blocked);
        }
        let shared = Service::ChatShared {
            request_id,
            chat_id: room,
            title: request.request_title.then(|| record.profile.title.clone()),
            username: record
                .profile
                .username
                .clone()
                .filter(|_| request.request_username),
        };
        self.prepares(&request, room)?;
        self.says(Draft::service(shared))
    }

    fn fits(&self, request: &ChatRequest, room: &RoomRecord) -> bool {
        let status = room.status(self.person, self.now);
        let has_rights = |wanted: &Rights| status.may(|rights| rights.include(wanted));
        // No group here has topics.
        status.is_present()
            && request.chat_is_channel == room.is_channel()
            && request.chat_is_forum != Some(true)
            && request
                .chat_has_username
                .is_none_or(|wanted| wanted == room.is_public())
            && (!request.chat_is_created || room.owner() == Some(self.person))
            && request.user_administrator_rights.as_ref().is_none_or(has_rights)
    }

    /// Brings the bot into the chat as the button demands.
    fn prepares(&mut self, request: &ChatRequest, room: i64) -> Result<(), Cannot> {
        let (bot, now) = (self.bot, self.now);
        let status = self.world.room(room).ok_or(Cannot::NotThere)?.status(bot, now);
        let mut acting = ActInRoom::begin(self.world, self.person, now)?;
        match &request.bot_administrator_rights {
            Some(wanted) if !status.may(|rights| rights.include(wanted)) => {
                let rights = match &status {
                    super::Status::Administrator { rights, .. } => *rights,
                    _ => Rights::least(),
                };
                acting.promotes(room, bot, rights.with(wanted))
            }
            None if request.bot_is_member && !status.is_present() => acting.adds(room, bot),
            _ => Ok(()),
        }
    }

    /// What the keyboard beside the chat asks for.
    fn request<T>(&self, wanted: impl Fn(&ButtonRequest) -> Option<T>) -> Result<T, Cannot> {
        let log = self.world.log(self.chat()).ok_or(Cannot::NoSuchRequest)?;
        let rows = log.keyboard().ok_or(Cannot::NoSuchRequest)?;
        let mut requests = rows.iter().flatten().filter_map(|button| button.request.as_ref());
        requests.find_map(wanted).ok_or(Cannot::NoSuchRequest)
    }

    /// Taps a button with this data under a message that may be gone by now, as an app lets one
    /// that has not heard of it. Returns the id of the callback query.
    pub(crate) fn presses_on(&mut self, message: i32, data: &str) -> Result<i64, Cannot> {
        check_data(data)?;
        let log = self.world.log(self.chat());
        let shown = log.and_then(|log| log.message(message));
        let is_own = shown.is_some_and(|message| message.sender.id == self.person);
        if message <= 0 || is_own {
            return Err(Cannot::NoSuchMessage);
        }
        let label = label_of(shown, data);
        self.taps(Some(message), data, label)
    }
}
