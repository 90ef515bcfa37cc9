//! Starting, being killed, being stopped, and telling the truth meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::id::UserId;
use futures_util::future::try_join_all;
use serde_json::Value;
use sim::{Options, Person, Sim};
use store::{Store, StoreOptions, people};
use testkit::{Backend, TestDb};

use crate::lucien::{PATIENCE, Running, client, folder, is_missing, run};

async fn telegram() -> Result<Sim> {
    let options = Options {
        patience: PATIENCE,
        calls_kept: 100,
        ..Options::default()
    };
    Ok(Sim::start(options).await?)
}

/// A thousand new people write; the house is killed in the middle and started again.
async fn a_thousand_newcomers_survive_a_kill(backend: Backend) -> Result<()> {
    const PEOPLE: usize = 1_000;
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let crowd: Vec<Person> = (0..PEOPLE)
        .map(|n| telegram.person(&format!("Huésped {n}")))
        .collect();
    for person in &crowd {
        person.sends("/start")?;
    }

    let house = Running::start(folder.path(), &telegram, &url)?;
    telegram
        .until("a third of the answers", |view| {
            (view.call_count("sendMessage") > 300).then_some(())
        })
        .await?;
    house.kill().await?;
    let before = telegram.call_count("sendMessage");
    ensure!(
        before < PEOPLE as u64,
        "the kill came too late to prove anything: {before}"
    );

    let house = Running::start(folder.path(), &telegram, &url)?;
    try_join_all(crowd.iter().map(Person::next_answer)).await?;
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");

    let store = Store::open(db.url(), &StoreOptions::default()).await?;
    ensure!(people::count(&store.read()).await? == PEOPLE as u64);
    for person in &crowd {
        ensure!(people::find(&store.read(), UserId(person.id())).await?.is_some());
    }
    store.close().await;
    // An answer may come twice after a kill, but only to those whose update was in hand: 64 at most.
    let answers = telegram.call_count("sendMessage");
    ensure!(answers <= PEOPLE as u64 + 64, "{answers} answers");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    telegram.stop().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_newcomers_survive_a_kill_on_sqlite() -> Result<()> {
    a_thousand_newcomers_survive_a_kill(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_newcomers_survive_a_kill_on_postgres() -> Result<()> {
    a_thousand_newcomers_survive_a_kill(Backend::Postgres).await
}

async fn health(house: &Running, path: &str) -> Result<(u16, Value)> {
    let url = format!("http://127.0.0.1:{}{path}", house.health_port);
    let response = client()?.get(url).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

/// Asks until the answer is as wanted: the house looks at itself every second.
async fn until_health(house: &Running, wanted: impl Fn(u16, &Value) -> bool) -> Result<Value> {
    let asking = async {
        loop {
            let (status, body) = health(house, "/health").await?;
            if wanted(status, &body) {
                return Ok(body);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .context("health did not become as wanted")?
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_the_truth() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let mut house = Running::start(folder.path(), &telegram, "sqlite:///bot.db")?;
    house.logs("Telegram knows the bot").await?;
    let body = until_health(&house, |status, body| {
        status == 200 && body["status"] == "healthy"
    })
    .await?;
    let fields: Vec<&String> = body.as_object().context("an object")?.keys().collect();
    ensure!(fields == ["components", "status", "timestamp"], "{body}");
    ensure!(
        body["components"]
            == serde_json::json!({"database": "healthy", "telegram": "healthy", "inbox": "healthy"})
    );
    ensure!(health(&house, "/live").await?.0 == 200);
    ensure!(health(&house, "/ready").await?.0 == 200);

    let client = client()?;
    let url = format!("http://127.0.0.1:{}", house.health_port);
    ensure!(
        client
            .head(format!("{url}/health"))
            .send()
            .await?
            .status()
            .as_u16()
            == 200
    );
    ensure!(
        client
            .get(format!("{url}/openapi.json"))
            .send()
            .await?
            .status()
            .as_u16()
            == 404
    );
    let port = house.health_port.to_string();
    let variables = [("HEALTH_PORT", port.as_str())];
    ensure!(
        run(folder.path(), &variables, &["healthcheck"])
            .await?
            .status
            .code()
            == Some(0)
    );

    // Telegram goes away: a shortcoming that a restart would not mend.
    telegram.stop().await;
    let body = until_health(&house, |_, body| body["components"]["telegram"] != "healthy").await?;
    ensure!(body["status"] == "degraded", "{body}");
    ensure!(
        run(folder.path(), &variables, &["healthcheck"])
            .await?
            .status
            .code()
            == Some(0)
    );

    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{log}");
    ensure!(
        run(folder.path(), &variables, &["healthcheck"])
            .await?
            .status
            .code()
            == Some(1)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_without_telegram_is_degraded_and_stops_in_order() -> Result<()> {
    let folder = folder()?;
    let nobody = format!("http://127.0.0.1:{}", crate::lucien::free_port()?);
    let token = "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345";
    let mut house = Running::start_with(folder.path(), &nobody, token, "sqlite:///bot.db")?;
    house.logs("Telegram cannot be reached yet").await?;
    let body = until_health(&house, |_, body| body["components"]["database"] == "healthy").await?;
    ensure!(body["status"] == "degraded", "{body}");
    let (status, log) = tokio::time::timeout(Duration::from_secs(10), house.stop()).await??;
    ensure!(status.code() == Some(0), "{log}");
    ensure!(!log.contains("AAabc"), "the token is in the log:\n{log}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_ends_the_process_with_2() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let token = "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345";
    let house = Running::start_with(folder.path(), &telegram.url(), token, "sqlite:///bot.db")?;
    let (status, log) = house.ends().await?;
    ensure!(status.code() == Some(2), "{status}\n{log}");
    ensure!(!log.contains("AAabc"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_ids_and_nothing_personal() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let ines = telegram.person("Inés-la-Secreta");
    let mut house = Running::start(folder.path(), &telegram, "sqlite:///bot.db")?;
    house.logs("Telegram knows the bot").await?;
    for text in ["/start", "un-texto-privado", "/start un-token-secreto"] {
        ines.sends(text)?;
        ines.next_answer().await?;
    }
    let (_, log) = house.stop().await?;
    for private in ["Inés", "privado", "secreto", &telegram.bot().token] {
        ensure!(!log.contains(private), "{private} in\n{log}");
    }
    Ok(())
}
