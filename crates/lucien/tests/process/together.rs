//! Several processes on one database: one works, the others stand by.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::{select_all, try_join_all};
use sim::{Person, Sim};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, Webhook, folder, free_port, is_missing, telegram};

const PROCESSES: usize = 10;

/// The worker is taken out.
async fn take_worker(houses: &mut Vec<Running>) -> Result<Running> {
    let mut worker = None;
    for (index, house) in houses.iter().enumerate() {
        let (_, body) = house.asked("/health").await?;
        if body["role"] == "worker" {
            ensure!(worker.replace(index).is_none(), "two workers");
        }
    }
    Ok(houses.swap_remove(worker.context("nobody works")?))
}

/// Waits until one of them has become the worker.
async fn until_one_works(houses: &[Running]) -> Result<()> {
    let waiting = houses.iter().map(|house| Box::pin(house.until_role("worker")));
    select_all(waiting).await.0
}

fn write_all(telegram: &Sim, count: usize) -> Result<Vec<Person>> {
    let crowd: Vec<Person> = (0..count)
        .map(|n| telegram.person(&format!("Huésped {n}")))
        .collect();
    for person in &crowd {
        person.sends("/start")?;
    }
    Ok(crowd)
}

/// Ten start at once on an empty database; the worker is killed while people write.
async fn ten_share_a_house(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::empty(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let mut houses: Vec<Running> = (0..PROCESSES)
        .map(|_| Running::start(folder.path(), &telegram, &url))
        .collect::<Result<_>>()?;
    for house in &houses {
        let body = house
            .until_health(|status, body| {
                let settled = body["role"] == "worker" || body["role"] == "standby";
                status == 200 && body["status"] == "healthy" && settled
            })
            .await?;
        let looks_after = body["components"].as_object().context("an object")?.len();
        ensure!(
            looks_after == if body["role"] == "worker" { 5 } else { 1 },
            "{body}"
        );
        ensure!(house.asked("/ready").await?.0 == 200);
    }
    let mut worker = take_worker(&mut houses).await?;
    worker.logs("the schema was migrated").await?;

    let crowd = write_all(&telegram, 200)?;
    telegram
        .until("the first answers", |view| {
            (view.call_count("sendMessage") > 20).then_some(())
        })
        .await?;
    worker.kill().await?;
    try_join_all(crowd.iter().map(Person::next_answer)).await?;
    until_one_works(&houses).await?;

    let mut migrated = 0;
    for house in houses {
        let (status, log) = house.stop().await?;
        ensure!(status.code() == Some(0), "{status}\n{log}");
        migrated += log.matches("the schema was migrated").count();
    }
    ensure!(migrated == 0, "the worker that was killed had migrated");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_share_a_house_on_sqlite() -> Result<()> {
    ten_share_a_house(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_share_a_house_on_postgres() -> Result<()> {
    ten_share_a_house(Backend::Postgres).await
}

/// Telegram brings the updates to the standby, the worker answers; then the worker is killed.
async fn a_standby_receives_and_takes_over(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let (own, others) = (free_port()?, free_port()?);
    let (works, receives) = (
        Webhook::served_on(own, others),
        Webhook::served_on(others, others),
    );
    let worker = Running::start_as(folder.path(), &telegram, &url, &works.variables())?;
    worker.until_role("worker").await?;
    let standby = Running::start_as(folder.path(), &telegram, &url, &receives.variables())?;
    standby.until_role("standby").await?;

    let ines = telegram.person("Inés");
    ines.sends("/start")?;
    let answer = tokio::time::timeout(Duration::from_secs(3), ines.next_answer());
    answer.await.context("the worker did not hear of it at once")??;

    let crowd = write_all(&telegram, 200)?;
    telegram
        .until("the first answers", |view| {
            (view.call_count("sendMessage") > 20).then_some(())
        })
        .await?;
    worker.kill().await?;
    try_join_all(crowd.iter().map(Person::next_answer)).await?;
    standby.until_role("worker").await?;
    let (status, log) = standby.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_receives_and_takes_over_on_sqlite() -> Result<()> {
    a_standby_receives_and_takes_over(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_receives_and_takes_over_on_postgres() -> Result<()> {
    a_standby_receives_and_takes_over(Backend::Postgres).await
}
