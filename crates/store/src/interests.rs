//! Who is interested in which package, table `user_interests`.

use domain::clock::Timestamp;
use domain::id::{InterestId, PackageId, UserId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};

use crate::entity::user_interests::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::value::At;

/// A person's interest in a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredInterest {
    /// Row id.
    pub id: InterestId,
    /// Who.
    pub user: UserId,
    /// In what.
    pub package: PackageId,
    /// When they said so.
    pub created_at: Timestamp,
    /// Whether a custodian has seen to it. Old rows may not tell when.
    pub attended: bool,
    /// When a custodian did.
    pub attended_at: Option<Timestamp>,
}

/// Notes an interest, to be attended, unless it is noted already; tells whether it was added. Safe
/// when the same person presses twice at once.
///
/// # Errors
/// A broken foreign key when the person or the package is not stored.
pub async fn add(tx: &Tx, user: UserId, package: PackageId, now: Timestamp) -> Result<bool, StoreError> {
    let row = ActiveModel {
        user_id: Set(user.0),
        package_id: Set(package.0),
        is_attended: Set(false),
        created_at: Set(At(now)),
        ..Default::default()
    };
    let inserted = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::UserId, Column::PackageId])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

/// A person's interest in a package, attended or not.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    db: &impl Connection,
    user: UserId,
    package: PackageId,
) -> Result<Option<StoredInterest>, StoreError> {
    let row = Entity::find()
        .filter(Column::UserId.eq(user.0))
        .filter(Column::PackageId.eq(package.0))
        .one(db)
        .await?;
    Ok(row.map(StoredInterest::from))
}

/// Marks an interest as attended; tells whether it was waiting for that.
///
/// # Errors
/// When the database does not answer.
pub async fn attend(tx: &Tx, id: InterestId, now: Timestamp) -> Result<bool, StoreError> {
    sql::one(
        tx,
        "UPDATE user_interests SET is_attended = TRUE, attended_at = $2 WHERE id = $1 AND NOT is_attended",
        [id.0.into(), At(now).into()],
    )
    .await
}

impl From<Model> for StoredInterest {
    fn from(row: Model) -> Self {
        Self {
            id: InterestId(row.id),
            user: UserId(row.user_id),
            package: PackageId(row.package_id),
            created_at: row.created_at.0,
            attended: row.is_attended,
            attended_at: row.attended_at.map(|at| at.0),
        }
    }
}
