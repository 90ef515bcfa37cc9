//! What the documents tell operators to type is typed, block by block.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sim::Sim;
use store::{Store, StoreOptions, holds};
use testkit::predecessor::{self, Flavour};
use testkit::{Backend, TestDb};
use tokio::process::Command;

use crate::lucien::{PATIENCE, Running, folder, free_port, is_missing, run, said, telegram};
use crate::python::Python;

const MOVING: &str = include_str!("../../../../docs/moving-from-python.md");
const ROLLBACK: &str = include_str!("../../../../docs/ROLLBACK.md");

/// What stands in the document in place of what is the operator's own.
const THEIR_DATABASE: &str = "postgresql://lucien:secret@db.example/lucien";
const THEIR_NUMBER: &str = "4711";

/// The `sh` blocks below each heading of a document.
fn blocks(document: &str) -> Vec<(String, Vec<String>)> {
    let mut sections = Vec::new();
    for section in document.split("\n## ").skip(1) {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        let fenced = text.split("```sh\n").skip(1);
        let blocks = fenced.filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned()));
        sections.push((heading.to_owned(), blocks.collect()));
    }
    sections
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_moves_from_python_by_the_book() -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let (folder, telegram) = (folder()?, telegram().await?);
    let (old, new) = (folder.path().join("old-bot"), folder.path().join("new"));
    std::fs::create_dir(&old)?;
    std::fs::create_dir(&new)?;
    let theirs = format!("sqlite:///{}", old.join("bot.db").display());
    predecessor::plant(&theirs, Flavour::HandAltered).await?;
    std::fs::write(old.join(".env"), their_environment(&telegram)?)?;

    let target = TestDb::empty(Backend::Postgres).await?;
    let mut operator = Operator {
        folder: &new,
        telegram: &telegram,
        target: target.url_for_processes()?,
        house: None,
    };
    for (heading, blocks) in blocks(MOVING) {
        if heading.starts_with("If it was not to be") {
            operator.stops_the_house().await?;
        }
        for block in blocks {
            operator.types(&block).await.with_context(|| heading.clone())?;
        }
        if heading.starts_with("6.") {
            let visitor = telegram.person("Valeria");
            visitor.sends("/start")?;
            visitor.next_answer().await?;
        }
    }

    let store = Store::open(target.url(), &StoreOptions::default()).await?;
    let held = holds::all(&store.read()).await?;
    ensure!(held.is_empty(), "the list was confirmed: {held:?}");
    store.close().await;
    if let Some(python) = Python::named() {
        let (back, there) = (
            python.reads(&theirs).await?,
            python.reads(&operator.target).await?,
        );
        for table in predecessor::TABLES {
            ensure!(back.tables[table] == there.tables[table], "{table}");
        }
    }
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    telegram.stop().await;
    target.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_goes_back_by_the_book() -> Result<()> {
    let folder = folder()?;
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=sqlite:///bot.db\n")?;
    let plan = "lucien migrate up\nlucien plan create --name Mensual --days 30 --price 9.99\n";
    typed(folder.path(), plan).await?;
    let sections = blocks(ROLLBACK);
    ensure!(
        sections.iter().map(|(_, blocks)| blocks.len()).sum::<usize>() >= 5,
        "{sections:?}"
    );
    for (heading, blocks) in sections {
        for block in blocks {
            typed(folder.path(), &block)
                .await
                .with_context(|| heading.clone())?;
        }
    }
    let listed = run(folder.path(), &[], &["plan", "list"]).await?;
    let behind = run(folder.path(), &[], &["migrate", "status"]).await?;
    // The newest copy is of before the last way forward.
    ensure!(said(&behind).contains("pending"), "{}", said(&behind));
    ensure!(listed.status.code() == Some(3), "{}", said(&listed));
    typed(folder.path(), "lucien migrate up").await?;
    let listed = said(&run(folder.path(), &[], &["plan", "list"]).await?);
    ensure!(listed.contains("Mensual"), "{listed}");
    Ok(())
}

/// As the Python bot's own example has it, what is not set included.
fn their_environment(telegram: &Sim) -> Result<String> {
    Ok(format!(
        "BOT_TOKEN={}\nADMIN_USER_IDS=800001, 1\nDATABASE_URL=sqlite+aiosqlite:///bot.db\nENV=production\n\
         WEBHOOK_MODE=polling\nVIP_CHANNEL_ID=\nFREE_CHANNEL_ID=\nCREATOR_USERNAME=\nLOG_LEVEL=INFO\n\
         MAX_VIP_SUBSCRIBERS=1000\nCLEANUP_INTERVAL_MINUTES=60\nPROCESS_FREE_QUEUE_MINUTES=5\n\
         HEALTH_HOST=127.0.0.1\nHEALTH_PORT={}\nTELEGRAM_API_URL={}\n",
        telegram.bot().token,
        free_port()?,
        telegram.url(),
    ))
}

/// Somebody who reads and types.
struct Operator<'a> {
    folder: &'a Path,
    telegram: &'a Sim,
    /// Their own database.
    target: String,
    house: Option<Running>,
}

/// Types a block into a shell whose folder this is, to its end.
async fn typed(folder: &Path, block: &str) -> Result<()> {
    let binary = Path::new(env!("CARGO_BIN_EXE_lucien"));
    let binaries = binary.parent().context("a folder")?;
    let path = std::env::join_paths(std::iter::once(binaries.to_owned()).chain(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    )))?;
    let typing = Command::new("sh")
        .args(["-eu", "-c", block])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, typing)
        .await
        .context("it does not end")??;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{block}\n{text}");
    Ok(())
}

impl Operator<'_> {
    async fn types(&mut self, block: &str) -> Result<()> {
        if block == "lucien run\n" {
            return self.opens_the_house().await;
        }
        let mut block = block.replace(THEIR_DATABASE, &self.target);
        if block.contains(THEIR_NUMBER) {
            block = block.replace(THEIR_NUMBER, &self.last_number().await?);
        }
        typed(self.folder, &block).await
    }

    /// `.env` says the same, but for the port of health.
    async fn opens_the_house(&mut self) -> Result<()> {
        let env = std::fs::read_to_string(self.folder.join(".env"))?;
        let database = env.lines().find_map(|line| line.strip_prefix("DATABASE_URL="));
        let house = Running::start(self.folder, self.telegram, database.context("it is named")?)?;
        house.until_role("worker").await?;
        self.house = Some(house);
        Ok(())
    }

    async fn stops_the_house(&mut self) -> Result<()> {
        let house = self.house.take().context("it runs")?;
        let (status, log) = house.stop().await?;
        ensure!(status.code() == Some(0), "{log}");
        Ok(())
    }

    /// The last number of the list, once the house has looked.
    async fn last_number(&self) -> Result<String> {
        let looking = async {
            loop {
                let listed = said(&run(self.folder, &[], &["sweep", "list", "--json"]).await?);
                let listed: Value = serde_json::from_str(&listed).context(listed)?;
                let held = listed["held"].as_array().context("holds")?;
                ensure!(!held.is_empty(), "{listed}");
                let people = listed["people"].as_array().context("people")?;
                if let Some(number) = people.iter().filter_map(|person| person["number"].as_i64()).max() {
                    return Ok(number.to_string());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking)
            .await
            .context("nobody is listed")?
    }
}
