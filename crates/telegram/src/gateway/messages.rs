//! What people see: messages, and the answers to their taps.

use domain::id::{ChatId, MessageId};
use frankenstein::ParseMode;
use frankenstein::methods::{
    AnswerCallbackQueryParams, DeleteMessageParams, EditMessageTextParams, SendChatActionParams,
    SendMessageParams,
};
use frankenstein::types as api;
use serde::Deserialize;
use voice::{Button, Press, Screen, Toast};

use super::{Anything, Gateway};
use crate::error::{ApiError, Verdict};
use crate::limiter::{Errand, Lane};
use crate::payload::Payload;
use crate::update::CallbackQueryId;

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
    /// sendMessage: a screen as a new message.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn send<A: Payload>(
        &self,
        lane: Lane,
        chat: ChatId,
        screen: &Screen<A>,
    ) -> Result<MessageId, ApiError> {
        const METHOD: &str = "sendMessage";
        let _permit = match lane {
            Lane::Answer => Some(self.take_off(METHOD)?),
            Lane::Notice | Lane::Broadcast => None,
        };
        let params = SendMessageParams::builder()
            .chat_id(chat.0)
            .text(screen.text.as_html())
            .parse_mode(ParseMode::Html)
            .link_preview_options(no_preview())
            .maybe_reply_markup(keyboard(screen).map(api::ReplyMarkup::InlineKeyboardMarkup))
            .build();
        let sent: Sent = self.call(METHOD, Errand::Message(lane, chat), &params).await?;
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
        done(
            self.call("editMessageText", Errand::Other(Some(chat)), &params)
                .await,
        )
    }

    /// deleteMessage. That it is gone already is a success.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_message(&self, chat: ChatId, message: MessageId) -> Result<(), ApiError> {
        let params = DeleteMessageParams::builder()
            .chat_id(chat.0)
            .message_id(message.0)
            .build();
        done(
            self.call("deleteMessage", Errand::Other(Some(chat)), &params)
                .await,
        )
    }

    /// answerCallbackQuery, never held back. A tap that nobody waits for any more (Telegram forgets
    /// them within minutes) counts as answered.
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
        match self
            .call_at_once("answerCallbackQuery", Errand::Other(None), &params)
            .await
        {
            Ok(Anything) => Ok(()),
            Err(error) if error.verdict() == Verdict::Gone => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// sendChatAction, never held back: shows for 5 seconds, or until the next message, that an answer
    /// is being written.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn show_typing(&self, chat: ChatId) -> Result<(), ApiError> {
        let params = SendChatActionParams::builder()
            .chat_id(chat.0)
            .action(api::ChatAction::Typing)
            .build();
        done(
            self.call_at_once("sendChatAction", Errand::Other(Some(chat)), &params)
                .await,
        )
    }
}

#[derive(Deserialize)]
pub(super) struct Sent {
    pub(super) message_id: MessageId,
}

/// A call whose result says nothing, and that is well when what it asks for holds already.
pub(super) fn done(result: Result<Anything, ApiError>) -> Result<(), ApiError> {
    match result {
        Err(error) if error.verdict() != Verdict::Done => Err(error),
        _ => Ok(()),
    }
}

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
        Press::CopyText(text) => {
            let text = api::CopyTextButton::builder().text(text).build();
            builder.copy_text(text).build()
        }
    }
}
