//! Time that passes quickly: bots have their turn meanwhile.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sim::clock::ClockError;
use sim::{Clock, Options, Sim};

use crate::client::{call, held, sim_get, sim_post, start_with};

fn long_ago() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
}

async fn start() -> Sim {
    start_with(Options {
        clock: Clock::movable_from(long_ago()),
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn a_clock_runs_from_any_moment_on() {
    let clock = Clock::movable_from(long_ago());
    let passed = clock.now() - long_ago();
    assert!(
        passed >= TimeDelta::zero() && passed < TimeDelta::minutes(1),
        "{passed}"
    );
    clock.wait_until(long_ago() + TimeDelta::milliseconds(20)).await;
    assert!(clock.now() - long_ago() >= TimeDelta::milliseconds(20));
}

#[tokio::test]
async fn whoever_asked_for_it_is_waited_for_every_few_hours() {
    let sim = start().await;
    let moments = Arc::new(Mutex::new(vec![sim.clock().now()]));
    let (noted, clock) = (Arc::clone(&moments), sim.clock().clone());
    sim.keeps_pace_with(move || {
        let (noted, clock) = (Arc::clone(&noted), clock.clone());
        async move {
            // Whoever needs a moment gets it.
            tokio::task::yield_now().await;
            noted.lock().expect("nobody panics").push(clock.now());
        }
    });
    let day = TimeDelta::days(1);
    let (status, moved) = sim_post(&sim, "/clock", json!({ "advance_seconds": day.num_seconds() })).await;
    assert_eq!(status, 200, "{moved}");
    assert!(sim.clock().now() - long_ago() >= day);
    let moments = moments.lock().expect("nobody panics");
    assert!(moments.len() >= 4, "{moments:?}");
    for pair in moments.windows(2) {
        let stride = pair[1] - pair[0];
        assert!(stride < TimeDelta::hours(7), "{moments:?}");
    }
}

#[tokio::test]
async fn a_bot_that_polls_keeps_pace() {
    let sim = start().await;
    let first = held(&sim, json!({ "timeout": 30 })).await;
    let poller = sim.clone();
    let polling = tokio::spawn(async move {
        loop {
            call(&poller, "getUpdates", json!({ "timeout": 30 })).await;
        }
    });
    first.await.expect("it is answered, or told of the other");
    let before = sim.polls_held();
    sim.lets_pass(TimeDelta::days(2)).await.expect("it can be moved");
    assert!(
        sim.polls_held() - before >= 7,
        "a poll for each of the strides but the last"
    );
    polling.abort();
}

#[tokio::test]
async fn time_does_not_pass_backwards_nor_for_ever() {
    let sim = start().await;
    let back = sim.lets_pass(-TimeDelta::seconds(1)).await;
    assert_eq!(back, Err(ClockError::Backwards));
    let for_ever = sim.lets_pass(TimeDelta::days(100_000)).await;
    assert_eq!(for_ever, Err(ClockError::OutOfRange));
    assert!(sim.clock().now() - long_ago() < TimeDelta::hours(1));
}

#[tokio::test]
async fn whoever_has_read_all_has_nothing_left_to_read() -> Result<(), sim::Cannot> {
    let sim = start().await;
    let (diana, ines) = (sim.person("Diana"), sim.person("Inés"));
    let vip = sim.channel("VIP", &diana);
    diana.adds(&vip, ines.id())?;
    let unread = async || {
        let (_, seen) = sim_get(&sim, "/window").await;
        let mut people = seen["people"].as_array().expect("a list").iter();
        let ines = people
            .find(|person| person["id"] == ines.id())
            .expect("she is there");
        ines["unread"].clone()
    };
    diana.writes_in(&vip, "Novedad")?;
    assert_eq!(unread().await, 1);
    ines.reads_all();
    assert_eq!(unread().await, 0);
    diana.writes_in(&vip, "Otra")?;
    assert_eq!(unread().await, 1);
    Ok(())
}
