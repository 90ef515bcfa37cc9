//! The calls that Lucien makes.
//!
//! What people read comes as rendered by the voice; nothing here takes a sentence as a string.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::id::{BotId, ChatId, MessageId};
use frankenstein::ParseMode;
use frankenstein::methods::{
    AnswerCallbackQueryParams, DeleteWebhookParams, EditMessageTextParams, GetUpdatesParams,
    SendMessageParams, SetMyCommandsParams,
};
use frankenstein::types as api;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use voice::{Button, CommandDescription, Press, Screen, Toast};

use crate::address::{ApiUrl, BotToken};
use crate::api::{Api, CALL_TIMEOUT};
use crate::error::{ApiError, Verdict};
use crate::payload::Payload;
use crate::update::CallbackQueryId;

/// The most answers under way at once.
const IN_FLIGHT: usize = 64;

/// The way to Telegram. Clones share their connections and limits.
#[derive(Clone, Debug)]
pub struct Gateway {
    api: Api,
    in_flight: Arc<Semaphore>,
}

/// Who the bot is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// Its Telegram id.
    pub id: BotId,
    /// Its public name without `@`; every bot has one.
    pub username: String,
}

/// How a tap is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TapAnswer {
    /// Ends the waiting mark on the button, without a word.
    Silent,
    /// A note that passes by.
    Note(Toast),
    /// A note that has to be closed.
    Alert(Toast),
}

impl Gateway {
    /// A gateway for one bot. Opens no connection yet.
    ///
    /// # Errors
    /// When the TLS set-up of the machine cannot be used.
    pub fn new(address: &ApiUrl, token: &BotToken) -> Result<Self, GatewayError> {
        let api = Api::new(address, token).map_err(|error| GatewayError(error.without_url().to_string()))?;
        Ok(Self {
            api,
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
        })
    }

    /// getMe.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn get_me(&self) -> Result<Me, ApiError> {
        self.call("getMe", &HashMap::<(), ()>::new()).await
    }

    /// deleteWebhook, keeping pending updates: needed before updates can be polled.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_webhook(&self) -> Result<(), ApiError> {
        let params = DeleteWebhookParams::builder().drop_pending_updates(false).build();
        self.call("deleteWebhook", &params).await.map(|True| ())
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
        let scope = match scope {
            CommandScope::AllPrivateChats => api::BotCommandScope::AllPrivateChats,
        };
        let params = SetMyCommandsParams::builder()
            .commands(commands)
            .scope(scope)
            .build();
        self.call("setMyCommands", &params).await.map(|True| ())
    }

    /// sendMessage: a screen as a new message.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn send<A: Payload>(&self, chat: ChatId, screen: &Screen<A>) -> Result<MessageId, ApiError> {
        let params = SendMessageParams::builder()
            .chat_id(chat.0)
            .text(screen.text.as_html())
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .maybe_reply_markup(keyboard(screen).map(api::ReplyMarkup::InlineKeyboardMarkup))
            .build();
        let sent: Sent = self.call("sendMessage", &params).await?;
        Ok(sent.message_id)
    }

    /// editMessageText: puts a screen in the place of another. That it is there already is a
    /// success.
    ///
    /// # Errors
    /// [`ApiError`]; see [`ApiError::is_message_gone`].
    pub async fn edit<A: Payload>(
        &self,
        chat: ChatId,
        message: MessageId,
        screen: &Screen<A>,
    ) -> Result<(), ApiError> {
        let params = EditMessageTextParams::builder()
            .chat_id(chat.0)
            .message_id(message.0)
            .text(screen.text.as_html())
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .maybe_reply_markup(keyboard(screen))
            .build();
        match self.call("editMessageText", &params).await {
            Ok(Anything) => Ok(()),
            Err(error) if error.verdict() == Verdict::Done => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// answerCallbackQuery. A tap that nobody waits for any more (Telegram forgets them within
    /// minutes) counts as answered.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn answer_callback_query(
        &self,
        id: &CallbackQueryId,
        answer: &TapAnswer,
    ) -> Result<(), ApiError> {
        let (text, alert) = match answer {
            TapAnswer::Silent => (None, false),
            TapAnswer::Note(toast) => (Some(toast), false),
            TapAnswer::Alert(toast) => (Some(toast), true),
        };
        let params = AnswerCallbackQueryParams::builder()
            .callback_query_id(&id.0)
            .maybe_text(text.map(Toast::as_str))
            .maybe_show_alert(alert.then_some(true))
            .build();
        match self.call("answerCallbackQuery", &params).await {
            Ok(True) => Ok(()),
            Err(error) if error.verdict() == Verdict::Gone => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// getUpdates: the raw updates from `offset` on; waits up to `wait` for the first.
    pub(crate) async fn get_updates(
        &self,
        offset: Option<i64>,
        wait: Duration,
    ) -> Result<Vec<Box<RawValue>>, ApiError> {
        let params = GetUpdatesParams::builder()
            .maybe_offset(offset)
            .limit(100)
            .timeout(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX))
            // Always named: omitted, the set of an earlier program would stay (Bot API, getUpdates).
            .allowed_updates(vec![
                api::AllowedUpdate::Message,
                api::AllowedUpdate::CallbackQuery,
            ])
            .build();
        self.api.call("getUpdates", &params, wait + CALL_TIMEOUT).await
    }

    async fn call<P, R>(&self, method: &str, params: &P) -> Result<R, ApiError>
    where
        P: serde::Serialize + Sync,
        R: serde::de::DeserializeOwned,
    {
        // The semaphore is never closed; were it, calls would go out without waiting.
        let _permit = self.in_flight.acquire().await.ok();
        self.api.call(method, params, CALL_TIMEOUT).await
    }
}

/// Whose command list is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandScope {
    /// Every private chat.
    AllPrivateChats,
}

/// The HTTP client could not be set up.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct GatewayError(String);

#[derive(Deserialize)]
struct Sent {
    message_id: MessageId,
}

/// A result that is always `true`, or whose content does not matter.
struct True;

impl<'de> Deserialize<'de> for True {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

use True as Anything;

fn no_preview() -> api::LinkPreviewOptions {
    api::LinkPreviewOptions::builder().is_disabled(true).build()
}

fn keyboard<A: Payload>(screen: &Screen<A>) -> Option<api::InlineKeyboardMarkup> {
    if screen.keyboard.is_empty() {
        return None;
    }
    let rows = screen.keyboard.iter();
    let rows = rows.map(|row| row.iter().map(button).collect::<Vec<_>>());
    Some(
        api::InlineKeyboardMarkup::builder()
            .inline_keyboard(rows.collect::<Vec<_>>())
            .build(),
    )
}

fn button<A: Payload>(button: &Button<A>) -> api::InlineKeyboardButton {
    let builder = api::InlineKeyboardButton::builder().text(button.label.as_str());
    match &button.press {
        Press::Action(action) => builder.callback_data(action.encode()).build(),
        Press::Url(url) => builder.url(url.as_str()).build(),
    }
}
