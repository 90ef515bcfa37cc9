//! What intake must know of an update in order to store it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::KINDS;

/// What intake must know of an update in order to store it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `update_id`.
    pub update_id: i64,
    /// The kind as the Bot API names it ("message"); [`Envelope::UNKNOWN`] when there is none.
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
    /// The kind of an update that names none.
    pub const UNKNOWN: &'static str = "unknown";

    /// Looks at an update without decoding it.
    ///
    /// # Errors
    /// When it is no JSON object or has no integer `update_id`.
    pub fn of(json: &str) -> Result<Self, NotAnUpdate> {
        let fields: BTreeMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(json).map_err(|_| NotAnUpdate)?;
        let update_id = fields
            .get("update_id")
            .and_then(|id| id.get().parse().ok())
            .ok_or(NotAnUpdate)?;
        // An update holds one kind. Were there several, decoding would read the same one.
        let holds = |kind: &&str| fields.get(*kind).is_some_and(|content| content.get() != "null");
        let known = KINDS.iter().copied().find(holds);
        let kind = known.or_else(|| fields.keys().map(AsRef::as_ref).find(|name| is_kind(name)));
        let content = kind.and_then(|kind| fields.get(kind));
        Ok(Self {
            update_id,
            kind: kind.unwrap_or(Self::UNKNOWN).to_owned(),
            person: kind
                .zip(content)
                .map_or(0, |(kind, content)| person(kind, content.get())),
            json: json.to_owned(),
        })
    }
}

/// Whether a field's name can be the name of a kind. It is stored, so not anything will do.
fn is_kind(name: &str) -> bool {
    name != "update_id"
        && (1..=40).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}

/// Whom an update is about. Ill-typed content gives 0: it is stored all the same and found to be
/// undecodable later.
fn person(kind: &str, content: &str) -> i64 {
    match kind {
        "chat_member" => read(content, |of: OfMember| Some(of.new_chat_member.user.id)),
        // In a private chat the chat is the person; in a channel it is the channel's own affair.
        "my_chat_member" => read(content, |of: OfChat| Some(of.chat.id)),
        _ => read(content, |of: OfSender| of.from.or(of.chat).map(|of| of.id)),
    }
}

fn read<'a, T: Deserialize<'a>>(content: &'a str, id: impl Fn(T) -> Option<i64>) -> i64 {
    serde_json::from_str(content).ok().and_then(id).unwrap_or(0)
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

#[derive(Deserialize)]
struct OfSender {
    from: Option<Id>,
    chat: Option<Id>,
}

#[derive(Deserialize)]
struct OfChat {
    chat: Id,
}

#[derive(Deserialize)]
struct OfMember {
    new_chat_member: OfUser,
}

#[derive(Deserialize)]
struct OfUser {
    user: Id,
}
