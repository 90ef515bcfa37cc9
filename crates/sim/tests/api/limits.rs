//! The limits of rate.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sim::{Clock, Limits, Options, Person, Rights, Sim};

use crate::client::{Answer, call, request, result, start_with};

async fn limited(limits: Limits) -> (Sim, Clock) {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse().expect("a time"));
    let options = Options {
        clock: clock.clone(),
        limits: Some(limits),
        ..Options::default()
    };
    (start_with(options).await, clock)
}

async fn somebody(sim: &Sim) -> Person {
    let person = sim.person("Alicia");
    person.sends("hola").expect("she may");
    person
}

async fn send(sim: &Sim, person: &Person) -> Answer {
    call(sim, "sendMessage", json!({ "chat_id": person.id(), "text": "x" })).await
}

#[tokio::test]
async fn a_chat_takes_a_short_burst_and_then_one_a_second() {
    let (sim, clock) = limited(Limits::default()).await;
    let alicia = somebody(&sim).await;
    for _ in 0..3 {
        assert_eq!(send(&sim, &alicia).await.status, 200);
    }
    let chat = alicia.chat().len();
    let refused = send(&sim, &alicia).await;
    assert_eq!(
        refused.json(),
        json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 3",
                "parameters": { "retry_after": 3 } })
    );
    assert_eq!(
        (refused.status, refused.headers["retry-after"].as_str()),
        (429, "3")
    );
    assert_eq!(alicia.chat().len(), chat, "it had no effect");

    clock.advance(TimeDelta::milliseconds(2001)).expect("it moves");
    assert_eq!(
        send(&sim, &alicia).await.json()["parameters"]["retry_after"],
        1,
        "what is left of a second counts as one"
    );
    clock.advance(TimeDelta::milliseconds(999)).expect("it moves");
    assert_eq!(
        send(&sim, &alicia).await.status,
        200,
        "who waits as told is heard"
    );
}

#[tokio::test]
async fn thirty_a_second_over_all_chats() {
    let (sim, clock) = limited(Limits::default()).await;
    let mut people = Vec::new();
    for _ in 0..31 {
        people.push(somebody(&sim).await);
    }
    for person in &people[..30] {
        assert_eq!(send(&sim, person).await.status, 200);
    }
    let refused = send(&sim, &people[30]).await;
    assert_eq!(refused.json()["parameters"], json!({ "retry_after": 1 }));
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    assert_eq!(send(&sim, &people[30]).await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_message_comes_before_its_pace() {
    let (sim, _) = limited(Limits {
        chat_burst: 1,
        ..Limits::default()
    })
    .await;
    let alicia = somebody(&sim).await;
    let empty = json!({ "chat_id": alicia.id(), "text": "" });
    for _ in 0..2 {
        assert_eq!(call(&sim, "sendMessage", empty.clone()).await.status, 400);
    }
    assert_eq!(send(&sim, &alicia).await.status, 200, "refused ones do not count");
    assert_eq!(send(&sim, &alicia).await.status, 429);
    let id = alicia.last_message().expect("it came").message_id;
    let edit = json!({ "chat_id": alicia.id(), "message_id": id, "text": "y" });
    result(&sim, "editMessageText", edit).await;
}

#[tokio::test]
async fn limits_are_switched_in_process_and_over_http() {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse().expect("a time"));
    let sim = start_with(Options {
        clock,
        ..Options::default()
    })
    .await;
    let alicia = somebody(&sim).await;
    for _ in 0..40 {
        assert_eq!(send(&sim, &alicia).await.status, 200, "there are none by default");
    }
    sim.set_limits(Some(Limits::default()));
    for _ in 0..3 {
        assert_eq!(send(&sim, &alicia).await.status, 200);
    }
    assert_eq!(send(&sim, &alicia).await.status, 429);

    let put = async |limits: Value| {
        let body = limits.to_string();
        request(&sim, "PUT", "/sim/limits", "application/json", body.as_bytes()).await
    };
    assert_eq!(put(Value::Null).await.json(), Value::Null);
    assert_eq!(sim.limits(), None);
    assert_eq!(send(&sim, &alicia).await.status, 200);
    let limits = json!({ "per_second": 5, "chat_burst": 3, "per_group_minute": 20 });
    assert_eq!(put(json!({ "per_second": 5 })).await.json(), limits);
    assert_eq!(request(&sim, "GET", "/sim/limits", "", b"").await.json(), limits);
    assert_eq!(put(json!({ "per_hour": 5 })).await.status, 422);
}

#[tokio::test]
async fn twenty_a_minute_in_a_channel() {
    let (sim, clock) = limited(Limits::default()).await;
    let diana = sim.person("Diana");
    let vip = sim.channel("VIP", &diana);
    diana
        .promotes(&vip, sim.bot().id, Rights::all())
        .expect("it is hers");
    let post = json!({ "chat_id": vip.id(), "text": "x" });
    for _ in 0..20 {
        result(&sim, "sendMessage", post.clone()).await;
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
    }
    let refused = call(&sim, "sendMessage", post.clone()).await;
    assert_eq!(
        (refused.status, &refused.json()["parameters"]["retry_after"]),
        (429, &json!(40))
    );
    let alicia = somebody(&sim).await;
    assert_eq!(send(&sim, &alicia).await.status, 200, "another chat may");
    clock.advance(TimeDelta::seconds(40)).expect("it moves");
    result(&sim, "sendMessage", post).await;
}
