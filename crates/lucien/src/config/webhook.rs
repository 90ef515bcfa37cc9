//! How updates arrive.

use bot::settings::{Updates, WebhookSettings};
use telegram::ApiUrl;
use telegram::address::{WebhookSecret, is_near};
use url::Url;

use super::reader::{Problem, Reader};

/// What else is served on the webhook's port.
const TAKEN: [&str; 4] = ["/health", "/live", "/metrics", "/ready"];

const WANTED: &str =
    "must be an https address such as https://lucien.example.org, without a slash at its end";

/// Whether Telegram is to bring the updates. What is wrong with it is said by [`updates`].
pub(super) fn is_wanted(reader: &Reader<'_>) -> bool {
    let mode = reader.text("WEBHOOK_MODE");
    mode.is_some_and(|mode| mode.eq_ignore_ascii_case("webhook"))
}

/// Reads the mode and what belongs to it. While updates are polled, the webhook's variables may hold
/// anything, as old files do.
pub(super) fn updates(reader: &Reader<'_>, api: &ApiUrl) -> Option<Updates> {
    for name in [
        "WEBHOOK_BASE_URL",
        "RAILWAY_PUBLIC_DOMAIN",
        "WEBHOOK_PATH",
        "WEBHOOK_SECRET",
        "WEBHOOK_HOST",
    ] {
        let _ = reader.text(name);
    }
    let mode = reader.text("WEBHOOK_MODE").unwrap_or("polling");
    match mode.to_ascii_lowercase().as_str() {
        "polling" => Some(Updates::Polling),
        "webhook" => webhook(reader, api).map(Updates::Webhook),
        _ => {
            let problem = format!("must be polling or webhook, not {mode:?}");
            reader.report(Problem::new("WEBHOOK_MODE", problem));
            None
        }
    }
}

fn webhook(reader: &Reader<'_>, api: &ApiUrl) -> Option<WebhookSettings> {
    let path = match reader.text("WEBHOOK_PATH") {
        Some(_) => reader.parse("WEBHOOK_PATH", path),
        None => Some("/webhook".to_owned()),
    };
    if reader.text("WEBHOOK_SECRET").is_none() {
        let problem = "is missing: without it anybody could bring updates";
        reader.report(Problem::new("WEBHOOK_SECRET", problem));
    }
    let secret = reader.parse("WEBHOOK_SECRET", WebhookSecret::parse);
    let base = base(reader, api);
    let (path, secret, base) = (path?, secret?, base?);
    match Url::parse(&format!("{base}{path}")) {
        Ok(url) => Some(WebhookSettings { url, path, secret }),
        Err(_) => {
            reader.report(Problem::new("WEBHOOK_BASE_URL", WANTED));
            None
        }
    }
}

fn base(reader: &Reader<'_>, api: &ApiUrl) -> Option<String> {
    let api = Url::parse(&api.to_string()).ok();
    let api_is_near = api.is_some_and(|url| url.host().is_some_and(|host| is_near(&host)));
    let check = |text: &str| base_url(text, api_is_near);
    if reader.text("WEBHOOK_BASE_URL").is_some() {
        return reader.parse("WEBHOOK_BASE_URL", check);
    }
    if reader.text("RAILWAY_PUBLIC_DOMAIN").is_some() {
        return reader.parse("RAILWAY_PUBLIC_DOMAIN", |domain| {
            check(&format!("https://{domain}"))
        });
    }
    let problem = "is missing: the public https address, such as https://lucien.example.org";
    reader.report(Problem::new("WEBHOOK_BASE_URL", problem));
    None
}

/// The address that the path is appended to.
fn base_url(text: &str, api_is_near: bool) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| WANTED)?;
    let is_bare = !text.ends_with('/')
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    // A Bot API server nearby can reach what is not on the internet.
    let is_secure = url.scheme() == "https" || (url.scheme() == "http" && api_is_near);
    if is_bare && is_secure {
        Ok(text.to_owned())
    } else {
        Err(WANTED)
    }
}

fn path(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let climbs = text.split('/').any(|segment| matches!(segment, "." | ".."));
    if !text.starts_with('/') || text.contains("//") || climbs || !text.chars().all(is_plain) {
        return Err(format!(
            "must be a path such as /webhook, of the characters A-Z, a-z, 0-9 and /-_.~, not {text:?}"
        ));
    }
    if TAKEN.contains(&text) {
        return Err(format!("must not be {text:?}, which is served already"));
    }
    Ok(text.to_owned())
}
