//! `subscription_plans`. Plans. The price is a binary fraction here, and money everywhere else.

use sea_orm::entity::prelude::*;

use crate::value::At;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_plans")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub duration_days: i32,
    pub price: f64,
    pub currency: String,
    pub active: bool,
    pub created_at: At,
    pub created_by: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
