//! Subscriptions, table `vip_subscribers`, and the token rows that they hang on. A person has one row,
//! for life.
//!
//! Changes are conditional on what was read before, in the sense in which it was read: old rows may
//! spell the same values differently.

use domain::clock::Timestamp;
use domain::id::{ChatId, PlanId, SubscriberId, TokenId, UserId};
use domain::redemption::Redemption;
use domain::subscription::{Stage, Status, Subscription};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryResult};

use crate::entity::{invitation_tokens, vip_subscribers};
use crate::entry_links::{self, EntryLink};
use crate::error::StoreError;
use crate::invitations::{self, TokenKind};
use crate::presence::{self, Presence};
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::url::Dialect;
use crate::value::At;
use crate::vip_door::{self, OpenRequest};

/// A subscription and its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSubscription {
    /// Row id.
    pub id: SubscriberId,
    /// The token that made or extended it last.
    pub token: TokenId,
    /// What access depends on.
    pub subscription: Subscription,
}

/// A subscription that no invitation made.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// Who gets it; already stored.
    pub user: UserId,
    /// The text of the token row that it hangs on; unique, never redeemable because used.
    pub token: &'a str,
    /// The plan that it follows, if any.
    pub plan: Option<PlanId>,
    /// Who grants it; 0 is the house.
    pub by: UserId,
    /// Its last moment.
    pub expiry: Timestamp,
    /// The step of the ritual; none once it is finished.
    pub stage: Option<Stage>,
}

/// How a subscriber stands to the members' channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// The subscription, valid or not.
    pub subscription: StoredSubscription,
    /// Where Telegram last said that they are; none: it never did.
    pub presence: Option<Presence>,
    /// Their open personal link, made or being made, even when its time is over.
    pub link: Option<EntryLink>,
    /// Their open request to be let in.
    pub request: Option<OpenRequest>,
}

/// `status` as [`Status::from_label`] reads it.
pub(crate) const RUNS: &str = "lower(trim(status)) = 'active'";

/// `vip_entry_stage` as [`Stage::from_number`] reads it.
const STAGE: &str =
    "CASE WHEN vip_entry_stage IS NULL OR vip_entry_stage IN (2, 3) THEN vip_entry_stage ELSE 1 END";

/// The subscription of a person, valid or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, user: UserId) -> Result<Option<StoredSubscription>, StoreError> {
    let row = vip_subscribers::Entity::find()
        .filter(vip_subscribers::Column::UserId.eq(user.0))
        .one(db)
        .await?;
    Ok(row.map(StoredSubscription::from))
}

/// How a person stands to a channel, in one statement; none without a subscription.
///
/// # Errors
/// When the database does not answer.
pub async fn situation(
    db: &impl Connection,
    user: UserId,
    channel: ChatId,
) -> Result<Option<Situation>, StoreError> {
    let query = format!(
        "SELECT v.id, v.token_id, v.status, v.expiry_date, v.vip_entry_stage, {}, {}, {}
         FROM vip_subscribers v
         LEFT JOIN presence ON presence.user_id = v.user_id AND presence.channel_id = $2
         LEFT JOIN entry_links
             ON entry_links.user_id = v.user_id AND entry_links.channel_id = $2 AND entry_links.closed_at IS NULL
         LEFT JOIN door_requests
             ON door_requests.user_id = v.user_id AND door_requests.channel_id = $2
                AND door_requests.decision = 'open'
         WHERE v.user_id = $1",
        sql::prefixed("presence", &presence::COLUMNS),
        sql::prefixed("entry_links", &entry_links::COLUMNS),
        sql::prefixed("door_requests", &vip_door::COLUMNS),
    );
    let row: Option<SituationRow> = sql::first(db, &query, [user.0.into(), channel.0.into()]).await?;
    row.map(|row| {
        Ok(Situation {
            subscription: row.subscription.into(),
            presence: row.presence.map(Presence::try_from).transpose()?,
            link: row.link.map(EntryLink::try_from).transpose()?,
            request: row.request.map(OpenRequest::from),
        })
    })
    .transpose()
}

/// Gives a person a subscription, with a used token row of its own.
///
/// # Errors
/// A unique violation when the person has a subscription or the token exists; a broken foreign key
/// when the person is not stored.
pub async fn grant(tx: &Tx, grant: &Grant<'_>, now: Timestamp) -> Result<StoredSubscription, StoreError> {
    let token = invitation_tokens::ActiveModel {
        token: Set(grant.token.to_owned()),
        generated_by: Set(grant.by.0),
        created_at: Set(At(now)),
        duration_hours: Set(0),
        used: Set(true),
        used_by: Set(Some(grant.user.0)),
        used_at: Set(Some(At(now))),
        plan_id: Set(grant.plan.map(|plan| plan.0)),
        ..Default::default()
    };
    let token = token.insert(tx).await?;
    invitations::describe(tx, TokenId(token.id), TokenKind::Grant, None).await?;
    let row = vip_subscribers::ActiveModel {
        user_id: Set(grant.user.0),
        join_date: Set(At(now)),
        expiry_date: Set(At(grant.expiry)),
        status: Set(Status::Active.label().to_owned()),
        vip_entry_stage: Set(grant.stage.map(Stage::number)),
        vip_entry_token: Set(None),
        invite_link_sent_at: Set(None),
        token_id: Set(token.id),
        ..Default::default()
    };
    Ok(row.insert(tx).await?.into())
}

/// Makes or extends the subscription of a stored person by a token that this transaction has claimed,
/// as `redemption` says. False when it is no longer as it was in `previous`: then nothing may be
/// committed, and the whole is decided anew.
///
/// # Errors
/// A broken foreign key when the person is not stored.
pub async fn apply_redemption(
    tx: &Tx,
    user: UserId,
    token: TokenId,
    previous: Option<&StoredSubscription>,
    redemption: &Redemption,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = [
        user.0.into(),
        token.0.into(),
        At(redemption.expiry).into(),
        Status::Active.label().into(),
        redemption.stage.map(Stage::number).into(),
    ];
    let Some(previous) = previous else {
        let insert = "INSERT INTO vip_subscribers
                          (user_id, token_id, expiry_date, status, vip_entry_stage, join_date)
                      VALUES ($1, $2, $3, $4, $5, $6)
                      ON CONFLICT (user_id) DO NOTHING";
        let values = values.into_iter().chain([At(now).into()]);
        return Ok(sql::execute(tx, insert, values).await? == 1);
    };
    let same_expiry = match tx.dialect() {
        Dialect::Postgres => "expiry_date = $10",
        // Not written by us, the same moment may be spelled otherwise, and a wrong spelling must not
        // shut its owner out: then the second has to do.
        Dialect::Sqlite => "(expiry_date = $10 OR datetime(expiry_date) = datetime($10))",
    };
    let update = format!(
        "UPDATE vip_subscribers
         SET token_id = $2, expiry_date = $3, status = $4, vip_entry_stage = $5,
             invite_link_sent_at = CASE WHEN $5 IS NULL THEN invite_link_sent_at END
         WHERE user_id = $1 AND id = $6 AND token_id = $7 AND ({RUNS}) = $8
           AND ({STAGE}) IS NOT DISTINCT FROM $9 AND {same_expiry}"
    );
    let seen = previous.subscription;
    let values = values.into_iter().chain([
        previous.id.0.into(),
        previous.token.0.into(),
        (seen.status == Status::Active).into(),
        seen.stage.map(Stage::number).into(),
        At(seen.expiry).into(),
    ]);
    Ok(sql::execute(tx, &update, values).await? == 1)
}

/// Since when a person has been a member, where that was longer than this house knows.
///
/// # Errors
/// When the database does not answer.
pub async fn set_joined(tx: &Tx, user: UserId, at: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE vip_subscribers SET join_date = $2 WHERE user_id = $1",
        [user.0.into(), At(at).into()],
    )
    .await
}

/// Takes the ritual of a person from one stage to another; none is its end. False when it is not at
/// `from` any more, or when the subscription is over.
///
/// # Errors
/// When the database does not answer.
pub async fn advance_stage(
    tx: &Tx,
    user: UserId,
    from: Stage,
    to: Option<Stage>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let update = format!(
        "UPDATE vip_subscribers
         SET vip_entry_stage = $3, invite_link_sent_at = CASE WHEN $3 = 3 THEN $4 ELSE invite_link_sent_at END
         WHERE user_id = $1 AND ({STAGE}) = $2 AND {RUNS} AND expiry_date >= $4"
    );
    let values = [
        user.0.into(),
        from.number().into(),
        to.map(Stage::number).into(),
        At(now).into(),
    ];
    one(tx, &update, values).await
}

/// How many subscriptions run, whatever their last moment is.
///
/// # Errors
/// When the database does not answer.
pub async fn count_active(db: &impl Connection) -> Result<i64, StoreError> {
    let query = format!("SELECT count(*) AS count FROM vip_subscribers WHERE {RUNS}");
    sql::count(db, &query, []).await
}

/// The first of the last moments of the subscriptions that run.
///
/// # Errors
/// When the database does not answer.
pub async fn next_end(db: &impl Connection) -> Result<Option<Timestamp>, StoreError> {
    #[derive(FromQueryResult)]
    struct Next {
        expiry: Option<At>,
    }
    let query = format!("SELECT min(expiry_date) AS expiry FROM vip_subscribers WHERE {RUNS}");
    let next: Option<Next> = sql::first(db, &query, []).await?;
    Ok(next.and_then(|next| next.expiry).map(|at| at.0))
}

/// The subscription in a row that it was joined to, if there is one.
pub(crate) fn joined(
    id: Option<i32>,
    token_id: Option<i32>,
    status: Option<String>,
    expiry_date: Option<At>,
    vip_entry_stage: Option<i32>,
) -> Option<StoredSubscription> {
    let row = Row {
        id: id?,
        token_id: token_id?,
        status: status?,
        expiry_date: expiry_date?,
        vip_entry_stage,
    };
    Some(row.into())
}

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: i32,
    token_id: i32,
    status: String,
    expiry_date: At,
    vip_entry_stage: Option<i32>,
}

struct SituationRow {
    subscription: Row,
    presence: Option<presence::Row>,
    link: Option<entry_links::Row>,
    request: Option<vip_door::Row>,
}

impl FromQueryResult for SituationRow {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            subscription: Row::from_query_result(row, prefix)?,
            presence: sql::joined(row, "presence", "user_id")?,
            link: sql::joined(row, "entry_links", "id")?,
            request: sql::joined(row, "door_requests", "user_id")?,
        })
    }
}

impl From<Row> for StoredSubscription {
    fn from(row: Row) -> Self {
        Self {
            id: SubscriberId(row.id),
            token: TokenId(row.token_id),
            subscription: Subscription {
                status: Status::from_label(&row.status),
                expiry: row.expiry_date.0,
                stage: row.vip_entry_stage.map(Stage::from_number),
            },
        }
    }
}

impl From<vip_subscribers::Model> for StoredSubscription {
    fn from(row: vip_subscribers::Model) -> Self {
        Row {
            id: row.id,
            token_id: row.token_id,
            status: row.status,
            expiry_date: row.expiry_date,
            vip_entry_stage: row.vip_entry_stage,
        }
        .into()
    }
}
