//! Webhooks: setting them, and what is delivered to them when.

use std::net::Ipv4Addr;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sim::{Options, Person, Sim};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::client::{Answer, call, held, request, result, start, start_with, with_clock};
use crate::hook::{Hook, Request, attempted};

async fn info(sim: &Sim) -> Value {
    result(sim, "getWebhookInfo", json!({})).await
}

/// The description of a change that has to succeed.
async fn change(sim: &Sim, method: &str, params: Value) -> String {
    let answer = call(sim, method, params).await;
    assert_eq!((answer.status, &answer.json()["result"]), (200, &json!(true)));
    answer.description()
}

/// A port on which nobody listens.
async fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

#[tokio::test]
async fn a_webhook_is_set_replaced_and_deleted() {
    let (sim, clock) = with_clock().await;
    let second = || clock.advance(TimeDelta::seconds(1)).expect("it moves");
    let none = json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 0 });
    assert_eq!(info(&sim).await, none);
    assert_eq!(
        change(&sim, "deleteWebhook", json!({})).await,
        "Webhook is already deleted"
    );

    let hook = Hook::start().await;
    let set =
        json!({ "url": hook.url(), "max_connections": 5, "allowed_updates": ["message", "chat_member"] });
    assert_eq!(change(&sim, "setWebhook", set.clone()).await, "Webhook was set");
    let expected = json!({
        "url": hook.url(), "has_custom_certificate": false, "pending_update_count": 0,
        "ip_address": "127.0.0.1", "max_connections": 5, "allowed_updates": ["message", "chat_member"],
    });
    assert_eq!(info(&sim).await, expected);
    second();
    assert_eq!(change(&sim, "setWebhook", set).await, "Webhook is already set");
    second();
    // Not a word about updates: they stay as they are.
    let same = json!({ "url": hook.url(), "max_connections": 5 });
    assert_eq!(change(&sim, "setWebhook", same).await, "Webhook is already set");
    assert_eq!(info(&sim).await, expected);
    second();
    let same = json!({ "url": hook.url(), "max_connections": 5, "allowed_updates": [] });
    assert_eq!(change(&sim, "setWebhook", same).await, "Webhook is already set");
    assert_eq!(
        info(&sim).await["allowed_updates"],
        Value::Null,
        "the usual ones are not shown"
    );
    for other in [
        json!({ "url": hook.url() }),
        json!({ "url": hook.url(), "secret_token": "s" }),
        json!({ "url": hook.url(), "secret_token": "s", "drop_pending_updates": true }),
        json!({ "url": hook.url(), "secret_token": "s", "ip_address": "127.0.0.1" }),
        json!({ "url": hook.url().replace("127.0.0.1", "localhost") }),
    ] {
        second();
        assert_eq!(change(&sim, "setWebhook", other).await, "Webhook was set");
    }
    let shown = info(&sim).await;
    assert_eq!(
        (&shown["max_connections"], &shown["ip_address"]),
        (&json!(100), &json!("127.0.0.1"))
    );
    assert_eq!(
        change(&sim, "setWebhook", json!({ "url": "" })).await,
        "Webhook was deleted"
    );
    assert_eq!(
        change(&sim, "setWebhook", json!({ "url": "" })).await,
        "Webhook is already deleted"
    );
    assert_eq!(info(&sim).await, none);
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn connections_are_clamped() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    for (asked, max) in [(-5, 1), (1, 1), (100_000, 100_000), (200_000, 100_000)] {
        let set = json!({ "url": hook.url(), "max_connections": asked });
        change(&sim, "setWebhook", set).await;
        assert_eq!(info(&sim).await["max_connections"], max);
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
    }
}

#[tokio::test]
async fn whatever_is_wrong_leaves_no_webhook() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    let url = hook.url();
    let closed = format!("http://127.0.0.1:{}/", free_port().await);
    let table = [
        (
            json!({ "url": "ftp://bot.example" }),
            "invalid webhook URL specified",
        ),
        (json!({ "url": "https://" }), "invalid webhook URL specified"),
        (
            json!({ "url": "http://127.0.0.1:99999" }),
            "invalid webhook URL specified",
        ),
        (
            json!({ "url": "ftp://x", "secret_token": "ñ" }),
            "invalid webhook URL specified",
        ),
        (
            json!({ "url": url, "secret_token": "s".repeat(257) }),
            "secret token is too long",
        ),
        (
            json!({ "url": url, "secret_token": "a b" }),
            "secret token contains unallowed characters",
        ),
        (
            json!({ "url": url, "ip_address": "localhost" }),
            "bad webhook: Invalid IP address specified",
        ),
        (json!({ "url": closed }), "bad webhook: Connection refused"),
    ];
    for (params, description) in table {
        change(&sim, "setWebhook", json!({ "url": url })).await;
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
        let refused = call(&sim, "setWebhook", params.clone()).await;
        assert_eq!(
            (refused.status, refused.description()),
            (400, format!("Bad Request: {description}")),
            "{params}"
        );
        assert_eq!(info(&sim).await["url"], "", "{params}");
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
    }
    let unknown = call(&sim, "setWebhook", json!({ "url": "http://nobody.invalid/" })).await;
    assert!(
        unknown
            .description()
            .starts_with("Bad Request: bad webhook: Failed to resolve host: "),
        "{}",
        unknown.body
    );
}

#[tokio::test]
async fn a_certificate_is_taken_up_to_three_megabytes() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    let target = format!("/bot{}/setWebhook?url={}", sim.bot().token, hook.url());
    let upload = async |size: usize| {
        let mut body =
            b"--b\r\nContent-Disposition: form-data; name=\"certificate\"; filename=\"bot.pem\"\r\n\r\n"
                .to_vec();
        body.resize(body.len() + size, b'x');
        body.extend_from_slice(b"\r\n--b--\r\n");
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
        request(&sim, "POST", &target, "multipart/form-data; boundary=b", &body).await
    };
    let refused = upload((3 << 20) + 1).await;
    assert_eq!(
        refused.description(),
        "Bad Request: certificate size is too big (3145729 bytes)"
    );
    assert_eq!(info(&sim).await["url"], "");
    for _ in 0..2 {
        let answer = upload(3 << 20).await;
        assert_eq!(
            answer.description(),
            "Webhook was set",
            "with a certificate it is never the same"
        );
        assert_eq!(info(&sim).await["has_custom_certificate"], true);
    }
}

#[tokio::test]
async fn the_hosted_server_wants_more() {
    let clock = sim::Clock::manual("2026-03-01T08:00:00Z".parse().expect("a time"));
    let options = Options {
        cloud: true,
        clock: clock.clone(),
        ..Options::default()
    };
    let sim = start_with(options).await;
    let table = [
        (
            json!({ "url": "http://bot.example/" }),
            "An HTTPS URL must be provided for webhook",
        ),
        (
            json!({ "url": "https://bot.example:8080/" }),
            "Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        (
            json!({ "url": "bot.example", "ip_address": "1.2.3" }),
            "Invalid IP address specified",
        ),
        (
            json!({ "url": "https://bot.example", "ip_address": "2001:db8::1" }),
            "IPv6-only addresses are not allowed",
        ),
        (
            json!({ "url": "https://bot.example", "ip_address": "192.168.1.7" }),
            "IP address 192.168.1.7 is reserved",
        ),
        (
            json!({ "url": "https://127.0.0.1" }),
            "IP address 127.0.0.1 is reserved",
        ),
        (
            json!({ "url": "https://[::1]:8443" }),
            "IPv6-only addresses are not allowed",
        ),
    ];
    for (params, reason) in table {
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
        let refused = call(&sim, "setWebhook", params.clone()).await;
        assert_eq!(
            refused.description(),
            format!("Bad Request: bad webhook: {reason}"),
            "{params}"
        );
        assert_eq!(info(&sim).await["url"], "");
    }
}

#[tokio::test]
async fn a_webhook_is_set_once_a_second() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    let set = json!({ "url": hook.url() });
    change(&sim, "setWebhook", set.clone()).await;
    let refused = call(&sim, "setWebhook", set.clone()).await;
    assert_eq!(refused.description(), "Too Many Requests: retry after 1");
    assert_eq!(
        (refused.status, refused.headers["retry-after"].as_str()),
        (429, "1")
    );
    assert_eq!(
        info(&sim).await["url"],
        hook.url(),
        "it is too early to lose the old one"
    );
    change(&sim, "deleteWebhook", json!({})).await;
    change(&sim, "deleteWebhook", json!({})).await;
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    assert_eq!(change(&sim, "setWebhook", set).await, "Webhook was set");
}

/// A port that lets connections wait for ever, and those that fill its queue.
async fn port_without_answer() -> (u16, Vec<TcpStream>, tokio::net::TcpListener) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let listener = socket.listen(0).expect("it listens");
    let address = listener.local_addr().expect("it is bound");
    // A queue of length 0 takes one.
    let first = TcpStream::connect(address).await.expect("the queue takes one");
    (address.port(), vec![first], listener)
}

#[tokio::test]
async fn of_two_that_set_a_webhook_the_waiting_one_is_terminated() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    let (port, _full, _listener) = port_without_answer().await;
    let setter = sim.clone();
    let waiting = json!({ "url": format!("http://127.0.0.1:{port}/") });
    let first = tokio::spawn(async move { call(&setter, "setWebhook", waiting).await });
    while info(&sim).await["url"] == "" {
        tokio::task::yield_now().await;
    }
    assert_eq!(info(&sim).await["ip_address"], "<unknown>");
    let poll = call(&sim, "getUpdates", json!({})).await;
    assert_eq!(poll.status, 409, "it is being set");

    clock.advance(TimeDelta::seconds(4)).expect("it moves");
    assert_eq!(
        change(&sim, "setWebhook", json!({ "url": hook.url() })).await,
        "Webhook was set"
    );
    let answer: Answer = first.await.expect("it answers");
    assert_eq!(
        (answer.status, answer.description().as_str()),
        (409, "Conflict: terminated by other setWebhook")
    );
    assert_eq!(info(&sim).await["url"], hook.url());
}

#[tokio::test]
async fn there_is_no_polling_beside_a_webhook() {
    let (sim, clock) = with_clock().await;
    let hook = Hook::start().await;
    let poll = held(&sim, json!({ "timeout": 50 })).await;
    change(&sim, "setWebhook", json!({ "url": hook.url() })).await;
    let answer = poll.await.expect("it answers");
    assert_eq!(
        (answer.status, answer.description().as_str()),
        (409, "Conflict: terminated by setWebhook request")
    );
    let wording = "Conflict: can't use getUpdates method while webhook is active; \
                   use deleteWebhook to delete the webhook first";
    clock.advance(TimeDelta::seconds(3)).expect("it moves");
    let answer = call(&sim, "getUpdates", json!({ "allowed_updates": ["message"] })).await;
    assert_eq!((answer.status, answer.description().as_str()), (409, wording));
    assert_eq!(
        info(&sim).await["allowed_updates"],
        Value::Null,
        "the poll changed nothing"
    );

    change(&sim, "deleteWebhook", json!({})).await;
    assert_eq!(result(&sim, "getUpdates", json!({})).await, json!([]));
}

#[tokio::test]
async fn a_delivery_is_one_update_with_its_headers() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("antes").expect("she may");
    let mut hook = Hook::start().await;
    let url = hook.url().replace("http://", "http://lucien:llave@") + "?x=1";
    result(
        &sim,
        "setWebhook",
        json!({ "url": url, "secret_token": "S-3_cret" }),
    )
    .await;
    let first = hook.next().await;
    assert_eq!(first.what(), "antes", "what waited comes too");
    assert_eq!(first.line, "POST /hook?x=1 HTTP/1.1");
    for (name, value) in [
        ("Content-Type", "application/json"),
        ("Connection", "keep-alive"),
        ("Accept-Encoding", "gzip, deflate"),
        ("X-Telegram-Bot-Api-Secret-Token", "S-3_cret"),
        ("Authorization", "Basic bHVjaWVuOmxsYXZl"),
        ("Host", &format!("127.0.0.1:{}", hook.port)),
        ("Content-Length", &first.body.len().to_string()),
    ] {
        assert_eq!(first.headers[name], value);
    }
    assert_eq!(info(&sim).await["pending_update_count"], 1, "it is under way");
    assert!(first.body.contains(",\n\"message\":"), "as the server writes it");
    assert_eq!(first.update()["message"]["chat"]["id"], alicia.id());
    let connection = first.connection;
    first.takes();
    attempted(&sim, 1).await;
    assert_eq!(info(&sim).await["pending_update_count"], 0);
    assert_eq!(info(&sim).await.get("last_error_date"), None);

    alicia.presses_data("x").expect("she may");
    let second = hook.next().await;
    assert_eq!(
        (second.what().as_str(), second.connection),
        ("x", connection),
        "kept alive"
    );
    assert!(!second.headers.contains_key("Transfer-Encoding"));
    second.takes();
}

#[tokio::test]
async fn without_a_secret_there_is_no_header_for_it() {
    let sim = start().await;
    let mut hook = Hook::set(&sim).await;
    sim.person("Alicia").sends("hola").expect("she may");
    let request = hook.next().await;
    for name in ["X-Telegram-Bot-Api-Secret-Token", "Authorization"] {
        assert!(!request.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn one_chat_waits_for_itself_and_not_for_another() {
    let sim = start().await;
    let mut hook = Hook::set(&sim).await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    for text in ["uno", "dos", "tres"] {
        alicia.sends(text).expect("she may");
    }
    bruno.sends("cuatro").expect("he may");
    alicia.presses_data("cinco").expect("she may");
    let mut first = hook.next_ones(3).await;
    let texts: Vec<String> = first.iter().map(Request::what).collect();
    assert_eq!(texts, ["uno", "cuatro", "cinco"]);
    first.remove(0).takes();
    let second = hook.next().await;
    assert_eq!(second.what(), "dos");
    second.answers("204 No Content", &[], b"");
    let third = hook.next().await;
    assert_eq!(third.what(), "tres", "any 2xx will do");
    assert_eq!(info(&sim).await["pending_update_count"], 3);
}

#[tokio::test]
async fn no_more_connections_than_asked_for() {
    let sim = start().await;
    let mut hook = Hook::start().await;
    result(
        &sim,
        "setWebhook",
        json!({ "url": hook.url(), "max_connections": 2 }),
    )
    .await;
    let people: Vec<_> = (0..4).map(|_| sim.person("Alicia")).collect();
    for (number, person) in people.iter().enumerate() {
        person.sends(&number.to_string()).expect("they may");
    }
    let mut under_way = hook.next_ones(2).await;
    let mut arrived = vec![under_way[0].what(), under_way[1].what()];
    for _ in 0..2 {
        // Nothing comes before one of those under way is done with.
        let done = under_way.remove(0);
        let finished = sim.deliveries();
        done.takes();
        let next = hook.next().await;
        assert_eq!(sim.deliveries(), finished + 1);
        arrived.push(next.what());
        under_way.push(next);
    }
    assert_eq!(arrived, ["0", "1", "2", "3"]);
}

/// Shows that nothing but a message of somebody else is delivered now.
async fn nothing_comes(sim: &Sim, hook: &mut Hook, somebody: &Person) {
    let attempts = sim.deliveries();
    somebody.sends("fin").expect("they may");
    let marker = hook.next().await;
    assert_eq!(marker.what(), "fin");
    marker.takes();
    attempted(sim, attempts + 1).await;
}

#[tokio::test]
async fn failures_are_retried_by_the_clock() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    alicia.sends("uno").expect("she may");
    hook.next().await.answers("500 x", &[], b"");
    for wait in [2, 4, 8, 16, 32] {
        let again = hook.next().await;
        assert_eq!(again.what(), "uno");
        let attempts = sim.deliveries();
        again.answers("500 x", &[], b"");
        attempted(&sim, attempts + 1).await;
        let almost = TimeDelta::seconds(wait) - TimeDelta::milliseconds(1);
        clock.advance(almost).expect("it moves");
        nothing_comes(&sim, &mut hook, &bruno).await;
        clock.advance(TimeDelta::milliseconds(1)).expect("it moves");
    }
    let attempts = sim.deliveries();
    hook.next().await.takes();
    attempted(&sim, attempts + 1).await;
    assert_eq!(info(&sim).await["pending_update_count"], 0);
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    alicia.sends("uno").expect("she may");
    for (header, wait) in [("Retry-After: 30", 30), ("Retry-After: 100000", 3600)] {
        let request = hook.next().await;
        let attempts = sim.deliveries();
        request.answers("503 Service Unavailable", &[header], b"");
        attempted(&sim, attempts + 1).await;
        clock.advance(TimeDelta::seconds(wait - 1)).expect("it moves");
        nothing_comes(&sim, &mut hook, &bruno).await;
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
    }
    assert_eq!(hook.next().await.what(), "uno");
    let info = info(&sim).await;
    assert_eq!(
        info["last_error_message"],
        "Wrong response from the webhook: 503 Service Unavailable"
    );
}

#[tokio::test]
async fn what_would_be_too_old_by_the_next_attempt_is_dropped() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    let alicia = sim.person("Alicia");
    alicia.presses_data("uno").expect("she may");
    hook.next().await.answers("500 x", &["Retry-After: 140"], b"");
    attempted(&sim, 1).await;
    alicia.presses_data("dos").expect("she may");
    clock.advance(TimeDelta::seconds(140)).expect("it moves");
    let again = hook.next().await;
    assert_eq!(again.what(), "uno", "a tap lives 150 seconds");
    again.answers("500 x", &["Retry-After: 11"], b"");
    let next = hook.next().await;
    assert_eq!(next.what(), "dos", "the queue moves on at once");
    assert_eq!(info(&sim).await["pending_update_count"], 1);
    next.takes();
}

#[tokio::test]
async fn errors_are_shown_and_stay_until_a_new_webhook() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    let alicia = sim.person("Alicia");
    alicia.sends("uno").expect("she may");
    let mut attempts = 0;
    let table = [
        (
            Some("302 Found\r\nLocation: /elsewhere"),
            "Wrong response from the webhook: 302 Found",
        ),
        (
            Some("401 Unauthorized"),
            "Wrong response from the webhook: 401 Unauthorized",
        ),
        (
            Some("502 Bad Gateway"),
            "Wrong response from the webhook: 502 Bad Gateway",
        ),
        (Some("nonsense"), "Connection closed"),
        (None, "Connection closed"),
    ];
    for (answer, message) in table {
        let request = hook.next().await;
        assert_eq!(request.line, "POST /hook HTTP/1.1", "no redirect is followed");
        match answer {
            Some(status) => request.answers(status, &[], b""),
            None => drop(request),
        }
        attempts += 1;
        attempted(&sim, attempts).await;
        let info = info(&sim).await;
        assert_eq!(
            (&info["last_error_message"], &info["last_error_date"]),
            (&json!(message), &json!(clock.now().timestamp()))
        );
        if attempts > 1 {
            // The first failure is made good at once, the others within two minutes.
            clock.advance(TimeDelta::seconds(120)).expect("it moves");
        }
    }
    let failed_at = info(&sim).await["last_error_date"].clone();
    hook.next().await.takes();
    attempted(&sim, attempts + 1).await;
    assert_eq!(
        info(&sim).await["last_error_date"],
        failed_at,
        "success does not clear it"
    );
    let new = json!({ "url": hook.url(), "secret_token": "s" });
    assert_eq!(change(&sim, "setWebhook", new).await, "Webhook was set");
    assert_eq!(info(&sim).await.get("last_error_date"), None);
}

#[tokio::test]
async fn a_server_that_is_gone_refuses_connections() {
    let (sim, _) = with_clock().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let url = format!("http://127.0.0.1:{port}/");
    result(&sim, "setWebhook", json!({ "url": url })).await;
    drop(listener);
    sim.person("Alicia").sends("uno").expect("she may");
    attempted(&sim, 2).await;
    assert_eq!(info(&sim).await["last_error_message"], "Connection refused");
}

#[tokio::test]
async fn an_answer_has_sixty_seconds() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    sim.person("Alicia").sends("uno").expect("she may");
    let unanswered = hook.next().await;
    clock.advance(TimeDelta::milliseconds(59_999)).expect("it moves");
    assert_eq!(info(&sim).await.get("last_error_date"), None);
    clock.advance(TimeDelta::milliseconds(1)).expect("it moves");
    let again = hook.next().await;
    assert_ne!(again.connection, unanswered.connection);
    assert_eq!(info(&sim).await["last_error_message"], "Read timeout expired");
    again.takes();
}

#[tokio::test]
async fn a_webhook_that_is_gone_for_more_than_23_hours_is_removed() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    sim.person("Alicia").sends("uno").expect("she may");
    let waits = [TimeDelta::zero(), TimeDelta::hours(23), TimeDelta::seconds(1)];
    for (attempts, wait) in (1..).zip(waits) {
        assert_eq!(info(&sim).await["url"], hook.url());
        clock.advance(wait).expect("it moves");
        hook.next().await.answers("410 Gone", &["Retry-After: 1"], b"");
        attempted(&sim, attempts).await;
    }
    assert_eq!(
        info(&sim).await,
        json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 1 })
    );
    let updates = result(&sim, "getUpdates", json!({})).await;
    assert_eq!(updates[0]["message"]["text"], "uno");
}

#[tokio::test]
async fn an_answer_may_call_a_method() {
    let sim = start().await;
    let mut hook = Hook::set(&sim).await;
    let alicia = sim.person("Alicia");
    let id = alicia.id();
    let form = format!("method=sendMessage&chat_id={id}&text=a+form");
    let json = json!({ "method": "SendMessage", "chat_id": id, "text": "json" }).to_string();
    let parts = format!(
        "--b\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\nsendMessage\r\n\
         --b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{id}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nparts\r\n--b--\r\n"
    );
    let table = [
        ("Content-Type: application/json", json, "json"),
        ("Content-Type: application/x-www-form-urlencoded", form, "a form"),
        ("Content-Type: multipart/form-data; boundary=b", parts, "parts"),
    ];
    for (content_type, body, text) in table {
        alicia.sends("hola").expect("she may");
        hook.next()
            .await
            .answers("200 OK", &[content_type], body.as_bytes());
        alicia.hears(text).await.expect("it is sent");
    }
    for method in [
        "setWebhook",
        "deleteWebhook",
        "close",
        "logOut",
        "getMe",
        "getUpdates",
        "GetChat",
    ] {
        alicia.sends("hola").expect("she may");
        let call = json!({ "method": method, "chat_id": id }).to_string();
        let content_type = ["Content-Type: application/json"];
        hook.next()
            .await
            .answers("200 OK", &content_type, call.as_bytes());
    }
    // An error's body calls nothing, nor does a body that is no call.
    alicia.sends("hola").expect("she may");
    let call = json!({ "method": "sendMessage", "chat_id": id, "text": "no" }).to_string();
    let content_type = ["Content-Type: application/json"];
    hook.next().await.answers("500 x", &content_type, call.as_bytes());
    hook.next().await.answers("200 OK", &content_type, b"[1]");
    alicia.sends("hola").expect("she may");
    hook.next().await.answers("200 OK", &[], call.as_bytes());
    attempted(&sim, 3 + 7 + 3).await;
    let called: Vec<String> = sim.calls().into_iter().map(|call| call.method).collect();
    assert_eq!(
        called,
        ["setWebhook", "sendMessage", "sendMessage", "sendMessage"]
    );
    assert!(sim.violations().is_empty());
    assert_eq!(info(&sim).await["url"], hook.url());
}

#[tokio::test]
async fn pending_updates_are_dropped_on_demand() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("uno").expect("she may");
    assert_eq!(
        change(&sim, "deleteWebhook", json!({ "drop_pending_updates": true })).await,
        "Webhook is already deleted"
    );
    assert_eq!(sim.updates_pending(), 0);
    alicia.sends("dos").expect("she may");
    // They are dropped before the address is found to be wrong.
    let wrong = json!({ "url": "ftp://x", "drop_pending_updates": true });
    assert_eq!(call(&sim, "setWebhook", wrong).await.status, 400);
    assert_eq!(sim.updates_pending(), 0);
    alicia.sends("tres").expect("she may");
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    let set = json!({ "url": hook.url(), "drop_pending_updates": true });
    change(&sim, "setWebhook", set.clone()).await;
    alicia.sends("cuatro").expect("she may");
    assert_eq!(hook.next().await.what(), "cuatro");
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    assert_eq!(
        change(&sim, "setWebhook", set).await,
        "Webhook was set",
        "never the same"
    );
}

#[tokio::test]
async fn what_is_under_way_when_the_webhook_goes_is_polled() {
    let sim = start().await;
    let mut hook = Hook::set(&sim).await;
    let alicia = sim.person("Alicia");
    alicia.sends("uno").expect("she may");
    let under_way = hook.next().await;
    change(&sim, "deleteWebhook", json!({})).await;
    under_way.takes();
    let updates = result(&sim, "getUpdates", json!({})).await;
    assert_eq!(updates[0]["message"]["text"], "uno");
}

#[tokio::test]
async fn only_wanted_updates_are_delivered() {
    let sim = start().await;
    let mut hook = Hook::start().await;
    let set = json!({ "url": hook.url(), "allowed_updates": ["callback_query"] });
    result(&sim, "setWebhook", set).await;
    let alicia = sim.person("Alicia");
    alicia.sends("no se oye").expect("she may");
    alicia.presses_data("se oye").expect("she may");
    assert_eq!(hook.next().await.what(), "se oye");
    assert_eq!(sim.updates_pending(), 1);
}
