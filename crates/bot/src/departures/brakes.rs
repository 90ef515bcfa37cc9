//! What holds back that people are seen out.

use chrono::TimeDelta;
use domain::brakes::clocks_differ;
use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use store::{Connection, StoreError, Tx, bot_config, channels, holds, settings};
use telegram::Gateway;

/// The setting of the switch.
const SWITCH: &str = "departures";
const ON: &str = "on";
const OFF: &str = "off";

/// Whether people can be seen out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Out of that channel.
    Open(ChatId),
    /// A list waits to be confirmed, or the clocks differ.
    Held,
    /// Lucien may not remove anybody. Once he may again, everything goes on.
    WithoutRight,
    /// A custodian has switched it off.
    Paused,
    /// There is no members' channel.
    WithoutChannel,
}

impl Passage {
    /// How it is at present.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn find(db: &impl Connection) -> Result<Self, StoreError> {
        let config = bot_config::get(db).await?;
        let Some(channel) = config.and_then(|config| config.channel(Channel::Vip)) else {
            return Ok(Self::WithoutChannel);
        };
        if are_paused(db).await? {
            return Ok(Self::Paused);
        }
        let rights = channels::rights(db, channel).await?;
        if rights.is_some_and(|rights| !rights.restrict) {
            return Ok(Self::WithoutRight);
        }
        if !holds::all(db).await?.is_empty() {
            return Ok(Self::Held);
        }
        Ok(Self::Open(channel))
    }
}

impl Passage {
    /// Whether members are not told either that their time runs out.
    pub(crate) const fn is_silent(self) -> bool {
        !matches!(self, Self::Open(_))
    }
}

/// Whether a custodian has switched departures off.
///
/// # Errors
/// When the database does not answer.
pub async fn are_paused(db: &impl Connection) -> Result<bool, StoreError> {
    Ok(settings::get(db, SWITCH).await?.as_deref() == Some(OFF))
}

/// Switches departures off, or on again.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn pause(tx: &Tx, paused: bool, by: UserId, now: Timestamp) -> Result<(), StoreError> {
    settings::set(tx, SWITCH, if paused { OFF } else { ON }, by, now).await
}

/// By how much our clock is ahead of Telegram's, where that is more than can be; negative when it is
/// behind. None also while nobody knows.
pub(crate) fn difference(gateway: &Gateway, now: Timestamp) -> Option<TimeDelta> {
    gateway
        .clock_skew()
        .filter(|ahead| clocks_differ(now, now - *ahead))
}
