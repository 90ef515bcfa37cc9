//! getUpdates: waiting, waking, conflicts, ages.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::client::{held, result, start, with_clock};

#[tokio::test]
async fn a_held_poll_wakes_with_the_first_update() {
    let sim = start().await;
    let poll = held(&sim, json!({ "timeout": 50 })).await;
    sim.person("Alicia").sends("hola").expect("she may");
    let answer = poll.await.expect("it answers");
    assert_eq!(answer.json()["result"][0]["message"]["text"], "hola");
    assert!(answer.body.contains(",\n\"message\":"), "as the server writes it");
    assert_eq!(sim.updates_pending(), 1, "nothing is confirmed yet");
}

#[tokio::test]
async fn the_timeout_obeys_the_clock() {
    let (sim, clock) = with_clock().await;
    let poll = held(&sim, json!({ "timeout": 1000 })).await;
    clock.advance(TimeDelta::seconds(49)).expect("it moves");
    assert!(!poll.is_finished());
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    assert_eq!(poll.await.expect("it answers").json()["result"], json!([]));
}

#[tokio::test]
async fn a_held_poll_wakes_although_the_numbers_begin_anew() {
    let (sim, clock) = with_clock().await;
    let alicia = sim.person("Alicia");
    let mut offset = 0;
    // The new numbers are random: each week they may begin below or above the old ones.
    for _ in 0..16 {
        let poll = held(&sim, json!({ "timeout": 50, "offset": offset })).await;
        alicia.sends("hola").expect("she may");
        let answer = poll.await.expect("it answers").json();
        offset = answer["result"][0]["update_id"].as_i64().expect("an update") + 1;
        clock.advance(TimeDelta::days(8)).expect("it moves");
    }
}

#[tokio::test]
async fn a_repeated_offset_has_to_wait_and_gets_little() {
    let (sim, clock) = with_clock().await;
    assert_eq!(result(&sim, "getUpdates", json!({})).await, json!([]));
    let poll = held(&sim, json!({})).await;
    clock.advance(TimeDelta::seconds(3)).expect("it moves");
    assert_eq!(poll.await.expect("it answers").json()["result"], json!([]));
    assert_eq!(
        result(&sim, "getUpdates", json!({})).await,
        json!([]),
        "three seconds are enough"
    );

    let alicia = sim.person("Alicia");
    for text in ["uno", "dos"] {
        alicia.sends(text).expect("she may");
    }
    let count = |updates: Value| updates.as_array().map(Vec::len);
    assert_eq!(count(result(&sim, "getUpdates", json!({})).await), Some(1));
    clock.advance(TimeDelta::milliseconds(500)).expect("it moves");
    assert_eq!(count(result(&sim, "getUpdates", json!({})).await), Some(2));
}

#[tokio::test]
async fn of_two_waiting_polls_the_older_is_terminated() {
    let (sim, clock) = with_clock().await;
    let wording =
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    let first = held(&sim, json!({ "timeout": 50 })).await;
    // One that is answered at once terminates nobody.
    clock.advance(TimeDelta::seconds(4)).expect("it moves");
    result(&sim, "getUpdates", json!({})).await;
    assert!(!first.is_finished());

    let second = held(&sim, json!({ "timeout": 50 })).await;
    let answer = first.await.expect("it answers");
    assert_eq!((answer.status, answer.description().as_str()), (409, wording));

    let third = held(&sim, json!({ "timeout": 50 })).await;
    // Soon after a conflict the next one's answer is held for three seconds.
    assert!(!second.is_finished());
    clock.advance(TimeDelta::seconds(3)).expect("it moves");
    assert_eq!(second.await.expect("it answers").status, 409);
    sim.person("Alicia").sends("hola").expect("she may");
    assert_eq!(
        third.await.expect("it answers").json()["result"][0]["message"]["text"],
        "hola"
    );
}

#[tokio::test]
async fn stopping_answers_those_who_wait() {
    let sim = start().await;
    let poll = held(&sim, json!({ "timeout": 50 })).await;
    sim.stop().await;
    let answer = poll.await.expect("it answers");
    assert_eq!(
        (answer.status, answer.description().as_str()),
        (500, "Internal Server Error: restart")
    );
}

#[tokio::test]
async fn confirmed_and_expired_updates_do_not_come_back() {
    let (sim, clock) = with_clock().await;
    let alicia = sim.person("Alicia");
    alicia.sends("uno").expect("she may");
    alicia.presses_data("x").expect("she may");
    clock.advance(TimeDelta::seconds(149)).expect("it moves");
    assert_eq!(sim.updates_pending(), 2);
    clock.advance(TimeDelta::seconds(1)).expect("it moves");
    assert_eq!(sim.updates_pending(), 1, "a tap lives 150 seconds");
    let first = result(&sim, "getUpdates", json!({})).await[0]["update_id"]
        .as_i64()
        .expect("an id");
    assert_eq!(
        result(&sim, "getUpdates", json!({ "offset": first + 1 })).await,
        json!([])
    );
    assert_eq!(sim.updates_pending(), 0);
    alicia.sends("dos").expect("she may");
    clock.advance(TimeDelta::hours(24)).expect("it moves");
    assert_eq!(sim.updates_pending(), 0, "a message lives 24 hours");
}

#[tokio::test]
async fn allowed_updates_stay_until_changed() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    result(
        &sim,
        "getUpdates",
        json!({ "allowed_updates": ["CALLBACK_QUERY"], "offset": 1 }),
    )
    .await;
    alicia.sends("no se oye").expect("she may");
    assert_eq!(sim.updates_pending(), 0);
    result(&sim, "getUpdates", json!({ "offset": 2 })).await;
    alicia.presses_data("x").expect("she may");
    assert_eq!(sim.updates_pending(), 1);
    result(&sim, "getUpdates", json!({ "allowed_updates": [], "offset": 3 })).await;
    alicia.sends("ya se oye").expect("she may");
    assert_eq!(sim.updates_pending(), 2);
}
