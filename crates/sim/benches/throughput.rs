//! How fast the stand-in is, over HTTP with connections that are kept alive: it must not be what
//! slows down a bot that is measured on it. Clients and server share the machine's cores.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use serde_json::{Value, json};
use sim::{Options, Person, Sim};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

const CONNECTIONS: usize = 16;

/// Per sample; few enough for the queue of updates to hold them.
const ITEMS: usize = 20_000;

fn main() {
    divan::main();
}

/// A stand-in, and people whom its bot may write to.
struct Ground {
    runtime: Runtime,
    sim: Sim,
    people: Vec<Person>,
}

impl Ground {
    fn new() -> Self {
        let runtime = Runtime::new().expect("the system has threads");
        let sim = runtime
            .block_on(Sim::start(Options::default()))
            .expect("loopback has a free port");
        let people: Vec<Person> = (0..1000).map(|_| sim.person("Alicia")).collect();
        for person in &people {
            person.sends("/start").expect("they may");
        }
        let ground = Self { runtime, sim, people };
        ground.runtime.block_on(async {
            Client::connect(&ground.sim)
                .await
                .call("getUpdates", &json!({ "offset": -1 }))
                .await;
        });
        ground
    }

    /// Lets updates come to the bot, from one person after the other.
    fn fill(&self) {
        for number in 0..ITEMS {
            let person = &self.people[number % self.people.len()];
            person.sends("hola").expect("they may");
        }
    }
}

/// A connection that is kept alive.
struct Client {
    stream: TcpStream,
    token: String,
    answer: Vec<u8>,
}

impl Client {
    async fn connect(sim: &Sim) -> Self {
        let address: SocketAddr = sim.url().replace("http://", "").parse().expect("an address");
        let stream = TcpStream::connect(address).await.expect("the stand-in listens");
        stream.set_nodelay(true).expect("a new connection takes it");
        Self {
            stream,
            token: sim.bot().token,
            answer: Vec::new(),
        }
    }

    /// Calls a method that has to succeed, and returns the body of the answer.
    async fn call(&mut self, method: &str, params: &Value) -> &[u8] {
        let body = params.to_string();
        let request = format!(
            "POST /bot{}/{method} HTTP/1.1\r\nHost: sim\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.expect("the stand-in reads");
        let body = read_message(&mut self.stream, &mut self.answer).await;
        assert!(self.answer.starts_with(b"HTTP/1.1 200 "), "{method} failed");
        &self.answer[body..]
    }
}

/// Reads a head and the body that it announces. Returns where the body begins.
async fn read_message(stream: &mut TcpStream, message: &mut Vec<u8>) -> usize {
    message.clear();
    loop {
        let read = stream.read_buf(message).await.expect("the other side writes");
        assert!(read > 0, "the connection was closed");
        let Some(end) = message.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&message[..end]).expect("heads are ASCII");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().expect("a length"))
        });
        let whole = end + 4 + length.expect("a body has a length");
        while message.len() < whole {
            stream.read_buf(message).await.expect("the other side writes");
        }
        return end + 4;
    }
}

#[divan::bench(sample_count = 5)]
fn send_message(bencher: Bencher<'_, '_>) {
    let ground = Ground::new();
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        ground.runtime.block_on(async {
            let mut senders = tokio::task::JoinSet::new();
            for sender in 0..CONNECTIONS {
                let mut client = Client::connect(&ground.sim).await;
                let ids: Vec<i64> = ground.people.iter().map(Person::id).collect();
                senders.spawn(async move {
                    for number in (sender..ITEMS).step_by(CONNECTIONS) {
                        let chat = ids[number % ids.len()];
                        let message =
                            json!({ "chat_id": chat, "text": "Buenas <b>tardes</b>", "parse_mode": "HTML" });
                        client.call("sendMessage", &message).await;
                    }
                });
            }
            senders.join_all().await;
        });
    });
}

#[divan::bench(sample_count = 5)]
fn get_updates(bencher: Bencher<'_, '_>) {
    let ground = Ground::new();
    bencher
        .counter(ItemsCount::new(ITEMS))
        .with_inputs(|| ground.fill())
        .bench_local_values(|()| {
            ground.runtime.block_on(async {
                let mut client = Client::connect(&ground.sim).await;
                let mut offset = -(ITEMS as i64);
                let mut taken = 0;
                while taken < ITEMS {
                    let answer = client.call("getUpdates", &json!({ "offset": offset })).await;
                    let answer: Value = serde_json::from_slice(answer).expect("answers are JSON");
                    let updates = answer["result"].as_array().expect("an array of updates");
                    let last = updates.last().expect("they are all there");
                    offset = last["update_id"].as_i64().expect("a number") + 1;
                    taken += updates.len();
                }
                client.call("getUpdates", &json!({ "offset": offset })).await;
            });
        });
}

#[divan::bench(sample_count = 5)]
fn webhook(bencher: Bencher<'_, '_>) {
    let ground = Ground::new();
    let taken = Arc::new(AtomicUsize::new(0));
    let all_taken = Arc::new(Notify::new());
    ground.runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::spawn(take_all(listener, Arc::clone(&taken), Arc::clone(&all_taken)));
        let set = json!({ "url": format!("http://127.0.0.1:{port}/"), "max_connections": CONNECTIONS });
        Client::connect(&ground.sim).await.call("setWebhook", &set).await;
    });
    bencher.counter(ItemsCount::new(ITEMS)).bench_local(|| {
        taken.store(0, Ordering::Relaxed);
        ground.fill();
        ground.runtime.block_on(all_taken.notified());
    });
}

/// The bot's side of a webhook, which takes everything.
async fn take_all(listener: TcpListener, taken: Arc<AtomicUsize>, all_taken: Arc<Notify>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let (taken, all_taken) = (Arc::clone(&taken), Arc::clone(&all_taken));
        tokio::spawn(async move {
            // The connection of the verification carries nothing.
            let mut peek = [0];
            if stream.peek(&mut peek).await.is_ok_and(|bytes| bytes == 0) {
                return;
            }
            let mut request = Vec::new();
            loop {
                read_message(&mut stream, &mut request).await;
                let answered = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await;
                answered.expect("the stand-in reads");
                if taken.fetch_add(1, Ordering::Relaxed) + 1 == ITEMS {
                    all_taken.notify_one();
                }
            }
        });
    }
}
