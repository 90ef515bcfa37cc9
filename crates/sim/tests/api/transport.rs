//! Addresses, tokens, parameters, shapes of answers.

use chrono::{DateTime, Utc};
use serde_json::json;
use sim::{Clock, Options, Problem, Sim};
use tokio::net::TcpStream;

use crate::client::{call, raw, request, request_with, result, start};

#[tokio::test]
async fn addresses() {
    let sim = start().await;
    let token = sim.bot().token;
    let table = [
        ("/bot".to_owned(), 404, "Not Found"),
        ("/getMe".into(), 404, "Not Found"),
        (format!("/bot{token}"), 404, "Not Found"),
        (
            format!("/bot{token}/sendPigeon"),
            404,
            "Not Found: method not found",
        ),
        (format!("/bot{token}/"), 404, "Not Found: method not found"),
        (format!("/bot{token}/getMe/"), 404, "Not Found: method not found"),
        (format!("/bot{token}/test/getMe"), 401, "Unauthorized"),
        (
            "/bot0123:x/getMe".into(),
            401,
            "Unauthorized: invalid token specified",
        ),
        (
            "/botnonsense/getMe".into(),
            401,
            "Unauthorized: invalid token specified",
        ),
        (
            format!("/bot{}/getMe", "1:".repeat(41)),
            401,
            "Unauthorized: invalid token specified",
        ),
        (
            "/bot-5:x/getMe".into(),
            401,
            "Unauthorized: invalid token specified",
        ),
        (
            "/bot18014398509481984:x/getMe".into(),
            401,
            "Unauthorized: invalid token specified",
        ),
        (
            "/botx5:x/getMe".into(),
            421,
            "Misdirected Request: unallowed token specified",
        ),
        ("/bot5:x/getMe".into(), 401, "Unauthorized"),
        (format!("/bot{token}x/sendPigeon"), 401, "Unauthorized"),
    ];
    for (target, code, description) in table {
        let answer = request(&sim, "GET", &target, "", b"").await;
        assert_eq!(answer.status, code, "{target}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let expected = json!({ "ok": false, "error_code": code, "description": description });
        assert_eq!(answer.json(), expected, "{target}");
    }
    let method_in_arguments = format!("/bot{token}/?method=GETME");
    let encoded = format!("/bot{}/getMe", token.replace(':', "%3A"));
    for target in [method_in_arguments, encoded, format!("/bot{token}/GeTmE?x=%00")] {
        assert_eq!(
            request(&sim, "GET", &target, "", b"").await.status,
            200,
            "{target}"
        );
    }
    let absolute =
        format!("GET http://sim/bot{token}/getMe HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n");
    let answer = raw(&sim, absolute.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.description().as_str()),
        (404, "Not Found: absolute URI is specified in the Request-Line")
    );
}

#[tokio::test]
async fn failures_below_the_api_are_bare() {
    let sim = start().await;
    let target = format!("/bot{}/getMe", sim.bot().token);
    let huge = format!("text={}", "x".repeat(1 << 20)).into_bytes();
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{}\r\n--b--\r\n",
        "x".repeat((1 << 20) + 1)
    );
    let answers = [
        (501, request(&sim, "PUT", &target, "", b"").await),
        (501, request(&sim, "DELETE", &target, "", b"").await),
        (
            413,
            request(&sim, "POST", &target, "application/x-www-form-urlencoded", &huge).await,
        ),
        (
            413,
            request(&sim, "POST", &target, "application/json", &huge).await,
        ),
        (
            413,
            request(
                &sim,
                "POST",
                &target,
                "multipart/form-data; boundary=b",
                part.as_bytes(),
            )
            .await,
        ),
        (
            400,
            request(&sim, "POST", &target, "multipart/form-data", b"").await,
        ),
        (
            400,
            request(
                &sim,
                "POST",
                &target,
                "multipart/form-data; boundary=b",
                b"nonsense",
            )
            .await,
        ),
        (
            415,
            raw(
                &sim,
                format!("GET {target} HTTP/1.1\r\nHost: sim\r\nContent-Encoding: br\r\n\r\n").as_bytes(),
            )
            .await,
        ),
    ];
    for (status, answer) in answers {
        assert_eq!((answer.status, answer.body.as_str()), (status, ""));
        assert_eq!(answer.headers["content-length"], "0");
        assert_eq!(answer.headers["connection"], "close");
    }
}

#[tokio::test]
async fn every_way_of_passing_parameters() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let target = format!("/bot{}/sendMessage", sim.bot().token);
    let id = alicia.id();
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{id}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nmultipart\r\n\
         --b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x.txt\"\r\n\r\nx\r\n--b--\r\n"
    );
    let ways = [
        (
            "GET",
            format!("?chat_id={id}&text=qu%C3%A9ry"),
            "",
            String::new(),
            "quéry",
        ),
        (
            "POST",
            String::new(),
            "application/x-www-form-urlencoded",
            format!("chat_id={id}&text=a+form"),
            "a form",
        ),
        (
            "POST",
            String::new(),
            "Application/JSON; charset=utf-8",
            json!({ "chat_id": id, "text": "json" }).to_string(),
            "json",
        ),
        (
            "POST",
            String::new(),
            "application/json",
            format!("{{\"chat_id\":\"{id}\",\"text\":\"broken\",,"),
            "broken",
        ),
        (
            "POST",
            String::new(),
            "application/json",
            format!("{{\"chat_id\":{id},\"text\":null}}"),
            "null",
        ),
        (
            "POST",
            String::new(),
            "multipart/form-data; boundary=b",
            multipart,
            "multipart",
        ),
        (
            "POST",
            "?text=first".into(),
            "application/json",
            json!({ "chat_id": id, "text": "second" }).to_string(),
            "first",
        ),
    ];
    for (verb, query, content_type, body, text) in ways {
        let answer = request(
            &sim,
            verb,
            &format!("{target}{query}"),
            content_type,
            body.as_bytes(),
        )
        .await;
        assert_eq!(answer.status, 200, "{text}: {}", answer.body);
        assert_eq!(alicia.last_message().expect("it came").text, text);
    }
    let ignored = request(
        &sim,
        "POST",
        &target,
        "text/plain",
        format!("chat_id={id}&text=x").as_bytes(),
    )
    .await;
    assert_eq!(ignored.description(), "Bad Request: message text is empty");
    let cut = request(
        &sim,
        "POST",
        &target,
        "application/json",
        b"{\"text\":\"x\",\"chat_id\"",
    )
    .await;
    assert_eq!(cut.description(), "Bad Request: chat_id is empty");
}

#[tokio::test]
async fn violations_are_recorded_and_calls_logged() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let id = alicia.id();
    result(&sim, "getMe", json!({})).await;
    assert!(sim.violations().is_empty());
    call(&sim, "sendPigeon", json!({})).await;
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": id, "text": 5, "pigeon": 1, "protect_content": "x" }),
    )
    .await;
    call(&sim, "sendMessage", json!({ "chat_id": id, "text": "" })).await;
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": id, "text": "x", "message_effect_id": "5" }),
    )
    .await;
    call(
        &sim,
        "sendMessage",
        json!({ "chat_id": id, "text": "x", "parse_mode": "MarkdownV2" }),
    )
    .await;
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": id, "text": "😀".repeat(2049) }),
    )
    .await;
    let problems: Vec<Problem> = sim
        .violations()
        .into_iter()
        .map(|violation| violation.problem)
        .collect();
    let ill = |name: &str, expected: &str| Problem::IllTyped {
        name: name.into(),
        expected: expected.into(),
    };
    for expected in [
        Problem::UnknownMethod,
        Problem::UnknownParameter {
            name: "pigeon".into(),
        },
        ill("text", "a String"),
        ill("protect_content", "a Boolean"),
        Problem::MissingParameter { name: "text".into() },
        Problem::Unsupported {
            what: "parameter \"message_effect_id\"".into(),
        },
        Problem::Unsupported {
            what: "parse_mode markdownv2".into(),
        },
        Problem::TooLong {
            name: "text".into(),
            units: 4098,
            limit: 4096,
        },
    ] {
        assert!(problems.contains(&expected), "{expected}");
    }
    assert_eq!(problems.len(), 8, "{problems:?}");

    let calls = sim.calls();
    let last = calls.last().expect("calls were made");
    assert_eq!(
        (
            last.method.as_str(),
            last.status,
            last.parameters["chat_id"].as_i64()
        ),
        ("sendMessage", Some(200), Some(id))
    );
    let refused = calls
        .iter()
        .find(|call| call.status == Some(400))
        .expect("one was refused");
    assert_eq!(
        refused.description.as_deref(),
        Some("Bad Request: message text is empty")
    );
    assert_eq!(sim.call_count("sendMessage"), 5);
    assert_eq!(sim.call_count("sendPigeon"), 0);
}

#[tokio::test]
async fn strict_makes_violations_errors_and_the_log_is_bounded() {
    let options = Options {
        strict: true,
        calls_kept: 2,
        ..Options::default()
    };
    let sim = Sim::start(options).await.expect("loopback has a free port");
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let wrong = json!({ "chat_id": alicia.id(), "text": "x", "pigeon": 1 });
    let answer = call(&sim, "sendMessage", wrong).await;
    assert_eq!(
        answer.description(),
        "Bad Request: strict: sendMessage: parameter \"pigeon\" is not known"
    );
    assert!(alicia.last_message().is_none());
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "x" }),
    )
    .await;
    result(&sim, "getMe", json!({})).await;
    assert_eq!(sim.calls().len(), 2);
}

#[tokio::test]
async fn the_date_header_obeys_the_clock() {
    let now: DateTime<Utc> = "2026-03-01T08:09:10Z".parse().expect("a time");
    let options = Options {
        clock: Clock::manual(now),
        ..Options::default()
    };
    let sim = Sim::start(options).await.expect("loopback has a free port");
    let answer = call(&sim, "getMe", json!({})).await;
    assert_eq!(answer.headers["date"], "Sun, 01 Mar 2026 08:09:10 GMT");

    // Unless it is to be off, and nothing else with it.
    for (skew, shown) in [
        (360, "Sun, 01 Mar 2026 08:15:10 GMT"),
        (-86_400, "Sat, 28 Feb 2026 08:09:10 GMT"),
        (i64::MAX, "Sun, 01 Mar 2026 08:09:10 GMT"),
        (0, "Sun, 01 Mar 2026 08:09:10 GMT"),
    ] {
        sim.set_skew(skew);
        let answer = call(&sim, "getMe", json!({})).await;
        assert_eq!(answer.headers["date"], shown);
        assert_eq!(sim.clock().now(), now);
    }
    // An error has a date, too.
    sim.set_skew(360);
    let refused = call(&sim, "getPigeon", json!({})).await;
    assert_eq!(refused.headers["date"], "Sun, 01 Mar 2026 08:15:10 GMT");
}

#[tokio::test]
async fn a_stopped_stand_in_is_gone_and_so_is_a_dropped_one() {
    let sim = start().await;
    let address = sim.url().replace("http://", "");
    sim.stop().await;
    assert!(TcpStream::connect(&address).await.is_err());
    sim.stop().await;
    sim.stopped().await;

    let sim = start().await;
    let address = sim.url().replace("http://", "");
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    drop(sim);
    while TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(
        alicia.hears("x").await.is_err(),
        "nobody waits for a bot that cannot answer"
    );
}

#[tokio::test]
async fn impossible_bots_are_refused() {
    for token in [
        "",
        "x:abcdefghijklmnopqrstuvwxyz",
        "5:short",
        "5:abcdefghijklmnopqrstuvwx/z",
    ] {
        let bot = sim::NewBot {
            token: Some(token.into()),
            ..sim::NewBot::default()
        };
        let options = Options {
            bots: vec![bot],
            ..Options::default()
        };
        assert!(Sim::start(options).await.is_err(), "{token}");
    }
    let token = "5:abcdefghijklmnopqrstuvwxyz".to_owned();
    let bot = sim::NewBot {
        token: Some(token.clone()),
        ..sim::NewBot::default()
    };
    let sim = Sim::start(Options {
        bots: vec![bot.clone()],
        ..Options::default()
    })
    .await
    .expect("a good token");
    assert_eq!((sim.bot().id, sim.bot().token), (5, token));
    assert_eq!(sim.add_bot(bot), None);
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    let gzip = |body: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    let zlib = |body: &[u8]| {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let target = format!("/bot{}/sendMessage", sim.bot().token);
    let json = json!({ "chat_id": alicia.id(), "text": "x".repeat(3000) }).to_string();
    let json = json.as_bytes();
    let table = [
        ("gzip", gzip(json), 200),
        ("deflate", zlib(json), 200),
        // The data tell what it is.
        ("GZIP", zlib(json), 200),
        ("identity", json.to_vec(), 200),
        ("gzip", b"nonsense".to_vec(), 400),
        ("gzip", gzip(json)[..40].to_vec(), 400),
        ("gzip", gzip(&vec![b' '; 2 << 20]), 413),
        ("gzip", gzip(&vec![b' '; 65 << 20]), 413),
        ("br", json.to_vec(), 415),
    ];
    for (encoding, body, status) in table {
        let before = alicia.chat().len();
        let encoding = format!("Content-Encoding: {encoding}");
        let headers = ["Content-Type: application/json", encoding.as_str()];
        let answer = request_with(&sim, "POST", &target, &headers, &body).await;
        assert_eq!(answer.status, status, "{encoding}");
        assert_eq!(alicia.chat().len(), before + usize::from(status == 200));
    }
}

#[tokio::test]
async fn headers_have_a_limit() {
    let sim = start().await;
    let target = format!("/bot{}/getMe", sim.bot().token);
    for (size, status) in [(200 << 10, 200), (260 << 10, 431)] {
        let header = format!("X-Long: {}", "x".repeat(size));
        let answer = request_with(&sim, "GET", &target, &[&header], b"").await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn the_hosted_server_takes_no_large_files() {
    let upload = |size: usize| {
        let mut body =
            b"--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"x.bin\"\r\n\r\n".to_vec();
        body.resize(body.len() + size, b'x');
        body.extend_from_slice(b"\r\n--b--\r\n");
        body
    };
    for (cloud, size, status) in [
        (true, 50 << 20, 200),
        (true, (50 << 20) + 1, 413),
        (false, (50 << 20) + 1, 200),
    ] {
        let sim = Sim::start(Options {
            cloud,
            ..Options::default()
        })
        .await
        .expect("loopback has a free port");
        let target = format!("/bot{}/getMe", sim.bot().token);
        let content_type = "multipart/form-data; boundary=b";
        let answer = request(&sim, "POST", &target, content_type, &upload(size)).await;
        assert_eq!(answer.status, status);
    }
}
