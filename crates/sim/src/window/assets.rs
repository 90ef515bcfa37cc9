//! The files of the page, which are part of the program.

use axum::extract::Path;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::server::Refusal;

/// Nothing is loaded from elsewhere, and nothing but the files below is run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// Names files beside this one and takes them in.
macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("assets/", $name)))),*]
    };
}

static ASSETS: &[(&str, &[u8])] = assets![
    "actions.js",
    "acts.js",
    "api.js",
    "attach.js",
    "calls.js",
    "commands.js",
    "composer.js",
    "conversation.js",
    "dialogs.js",
    "dom.js",
    "entities.js",
    "faults.js",
    "head.js",
    "icon.svg",
    "index.html",
    "keyboards.js",
    "links.js",
    "main.js",
    "media.js",
    "message.css",
    "message.js",
    "narrow.css",
    "people.js",
    "powers.js",
    "state.js",
    "time.js",
    "tools.css",
    "window.css",
];

pub(super) async fn index() -> Response {
    find("index.html")
}

pub(super) async fn serve(Path(name): Path<String>) -> Response {
    find(&name)
}

fn find(name: &str) -> Response {
    let Some((_, content)) = ASSETS.iter().find(|(known, _)| *known == name) else {
        return Refusal(StatusCode::NOT_FOUND, "the page has no such file".into()).into_response();
    };
    let kind = [(header::CONTENT_TYPE, kind(name))];
    (HEADERS, kind, *content).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_there_and_says_what_it_is() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/window/assets");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder is here")
            .map(|file| file.expect("it can be read").file_name())
            .map(|name| name.into_string().expect("names are plain"))
            .collect();
        found.sort_unstable();
        let named: Vec<&str> = ASSETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, found, "the table names every file, in order");
        for name in named {
            assert_ne!(kind(name), "application/octet-stream", "{name}");
        }
    }
}
