//! setWebhook, deleteWebhook, getWebhookInfo.

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::get_updates::conflict;
use super::{Context, Outcome, Parameter, Reply, Type, Waiting, optional, present};
use crate::address::Address;
use crate::error::ApiError;
use crate::params::Params;
use crate::state::{AllowedUpdates, Webhook, WebhookSettings};

pub(super) const SET: &[Parameter] = &[
    present("url", Type::String),
    optional("certificate", Type::File),
    optional("ip_address", Type::String),
    optional("max_connections", Type::Integer),
    optional("allowed_updates", Type::Array),
    optional("drop_pending_updates", Type::Boolean),
    optional("secret_token", Type::String),
];

pub(super) const DELETE: &[Parameter] = &[optional("drop_pending_updates", Type::Boolean)];

const MAX_SECRET: usize = 256;

/// Bytes of a certificate.
const MAX_CERTIFICATE: usize = 3 << 20;

/// Parallel deliveries of the hosted server: by default, at most.
const CONNECTIONS_OF_CLOUD: (i64, i64) = (40, 100);

/// The same of a server of one's own.
const CONNECTIONS: (i64, i64) = (100, 100_000);

pub(super) fn set<'a>(context: &'a Context<'a>) -> Waiting<'a> {
    Box::pin(change(context, context.params.text("url")))
}

pub(super) fn delete<'a>(context: &'a Context<'a>) -> Waiting<'a> {
    Box::pin(change(context, ""))
}

/// Sets a webhook, or deletes it if the address is empty.
async fn change(context: &Context<'_>, url: &str) -> Outcome {
    if let Some(description) = replace(context, url)? {
        return Ok(Reply {
            description: Some(description),
            ..Reply::yes()
        });
    }
    // The old webhook is gone by now, whatever comes.
    let address =
        Address::parse(url).ok_or_else(|| ApiError::bad_request("invalid webhook URL specified"))?;
    let settings = settings(context.params, url, context.shared.cloud)?;
    check_certificate(&settings)?;
    let removed = begin(context, settings)?;
    verify(context, &address, &removed).await
}

/// Does what comes before the new address is looked at. The description of the answer, if there
/// is nothing else to do.
fn replace(context: &Context<'_>, url: &str) -> Result<Option<&'static str>, ApiError> {
    let params = context.params;
    let drop_pending = params.boolean("drop_pending_updates");
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if !url.is_empty() && !bot.hook.admit(now) {
        return Err(ApiError::retry_after(1));
    }
    let is_same = match bot.hook.current() {
        _ if drop_pending || bot.hook.is_being_verified() => false,
        None => url.is_empty(),
        Some(webhook) => {
            let old = &webhook.settings;
            old.certificate.is_none()
                && settings(params, url, context.shared.cloud).is_ok_and(|new| new == *old)
        }
    };
    if is_same {
        if let Some(allowed) = AllowedUpdates::parse(params.text("allowed_updates")) {
            bot.queue.allowed = allowed;
        }
        let already = if url.is_empty() {
            "Webhook is already deleted"
        } else {
            "Webhook is already set"
        };
        return Ok(Some(already));
    }
    if !url.is_empty() {
        bot.poll.end_by_webhook();
    }
    let was_set = bot.hook.remove();
    if drop_pending {
        bot.queue.clear();
    }
    let deleted = if was_set {
        "Webhook was deleted"
    } else {
        "Webhook is already deleted"
    };
    Ok(url.is_empty().then_some(deleted))
}

/// What the parameters ask for; an error if the secret cannot be one.
fn settings(params: &Params, url: &str, is_cloud: bool) -> Result<WebhookSettings, ApiError> {
    let secret = params.text("secret_token");
    if secret.len() > MAX_SECRET {
        return Err(ApiError::bad_request("secret token is too long"));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !secret.bytes().all(allowed) {
        return Err(ApiError::bad_request(
            "secret token contains unallowed characters",
        ));
    }
    let (default, max) = if is_cloud {
        CONNECTIONS_OF_CLOUD
    } else {
        CONNECTIONS
    };
    Ok(WebhookSettings {
        url: url.to_owned(),
        secret: secret.to_owned(),
        // Clamped to 1 and more.
        max_connections: params.integer("max_connections", default, 1, max) as usize,
        ip_address: params.text("ip_address").to_owned(),
        certificate: params.file("certificate").map(|file| file.content.clone()),
    })
}

fn check_certificate(settings: &WebhookSettings) -> Result<(), ApiError> {
    match &settings.certificate {
        Some(pem) if pem.len() > MAX_CERTIFICATE => Err(ApiError::bad_request(format!(
            "certificate size is too big ({} bytes)",
            pem.len()
        ))),
        _ => Ok(()),
    }
}

fn begin(context: &Context<'_>, settings: WebhookSettings) -> Result<CancellationToken, ApiError> {
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if let Some(allowed) = AllowedUpdates::parse(context.params.text("allowed_updates")) {
        bot.queue.allowed = allowed;
    }
    Ok(bot.hook.begin(settings))
}

async fn verify(context: &Context<'_>, address: &Address, removed: &CancellationToken) -> Outcome {
    let shared = context.shared;
    let verification = address.verify(context.params.text("ip_address"), shared.cloud);
    let verified = tokio::select! {
        verified = verification => verified,
        () = removed.cancelled() => {
            return Err(conflict(context, ApiError::terminated_by_other_webhook()).await);
        }
        () = shared.stop.cancelled() => return Err(ApiError::restart()),
    };
    let mut world = shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if removed.is_cancelled() {
        // Another one came in the very moment.
        return Err(ApiError::terminated_by_other_webhook());
    }
    match verified {
        Ok(address) => {
            bot.hook.verified(address);
            shared.webhook_verified.notify_one();
            Ok(Reply {
                description: Some("Webhook was set"),
                ..Reply::yes()
            })
        }
        Err(reason) => {
            bot.hook.remove();
            Err(ApiError::bad_request(format!("bad webhook: {reason}")))
        }
    }
}

#[derive(Serialize)]
struct WebhookInfo<'a> {
    url: &'a str,
    has_custom_certificate: bool,
    pending_update_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_connections: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_updates: Option<Vec<&'static str>>,
}

pub(super) fn info(context: &Context<'_>) -> Outcome {
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    let pending = bot.queue.len(now);
    let webhook = bot.hook.current();
    let last_error = webhook.and_then(|webhook| webhook.last_error());
    let allowed = bot.queue.allowed;
    let address = |webhook: &Webhook| {
        let address = webhook.address.map(|address| address.to_string());
        address.unwrap_or_else(|| "<unknown>".into())
    };
    Ok(Reply::of(&WebhookInfo {
        url: webhook.map_or("", |webhook| &webhook.settings.url),
        has_custom_certificate: webhook.is_some_and(|webhook| webhook.settings.certificate.is_some()),
        pending_update_count: pending,
        ip_address: webhook.map(address),
        last_error_date: last_error.map(|(at, _)| at.timestamp()),
        last_error_message: last_error.map(|(_, message)| message.as_str()),
        max_connections: webhook.map(|webhook| webhook.settings.max_connections),
        allowed_updates: (allowed != AllowedUpdates::default()).then(|| allowed.names()),
    }))
}
