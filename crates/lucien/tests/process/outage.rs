//! PostgreSQL goes away and comes back.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sim::Fault;
use testkit::{Backend, TestDb};

use crate::lucien::{Running, folder, is_missing, telegram};

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_is_told_and_survived() -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let db = TestDb::new(Backend::Postgres).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let house = Running::start(folder.path(), &telegram, &db.url_for_processes()?)?;
    let ines = telegram.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    house
        .until_health(|_, body| body["status"] == "healthy" && body["role"] == "worker")
        .await?;

    db.goes_away().await?;
    let left = Instant::now();
    let body = house.until_health(|status, _| status == 503).await?;
    let took = left.elapsed();
    ensure!(body["components"]["database"] == "unhealthy", "{body}");
    // 3 s are promised; the rest is for a busy machine.
    ensure!(took < Duration::from_secs(10), "told after {took:?}");
    ensure!(house.asked("/live").await?.0 == 200);
    ines.sends("/id")?;

    db.comes_back().await?;
    ines.next_answer().await?;
    house.until_role("worker").await?;
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");
    ensure!(log.contains("the house lock is lost"), "{log}");
    ensure!(ines.chat().len() == 4, "{}", ines.transcript());
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_without_its_database_stops_in_order() -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let db = TestDb::new(Backend::Postgres).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let house = Running::start(folder.path(), &telegram, &db.url_for_processes()?)?;
    house.until_role("worker").await?;
    let ines = telegram.person("Inés");
    let hanging = telegram.inject(Fault::slow(60).on("sendMessage").in_chat(ines.id()));
    ines.sends("/start")?;
    hanging.strikes(1).await?;
    db.goes_away().await?;
    house.until_health(|status, _| status == 503).await?;
    let told = Instant::now();
    let (status, log) = house.stop().await?;
    let took = told.elapsed();
    ensure!(status.code() == Some(0), "{status}\n{log}");
    ensure!(took <= Duration::from_secs(10), "{took:?}\n{log}");
    db.comes_back().await?;
    db.remove().await
}
