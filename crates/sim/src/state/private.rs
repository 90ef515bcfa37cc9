//! A person's private chat with a bot.

use super::callback::CallbackAnswer;
use super::message::Log;

#[derive(Debug)]
pub(crate) struct PrivateChat {
    pub(crate) log: Log,
    /// The person has written to the bot; before that the bot may not write.
    pub(crate) is_started: bool,
    pub(crate) is_blocked: bool,
    pub(crate) last_answer: Option<CallbackAnswer>,
    /// The revision of the person's last act.
    pub(crate) acted: u64,
    /// The revision up to which the person has read on.
    pub(crate) read: u64,
    /// `chat_instance` of callback queries.
    pub(crate) instance: i64,
}

impl PrivateChat {
    pub(super) fn new() -> Self {
        Self {
            log: Log::new(),
            is_started: false,
            is_blocked: false,
            last_answer: None,
            acted: 0,
            read: 0,
            instance: rand::random(),
        }
    }

    /// Notes that the person acts: what the bot does from now on is an answer to that.
    pub(super) fn acts(&mut self, revision: u64) {
        self.acted = revision;
        self.read = revision;
    }
}
