//! Reads the parameters of a request, as leniently as the official server and no more.

use axum::body::to_bytes;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{Method, StatusCode, Version, header};

use super::Bare;
use crate::params::{Params, Shape};

/// Bytes of the query and the text fields of the body, together.
const MAX_PARAMETERS: usize = 1 << 20;

const MAX_FILES: usize = 50;

/// Refuses what the official server refuses before reading. Compressed bodies are refused too,
/// although it takes gzip and deflate.
pub(super) fn check(request: &Request) -> Result<(), Bare> {
    if request.version() > Version::HTTP_11 {
        return Err(Bare(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
    }
    if request.method() != Method::GET && request.method() != Method::POST {
        return Err(Bare(StatusCode::NOT_IMPLEMENTED));
    }
    match request.headers().get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.is_empty() && encoding != "identity" => {
            Err(Bare(StatusCode::UNSUPPORTED_MEDIA_TYPE))
        }
        _ => Ok(()),
    }
}

pub(super) async fn read(request: Request) -> Result<Params, Bare> {
    let mut params = Params::default();
    let query = request.uri().query().unwrap_or_default();
    let Some(room) = MAX_PARAMETERS.checked_sub(query.len()) else {
        return Err(Bare(StatusCode::PAYLOAD_TOO_LARGE));
    };
    params.add_urlencoded(query.as_bytes());
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    let is = |name| {
        content_type
            .as_ref()
            .is_some_and(|content_type| content_type.contains(name))
    };
    if is("multipart/form-data") {
        read_multipart(request, &mut params, room).await?;
        return Ok(params);
    }
    let (is_form, is_json) = (is("application/x-www-form-urlencoded"), is("application/json"));
    let body = to_bytes(request.into_body(), room)
        .await
        .map_err(|_| Bare(StatusCode::PAYLOAD_TOO_LARGE))?;
    if is_form {
        params.add_urlencoded(&body);
    } else if is_json {
        params.add_json(&body);
    }
    Ok(params)
}

async fn read_multipart(request: Request, params: &mut Params, mut room: usize) -> Result<(), Bare> {
    let malformed = Bare(StatusCode::BAD_REQUEST);
    let too_large = Bare(StatusCode::PAYLOAD_TOO_LARGE);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed)?;
    let mut files = 0;
    while let Some(mut part) = parts.next_field().await.map_err(|_| malformed)? {
        let name = part.name().ok_or(malformed)?.to_owned();
        if let Some(file_name) = part.file_name().map(str::to_owned) {
            files += 1;
            if files > MAX_FILES {
                return Err(too_large);
            }
            while part.chunk().await.map_err(|_| malformed)?.is_some() {}
            params.push(name, file_name.as_bytes(), Shape::File);
            continue;
        }
        let mut value = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(|_| malformed)? {
            room = room.checked_sub(chunk.len()).ok_or(too_large)?;
            value.extend_from_slice(&chunk);
        }
        params.push(name, &value, Shape::Text);
    }
    Ok(())
}
