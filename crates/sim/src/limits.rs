//! The limits of rate that Telegram documents, which can be switched on.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How many messages a bot may send; more are refused with 429 and have no effect. Telegram
/// publishes no exact numbers, only what the defaults say. Edits and answers to taps do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Messages in any second over all chats: 30.
    pub per_second: usize,
    /// One message a second in a chat is the rule; so many may come at once if the bot was silent
    /// as many seconds before: 3, which is a guess.
    pub chat_burst: usize,
    /// Messages in any minute in one group or channel: 20.
    pub per_group_minute: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_second: 30,
            chat_burst: 3,
            per_group_minute: 20,
        }
    }
}

impl Limits {
    /// What happened longer ago counts for no limit, as long as bursts are no longer.
    pub(crate) const LONGEST: TimeDelta = TimeDelta::minutes(1);

    /// So many messages in so much time, over all chats.
    pub(crate) fn overall(&self) -> (usize, TimeDelta) {
        (self.per_second.max(1), TimeDelta::seconds(1))
    }

    /// The same for one chat; all of these have to be kept.
    pub(crate) fn in_chat(&self, chat: i64) -> impl Iterator<Item = (usize, TimeDelta)> + use<> {
        let burst = self.chat_burst.clamp(1, 60);
        // At most 60, as clamped.
        let burst = (burst, TimeDelta::seconds(burst as i64));
        // Groups and channels have negative ids.
        let group = (chat < 0).then_some((self.per_group_minute.max(1), Self::LONGEST));
        std::iter::once(burst).chain(group)
    }
}
