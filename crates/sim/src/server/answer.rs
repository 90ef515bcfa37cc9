//! How a call is answered over HTTP.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::Bare;
use crate::error::{ApiError, Parameters};
use crate::methods::{Outcome, Reply};

/// What becomes of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// JSON, as the Bot API answers.
    Api(Outcome),
    /// A page of HTML with this status, as machines in front of it answer.
    Html(u16),
    /// Nothing: the connection is cut.
    Cut,
}

impl Answer {
    pub(super) fn refused(error: ApiError) -> Self {
        Self::Api(Err(error))
    }

    /// The HTTP status; none if there is no answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Api(Ok(_)) => Some(200),
            Self::Api(Err(error)) => Some(error.code),
            Self::Html(code) => Some(*code),
            Self::Cut => None,
        }
    }

    /// What the method answered, if it succeeded and the bot gets to know.
    pub(super) fn result(&self) -> Option<&str> {
        match self {
            Self::Api(Ok(reply)) => Some(&reply.result),
            _ => None,
        }
    }

    pub(super) fn description(&self) -> Option<&str> {
        match self {
            Self::Api(Err(error)) => Some(&error.description),
            _ => None,
        }
    }

    /// None if there shall be no answer.
    pub(super) fn into_response(self) -> Option<Response> {
        match self {
            Self::Api(outcome) => Some(api(&outcome)),
            Self::Html(code) => Some(page(code)),
            Self::Cut => None,
        }
    }
}

fn api(outcome: &Outcome) -> Response {
    let (code, body) = match outcome {
        Ok(reply) => (200, success_body(reply)),
        Err(error) => (error.code, error_body(error)),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Err(ApiError {
        parameters: Some(Parameters::RetryAfter(seconds)),
        ..
    }) = outcome
    {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    response
}

fn success_body(reply: &Reply) -> String {
    let Reply { result, description } = reply;
    let description = description.map(|text| format!(",\"description\":{}", Value::from(text)));
    format!(
        "{{\"ok\":true,\"result\":{result}{}}}",
        description.unwrap_or_default()
    )
}

fn error_body(error: &ApiError) -> String {
    let ApiError {
        code,
        description,
        parameters,
    } = error;
    let mut body = json!({ "ok": false, "error_code": code, "description": description });
    if let Some(parameters) = parameters {
        body["parameters"] = json!(parameters);
    }
    body.to_string()
}

fn page(code: u16) -> Response {
    let status = status(code);
    let mut response = Response::new(Body::from(format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n\
         </body>\r\n</html>\r\n"
    )));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A failure below the Bot API: no body, and the connection is closed.
pub(super) fn bare(Bare(status): Bare) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
