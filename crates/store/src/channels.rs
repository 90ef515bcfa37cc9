//! What Lucien may do in a channel, as Telegram last said, table `channel_rights`. Nothing is known of
//! a channel without a row.

use domain::channel::ChannelRights;
use domain::clock::Timestamp;
use domain::id::ChatId;
use sea_orm::FromQueryResult;

use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql::{self, one};
use crate::value::At;

/// The rights that are known.
///
/// # Errors
/// When the database does not answer.
pub async fn rights(db: &impl Connection, channel: ChatId) -> Result<Option<ChannelRights>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        can_invite: bool,
        can_restrict: bool,
        can_post: bool,
    }
    let row: Option<Row> = sql::first(
        db,
        "SELECT can_invite, can_restrict, can_post FROM channel_rights WHERE channel_id = $1",
        [channel.0.into()],
    )
    .await?;
    Ok(row.map(|row| ChannelRights {
        invite: row.can_invite,
        restrict: row.can_restrict,
        post: row.can_post,
    }))
}

/// Notes what Telegram says of the rights at a moment; false when something newer is known. With
/// complete rights an alarm is over, see [`alarm`].
///
/// # Errors
/// When the database does not answer.
pub async fn note_rights(
    tx: &Tx,
    channel: ChatId,
    rights: ChannelRights,
    at: Timestamp,
) -> Result<bool, StoreError> {
    one(
        tx,
        "INSERT INTO channel_rights (channel_id, can_invite, can_restrict, can_post, noted_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (channel_id) DO UPDATE
         SET can_invite = excluded.can_invite, can_restrict = excluded.can_restrict, can_post = excluded.can_post,
             noted_at = excluded.noted_at, told_at = CASE WHEN $6 THEN NULL ELSE channel_rights.told_at END
         WHERE channel_rights.noted_at <= excluded.noted_at",
        [
            channel.0.into(),
            rights.invite.into(),
            rights.restrict.into(),
            rights.post.into(),
            At(at).into(),
            rights.are_complete().into(),
        ],
    )
    .await
}

/// Raises the alarm that rights are missing. True once, until they have been complete again; never
/// while they are complete or unknown.
///
/// # Errors
/// When the database does not answer.
pub async fn alarm(tx: &Tx, channel: ChatId, now: Timestamp) -> Result<bool, StoreError> {
    one(
        tx,
        "UPDATE channel_rights SET told_at = $2
         WHERE channel_id = $1 AND told_at IS NULL AND NOT (can_invite AND can_restrict AND can_post)",
        [channel.0.into(), At(now).into()],
    )
    .await
}
