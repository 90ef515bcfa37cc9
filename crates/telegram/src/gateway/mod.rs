//! The calls that Lucien makes.
//!
//! What people read comes as rendered by the voice; nothing here takes a sentence as a string.
//! Nothing waits here either: what comes too early is [`ApiError::Held`], so that a row which has to
//! wait gives its turn back. See [`crate::limiter`].

mod documents;
mod membership;
mod messages;
mod service;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use domain::clock::Clock;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::address::{ApiUrl, BotToken};
use crate::api::{Api, CALL_TIMEOUT, Observer};
use crate::error::ApiError;
use crate::limiter::{Errand, Limiter, Rates};
use crate::meaning::Meaning;

pub use documents::Document;
pub use membership::{Admission, NewLink};
pub use messages::TapAnswer;
pub use service::{CommandScope, Me, Webhook, WebhookInfo};

/// The most answers under way at once.
const IN_FLIGHT: usize = 64;
/// How long an answer waits that finds so many under way.
const IN_FLIGHT_WAIT: TimeDelta = TimeDelta::milliseconds(100);

/// The way to Telegram. Clones share their connections and limits.
#[derive(Clone)]
pub struct Gateway {
    api: Api,
    clock: Arc<dyn Clock>,
    limiter: Arc<Mutex<Limiter>>,
    in_flight: Arc<Semaphore>,
}

/// The HTTP client could not be set up.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct GatewayError(String);

impl Gateway {
    /// A gateway for one bot. Opens no connection yet.
    ///
    /// # Errors
    /// When the TLS set-up of the machine cannot be used.
    pub fn new(
        address: &ApiUrl,
        token: &BotToken,
        clock: Arc<dyn Clock>,
        rates: Rates,
    ) -> Result<Self, GatewayError> {
        let api = Api::new(address, token, clock.clone())
            .map_err(|error| GatewayError(error.without_url().to_string()))?;
        Ok(Self {
            api,
            clock,
            limiter: Arc::new(Mutex::new(Limiter::new(rates))),
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT)),
        })
    }

    /// The same gateway, of whose calls `observer` is told.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.api.observer = Some(observer);
        self
    }

    /// By how much our clock is ahead of Telegram's, at least; negative when it is behind. It is read
    /// from the `Date` header of the latest answer, and never taken for more than the time that this
    /// answer took leaves certain. None while there was no answer within ten minutes.
    #[must_use]
    pub fn clock_skew(&self) -> Option<TimeDelta> {
        self.api.skew.difference()
    }

    /// Calls a method once the limiter lets it.
    async fn call<P, R>(&self, method: &'static str, errand: Errand, params: &P) -> Result<R, ApiError>
    where
        P: serde::Serialize + Sync,
        R: serde::de::DeserializeOwned,
    {
        self.admit(method, errand)?;
        self.call_at_once(method, errand, params).await
    }

    /// Asks the limiter.
    fn admit(&self, method: &'static str, errand: Errand) -> Result<(), ApiError> {
        self.with_limiter(|limiter| limiter.admit(errand, self.clock.now()))
            .map_err(|wait| ApiError::Held { method, wait })
    }

    /// Calls a method without asking the limiter, which learns of a 429 all the same.
    async fn call_at_once<P, R>(
        &self,
        method: &'static str,
        errand: Errand,
        params: &P,
    ) -> Result<R, ApiError>
    where
        P: serde::Serialize + Sync,
        R: serde::de::DeserializeOwned,
    {
        let result = self.api.call(method, params, CALL_TIMEOUT).await;
        self.learn(errand, &result);
        result
    }

    /// Has the limiter learn of a 429.
    fn learn<R>(&self, errand: Errand, result: &Result<R, ApiError>) {
        if let Err(ApiError::Refused { refusal, .. }) = result
            && refusal.meaning() == Meaning::Flood
        {
            let now = self.clock.now();
            self.with_limiter(|limiter| limiter.flooded(errand.chat(), refusal.retry_after, now));
        }
    }

    /// A place among the answers under way, kept while the permit lives.
    fn take_off(&self, method: &'static str) -> Result<OwnedSemaphorePermit, ApiError> {
        let permit = self.in_flight.clone().try_acquire_owned();
        permit.map_err(|_| ApiError::Held {
            method,
            wait: IN_FLIGHT_WAIT,
        })
    }

    fn with_limiter<T>(&self, ask: impl FnOnce(&mut Limiter) -> T) -> T {
        // It holds only times: whoever panicked has left nothing half done that matters.
        ask(&mut self.limiter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

/// A result that is always `true`, or whose content does not matter.
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[cfg(test)]
mod tests;
