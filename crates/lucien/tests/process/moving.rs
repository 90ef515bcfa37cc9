//! The Python bot's house is adopted, lived in, handed back and lived in again: each flavour of its
//! databases, on both kinds.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use bot::clock::SystemClock;
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Clock;
use domain::id::{ChatId, UserId};
use domain::subscription::Status;
use serde_json::Value;
use sim::{NewLink, Person, Rights, Room, Sim};
use store::{Dialect, Store, StoreOptions, holds, inbox, invariants, requests, subscribers};
use tempfile::TempDir;
use testkit::predecessor::{self, Flavour, TABLES};
use testkit::{Backend, TestDb};

use crate::lucien::{Running, complained, folder, is_missing, run, said, telegram};
use crate::python::{Content, Python};

/// An invitation that the Python bot has issued and nobody has used.
const OPEN_INVITATION: &str = "Abierta-_hasta99";

/// Who comes while the Python bot is back: a member, and somebody who waits for the Free channel.
const MEMBER: UserId = UserId(600_001);
const WAITING: UserId = UserId(600_003);

macro_rules! moves {
    ($($name:ident: $flavour:ident on $backend:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() -> Result<()> {
            a_house_moves_in_and_out(Backend::$backend, Flavour::$flavour).await
        }
    )*};
}

moves! {
    v12_moves_in_and_out_on_sqlite: V12 on SqliteFile;
    v12_moves_in_and_out_on_postgres: V12 on Postgres;
    what_models_made_moves_in_and_out_on_sqlite: CreateAll on SqliteFile;
    what_models_made_moves_in_and_out_on_postgres: CreateAll on Postgres;
    later_moves_in_and_out_on_sqlite: Later on SqliteFile;
    later_moves_in_and_out_on_postgres: Later on Postgres;
    hand_altered_moves_in_and_out_on_sqlite: HandAltered on SqliteFile;
    hand_altered_moves_in_and_out_on_postgres: HandAltered on Postgres;
}

async fn a_house_moves_in_and_out(backend: Backend, flavour: Flavour) -> Result<()> {
    let Some(python) = Python::named() else {
        return Ok(());
    };
    if is_missing(backend) {
        return Ok(());
    }
    let site = Site::new(backend, flavour, python).await?;
    site.is_looked_at().await?;
    site.is_adopted().await?;
    let visitor = site.is_lived_in().await?;
    site.python.works_on(&site.url, visitor.id()).await?;
    site.is_lived_in_again(&visitor).await?;
    let violations = site.telegram.violations();
    ensure!(violations.is_empty(), "{violations:?}");
    site.telegram.stop().await;
    site.db.remove().await
}

/// A database of the Python bot's, and the channels that are named in it.
struct Site {
    flavour: Flavour,
    db: TestDb,
    url: String,
    folder: TempDir,
    telegram: Sim,
    /// The Free channel, and the link to its door.
    free: Room,
    door: String,
    python: Python,
}

impl Site {
    async fn new(backend: Backend, flavour: Flavour, python: Python) -> Result<Self> {
        let db = predecessor::planted(backend, flavour).await?;
        let url = db.url_for_processes()?;
        let telegram = telegram().await?;
        let diana = telegram.person("Diana");
        let rooms = ["El salón", "El patio"].map(|title| telegram.channel(title, &diana));
        for room in &rooms {
            diana.promotes(room, telegram.bot().id, Rights::all())?;
        }
        let [vip, free] = rooms;
        let door = diana.creates_link(
            &free,
            NewLink {
                creates_join_request: true,
                ..NewLink::default()
            },
        )?;
        let (vip, id) = (vip.id(), free.id());
        let channels = format!("UPDATE bot_config SET vip_channel_id = '{vip}', free_channel_id = '{id}'");
        predecessor::run(&url, &channels).await?;
        Ok(Self {
            flavour,
            db,
            url,
            folder: folder()?,
            telegram,
            free,
            door,
            python,
        })
    }

    fn dialect(&self) -> Dialect {
        self.db.url().dialect()
    }

    /// Runs a command on it. Returns its exit code and everything that it wrote.
    async fn lucien(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let variables = [("DATABASE_URL", self.url.as_str())];
        let output = run(self.folder.path(), &variables, arguments).await?;
        Ok((output.status.code(), said(&output) + &complained(&output)))
    }

    /// A dry run tells what would be done and changes nothing; without a backup nothing is changed either.
    async fn is_looked_at(&self) -> Result<()> {
        let before = self.python.reads_exactly(&self.url).await?;
        let (code, text) = self.lucien(&["adopt", "--dry-run"]).await?;
        ensure!(code == Some(0), "{text}");
        ensure!(text.contains(self.flavour.label()), "{text}");
        self.names_nobody(&text, &before)?;
        if self.dialect() == Dialect::Postgres {
            let (code, text) = self.lucien(&["adopt"]).await?;
            ensure!(
                code == Some(3) && text.contains("--i-have-a-backup"),
                "{code:?} {text}"
            );
        }
        if !self.flavour.missing_people().is_empty() {
            let careful = ["adopt", "--i-have-a-backup", "--on-orphan", "fail"];
            let (code, text) = self.lucien(&careful).await?;
            ensure!(code == Some(3), "{code:?} {text}");
        }
        ensure!(
            self.python.reads_exactly(&self.url).await? == before,
            "nothing was changed"
        );
        Ok(())
    }

    async fn is_adopted(&self) -> Result<()> {
        let before = self.python.reads(&self.url).await?;
        let exactly = self.python.reads_exactly(&self.url).await?;
        let adopt: &[&str] = match self.dialect() {
            Dialect::Sqlite => &["adopt", "--json"],
            Dialect::Postgres => &["adopt", "--json", "--i-have-a-backup"],
        };
        let (code, text) = self.lucien(adopt).await?;
        ensure!(code == Some(0), "{text}");
        self.names_nobody(&text, &before)?;
        let report: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        ensure!(report["flavour"] == self.flavour.label(), "{report}");

        let after = self.python.reads(&self.url).await?;
        self.has_lost_nothing(&before, &after)?;
        for (table, rows) in TABLES.iter().zip(self.rows_after()) {
            ensure!(after.tables[*table].count == rows, "{table}");
            ensure!(report["rows"][*table] == rows, "{table}: {report}");
        }
        if self.dialect() == Dialect::Sqlite {
            let copy = format!("sqlite:///{}", self.backup()?.display());
            ensure!(
                self.python.reads_exactly(&copy).await? == exactly,
                "the copy is what was there"
            );
        }

        let (code, text) = self.lucien(&["adopt", "--i-have-a-backup"]).await?;
        ensure!(code == Some(3), "once only: {code:?} {text}");
        ensure!(self.python.reads(&self.url).await? == after);
        let (_, text) = self.lucien(&["sweep", "list"]).await?;
        ensure!(text.starts_with("held\tADOPTED\t"), "{text}");
        let (_, text) = self.lucien(&["migrate", "status"]).await?;
        ensure!(!text.contains("pending"), "{text}");
        self.holds().await
    }

    fn rows_after(&self) -> [u64; 9] {
        let mut rows = self.flavour.rows(self.dialect());
        rows[1] += self.flavour.missing_people().len() as u64;
        rows[7] -= self.flavour.interests_in_nothing().len() as u64;
        rows
    }

    /// The copy that was made before.
    fn backup(&self) -> Result<PathBuf> {
        let file = self.db.url().path().context("a file")?;
        let folder = file.parent().context("a folder")?;
        let mut copies = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_string_lossy().contains(".pre-adopt-") {
                copies.push(path);
            }
        }
        match &copies[..] {
            [copy] => Ok(copy.clone()),
            copies => bail!("{copies:?}"),
        }
    }

    /// A report tells ids, and neither names nor tokens.
    fn names_nobody(&self, text: &str, content: &Content) -> Result<()> {
        let private = [
            ("users", "first_name"),
            ("users", "username"),
            ("invitation_tokens", "token"),
        ];
        for (table, column) in private {
            for row in &content.tables[table].rows {
                if let Some(value) = row[column].as_str() {
                    ensure!(!text.contains(value), "{value} is in\n{text}");
                }
            }
        }
        Ok(())
    }

    /// Every row is there or was put aside, with every value but for what is repaired; what is not of the nine tables is
    /// untouched.
    fn has_lost_nothing(&self, before: &Content, after: &Content) -> Result<()> {
        let mut changed = BTreeSet::new();
        for (name, table) in &before.tables {
            if !TABLES.contains(&name.as_str()) {
                ensure!(after.tables.get(name) == Some(table), "{name}");
                continue;
            }
            let key = if name == "users" { "user_id" } else { "id" };
            for row in &table.rows {
                let mut rows = after.tables[name].rows.iter();
                let Some(kept) = rows.find(|kept| kept[key] == row[key]) else {
                    let is_put_aside = is_in_quarantine(after, name, &row[key]);
                    ensure!(is_put_aside, "{name} {} is gone", row[key]);
                    continue;
                };
                for (column, value) in row {
                    if kept[column] != *value {
                        changed.insert(format!("{name}.{column} {} {value}->{}", row[key], kept[column]));
                    }
                }
            }
        }
        let repaired = |change: &String| {
            let repairs = self.repairs();
            repairs.iter().any(|repair| change.starts_with(repair))
        };
        let unexpected: Vec<&String> = changed.iter().filter(|change| !repaired(change)).collect();
        ensure!(unexpected.is_empty(), "{unexpected:?}");
        Ok(())
    }

    /// Columns of rows that may be changed.
    fn repairs(&self) -> Vec<String> {
        let mut repairs = vec![
            // What is empty or the text `null` becomes nothing.
            "bot_config.social_x 1 \"\"->null".to_owned(),
            "users.last_name 7000005 \"\"->null".to_owned(),
            "users.last_name 800005 \"\"->null".to_owned(),
            "content_packages.description 3 \"\"->null".to_owned(),
            // Labels get their one spelling.
            "users.role 7000007 \"free\"->\"FREE\"".to_owned(),
            // A plan that is not there.
            "invitation_tokens.plan_id 12 999->null".to_owned(),
        ];
        for id in 1..=4 {
            repairs.push(format!(
                "user_role_change_log.change_metadata {id} \"null\"->null"
            ));
        }
        for id in self.flavour.repeated_requests() {
            for column in ["processed", "processed_at"] {
                repairs.push(format!("free_channel_requests.{column} {id} "));
            }
        }
        repairs
    }

    /// Somebody new comes, waits for the Free channel and uses an invitation that the Python bot issued.
    async fn is_lived_in(&self) -> Result<Person> {
        let house = Running::start(self.folder.path(), &self.telegram, &self.url)?;
        house.until_role("worker").await?;
        let visitor = self.telegram.person("Valeria");
        visitor.sends("/start")?;
        visitor.next_answer().await?;
        visitor.asks_to_join(&self.door)?;
        visitor.hears("ya está anotada").await?;
        if self.flavour != Flavour::HandAltered {
            let guest = self.telegram.person("Gonzalo");
            guest.opens_link(OPEN_INVITATION)?;
            guest.hears("Ha dado usted un paso").await?;
        }
        stops(house).await?;
        self.holds().await?;
        Ok(visitor)
    }

    /// The Python bot has worked meanwhile, has written its rows without their companions and deleted others
    /// whose companions have stayed.
    async fn is_lived_in_again(&self, visitor: &Person) -> Result<()> {
        let house = Running::start(self.folder.path(), &self.telegram, &self.url)?;
        house.until_role("worker").await?;
        self.holds().await?;
        visitor.sends("/start")?;
        visitor.next_answer().await?;
        // They wait no more, as far as the house knows; on SQLite, somebody else has their number.
        visitor.withdraws_request(&self.free)?;
        visitor.asks_to_join(&self.door)?;
        visitor.hears("ya está anotada").await?;
        stops(house).await?;
        self.holds().await?;

        let store = self.store().await?;
        let db = store.read();
        let member = subscribers::find(&db, MEMBER).await?.context("a member")?;
        ensure!(member.subscription.status == Status::Active && member.subscription.stage.is_none());
        let tomorrow = SystemClock.now() + TimeDelta::days(1);
        let waiting = requests::due(&db, ChatId(self.free.id()), tomorrow, 1000).await?;
        for who in [WAITING, UserId(visitor.id())] {
            let request = waiting.iter().find(|request| request.user == who);
            let request = request.with_context(|| format!("{who} waits"))?;
            ensure!(request.chat == who.private_chat(), "{request:?} is another's");
        }
        let held = holds::all(&db).await?;
        ensure!(
            held.iter().any(|hold| hold.reason == HoldReason::Adopted),
            "nobody has confirmed anything"
        );
        store.close().await;
        Ok(())
    }

    async fn store(&self) -> Result<Store> {
        Ok(Store::open(self.db.url(), &StoreOptions::default()).await?)
    }

    /// Whatever must always hold does, and nobody's update was given up.
    async fn holds(&self) -> Result<()> {
        let store = self.store().await?;
        let broken = invariants::check(&store.read(), SystemClock.now()).await?;
        ensure!(broken.is_empty(), "{broken:?}");
        let dead = inbox::backlog(&store.read()).await?.dead;
        ensure!(dead == 0, "{dead} dead letters");
        store.close().await;
        Ok(())
    }
}

/// Whether a row was put aside whole.
fn is_in_quarantine(content: &Content, table: &str, key: &Value) -> bool {
    let key = key.to_string();
    let mut rows = content.tables["quarantine"].rows.iter();
    rows.any(|row| row["source_table"] == table && row["source_key"] == key)
}

async fn stops(house: Running) -> Result<()> {
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");
    Ok(())
}
