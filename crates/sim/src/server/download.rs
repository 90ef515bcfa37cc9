//! Downloads, at `/file/bot<token>/<file_path>`: what getFile has promised to a bot.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::answer::Answer;
use super::dated;
use crate::error::ApiError;
use crate::shared::Shared;

pub(super) async fn run(
    State(shared): State<Arc<Shared>>,
    Path((bot, path)): Path<(String, String)>,
) -> Response {
    let response = match content(&shared, &bot, &path) {
        Ok(content) => {
            let mut response = Response::new(Body::from(content));
            let kind = HeaderValue::from_static("application/octet-stream");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(error) => Answer::refused(error).into_response().unwrap_or_default(),
    };
    dated(&shared, response)
}

fn content(shared: &Shared, bot: &str, path: &str) -> Result<axum::body::Bytes, ApiError> {
    let token = bot.strip_prefix("bot").ok_or_else(ApiError::not_found)?;
    let world = shared.world();
    let bot = world.authorise(token)?;
    world.files.served(bot, path).ok_or_else(ApiError::not_found)
}
