//! `lucien sweep`: who is to be seen out is listed and confirmed, beside a house that runs.

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Clock;
use domain::id::UserId;
use domain::person::Profile;
use serde_json::Value;
use store::{StoreError, departures, holds};
use testkit::{Backend, TestDb, preload};

use crate::lucien::{Running, complained, folder, is_missing, run, said, telegram};

async fn a_list_is_confirmed_beside_the_house(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let store = db.store().await?;
    let now = SystemClock.now();
    for (id, name) in [(5_001, "Rodrigo"), (5_002, "Inés\n\u{1b}[31m")] {
        let profile = Profile::new(UserId(id), name, None, None);
        preload::subscribe(&store, &profile, -TimeDelta::hours(1), None, now).await?;
    }
    let held: Result<_, StoreError> = store
        .write(async |tx| holds::set(tx, HoldReason::Restored, now).await)
        .await;
    ensure!(held?);

    let variables = [("DATABASE_URL", url.as_str())];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
    let listed = said(&lucien(&["sweep", "list"]).await?);
    let lines: Vec<&str> = listed.lines().collect();
    ensure!(
        lines.len() == 3 && lines[0].starts_with("held\tRESTORED\t"),
        "{listed}"
    );
    ensure!(
        lines[1].starts_with("-\t5001\t") && lines[1].ends_with("\tRodrigo"),
        "{listed}"
    );
    ensure!(
        lines[2].starts_with("-\t5002\t") && !lines[2].contains('\u{1b}'),
        "{listed}"
    );
    let due = departures::figures(&store.read(), now).await?;
    ensure!(due.newest.is_none(), "nothing was changed");
    let refused = lucien(&["sweep", "confirm", "2"]).await?;
    ensure!(refused.status.code() == Some(2), "{}", complained(&refused));

    let house = Running::start(folder.path(), &telegram, &url)?;
    let newest = loop {
        if let Some(newest) = departures::figures(&store.read(), now).await?.newest
            && departures::figures(&store.read(), now).await?.due == 2
        {
            break newest.0;
        }
        tokio::task::yield_now().await;
    };
    let listed: Value = serde_json::from_str(&said(&lucien(&["sweep", "list", "--json"]).await?))?;
    ensure!(
        listed["held"][0] == "RESTORED" && listed["paused"] == false,
        "{listed}"
    );
    let people = listed["people"].as_array().context("a list")?;
    ensure!(people.len() == 2 && people[1]["number"] == newest, "{listed}");
    ensure!(
        people[0]["user_id"] == 5_001 && people[0]["first_name"] == "Rodrigo",
        "{listed}"
    );

    let newest = newest.to_string();
    let refused = lucien(&["sweep", "confirm", &newest, "--spare", "9"]).await?;
    ensure!(refused.status.code() == Some(2), "{}", complained(&refused));
    ensure!(
        complained(&refused).contains("9 is not on the list"),
        "{}",
        complained(&refused)
    );
    let confirmed = lucien(&["sweep", "confirm", &newest, "--spare", "5002"]).await?;
    ensure!(said(&confirmed) == "confirmed\t1\n", "{}", complained(&confirmed));
    ensure!(holds::all(&store.read()).await?.is_empty());
    let listed = said(&lucien(&["sweep", "list"]).await?);
    ensure!(!listed.contains("5002"), "{listed}");
    house.stop().await?;
    store.close().await;
    db.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_confirmed_beside_the_house_on_sqlite() -> Result<()> {
    a_list_is_confirmed_beside_the_house(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_confirmed_beside_the_house_on_postgres() -> Result<()> {
    a_list_is_confirmed_beside_the_house(Backend::Postgres).await
}
