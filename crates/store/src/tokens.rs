//! Tokens as the predecessor knows them, table `invitation_tokens`. What they are good for
//! [`invitations`](crate::invitations) says.

use domain::clock::Timestamp;
use domain::id::{PlanId, TokenId, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};

use crate::entity::invitation_tokens::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::value::At;

/// A token to be issued.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// Its text; unique, at most 64 characters.
    pub token: &'a str,
    /// Who issues it.
    pub by: UserId,
    /// For how many hours it can be redeemed.
    pub valid_hours: i32,
    /// The plan that it opens.
    pub plan: Option<PlanId>,
}

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Row id.
    pub id: TokenId,
    /// Its text.
    pub token: String,
    /// Who issued it; 0 is the house.
    pub by: UserId,
    /// When it was issued.
    pub created_at: Timestamp,
    /// For how many hours from then it can be redeemed; 0 for the row of a grant.
    pub valid_hours: i32,
    /// Whether it was redeemed. Old rows may not tell by whom and when.
    pub used: bool,
    /// Who redeemed it.
    pub used_by: Option<UserId>,
    /// When it was redeemed.
    pub used_at: Option<Timestamp>,
    /// The plan that it opens.
    pub plan: Option<PlanId>,
}

/// Issues a token as the predecessor does: it promises what its plan offers when it is redeemed.
///
/// # Errors
/// A unique violation when the text exists; a broken foreign key when the plan does not.
pub async fn issue(tx: &Tx, token: &NewToken<'_>, now: Timestamp) -> Result<StoredToken, StoreError> {
    let row = ActiveModel {
        token: Set(token.token.to_owned()),
        generated_by: Set(token.by.0),
        created_at: Set(At(now)),
        duration_hours: Set(token.valid_hours),
        used: Set(false),
        plan_id: Set(token.plan.map(|plan| plan.0)),
        ..Default::default()
    };
    Ok(row.insert(tx).await?.into())
}

/// The token of exactly that text, used or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, token: &str) -> Result<Option<StoredToken>, StoreError> {
    let row = Entity::find().filter(Column::Token.eq(token)).one(db).await?;
    Ok(row.map(StoredToken::from))
}

impl From<Model> for StoredToken {
    fn from(row: Model) -> Self {
        Self {
            id: TokenId(row.id),
            token: row.token,
            by: UserId(row.generated_by),
            created_at: row.created_at.0,
            valid_hours: row.duration_hours,
            used: row.used,
            used_by: row.used_by.map(UserId),
            used_at: row.used_at.map(|at| at.0),
            plan: row.plan_id.map(PlanId),
        }
    }
}
