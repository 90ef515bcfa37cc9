//! `lucien inbox`: dead letters are listed and replayed.

use anyhow::{Result, ensure};
use bot::clock::SystemClock;
use domain::clock::Clock;
use domain::id::BotId;
use serde_json::{Value, json};
use store::StoreError;
use store::inbox::{self, NewUpdate};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, complained, folder, is_missing, run, said, telegram};

async fn a_dead_letter_is_listed_and_replayed(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let ines = telegram.person("Inés");
    let update = json!({"update_id": 900_000_000, "message": {
        "message_id": 50, "date": 1_790_000_000, "text": "/id",
        "from": {"id": ines.id(), "is_bot": false, "first_name": "Inés"},
        "chat": {"id": ines.id(), "type": "private", "first_name": "Inés"},
    }});
    let store = db.store().await?;
    let letter = NewUpdate {
        bot_id: BotId(telegram.bot().id),
        update_id: 900_000_000,
        person: ines.id(),
        kind: "message".to_owned(),
        json: update.to_string(),
        failure: Some("panic".to_owned()),
    };
    let stored: Result<_, StoreError> = store
        .write(async |tx| inbox::store_batch(tx, &[letter], SystemClock.now()).await)
        .await;
    let seq = stored?[0].seq;

    let variables = [("DATABASE_URL", url.as_str())];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
    let listed = said(&lucien(&["inbox", "list"]).await?);
    ensure!(
        listed.lines().count() == 1 && listed.starts_with(&format!("{seq}\tmessage\t{}\tpanic\t", ines.id())),
        "{listed}"
    );
    let listed: Value = serde_json::from_str(&said(&lucien(&["inbox", "list", "--json"]).await?))?;
    ensure!(
        listed[0]["seq"] == seq && listed[0]["failure"] == "panic" && listed[0]["replayable"] == true,
        "{listed}"
    );

    let house = Running::start(folder.path(), &telegram, &url)?;
    ines.sends("/start")?;
    ines.next_answer().await?;
    let (seq, other) = (seq.to_string(), (seq + 1).to_string());
    let replayed = lucien(&["inbox", "replay", &seq, &other]).await?;
    ensure!(replayed.status.code() == Some(2), "{}", complained(&replayed));
    ensure!(said(&replayed) == format!("replayed\t{seq}\n"));
    ensure!(
        complained(&replayed).contains(&other),
        "{}",
        complained(&replayed)
    );
    let answer = ines.next_answer().await?;
    ensure!(answer.text.contains(&ines.id().to_string()), "{}", answer.text);
    ensure!(said(&lucien(&["inbox", "list"]).await?).is_empty());
    house.stop().await?;
    store.close().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_replayed_on_sqlite() -> Result<()> {
    a_dead_letter_is_listed_and_replayed(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_listed_and_replayed_on_postgres() -> Result<()> {
    a_dead_letter_is_listed_and_replayed(Backend::Postgres).await
}

/// Whoever migrates by hand has the house alone, and is told who is in the way.
async fn migrating_by_hand_needs_an_empty_house(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::empty(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let house = Running::start(folder.path(), &telegram, &url)?;
    house.until_role("worker").await?;
    let variables = [("DATABASE_URL", url.as_str())];
    for arguments in [&["migrate", "up"][..], &["migrate", "down"]] {
        let refused = run(folder.path(), &variables, arguments).await?;
        let text = complained(&refused);
        ensure!(refused.status.code() == Some(3), "{arguments:?}: {text}");
        ensure!(text.contains("worker (pid "), "{text}");
    }
    house.stop().await?;
    ensure!(
        run(folder.path(), &variables, &["migrate", "up"])
            .await?
            .status
            .success()
    );
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_by_hand_needs_an_empty_house_on_sqlite() -> Result<()> {
    migrating_by_hand_needs_an_empty_house(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_by_hand_needs_an_empty_house_on_postgres() -> Result<()> {
    migrating_by_hand_needs_an_empty_house(Backend::Postgres).await
}
