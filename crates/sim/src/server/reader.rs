//! Reads the parameters of a request, as leniently as the official server and no more.

use std::io::Read as _;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, Method, StatusCode, Version, header};
use flate2::read::{MultiGzDecoder, ZlibDecoder};

use super::Bare;
use crate::params::{Params, Shape, UploadedFile};

/// Bytes of the query and the text fields of the body, together.
const MAX_PARAMETERS: usize = 1 << 20;

/// Bytes of all headers.
const MAX_HEADERS: usize = 256 << 10;

const MAX_FILES: usize = 50;

/// Bytes of a file for the hosted server.
const MAX_FILE_OF_CLOUD: usize = 50 << 20;

/// Bytes of a file for a server of one's own.
const MAX_FILE: usize = 4000 << 20;

/// Bytes of a compressed body and of what it expands to. It is expanded in memory, so this is less
/// than the official server takes.
const MAX_COMPRESSED: usize = 64 << 20;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    /// Gzip or zlib: the data tell which.
    Compressed,
}

/// Refuses what the official server refuses before reading.
pub(super) fn check(request: &Request) -> Result<(), Bare> {
    if request.version() > Version::HTTP_11 {
        return Err(Bare(StatusCode::HTTP_VERSION_NOT_SUPPORTED));
    }
    if request.method() != Method::GET && request.method() != Method::POST {
        return Err(Bare(StatusCode::NOT_IMPLEMENTED));
    }
    let headers = request.headers().iter();
    // Each header takes a colon, a space and the end of its line.
    let size: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > MAX_HEADERS {
        return Err(Bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    encoding(request.headers()).map(|_| ())
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Bare> {
    match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes())
    {
        None | Some(b"" | b"identity") => Ok(Encoding::Identity),
        Some(name) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"deflate") => {
            Ok(Encoding::Compressed)
        }
        Some(_) => Err(Bare(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    }
}

pub(super) async fn read(request: Request, is_cloud: bool) -> Result<Params, Bare> {
    let mut params = Params::default();
    let query = request.uri().query().unwrap_or_default();
    let Some(room) = MAX_PARAMETERS.checked_sub(query.len()) else {
        return Err(Bare(StatusCode::PAYLOAD_TOO_LARGE));
    };
    params.add_urlencoded(query.as_bytes());
    let request = match encoding(request.headers())? {
        Encoding::Identity => request,
        Encoding::Compressed => {
            let (head, body) = request.into_parts();
            Request::from_parts(head, Body::from(expand(body).await?))
        }
    };
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    let is = |name| {
        content_type
            .as_ref()
            .is_some_and(|content_type| content_type.contains(name))
    };
    if is("multipart/form-data") {
        let max_file = if is_cloud { MAX_FILE_OF_CLOUD } else { MAX_FILE };
        read_multipart(request, &mut params, room, max_file).await?;
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

/// Expands a compressed body. As with the official server, either compression may come under
/// either name.
async fn expand(body: Body) -> Result<Vec<u8>, Bare> {
    let too_large = Bare(StatusCode::PAYLOAD_TOO_LARGE);
    let body = to_bytes(body, MAX_COMPRESSED).await.map_err(|_| too_large)?;
    let mut expanded = Vec::new();
    // One byte more than allowed tells that there is too much.
    let limit = MAX_COMPRESSED as u64 + 1;
    let outcome = if body.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(&*body).take(limit).read_to_end(&mut expanded)
    } else {
        ZlibDecoder::new(&*body).take(limit).read_to_end(&mut expanded)
    };
    outcome.map_err(|_| Bare(StatusCode::BAD_REQUEST))?;
    if expanded.len() > MAX_COMPRESSED {
        return Err(too_large);
    }
    Ok(expanded)
}

async fn read_multipart(
    request: Request,
    params: &mut Params,
    mut room: usize,
    max_file: usize,
) -> Result<(), Bare> {
    let malformed = Bare(StatusCode::BAD_REQUEST);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed)?;
    let mut files = 0;
    while let Some(mut part) = parts.next_field().await.map_err(|_| malformed)? {
        let name = part.name().ok_or(malformed)?.to_owned();
        if let Some(file_name) = part.file_name().map(str::to_owned) {
            files += 1;
            if files > MAX_FILES {
                return Err(Bare(StatusCode::PAYLOAD_TOO_LARGE));
            }
            let content_type = part.content_type().map(str::to_owned);
            let file = UploadedFile {
                name: file_name,
                content_type,
                content: content(&mut part, max_file).await?,
            };
            params.push_file(name, file);
        } else {
            let value = content(&mut part, room).await?;
            room -= value.len();
            params.push(name, &value, Shape::Text);
        }
    }
    Ok(())
}

async fn content(part: &mut Field<'_>, limit: usize) -> Result<Bytes, Bare> {
    let mut content = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|_| Bare(StatusCode::BAD_REQUEST))? {
        if content.len() + chunk.len() > limit {
            return Err(Bare(StatusCode::PAYLOAD_TOO_LARGE));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.into())
}
