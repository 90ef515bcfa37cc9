//! Who asks to be let into the members' channel, table `door_requests`, and what was said about it,
//! table `door_said`.
//!
//! A person has one row per channel. It is *open* until it is decided; asking again opens it anew.
//! Telegram sends nothing when a request that is pending is repeated, and tells nobody when one is
//! withdrawn: a person may be waiting whose row is decided or missing.

use domain::clock::Timestamp;
use domain::id::{ChatId, EntryLinkId, RequestId, TokenId, UserId};
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// A request as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Who asks; already stored.
    pub user: UserId,
    /// Where.
    pub channel: ChatId,
    /// Where they can be written to for five minutes (Bot API, `ChatJoinRequest.user_chat_id`).
    pub chat: ChatId,
    /// The personal link by which they come, if it is one.
    pub link: Option<EntryLinkId>,
}

/// A request that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Who asks, where and how.
    pub request: NewRequest,
    /// Counts each time that the person asks there.
    pub number: i64,
    /// The number with which the row was opened: what is said once for all repetitions is said for it.
    pub opened: i64,
    /// When they asked last.
    pub requested_at: Timestamp,
}

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// They were let in.
    Approved,
    /// They were turned away.
    Declined,
    /// There was none any more.
    Gone,
}

/// Something that is said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    /// The courteous line to a stranger, once per link.
    Stranger(EntryLinkId),
    /// The owner of the link and the custodians are told of the stranger, once per link.
    StrangerTold(EntryLinkId),
    /// To finish the ritual, once while the request is open.
    FinishRitual(i64),
    /// To wait, once while the request is open.
    Hold(i64),
    /// Custodians are told that the person's link was refused, once per redeemed invitation.
    LinkRefused(TokenId),
    /// Whoever waits for the Free channel is told that they are in too many chats, once per request.
    TooManyChats(RequestId),
}

impl OpenRequest {
    /// Whether it is the first since the last decision.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.number == self.opened
    }
}

impl Decision {
    const fn label(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::Gone => "gone",
        }
    }
}

impl Line {
    fn key(self) -> (&'static str, i64) {
        match self {
            Self::Stranger(link) => ("STRANGER", link.0),
            Self::StrangerTold(link) => ("STRANGER_TOLD", link.0),
            Self::FinishRitual(opened) => ("FINISH_RITUAL", opened),
            Self::Hold(opened) => ("HOLD", opened),
            Self::LinkRefused(token) => ("LINK_REFUSED", token.0.into()),
            Self::TooManyChats(request) => ("TOO_MANY_CHATS", request.0.into()),
        }
    }
}

pub(crate) const COLUMNS: [&str; 7] = [
    "user_id",
    "channel_id",
    "number",
    "opened",
    "user_chat_id",
    "requested_at",
    "entry_link_id",
];

#[derive(FromQueryResult)]
pub(crate) struct Row {
    user_id: i64,
    channel_id: i64,
    number: i64,
    opened: i64,
    user_chat_id: i64,
    requested_at: At,
    entry_link_id: Option<i64>,
}

impl From<Row> for OpenRequest {
    fn from(row: Row) -> Self {
        Self {
            request: NewRequest {
                user: UserId(row.user_id),
                channel: ChatId(row.channel_id),
                chat: ChatId(row.user_chat_id),
                link: row.entry_link_id.map(EntryLinkId),
            },
            number: row.number,
            opened: row.opened,
            requested_at: row.requested_at.0,
        }
    }
}

/// Notes that somebody asks, or asks again. Of repetitions, the last link and chat are kept.
///
/// # Errors
/// When the database does not answer; a broken foreign key when the person is not stored.
pub async fn note_request(tx: &Tx, request: &NewRequest, at: Timestamp) -> Result<OpenRequest, StoreError> {
    let insert = format!(
        "INSERT INTO door_requests
             (user_id, channel_id, number, opened, user_chat_id, requested_at, entry_link_id, decision)
         VALUES ($1, $2, 1, 1, $3, $4, $5, 'open')
         ON CONFLICT (user_id, channel_id) DO UPDATE
         SET number = door_requests.number + 1,
             opened = CASE WHEN door_requests.decision = 'open' THEN door_requests.opened
                           ELSE door_requests.number + 1 END,
             user_chat_id = excluded.user_chat_id, requested_at = excluded.requested_at,
             entry_link_id = excluded.entry_link_id, decision = 'open', decided_at = NULL
         RETURNING {}",
        COLUMNS.join(", ")
    );
    let values = [
        request.user.0.into(),
        request.channel.0.into(),
        request.chat.0.into(),
        At(at).into(),
        request.link.map(|link| link.0).into(),
    ];
    let row: Option<Row> = sql::first(tx, &insert, values).await?;
    row.map(OpenRequest::from)
        .ok_or_else(|| StoreError::Unreadable("door_requests.number".to_owned()))
}

/// The open request of a person at a channel.
///
/// # Errors
/// When the database does not answer.
pub async fn open_for(
    db: &impl Connection,
    user: UserId,
    channel: ChatId,
) -> Result<Option<OpenRequest>, StoreError> {
    let query = format!(
        "SELECT {} FROM door_requests WHERE user_id = $1 AND channel_id = $2 AND decision = 'open'",
        COLUMNS.join(", ")
    );
    let row: Option<Row> = sql::first(db, &query, [user.0.into(), channel.0.into()]).await?;
    Ok(row.map(OpenRequest::from))
}

/// Decides the open request up to that `number`. False when none is open, or when the person has
/// asked again since: then what was decided is not about what waits now.
///
/// # Errors
/// When the database does not answer.
pub async fn decide(
    tx: &Tx,
    user: UserId,
    channel: ChatId,
    number: i64,
    decision: Decision,
    now: Timestamp,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE door_requests SET decision = $4, decided_at = $5
         WHERE user_id = $1 AND channel_id = $2 AND number = $3 AND decision = 'open'",
        [
            user.0.into(),
            channel.0.into(),
            number.into(),
            decision.label().into(),
            At(now).into(),
        ],
    )
    .await
}

/// Notes that something is being said about a person at a channel. False when it was said before, or
/// when the person is not stored.
///
/// # Errors
/// When the database does not answer.
pub async fn said(
    tx: &Tx,
    user: UserId,
    channel: ChatId,
    line: Line,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (line, about) = line.key();
    one(
        tx,
        "INSERT INTO door_said (user_id, channel_id, line, about, said_at)
         SELECT user_id, $2, $3, $4, $5 FROM users WHERE user_id = $1
         ON CONFLICT (user_id, channel_id, line, about) DO NOTHING",
        [
            user.0.into(),
            channel.0.into(),
            line.into(),
            about.into(),
            At(now).into(),
        ],
    )
    .await
}
