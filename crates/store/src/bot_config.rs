//! The configuration that the panel can change, table `bot_config`, always row 1.

use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::id::ChatId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, TryInsertResult};
use serde_json::json;

use crate::entity::bot_config::{ActiveModel, Column, Entity, Model};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::one;
use crate::value::{At, Json, none_if_empty};

const ROW: i32 = 1;

/// The wait before a Free request is granted, where none is stored.
const DEFAULT_WAIT_MINUTES: i32 = 5;

/// What the environment gives the first row. Empty texts count as none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSeed {
    /// Telegram id of the VIP channel.
    pub vip_channel_id: Option<String>,
    /// Telegram id of the Free channel.
    pub free_channel_id: Option<String>,
    /// Minutes that a Free request waits.
    pub wait_time_minutes: i32,
    /// The Free channel's public link.
    pub free_channel_invite_link: Option<String>,
}

/// The creator's accounts elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socials {
    /// Instagram.
    pub instagram: Option<String>,
    /// TikTok.
    pub tiktok: Option<String>,
    /// X.
    pub x: Option<String>,
}

/// The configuration as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotConfig {
    /// Telegram id of the VIP channel.
    pub vip_channel_id: Option<String>,
    /// Telegram id of the Free channel.
    pub free_channel_id: Option<String>,
    /// Minutes that a Free request waits.
    pub wait_time_minutes: i32,
    /// Reactions on posts of the VIP channel.
    pub vip_reactions: Vec<String>,
    /// Reactions on posts of the Free channel.
    pub free_reactions: Vec<String>,
    /// The creator's accounts elsewhere.
    pub socials: Socials,
    /// The Free channel's public link.
    pub free_channel_invite_link: Option<String>,
}

impl BotConfig {
    /// The id of a channel of the house. A text that is no number, which only an old environment can
    /// have left, is none.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> Option<ChatId> {
        channel_id(match channel {
            Channel::Vip => self.vip_channel_id.as_deref(),
            Channel::Free => self.free_channel_id.as_deref(),
        })
    }

    /// Which channel of the house has that id.
    #[must_use]
    pub fn which(&self, id: ChatId) -> Option<Channel> {
        let is_it = |channel: &Channel| self.channel(*channel) == Some(id);
        Channel::ALL.iter().copied().find(is_it)
    }
}

/// The id in a text, if there is one.
pub(crate) fn channel_id(text: Option<&str>) -> Option<ChatId> {
    text?.trim().parse().ok().map(ChatId)
}

/// Makes row 1 from `seed` unless it exists; tells whether it was made.
///
/// # Errors
/// When the database does not answer.
pub async fn ensure(tx: &Tx, seed: ConfigSeed, now: Timestamp) -> Result<bool, StoreError> {
    let row = ActiveModel {
        id: Set(ROW),
        vip_channel_id: Set(none_if_empty(seed.vip_channel_id)),
        free_channel_id: Set(none_if_empty(seed.free_channel_id)),
        wait_time_minutes: Set(Some(seed.wait_time_minutes)),
        vip_reactions: Set(Some(Json(json!([])))),
        free_reactions: Set(Some(Json(json!([])))),
        subscription_fees: Set(Some(Json(json!({"monthly": 10, "yearly": 100})))),
        created_at: Set(Some(At(now))),
        updated_at: Set(Some(At(now))),
        social_instagram: Set(None),
        social_tiktok: Set(None),
        social_x: Set(None),
        free_channel_invite_link: Set(none_if_empty(seed.free_channel_invite_link)),
    };
    let inserted = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::Id])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

/// The configuration; none before [`ensure`].
///
/// # Errors
/// When the database does not answer.
pub async fn get(db: &impl Connection) -> Result<Option<BotConfig>, StoreError> {
    let row = Entity::find_by_id(ROW).one(db).await?;
    Ok(row.map(BotConfig::from))
}

/// Stores the creator's accounts; the row must exist.
///
/// # Errors
/// When the database does not answer or there is no row.
pub async fn set_socials(tx: &Tx, socials: Socials, now: Timestamp) -> Result<(), StoreError> {
    let row = ActiveModel {
        id: Set(ROW),
        social_instagram: Set(none_if_empty(socials.instagram)),
        social_tiktok: Set(none_if_empty(socials.tiktok)),
        social_x: Set(none_if_empty(socials.x)),
        updated_at: Set(Some(At(now))),
        ..Default::default()
    };
    row.update(tx).await?;
    Ok(())
}

/// Stores which channel is the house's. False when it is the house's other channel: nothing was
/// changed, and the same when there is no row.
///
/// # Errors
/// When the database does not answer.
pub async fn set_channel(tx: &Tx, channel: Channel, id: ChatId, now: Timestamp) -> Result<bool, StoreError> {
    let (this, other) = match channel {
        Channel::Vip => ("vip_channel_id", "free_channel_id"),
        Channel::Free => ("free_channel_id", "vip_channel_id"),
    };
    // In one statement, so that two custodians cannot name the same channel twice.
    let update = format!(
        "UPDATE bot_config SET {this} = $2, updated_at = $3 WHERE id = $1 AND coalesce({other}, '') <> $2"
    );
    one(tx, &update, [ROW.into(), id.to_string().into(), At(now).into()]).await
}

impl From<Model> for BotConfig {
    fn from(row: Model) -> Self {
        Self {
            vip_channel_id: none_if_empty(row.vip_channel_id),
            free_channel_id: none_if_empty(row.free_channel_id),
            wait_time_minutes: row.wait_time_minutes.unwrap_or(DEFAULT_WAIT_MINUTES),
            vip_reactions: row.vip_reactions.map_or_else(Vec::new, Json::strings),
            free_reactions: row.free_reactions.map_or_else(Vec::new, Json::strings),
            socials: Socials {
                instagram: none_if_empty(row.social_instagram),
                tiktok: none_if_empty(row.social_tiktok),
                x: none_if_empty(row.social_x),
            },
            free_channel_invite_link: none_if_empty(row.free_channel_invite_link),
        }
    }
}
