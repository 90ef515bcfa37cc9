//! Files that people are sent.

use std::fmt;
use std::time::Duration;

use domain::id::{ChatId, MessageId};
use reqwest::multipart::{Form, Part};
use voice::Rendered;

use super::Gateway;
use super::messages::Sent;
use crate::api::Body;
use crate::error::ApiError;
use crate::limiter::{Errand, Lane};

/// How long a file may take: less than a row of the outbox.
const PATIENCE: Duration = Duration::from_secs(55);

/// A file to be sent: 50 MB at most (Bot API, `sendDocument`). `Debug` hides what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// The name under which it arrives: letters, digits, points and dashes.
    pub name: String,
    /// What it holds.
    pub content: Vec<u8>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.content.len())
    }
}

impl Gateway {
    /// sendDocument: a file with a text below it.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn send_document(
        &self,
        lane: Lane,
        chat: ChatId,
        document: Document,
        caption: &Rendered,
    ) -> Result<MessageId, ApiError> {
        const METHOD: &str = "sendDocument";
        let errand = Errand::Message(lane, chat);
        self.admit(METHOD, errand)?;
        let file = Part::bytes(document.content).file_name(document.name);
        let form = Form::new()
            .text("chat_id", chat.to_string())
            .text("caption", caption.as_html().to_owned())
            .text("parse_mode", "HTML")
            .part("document", file);
        let sent: Result<Sent, ApiError> = self.api.post(METHOD, Body::Form(form), PATIENCE).await;
        self.learn(errand, &sent);
        Ok(sent?.message_id)
    }
}
