//! The tester: a house, its Telegram and its clock.

use std::collections::{BTreeSet, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bot::settings::{HealthSettings, Settings};
use chrono::{DateTime, TimeDelta};
use domain::clock::{Clock, TestClock, Timestamp};
use domain::id::UserId;
use domain::person::Profile;
use domain::subscription::Stage;
use sim::{NewBot, Options, Person, Sim};
use store::Store;
use store::bot_config::ConfigSeed;
use store::inbox::{self, PendingRow};
use telegram::{ApiUrl, BotToken, Gateway};
use voice::{Choice, Voice};

use crate::database::{Backend, TestDb};
use crate::preload;

/// The custodian of every tested house.
const CUSTODIAN: UserId = UserId(1_000_001);

/// How long, in real time, the house may take for what was asked of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A house under test. Time stands still unless it is moved.
#[derive(Debug)]
pub struct House {
    /// The stand-in Telegram.
    pub telegram: Sim,
    /// The clock that house and Telegram obey.
    clock: TestClock,
    db: TestDb,
    store: Store,
    open: Option<bot::House>,
    custodian: Person,
}

impl House {
    /// Opens a house on an empty database. The VIP channel is configured.
    ///
    /// # Errors
    /// When anything cannot be started.
    pub async fn open(backend: Backend) -> Result<Self> {
        Self::open_on(TestDb::new(backend).await?).await
    }

    /// Opens a house on a database of the caller's.
    ///
    /// # Errors
    /// When anything cannot be started.
    pub async fn open_on(db: TestDb) -> Result<Self> {
        // A Wednesday evening in Mexico City; an hour that dates on both sides of midnight show.
        let start = DateTime::from_timestamp(1_793_235_600, 0).context("in range")?;
        let clock = TestClock::new(start);
        let telegram = Sim::start(Options {
            clock: sim::Clock::manual(start),
            bots: vec![NewBot {
                token: None,
                username: "lucien_bot".to_owned(),
                first_name: "Lucien".to_owned(),
            }],
            patience: PATIENCE,
            ..Options::default()
        })
        .await?;
        let custodian = telegram
            .newcomer_with_id(CUSTODIAN.0, sim::Profile::new("Mateo"))
            .context("the custodian's id is free")?;
        let store = db.store().await?;
        let mut house = Self {
            telegram,
            clock,
            db,
            store,
            open: None,
            custodian,
        };
        house.open = Some(house.start().await?);
        Ok(house)
    }

    async fn start(&self) -> Result<bot::House> {
        let clock = Arc::new(self.clock.clone());
        start(&self.telegram, &self.store, CUSTODIAN, Choice::seeded(7), clock).await
    }

    /// The database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The house itself.
    ///
    /// # Panics
    /// While it is closed.
    #[must_use]
    pub fn itself(&self) -> &bot::House {
        self.open.as_ref().expect("the house is open")
    }

    /// Somebody new to Telegram, whom the house does not know.
    #[must_use]
    pub fn person(&self, first_name: &str) -> Person {
        self.telegram.person(first_name)
    }

    /// The custodian.
    #[must_use]
    pub fn custodian(&self) -> Person {
        self.custodian.clone()
    }

    /// A member whose ritual is finished.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn member(&self, first_name: &str, length: TimeDelta) -> Result<Person> {
        self.subscriber(first_name, length, None).await
    }

    /// Somebody whose subscription runs and whose ritual stands at a stage.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn entering(&self, first_name: &str, length: TimeDelta, stage: Stage) -> Result<Person> {
        self.subscriber(first_name, length, Some(stage)).await
    }

    async fn subscriber(&self, first_name: &str, length: TimeDelta, stage: Option<Stage>) -> Result<Person> {
        let person = self.person(first_name);
        let profile = Profile::new(UserId(person.id()), first_name, None, None);
        preload::subscribe(&self.store, &profile, length, stage, self.now()).await?;
        Ok(person)
    }

    /// Fills the house with plans, packages and accounts.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn preload(&self) -> Result<()> {
        preload::preload(&self.store, self.now()).await
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass, for the house and for Telegram, once everything that goes on now has come
    /// to an end or waits for a later moment.
    ///
    /// # Errors
    /// When the house does not come to rest, or Telegram's clock cannot go that far.
    pub async fn passes(&self, length: TimeDelta) -> Result<()> {
        self.rests_when(|rows| {
            let mut people = HashSet::new();
            let now = self.now();
            let first = rows.iter().filter(|row| people.insert(row.person));
            first.fold(true, |rests, row| {
                rests && row.claimed.is_none() && row.next_try.is_some_and(|at| at > now)
            })
        })
        .await?;
        self.telegram.clock().advance(length)?;
        self.clock.advance(length);
        Ok(())
    }

    /// Waits until the house has nothing left to do: all updates stored and worked off.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn is_quiet(&self) -> Result<()> {
        self.rests_when(<[PendingRow]>::is_empty).await
    }

    /// Waits until Telegram has nothing left to hand over and the inbox looks as wanted.
    async fn rests_when(&self, rests: impl Fn(&[PendingRow]) -> bool) -> Result<()> {
        if self.open.is_none() {
            return Ok(());
        }
        let resting = async {
            loop {
                // In this order: what Telegram has handed over is in the inbox.
                let handed_over = self.telegram.updates_pending() == 0;
                let rows = inbox::pending(&self.store.read(), 0, 10_000).await?;
                if handed_over && rests(&rows) {
                    return Ok(());
                }
                // Each look is a query: nobody spins for free, and the others get their turn.
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, resting)
            .await
            .context("the house did not come to rest")?
    }

    /// Closes the house and opens it again on the same database, as a restart does. Telegram and
    /// the time stay as they are.
    ///
    /// # Errors
    /// When it cannot be opened again; a database in memory is gone once it is closed.
    pub async fn reopens(&mut self) -> Result<()> {
        self.closes().await?;
        self.store = self.db.store().await?;
        self.open = Some(self.start().await?);
        Ok(())
    }

    /// Closes the house; Telegram goes on.
    ///
    /// # Errors
    /// When a part of it had died.
    pub async fn closes(&mut self) -> Result<()> {
        if let Some(open) = self.open.take() {
            ensure!(open.close().await, "a background task died");
        }
        Ok(())
    }

    /// Ends the test: closes the house, and checks what holds for every test. The database is
    /// removed in any case.
    ///
    /// # Errors
    /// When a background task died, an update became a dead letter, or the house called Telegram
    /// in a way that a correct bot does not.
    pub async fn close(mut self) -> Result<()> {
        let dead = match &self.open {
            Some(_) => inbox::backlog(&self.store.read())
                .await
                .map(|backlog| backlog.dead),
            None => Ok(0),
        };
        let closed = self.closes().await;
        let violations = self.telegram.violations();
        self.telegram.stop().await;
        self.db.remove().await?;
        closed?;
        ensure!(violations.is_empty(), "violations: {violations:?}");
        ensure!(dead? == 0, "there are dead letters");
        Ok(())
    }
}

/// Opens a house for a stand-in Telegram's bot, with one custodian and the VIP channel configured;
/// health is served on a free port of loopback.
///
/// # Errors
/// When it cannot be opened.
pub async fn start(
    telegram: &Sim,
    store: &Store,
    custodian: UserId,
    choice: Choice,
    clock: Arc<dyn Clock>,
) -> Result<bot::House> {
    let token = BotToken::parse(&telegram.bot().token)?;
    let gateway = Gateway::new(&ApiUrl::parse(&telegram.url())?, &token)?;
    let voice = Voice::builtin(chrono_tz::America::Mexico_City, choice);
    let settings = Settings {
        custodians: BTreeSet::from([custodian]),
        health: HealthSettings {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: vec![0],
        },
        seed: ConfigSeed {
            vip_channel_id: Some("-1001234567890".to_owned()),
            free_channel_id: None,
            wait_time_minutes: 5,
            free_channel_invite_link: None,
        },
    };
    Ok(bot::House::start(settings, token.bot_id(), store.clone(), gateway, voice, clock).await?)
}
