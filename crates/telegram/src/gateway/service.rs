//! The bot itself: who it is, how updates reach it, which commands it shows.

use std::collections::HashMap;
use std::time::Duration;

use chrono::DateTime;
use domain::clock::Timestamp;
use domain::id::{BotId, ChatId};
use frankenstein::methods::{
    DeleteMyCommandsParams, DeleteWebhookParams, GetChatParams, GetUpdatesParams, SetMyCommandsParams,
    SetWebhookParams,
};
use frankenstein::types as api;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use voice::CommandDescription;

use super::Gateway;
use super::messages::done;
use crate::address::WebhookSecret;
use crate::api::CALL_TIMEOUT;
use crate::chat::Chat;
use crate::error::ApiError;
use crate::limiter::Errand;
use crate::update;
use crate::wire::RawChat;

/// Who the bot is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// Its Telegram id.
    pub id: BotId,
    /// Its public name without `@`; every bot has one.
    pub username: String,
}

/// Whose command list is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandScope {
    /// Every private chat.
    AllPrivateChats,
    /// One chat. Telegram must have seen the bot there: a person has pressed Start.
    Chat(ChatId),
}

/// A webhook to be set.
#[derive(Clone, Debug)]
pub struct Webhook<'a> {
    /// Where updates are to be sent.
    pub url: &'a Url,
    /// What proves that they come from Telegram.
    pub secret: &'a WebhookSecret,
    /// The most that are sent at once, 1 to 100.
    pub max_connections: u32,
}

/// getWebhookInfo's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WebhookInfo {
    /// Where updates are sent; empty when no webhook is set.
    pub url: String,
    /// Updates that wait, also while none is set.
    pub pending_update_count: u64,
    /// The most that are sent at once.
    pub max_connections: Option<u32>,
    /// The kinds that are sent, unless they are Telegram's usual ones.
    pub allowed_updates: Option<Vec<String>>,
    /// Why the latest failed delivery failed. Stays when later ones succeed.
    pub last_error_message: Option<String>,
    last_error_date: Option<i64>,
}

impl WebhookInfo {
    /// When the latest delivery failed that did.
    #[must_use]
    pub fn last_error_at(&self) -> Option<Timestamp> {
        DateTime::from_timestamp(self.last_error_date?, 0)
    }
}

impl CommandScope {
    fn for_api(self) -> api::BotCommandScope {
        match self {
            Self::AllPrivateChats => api::BotCommandScope::AllPrivateChats,
            Self::Chat(chat) => {
                api::BotCommandScope::Chat(api::BotCommandScopeChat::builder().chat_id(chat.0).build())
            }
        }
    }

    const fn errand(self) -> Errand {
        match self {
            Self::AllPrivateChats => Errand::Other(None),
            Self::Chat(chat) => Errand::Other(Some(chat)),
        }
    }
}

impl Gateway {
    /// getMe.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_me(&self) -> Result<Me, ApiError> {
        let nothing = HashMap::<(), ()>::new();
        self.call("getMe", Errand::Other(None), &nothing).await
    }

    /// setWebhook, keeping pending updates. Fails at most once a second with a 429; when it fails
    /// otherwise, no webhook is set any more.
    ///
    /// # Errors
    /// [`ApiError`]; [`crate::Meaning::WebhookUnusable`] when Telegram cannot use the address.
    pub async fn set_webhook(&self, webhook: &Webhook<'_>) -> Result<(), ApiError> {
        let params = SetWebhookParams::builder()
            .url(webhook.url.as_str())
            .secret_token(webhook.secret.expose())
            .max_connections(webhook.max_connections)
            .allowed_updates(update::allowed())
            .drop_pending_updates(false)
            .build();
        done(self.call("setWebhook", Errand::Other(None), &params).await)
    }

    /// deleteWebhook, keeping pending updates: needed before updates can be polled.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_webhook(&self) -> Result<(), ApiError> {
        let params = DeleteWebhookParams::builder().drop_pending_updates(false).build();
        done(self.call("deleteWebhook", Errand::Other(None), &params).await)
    }

    /// getWebhookInfo.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_webhook_info(&self) -> Result<WebhookInfo, ApiError> {
        let nothing = HashMap::<(), ()>::new();
        self.call("getWebhookInfo", Errand::Other(None), &nothing).await
    }

    /// setMyCommands for the chats that a scope names.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn set_my_commands(
        &self,
        scope: CommandScope,
        commands: &[CommandDescription],
    ) -> Result<(), ApiError> {
        let commands = commands
            .iter()
            .map(|command| api::BotCommand {
                command: command.command.to_owned(),
                description: command.description.clone(),
                is_ephemeral: None,
            })
            .collect();
        let params = SetMyCommandsParams::builder()
            .commands(commands)
            .scope(scope.for_api())
            .build();
        done(self.call("setMyCommands", scope.errand(), &params).await)
    }

    /// deleteMyCommands: the chats that a scope names see the commands of the next wider scope.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_my_commands(&self, scope: CommandScope) -> Result<(), ApiError> {
        let params = DeleteMyCommandsParams::builder().scope(scope.for_api()).build();
        done(self.call("deleteMyCommands", scope.errand(), &params).await)
    }

    /// getChat.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_chat(&self, chat: ChatId) -> Result<Chat, ApiError> {
        let params = GetChatParams::builder().chat_id(chat.0).build();
        let found: RawChat = self.call("getChat", Errand::Other(Some(chat)), &params).await?;
        Ok(found.into())
    }

    /// getUpdates: the raw updates from `offset` on; waits up to `wait` for the first. Whoever polls
    /// heeds what Telegram asks for.
    pub(crate) async fn get_updates(
        &self,
        offset: Option<i64>,
        wait: Duration,
    ) -> Result<Vec<Box<RawValue>>, ApiError> {
        let params = GetUpdatesParams::builder()
            .maybe_offset(offset)
            .limit(100)
            .timeout(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX))
            .allowed_updates(update::allowed())
            .build();
        self.api.call("getUpdates", &params, wait + CALL_TIMEOUT).await
    }
}
