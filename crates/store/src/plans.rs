//! Plans, table `subscription_plans`.

use domain::clock::Timestamp;
use domain::id::{PlanId, TokenId};
use domain::money::Money;
use domain::plan::{NewPlan, Plan};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use crate::entity::invitation_tokens;
use crate::entity::subscription_plans::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::url::Dialect;
use crate::value::At;

/// Which plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that invitations can be issued for.
    Active,
    /// All.
    All,
}

/// Why a plan was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// An active plan has this name, in some letter case.
    #[error("an active plan of this name exists already")]
    NameTaken,
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an active plan. Names are unique among active plans, whatever the letter case; the table
/// has no constraint for that, so plans are made one at a time.
///
/// # Errors
/// [`CreateError::NameTaken`]; the transaction can be used further.
pub async fn create(tx: &Tx, plan: &NewPlan, now: Timestamp) -> Result<Plan, CreateError> {
    if tx.dialect() == Dialect::Postgres {
        // On SQLite the transaction is the only writer already. Readers are not held up.
        tx.execute_unprepared("LOCK TABLE subscription_plans IN SHARE ROW EXCLUSIVE MODE")
            .await
            .map_err(StoreError::from)?;
    }
    let taken = list(tx, Which::Active).await?;
    if taken
        .iter()
        .any(|other| same_name(&other.name, plan.name.as_str()))
    {
        return Err(CreateError::NameTaken);
    }
    let row = ActiveModel {
        name: Set(plan.name.as_str().to_owned()),
        duration_days: Set(plan.days.get()),
        price: Set(fraction(plan.price)),
        currency: Set(plan.currency.as_str().to_owned()),
        active: Set(true),
        created_at: Set(At(now)),
        created_by: Set(plan.created_by.0),
        ..Default::default()
    };
    let row = row.insert(tx).await.map_err(StoreError::from)?;
    Ok(translate(row)?)
}

/// Plans in the order in which they were made.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &impl Connection, which: Which) -> Result<Vec<Plan>, StoreError> {
    let mut query = Entity::find().order_by_asc(Column::Id);
    if which == Which::Active {
        query = query.filter(Column::Active.eq(true));
    }
    query.all(db).await?.into_iter().map(translate).collect()
}

/// The plan of that id, active or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: PlanId) -> Result<Option<Plan>, StoreError> {
    Entity::find_by_id(id.0).one(db).await?.map(translate).transpose()
}

/// The plan of a token, as it stands now, active or not.
///
/// # Errors
/// When the database does not answer.
pub async fn of_token(db: &impl Connection, token: TokenId) -> Result<Option<Plan>, StoreError> {
    let plan = invitation_tokens::Entity::find()
        .select_only()
        .column(invitation_tokens::Column::PlanId)
        .filter(invitation_tokens::Column::Id.eq(token.0))
        .into_query();
    let row = Entity::find()
        .filter(Column::Id.in_subquery(plan))
        .one(db)
        .await?;
    row.map(translate).transpose()
}

/// The active plan of that name, in any letter case. Old databases may hold several: the newest counts.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_name(db: &impl Connection, name: &str) -> Result<Option<Plan>, StoreError> {
    let plans = list(db, Which::Active).await?;
    Ok(plans.into_iter().rfind(|plan| same_name(&plan.name, name)))
}

/// Puts a plan on offer or takes it off; false when there is no such plan.
///
/// # Errors
/// When the database does not answer.
pub async fn set_active(tx: &Tx, id: PlanId, active: bool) -> Result<bool, StoreError> {
    sql::one(
        tx,
        "UPDATE subscription_plans SET active = $2 WHERE id = $1",
        [id.0.into(), active.into()],
    )
    .await
}

/// Compared here and not in SQL: SQLite folds the case of ASCII only.
fn same_name(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn translate(row: Model) -> Result<Plan, StoreError> {
    Ok(Plan {
        id: PlanId(row.id),
        name: row.name,
        days: row.duration_days,
        price: price(row.price)?,
        currency: row.currency,
        active: row.active,
    })
}

/// The price that a binary fraction stands for.
pub(crate) fn price(fraction: f64) -> Result<Money, StoreError> {
    Decimal::try_from(fraction)
        .ok()
        .and_then(|price| Money::rounded(price).ok())
        .ok_or_else(|| StoreError::Unreadable("price of a plan".to_owned()))
}

fn fraction(money: Money) -> f64 {
    money.amount().to_f64().expect("Money::MAX fits")
}
