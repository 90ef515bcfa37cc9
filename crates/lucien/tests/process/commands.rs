//! `migrate`, `plan`, `sim` and `demo` from the command line.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::{Backend, TestDb};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::lucien::{PATIENCE, client, command, complained, folder, is_missing, run, said};

/// Up, down and up again, on a database of each kind.
async fn the_schema_goes_up_and_down(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let (folder, db) = (folder()?, TestDb::empty(backend).await?);
    let url = db.url_for_processes()?;
    let variables = [("DATABASE_URL", url.as_str())];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;

    let applied = lucien(&["migrate", "up", "1"]).await?;
    ensure!(
        applied.status.success() && said(&applied).lines().count() == 1,
        "{}",
        complained(&applied)
    );
    let status = said(&lucien(&["migrate", "status"]).await?);
    ensure!(
        status.contains("applied") && status.contains("pending"),
        "{status}"
    );
    ensure!(
        lucien(&["plan", "list"]).await?.status.code() == Some(3),
        "behind"
    );
    ensure!(lucien(&["migrate", "up"]).await?.status.success());
    ensure!(said(&lucien(&["migrate", "up"]).await?) == "nothing to do\n");

    let plan = [
        "plan", "create", "--name", "Mensual", "--days", "30", "--price", "9.99",
    ];
    ensure!(lucien(&plan).await?.status.success());
    let twice = lucien(&plan).await?;
    ensure!(twice.status.code() == Some(2) && complained(&twice).contains("exists already"));
    let wrong = lucien(&["plan", "create", "--name", " ", "--days", "0", "--price", "1e9"]).await?;
    ensure!(
        wrong.status.code() == Some(2) && complained(&wrong).lines().count() == 4,
        "{}",
        complained(&wrong)
    );
    let listed: Value = serde_json::from_str(&said(&lucien(&["plan", "list", "--json"]).await?))?;
    ensure!(
        listed[0]["name"] == "Mensual" && listed[0]["price"] == "9.99" && listed[0]["days"] == 30,
        "{listed}"
    );

    let refused = lucien(&["migrate", "down", "99"]).await?;
    let text = complained(&refused);
    ensure!(
        refused.status.code() == Some(3) && text.contains("subscription_plans (1)"),
        "{text}"
    );
    ensure!(
        lucien(&["migrate", "down", "99", "--confirm", "another"])
            .await?
            .status
            .code()
            == Some(3)
    );
    let name = db.url().database_name();
    ensure!(
        lucien(&["migrate", "down", "99", "--confirm", &name, "--i-have-a-backup"])
            .await?
            .status
            .success()
    );
    let status = said(&lucien(&["migrate", "status"]).await?);
    ensure!(!status.contains("applied"), "{status}");
    ensure!(lucien(&["migrate", "up"]).await?.status.success());
    db.remove().await
}

#[tokio::test]
async fn the_schema_goes_up_and_down_on_sqlite() -> Result<()> {
    the_schema_goes_up_and_down(Backend::SqliteFile).await
}

#[tokio::test]
async fn the_schema_goes_up_and_down_on_postgres() -> Result<()> {
    the_schema_goes_up_and_down(Backend::Postgres).await
}

#[tokio::test]
async fn looking_at_a_database_does_not_make_one() -> Result<()> {
    let folder = folder()?;
    for arguments in [
        &["migrate", "status"][..],
        &["migrate", "down"],
        &["plan", "list"],
    ] {
        let output = run(folder.path(), &[], arguments).await?;
        ensure!(
            output.status.code() == Some(1),
            "{arguments:?}: {}",
            complained(&output)
        );
    }
    ensure!(std::fs::read_dir(folder.path())?.next().is_none());
    Ok(())
}

#[tokio::test]
async fn the_stand_in_runs_alone() -> Result<()> {
    let folder = folder()?;
    let mut child = command(folder.path(), &[], &["sim", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
    let mut value = async || -> Result<String> {
        let line = lines.next_line().await?.context("it says where it is")?;
        Ok(line.split_once('=').context("NAME=value")?.1.to_owned())
    };
    let (url, token, page) = (value().await?, value().await?, value().await?);
    ensure!(page == format!("{url}/"), "{page}");
    let client = client()?;
    let asked = async |path: &str| -> Result<Value> {
        let answer = client.get(format!("{url}{path}")).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    };
    let is_a_bot = format!("/bot{token}/getMe");
    ensure!(asked(&is_a_bot).await?["result"]["is_bot"] == true);

    let before = asked("/sim/window").await?["world"].clone();
    let reset = client.post(format!("{url}/sim/reset")).send().await?;
    ensure!(reset.status() == 202, "{}", reset.status());
    let beginning_anew = async {
        // Between the two nobody listens.
        while !asked("/sim/window").await.is_ok_and(|it| it["world"] != before) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, beginning_anew).await?;
    ensure!(
        asked(&is_a_bot).await?["result"]["is_bot"] == true,
        "the token is the same"
    );
    stop(child).await
}

#[tokio::test]
async fn the_demo_can_be_talked_to_over_http() -> Result<()> {
    let folder = folder()?;
    // Of the operator's environment it reads nothing: with this token and database it could not start.
    let variables = [
        ("BOT_TOKEN", "x"),
        ("DATABASE_URL", "x"),
        ("TELEGRAM_API_URL", "x"),
    ];
    let mut child = command(folder.path(), &variables, &["demo", "--port", "0"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("piped")?).lines();
    let page = lines.next_line().await?.context("the address comes first")?;
    let url = page.strip_suffix('/').context("the address of a page")?;
    let client = client()?;
    let person: Value = client
        .post(format!("{url}/sim/people"))
        .json(&serde_json::json!({"first_name": "Inés"}))
        .send()
        .await?
        .json()
        .await?;
    let id = &person["id"];
    client
        .post(format!("{url}/sim/people/{id}/sends"))
        .json(&serde_json::json!({"text": "/start"}))
        .send()
        .await?
        .error_for_status()?;
    let heard = client
        .get(format!("{url}/sim/people/{id}/next_answer"))
        .send()
        .await?
        .error_for_status()?;
    ensure!(heard.text().await?.contains("Inés"));

    // A month passes: whoever was a member for two more days is seen out, and nobody has to confirm it.
    let people: Value = client
        .get(format!("{url}/sim/people"))
        .send()
        .await?
        .json()
        .await?;
    let mut people = people.as_array().context("a list")?.iter();
    let sara = people
        .find(|person| person["first_name"] == "Sara")
        .context("Sara")?["id"]
        .clone();
    client
        .post(format!("{url}/sim/clock"))
        .json(&serde_json::json!({"advance_seconds": 30 * 24 * 60 * 60}))
        .send()
        .await?
        .error_for_status()?;
    client
        .get(format!(
            "{url}/sim/people/{sara}/hears?text=Estuvo%20vigente%20hasta"
        ))
        .send()
        .await?
        .error_for_status()?;
    ensure!(
        std::fs::read_dir(folder.path())?.next().is_none(),
        "nothing is left behind here"
    );
    stop(child).await
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() -> Result<()> {
    let folder = folder()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    for name in ["demo", "sim"] {
        let output = run(folder.path(), &[], &[name, "--port", &port]).await?;
        let told = complained(&output);
        ensure!(output.status.code() == Some(2), "{told}");
        ensure!(told.contains(&port) && told.contains("--port"), "{told}");
    }
    Ok(())
}

async fn stop(mut child: tokio::process::Child) -> Result<()> {
    let pid = child.id().context("it runs")?.to_string();
    Command::new("kill").args(["-TERM", &pid]).status().await?;
    ensure!(child.wait().await?.code() == Some(0));
    Ok(())
}
