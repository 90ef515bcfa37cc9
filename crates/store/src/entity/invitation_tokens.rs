//! `invitation_tokens`. Invitations: unused until `used`, valid `duration_hours` from `created_at`.

use sea_orm::entity::prelude::*;

use crate::value::At;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "invitation_tokens")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub token: String,
    pub generated_by: i64,
    pub created_at: At,
    pub duration_hours: i32,
    pub used: bool,
    pub used_by: Option<i64>,
    pub used_at: Option<At>,
    pub plan_id: Option<i32>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
