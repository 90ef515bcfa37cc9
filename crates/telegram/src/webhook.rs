//! Updates as Telegram brings them: stored first, answered afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use subtle::ConstantTimeEq;

use crate::address::WebhookSecret;
use crate::intake::{Intake, IntakeAway};
use crate::update::Envelope;

/// The largest body that is read. Telegram's updates have at most 512 KiB.
pub const BODY_LIMIT: usize = 1024 * 1024;

/// What carries the secret (Bot API, setWebhook).
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// Seconds after which Telegram is to bring an update again that could not be stored.
const COME_AGAIN: &str = "1";

/// Why an update was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The secret is missing or another one.
    Secret,
    /// The body is larger than [`BODY_LIMIT`].
    TooLarge,
    /// The body broke off, or holds no update with an integer `update_id`.
    NotAnUpdate,
    /// The store is away; Telegram brings the update again.
    StoreAway,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Secret, Self::TooLarge, Self::NotAnUpdate, Self::StoreAway];

    /// What metrics call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::TooLarge => "too_large",
            Self::NotAnUpdate => "not_an_update",
            Self::StoreAway => "store_away",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Secret => StatusCode::UNAUTHORIZED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAnUpdate => StatusCode::BAD_REQUEST,
            Self::StoreAway => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// How many updates were taken and refused since the start.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

impl Counters {
    /// Stored, duplicates included.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Refused for a reason.
    #[must_use]
    pub fn refused(&self, reason: Reason) -> u64 {
        self.refused[reason as usize].load(Ordering::Relaxed)
    }
}

struct Reception<I> {
    secret: WebhookSecret,
    intake: Arc<I>,
    counters: Arc<Counters>,
}

/// Serves `POST path`. Whoever does not know the secret is turned away before anything is read. What
/// is answered 200 is stored; a 503 asks Telegram to come again, which it does for 24 hours.
pub fn router<I: Intake + 'static>(
    path: &str,
    secret: WebhookSecret,
    intake: Arc<I>,
    counters: Arc<Counters>,
) -> Router {
    let reception = Reception {
        secret,
        intake,
        counters,
    };
    Router::new()
        .route(path, post(receive::<I>))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(reception))
}

async fn receive<I: Intake>(State(reception): State<Arc<Reception<I>>>, request: Request) -> Response {
    match reception.take(request).await {
        Ok(()) => {
            reception.counters.accepted.fetch_add(1, Ordering::Relaxed);
            StatusCode::OK.into_response()
        }
        Err(reason) => {
            let counter = &reception.counters.refused[reason as usize];
            // Once each at the level that an operator sees: whoever knocks must not fill the log.
            if counter.fetch_add(1, Ordering::Relaxed) == 0 {
                tracing::warn!(reason = reason.label(), "the webhook refused an update");
            } else {
                tracing::debug!(reason = reason.label(), "the webhook refused an update");
            }
            match reason {
                Reason::StoreAway => (reason.status(), [(RETRY_AFTER, COME_AGAIN)]).into_response(),
                _ => reason.status().into_response(),
            }
        }
    }
}

impl<I: Intake> Reception<I> {
    async fn take(&self, request: Request) -> Result<(), Reason> {
        if !self.knows_the_secret(request.headers()) {
            return Err(Reason::Secret);
        }
        if announced(request.headers()).is_some_and(|length| length > BODY_LIMIT) {
            return Err(Reason::TooLarge);
        }
        let body = Bytes::from_request(request, &())
            .await
            .map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Reason::TooLarge,
                _ => Reason::NotAnUpdate,
            })?;
        let json = str::from_utf8(&body).map_err(|_| Reason::NotAnUpdate)?;
        let envelope = Envelope::of(json).map_err(|_| Reason::NotAnUpdate)?;
        self.intake
            .keep(vec![envelope])
            .await
            .map_err(|IntakeAway| Reason::StoreAway)
    }

    fn knows_the_secret(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(SECRET_HEADER)
            .map_or(&[][..], |value| value.as_bytes());
        // Takes the same time wherever the two differ.
        given.ct_eq(self.secret.expose().as_bytes()).into()
    }
}

/// How long the body says that it is.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
