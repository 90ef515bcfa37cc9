//! Starting, being killed, being stopped, and telling the truth meanwhile.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::id::UserId;
use futures_util::future::try_join_all;
use serde_json::json;
use sim::Person;
use store::{Store, StoreOptions, people};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, Webhook, client, folder, free_port, is_missing, run, telegram};

/// How updates arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Polling,
    Webhook,
}

/// Three thousand new people write; the house is killed in the middle and started again.
async fn newcomers_survive_a_kill(backend: Backend, mode: Mode) -> Result<()> {
    const PEOPLE: usize = 3_000;
    if is_missing(backend) {
        return Ok(());
    }
    let webhook = Webhook::own()?;
    let variables = webhook.variables();
    let variables = match mode {
        Mode::Polling => &[][..],
        Mode::Webhook => &variables[..],
    };
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let crowd: Vec<Person> = (0..PEOPLE)
        .map(|n| telegram.person(&format!("Huésped {n}")))
        .collect();
    for person in &crowd {
        person.sends("/start")?;
    }

    let house = Running::start_as(folder.path(), &telegram, &url, variables)?;
    telegram
        .until("a third of the answers", |view| {
            (view.call_count("sendMessage") > 1_000).then_some(())
        })
        .await?;
    house.kill().await?;
    let before = telegram.call_count("sendMessage");
    ensure!(
        before < PEOPLE as u64,
        "the kill came too late to prove anything: {before}"
    );

    let house = Running::start_as(folder.path(), &telegram, &url, variables)?;
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
    // One call more is the word to the custodian.
    let answers = telegram.call_count("sendMessage");
    ensure!(answers <= PEOPLE as u64 + 64 + 1, "{answers} answers");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    telegram.stop().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_survive_a_kill_on_sqlite() -> Result<()> {
    newcomers_survive_a_kill(Backend::SqliteFile, Mode::Polling).await
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_survive_a_kill_with_a_webhook_on_sqlite() -> Result<()> {
    newcomers_survive_a_kill(Backend::SqliteFile, Mode::Webhook).await
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_survive_a_kill_with_a_webhook_on_postgres() -> Result<()> {
    newcomers_survive_a_kill(Backend::Postgres, Mode::Webhook).await
}

#[tokio::test(flavor = "multi_thread")]
async fn newcomers_survive_a_kill_on_postgres() -> Result<()> {
    newcomers_survive_a_kill(Backend::Postgres, Mode::Polling).await
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_the_truth() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let port = free_port()?.to_string();
    let variables = [("PORT", port.as_str()), ("METRICS_TOKEN", "una-llave")];
    let mut house = Running::start_as(folder.path(), &telegram, "sqlite:///bot.db", &variables)?;
    house.logs("Telegram knows the bot").await?;
    let body = house
        .until_health(|_, body| body["status"] == "healthy" && body["role"] == "worker")
        .await?;
    let mut fields: Vec<&String> = body.as_object().context("an object")?.keys().collect();
    fields.sort_unstable();
    ensure!(fields == ["components", "role", "status", "timestamp"], "{body}");
    let components = json!({
        "database": "healthy", "telegram": "healthy", "inbox": "healthy", "outbox": "healthy",
        "jobs": "healthy"
    });
    ensure!(body["components"] == components, "{body}");
    ensure!(house.asked("/live").await?.0 == 200);
    ensure!(house.asked("/ready").await?.0 == 200);

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
    let health_port = house.health_port.to_string();
    let variables = [("HEALTH_PORT", health_port.as_str())];
    ensure!(
        run(folder.path(), &variables, &["healthcheck"])
            .await?
            .status
            .code()
            == Some(0)
    );

    // The figures are for those who come to a port of their own, or know the token.
    let figures = async |port: &str, token: Option<&str>| -> Result<(u16, String)> {
        let mut request = client.get(format!("http://127.0.0.1:{port}/metrics"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    };
    let (status, text) = figures(&health_port, None).await?;
    ensure!(
        status == 200 && text.contains("lucien_role{role=\"worker\"} 1"),
        "{text}"
    );
    ensure!(
        text.contains("lucien_api_calls_total{method=\"getMe\",outcome=\"ok\"} 1"),
        "{text}"
    );
    ensure!(figures(&port, None).await?.0 == 404);
    ensure!(figures(&port, Some("otra-llave")).await?.0 == 404);
    ensure!(figures(&port, Some("una-llave")).await?.0 == 200);

    // Telegram goes away: a shortcoming that a restart would not mend.
    telegram.stop().await;
    let body = house
        .until_health(|_, body| body["components"]["telegram"] != "healthy")
        .await?;
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
    let body = house
        .until_health(|status, body| status == 200 && body["role"] == "worker")
        .await?;
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
