//! The bot's side of a webhook: requests come one by one to be looked at, and are answered when the
//! test says so.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use frankenstein::updates::Update;
use serde_json::{Value, json};
use sim::Sim;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use crate::client::result;
use crate::decoding::round_trip;

pub(crate) struct Hook {
    pub(crate) port: u16,
    requests: mpsc::UnboundedReceiver<Request>,
}

/// A delivery. Dropping it closes the connection without an answer.
#[derive(Debug)]
pub(crate) struct Request {
    /// The connection it came by, counted from 0.
    pub(crate) connection: usize,
    /// The first line.
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that carries nothing, as for a verification, does not count.
                let mut peek = [0];
                if stream.peek(&mut peek).await.is_ok_and(|bytes| bytes > 0) {
                    tokio::spawn(serve(stream, connections, sender.clone()));
                    connections += 1;
                }
            }
        });
        Self { port, requests }
    }

    /// A hook that is set as the first bot's webhook.
    pub(crate) async fn set(sim: &Sim) -> Self {
        let hook = Self::start().await;
        result(sim, "setWebhook", json!({ "url": hook.url() })).await;
        hook
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// The next delivery.
    pub(crate) async fn next(&mut self) -> Request {
        self.requests.recv().await.expect("the hook listens")
    }

    /// The next deliveries, with what they carry, in the order of their numbers.
    pub(crate) async fn next_ones(&mut self, count: usize) -> Vec<Request> {
        let mut requests = Vec::new();
        for _ in 0..count {
            requests.push(self.next().await);
        }
        requests.sort_by_key(|request| request.update()["update_id"].as_i64());
        requests
    }
}

impl Request {
    pub(crate) fn update(&self) -> Value {
        let update = serde_json::from_str(&self.body).expect("updates are JSON");
        round_trip::<Update>(&update);
        update
    }

    /// The text of the message, or the data of the tap.
    pub(crate) fn what(&self) -> String {
        let update = self.update();
        let text = [&update["message"]["text"], &update["callback_query"]["data"]];
        text.into_iter()
            .find_map(Value::as_str)
            .expect("a message or a tap")
            .to_owned()
    }

    pub(crate) fn takes(self) {
        self.answers("200 OK", &[], b"");
    }

    /// Answers with a status such as `200 OK` and whole lines of headers.
    pub(crate) fn answers(self, status: &str, headers: &[&str], body: &[u8]) {
        let mut answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            answer.push_str(header);
            answer.push_str("\r\n");
        }
        answer.push_str("\r\n");
        let mut answer = answer.into_bytes();
        answer.extend_from_slice(body);
        // Nobody waits for the answer if the stand-in has given up.
        let _ = self.answer.send(answer);
    }
}

/// Waits until so many attempts to deliver have ended.
pub(crate) async fn attempted(sim: &Sim, times: u64) {
    sim.until("attempts to deliver", |view| {
        (view.deliveries() >= times).then_some(())
    })
    .await
    .expect("they are made");
}

/// Reads requests until the connection is closed or one is dropped.
async fn serve(stream: TcpStream, connection: usize, requests: mpsc::UnboundedSender<Request>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream
                .read_line(&mut line)
                .await
                .ok()
                .filter(|bytes| *bytes > 0)?;
            if line == "\r\n" {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }
        let headers: HashMap<String, String> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut body = vec![0; headers["Content-Length"].parse().expect("a length")];
        stream.read_exact(&mut body).await.ok()?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            connection,
            line: lines.swap_remove(0),
            headers,
            body: String::from_utf8(body).expect("updates are UTF-8"),
            answer,
        };
        requests.send(request).ok()?;
        stream.write_all(&answered.await.ok()?).await.ok()?;
    }
}
