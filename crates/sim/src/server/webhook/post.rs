//! One delivery over HTTP.

use std::error::Error as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Url};

use crate::address::{Address, words};
use crate::params::Params;
use crate::server::reader;
use crate::state::WebhookSettings;

/// What the bot's own server is called with.
#[derive(Debug, Clone)]
pub(super) struct Post {
    client: Client,
    url: Url,
    secret: Option<HeaderValue>,
}

/// The answer of the bot's server.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) status: StatusCode,
    /// Seconds; 0 if the bot named none.
    pub(super) retry_after: i64,
    /// The method that the answer calls, with its parameters.
    pub(super) call: Option<(String, Params)>,
}

impl Post {
    /// `ip` is where the webhook was verified; the host's name is not resolved again.
    pub(super) fn new(settings: &WebhookSettings, ip: IpAddr) -> Result<Self, String> {
        let address = Address::parse(&settings.url).ok_or("invalid webhook URL specified")?;
        // Fails when the process has chosen a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .http1_only()
            .http1_title_case_headers()
            .pool_max_idle_per_host(settings.max_connections)
            .resolve(address.host(), SocketAddr::new(ip, address.port()));
        if let Some(pem) = &settings.certificate
            && address.url().scheme() == "https"
        {
            let certificate = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
            client = client.add_root_certificate(certificate);
        }
        Ok(Self {
            client: client.build().map_err(|error| error.to_string())?,
            url: address.url().clone(),
            secret: HeaderValue::try_from(&settings.secret)
                .ok()
                .filter(|secret| !secret.is_empty()),
        })
    }

    /// Sends an update and reads the answer. The error is in the words that the bot reads.
    pub(super) async fn send(&self, json: &Arc<str>) -> Result<Taken, String> {
        let mut request = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "keep-alive")
            .header(header::ACCEPT_ENCODING, "gzip, deflate")
            .body(json.to_string());
        if let Some(secret) = &self.secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        let response = request.send().await.map_err(|error| trouble(&error))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .unwrap_or(0);
        let mut answer = Request::new(Body::empty());
        *answer.method_mut() = Method::POST;
        for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING] {
            if let Some(value) = response.headers().get(&name) {
                answer.headers_mut().insert(name, value.clone());
            }
        }
        // The connection can be used again only when the whole answer has been read.
        let body = response.bytes().await.map_err(|error| trouble(&error))?;
        let mut call = None;
        if status.is_success() && !body.is_empty() {
            *answer.body_mut() = Body::from(body);
            call = reader::read(answer, false).await.ok().and_then(named_call);
        }
        Ok(Taken {
            status,
            retry_after,
            call,
        })
    }
}

/// The call that an answer asks for. Not every method may be called like this.
fn named_call(params: Params) -> Option<(String, Params)> {
    let method = params.text("method").to_ascii_lowercase();
    let is_allowed = !matches!(
        method.as_str(),
        "" | "setwebhook" | "deletewebhook" | "close" | "logout"
    ) && !method.starts_with("get");
    is_allowed.then_some((method, params))
}

/// Names what went wrong on the way.
fn trouble(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>()
            && error.raw_os_error().is_some()
        {
            return words(error);
        }
        cause = inner.source();
    }
    if error.is_connect() {
        "Can't connect to the webhook".into()
    } else {
        "Connection closed".into()
    }
}
