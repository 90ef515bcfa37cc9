//! Bad input: each a clear message, the documented exit code, and nothing changed.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use domain::clock::Clock;
use store::{DatabaseUrl, Store, StoreOptions, schema};

use crate::lucien::{command, complained, folder, free_port, run};

const TOKEN: (&str, &str) = ("BOT_TOKEN", "123456789:AAabcdefghijklmnopqrstuvwxyz_-12345");
const CUSTODIAN: (&str, &str) = ("ADMIN_USER_IDS", "1");

/// The names of what is in a folder.
fn content(folder: &Path) -> Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// Variables, and what the complaint must hold.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[tokio::test]
async fn configurations_that_cannot_work() -> Result<()> {
    let cases: &[Case<'_>] = &[
        (&[], &["BOT_TOKEN is missing", "ADMIN_USER_IDS is missing"]),
        (&[("BOT_TOKEN", "short"), CUSTODIAN], &["BOT_TOKEN looks invalid"]),
        (&[TOKEN, ("ADMIN_USER_IDS", "uno")], &["ADMIN_USER_IDS", "uno"]),
        (
            &[TOKEN, CUSTODIAN, ("DATABASE_URL", "")],
            &["DATABASE_URL is set but empty"],
        ),
        (
            &[TOKEN, CUSTODIAN, ("DATABASE_URL", "mysql://u:hunter2@h/d")],
            &["DATABASE_URL", "sqlite:///", "postgresql://"],
        ),
        (
            &[TOKEN, CUSTODIAN, ("DATABASE_URL", "bot.db")],
            &["DATABASE_URL has no scheme"],
        ),
        (
            &[TOKEN, CUSTODIAN, ("PORT", "abc"), ("ENV", "prod")],
            &["PORT", "abc", "ENV", "prod"],
        ),
        (
            &[TOKEN, CUSTODIAN, ("TELEGRAM_API_URL", "http://api.telegram.org")],
            &["TELEGRAM_API_URL must be https"],
        ),
        (
            &[TOKEN, CUSTODIAN, ("WEBHOOK_MODE", "webhook")],
            &["WEBHOOK_SECRET is missing", "WEBHOOK_BASE_URL is missing"],
        ),
    ];
    for (variables, expected) in cases {
        let folder = folder()?;
        let output = run(folder.path(), variables, &["run"]).await?;
        let text = complained(&output);
        ensure!(output.status.code() == Some(2), "{variables:?}: {text}");
        ensure!(
            expected.iter().all(|word| text.contains(word)),
            "{variables:?}: {text}"
        );
        ensure!(!text.contains("hunter2") && !text.contains("AAabc"), "{text}");
        ensure!(content(folder.path())?.is_empty(), "nothing was made");
    }
    Ok(())
}

#[tokio::test]
async fn usage_that_makes_no_sense() -> Result<()> {
    let folder = folder()?;
    for arguments in [
        &["serve"][..],
        &[],
        &["migrate"],
        &["migrate", "up", "many"],
        &["plan", "create"],
    ] {
        let output = run(folder.path(), &[], arguments).await?;
        ensure!(
            output.status.code() == Some(2),
            "{arguments:?}: {}",
            complained(&output)
        );
    }
    ensure!(content(folder.path())?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_env_file_is_read_and_the_environment_wins() -> Result<()> {
    let folder = folder()?;
    fs::write(
        folder.path().join(".env"),
        "BOT_TOKEN=short\nADMIN_USER_IDS=1\nPORT=abc\n",
    )?;
    let text = complained(&run(folder.path(), &[("PORT", "70000")], &["run"]).await?);
    ensure!(
        text.contains("BOT_TOKEN") && text.contains("70000") && !text.contains("abc"),
        "{text}"
    );

    fs::write(folder.path().join(".env"), "BOT_TOKEN hunter2\n")?;
    let output = run(folder.path(), &[], &["run"]).await?;
    let text = complained(&output);
    ensure!(
        output.status.code() == Some(2) && text.contains(".env") && !text.contains("hunter2"),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn a_database_that_cannot_be_opened() -> Result<()> {
    let folder = folder()?;
    let nobody = format!("postgres://u:hunter2@127.0.0.1:{}/d", free_port()?);
    for url in ["sqlite:///no/such/folder/bot.db", &nobody] {
        let output = run(
            folder.path(),
            &[TOKEN, CUSTODIAN, ("DATABASE_URL", url)],
            &["run"],
        )
        .await?;
        let text = complained(&output);
        ensure!(output.status.code() == Some(1), "{url}: {text}");
        ensure!(text.contains("database") && !text.contains("hunter2"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_schema_that_is_behind_waits_for_the_command_in_development() -> Result<()> {
    let folder = folder()?;
    let path = folder.path().join("bot.db");
    let store = Store::open(&DatabaseUrl::file(&path), &StoreOptions::default()).await?;
    schema::up(&store, Some(1), bot::clock::SystemClock.now()).await?;
    store.close().await;

    let output = run(folder.path(), &[TOKEN, CUSTODIAN], &["run"]).await?;
    let text = complained(&output);
    ensure!(
        output.status.code() == Some(3) && text.contains("lucien migrate up"),
        "{text}"
    );
    let store = Store::open(&DatabaseUrl::file(&path), &StoreOptions::default()).await?;
    ensure!(
        matches!(schema::state(&store).await?, schema::SchemaState::Behind { .. }),
        "left as it was"
    );
    store.close().await;
    Ok(())
}

#[tokio::test]
async fn a_database_of_the_python_bot_is_left_untouched() -> Result<()> {
    let folder = folder()?;
    // Lucien's own first migration is that bot's schema; without the marker it is that bot's database.
    let path = folder.path().join("bot.db");
    let store = Store::open(&DatabaseUrl::file(&path), &StoreOptions::default()).await?;
    schema::up(&store, Some(1), bot::clock::SystemClock.now()).await?;
    store.close().await;
    testkit::database::forget_marker(&path).await?;
    let before = fs::read(&path)?;

    for (variables, arguments) in [
        (vec![TOKEN, CUSTODIAN, ("ENV", "production")], vec!["run"]),
        (vec![], vec!["migrate", "up"]),
        (vec![], vec!["migrate", "down", "--confirm", "bot.db"]),
        (vec![], vec!["plan", "list"]),
    ] {
        let output = run(folder.path(), &variables, &arguments).await?;
        let text = complained(&output);
        ensure!(output.status.code() == Some(3), "{arguments:?}: {text}");
        ensure!(text.contains("tables of another bot"), "{arguments:?}: {text}");
    }
    ensure!(fs::read(&path)? == before, "byte for byte as it was");
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken() -> Result<()> {
    let folder = folder()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let variables = [
        TOKEN,
        CUSTODIAN,
        ("HEALTH_HOST", "127.0.0.1"),
        ("HEALTH_PORT", port.as_str()),
        ("TELEGRAM_API_URL", "http://127.0.0.1:9"),
    ];
    let output = run(folder.path(), &variables, &["run"]).await?;
    let text = complained(&output);
    ensure!(output.status.code() == Some(1) && text.contains(&port), "{text}");
    Ok(())
}

#[tokio::test]
async fn help_and_version_need_nothing() -> Result<()> {
    let folder = folder()?;
    for argument in ["--help", "--version"] {
        let output = command(folder.path(), &[], &[argument]).output().await?;
        ensure!(output.status.success());
    }
    Ok(())
}
