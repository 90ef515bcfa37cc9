//! Where people are, as Telegram last said, table `presence`; and what custodians decided about it.
//! Of somebody without a row nothing is known: Telegram has to be asked.

use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// Somebody's standing in a channel (Bot API, `ChatMember.status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Owns the channel.
    Creator,
    /// Administers it.
    Administrator,
    /// Is inside.
    Member,
    /// Is inside under restrictions. Whoever is restricted and not inside counts as having left.
    Restricted,
    /// Is not inside and may come in.
    Left,
    /// Is banned.
    Kicked,
}

/// Where a custodian wants somebody: whom others have removed, or who came in uninvited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// They may come in again, or stay.
    Inside,
    /// They are left out, or seen out.
    Outside,
}

/// What Telegram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Of whom.
    pub user: UserId,
    /// Where.
    pub channel: ChatId,
    /// How they stand.
    pub standing: Standing,
    /// The end of a ban or restriction; none when it does not end.
    pub until: Option<Timestamp>,
    /// Whose act it was, where Telegram tells: a `chat_member` update does, an answer to
    /// `getChatMember` does not.
    pub actor: Option<UserId>,
}

/// What is known of somebody in a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// How they stand.
    pub standing: Standing,
    /// Since when they are known to stand so.
    pub since: Timestamp,
    /// The end of a ban or restriction; none when it does not end.
    pub until: Option<Timestamp>,
    /// Whose act it was, if that was ever told.
    pub actor: Option<UserId>,
    /// When Telegram said it last.
    pub noted_at: Timestamp,
    /// When custodians were asked what to do about it.
    pub asked_at: Option<Timestamp>,
    /// What one of them said.
    pub answer: Option<Answer>,
}

impl Standing {
    const ALL: [Self; 6] = [
        Self::Creator,
        Self::Administrator,
        Self::Member,
        Self::Restricted,
        Self::Left,
        Self::Kicked,
    ];

    /// Whether this is somebody inside.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        !matches!(self, Self::Left | Self::Kicked)
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Administrator => "administrator",
            Self::Member => "member",
            Self::Restricted => "restricted",
            Self::Left => "left",
            Self::Kicked => "kicked",
        }
    }
}

impl Answer {
    const fn label(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Outside => "outside",
        }
    }
}

pub(crate) const COLUMNS: [&str; 8] = [
    "user_id", "standing", "since", "until", "actor", "noted_at", "asked_at", "answer",
];

#[derive(FromQueryResult)]
pub(crate) struct Row {
    standing: String,
    since: At,
    until: Option<At>,
    actor: Option<i64>,
    noted_at: At,
    asked_at: Option<At>,
    answer: Option<String>,
}

impl TryFrom<Row> for Presence {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let standing = Standing::ALL
            .into_iter()
            .find(|standing| standing.label() == row.standing);
        let answer = [Answer::Inside, Answer::Outside]
            .into_iter()
            .find(|answer| Some(answer.label()) == row.answer.as_deref());
        Ok(Self {
            standing: standing.ok_or_else(|| StoreError::Unreadable("presence.standing".to_owned()))?,
            since: row.since.0,
            until: row.until.map(|at| at.0),
            actor: row.actor.map(UserId),
            noted_at: row.noted_at.0,
            asked_at: row.asked_at.map(|at| at.0),
            answer,
        })
    }
}

/// What is known of a person in a channel.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl Connection,
    user: UserId,
    channel: ChatId,
) -> Result<Option<Presence>, StoreError> {
    let query = format!(
        "SELECT {} FROM presence WHERE user_id = $1 AND channel_id = $2",
        COLUMNS.join(", ")
    );
    let row: Option<Row> = sql::first(db, &query, [user.0.into(), channel.0.into()]).await?;
    row.map(Presence::try_from).transpose()
}

/// Notes what Telegram says at a moment. While a standing lasts, it keeps its beginning, what
/// custodians decided, and whose act it was, unless that is told anew. False when the person is not
/// stored or something newer is known.
///
/// # Errors
/// When the database does not answer.
pub async fn note(tx: &Tx, seen: &Sighting, at: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO presence (user_id, channel_id, standing, since, until, actor, noted_at)
         SELECT user_id, $2, $3, $4, $5, $6, $4 FROM users WHERE user_id = $1
         ON CONFLICT (user_id, channel_id) DO UPDATE
         SET since = CASE WHEN presence.standing = excluded.standing THEN presence.since ELSE excluded.since END,
             actor = CASE WHEN presence.standing = excluded.standing AND excluded.actor IS NULL THEN presence.actor
                          ELSE excluded.actor END,
             asked_at = CASE WHEN presence.standing = excluded.standing THEN presence.asked_at END,
             answer = CASE WHEN presence.standing = excluded.standing THEN presence.answer END,
             answered_by = CASE WHEN presence.standing = excluded.standing THEN presence.answered_by END,
             standing = excluded.standing, until = excluded.until, noted_at = excluded.noted_at
         WHERE presence.noted_at <= excluded.noted_at",
        columns(seen, at),
    )
    .await
}

/// Notes that somebody is inside. True once, until they are outside again: of several who note the same
/// entry at once, one is told so. False, too, when something newer is known or they are not stored.
///
/// # Errors
/// When the database does not answer.
pub async fn note_inside(tx: &Tx, seen: &Sighting, at: Timestamp) -> Result<bool, StoreError> {
    let has_come = one(
        tx,
        "UPDATE presence SET standing = $3, since = $4, until = $5, actor = $6, noted_at = $4,
                asked_at = NULL, answer = NULL, answered_by = NULL
         WHERE user_id = $1 AND channel_id = $2 AND standing IN ('left', 'kicked') AND noted_at <= $4",
        columns(seen, at),
    )
    .await?;
    Ok(has_come || add(tx, seen, at).await?)
}

/// Notes that somebody is outside, having left or being banned. True once for each way of being so: of
/// several who note the same at once, one is told so. False, too, when something newer is known or they
/// are not stored.
///
/// # Errors
/// When the database does not answer.
pub async fn note_outside(tx: &Tx, seen: &Sighting, at: Timestamp) -> Result<bool, StoreError> {
    let has_gone = one(
        tx,
        "UPDATE presence SET standing = $3, since = $4, until = $5, actor = $6, noted_at = $4,
                asked_at = NULL, answer = NULL, answered_by = NULL
         WHERE user_id = $1 AND channel_id = $2 AND standing <> $3 AND noted_at <= $4",
        columns(seen, at),
    )
    .await?;
    Ok(has_gone || add(tx, seen, at).await?)
}

/// Adds what is known of somebody; otherwise notes it with what was known before. True when it was
/// added.
async fn add(tx: &Tx, seen: &Sighting, at: Timestamp) -> Result<bool, StoreError> {
    let is_new = one(
        tx,
        "INSERT INTO presence (user_id, channel_id, standing, since, until, actor, noted_at)
         SELECT user_id, $2, $3, $4, $5, $6, $4 FROM users WHERE user_id = $1
         ON CONFLICT (user_id, channel_id) DO NOTHING",
        columns(seen, at),
    )
    .await?;
    if !is_new {
        note(tx, seen, at).await?;
    }
    Ok(is_new)
}

fn columns(seen: &Sighting, at: Timestamp) -> [Value; 6] {
    [
        seen.user.0.into(),
        seen.channel.0.into(),
        seen.standing.label().into(),
        At(at).into(),
        seen.until.map(At).into(),
        seen.actor.map(|actor| actor.0).into(),
    ]
}

/// How many people are known to be inside a channel.
///
/// # Errors
/// When the database does not answer.
pub async fn count_inside(db: &impl Connection, channel: ChatId) -> Result<i64, StoreError> {
    count_inside_besides(db, channel, &[]).await
}

/// How many people other than these are known to be inside a channel.
///
/// # Errors
/// When the database does not answer.
pub async fn count_inside_besides(
    db: &impl Connection,
    channel: ChatId,
    others: &[UserId],
) -> Result<i64, StoreError> {
    let besides = match others.len() {
        0 => String::new(),
        count => format!("AND user_id NOT IN ({})", sql::parameters(2, count)),
    };
    let query = format!(
        "SELECT count(*) AS count FROM presence
         WHERE channel_id = $1 AND standing NOT IN ('left', 'kicked') {besides}"
    );
    let ids = [channel.0].into_iter().chain(others.iter().map(|user| user.0));
    sql::count(db, &query, ids.map(Value::from)).await
}

/// Custodians are asked about the present standing: true once while it lasts.
///
/// # Errors
/// When the database does not answer.
pub async fn ask(tx: &Tx, user: UserId, channel: ChatId, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE presence SET asked_at = $3 WHERE user_id = $1 AND channel_id = $2 AND asked_at IS NULL",
        [user.0.into(), channel.0.into(), At(now).into()],
    )
    .await
}

/// A custodian answers. False when nobody was asked, another one has answered, or the standing about
/// which they were asked is over.
///
/// # Errors
/// When the database does not answer.
pub async fn answer(
    tx: &Tx,
    user: UserId,
    channel: ChatId,
    answer: Answer,
    by: UserId,
) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE presence SET answer = $3, answered_by = $4
         WHERE user_id = $1 AND channel_id = $2 AND asked_at IS NOT NULL AND answer IS NULL",
        [
            user.0.into(),
            channel.0.into(),
            answer.label().into(),
            by.0.into(),
        ],
    )
    .await
}
