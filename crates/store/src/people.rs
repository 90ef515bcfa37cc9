//! People, table `users`.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, PaginatorTrait, TryInsertResult};

use crate::entity::{users, vip_subscribers};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::subscribers::StoredSubscription;
use crate::value::{At, none_if_empty};

/// A person as the house knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPerson {
    /// Names.
    pub profile: Profile,
    /// The stored role. A label that nobody knows reads as [`Role::Free`]: access does not depend
    /// on it, and a damaged row must shut nobody out.
    pub role: Role,
    /// When the house first saw them.
    pub created_at: Timestamp,
}

/// All that an update's access depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The person.
    pub person: StoredPerson,
    /// Their subscription, valid or not.
    pub subscription: Option<StoredSubscription>,
}

/// The person of that id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: UserId) -> Result<Option<StoredPerson>, StoreError> {
    let row = users::Entity::find_by_id(id.0).one(db).await?;
    Ok(row.map(StoredPerson::from))
}

/// The person and their subscription, in one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn known(db: &impl Connection, id: UserId) -> Result<Option<Known>, StoreError> {
    let row = users::Entity::find_by_id(id.0)
        .find_also_related(vip_subscribers::Entity)
        .one(db)
        .await?;
    Ok(row.map(|(person, subscription)| Known {
        person: person.into(),
        subscription: subscription.map(StoredSubscription::from),
    }))
}

/// Adds a person unless they are there already; tells whether they were added. Safe when the same
/// person arrives twice at once.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_if_absent(
    tx: &Tx,
    profile: &Profile,
    role: Role,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let row = users::ActiveModel {
        user_id: Set(profile.id.0),
        username: Set(profile.username.clone()),
        first_name: Set(profile.first_name.clone()),
        last_name: Set(profile.last_name.clone()),
        role: Set(role.into()),
        created_at: Set(At(now)),
        updated_at: Set(At(now)),
    };
    let inserted = users::Entity::insert(row)
        .on_conflict_do_nothing_on([users::Column::UserId])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

/// Brings a known person's names up to date; writes, and returns true, only when one differs.
///
/// # Errors
/// When the database does not answer.
pub async fn refresh_names(tx: &Tx, profile: &Profile, now: Timestamp) -> Result<bool, StoreError> {
    let rows = sql::execute(
        tx,
        "UPDATE users SET username = $2, first_name = $3, last_name = $4, updated_at = $5
         WHERE user_id = $1
           AND (username IS DISTINCT FROM $2 OR first_name <> $3 OR last_name IS DISTINCT FROM $4)",
        [
            profile.id.0.into(),
            profile.username.clone().into(),
            profile.first_name.clone().into(),
            profile.last_name.clone().into(),
            At(now).into(),
        ],
    )
    .await?;
    Ok(rows > 0)
}

/// How many people the house knows.
///
/// # Errors
/// When the database does not answer.
pub async fn count(db: &impl Connection) -> Result<u64, StoreError> {
    Ok(users::Entity::find().count(db).await?)
}

impl From<users::Model> for StoredPerson {
    fn from(row: users::Model) -> Self {
        Self {
            profile: Profile {
                id: UserId(row.user_id),
                first_name: row.first_name,
                last_name: none_if_empty(row.last_name),
                username: none_if_empty(row.username),
            },
            role: row.role.get().unwrap_or(Role::Free),
            created_at: row.created_at.0,
        }
    }
}
