//! A house of a million people moves from SQLite to PostgreSQL and back, and is backed up there and here: the built
//! binary as a process of its own. Prints rows a second, and what it needs of memory, against a tenth of the people.
//!
//! `MOVING_PEOPLE` names another number of people.

use std::env;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::predecessor::{self, Flavour, crowd};
use testkit::{Backend, TestDb};
use tokio::process::Command;

#[expect(dead_code, reason = "shared with other benches")]
#[path = "common/figure.rs"]
mod figure;
#[expect(dead_code, reason = "shared with the tests of processes")]
#[path = "../tests/process/lucien.rs"]
mod lucien;
#[expect(dead_code, reason = "shared with other benches")]
#[path = "common/process.rs"]
mod process;

use figure::{figure, headline};
use lucien::{command, folder, is_missing};
use process::{Memory, Process};

const PEOPLE: u32 = 1_000_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let people = match env::var("MOVING_PEOPLE") {
        Ok(people) => people.parse().context("MOVING_PEOPLE")?,
        Err(_) => PEOPLE,
    };
    let few = there_and_back(people / 10).await?;
    let many = there_and_back(people).await?;
    headline(&format!("{people} people against a tenth of them"));
    for (way, (few, many)) in ["there", "back"].iter().zip(few.into_iter().zip(many)) {
        let ratio = format!("{:.2} times", many.0 / few.0);
        figure(&format!("peak memory, {way}"), ratio, "about 1", "-");
    }
    Ok(())
}

/// The most memory that each way needed.
async fn there_and_back(people: u32) -> Result<[Memory; 2]> {
    headline(&format!("{people} people"));
    let old = predecessor::planted(Backend::SqliteFile, Flavour::V12).await?;
    crowd::plant(&old.url_for_processes()?, Flavour::V12, people).await?;
    let new = TestDb::empty(Backend::Postgres).await?;
    let back = TestDb::empty(Backend::SqliteFile).await?;
    let there = moves("from the Python bot's SQLite to PostgreSQL", &old, &new).await?;
    let and_back = moves("from PostgreSQL to SQLite", &new, &back).await?;
    backs_up("backup of PostgreSQL, proven", &new).await?;
    backs_up("backup of SQLite, proven", &back).await?;
    for db in [old, new, back] {
        db.remove().await?;
    }
    Ok([there, and_back])
}

async fn moves(way: &str, from: &TestDb, to: &TestDb) -> Result<Memory> {
    let folder = folder()?;
    let (from, to) = (from.url_for_processes()?, to.url_for_processes()?);
    let arguments = [
        "transfer",
        "--from",
        &from,
        "--to",
        &to,
        "--report",
        "report.json",
    ];
    let (seconds, peak) = runs(command(folder.path(), &[], &arguments)).await?;
    let report = std::fs::read_to_string(folder.path().join("report.json"))?;
    let report: Value = serde_json::from_str(&report)?;
    let rows = report["rows"].as_u64().context("rows")?;
    let rate = rows as f64 / seconds;
    figure(way, format!("{seconds:.1} s, {rate:.0} rows/s"), "-", "-");
    figure("peak memory", peak, "≤ 100 MB", "-");
    Ok(peak)
}

/// The nightly job has five minutes.
async fn backs_up(way: &str, db: &TestDb) -> Result<()> {
    let folder = folder()?;
    let (url, backups) = (db.url_for_processes()?, folder.path().join("backups"));
    let backups = backups.to_str().context("a path")?;
    let variables = [("DATABASE_URL", url.as_str()), ("BACKUP_DIR", backups)];
    let (seconds, peak) = runs(command(folder.path(), &variables, &["backup", "create"])).await?;
    figure(way, format!("{seconds:.1} s"), "≤ 300 s", "-");
    figure("peak memory", peak, "≤ 100 MB", "-");
    Ok(())
}

/// Runs a command to its end. How many seconds it took, and the most memory that it needed.
async fn runs(mut command: Command) -> Result<(f64, Memory)> {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let process = Process(child.id().context("it runs")?);
    let mut peak = Memory(0.0);
    let status = loop {
        // Gone with the process.
        if let Ok(now) = process.peak_memory() {
            peak = now;
        }
        match tokio::time::timeout(LOOK_EVERY, child.wait()).await {
            Ok(status) => break status?,
            Err(_) => continue,
        }
    };
    ensure!(status.success(), "{status}");
    Ok((began.elapsed().as_secs_f64(), peak))
}
