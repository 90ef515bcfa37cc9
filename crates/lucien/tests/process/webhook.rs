//! Telegram brings the updates.

use anyhow::{Result, ensure};
use reqwest::{StatusCode, Url};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lucien::{Running, Webhook, client, folder, telegram};

const DATABASE: &str = "sqlite:///bot.db";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_the_secret_may_bring_updates() -> Result<()> {
    let (folder, telegram, webhook) = (folder()?, telegram().await?, Webhook::own()?);
    let house = Running::start_as(folder.path(), &telegram, DATABASE, &webhook.variables())?;
    let body = house
        .until_health(|_, body| body["status"] == "healthy" && body["role"] == "worker")
        .await?;
    ensure!(body["components"]["webhook"] == "healthy", "{body}");
    let ines = telegram.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;

    let client = client()?;
    let posted = async |secret: Option<&str>, body: String| -> Result<StatusCode> {
        let mut request = client.post(webhook.url()).body(body);
        if let Some(secret) = secret {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        }
        Ok(request.send().await?.status())
    };
    // The same update twice, as Telegram does when an answer was lost.
    let update = json!({"update_id": 900_000_000, "message": {
        "message_id": 50, "date": 1_790_000_000, "text": "/id",
        "from": {"id": ines.id(), "is_bot": false, "first_name": "Inés"},
        "chat": {"id": ines.id(), "type": "private", "first_name": "Inés"},
    }});
    let secret = Some(Webhook::SECRET);
    for (secret, body, expected) in [
        (None, update.to_string(), StatusCode::UNAUTHORIZED),
        (Some("otro_secreto"), update.to_string(), StatusCode::UNAUTHORIZED),
        (secret, "hola".to_owned(), StatusCode::BAD_REQUEST),
        (secret, update.to_string(), StatusCode::OK),
        (secret, update.to_string(), StatusCode::OK),
    ] {
        ensure!(posted(secret, body).await? == expected, "{expected}");
    }
    let announced = announced(&webhook, 1024 * 1024 + 1).await?;
    ensure!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    let answer = ines.next_answer().await?;
    ensure!(answer.text.contains(&ines.id().to_string()), "{}", answer.text);
    let url = format!("http://127.0.0.1:{}/metrics", house.health_port);
    let figures = client.get(url).send().await?.text().await?;
    ensure!(
        figures.contains("lucien_updates_received_total{kind=\"message\"} 3"),
        "{figures}"
    );
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{log}");
    ensure!(!log.contains(Webhook::SECRET), "the secret is in the log:\n{log}");
    ensure!(ines.chat().len() == 3, "{}", ines.transcript());
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    Ok(())
}

/// What is answered to a body of so many bytes of which none is sent: somebody who is refused while they
/// still send may not hear the answer.
async fn announced(webhook: &Webhook, length: usize) -> Result<String> {
    let url = Url::parse(&webhook.url())?;
    let (host, path) = (url.authority(), url.path());
    let mut connection = TcpStream::connect(host).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Telegram-Bot-Api-Secret-Token: {}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n",
        Webhook::SECRET
    );
    connection.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_can_be_changed_and_what_waits_is_kept() -> Result<()> {
    let (folder, telegram, webhook) = (folder()?, telegram().await?, Webhook::own()?);
    let variables = webhook.variables();
    let ines = telegram.person("Inés");
    for variables in [&[][..], &variables, &[], &variables] {
        // Written while nobody is there.
        ines.sends("/start")?;
        let house = Running::start_as(folder.path(), &telegram, DATABASE, variables)?;
        ines.next_answer().await?;
        ines.sends("/id")?;
        ines.next_answer().await?;
        let (status, log) = house.stop().await?;
        ensure!(status.code() == Some(0), "{log}");
    }
    ensure!(ines.chat().len() == 16, "{}", ines.transcript());
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    Ok(())
}
