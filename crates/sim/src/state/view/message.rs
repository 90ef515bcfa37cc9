//! Messages as JSON.

use serde::Serialize;

use super::entity::EntityView;
use super::media::MediaView;
use super::{ChatView, GROUP_ANONYMOUS_BOT, UserView, to_json};
use crate::keyboard::Markup;
use crate::state::World;
use crate::state::message::{Body, ChatRef, Message, Origin, OriginSource, Service, SharedUser};

#[derive(Serialize)]
pub(in crate::state) struct MessageView<'a> {
    message_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<UserView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_chat: Option<ChatView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_signature: Option<&'a str>,
    chat: ChatView<'a>,
    date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_date: Option<i64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    forward: Option<ForwardView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_message: Option<Box<MessageView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_group_id: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_protected_content: bool,
    #[serde(flatten)]
    body: BodyView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_markup: Option<&'a Markup>,
}

/// What the message is about; a field or a few for each kind.
#[derive(Serialize)]
#[serde(untagged)]
enum BodyView<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        entities: Vec<EntityView<'a>>,
    },
    Media(Box<MediaView<'a>>),
    /// The last two are from before several could come at once.
    Joined {
        new_chat_members: [UserView<'a>; 1],
        new_chat_member: UserView<'a>,
        new_chat_participant: UserView<'a>,
    },
    Left {
        left_chat_member: UserView<'a>,
        left_chat_participant: UserView<'a>,
    },
    Title {
        new_chat_title: &'a str,
    },
    MigratedTo {
        migrate_to_chat_id: i64,
    },
    MigratedFrom {
        migrate_from_chat_id: i64,
    },
    /// The last is from before several could come at once.
    UsersShared {
        users_shared: UsersSharedView<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        user_shared: Option<UserSharedView>,
    },
    ChatShared {
        chat_shared: ChatSharedView<'a>,
    },
}

/// The ids alone are from before the names could be had.
#[derive(Serialize)]
struct UsersSharedView<'a> {
    user_ids: Vec<i64>,
    users: &'a [SharedUser],
    request_id: i32,
}

#[derive(Serialize)]
struct UserSharedView {
    user_id: i64,
    request_id: i32,
}

#[derive(Serialize)]
struct ChatSharedView<'a> {
    chat_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    request_id: i32,
}

impl<'a> MessageView<'a> {
    /// A message as a bot sees it, with the one that it replies to, if that is still there, but
    /// not that one's in turn.
    pub(in crate::state) fn of(
        world: &'a World,
        bot: i64,
        chat: ChatRef,
        message: &'a Message,
    ) -> Option<Self> {
        let replied = message.reply_to.and_then(|id| world.log(chat)?.message(id));
        let mut view = Self::alone(world, bot, chat, message)?;
        view.reply_to_message = replied
            .and_then(|replied| Self::alone(world, bot, chat, replied))
            .map(Box::new);
        Some(view)
    }

    fn alone(world: &'a World, bot: i64, chat: ChatRef, message: &'a Message) -> Option<Self> {
        let chat_view = ChatView::of(world, chat)?;
        let (from, sender_chat) = match (message.is_in_chats_name, chat_view.kind) {
            (false, _) => (UserView::of(world, message.sender.id), None),
            (true, "channel") => (None, Some(chat_view)),
            (true, _) => (Some(GROUP_ANONYMOUS_BOT), Some(chat_view)),
        };
        let markup = message.content.markup.as_ref();
        Some(Self {
            message_id: message.id,
            from,
            sender_chat,
            author_signature: message.signature.as_deref(),
            chat: chat_view,
            date: message.date.timestamp(),
            edit_date: message.edit_date.map(|date| date.timestamp()),
            forward: message
                .origin
                .as_ref()
                .and_then(|origin| ForwardView::of(world, origin)),
            reply_to_message: None,
            media_group_id: message.media_group.as_deref(),
            has_protected_content: message.is_protected || world.protects_content(chat),
            body: BodyView::of(world, bot, &message.content.body)?,
            reply_markup: markup.filter(|markup| markup.inline().is_some()),
        })
    }
}

impl<'a> BodyView<'a> {
    fn of(world: &'a World, bot: i64, body: &'a Body) -> Option<Self> {
        Some(match body {
            Body::Text(text) => Self::Text {
                text: &text.text,
                entities: EntityView::all(world, &text.entities),
            },
            Body::Media(media) => Self::Media(Box::new(MediaView::of(world, bot, media))),
            Body::Service(service) => match service {
                Service::Joined(user) => {
                    let user = UserView::of(world, *user)?;
                    Self::Joined {
                        new_chat_members: [user],
                        new_chat_member: user,
                        new_chat_participant: user,
                    }
                }
                Service::Left(user) => {
                    let user = UserView::of(world, *user)?;
                    Self::Left {
                        left_chat_member: user,
                        left_chat_participant: user,
                    }
                }
                Service::Title(title) => Self::Title {
                    new_chat_title: title,
                },
                Service::MigratedTo(id) => Self::MigratedTo {
                    migrate_to_chat_id: *id,
                },
                Service::MigratedFrom(id) => Self::MigratedFrom {
                    migrate_from_chat_id: *id,
                },
                Service::UsersShared { request_id, users } => Self::users_shared(*request_id, users),
                Service::ChatShared {
                    request_id,
                    chat_id,
                    title,
                    username,
                } => Self::ChatShared {
                    chat_shared: ChatSharedView {
                        chat_id: *chat_id,
                        title: title.as_deref(),
                        username: username.as_deref(),
                        request_id: *request_id,
                    },
                },
            },
        })
    }
}

impl<'a> BodyView<'a> {
    fn users_shared(request_id: i32, users: &'a [SharedUser]) -> Self {
        let user_ids: Vec<i64> = users.iter().map(|user| user.user_id).collect();
        let user_shared = match user_ids[..] {
            [user_id] => Some(UserSharedView { user_id, request_id }),
            _ => None,
        };
        Self::UsersShared {
            users_shared: UsersSharedView {
                user_ids,
                users,
                request_id,
            },
            user_shared,
        }
    }
}

/// Where a message comes from, in the present form and in the one before.
#[derive(Serialize)]
struct ForwardView<'a> {
    forward_origin: OriginView<'a>,
    forward_date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_from: Option<UserView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_sender_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_from_chat: Option<ChatView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_from_message_id: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum OriginView<'a> {
    User {
        sender_user: UserView<'a>,
        date: i64,
    },
    HiddenUser {
        sender_user_name: &'a str,
        date: i64,
    },
    Chat {
        sender_chat: ChatView<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        author_signature: Option<&'a str>,
        date: i64,
    },
    Channel {
        chat: ChatView<'a>,
        message_id: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        author_signature: Option<&'a str>,
        date: i64,
    },
}

impl<'a> ForwardView<'a> {
    fn of(world: &'a World, origin: &'a Origin) -> Option<Self> {
        let date = origin.date.timestamp();
        let view = |forward_origin| Self {
            forward_origin,
            forward_date: date,
            forward_from: None,
            forward_sender_name: None,
            forward_from_chat: None,
            forward_from_message_id: None,
            forward_signature: None,
        };
        Some(match &origin.source {
            OriginSource::User(user) => {
                let sender_user = UserView::of(world, *user)?;
                Self {
                    forward_from: Some(sender_user),
                    ..view(OriginView::User { sender_user, date })
                }
            }
            OriginSource::HiddenUser(name) => Self {
                forward_sender_name: Some(name),
                ..view(OriginView::HiddenUser {
                    sender_user_name: name,
                    date,
                })
            },
            OriginSource::Chat { room, signature } => {
                let sender_chat = ChatView::of(world, ChatRef::Room(*room))?;
                let author_signature = signature.as_deref();
                Self {
                    forward_from_chat: Some(sender_chat),
                    forward_signature: author_signature,
                    ..view(OriginView::Chat {
                        sender_chat,
                        author_signature,
                        date,
                    })
                }
            }
            OriginSource::Channel {
                room,
                message,
                signature,
            } => {
                let chat = ChatView::of(world, ChatRef::Room(*room))?;
                let author_signature = signature.as_deref();
                Self {
                    forward_from_chat: Some(chat),
                    forward_from_message_id: Some(*message),
                    forward_signature: author_signature,
                    ..view(OriginView::Channel {
                        chat,
                        message_id: *message,
                        author_signature,
                        date,
                    })
                }
            }
        })
    }
}

/// A message of a chat as JSON for a bot; None if there is no such message.
pub(crate) fn message_json(world: &World, bot: i64, chat: ChatRef, message: i32) -> Option<String> {
    let message = world.log(chat)?.message(message)?;
    MessageView::of(world, bot, chat, message).map(|view| to_json(&view))
}
