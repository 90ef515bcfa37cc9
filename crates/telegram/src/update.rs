//! Updates, decoded one by one: an unknown kind or a damaged one concerns nobody else.
//!
//! Intake needs only an update's [`Envelope`]; the rest is decoded when its turn comes.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::id::{ChatId, MessageId, UserId};
use domain::person::Profile;
use frankenstein::types as api;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What intake must know of an update in order to store it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `update_id`.
    pub update_id: i64,
    /// The kind as the Bot API names it ("message"); "unknown" when there is none.
    pub kind: String,
    /// Whom it is about: updates of one person are worked off one after another. A person's
    /// id, a channel's or group's (negative), or 0 when it cannot be told.
    pub person: i64,
    /// The whole update as it came.
    pub json: String,
}

/// The body holds no update with an integer `update_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no update with an integer update_id")]
pub struct NotAnUpdate;

impl Envelope {
    /// Looks at an update without decoding it.
    ///
    /// # Errors
    /// When it is no JSON object or has no integer `update_id`.
    pub fn of(json: &str) -> Result<Self, NotAnUpdate> {
        let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(json).map_err(|_| NotAnUpdate)?;
        let update_id = fields
            .get("update_id")
            .and_then(|id| id.get().parse().ok())
            .ok_or(NotAnUpdate)?;
        let content = fields.iter().find(|(name, _)| *name != "update_id");
        let (kind, person) = match content {
            Some((kind, value)) => (kind.to_string(), person(kind, value.get())),
            None => ("unknown".to_owned(), 0),
        };
        Ok(Self {
            update_id,
            kind,
            person,
            json: json.to_owned(),
        })
    }
}

/// Whom an update is about. Ill-typed content gives 0: it is stored all the same and found to be
/// undecodable later.
fn person(kind: &str, content: &str) -> i64 {
    #[derive(Deserialize)]
    struct Peek {
        from: Option<Id>,
        chat: Option<Id>,
        new_chat_member: Option<Member>,
    }
    #[derive(Deserialize)]
    struct Member {
        user: Id,
    }
    #[derive(Deserialize)]
    struct Id {
        id: i64,
    }
    let Ok(peek) = serde_json::from_str::<Peek>(content) else {
        return 0;
    };
    let chat = peek.chat.map(|chat| chat.id);
    let from = peek.from.map(|from| from.id);
    let about = match kind {
        "chat_member" => peek.new_chat_member.map(|member| member.user.id),
        // In a private chat the chat is the person; in a channel it is the channel's own affair.
        "my_chat_member" => chat,
        _ => from.or(chat),
    };
    about.unwrap_or(0)
}

/// An update that Lucien may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A new message in any chat.
    Message(Message),
    /// A tap on a callback button.
    CallbackQuery(CallbackQuery),
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
}

/// A chat, as far as an update shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// Its id.
    pub id: ChatId,
    /// Its type.
    pub kind: ChatKind,
}

/// `Chat.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// With one person.
    Private,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
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

/// The update is damaged, or of a shape that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be decoded: {0}")]
pub struct Undecodable(String);

/// Decodes a stored update.
///
/// # Errors
/// When the content of a known kind does not decode. An unknown kind is [`Update::Other`].
pub fn decode(json: &str) -> Result<Update, Undecodable> {
    #[derive(Deserialize)]
    struct Known {
        message: Option<Box<api::Message>>,
        callback_query: Option<Box<api::CallbackQuery>>,
    }
    // serde_json names line and column and the expected type, and never repeats a text.
    let known: Known = serde_json::from_str(json).map_err(|error| Undecodable(error.to_string()))?;
    if let Some(message) = known.message {
        return Ok(Update::Message(Message {
            id: MessageId(message.message_id),
            chat: chat(&message.chat),
            from: message.from.as_deref().map(profile),
            text: message.text,
        }));
    }
    if let Some(query) = known.callback_query {
        return Ok(Update::CallbackQuery(CallbackQuery {
            id: CallbackQueryId(query.id),
            from: profile(&query.from),
            message: query.message.map(|message| match message {
                api::MaybeInaccessibleMessage::Message(m) => (chat(&m.chat), MessageId(m.message_id)),
                api::MaybeInaccessibleMessage::InaccessibleMessage(m) => {
                    (chat(&m.chat), MessageId(m.message_id))
                }
            }),
            data: query.data,
        }));
    }
    Ok(Update::Other)
}

fn chat(chat: &api::Chat) -> Chat {
    Chat {
        id: ChatId(chat.id),
        kind: match chat.type_field {
            api::ChatType::Private => ChatKind::Private,
            api::ChatType::Group => ChatKind::Group,
            api::ChatType::Supergroup => ChatKind::Supergroup,
            api::ChatType::Channel => ChatKind::Channel,
        },
    }
}

fn profile(user: &api::User) -> Profile {
    Profile::new(
        // Ids have at most 52 bits (Bot API, `User.id`).
        UserId(user.id.cast_signed()),
        &user.first_name,
        user.last_name.as_deref(),
        user.username.as_deref(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: &str = r#"{"update_id":7,
"message":{"message_id":1,"from":{"id":42,"is_bot":false,"first_name":"Inés"},"chat":{"id":42,"type":"private","first_name":"Inés"},"date":1790000000,"text":"/start","entities":[{"type":"bot_command","offset":0,"length":6}]}}"#;

    #[test]
    fn a_message() {
        let envelope = Envelope::of(START).unwrap();
        assert_eq!(
            (envelope.update_id, envelope.kind.as_str(), envelope.person),
            (7, "message", 42)
        );
        let Ok(Update::Message(message)) = decode(START) else {
            panic!("a message");
        };
        assert_eq!(message.text.as_deref(), Some("/start"));
        assert_eq!(message.from.unwrap().first_name, "Inés");
        assert_eq!(message.chat.kind, ChatKind::Private);
    }

    #[test]
    fn whom_an_update_is_about() {
        let cases = [
            (
                r#"{"update_id":1,"callback_query":{"id":"9","from":{"id":5},"message":{"chat":{"id":5}}}}"#,
                5,
            ),
            (
                r#"{"update_id":1,"chat_join_request":{"from":{"id":6},"chat":{"id":-100}}}"#,
                6,
            ),
            (
                r#"{"update_id":1,"chat_member":{"from":{"id":1},"chat":{"id":-100},"new_chat_member":{"user":{"id":8}}}}"#,
                8,
            ),
            (
                r#"{"update_id":1,"my_chat_member":{"from":{"id":1},"chat":{"id":-100},"new_chat_member":{"user":{"id":99}}}}"#,
                -100,
            ),
            (
                r#"{"update_id":1,"my_chat_member":{"from":{"id":4},"chat":{"id":4},"new_chat_member":{"user":{"id":99}}}}"#,
                4,
            ),
            (r#"{"update_id":1,"channel_post":{"chat":{"id":-100}}}"#, -100),
            (r#"{"update_id":1,"message":{"from":"somebody"}}"#, 0),
            (r#"{"update_id":1,"poll":{"id":"3"}}"#, 0),
            (r#"{"update_id":1}"#, 0),
        ];
        for (json, person) in cases {
            assert_eq!(Envelope::of(json).unwrap().person, person, "{json}");
        }
    }

    #[test]
    fn what_is_no_update() {
        for json in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"update_id":"7"}"#,
            r#"{"update_id":1.5}"#,
            r#"{"message":{}}"#,
        ] {
            assert_eq!(Envelope::of(json), Err(NotAnUpdate), "{json}");
        }
    }

    #[test]
    fn an_unknown_kind_is_no_error_and_a_damaged_one_is() {
        assert_eq!(
            decode(r#"{"update_id":1,"telepathy":{"from":{"id":3}}}"#),
            Ok(Update::Other)
        );
        assert!(decode(r#"{"update_id":1,"message":{"message_id":"x"}}"#).is_err());
    }

    #[test]
    fn an_unknown_entity_does_not_lose_the_text() {
        let json = START.replace("bot_command", "hologram");
        let Ok(Update::Message(message)) = decode(&json) else {
            panic!("a message");
        };
        assert_eq!(message.text.as_deref(), Some("/start"));
    }

    proptest! {
        #[test]
        fn hostile_json_never_panics(json in "\\PC{0,200}", id in any::<i64>()) {
            let _ = Envelope::of(&json);
            let _ = decode(&json);
            let wrapped = format!(r#"{{"update_id":{id},"message":{}}}"#, serde_json::Value::from(json));
            prop_assert_eq!(Envelope::of(&wrapped).map(|e| e.update_id), Ok(id));
            prop_assert!(decode(&wrapped).is_err());
        }
    }
}
