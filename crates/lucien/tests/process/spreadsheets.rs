//! `lucien import` and `lucien export`: members come out of a spreadsheet and go into one.

use std::fs;

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use chrono::{DateTime, TimeDelta};
use domain::brakes::HoldReason;
use domain::clock::Clock;
use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use domain::subscription::Status;
use store::{holds, invariants, people, role_log, subscribers};
use testkit::{Backend, TestDb, preload};

use crate::lucien::{Running, complained, folder, is_missing, run, said, telegram};

const FILE: &str = "user_id,ends_at,first_name,username,joined_at\n\
    5001,2099-01-31,Inés,@ines,2020-05-01T12:00:00Z\n\
    5002,2099-06-30T18:00:00Z,'=SUM(A1),,\n\
    5003,2020-01-31,,,\n\
    5004,2099-01-31,Otro nombre,,\n\
    5005,2021-01-31,,,\n";

#[tokio::test(flavor = "multi_thread")]
async fn members_move_in_by_a_spreadsheet_on_sqlite() -> Result<()> {
    members_move_in(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn members_move_in_by_a_spreadsheet_on_postgres() -> Result<()> {
    members_move_in(Backend::Postgres).await
}

async fn members_move_in(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, store, url) = (folder()?, db.store().await?, db.url_for_processes()?);
    let now = SystemClock.now();
    // Two are here already: one for a shorter time than the file says, and one for a longer.
    for (id, name, length) in [(5_004, "Rodrigo", 30), (5_005, "Camila", 90)] {
        let profile = Profile::new(UserId(id), name, None, None);
        preload::subscribe(&store, &profile, TimeDelta::days(length), None, now).await?;
    }
    let file = folder.path().join("members.csv");
    fs::write(&file, FILE)?;
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("DISPLAY_TIMEZONE", "America/Mexico_City"),
    ];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;

    let dry = lucien(&["import", "members.csv", "--dry-run"]).await?;
    let expected = "added\t3\nextended\t1\nunchanged\t1\n";
    ensure!(said(&dry) == expected, "{}{}", said(&dry), complained(&dry));
    ensure!(people::find(&store.read(), UserId(5_001)).await?.is_none());
    ensure!(holds::all(&store.read()).await?.is_empty());

    let done = lucien(&["import", "members.csv"]).await?;
    ensure!(said(&done) == expected, "{}{}", said(&done), complained(&done));
    let db_now = store.read();
    let held = holds::all(&db_now).await?;
    ensure!(
        matches!(&*held, [hold] if hold.reason == HoldReason::Imported),
        "{held:?}"
    );
    for (id, role, end) in [
        (5_001, Role::Vip, "2099-02-01T05:59:59.999999Z"),
        (5_002, Role::Vip, "2099-06-30T18:00:00Z"),
        (5_003, Role::Free, "2020-02-01T05:59:59.999999Z"),
        (5_004, Role::Vip, "2099-02-01T05:59:59.999999Z"),
    ] {
        let stored = subscribers::find(&db_now, UserId(id))
            .await?
            .context("a membership")?;
        let subscription = stored.subscription;
        ensure!(
            subscription.status == Status::Active && subscription.stage.is_none(),
            "{subscription:?}"
        );
        ensure!(
            subscription.expiry == DateTime::parse_from_rfc3339(end)?,
            "{id}: {subscription:?}"
        );
        let person = people::find(&db_now, UserId(id)).await?.context("a person")?;
        ensure!(person.role == role, "{person:?}");
    }
    let kept = people::find(&db_now, UserId(5_004)).await?.context("a person")?;
    ensure!(kept.profile.first_name == "Rodrigo", "{kept:?}");
    ensure!(role_log::of_person(&db_now, UserId(5_001), 5).await?.len() == 1);
    let broken = invariants::check(&db_now, SystemClock.now()).await?;
    ensure!(broken.is_empty(), "{broken:?}");

    let again = lucien(&["import", "members.csv"]).await?;
    ensure!(
        said(&again) == "added\t0\nextended\t0\nunchanged\t5\n",
        "{}",
        said(&again)
    );

    let exported = said(&lucien(&["export", "members"]).await?);
    let lines: Vec<&str> = exported.lines().collect();
    ensure!(lines.len() == 6, "{exported}");
    ensure!(lines[0] == "user_id,username,first_name,last_name,status,joined_at,ends_at,plan");
    ensure!(
        lines[1] == "5001,ines,Inés,,active,2020-05-01T12:00:00.000000Z,2099-02-01T05:59:59.999999Z,",
        "{exported}"
    );
    ensure!(lines[2].starts_with("5002,,'=SUM(A1),,active,"), "{exported}");

    // What goes out comes in again elsewhere.
    let other = TestDb::new(backend).await?;
    other.store().await?.close().await;
    let other_url = other.url_for_processes()?;
    fs::write(folder.path().join("out.csv"), &exported)?;
    let elsewhere = [("DATABASE_URL", other_url.as_str())];
    let done = run(folder.path(), &elsewhere, &["import", "out.csv"]).await?;
    ensure!(said(&done).starts_with("added\t5\n"), "{}", complained(&done));
    let there = said(&run(folder.path(), &elsewhere, &["export", "members"]).await?);
    let names = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split(',').take(4).collect::<Vec<_>>().join(","))
            .collect()
    };
    ensure!(names(&there) == names(&exported), "{there}");

    let all = lucien(&["export", "all", "--output", "tables"]).await?;
    ensure!(said(&all).contains("users\t5\n"), "{}", said(&all));
    let users = fs::read_to_string(folder.path().join("tables/users.csv"))?;
    ensure!(
        users.lines().count() == 6 && users.starts_with("user_id,"),
        "{users}"
    );

    let running = telegram().await?;
    let house = Running::start(folder.path(), &running, &url)?;
    house.until_role("worker").await?;
    let refused = lucien(&["import", "members.csv"]).await?;
    ensure!(refused.status.code() == Some(3), "{}", complained(&refused));
    let beside = lucien(&["export", "members", "--output", "beside.csv"]).await?;
    ensure!(said(&beside) == "members\t5\n", "{}", complained(&beside));
    let (status, log) = house.stop().await?;
    ensure!(status.success(), "{log}");
    running.stop().await;
    store.close().await;
    db.remove().await?;
    other.remove().await
}

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing() -> Result<()> {
    let db = TestDb::new(Backend::SqliteFile).await?;
    let (folder, store, url) = (folder()?, db.store().await?, db.url_for_processes()?);
    fs::write(
        folder.path().join("members.csv"),
        "user_id,ends_at\n5001,2099-01-31\n5002,pronto\n",
    )?;
    let refused = run(
        folder.path(),
        &[("DATABASE_URL", &url)],
        &["import", "members.csv"],
    )
    .await?;
    ensure!(refused.status.code() == Some(2), "{}", complained(&refused));
    ensure!(
        complained(&refused).contains("line 3: ends_at"),
        "{}",
        complained(&refused)
    );
    ensure!(people::find(&store.read(), UserId(5_001)).await?.is_none());
    let missing = run(
        folder.path(),
        &[("DATABASE_URL", &url)],
        &["import", "nothing.csv"],
    )
    .await?;
    ensure!(missing.status.code() == Some(2), "{}", complained(&missing));
    store.close().await;
    db.remove().await
}
