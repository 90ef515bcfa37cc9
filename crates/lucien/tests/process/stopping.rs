//! SIGTERM in each phase, with ten custodians whom nobody can reach.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use domain::clock::Clock;
use domain::id::UserId;
use sim::{Fault, Sim};
use store::lock::Alone;
use store::schema::{self, SchemaState};
use store::tokens::{self, NewToken};
use store::{Store, StoreOptions};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, folder, free_port, is_missing, telegram};

const CUSTODIANS: [(&str, &str); 1] = [("ADMIN_USER_IDS", "1,2,3,4,5,6,7,8,9,10")];

fn start(folder: &std::path::Path, telegram: &Sim, database: &str) -> Result<Running> {
    Running::start_as(folder, telegram, database, &CUSTODIANS)
}

async fn stops_in_order(house: Running) -> Result<()> {
    let told = Instant::now();
    let (status, log) = house.stop().await?;
    let took = told.elapsed();
    ensure!(status.code() == Some(0), "{status}\n{log}");
    ensure!(took <= Duration::from_secs(10), "{took:?}\n{log}");
    Ok(())
}

/// A database, opened beside the house.
async fn database(backend: Backend) -> Result<(TestDb, String, Store)> {
    let db = TestDb::empty(backend).await?;
    let url = db.url_for_processes()?;
    let store = Store::open(db.url(), &StoreOptions::default()).await?;
    Ok((db, url, store))
}

async fn before_the_house_is_entered(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let (folder, telegram) = (folder()?, telegram().await?);
    let (db, url, store) = database(backend).await?;
    let alone = Alone::in_house(&store).await?;
    let house = start(folder.path(), &telegram, &url)?;
    let body = house.until_health(|status, _| status == 200).await?;
    ensure!(
        body["role"] == "outside" && body["status"] == "degraded",
        "{body}"
    );
    ensure!(house.asked("/ready").await?.0 == 503);
    stops_in_order(house).await?;
    alone.leave().await;
    store.close().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_house_is_entered_on_sqlite() -> Result<()> {
    before_the_house_is_entered(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_house_is_entered_on_postgres() -> Result<()> {
    before_the_house_is_entered(Backend::Postgres).await
}

async fn while_standing_by(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let (folder, telegram) = (folder()?, telegram().await?);
    let db = TestDb::empty(backend).await?;
    let url = db.url_for_processes()?;
    let worker = start(folder.path(), &telegram, &url)?;
    worker.until_role("worker").await?;
    let standby = start(folder.path(), &telegram, &url)?;
    standby.until_role("standby").await?;
    stops_in_order(standby).await?;
    ensure!(worker.asked("/health").await?.1["role"] == "worker");
    stops_in_order(worker).await?;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_standing_by_on_sqlite() -> Result<()> {
    while_standing_by(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_standing_by_on_postgres() -> Result<()> {
    while_standing_by(Backend::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_migrating_on_sqlite() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let (db, url, store) = database(Backend::SqliteFile).await?;
    // Whoever writes keeps the migration waiting.
    let writing = store.begin().await?;
    let house = start(folder.path(), &telegram, &url)?;
    house.until_role("opening").await?;
    stops_in_order(house).await?;
    drop(writing);
    let state = schema::state(&store).await?;
    ensure!(state == SchemaState::Empty, "{state:?}");
    store.close().await;
    db.remove().await
}

/// In the middle of a migration, and while another house's is not over yet.
#[tokio::test(flavor = "multi_thread")]
async fn while_migrating_on_postgres() -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let (folder, telegram) = (folder()?, telegram().await?);
    let (db, url, store) = database(Backend::Postgres).await?;
    let now = SystemClock.now();
    schema::up(&store, Some(1), now).await?;
    let before = schema::state(&store).await?;
    ensure!(matches!(before, SchemaState::Behind { .. }), "{before:?}");
    let migrates = [CUSTODIANS[0], ("ENV", "production")];
    let start = || Running::start_as(folder.path(), &telegram, &url, &migrates);

    // Whoever has written to a table keeps the migration from changing it.
    let writing = store.begin().await?;
    let token = NewToken {
        token: "abcDEF_-12345678",
        by: UserId(0),
        valid_hours: 24,
        plan: None,
    };
    tokens::issue(&writing, &token, now).await?;
    let house = start()?;
    db.until_held_up(1).await?;
    house.until_role("opening").await?;
    stops_in_order(house).await?;
    ensure!(schema::state(&store).await? == before);

    // At the server, what the first house has begun waits on; the second one waits for its end.
    let house = start()?;
    db.until_held_up(2).await?;
    house.until_role("opening").await?;
    stops_in_order(house).await?;
    ensure!(schema::state(&store).await? == before);
    drop(writing);

    let mut house = start()?;
    house.logs("the schema was migrated").await?;
    house.until_role("worker").await?;
    stops_in_order(house).await?;
    ensure!(schema::state(&store).await? == SchemaState::Current);
    ensure!(tokens::find(&store.read(), token.token).await?.is_none());
    store.close().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_telegram_is_away() -> Result<()> {
    let folder = folder()?;
    let nobody = format!("http://127.0.0.1:{}", free_port()?);
    let token = "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345";
    let mut house = Running::start_with(folder.path(), &nobody, token, "sqlite:///bot.db")?;
    house.logs("Telegram cannot be reached yet").await?;
    stops_in_order(house).await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_handlers_and_notices_hang() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let hanging = telegram.inject(Fault::slow(60).on("sendMessage"));
    let house = start(folder.path(), &telegram, "sqlite:///bot.db")?;
    // The word to each custodian, and an answer.
    hanging.strikes(10).await?;
    let ines = telegram.person("Inés");
    ines.sends("/start")?;
    hanging.strikes(11).await?;
    stops_in_order(house).await?;
    hanging.remove();

    // What was cut off is done by the next one.
    let house = start(folder.path(), &telegram, "sqlite:///bot.db")?;
    ines.next_answer().await.context("the answer that was cut off")?;
    stops_in_order(house).await
}
