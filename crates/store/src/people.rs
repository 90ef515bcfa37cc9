//! People, table `users`.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::person::Profile;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, FromQueryResult, PaginatorTrait, TryInsertResult};

use crate::entity::users;
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, cast};
use crate::subscribers::{self, StoredSubscription};
use crate::url::Dialect;
use crate::value::{At, Json, Label, none_if_empty};

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

/// All that an update's answer begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The person.
    pub person: StoredPerson,
    /// Their subscription, valid or not.
    pub subscription: Option<StoredSubscription>,
    /// Whether they could not be written to when that was tried last.
    pub out_of_reach: bool,
    /// The last moment at which the dialogue that they are or were in is alive.
    pub dialogue_until: Option<Timestamp>,
}

/// The role that a person is to have, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRole {
    /// Who; already stored.
    pub user: UserId,
    /// The role.
    pub role: Role,
    /// Who says so; 0 is the house.
    pub by: UserId,
    /// Why.
    pub reason: RoleChangeReason,
    /// Through which door.
    pub source: RoleChangeSource,
    /// What else is worth knowing. `null` is nothing.
    pub metadata: Option<serde_json::Value>,
}

/// What is written into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Only a role that becomes another one.
    Changes,
    /// What happened, also when the role stays what it is: a redemption.
    Events,
}

/// The person of that id.
///
/// # Errors
/// When the database does not answer.
pub async fn find(db: &impl Connection, id: UserId) -> Result<Option<StoredPerson>, StoreError> {
    let row = users::Entity::find_by_id(id.0).one(db).await?;
    Ok(row.map(StoredPerson::from))
}

/// The person and what belongs to them, in one statement.
///
/// # Errors
/// When the database does not answer.
pub async fn known(db: &impl Connection, id: UserId) -> Result<Option<Known>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        username: Option<String>,
        first_name: String,
        last_name: Option<String>,
        role: Label<Role>,
        created_at: At,
        subscription: Option<i32>,
        token_id: Option<i32>,
        status: Option<String>,
        expiry_date: Option<At>,
        vip_entry_stage: Option<i32>,
        out_of_reach: bool,
        dialogue_until: Option<At>,
    }
    let row: Option<Row> = sql::first(
        db,
        "SELECT u.username, u.first_name, u.last_name, CAST(u.role AS TEXT) AS role, u.created_at,
                s.id AS subscription, s.token_id, s.status, s.expiry_date, s.vip_entry_stage,
                r.blocked_at IS NOT NULL AS out_of_reach, d.expires_at AS dialogue_until
         FROM users u
         LEFT JOIN vip_subscribers s ON s.user_id = u.user_id
         LEFT JOIN reachability r ON r.user_id = u.user_id
         LEFT JOIN dialogues d ON d.user_id = u.user_id
         WHERE u.user_id = $1",
        [id.0.into()],
    )
    .await?;
    Ok(row.map(|row| Known {
        subscription: subscribers::joined(
            row.subscription,
            row.token_id,
            row.status,
            row.expiry_date,
            row.vip_entry_stage,
        ),
        out_of_reach: row.out_of_reach,
        dialogue_until: row.dialogue_until.map(|at| at.0),
        person: StoredPerson {
            profile: Profile {
                id,
                first_name: row.first_name,
                last_name: none_if_empty(row.last_name),
                username: none_if_empty(row.username),
            },
            role: row.role.get().unwrap_or(Role::Free),
            created_at: row.created_at.0,
        },
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

/// Stores a person's role and what the [history](crate::role_log) says of it, with the true role before
/// (none where the row holds a label that nobody knows). Tells whether the role is another one now.
///
/// # Errors
/// When the database does not answer.
pub async fn set_role(tx: &Tx, new: &NewRole, history: History, now: Timestamp) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Before {
        role: Option<String>,
    }
    let label = "upper(CAST(role AS text))";
    let previous = format!("CASE WHEN {label} IN ('FREE', 'VIP', 'ADMIN') THEN {label} END");
    // Whoever changes the same role waits, and sees what it became. On SQLite the transaction is the
    // only writer already.
    let lock = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR NO KEY UPDATE",
    };
    let log = format!(
        "WITH person AS MATERIALIZED (SELECT user_id, role FROM users WHERE user_id = $1 {lock})
         INSERT INTO user_role_change_log
             (user_id, previous_role, new_role, changed_by, reason, change_source, change_metadata, changed_at)
         SELECT user_id, {}, {}, $3, {}, $5, {}, $7
         FROM person WHERE $8 OR {label} <> $2
         RETURNING CAST(previous_role AS text) AS role",
        cast(tx, &previous, "userrole"),
        cast(tx, "$2", "userrole"),
        cast(tx, "$4", "rolechangereason"),
        cast(tx, "$6", "json"),
    );
    let metadata = new.metadata.clone().filter(|metadata| !metadata.is_null());
    let values = [
        new.user.0.into(),
        new.role.label().into(),
        new.by.0.into(),
        new.reason.label().into(),
        new.source.label().into(),
        metadata.map(Json).into(),
        At(now).into(),
        (history == History::Events).into(),
    ];
    let before: Option<Before> = sql::first(tx, &log, values).await?;
    match before {
        Some(before) if before.role.as_deref() != Some(new.role.label()) => {
            let update = format!(
                "UPDATE users SET role = {}, updated_at = $3 WHERE user_id = $1",
                cast(tx, "$2", "userrole")
            );
            let values = [new.user.0.into(), new.role.label().into(), At(now).into()];
            sql::one(tx, &update, values).await
        }
        _ => Ok(false),
    }
}

/// Adds a person unless they are there already, else brings their names up to date, with one statement;
/// writes, and returns true, only when there is something to write.
///
/// # Errors
/// When the database does not answer.
pub async fn meet(tx: &Tx, profile: &Profile, role: Role, now: Timestamp) -> Result<bool, StoreError> {
    let insert = format!(
        "INSERT INTO users (user_id, username, first_name, last_name, role, created_at, updated_at)
         VALUES ($1, $2, $3, $4, {}, $6, $6)
         ON CONFLICT (user_id) DO UPDATE
         SET username = excluded.username, first_name = excluded.first_name,
             last_name = excluded.last_name, updated_at = excluded.updated_at
         WHERE users.username IS DISTINCT FROM excluded.username
            OR users.first_name <> excluded.first_name
            OR users.last_name IS DISTINCT FROM excluded.last_name",
        cast(tx, "$5", "userrole")
    );
    sql::one(
        tx,
        &insert,
        [
            profile.id.0.into(),
            profile.username.clone().into(),
            profile.first_name.clone().into(),
            profile.last_name.clone().into(),
            role.label().into(),
            At(now).into(),
        ],
    )
    .await
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
