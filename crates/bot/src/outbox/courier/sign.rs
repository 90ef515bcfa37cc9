//! What is written above a channel: its title, and the address by which it is opened.

use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::id::ChatId;
use store::bot_config;
use telegram::Verdict;
use telegram::chat::Chat;
use url::Url;

use super::Courier;
use crate::error::HandlerError;

/// How long it is remembered: of many people who are let in at once, each is told the same.
const REMEMBERED: TimeDelta = TimeDelta::minutes(5);

/// The channel that was looked at last, and when.
#[derive(Default)]
pub(super) struct Sign(Mutex<Option<(Timestamp, Chat)>>);

impl Sign {
    fn remembered(&self, channel: ChatId, now: Timestamp) -> Option<Chat> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, chat) = last.as_ref()?;
        (chat.id == channel && now - *at < REMEMBERED).then(|| chat.clone())
    }

    fn remember(&self, chat: Chat, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, chat));
    }
}

impl Courier {
    /// A channel as Telegram shows it; none when it does not.
    async fn look_at(&self, channel: ChatId) -> Result<Option<Chat>, HandlerError> {
        let now = self.clock.now();
        if let Some(chat) = self.sign.remembered(channel, now) {
            return Ok(Some(chat));
        }
        match self.gateway.get_chat(channel).await {
            Ok(chat) => {
                self.sign.remember(chat.clone(), now);
                Ok(Some(chat))
            }
            Err(error) if matches!(error.verdict(), Verdict::Retry(_) | Verdict::Stop) => {
                Err(HandlerError::Question(error))
            }
            Err(error) => {
                tracing::info!(channel = channel.0, %error, "a channel does not tell its title");
                Ok(None)
            }
        }
    }

    /// The title of a channel; empty when nobody knows.
    pub(super) async fn title_of(&self, channel: ChatId) -> Result<String, HandlerError> {
        let chat = self.look_at(channel).await?;
        Ok(chat.and_then(|chat| chat.title).unwrap_or_default())
    }

    /// Where somebody who is inside the visitors' channel opens it: by its public name, else by the
    /// link that custodians have written down.
    pub(super) async fn entrance_of(&self, channel: ChatId) -> Result<Option<Url>, HandlerError> {
        let chat = self.look_at(channel).await?;
        if let Some(name) = chat.and_then(|chat| chat.username) {
            return Ok(format!("https://t.me/{name}").parse().ok());
        }
        let config = bot_config::get(&self.store.read()).await?;
        let config = config.filter(|config| config.channel(Channel::Free) == Some(channel));
        let link = config.and_then(|config| config.free_channel_invite_link);
        Ok(link.and_then(|link| entrance(&link)))
    }
}

/// The address in what a custodian wrote down, if Telegram takes it as one.
fn entrance(written: &str) -> Option<Url> {
    let url: Url = written.trim().parse().ok()?;
    (matches!(url.scheme(), "https" | "http") && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_makes_a_button() {
        let opens = |written| entrance(written).map(|url| url.to_string());
        assert_eq!(
            opens(" https://t.me/+abc_DEF ").as_deref(),
            Some("https://t.me/+abc_DEF")
        );
        for written in ["", "@el_patio", "t.me/+abc", "javascript:alert(1)", "tg://join"] {
            assert_eq!(opens(written), None, "{written}");
        }
    }
}
