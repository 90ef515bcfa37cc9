//! `vip_subscribers`. Subscriptions, at most one per person.

use sea_orm::entity::prelude::*;

use crate::value::At;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "vip_subscribers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub user_id: i64,
    pub join_date: At,
    pub expiry_date: At,
    pub status: String,
    pub vip_entry_stage: Option<i32>,
    pub vip_entry_token: Option<String>,
    pub invite_link_sent_at: Option<At>,
    pub token_id: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::users::Entity",
        from = "Column::UserId",
        to = "super::users::Column::UserId"
    )]
    Person,
}

impl Related<super::users::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Person.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
