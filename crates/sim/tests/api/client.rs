//! As little of an HTTP client as the tests need: they have to see bare statuses and headers, and
//! to send what no proper client would.

use std::collections::HashMap;
use std::io;

use serde_json::{Value, json};
use sim::{Clock, Options, Sim};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::decoding;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn description(&self) -> String {
        self.json()["description"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends one request as it stands and reads what comes until the connection is closed.
pub(crate) async fn exchange(sim: &Sim, request: &[u8]) -> io::Result<Vec<u8>> {
    let address = sim.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("the stand-in listens");
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Sends one request as it stands and reads the answer until the connection is closed.
pub(crate) async fn raw(sim: &Sim, request: &[u8]) -> Answer {
    let answer = exchange(sim, request).await.expect("the stand-in answers");
    let answer = String::from_utf8(answer).expect("answers are UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .expect("a status line");
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.parse().expect("a status is a number"),
        headers: headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
        body: body.to_owned(),
    }
}

pub(crate) async fn request(sim: &Sim, verb: &str, target: &str, content_type: &str, body: &[u8]) -> Answer {
    let content_type = format!("Content-Type: {content_type}");
    request_with(sim, verb, target, &[&content_type], body).await
}

/// Like [`request`], with whole lines of headers. A public library has to understand the answer.
pub(crate) async fn request_with(
    sim: &Sim,
    verb: &str,
    target: &str,
    headers: &[&str],
    body: &[u8],
) -> Answer {
    let length = body.len();
    let headers = headers.join("\r\n");
    let mut request = format!(
        "{verb} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    let answer = raw(sim, &request).await;
    decoding::check(target, &answer);
    answer
}

/// Calls a method of the first bot with a JSON body.
pub(crate) async fn call(sim: &Sim, method: &str, params: Value) -> Answer {
    let target = format!("/bot{}/{method}", sim.bot().token);
    request(
        sim,
        "POST",
        &target,
        "application/json",
        params.to_string().as_bytes(),
    )
    .await
}

/// Calls a method that has to succeed.
pub(crate) async fn result(sim: &Sim, method: &str, params: Value) -> Value {
    let answer = call(sim, method, params).await;
    assert_eq!(answer.status, 200, "{method}: {}", answer.body);
    answer.json()["result"].take()
}

/// Reads all updates that wait and confirms them.
pub(crate) async fn updates(sim: &Sim) -> Vec<Value> {
    let updates = result(sim, "getUpdates", json!({})).await;
    let updates = updates.as_array().expect("an array").clone();
    if let Some(last) = updates.last().and_then(|update| update["update_id"].as_i64()) {
        result(sim, "getUpdates", json!({ "offset": last + 1 })).await;
    }
    updates
}

/// Starts a poll of its own and waits until it is held.
pub(crate) async fn held(sim: &Sim, params: Value) -> tokio::task::JoinHandle<Answer> {
    let before = sim.polls_held();
    let poller = sim.clone();
    let poll = tokio::spawn(async move { call(&poller, "getUpdates", params).await });
    sim.until("a held poll", |view| (view.polls_held() > before).then_some(()))
        .await
        .expect("it is held");
    poll
}

/// Asks for something under `/sim`.
pub(crate) async fn sim_get(sim: &Sim, route: &str) -> (u16, Value) {
    let answer = request(sim, "GET", &format!("/sim{route}"), "", b"").await;
    (answer.status, answer.json())
}

/// Does something under `/sim`.
pub(crate) async fn sim_post(sim: &Sim, route: &str, body: Value) -> (u16, Value) {
    let (target, body) = (format!("/sim{route}"), body.to_string());
    let answer = request(sim, "POST", &target, "application/json", body.as_bytes()).await;
    (answer.status, answer.json())
}

pub(crate) async fn start() -> Sim {
    start_with(Options::default()).await
}

pub(crate) async fn start_with(options: Options) -> Sim {
    Sim::start(options).await.expect("loopback has a free port")
}

/// A stand-in whose clock stands still until it is moved.
pub(crate) async fn with_clock() -> (Sim, Clock) {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse().expect("a time"));
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    (start_with(options).await, clock)
}
