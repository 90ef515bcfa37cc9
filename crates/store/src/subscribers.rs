//! Subscriptions, table `vip_subscribers`, and the token rows that they hang on.

use domain::clock::Timestamp;
use domain::id::{PlanId, SubscriberId, UserId};
use domain::subscription::{Stage, Status, Subscription};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::{invitation_tokens, vip_subscribers};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::value::At;

/// A subscription and its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSubscription {
    /// Row id.
    pub id: SubscriberId,
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

impl From<vip_subscribers::Model> for StoredSubscription {
    fn from(row: vip_subscribers::Model) -> Self {
        Self {
            id: SubscriberId(row.id),
            subscription: Subscription {
                status: Status::from_label(&row.status),
                expiry: row.expiry_date.0,
                stage: row.vip_entry_stage.map(Stage::from_number),
            },
        }
    }
}
