//! `user_role_change_log`. Every change of a role. `changed_by` 0 is the house itself.

use domain::role::{Role, RoleChangeReason};
use sea_orm::entity::prelude::*;

use crate::value::{At, Json, Label};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "user_role_change_log")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub user_id: i64,
    pub previous_role: Option<Label<Role>>,
    pub new_role: Label<Role>,
    pub changed_by: i64,
    pub reason: Label<RoleChangeReason>,
    pub change_source: String,
    pub change_metadata: Option<Json>,
    pub changed_at: At,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
