//! `content_packages`. What the house shows and sells.

use domain::package::{Category, PackageType};
use sea_orm::entity::prelude::*;

use crate::value::{Amount, At, Label};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "content_packages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i32,
    pub name: String,
    pub description: Option<String>,
    pub price: Option<Amount>,
    pub category: Label<Category>,
    #[sea_orm(column_name = "type")]
    pub package_type: Label<PackageType>,
    pub media_url: Option<String>,
    pub is_active: bool,
    pub created_at: At,
    pub updated_at: At,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
