//! A worker that stands still ends, so that the platform starts another one.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use sim::Person;

use crate::lucien::{Running, folder, telegram};

/// A minute of standing still ends the process; the rest is for a busy machine.
const NOTICED: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_house_whose_log_nobody_takes_ends_with_1() -> Result<()> {
    const PEOPLE: usize = 1_000;
    let (folder, telegram) = (folder()?, telegram().await?);
    // Once the pipe is full, whoever writes into it is held up: soon all threads of the runtime are.
    let talkative = [("LOG_LEVEL", "DEBUG"), ("TOKIO_WORKER_THREADS", "2")];
    let house = Running::start_as(folder.path(), &telegram, "sqlite:///bot.db", &talkative)?;
    house.until_role("worker").await?;
    let crowd: Vec<Person> = (0..PEOPLE)
        .map(|n| telegram.person(&format!("Huésped {n}")))
        .collect();
    for person in &crowd {
        person.sends("/start")?;
    }
    let status = house.ends_unheard(NOTICED).await?;
    ensure!(status.code() == Some(1), "{status}");
    ensure!(
        telegram.call_count("sendMessage") < PEOPLE as u64,
        "it did not stand still"
    );

    // What it had before it is done by the next one.
    let house = Running::start(folder.path(), &telegram, "sqlite:///bot.db")?;
    try_join_all(crowd.iter().map(Person::next_answer)).await?;
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    Ok(())
}
