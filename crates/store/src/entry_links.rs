//! Personal links to the members' channel, table `entry_links`.
//!
//! The row comes first and its number is the link's name: so a link that Telegram has made is known
//! even when its answer was lost. A row is *open* until it is closed, and a person has one open row
//! per channel at most. An open row without URL is a link that is being made by a row of the outbox.
//!
//! Rows hold no keys and are kept: a link outlives its person's row and must be known when somebody
//! comes by it.

use std::fmt;

use domain::clock::Timestamp;
use domain::id::{ChatId, EntryLinkId, MessageId, UserId};
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// People per statement: far from the databases' limits on parameters.
const BATCH: usize = 500;

/// The address of a link. `Debug` hides it: whoever knows it may be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct EntryUrl(String);

impl EntryUrl {
    /// The address in full.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EntryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EntryUrl(…)")
    }
}

/// Why a link does not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Another one took its place.
    Replaced,
    /// It was taken back.
    Revoked,
    /// Its owner is inside.
    Entered,
    /// Its time is over.
    Expired,
    /// It could not be made.
    Failed,
}

impl CloseReason {
    const ALL: [Self; 5] = [
        Self::Replaced,
        Self::Revoked,
        Self::Entered,
        Self::Expired,
        Self::Failed,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Entered => "entered",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

/// A link to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEntryLink {
    /// For whom.
    pub user: UserId,
    /// To which channel.
    pub channel: ChatId,
    /// The row of the outbox that makes it.
    pub outbox: i64,
    /// Its last moment, as far as can be said before it is made.
    pub expires_at: Timestamp,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLink {
    /// Row id; its name follows from it.
    pub id: EntryLinkId,
    /// For whom it was made.
    pub user: UserId,
    /// To which channel.
    pub channel: ChatId,
    /// Its address; none until it is made.
    pub url: Option<EntryUrl>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Its last moment.
    pub expires_at: Timestamp,
    /// The row of the outbox that makes it.
    pub outbox: i64,
    /// The message that carries it.
    pub shown: Option<(ChatId, MessageId)>,
    /// Why it does not count any more; none: it is open.
    pub closed: Option<CloseReason>,
}

impl EntryLink {
    /// The address to be shown, if it opens the door at `now`.
    #[must_use]
    pub fn usable(&self, now: Timestamp) -> Option<&EntryUrl> {
        let counts = self.closed.is_none() && now <= self.expires_at;
        self.url.as_ref().filter(|_| counts)
    }
}

/// What came of [`plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The number of the new link.
    pub id: EntryLinkId,
    /// The one whose place it takes.
    pub replaced: Option<EntryLink>,
}

pub(crate) const COLUMNS: [&str; 10] = [
    "id",
    "user_id",
    "channel_id",
    "url",
    "created_at",
    "expires_at",
    "outbox_id",
    "chat_id",
    "message_id",
    "closed_reason",
];

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: i64,
    user_id: i64,
    channel_id: i64,
    url: Option<String>,
    created_at: At,
    expires_at: At,
    outbox_id: i64,
    chat_id: Option<i64>,
    message_id: Option<i32>,
    closed_reason: Option<String>,
}

impl TryFrom<Row> for EntryLink {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let reason = |label: String| {
            CloseReason::ALL
                .into_iter()
                .find(|reason| reason.label() == label)
                .ok_or_else(|| StoreError::Unreadable("entry_links.closed_reason".to_owned()))
        };
        Ok(Self {
            id: EntryLinkId(row.id),
            user: UserId(row.user_id),
            channel: ChatId(row.channel_id),
            url: row.url.map(EntryUrl),
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            outbox: row.outbox_id,
            shown: row.chat_id.map(ChatId).zip(row.message_id.map(MessageId)),
            closed: row.closed_reason.map(reason).transpose()?,
        })
    }
}

/// Plans a link in place of the one that is open, before Telegram is asked to make it.
///
/// # Errors
/// When the database does not answer; a unique violation when another transaction plans one for the
/// same person at the same time.
pub async fn plan(tx: &Tx, link: &NewEntryLink, now: Timestamp) -> Result<Planned, StoreError> {
    #[derive(FromQueryResult)]
    struct Added {
        id: i64,
    }
    let close = format!(
        "UPDATE entry_links
         SET closed_at = $3, closed_reason = CASE WHEN url IS NOT NULL AND expires_at < $3 THEN $4 ELSE $5 END
         WHERE user_id = $1 AND channel_id = $2 AND closed_at IS NULL
         RETURNING {}",
        COLUMNS.join(", ")
    );
    let values = [
        link.user.0.into(),
        link.channel.0.into(),
        At(now).into(),
        CloseReason::Expired.label().into(),
        CloseReason::Replaced.label().into(),
    ];
    let replaced: Option<Row> = sql::first(tx, &close, values).await?;
    let added: Option<Added> = sql::first(
        tx,
        "INSERT INTO entry_links (user_id, channel_id, created_at, expires_at, outbox_id)
         VALUES ($1, $2, $3, $4, $5)
         RETURNING id",
        [
            link.user.0.into(),
            link.channel.0.into(),
            At(now).into(),
            At(link.expires_at).into(),
            link.outbox.into(),
        ],
    )
    .await?;
    let added = added.ok_or_else(|| StoreError::Unreadable("entry_links.id".to_owned()))?;
    Ok(Planned {
        id: EntryLinkId(added.id),
        replaced: replaced.map(EntryLink::try_from).transpose()?,
    })
}

/// Records that the link exists, and until when. False when it is closed or was recorded before:
/// then the address is not to be shown to anybody, and is to be revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn record(tx: &Tx, id: EntryLinkId, url: &str, expires_at: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE entry_links SET url = $2, expires_at = $3 WHERE id = $1 AND url IS NULL AND closed_at IS NULL",
        [id.0.into(), url.into(), At(expires_at).into()],
    )
    .await
}

/// Closes a link; false when it is closed.
///
/// # Errors
/// When the database does not answer.
pub async fn close(
    tx: &Tx,
    id: EntryLinkId,
    reason: CloseReason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE entry_links SET closed_at = $2, closed_reason = $3 WHERE id = $1 AND closed_at IS NULL",
        [id.0.into(), At(now).into(), reason.label().into()],
    )
    .await
}

/// Closes all links of a person, to whatever channel, and returns them: those with a URL are to be
/// revoked.
///
/// # Errors
/// When the database does not answer.
pub async fn close_all(
    tx: &Tx,
    user: UserId,
    reason: CloseReason,
    now: Timestamp,
) -> Result<Vec<EntryLink>, StoreError> {
    close_all_of(tx, &[user], reason, now).await
}

/// The same for several people, in the order of the links.
///
/// # Errors
/// When the database does not answer.
pub async fn close_all_of(
    tx: &Tx,
    users: &[UserId],
    reason: CloseReason,
    now: Timestamp,
) -> Result<Vec<EntryLink>, StoreError> {
    let mut closed = Vec::new();
    for users in users.chunks(BATCH) {
        let update = format!(
            "UPDATE entry_links SET closed_at = $1, closed_reason = $2
             WHERE user_id IN ({}) AND closed_at IS NULL
             RETURNING {}",
            sql::parameters(3, users.len()),
            COLUMNS.join(", ")
        );
        let values = [At(now).into(), reason.label().into()];
        let values = values.into_iter().chain(users.iter().map(|user| user.0.into()));
        closed.extend(sql::all::<Row>(tx, &update, values).await?);
    }
    closed.sort_by_key(|row| row.id);
    closed.into_iter().map(EntryLink::try_from).collect()
}

/// Notes the message that carries the link, to be edited when it does not count any more.
///
/// # Errors
/// When the database does not answer.
pub async fn set_shown(
    tx: &Tx,
    id: EntryLinkId,
    chat: ChatId,
    message: MessageId,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE entry_links SET chat_id = $2, message_id = $3 WHERE id = $1",
        [id.0.into(), chat.0.into(), message.0.into()],
    )
    .await
}

/// The link of that number.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: EntryLinkId) -> Result<Option<EntryLink>, StoreError> {
    newest(db, "id = $1", [id.0.into()]).await
}

/// The link that a row of the outbox makes.
///
/// # Errors
/// When the database does not answer.
pub async fn by_outbox(db: &impl Connection, outbox: i64) -> Result<Option<EntryLink>, StoreError> {
    newest(db, "outbox_id = $1", [outbox.into()]).await
}

/// The link of that address, open or not.
///
/// # Errors
/// When the database does not answer.
pub async fn by_url(db: &impl Connection, url: &str) -> Result<Option<EntryLink>, StoreError> {
    newest(db, "url = $1", [url.into()]).await
}

/// The open link of a person to a channel, made or being made, even when its time is over.
///
/// # Errors
/// When the database does not answer.
pub async fn open_of(
    db: &impl Connection,
    user: UserId,
    channel: ChatId,
) -> Result<Option<EntryLink>, StoreError> {
    let condition = "user_id = $1 AND channel_id = $2 AND closed_at IS NULL";
    newest(db, condition, [user.0.into(), channel.0.into()]).await
}

/// The last link of a person to a channel that was made, open or not.
///
/// # Errors
/// When the database does not answer.
pub async fn last_made(
    db: &impl Connection,
    user: UserId,
    channel: ChatId,
) -> Result<Option<EntryLink>, StoreError> {
    let condition = "user_id = $1 AND channel_id = $2 AND url IS NOT NULL";
    newest(db, condition, [user.0.into(), channel.0.into()]).await
}

async fn newest<const N: usize>(
    db: &impl Connection,
    condition: &str,
    values: [sea_orm::Value; N],
) -> Result<Option<EntryLink>, StoreError> {
    let query = format!(
        "SELECT {} FROM entry_links WHERE {condition} ORDER BY id DESC LIMIT 1",
        COLUMNS.join(", ")
    );
    let row: Option<Row> = sql::first(db, &query, values).await?;
    row.map(EntryLink::try_from).transpose()
}

/// How many links were made for a person since a moment. Those that could not be made, or have not
/// been made yet, do not count.
///
/// # Errors
/// When the database does not answer.
pub async fn made_since(db: &impl Connection, user: UserId, since: Timestamp) -> Result<usize, StoreError> {
    #[derive(FromQueryResult)]
    struct Made {
        made: i64,
    }
    let made: Option<Made> = sql::first(
        db,
        "SELECT count(*) AS made FROM entry_links WHERE user_id = $1 AND created_at >= $2 AND url IS NOT NULL",
        [user.0.into(), At(since).into()],
    )
    .await?;
    Ok(made.map_or(0, |row| usize::try_from(row.made).unwrap_or(usize::MAX)))
}
