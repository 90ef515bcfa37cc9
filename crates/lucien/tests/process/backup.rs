//! `lucien backup`: beside a house that runs, and in the place of one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use age::secrecy::ExposeSecret;
use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use bot::invitation::new_code;
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Clock;
use domain::id::{TokenId, UserId};
use domain::person::Profile;
use domain::plan::NewPlan;
use serde_json::Value;
use store::invitations::{IssueError, NewInvitation};
use store::{Store, StoreError, departures, holds, invitations, people, plans, subscribers};
use testkit::{Backend, TestDb, preload};
use tokio::process::Command;

use crate::lucien::{PATIENCE, Running, client, complained, folder, is_missing, run, said, telegram};

/// Whoever is told of the line, from its first word on.
fn line<'a>(text: &'a str, word: &str) -> Result<&'a str> {
    let mut lines = text.lines();
    let found = lines.find_map(|line| line.strip_prefix(word)?.strip_prefix('\t'));
    found.with_context(|| format!("no {word} in {text}"))
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// A house with members and an invitation for each of them, at the end of its first day.
async fn furnished(store: &Store, members: i64) -> Result<Vec<TokenId>> {
    let now = SystemClock.now();
    let plan =
        NewPlan::check("Mensual", 30, "9.99", "$", UserId(1)).map_err(|why| anyhow::anyhow!("{why:?}"))?;
    let plan = store
        .write(async |tx| plans::create(tx, &plan, now).await)
        .await?;
    let mut tokens = Vec::new();
    for id in 5_001..5_001 + members {
        let profile = Profile::new(UserId(id), "Inés", None, None);
        preload::subscribe(store, &profile, TimeDelta::days(1), None, now).await?;
        let new = NewInvitation {
            plan: plan.id,
            by: UserId(1),
            valid_hours: 1_000,
        };
        let issued: Result<_, IssueError> = store
            .write(async |tx| invitations::issue(tx, &new, new_code, now).await)
            .await;
        tokens.push(issued?.id);
    }
    Ok(tokens)
}

/// A member accepts an invitation as the house would have it, a week later.
async fn renews(store: &Store, token: TokenId, user: UserId) -> Result<()> {
    let now = SystemClock.now();
    let found = invitations::find(&store.read(), token, user)
        .await?
        .context("an invitation")?;
    let done: Result<bool, StoreError> = store
        .write(async |tx| {
            let claimed = invitations::claim(tx, &found, user, now).await?;
            let before = found.subscription.as_ref();
            let days = domain::plan::PlanDays::new(30).expect("in range");
            let held = before.map(|stored| stored.subscription);
            let redemption = domain::redemption::Redemption::of(held.as_ref(), days, now);
            Ok(claimed && subscribers::apply_redemption(tx, user, token, before, &redemption, now).await?)
        })
        .await;
    ensure!(done?);
    Ok(())
}

async fn a_week_old_backup_takes_the_place_of_a_house(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let db = TestDb::new(backend).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let url = db.url_for_processes()?;
    let backups = folder.path().join("copias");
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("BACKUP_DIR", backups.to_str().context("UTF-8")?),
    ];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
    let mut house = Running::start(folder.path(), &telegram, &url)?;
    house.logs("Telegram knows the bot").await?;
    let store = db.store().await?;
    let tokens = furnished(&store, 12).await?;

    // Beside the house.
    let made = lucien(&["backup", "create"]).await?;
    ensure!(code(&made) == Some(0), "{}", complained(&made));
    let file = line(&said(&made), "backup")?.to_owned();
    let mode = fs::metadata(&file)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "{mode:o}");
    let listed: Value = serde_json::from_str(&said(&lucien(&["backup", "list", "--json"]).await?))?;
    ensure!(
        listed.as_array().context("a list")?.len() == 1
            && listed[0]["path"] == file
            && listed[0]["encrypted"] == false,
        "{listed}"
    );
    let verified: Value =
        serde_json::from_str(&said(&lucien(&["backup", "verify", &file, "--json"]).await?))?;
    ensure!(verified["rows"]["vip_subscribers"] == 12, "{verified}");

    // Ten renew. Then somebody wants the copy back, beside the house, and without naming what it replaces.
    for (user, token) in (5_001..5_011).zip(&tokens) {
        renews(&store, *token, UserId(user)).await?;
    }
    let name = store.url().database_name();
    let restore = ["backup", "restore", file.as_str()];
    let confirmed = [&restore[..], &["--confirm", &name]].concat();
    let refused = lucien(&confirmed).await?;
    ensure!(code(&refused) == Some(3), "{}", complained(&refused));
    ensure!(
        complained(&refused).contains("in use by"),
        "{}",
        complained(&refused)
    );
    house.stop().await?;
    let refused = lucien(&restore).await?;
    ensure!(code(&refused) == Some(3), "{}", complained(&refused));
    ensure!(
        complained(&refused).contains(&format!("--confirm {name}")),
        "{}",
        complained(&refused)
    );
    let asked = lucien(&confirmed).await?;
    ensure!(code(&asked) == Some(3), "{}", complained(&asked));
    ensure!(said(&asked).lines().count() == 20, "{}", said(&asked));
    ensure!(archived(&backups)? == 1, "nothing was made or replaced");

    let done = lucien(&[&confirmed[..], &["--carry-over", "yes"]].concat()).await?;
    ensure!(code(&done) == Some(0), "{}", complained(&done));
    let text = said(&done);
    ensure!(line(&text, "held")? == "0", "{text}");
    ensure!(
        text.lines().filter(|line| line.starts_with("carried\t")).count() == 20,
        "{text}"
    );
    let replaced = line(&text, "replaced")?.to_owned();
    ensure!(replaced.ends_with(".pre-restore.backup") && Path::new(&replaced).exists());

    // The house goes on with it: nobody is seen out, and nothing opens twice.
    let house = Running::start(folder.path(), &telegram, &url)?;
    house.until_role("worker").await?;
    let now = SystemClock.now();
    for (user, token) in (5_001..5_011).zip(&tokens) {
        let found = invitations::find(&store.read(), *token, UserId(1))
            .await?
            .context("an invitation")?;
        let state = found.invitation.state(now);
        ensure!(
            state == domain::token::InvitationState::Used,
            "{token}: {state:?}"
        );
        let subscription = subscribers::find(&store.read(), UserId(user))
            .await?
            .context("a member")?;
        ensure!(
            subscription.subscription.expiry > now + TimeDelta::days(29),
            "{user}"
        );
    }
    let held = holds::all(&store.read()).await?;
    ensure!(
        held.iter().any(|hold| hold.reason == HoldReason::Restored),
        "{held:?}"
    );
    ensure!(departures::figures(&store.read(), now).await?.due == 0);
    house.stop().await?;

    // The same copy in an empty database: whether anything was redeemed since is not known.
    let other = TestDb::empty(backend).await?;
    let other_url = other.url_for_processes()?;
    let variables = [("DATABASE_URL", other_url.as_str()), variables[1]];
    let lucien = async |arguments: &[&str]| run(folder.path(), &variables, arguments).await;
    let done = lucien(&restore).await?;
    ensure!(code(&done) == Some(0), "{}", complained(&done));
    ensure!(
        line(&said(&done), "held")? == "12" && !said(&done).contains("replaced"),
        "{}",
        said(&done)
    );
    let listed: Value = serde_json::from_str(&said(&lucien(&["token", "held", "--json"]).await?))?;
    ensure!(listed.as_array().context("a list")?.len() == 12, "{listed}");
    let first = listed[0]["id"].to_string();
    let released = lucien(&["token", "release", &first]).await?;
    ensure!(said(&released) == "released\t1\n", "{}", complained(&released));
    let again = lucien(&["token", "release", &first]).await?;
    ensure!(code(&again) == Some(2), "{}", complained(&again));
    ensure!(said(&lucien(&["token", "release", "--all"]).await?) == "released\t11\n");
    ensure!(said(&lucien(&["token", "held"]).await?).is_empty());
    ensure!(code(&lucien(&["token", "release"]).await?) == Some(2));

    store.close().await;
    db.remove().await?;
    other.remove().await
}

/// How many files lie in the folder.
fn archived(folder: &Path) -> Result<usize> {
    Ok(fs::read_dir(folder)?.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_old_backup_takes_the_place_of_a_house_on_sqlite() -> Result<()> {
    a_week_old_backup_takes_the_place_of_a_house(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_week_old_backup_takes_the_place_of_a_house_on_postgres() -> Result<()> {
    a_week_old_backup_takes_the_place_of_a_house(Backend::Postgres).await
}

/// A file with a new key, and the public part of it.
fn new_key(folder: &Path, name: &str) -> Result<(PathBuf, String)> {
    let identity = age::x25519::Identity::generate();
    let file = folder.join(name);
    fs::write(&file, identity.to_string().expose_secret())?;
    Ok((file, identity.to_public().to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_backs_itself_up_and_sends_what_is_encrypted() -> Result<()> {
    let db = TestDb::new(Backend::SqliteFile).await?;
    let (folder, telegram) = (folder()?, telegram().await?);
    let keeper = telegram
        .newcomer_with_id(7_001, sim::Profile::new("Diana"))
        .context("a keeper")?;
    keeper.sends("/start")?;
    let url = db.url_for_processes()?;
    let backups = folder.path().join("copias");
    let (key, recipient) = new_key(folder.path(), "key")?;
    let (other, _) = new_key(folder.path(), "other")?;
    let variables = [
        ("BACKUP_DIR", backups.to_str().context("UTF-8")?),
        ("BACKUP_AGE_RECIPIENT", recipient.as_str()),
        // The first who is named, not the lowest.
        ("ADMIN_USER_IDS", "7001,1"),
    ];
    let house = Running::start_as(folder.path(), &telegram, &url, &variables)?;
    let health = house
        .until_health(|_, body| body["components"]["backup"] == "healthy" && archived_in(&backups) == 1)
        .await?;
    ensure!(health["status"] == "healthy", "{health}");
    let file = telegram
        .until("a document", |view| {
            let mut chat = view.chat(keeper.id()).into_iter();
            chat.find_map(|entry| entry.media?.file_name)
        })
        .await
        .with_context(|| format!("{:?}", telegram.calls()))?;
    ensure!(
        file.starts_with("lucien-") && file.ends_with(".backup.age"),
        "{file}"
    );
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    let metrics = client()?
        .get(format!("http://127.0.0.1:{}/metrics", house.health_port))
        .send()
        .await?;
    let metrics = metrics.text().await?;
    ensure!(
        metrics.contains(r#"lucien_sweeps_last_success_timestamp_seconds{job="backup"} "#),
        "{metrics}"
    );
    house.stop().await?;

    let file = fs::read_dir(&backups)?.next().context("a backup")??.path();
    let file = file.to_str().context("UTF-8")?;
    let verify =
        async |more: &[&str]| run(folder.path(), &[], &[&["backup", "verify", file], more].concat()).await;
    let (key, other) = (key.to_str().context("UTF-8")?, other.to_str().context("UTF-8")?);
    let whole = verify(&["--identity", key]).await?;
    ensure!(said(&whole).starts_with("whole\n"), "{}", complained(&whole));
    for (more, why) in [
        (&[][..], "its key is needed"),
        (&["--identity", other], "another key"),
    ] {
        let refused = verify(more).await?;
        ensure!(
            code(&refused) == Some(2) && complained(&refused).contains(why),
            "{}",
            complained(&refused)
        );
    }
    db.remove().await
}

fn archived_in(folder: &Path) -> usize {
    archived(folder).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_or_read_is_told_and_leaves_nothing() -> Result<()> {
    let db = TestDb::new(Backend::SqliteFile).await?;
    let folder = folder()?;
    let url = db.url_for_processes()?;
    let store = db.store().await?;
    let now = SystemClock.now();
    let crowded: Result<_, StoreError> = store
        .write(async |tx| {
            for id in 1..=6_000i64 {
                let name = format!("{:x}{:x}", id * 7_919 * 104_729, id * id * 15_485_863);
                let profile = Profile::new(UserId(id), &name, Some(&name), None);
                people::insert_if_absent(tx, &profile, domain::role::Role::Free, now).await?;
            }
            Ok(())
        })
        .await;
    crowded?;
    store.close().await;
    let backups = folder.path().join("copias");
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("BACKUP_DIR", backups.to_str().context("UTF-8")?),
    ];

    // A disk that has no room for so large a file.
    let mut small = Command::new("bash");
    small.args([
        "-c",
        "trap '' XFSZ; ulimit -f 64; exec \"$0\" backup create",
        env!("CARGO_BIN_EXE_lucien"),
    ]);
    small
        .current_dir(folder.path())
        .env_clear()
        .envs(variables)
        .kill_on_drop(true);
    let full = tokio::time::timeout(PATIENCE, small.output()).await??;
    ensure!(code(&full) == Some(1), "{}", complained(&full));
    ensure!(complained(&full).contains("too large"), "{}", complained(&full));
    ensure!(archived(&backups)? == 0, "nothing is left");

    let made = run(folder.path(), &variables, &["backup", "create"]).await?;
    ensure!(code(&made) == Some(0), "{}", complained(&made));
    let file = line(&said(&made), "backup")?.to_owned();
    let bytes = fs::read(&file)?;
    fs::write(&file, &bytes[..bytes.len() - 100])?;
    let name = "bot.db".to_owned();
    for (arguments, status, why) in [
        (vec!["backup", "verify", &file], 1, "ends before its manifest"),
        (
            vec!["backup", "restore", &file, "--confirm", &name],
            1,
            "ends before its manifest",
        ),
        (vec!["backup", "verify", "nada.backup"], 2, "no such file"),
        (vec!["backup", "restore", "Cargo.lock"], 2, "no such file"),
        (
            vec!["backup", "restore", &file, "--identity", "nada"],
            2,
            "--identity",
        ),
    ] {
        let refused = run(folder.path(), &variables, &arguments).await?;
        ensure!(
            code(&refused) == Some(status),
            "{arguments:?}: {}",
            complained(&refused)
        );
        ensure!(
            complained(&refused).contains(why),
            "{arguments:?}: {}",
            complained(&refused)
        );
    }
    let store = db.store().await?;
    ensure!(people::count(&store.read()).await? == 6_000);
    store.close().await;

    fs::write(folder.path().join("file"), "")?;
    let blocked = folder.path().join("file");
    let blocked = [variables[0], ("BACKUP_DIR", blocked.to_str().context("UTF-8")?)];
    let refused = run(folder.path(), &blocked, &["backup", "create"]).await?;
    ensure!(code(&refused) == Some(1), "{}", complained(&refused));
    let postgres = [("DATABASE_URL", "postgresql://127.0.0.1:1/x")];
    let refused = run(folder.path(), &postgres, &["backup", "list"]).await?;
    ensure!(
        code(&refused) == Some(2) && complained(&refused).contains("BACKUP_DIR"),
        "{}",
        complained(&refused)
    );
    db.remove().await
}
