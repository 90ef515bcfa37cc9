//! The one transport: every call to the Bot API passes here.
//!
//! Parameters are frankenstein's types. Results are read into types that hold only what is used:
//! a call that Telegram accepted must not look failed because its answer grew a field or a kind.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::address::{ApiUrl, BotToken};
use crate::error::{ApiError, Refusal};
use crate::skew::Skew;
use crate::wire;

/// How long a call other than a long poll may take.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are kept shorter than middle boxes cut them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// Is told of each call to the Bot API once it has ended.
pub trait Observer: fmt::Debug + Send + Sync {
    /// A call has succeeded, or failed so.
    fn called(&self, method: &'static str, error: Option<&ApiError>);
}

#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: reqwest::Client,
    /// `https://host/bot<TOKEN>`: never logged, never in an error.
    base: SecretString,
    token: BotToken,
    pub(crate) skew: Skew,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Api {
    pub(crate) fn new(
        address: &ApiUrl,
        token: &BotToken,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        // Another part of the process may have chosen the provider already; that one serves too.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let base = format!("{address}/bot{}", token.expose()).into();
        let token = token.clone();
        Ok(Self {
            http,
            base,
            token,
            skew: Skew::new(clock),
            observer: None,
        })
    }

    /// Calls a method and reads its `result`. `patience` is how long the answer may take.
    pub(crate) async fn call<P, R>(
        &self,
        method: &'static str,
        params: &P,
        patience: Duration,
    ) -> Result<R, ApiError>
    where
        P: Serialize + Sync,
        R: DeserializeOwned,
    {
        match serde_json::to_vec(params) {
            Ok(bytes) => self.post(method, Body::Json(bytes), patience).await,
            Err(error) => Err(ApiError::NoAnswer {
                method,
                cause: error.to_string(),
            }),
        }
    }

    /// The same with parameters that are written out already.
    pub(crate) async fn post<R: DeserializeOwned>(
        &self,
        method: &'static str,
        body: Body,
        patience: Duration,
    ) -> Result<R, ApiError> {
        let result = self.ask(method, body, patience).await;
        if let Some(observer) = &self.observer {
            observer.called(method, result.as_ref().err());
        }
        result
    }

    async fn ask<R: DeserializeOwned>(
        &self,
        method: &'static str,
        body: Body,
        patience: Duration,
    ) -> Result<R, ApiError> {
        let no_answer = |cause: String| ApiError::NoAnswer {
            method,
            cause: self.without_token(cause),
        };
        let cut = |error: reqwest::Error| no_answer(causes(&error.without_url()));
        let failed = |error: reqwest::Error| {
            if error.is_connect() {
                let cause = self.without_token(causes(&error.without_url()));
                ApiError::Unreached { method, cause }
            } else {
                cut(error)
            }
        };

        let url = format!("{}/{method}", self.base.expose_secret());
        let asked = self.skew.now();
        let request = self.http.post(url).timeout(patience);
        let request = match body {
            Body::Json(bytes) => request.header(CONTENT_TYPE, "application/json").body(bytes),
            Body::Form(form) => request.multipart(form),
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let date = self.skew.read(asked, response.headers());
        let body = response.bytes().await.map_err(cut)?;
        if status.is_success() {
            return match serde_json::from_slice::<Success<R>>(&body) {
                Ok(success) => {
                    self.skew.note(date);
                    Ok(success.result)
                }
                Err(error) => Err(no_answer(format!(
                    "an answer of another shape: {}",
                    wire::mismatch(&error)
                ))),
            };
        }
        match Refusal::parse(&body) {
            Some(mut refusal) => {
                self.skew.note(date);
                refusal.description = self.without_token(refusal.description);
                Err(ApiError::Refused { method, refusal })
            }
            None => Err(no_answer(format!("HTTP {status} without the Bot API's JSON"))),
        }
    }

    /// A server or proxy may repeat the address that it was asked for.
    fn without_token(&self, text: String) -> String {
        let token = self.token.expose();
        if text.contains(token) {
            text.replace(token, "…")
        } else {
            text
        }
    }
}

/// Parameters, written out.
pub(crate) enum Body {
    Json(Vec<u8>),
    /// With a file among them.
    Form(Form),
}

#[derive(Deserialize)]
struct Success<R> {
    result: R,
}

/// An error with its causes, as one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
