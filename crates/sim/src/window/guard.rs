//! Only who is at this machine, on a page that comes from here, may act as the people: a site
//! elsewhere must not, though its scripts run in a browser on this machine.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::server::Refusal;
use crate::shared::Shared;

/// Refuses requests under a foreign name, which a hostile name server may have led here, and those
/// that come from a page of another origin; lets all others wait until the stand-in is open. `port` is its own.
pub(crate) async fn check(shared: Arc<Shared>, port: u16, request: Request, next: Next) -> Response {
    let refused = |status, why: &str| Refusal(status, why.into()).into_response();
    let mut response = match judge(port, request.headers()) {
        Err(why) => refused(StatusCode::FORBIDDEN, why),
        Ok(()) => match shared.stop.run_until_cancelled(shared.open.cancelled()).await {
            Some(()) => next.run(request).await,
            None => refused(StatusCode::SERVICE_UNAVAILABLE, "the stand-in stops"),
        },
    };
    let headers = response.headers_mut();
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    let same_origin = HeaderValue::from_static("same-origin");
    headers.insert("cross-origin-resource-policy", same_origin);
    response
}

fn judge(port: u16, headers: &HeaderMap) -> Result<(), &'static str> {
    let is_here = |host: &HeaderValue| host.to_str().is_ok_and(|host| port_of(host).is_some());
    let mut hosts = headers.get_all(header::HOST).iter().peekable();
    if hosts.peek().is_none() || !hosts.all(is_here) {
        return Err("the host has to be 127.0.0.1, localhost or [::1]");
    }
    let own = |origin: &HeaderValue| {
        let host = origin.to_str().ok()?.strip_prefix("http://")?;
        Some(port_of(host)?.unwrap_or(80) == port)
    };
    if headers
        .get_all(header::ORIGIN)
        .iter()
        .all(|origin| own(origin) == Some(true))
    {
        Ok(())
    } else {
        Err("pages from elsewhere may not act here")
    }
}

/// The port in the name of a host, if it has one; nothing at all if it is not this machine's.
fn port_of(authority: &str) -> Option<Option<u16>> {
    let end = authority.find(']').map_or(0, |bracket| bracket + 1);
    let colon = authority[end..].find(':').map(|colon| end + colon);
    let (host, port) = authority.split_at(colon.unwrap_or(authority.len()));
    let is_here = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.eq_ignore_ascii_case(name));
    let port = match port.strip_prefix(':') {
        None => None,
        // A sign is not a digit, though a number may have one.
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    is_here.then_some(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_have_three_names() {
        let table = [
            ("127.0.0.1", Some(None)),
            ("127.0.0.1:8088", Some(Some(8088))),
            ("localhost:1", Some(Some(1))),
            ("LocalHost", Some(None)),
            ("[::1]", Some(None)),
            ("[::1]:8088", Some(Some(8088))),
            ("", None),
            ("::1", None),
            ("localhost:", None),
            ("localhost:+80", None),
            ("localhost:65536", None),
            ("localhost:80:80", None),
            ("127.0.0.1.example", None),
            ("localhost.example:8088", None),
            ("me@localhost", None),
            ("127.0.0.2", None),
            ("bot.example", None),
            ("]", None),
        ];
        for (host, port) in table {
            assert_eq!(port_of(host), port, "{host}");
        }
    }
}
