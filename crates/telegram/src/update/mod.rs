//! Updates, decoded one by one: an unknown kind or a damaged one concerns nobody else.
//!
//! Intake needs only an update's [`Envelope`]; the rest is decoded when its turn comes.

mod envelope;

use domain::clock::Timestamp;
use domain::id::{ChatId, MessageId};
use domain::person::Profile;
use frankenstein::types::AllowedUpdate;
use serde::Deserialize;

pub use crate::chat::{Chat, ChatKind, InviteLink, Member, Status};
use crate::wire::{self, RawChat, RawInviteLink, RawMember, RawPlace, RawUser};
pub use envelope::{Envelope, NotAnUpdate};

/// The kinds that are decoded, in the order in which they are looked for.
pub(crate) const KINDS: [&str; 5] = [
    "message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
];

/// What Telegram is asked to send. Always named: what is left out of getUpdates or setWebhook stays as
/// an earlier program set it, and `chat_member` is sent only when asked for.
pub(crate) fn allowed() -> Vec<AllowedUpdate> {
    vec![
        AllowedUpdate::Message,
        AllowedUpdate::CallbackQuery,
        AllowedUpdate::MyChatMember,
        AllowedUpdate::ChatMember,
        AllowedUpdate::ChatJoinRequest,
    ]
}

/// An update that Lucien may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A new message in any chat.
    Message(Message),
    /// A tap on a callback button.
    CallbackQuery(CallbackQuery),
    /// The bot's own standing in a chat has changed. In a private chat the person has blocked the
    /// bot ([`Status::Kicked`]) or lets it write again ([`Status::Member`]).
    MyChatMember(MemberChange),
    /// Somebody else's standing in a chat has changed.
    ChatMember(MemberChange),
    /// Somebody asks to be let in.
    ChatJoinRequest(JoinRequest),
    /// A kind that the Bot API has and Lucien has no use for.
    Other,
}

/// A new message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the chat.
    pub id: MessageId,
    /// Where it was sent.
    pub chat: Chat,
    /// Who sent it; none in channels.
    pub from: Option<Profile>,
    /// Its text; none for media and service messages.
    pub text: Option<String>,
    /// The post that it was forwarded from, when that is a channel's.
    pub forwarded_post: Option<ForwardedPost>,
    /// The chat that was chosen with a button that asks for one.
    pub chat_shared: Option<ChatShared>,
}

/// Where a forwarded channel post came from (`MessageOriginChannel`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedPost {
    /// The channel.
    pub chat: Chat,
    /// The post's number there.
    pub message: MessageId,
}

/// A chat chosen with a `KeyboardButtonRequestChat`. The bot may have no access to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatShared {
    /// Which button it was.
    pub request_id: i32,
    /// The chat.
    pub chat: ChatId,
    /// Its title, if the button asked for it.
    pub title: Option<String>,
}

/// A tap on a callback button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackQuery {
    /// Its id, needed to answer it.
    pub id: CallbackQueryId,
    /// Who tapped.
    pub from: Profile,
    /// The message with the button. None when it was sent inline.
    pub message: Option<(Chat, MessageId)>,
    /// What the button carries; clients can send anything.
    pub data: Option<String>,
}

/// Names a tap that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackQueryId(pub String);

/// A change of somebody's standing in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// Where.
    pub chat: Chat,
    /// Who did it: the person, or an administrator.
    pub actor: Profile,
    /// Who is concerned.
    pub who: Profile,
    /// Their standing before.
    pub old: Status,
    /// Their standing since.
    pub new: Status,
    /// When.
    pub at: Option<Timestamp>,
    /// The link that they came by; also after a request made by a link was approved.
    pub invite_link: Option<InviteLink>,
    /// Whether they came by a request without a link.
    pub via_join_request: bool,
}

/// Somebody asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Where.
    pub chat: Chat,
    /// Who.
    pub from: Profile,
    /// Where they can be written to for 5 minutes, until the request is decided, even if they never
    /// started the bot (Bot API, `ChatJoinRequest.user_chat_id`).
    pub user_chat: ChatId,
    /// When.
    pub at: Option<Timestamp>,
    /// The link that they used; none for a request without one.
    pub invite_link: Option<InviteLink>,
}

/// The update is damaged, or of a shape that this version does not know. Says where, never what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be decoded: {0}")]
pub struct Undecodable(String);

/// Decodes a stored update.
///
/// # Errors
/// When the content of a known kind does not decode. An unknown kind is [`Update::Other`].
pub fn decode(json: &str) -> Result<Update, Undecodable> {
    let raw: Raw = serde_json::from_str(json).map_err(|error| Undecodable(wire::mismatch(&error)))?;
    Ok(raw.into())
}

#[derive(Deserialize)]
struct Raw {
    message: Option<RawMessage>,
    callback_query: Option<RawCallbackQuery>,
    my_chat_member: Option<RawMemberChange>,
    chat_member: Option<RawMemberChange>,
    chat_join_request: Option<RawJoinRequest>,
}

impl From<Raw> for Update {
    fn from(raw: Raw) -> Self {
        match raw {
            Raw {
                message: Some(message),
                ..
            } => Self::Message(message.into()),
            Raw {
                callback_query: Some(query),
                ..
            } => Self::CallbackQuery(query.into()),
            Raw {
                my_chat_member: Some(change),
                ..
            } => Self::MyChatMember(change.into()),
            Raw {
                chat_member: Some(change),
                ..
            } => Self::ChatMember(change.into()),
            Raw {
                chat_join_request: Some(request),
                ..
            } => Self::ChatJoinRequest(request.into()),
            _ => Self::Other,
        }
    }
}

#[derive(Deserialize)]
struct RawMessage {
    message_id: i32,
    chat: RawChat,
    from: Option<RawUser>,
    text: Option<String>,
    forward_origin: Option<RawOrigin>,
    chat_shared: Option<RawChatShared>,
}

/// Only a channel's has all three.
#[derive(Deserialize)]
struct RawOrigin {
    #[serde(rename = "type")]
    kind: String,
    chat: Option<RawChat>,
    message_id: Option<i32>,
}

#[derive(Deserialize)]
struct RawChatShared {
    request_id: i32,
    chat_id: i64,
    title: Option<String>,
}

impl From<RawMessage> for Message {
    fn from(message: RawMessage) -> Self {
        let origin = message.forward_origin.filter(|origin| origin.kind == "channel");
        Self {
            id: MessageId(message.message_id),
            chat: message.chat.into(),
            from: message.from.map(Into::into),
            text: message.text,
            forwarded_post: origin.and_then(|origin| {
                Some(ForwardedPost {
                    chat: origin.chat?.into(),
                    message: MessageId(origin.message_id?),
                })
            }),
            chat_shared: message.chat_shared.map(|shared| ChatShared {
                request_id: shared.request_id,
                chat: ChatId(shared.chat_id),
                title: shared.title,
            }),
        }
    }
}

#[derive(Deserialize)]
struct RawCallbackQuery {
    id: String,
    from: RawUser,
    message: Option<RawPlace>,
    data: Option<String>,
}

impl From<RawCallbackQuery> for CallbackQuery {
    fn from(query: RawCallbackQuery) -> Self {
        Self {
            id: CallbackQueryId(query.id),
            from: query.from.into(),
            message: query.message.map(Into::into),
            data: query.data,
        }
    }
}

#[derive(Deserialize)]
struct RawMemberChange {
    chat: RawChat,
    from: RawUser,
    date: Option<i64>,
    old_chat_member: RawMember,
    new_chat_member: RawMember,
    invite_link: Option<RawInviteLink>,
    #[serde(default)]
    via_join_request: bool,
}

impl From<RawMemberChange> for MemberChange {
    fn from(change: RawMemberChange) -> Self {
        let new = Member::from(change.new_chat_member);
        Self {
            chat: change.chat.into(),
            actor: change.from.into(),
            who: new.who,
            old: Member::from(change.old_chat_member).status,
            new: new.status,
            at: wire::moment(change.date),
            invite_link: change.invite_link.map(Into::into),
            via_join_request: change.via_join_request,
        }
    }
}

#[derive(Deserialize)]
struct RawJoinRequest {
    chat: RawChat,
    from: RawUser,
    user_chat_id: i64,
    date: Option<i64>,
    invite_link: Option<RawInviteLink>,
}

impl From<RawJoinRequest> for JoinRequest {
    fn from(request: RawJoinRequest) -> Self {
        Self {
            chat: request.chat.into(),
            from: request.from.into(),
            user_chat: ChatId(request.user_chat_id),
            at: wire::moment(request.date),
            invite_link: request.invite_link.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests;
