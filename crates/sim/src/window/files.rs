//! What is in the files of a chat, for the page to show or to save.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;

use crate::server::{Refusal, not_there};
use crate::shared::Shared;
use crate::state::{File, MediaKind, Stored};

/// Whatever is in a file, it does nothing; and it never changes.
const HEADERS: [(HeaderName, &str); 2] = [
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
];

/// How pictures begin, and what they are then; only those that browsers show.
const PICTURES: [(&[u8], &str); 5] = [
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"RIFF", "image/webp"),
];

pub(super) async fn serve(
    State(shared): State<Arc<Shared>>,
    Path(key): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    let file = shared.world().files.by_key(&key);
    let file = file.ok_or_else(|| not_there("file"))?;
    let Stored::Here(content) = &file.facts.stored else {
        return Err(not_there("file"));
    };
    let own = [
        (header::CONTENT_TYPE, mime_type(&file).to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&file)),
    ];
    Ok((HEADERS, own, content.clone()))
}

/// What is in a file: as its beginning shows, or else as its sender said.
pub(super) fn mime_type(file: &File) -> &str {
    let facts = &file.facts;
    let shown = match &facts.stored {
        Stored::Here(content) if facts.kind == MediaKind::Photo => {
            let mut known = PICTURES.iter();
            known.find(|(beginning, _)| content.starts_with(beginning))
        }
        _ => None,
    };
    let said = facts.mime_type.as_deref();
    match (shown, facts.kind) {
        (Some((_, kind)), _) => kind,
        (None, MediaKind::Video | MediaKind::Animation) => said.unwrap_or("video/mp4"),
        (None, MediaKind::Audio) => said.unwrap_or("audio/mpeg"),
        (None, MediaKind::Photo | MediaKind::Document) => said.unwrap_or("application/octet-stream"),
    }
}

/// Documents are saved, under their name; all else is shown.
fn disposition(file: &File) -> String {
    if file.kind() != MediaKind::Document {
        return "inline".into();
    }
    let mut header = String::from("attachment");
    if let Some(name) = &file.facts.name {
        header.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                header.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(header, "%{byte:02X}");
            }
        }
    }
    header
}
