//! A Bot API of a few lines for this crate's own tests: it writes down what it is asked and answers
//! what it was told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::DATE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::clock::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::address::{ApiUrl, BotToken};

pub(crate) const TOKEN: &str = "123456789:AAsecreto-secreto-secreto_12345";

pub(crate) fn token() -> BotToken {
    BotToken::parse(TOKEN).expect("a token")
}

#[derive(Default)]
struct Desk {
    /// Method and parameters of each call.
    calls: Mutex<Vec<(String, Value)>>,
    answers: Mutex<VecDeque<(u16, String)>>,
    /// The `Date` header of answers; none: that of the machine.
    date: Mutex<Option<Timestamp>>,
}

pub(crate) struct FakeApi {
    pub(crate) address: ApiUrl,
    state: Arc<Desk>,
    server: JoinHandle<()>,
}

impl FakeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let state = Arc::new(Desk::default());
        let router = Router::new().fallback(answer).with_state(state.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self {
            address: ApiUrl::parse(&address).expect("a loopback address"),
            state,
            server,
        }
    }

    /// What the next call that has no answer yet is answered.
    pub(crate) fn says(&self, status: u16, body: &str) {
        self.state
            .answers
            .lock()
            .unwrap()
            .push_back((status, body.to_owned()));
    }

    pub(crate) fn grants(&self, result: Value) {
        self.says(200, &json!({ "ok": true, "result": result }).to_string());
    }

    pub(crate) fn refuses(&self, code: u16, description: &str) {
        let body = json!({ "ok": false, "error_code": code, "description": description });
        self.says(code, &body.to_string());
    }

    pub(crate) fn floods(&self, seconds: u32) {
        let body = json!({
            "ok": false,
            "error_code": 429,
            "description": format!("Too Many Requests: retry after {seconds}"),
            "parameters": { "retry_after": seconds },
        });
        self.says(429, &body.to_string());
    }

    /// What its clock shows from now on.
    pub(crate) fn shows(&self, now: Timestamp) {
        *self.state.date.lock().unwrap() = Some(now);
    }

    /// Takes the answers back that nobody has had.
    pub(crate) fn forgets(&self) {
        self.state.answers.lock().unwrap().clear();
    }

    /// Ends; its port is free when this returns.
    pub(crate) async fn closes(mut self) {
        self.server.abort();
        let ended = (&mut self.server).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
    }

    /// What was called since the last look.
    pub(crate) fn calls(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.state.calls.lock().unwrap())
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Without an answer in store, everything is `true`.
async fn answer(State(state): State<Arc<Desk>>, uri: Uri, body: Bytes) -> Response {
    let method = uri
        .path()
        .strip_prefix(&format!("/bot{TOKEN}/"))
        .expect("the bot's own address");
    let params = serde_json::from_slice(&body).expect("JSON");
    state.calls.lock().unwrap().push((method.to_owned(), params));
    let answer = state.answers.lock().unwrap().pop_front();
    let (status, body) = answer.unwrap_or_else(|| (200, r#"{"ok":true,"result":true}"#.to_owned()));
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, body).into_response();
    if let Some(now) = *state.date.lock().unwrap() {
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let date = date.try_into().expect("a header");
        response.headers_mut().insert(DATE, date);
    }
    response
}
