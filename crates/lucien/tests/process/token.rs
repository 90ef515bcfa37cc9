//! `lucien token issue`, alone and beside a house that runs.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::id::{TokenId, UserId};
use domain::token::{InvitationCode, InvitationState};
use serde_json::Value;
use sim::{Options, Sim};
use store::{DatabaseUrl, Store, StoreOptions, invitations};
use testkit::{Backend, TestDb};

use crate::lucien::{PATIENCE, Running, complained, folder, free_port, is_missing, run, said};

/// A token that nobody has given to a bot.
const TOKEN: &str = "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345";
const PLAN: [&str; 8] = [
    "plan", "create", "--name", "Mensual", "--days", "30", "--price", "9.99",
];
const ISSUE: [&str; 4] = ["token", "issue", "--plan", "mensual"];

async fn telegram() -> Result<Sim> {
    let options = Options {
        patience: PATIENCE,
        ..Options::default()
    };
    Ok(Sim::start(options).await?)
}

async fn an_invitation_beside_a_running_house(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let (url, api, bot) = (db.url_for_processes()?, telegram.url(), telegram.bot());
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("TELEGRAM_API_URL", &api),
        ("BOT_TOKEN", &bot.token),
        ("INVITATION_VALID_HOURS", "48"),
    ];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
    let mut house = Running::start(folder.path(), &telegram, &url)?;
    house.logs("Telegram knows the bot").await?;

    let none = lucien(&ISSUE).await?;
    ensure!(
        none.status.code() == Some(2) && complained(&none).contains("no active plan"),
        "{}",
        complained(&none)
    );
    ensure!(lucien(&PLAN).await?.status.success());
    let issued = lucien(&ISSUE).await?;
    ensure!(issued.status.code() == Some(0), "{}", complained(&issued));
    let begins = format!("https://t.me/{}?start=", bot.username);
    let text = said(&issued);
    let first = text
        .trim_end()
        .strip_prefix(&begins)
        .context("the link alone")?
        .to_owned();
    ensure!(!complained(&issued).contains(&first), "not in the log");

    let issued = lucien(&[&ISSUE[..], &["--json"]].concat()).await?;
    let value: Value = serde_json::from_str(&said(&issued))?;
    let second = value["token"].as_str().context("its code")?;
    ensure!(value["link"] == format!("{begins}{second}"), "{value}");
    ensure!(
        value["plan"] == "Mensual" && value["days"] == 30 && value["price"] == "9.99",
        "{value}"
    );
    ensure!(second != first);

    let store = Store::open(db.url(), &StoreOptions::default()).await?;
    for code in [first.as_str(), second] {
        let code = InvitationCode::parse(code).context("a code")?;
        ensure!(code.as_str().len() == 16);
        let found = invitations::look_up(&store.read(), &code, UserId(1)).await?;
        let found = found.context("it is stored")?;
        ensure!(found.by == UserId(0) && found.invitation.valid_hours == 48);
        let issued_at = found.invitation.created_at;
        ensure!(found.invitation.state(issued_at) == InvitationState::Redeemable);
    }
    store.close().await;
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{log}");
    telegram.stop().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_beside_a_running_house_on_sqlite() -> Result<()> {
    an_invitation_beside_a_running_house(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_beside_a_running_house_on_postgres() -> Result<()> {
    an_invitation_beside_a_running_house(Backend::Postgres).await
}

/// Makes a database that holds a plan.
async fn with_plan(folder: &Path, variables: &[(&str, &str)]) -> Result<()> {
    for arguments in [&["migrate", "up"][..], &PLAN] {
        let done = run(folder, variables, arguments).await?;
        ensure!(done.status.success(), "{}", complained(&done));
    }
    Ok(())
}

/// How many invitations were ever issued there.
async fn invitations(folder: &Path) -> Result<usize> {
    let store = Store::open(
        &DatabaseUrl::file(folder.join("bot.db")),
        &StoreOptions::default(),
    )
    .await?;
    let mut found = 0;
    while invitations::find(&store.read(), TokenId(i32::try_from(found)? + 1), UserId(1))
        .await?
        .is_some()
    {
        found += 1;
    }
    store.close().await;
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_telegram_the_code_is_printed_alone() -> Result<()> {
    let folder = folder()?;
    let nobody = format!("http://127.0.0.1:{}", free_port()?);
    let variables = [("BOT_TOKEN", TOKEN), ("TELEGRAM_API_URL", nobody.as_str())];
    let missing = run(folder.path(), &variables, &ISSUE).await?;
    ensure!(
        missing.status.code() == Some(1),
        "there is no database, and none is made"
    );
    with_plan(folder.path(), &variables).await?;

    let issued = run(folder.path(), &variables, &ISSUE).await?;
    ensure!(issued.status.code() == Some(0), "{}", complained(&issued));
    let code = said(&issued);
    ensure!(code.trim_end().len() == 16, "{code}");
    ensure!(
        complained(&issued).contains("Telegram does not say") && !complained(&issued).contains(TOKEN),
        "{}",
        complained(&issued)
    );
    let issued = run(folder.path(), &variables, &[&ISSUE[..], &["--json"]].concat()).await?;
    let value: Value = serde_json::from_str(&said(&issued))?;
    ensure!(value["link"].is_null() && value["token"].is_string(), "{value}");
    ensure!(invitations(folder.path()).await? == 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_not_issued() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let api = telegram.url();
    let variables = [("BOT_TOKEN", TOKEN), ("TELEGRAM_API_URL", api.as_str())];
    with_plan(folder.path(), &variables).await?;
    let refused = run(folder.path(), &variables, &ISSUE).await?;
    ensure!(
        refused.status.code() == Some(2) && complained(&refused).contains("BOT_TOKEN"),
        "Telegram does not know the token: {}",
        complained(&refused)
    );
    let without = run(folder.path(), &variables[1..], &ISSUE).await?;
    ensure!(
        without.status.code() == Some(2) && complained(&without).contains("BOT_TOKEN is missing"),
        "{}",
        complained(&without)
    );
    ensure!(invitations(folder.path()).await? == 0);
    telegram.stop().await;
    Ok(())
}
