//! Being told of changes, a clock that runs and can be moved, and another stand-in on demand.

use std::pin::pin;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use sim::{Clock, Options, Sim};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::client::{held, result, sim_get, sim_post, start, start_with};

type Story = Result<(), Box<dyn std::error::Error>>;

/// Somebody who listens to the stand-in's events.
struct Listener(BufReader<TcpStream>);

impl Listener {
    /// Begins to listen; also returns which stand-in it says it is.
    async fn start(sim: &Sim) -> (Self, Value) {
        let stream = TcpStream::connect(("127.0.0.1", sim.port()))
            .await
            .expect("it listens");
        let mut listener = Self(BufReader::new(stream));
        let request = b"GET /sim/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
        listener.0.write_all(request).await.expect("it reads");
        let first = listener.next("world").await;
        (listener, first["id"].clone())
    }

    /// The next event, which has to be of this kind.
    async fn next(&mut self, kind: &str) -> Value {
        let mut event = String::new();
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).await.expect("the stream goes on");
            assert!(read > 0, "the stream has ended");
            if let Some(name) = line.strip_prefix("event: ") {
                name.trim_end().clone_into(&mut event);
            } else if let Some(data) = line.strip_prefix("data: ") {
                assert_eq!(event, kind);
                return serde_json::from_str(data).expect("data are JSON");
            }
        }
    }

    async fn changed(&mut self) -> u64 {
        self.next("changed").await["revision"].as_u64().expect("a number")
    }
}

async fn revision(sim: &Sim) -> u64 {
    let (_, window) = sim_get(sim, "/window").await;
    window["revision"].as_u64().expect("a number")
}

#[tokio::test]
async fn every_change_is_told() -> Story {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse()?);
    let sim = start_with(Options {
        clock: clock.clone(),
        ..Options::default()
    })
    .await;
    let (_, before) = sim_get(&sim, "/window").await;
    let (mut listener, world) = Listener::start(&sim).await;
    assert_eq!(world, before["world"]);
    let ines = sim.person("Inés");
    let first = listener.changed().await;
    assert_eq!(first, revision(&sim).await);
    ines.sends("hola")?;
    let mut last = listener.changed().await;
    assert!(last > first);
    let mut changed = async |what: &str| {
        let now = listener.changed().await;
        assert!(now > last, "{what}");
        last = now;
    };
    result(&sim, "getMe", json!({})).await;
    changed("a call").await;
    clock.advance(TimeDelta::days(1))?;
    changed("the clock").await;
    sim_post(
        &sim,
        "/faults",
        json!({ "kind": "flood", "retry_after": 5, "method": "getMe" }),
    )
    .await;
    changed("a fault").await;
    sim_post(&sim, &format!("/people/{}/rooms/1/leaves", ines.id()), json!({})).await;
    result(&sim, "sendMessage", json!({ "chat_id": ines.id(), "text": "x" })).await;
    changed("a message").await;
    let bot = sim.bot().id;
    sim_post(
        &sim,
        &format!("/people/{}/reads", ines.id()),
        json!({ "peer": bot, "message_id": 2 }),
    )
    .await;
    changed("a mark").await;
    Ok(())
}

#[tokio::test]
async fn changes_that_come_together_are_told_together() -> Story {
    let sim = start().await;
    let ines = sim.person("Inés");
    let (mut listener, _) = Listener::start(&sim).await;
    let before = revision(&sim).await;
    for _ in 0..100 {
        ines.sends("hola")?;
    }
    let after = revision(&sim).await;
    assert!(after >= before + 100);
    let mut told = 0;
    while listener.changed().await < after {
        told += 1;
        assert!(told < 50, "each is told alone");
    }
    // Who looks and then listens misses nothing.
    let (mut late, _) = Listener::start(&sim).await;
    ines.sends("hola")?;
    assert!(late.changed().await > after);
    Ok(())
}

#[tokio::test]
async fn listening_ends_with_the_stand_in() {
    let sim = start().await;
    let (mut listener, world) = Listener::start(&sim).await;
    sim.stop().await;
    let mut rest = Vec::new();
    listener
        .0
        .read_to_end(&mut rest)
        .await
        .expect("it is closed in order");
    assert!(rest.ends_with(b"0\r\n\r\n"), "the last piece");
    let (_, other) = Listener::start(&start().await).await;
    assert_ne!(world, other);
}

#[tokio::test]
async fn a_clock_that_runs_can_be_moved_ahead() -> Story {
    let clock = Clock::movable();
    let sim = start_with(Options {
        clock: clock.clone(),
        ..Options::default()
    })
    .await;
    let (_, shown) = sim_get(&sim, "/clock").await;
    assert_eq!(
        (&shown["kind"], &shown["skew_seconds"]),
        (&json!("movable"), &json!(0))
    );
    assert!((Utc::now() - clock.now()).abs() < TimeDelta::minutes(1));

    let poll = held(&sim, json!({ "timeout": 50 })).await;
    let day = TimeDelta::days(1);
    let (status, moved) = sim_post(&sim, "/clock", json!({ "advance_seconds": day.num_seconds() })).await;
    assert_eq!(status, 200, "{moved}");
    assert_eq!(poll.await?.json()["result"], json!([]), "its time is over");
    let ahead = clock.now() - Utc::now();
    assert!((ahead - day).abs() < TimeDelta::minutes(1), "{ahead}");

    for form in [
        json!({ "advance_seconds": -1 }),
        json!({ "now": Utc::now() }),
        json!({ "advance_seconds": i64::MAX }),
        json!({ "advance_seconds": 100_000_000_000_u64 }),
    ] {
        assert_eq!(sim_post(&sim, "/clock", form.clone()).await.0, 409, "{form}");
    }
    let later = clock.now() + TimeDelta::hours(1);
    assert_eq!(sim_post(&sim, "/clock", json!({ "now": later })).await.0, 200);
    assert!(clock.now() >= later - TimeDelta::seconds(1));
    let waiting = tokio::spawn({
        let clock = clock.clone();
        async move { clock.wait_until(later + TimeDelta::days(400)).await }
    });
    clock.advance(TimeDelta::days(300))?;
    clock.advance(TimeDelta::days(300))?;
    waiting.await?;
    assert_eq!(
        clock.advance(TimeDelta::MAX),
        Err(sim::clock::ClockError::OutOfRange)
    );
    Ok(())
}

#[tokio::test]
async fn another_stand_in_is_made_by_whoever_made_this_one() {
    let sim = start().await;
    assert_eq!(sim_get(&sim, "/window").await.1["can_reset"], false);
    let (status, refused) = sim_post(&sim, "/reset", json!({})).await;
    assert_eq!(status, 409);
    assert!(refused["error"].is_string());

    let sim = start_with(Options {
        resettable: true,
        ..Options::default()
    })
    .await;
    assert_eq!(sim_get(&sim, "/window").await.1["can_reset"], true);
    let requested = tokio::time::timeout(Duration::ZERO, sim.reset_requested()).await;
    assert!(requested.is_err(), "nobody has asked");
    assert_eq!(sim_post(&sim, "/reset", json!({})).await.0, 202);
    sim.reset_requested().await;
    sim.reset_requested().await;
    sim.stop().await;
    let port = sim.port();
    let next = start_with(Options {
        port,
        resettable: true,
        ..Options::default()
    })
    .await;
    assert_eq!(next.port(), port);
}

#[tokio::test]
async fn nobody_comes_in_before_it_opens() -> Story {
    let sim = Sim::start(Options {
        closed: true,
        ..Options::default()
    })
    .await?;
    let mut looking = pin!(sim_get(&sim, "/window"));
    let ines = sim.person("Inés");
    ines.sends("/start")?;
    // A bot has its answer while whoever looks at the people has none.
    let asks = async {
        for _ in 0..10 {
            result(&sim, "getMe", json!({})).await;
        }
        result(&sim, "getUpdates", json!({})).await
    };
    let updates = tokio::select! {
        updates = asks => updates,
        seen = looking.as_mut() => panic!("nobody is to see anything yet: {seen:?}"),
    };
    assert_eq!(updates.as_array().map(Vec::len), Some(1));
    sim.opens();
    assert_eq!(looking.await.0, 200);
    sim.stop().await;
    Ok(())
}
