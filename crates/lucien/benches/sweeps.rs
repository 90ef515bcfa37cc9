//! Ten thousand people wait to be let in, and ten thousand are to be seen out: the built binary as a
//! process of its own, against a stand-in Telegram in this one, at a thousand calls a second. Prints each
//! figure with its target; and what the house needs of memory, against a tenth of the people.
//!
//! Some of what the house remembers has a bound that a tenth of the people do not reach: the caches of SQLite,
//! the chats that the limiter knows of, who has heard which variant. So the ratio is above one. Whether memory
//! follows the number of people shows against a crowd beyond those bounds: three times the greater one.
//!
//! `cargo bench -p lucien --bench sweeps`; PostgreSQL takes part when `TEST_POSTGRES_URL` names a server.

#[path = "../tests/process/lucien.rs"]
#[expect(dead_code, reason = "a bench needs less of it than the tests do")]
mod lucien;

#[path = "common/figure.rs"]
mod figure;
#[path = "common/metrics.rs"]
mod metrics;
#[path = "common/process.rs"]
mod process;

use std::iter;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use chrono::{DateTime, TimeDelta};
use domain::brakes::HoldReason;
use domain::clock::Clock;
use domain::id::UserId;
use sim::{NewLink, Options, Person, Rights, Room, Sim};
use store::subscribers::{self, Grant};
use store::{Store, StoreError, departures, holds, inbox, invariants, jobs, outbox};
use tempfile::TempDir;
use testkit::{Backend, TestDb, preload};

use figure::{figure, headline, milliseconds};
use lucien::{Running, complained, folder, is_missing, run};
use metrics::metric;
use process::{Memory, Process};

/// People, in two houses; in each they are more than may be seen out without a word.
const CROWDS: [usize; 2] = [1_000, 10_000];
/// Memberships that the fixture gives in one transaction.
const BATCH: usize = 500;
/// How long anything may take, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Result<()> {
    for backend in [Backend::SqliteFile, Backend::Postgres] {
        if !is_missing(backend) {
            let few = measure(backend, CROWDS[0]).await?;
            let many = measure(backend, CROWDS[1]).await?;
            headline(&format!(
                "{backend:?}, {} people against {}",
                CROWDS[1], CROWDS[0]
            ));
            for ((what, few), (_, many)) in iter::zip(few, many) {
                let ratio = format!("{:.2} times", many.0 / few.0);
                figure(&format!("peak memory, {what}"), ratio, "-", "-");
            }
        }
    }
    Ok(())
}

/// The most memory that the house needed, by what it did.
type Peaks = Vec<(&'static str, Memory)>;

async fn measure(backend: Backend, count: usize) -> Result<Peaks> {
    headline(&format!("{backend:?}, {count} people"));
    let site = Site::new(backend, count).await?;
    let mut peaks = Peaks::new();
    site.ask(&mut peaks).await?;
    site.are_let_in(&mut peaks).await?;
    site.end(&mut peaks).await?;
    site.are_seen_out(&mut peaks).await?;
    site.closes().await?;
    Ok(peaks)
}

/// The channels, and the house between them.
struct Site {
    db: TestDb,
    store: Store,
    folder: TempDir,
    telegram: Sim,
    vip: Room,
    free: Room,
    /// Where one asks to be let into the visitors' channel.
    door: String,
    people: Vec<Person>,
}

impl Site {
    /// Everybody is in the members' channel, and nobody in the visitors'.
    async fn new(backend: Backend, count: usize) -> Result<Self> {
        let telegram = Sim::start(Options {
            patience: PATIENCE,
            calls_kept: 0,
            ..Options::default()
        })
        .await?;
        let diana = telegram.person("Diana");
        let vip = telegram.channel("El salón", &diana);
        let free = telegram.channel("El patio", &diana);
        let people: Vec<Person> = (0..count)
            .map(|n| telegram.person(&format!("Huésped {n}")))
            .collect();
        let into_vip = diana.creates_link(&vip, NewLink::default())?;
        for person in &people {
            person.joins(&into_vip)?;
        }
        for room in [&vip, &free] {
            diana.promotes(room, telegram.bot().id, Rights::all())?;
        }
        let asking = NewLink {
            creates_join_request: true,
            ..NewLink::default()
        };
        let db = TestDb::new(backend).await?;
        Ok(Self {
            store: db.store().await?,
            folder: folder()?,
            door: diana.creates_link(&free, asking)?,
            db,
            telegram,
            vip,
            free,
            people,
        })
    }

    async fn opens(&self) -> Result<(Running, Process)> {
        let (vip, free) = (self.vip.id().to_string(), self.free.id().to_string());
        let variables = [
            ("VIP_CHANNEL_ID", vip.as_str()),
            ("FREE_CHANNEL_ID", free.as_str()),
            ("CALL_RATE_PER_SECOND", "1000"),
            ("SEND_RATE_PER_SECOND", "1000"),
        ];
        let url = self.db.url_for_processes()?;
        let house = Running::start_as(self.folder.path(), &self.telegram, &url, &variables)?;
        let process = Process(house.pid()?);
        Ok((house, process))
    }

    /// Everybody starts the bot, so that it may write to them, and then asks to be let in.
    async fn ask(&self, peaks: &mut Peaks) -> Result<()> {
        let (house, process) = self.opens().await?;
        house.until_role("worker").await?;
        figure("resident memory, idle", process.memory()?, "-", "-");
        for person in &self.people {
            person.sends("/start")?;
        }
        self.is_answered(1).await?;

        let before = metric(&house, "lucien_update_statements_total").await?;
        let began = Instant::now();
        for person in &self.people {
            person.asks_to_join(&self.door)?;
        }
        self.is_answered(2).await?;
        self.took("join requests, kept and answered", began.elapsed());
        let statements = metric(&house, "lucien_update_statements_total").await? - before;
        self.each("statements per join request", statements, "≤ 6");
        peaks.push(("asking", process.peak_memory()?));
        stops(house).await
    }

    /// The wait of all of them is over.
    async fn are_let_in(&self, peaks: &mut Peaks) -> Result<()> {
        preload::set_wait(&self.store, 0).await?;
        jobs::hasten(&self.store.change(), "free_queue", SystemClock.now()).await?;
        let began = Instant::now();
        let (house, process) = self.opens().await?;
        comes_true(async || Ok(guests_in(&self.free) == self.people.len())).await?;
        self.took("approvals, from the start on", began.elapsed());
        self.has_nothing_left().await?;
        self.took("the same, and everybody told", began.elapsed());
        let statements = metric(&house, r#"lucien_outbox_statements_total{kind="admit"}"#).await?;
        self.each("statements per approval", statements, "≤ 6");
        self.worked("approval and word", &process)?;
        peaks.push(("letting in", process.peak_memory()?));
        stops(house).await
    }

    /// Everybody's membership is over, which are too many to be seen out without a word.
    async fn end(&self, peaks: &mut Peaks) -> Result<()> {
        for batch in self.people.chunks(BATCH) {
            self.become_members(batch).await?;
        }
        jobs::hasten(&self.store.change(), "expiry", SystemClock.now()).await?;
        let began = Instant::now();
        let (house, process) = self.opens().await?;
        comes_true(async || {
            let holds = holds::all(&self.store.read()).await?;
            Ok(holds.iter().any(|hold| hold.reason == HoldReason::Cap))
        })
        .await?;
        self.took("memberships ended, from the start on", began.elapsed());
        let ended = departures::count_ended(&self.store.read(), DateTime::UNIX_EPOCH).await?;
        ensure!(usize::try_from(ended)? == self.people.len(), "{ended}");
        ensure!(guests_in(&self.vip) == self.people.len(), "nobody goes yet");
        peaks.push(("ending", process.peak_memory()?));
        stops(house).await
    }

    /// Memberships that ended an hour ago.
    async fn become_members(&self, people: &[Person]) -> Result<()> {
        let now = SystemClock.now();
        let given: Result<_, StoreError> = self
            .store
            .write(async |tx| {
                for person in people {
                    let user = UserId(person.id());
                    let grant = Grant {
                        user,
                        token: &format!("grant-{user}"),
                        plan: None,
                        by: UserId::HOUSE,
                        expiry: now - TimeDelta::hours(1),
                        stage: None,
                    };
                    subscribers::grant(tx, &grant, now - TimeDelta::days(30)).await?;
                }
                Ok(())
            })
            .await;
        Ok(given?)
    }

    /// A custodian has confirmed that they go.
    async fn are_seen_out(&self, peaks: &mut Peaks) -> Result<()> {
        let figures = departures::figures(&self.store.read(), SystemClock.now()).await?;
        let newest = figures.newest.context("somebody is to go")?.to_string();
        let url = self.db.url_for_processes()?;
        let variables = [("DATABASE_URL", url.as_str())];
        let confirmed = run(self.folder.path(), &variables, &["sweep", "confirm", &newest]).await?;
        ensure!(confirmed.status.success(), "{}", complained(&confirmed));

        let began = Instant::now();
        let (house, process) = self.opens().await?;
        comes_true(async || Ok(guests_in(&self.vip) == 0)).await?;
        self.took("removals, from the start on", began.elapsed());
        self.has_nothing_left().await?;
        self.took("the same, and everybody told", began.elapsed());
        let statements = metric(&house, r#"lucien_outbox_statements_total{kind="remove"}"#).await?;
        self.each("statements per removal", statements, "-");
        self.worked("removal and word", &process)?;
        peaks.push(("seeing out", process.peak_memory()?));
        stops(house).await
    }

    async fn closes(self) -> Result<()> {
        let broken = invariants::check(&self.store.read(), SystemClock.now()).await?;
        ensure!(broken.is_empty(), "{broken:?}");
        let violations = self.telegram.violations();
        ensure!(violations.is_empty(), "{violations:?}");
        self.store.close().await;
        self.telegram.stop().await;
        self.db.remove().await
    }

    /// Waits until everybody was answered so often, and nobody waits for an answer.
    async fn is_answered(&self, times: usize) -> Result<()> {
        let answers = u64::try_from(times * self.people.len())?;
        comes_true(async || {
            Ok(self.telegram.call_count("sendMessage") >= answers
                && inbox::pending(&self.store.read(), 0, 1).await?.is_empty())
        })
        .await
    }

    async fn has_nothing_left(&self) -> Result<()> {
        comes_true(async || Ok(outbox::backlog(&self.store.read()).await?.pending == 0)).await
    }

    fn took(&self, what: &str, time: Duration) {
        let seconds = time.as_secs_f64();
        let rate = self.people.len() as f64 / seconds;
        figure(what, format!("{seconds:.1} s, {rate:.0} /s"), "-", "-");
    }

    fn each(&self, what: &str, all: u64, target: &str) {
        let each = all as f64 / self.people.len() as f64;
        figure(what, format!("{each:.1}"), target, "-");
    }

    fn worked(&self, what: &str, process: &Process) -> Result<()> {
        let each = process.cpu_time()? / u32::try_from(self.people.len())?;
        figure(&format!("CPU per {what}"), milliseconds(each), "-", "-");
        figure("peak memory", process.peak_memory()?, "≤ 60 MB", "-");
        Ok(())
    }
}

/// How many people are in a channel, beside its owner and the bot.
fn guests_in(room: &Room) -> usize {
    room.look(|room| room.member_count()) - 2
}

async fn stops(house: Running) -> Result<()> {
    let (status, log) = house.stop().await?;
    ensure!(status.success(), "{status}\n{log}");
    Ok(())
}

/// Waits until something is so.
async fn comes_true(look: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let looking = async {
        while !look().await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .context("it does not come true")?
}
