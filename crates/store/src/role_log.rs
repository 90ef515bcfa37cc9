//! The history of stored roles, table `user_role_change_log`. Rows are only ever added.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource, UnknownLabel};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use crate::entity::user_role_change_log::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, cast};
use crate::value::{At, Json, Label};

/// Rows per statement: far from the databases' limits on parameters.
const BATCH: usize = 200;

/// A change of a person's stored role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// Whose role. The history outlives the person: they need not be stored.
    pub user: UserId,
    /// The role before; none where nobody knows.
    pub previous: Option<Role>,
    /// The role since.
    pub new: Role,
    /// Who changed it; 0 is the house.
    pub changed_by: UserId,
    /// Why.
    pub reason: RoleChangeReason,
    /// Through which door.
    pub source: RoleChangeSource,
    /// What else is worth knowing. `null` is nothing, and reads as none.
    pub metadata: Option<serde_json::Value>,
}

/// A change in the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRoleChange {
    /// The change.
    pub change: RoleChange,
    /// When it was made.
    pub changed_at: Timestamp,
}

/// Adds a change to the history.
///
/// # Errors
/// When the database does not answer.
pub async fn append(tx: &Tx, change: &RoleChange, now: Timestamp) -> Result<(), StoreError> {
    let metadata = change.metadata.clone().filter(|metadata| !metadata.is_null());
    let row = ActiveModel {
        user_id: Set(change.user.0),
        previous_role: Set(change.previous.map(Label::from)),
        new_role: Set(change.new.into()),
        changed_by: Set(change.changed_by.0),
        reason: Set(change.reason.into()),
        change_source: Set(change.source.label().to_owned()),
        change_metadata: Set(metadata.map(Json)),
        changed_at: Set(At(now)),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Adds changes to the history, in their order, with one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn append_all(tx: &Tx, changes: &[RoleChange], now: Timestamp) -> Result<(), StoreError> {
    const COLUMNS: usize = 8;
    for batch in changes.chunks(BATCH) {
        let row = |row: usize| {
            let column = |column: usize| format!("${}", row * COLUMNS + column);
            format!(
                "({}, {}, {}, {}, {}, {}, {}, {})",
                column(1),
                cast(tx, &column(2), "userrole"),
                cast(tx, &column(3), "userrole"),
                column(4),
                cast(tx, &column(5), "rolechangereason"),
                column(6),
                cast(tx, &column(7), "json"),
                column(8),
            )
        };
        let rows: Vec<String> = (0..batch.len()).map(row).collect();
        let insert = format!(
            "INSERT INTO user_role_change_log
                 (user_id, previous_role, new_role, changed_by, reason, change_source, change_metadata, changed_at)
             VALUES {}",
            rows.join(", ")
        );
        let values = batch.iter().flat_map(|change| -> [Value; COLUMNS] {
            let metadata = change.metadata.clone().filter(|metadata| !metadata.is_null());
            [
                change.user.0.into(),
                change.previous.map(Role::label).into(),
                change.new.label().into(),
                change.changed_by.0.into(),
                change.reason.label().into(),
                change.source.label().into(),
                metadata.map(Json).into(),
                At(now).into(),
            ]
        });
        sql::execute(tx, &insert, values).await?;
    }
    Ok(())
}

/// The last changes of a person's role, the newest first, at most `limit`.
///
/// # Errors
/// [`StoreError::Unreadable`] when one of them has a label that nobody knows: a history with a gap
/// would be a false one.
pub async fn of_person(
    db: &impl Connection,
    user: UserId,
    limit: u64,
) -> Result<Vec<LoggedRoleChange>, StoreError> {
    let rows = Entity::find()
        .filter(Column::UserId.eq(user.0))
        .order_by_desc(Column::ChangedAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    let changes: Result<_, _> = rows.into_iter().map(LoggedRoleChange::try_from).collect();
    changes.map_err(|UnknownLabel(what)| StoreError::Unreadable(format!("{what} in the history")))
}

impl TryFrom<Model> for LoggedRoleChange {
    type Error = UnknownLabel;

    fn try_from(row: Model) -> Result<Self, UnknownLabel> {
        let change = RoleChange {
            user: UserId(row.user_id),
            previous: row.previous_role.map(|role| role.get()).transpose()?,
            new: row.new_role.get()?,
            changed_by: UserId(row.changed_by),
            reason: row.reason.get()?,
            source: row.change_source.parse()?,
            metadata: row.change_metadata.map(|json| json.0),
        };
        Ok(Self {
            change,
            changed_at: row.changed_at.0,
        })
    }
}
