//! `lucien transfer`, which is killed again and again.

use std::env;
use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use testkit::predecessor::{self, Flavour, crowd};
use testkit::{Backend, TestDb};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::lucien::{PATIENCE, command, complained, folder, is_missing, run, said};

/// Rows enough for several pages of a table.
const PEOPLE: u32 = 3_000;
const KILLS: u32 = 4;
/// Names the seed that chooses the moments, to try those of a failed run again.
const SEED: &str = "KILLS_SEED";

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_postgres_survives_kills() -> Result<()> {
    survives_kills(Backend::SqliteFile, Backend::Postgres).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_sqlite_survives_kills() -> Result<()> {
    survives_kills(Backend::Postgres, Backend::SqliteFile).await
}

async fn survives_kills(from: Backend, to: Backend) -> Result<()> {
    if is_missing(Backend::Postgres) {
        return Ok(());
    }
    let seed = match env::var(SEED) {
        Ok(seed) => seed.parse().context(SEED)?,
        Err(_) => rand::random(),
    };
    let told = moves_between_kills(from, to, StdRng::seed_from_u64(seed)).await;
    told.with_context(|| format!("{SEED}={seed} chose the moments of the kills"))
}

async fn moves_between_kills(from: Backend, to: Backend, mut chance: StdRng) -> Result<()> {
    let source = predecessor::planted(from, Flavour::V12).await?;
    let from_url = source.url_for_processes()?;
    crowd::plant(&from_url, Flavour::V12, PEOPLE).await?;
    let target = TestDb::empty(to).await?;
    let to_url = target.url_for_processes()?;
    let folder = folder()?;
    let report = folder.path().join("report.json");
    let report = report.to_str().context("a path")?;
    let arguments = ["transfer", "--from", &from_url, "--to", &to_url];

    // How much it says shows how often it can be interrupted.
    let dry = run(folder.path(), &[], &[&arguments[..], &["--dry-run"]].concat()).await?;
    ensure!(dry.status.success(), "{}", complained(&dry));
    let lines = complained(&dry).lines().count();
    ensure!(lines > 10, "{}", complained(&dry));

    for _ in 0..KILLS {
        // It writes and compares as many tables as it reads.
        let moment = chance.random_range(lines..3 * lines);
        is_killed_after(moment, folder.path(), &arguments).await?;
    }
    let with_report = [&arguments[..], &["--report", report]].concat();
    let moved = loop {
        let moved = run(folder.path(), &[], &with_report).await?;
        // The server may not have noticed yet that the one before is dead.
        if !complained(&moved).contains("the house is in use by") {
            break moved;
        }
    };
    ensure!(moved.status.success(), "{}", complained(&moved));

    let report: Value = serde_json::from_str(&fs::read_to_string(report)?)?;
    ensure!(
        report["outcome"] == "moved" && report["adopted"]["flavour"] == "v1.2",
        "{report}"
    );
    let tables = report["tables"].as_array().context("tables")?;
    let planted = predecessor::TABLES.iter().zip(iter_rows());
    for (name, rows) in planted {
        let table = tables
            .iter()
            .find(|table| table["table"] == *name)
            .context(*name)?;
        ensure!(
            table["source_rows"] == rows && table["target_rows"] == rows,
            "{name}: {table}"
        );
    }
    for url in [&from_url, &to_url] {
        let secret = url.split_once('@').map_or("no credentials", |(start, _)| start);
        ensure!(!said(&moved).contains(secret) && !complained(&moved).contains(secret));
    }

    let compared = run(folder.path(), &[], &[&arguments[..], &["--verify-only"]].concat()).await?;
    ensure!(compared.status.success(), "{}", complained(&compared));
    let again = run(folder.path(), &[], &arguments).await?;
    ensure!(
        again.status.code() == Some(3),
        "nothing is doubled: {}",
        complained(&again)
    );
    source.remove().await?;
    target.remove().await
}

/// How many rows were planted, by table.
fn iter_rows() -> impl Iterator<Item = u64> {
    let house = Flavour::V12.rows(store::Dialect::Sqlite);
    house
        .into_iter()
        .zip(crowd::rows(PEOPLE.into()))
        .map(|(house, crowd)| house + crowd)
}

/// Starts it and kills it once it has said so many lines, if it comes to that.
async fn is_killed_after(lines: usize, folder: &std::path::Path, arguments: &[&str]) -> Result<()> {
    let mut child = command(folder, &[], arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut log = BufReader::new(child.stderr.take().context("piped")?).lines();
    let listening = async {
        for _ in 0..lines {
            if log.next_line().await?.is_none() {
                break;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, listening)
        .await
        .context("it is silent")??;
    child.kill().await?;
    Ok(())
}
