//! `bot_config`. The configuration of the house: one row, id 1.

use sea_orm::entity::prelude::*;

use crate::value::{At, Json};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bot_config")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub vip_channel_id: Option<String>,
    pub free_channel_id: Option<String>,
    pub wait_time_minutes: Option<i32>,
    pub vip_reactions: Option<Json>,
    pub free_reactions: Option<Json>,
    pub subscription_fees: Option<Json>,
    pub created_at: Option<At>,
    pub updated_at: Option<At>,
    pub social_instagram: Option<String>,
    pub social_tiktok: Option<String>,
    pub social_x: Option<String>,
    pub free_channel_invite_link: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
