//! What a house costs and how fast it answers: the built binary as a process of its own, against a
//! stand-in Telegram in this one. Prints each figure with its target and, in brackets, what the
//! Python bot needs for the same on two cores.
//!
//! `cargo bench -p lucien --bench house`; PostgreSQL takes part when `TEST_POSTGRES_URL` names a server.

#[path = "../tests/process/lucien.rs"]
#[expect(dead_code, reason = "a bench needs less of it than the tests do")]
mod lucien;

#[path = "common/figure.rs"]
mod figure;
#[path = "common/process.rs"]
mod process;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use sim::{Options, Person, Sim};
use testkit::{Backend, TestDb};

use figure::{figure, headline, milliseconds};
use lucien::{Running, folder, is_missing};
use process::Process;

/// People of the burst, and of the measurement of processor time.
const CROWD: usize = 3_000;
/// People of the burst on PostgreSQL.
const SMALL_CROWD: usize = 1_000;
/// Known people who write one after another.
const REGULARS: usize = 1_000;

#[tokio::main]
async fn main() -> Result<()> {
    for backend in [Backend::SqliteFile, Backend::Postgres] {
        if !is_missing(backend) {
            measure(backend).await?;
        }
    }
    Ok(())
}

async fn measure(backend: Backend) -> Result<()> {
    headline(&format!("{backend:?}"));
    let db = TestDb::new(backend).await?;
    let url = db.url_for_processes()?;
    let (folder, telegram) = (folder()?, telegram().await?);

    let started = Instant::now();
    let house = Running::start(folder.path(), &telegram, &url)?;
    telegram
        .until("the first poll", |view| {
            (view.call_count("getUpdates") > 0).then_some(())
        })
        .await?;
    figure(
        "start to first poll",
        seconds(started.elapsed()),
        "≤ 0.15 s",
        "3.9 s",
    );
    idle(&telegram).await?;
    let process = Process(house.pid()?);
    figure("resident memory, idle", process.memory()?, "≤ 20 MB", "206 MB");

    let crowd = newcomers(&telegram, CROWD);
    let (before, burst) = (process.cpu_time()?, Instant::now());
    answered(&crowd).await?;
    let burst = burst.elapsed();
    let cpu = process.cpu_time()? - before;
    let python = match backend {
        Backend::Postgres => "10.5 ms",
        _ => "13.1 ms",
    };
    figure(
        "CPU per /start of a new person",
        milliseconds(cpu / CROWD as u32),
        "≤ 0.70 ms",
        python,
    );
    if backend != Backend::Postgres {
        let rate = format!("{:.0} /s", CROWD as f64 / burst.as_secs_f64());
        figure(
            "3,000 new people at once, all answered",
            rate,
            "≥ 1,500 /s",
            "17 % answered",
        );
        figure(
            "peak memory meanwhile",
            process.peak_memory()?,
            "≤ 60 MB",
            "891 MB",
        );
    }

    let mut waits = Vec::with_capacity(REGULARS);
    for person in &crowd[..REGULARS] {
        let written = Instant::now();
        person.sends("/start")?;
        person.next_answer().await?;
        waits.push(written.elapsed());
    }
    waits.sort_unstable();
    let quantile = |share: usize| milliseconds(waits[REGULARS * share / 100]);
    figure(
        "/start of a known person, median",
        quantile(50),
        "≤ 0.70 ms",
        "10.2 ms",
    );
    figure(
        "/start of a known person, 99th percentile",
        quantile(99),
        "≤ 3.00 ms",
        "21.2 ms",
    );

    if backend == Backend::Postgres {
        let crowd = newcomers(&telegram, SMALL_CROWD);
        let burst = Instant::now();
        answered(&crowd).await?;
        figure(
            "1,000 new people at once, all answered",
            seconds(burst.elapsed()),
            "all",
            "freezes at 16",
        );
    }

    idle(&telegram).await?;
    let told = Instant::now();
    let (status, log) = house.stop().await?;
    figure(
        "SIGTERM to exit, idle",
        seconds(told.elapsed()),
        "≤ 0.30 s",
        "1.4 s",
    );
    ensure!(status.success(), "{status}\n{log}");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());

    let (new, known) = statements(&telegram, folder.path(), &url).await?;
    figure("statements per /start of a new person", new, "≤ 6", "-");
    figure("statements per /start of a known person", known, "≤ 6", "-");
    telegram.stop().await;
    db.remove().await
}

async fn telegram() -> Result<Sim> {
    Ok(Sim::start(Options {
        patience: lucien::PATIENCE,
        calls_kept: 0,
        ..Options::default()
    })
    .await?)
}

/// Waits until the house has nothing to do: its next poll is held.
async fn idle(telegram: &Sim) -> Result<()> {
    let held = telegram.polls_held();
    if held == 0 || telegram.updates_pending() > 0 {
        telegram
            .until("an idle house", |view| (view.polls_held() > held).then_some(()))
            .await?;
    }
    // What was begun before that poll ends within this second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok(())
}

fn newcomers(telegram: &Sim, count: usize) -> Vec<Person> {
    (0..count)
        .map(|n| telegram.person(&format!("Huésped {n}")))
        .collect()
}

/// Everybody writes at once and is answered.
async fn answered(crowd: &[Person]) -> Result<()> {
    for person in crowd {
        person.sends("/start")?;
    }
    try_join_all(crowd.iter().map(Person::next_answer)).await?;
    Ok(())
}

/// The statements for a new and for a known person's `/start`, as the house itself counts them.
async fn statements(telegram: &Sim, folder: &std::path::Path, database: &str) -> Result<(u32, u32)> {
    let mut house = Running::start_as(folder, telegram, database, &[("LOG_LEVEL", "DEBUG")])?;
    let person = telegram.person("Inés");
    let mut counts = Vec::new();
    for _ in 0..2 {
        person.sends("/start")?;
        house.logs("update worked on").await?;
        let line = house.log.lines().last().context("the line that was waited for")?;
        let count = line.split_once("statements=").context("a count")?.1;
        let count = count
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default();
        counts.push(count.parse().context("a number")?);
        person.next_answer().await?;
    }
    house.stop().await?;
    Ok((counts[0], counts[1]))
}

fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}
