//! Files that people are sent.

use std::fmt;
use std::time::Duration;

use domain::id::{ChatId, MessageId};
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
        document: &Document,
        caption: &Rendered,
    ) -> Result<MessageId, ApiError> {
        const METHOD: &str = "sendDocument";
        let errand = Errand::Message(lane, chat);
        self.admit(METHOD, errand)?;
        let fields = [
            ("chat_id", chat.to_string()),
            ("caption", caption.as_html().to_owned()),
            ("parse_mode", "HTML".to_owned()),
        ];
        let sent: Result<Sent, ApiError> = self.api.post(METHOD, form(&fields, document), PATIENCE).await;
        self.learn(errand, &sent);
        Ok(sent?.message_id)
    }
}

/// `multipart/form-data` (RFC 7578).
fn form(fields: &[(&str, String)], document: &Document) -> Body {
    let holds = |boundary: &str| {
        let mut windows = document.content.windows(boundary.len());
        windows.any(|window| window == boundary.as_bytes())
    };
    let boundary = (0u32..)
        .map(|number| format!("lucien-{number:08x}"))
        .find(|boundary| !holds(boundary))
        .expect("no file holds all of them");
    let mut bytes = Vec::with_capacity(document.content.len() + 1024);
    for (name, value) in fields {
        bytes.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    let name: String = document
        .name
        .chars()
        .filter(|letter| !"\"\\\r\n".contains(*letter))
        .collect();
    bytes.extend_from_slice(
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"document\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .as_bytes(),
    );
    bytes.extend_from_slice(&document.content);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Body {
        kind: format!("multipart/form-data; boundary={boundary}"),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_the_boundary_is_sent_with_another_one() {
        let document = Document {
            name: "a\".age".to_owned(),
            content: b"--lucien-00000000--".to_vec(),
        };
        let Body { kind, bytes } = form(&[("chat_id", "7".to_owned())], &document);
        assert_eq!(kind, "multipart/form-data; boundary=lucien-00000001");
        let text = String::from_utf8(bytes).expect("as it was written");
        assert_eq!(
            text,
            "--lucien-00000001\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n7\r\n\
             --lucien-00000001\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.age\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n--lucien-00000000--\r\n--lucien-00000001--\r\n"
        );
    }
}
