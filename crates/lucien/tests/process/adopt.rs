//! `lucien adopt`, apart from what becomes of the rows: what is in the way, and what the house does afterwards.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::predecessor::{self, Flavour, crowd, sample};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, complained, folder, is_missing, run, said, telegram};

const BOTH: [Backend; 2] = [Backend::SqliteFile, Backend::Postgres];

async fn planted(backend: Backend, flavour: Flavour) -> Result<(TestDb, String)> {
    let db = predecessor::planted(backend, flavour).await?;
    let url = db.url_for_processes()?;
    Ok((db, url))
}

/// What is refused says which command helps; what is adopted opens, and sees nobody out.
#[tokio::test(flavor = "multi_thread")]
async fn a_house_opens_once_it_is_adopted() -> Result<()> {
    for backend in BOTH.into_iter().filter(|backend| !is_missing(*backend)) {
        let (db, url) = planted(backend, Flavour::HandAltered).await?;
        let (folder, telegram) = (folder()?, telegram().await?);
        let (status, _) = Running::start(folder.path(), &telegram, &url)?.ends().await?;
        ensure!(status.code() == Some(3));
        let variables = [("DATABASE_URL", url.as_str())];
        let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
        let refused = lucien(&["migrate", "up"]).await?;
        ensure!(
            complained(&refused).contains("lucien adopt"),
            "{}",
            complained(&refused)
        );

        let adopted = lucien(&["adopt", "--i-have-a-backup"]).await?;
        let report = said(&adopted);
        ensure!(adopted.status.success(), "{}", complained(&adopted));
        ensure!(report.starts_with("flavour\thand-altered\n"), "{report}");
        let people = sample::MISSING_PEOPLE.map(|id| id.to_string()).join(" ");
        ensure!(
            report.contains(&format!("repaired\tusers\t-\tperson_made\t7\t{people}\n")),
            "{report}"
        );
        ensure!(report.contains("note\talembic_version is empty\n"), "{report}");

        let house = Running::start(folder.path(), &telegram, &url)?;
        house.until_role("worker").await?;
        let refused = lucien(&["adopt", "--dry-run"]).await?;
        ensure!(refused.status.code() == Some(3), "{}", complained(&refused));
        // One of the members is over.
        let over = loop {
            let listed: Value = serde_json::from_str(&said(&lucien(&["sweep", "list", "--json"]).await?))?;
            ensure!(listed["held"][0] == "ADOPTED", "{listed}");
            let people = listed["people"].as_array().context("a list")?.clone();
            if people.iter().any(|person| !person["number"].is_null()) {
                break people;
            }
        };
        ensure!(over.len() == 1 && over[0]["user_id"] == 800_005, "{over:?}");
        house.stop().await?;
        telegram.stop().await;
        db.remove().await?;
    }
    Ok(())
}

/// Nobody may be in the house, and a dry run leaves the file as it was.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_left_as_it_was() -> Result<()> {
    for backend in BOTH.into_iter().filter(|backend| !is_missing(*backend)) {
        let (db, url) = planted(backend, Flavour::Later).await?;
        let folder = folder()?;
        let variables = [("DATABASE_URL", url.as_str())];
        let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
        let path = url.strip_prefix("sqlite:///").map(Path::new);
        let file = || path.map(fs::read).transpose();
        let before = file()?;
        let report = lucien(&["adopt", "--dry-run", "--json", "--on-orphan", "quarantine"]).await?;
        ensure!(file()? == before, "not even its kind of journal is another");
        let report: Value = serde_json::from_str(&said(&report))?;
        ensure!(
            report["flavour"] == "later" && report["backup"].is_null(),
            "{report}"
        );
        let refused = lucien(&["adopt", "--on-orphan", "fail", "--i-have-a-backup"]).await?;
        let text = complained(&refused);
        ensure!(
            refused.status.code() == Some(3) && text.contains("user_interests\tpackage_id"),
            "{text}"
        );
        predecessor::run(&url, "ALTER TABLE content_packages RENAME TO packages").await?;
        let refused = lucien(&["adopt", "--i-have-a-backup"]).await?;
        let text = complained(&refused);
        ensure!(
            refused.status.code() == Some(3) && text.contains("content_packages"),
            "{text}"
        );
        db.remove().await?;
    }
    Ok(())
}

/// A large house takes little memory: the report holds no more than a thousand ids of each repair.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_adopted() -> Result<()> {
    const PEOPLE: u32 = 20_000;
    for backend in BOTH.into_iter().filter(|backend| !is_missing(*backend)) {
        let (db, url) = planted(backend, Flavour::V12).await?;
        crowd::plant(&url, Flavour::V12, PEOPLE).await?;
        let folder = folder()?;
        let variables = [("DATABASE_URL", url.as_str())];
        let adopted = run(
            folder.path(),
            &variables,
            &["adopt", "--i-have-a-backup", "--json"],
        )
        .await?;
        let report: Value = serde_json::from_str(&said(&adopted))?;
        ensure!(report["rows"]["users"] == PEOPLE + 8, "{report}");
        let repairs = report["repairs"].as_array().context("a list")?;
        let emptied = repairs
            .iter()
            .find(|it| it["column"] == "change_metadata")
            .context("one")?;
        let keys = emptied["keys"].as_array().context("a list")?;
        ensure!(
            emptied["rows"] == PEOPLE / 10 + 2 && keys.len() == 1_000,
            "{emptied}"
        );
        db.remove().await?;
    }
    Ok(())
}
