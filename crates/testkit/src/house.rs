//! The tester: a house, its Telegram and its clock.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bot::schema::WhenBehind;
use bot::settings::{Endpoint, HttpSettings, Settings, Updates};
use chrono::{DateTime, TimeDelta};
use domain::channel::Channel;
use domain::clock::{Clock, TestClock, Timestamp};
use domain::departure::Grace;
use domain::id::{ChatId, UserId};
use domain::person::Profile;
use domain::queue::{self, REPEAT_WINDOW};
use domain::subscription::Stage;
use sim::{NewBot, Options, Person, Rights, Room, Sim};
use store::bot_config::{self, ConfigSeed};
use store::inbox::{self, PendingRow};
use store::jobs::{self, StoredJob};
use store::lock::Inhabited;
use store::{Store, invariants, outbox, requests, subscribers};
use telegram::{ApiUrl, BotToken, Gateway, Rates};
use voice::{Choice, Voice};

use crate::database::{Backend, TestDb};
use crate::preload;

/// The custodian of every tested house.
const CUSTODIAN: UserId = UserId(1_000_001);

/// The VIP channel of a house as it usually is.
const VIP_CHANNEL: ChatId = ChatId(-1_001_234_567_890);

/// How long, in real time, the house may take for what was asked of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest that a call waits for its turn.
const PACE: TimeDelta = TimeDelta::milliseconds(1_100);

/// So many looks find somebody at work until it is certain that they wait for time to pass.
const LINGERS: u32 = 50;

/// How often a house looks around for people who wait, and for memberships that are over.
const QUEUE_EVERY: TimeDelta = TimeDelta::minutes(5);
const SWEEP_EVERY: TimeDelta = TimeDelta::hours(1);

/// The jobs that look around for what they may have missed, and after how long.
const LOOKS: [(&str, TimeDelta); 4] = [
    ("expiry", SWEEP_EVERY),
    ("free_queue", QUEUE_EVERY),
    ("reconciliation", TimeDelta::hours(1)),
    ("reminders", TimeDelta::minutes(15)),
];

/// How far time jumps at most that is lived through: looking around has its turn.
pub(crate) const LONGEST_JUMP: TimeDelta = TimeDelta::hours(6);

/// What a house is doing.
enum Look {
    /// Something.
    Busy,
    /// Something that may wait for what comes then.
    Lingers(Timestamp),
    /// Nothing, until then.
    Waits(Timestamp),
    /// Nothing.
    AtRest,
}

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
    creator: Person,
    vip: Option<Room>,
    furnishing: Furnishing,
}

/// What is in a house from the beginning.
#[derive(Clone, Debug)]
pub struct Furnishing {
    /// Whose it is.
    pub custodian: UserId,
    /// Who keeps it beside them.
    pub second_custodian: Option<UserId>,
    /// Telegram's id of the VIP channel, if that is set up.
    pub vip_channel: Option<ChatId>,
    /// How long after their end memberships are taken away.
    pub grace: Grace,
}

impl Furnishing {
    /// A house with a VIP channel, of which Telegram knows nothing.
    #[must_use]
    pub const fn usual(custodian: UserId) -> Self {
        Self {
            custodian,
            second_custodian: None,
            vip_channel: Some(VIP_CHANNEL),
            grace: Grace::NONE,
        }
    }
}

impl House {
    /// Opens a house on an empty database. The VIP channel is configured.
    ///
    /// # Errors
    /// When anything cannot be started.
    pub async fn open(backend: Backend) -> Result<Self> {
        Self::open_on(TestDb::new(backend).await?).await
    }

    /// Opens a house in which nothing is set up.
    ///
    /// # Errors
    /// When anything cannot be started.
    pub async fn open_bare(backend: Backend) -> Result<Self> {
        let furnishing = Furnishing {
            custodian: CUSTODIAN,
            second_custodian: None,
            vip_channel: None,
            grace: Grace::NONE,
        };
        Self::open_with(TestDb::new(backend).await?, furnishing).await
    }

    /// Opens a house on a database of the caller's.
    ///
    /// # Errors
    /// When anything cannot be started.
    pub async fn open_on(db: TestDb) -> Result<Self> {
        Self::open_with(db, Furnishing::usual(CUSTODIAN)).await
    }

    async fn open_with(db: TestDb, mut furnishing: Furnishing) -> Result<Self> {
        // A Wednesday evening in Mexico City; an hour that dates on both sides of midnight show.
        let start = DateTime::from_timestamp(1_793_235_600, 0).context("in range")?;
        let clock = TestClock::new(start);
        let telegram = Sim::start(Options {
            clock: sim::Clock::manual(start),
            bots: vec![NewBot {
                token: None,
                username: "lucien_bot".to_owned(),
                first_name: "Lucien".to_owned(),
                ..NewBot::default()
            }],
            patience: PATIENCE,
            ..Options::default()
        })
        .await?;
        let custodian = telegram
            .newcomer_with_id(CUSTODIAN.0, sim::Profile::new("Mateo"))
            .context("the custodian's id is free")?;
        let creator = telegram.person("Diana");
        let vip = match furnishing.vip_channel {
            Some(_) => {
                let vip = telegram.channel("El salón", &creator);
                creator.promotes(&vip, telegram.bot().id, Rights::all())?;
                furnishing.vip_channel = Some(ChatId(vip.id()));
                Some(vip)
            }
            None => None,
        };
        let store = db.store().await?;
        let mut house = Self {
            telegram,
            clock,
            db,
            store,
            open: None,
            custodian,
            creator,
            vip,
            furnishing,
        };
        house.open = Some(house.start().await?);
        // What was told of the channels before.
        house.settles().await?;
        Ok(house)
    }

    async fn start(&self) -> Result<bot::House> {
        let clock = Arc::new(self.clock.clone());
        let furnishing = self.furnishing.clone();
        start(&self.telegram, &self.store, furnishing, Choice::seeded(7), clock).await
    }

    /// What its database is on.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.db.backend()
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

    /// The creator, who owns the channels.
    #[must_use]
    pub fn creator(&self) -> Person {
        self.creator.clone()
    }

    /// The VIP channel; Lucien administers it.
    ///
    /// # Panics
    /// In a house that was opened bare.
    #[must_use]
    pub fn vip(&self) -> &Room {
        self.vip.as_ref().expect("the house has a VIP channel")
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
        self.rests().await?;
        self.advance(length)
    }

    /// Waits until the house has nothing left to do: all updates stored and worked off. While
    /// everything waits for a later moment, such as the next message that a chat may be sent, time
    /// moves on to it.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn is_quiet(&self) -> Result<()> {
        while let Some(later) = self.rests().await? {
            self.advance(later - self.now())?;
        }
        Ok(())
    }

    /// Waits until there is nothing left to do now, in the inbox and in the outbox. Time moves on only
    /// by the pace at which Telegram may be called, and while somebody who is at work waits for it.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn settles(&self) -> Result<()> {
        self.settles_within(PACE).await.map(drop)
    }

    /// Lets time pass until everything that has to reach Telegram has, or was given up.
    ///
    /// # Errors
    /// When that does not happen in time.
    pub async fn delivers(&self) -> Result<()> {
        self.settles_within(TimeDelta::MAX).await.map(drop)
    }

    /// Waits until there is nothing left to do, but for what waits longer than that.
    async fn settles_within(&self, patience: TimeDelta) -> Result<()> {
        let settling = async {
            let mut is_sure = false;
            let mut lingers = 0;
            loop {
                let look = self.looks().await?;
                lingers = match look {
                    Look::Lingers(_) => lingers + 1,
                    _ => 0,
                };
                match look {
                    Look::Lingers(at) if lingers >= LINGERS => {
                        self.advance((at - self.now()).min(PACE))?;
                        lingers = 0;
                    }
                    Look::Busy | Look::Lingers(_) => is_sure = false,
                    Look::Waits(at) if at - self.now() <= patience => {
                        self.advance(at - self.now())?;
                        is_sure = false;
                    }
                    // What was seen first may have been followed by something since.
                    Look::Waits(_) | Look::AtRest if !is_sure => is_sure = true,
                    Look::Waits(_) | Look::AtRest => return Ok(()),
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, settling)
            .await
            .context("the house did not settle")?
    }

    async fn looks(&self) -> Result<Look> {
        let (db, now) = (self.store.read(), self.now());
        let jobs = jobs::all(&db).await?;
        let job_is_at_work = jobs_wait_until(&jobs, now).is_none();
        let handed_over = self.telegram.updates_pending() == 0;
        let rests = handed_over && outbox::is_at_rest(&db, now).await?;
        if !rests && !job_is_at_work {
            return Ok(Look::Busy);
        }
        let next = outbox::next_due(&db, now).await?;
        if job_is_at_work {
            // Whoever is at it may wait for what is on its way, or looks for it only then.
            return Ok(Look::Lingers(next.unwrap_or(now + PACE)));
        }
        let inbox = waits_until(&inbox::pending(&db, 0, 10_000).await?, now);
        // A job that waits for its usual time comes by itself; one that has failed has something to do.
        let failed = jobs.iter().filter(|(_, job)| job.failures > 0);
        let next = next.into_iter().chain(failed.filter_map(|(_, job)| job.next_run));
        let next = next.min();
        Ok(match inbox {
            Some(inbox) => match inbox.into_iter().chain(next).min() {
                Some(at) => Look::Waits(at),
                None => Look::AtRest,
            },
            // Whoever runs may wait for what is on its way.
            None => next.map_or(Look::Busy, |at| {
                if at - now <= PACE {
                    Look::Waits(at)
                } else {
                    Look::Lingers(at)
                }
            }),
        })
    }

    /// When the house has something to do next that it knows of; none, when it waits for others. A job that
    /// only looks around at its usual time does not count.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn next_moment(&self) -> Result<Option<Timestamp>> {
        let (db, now) = (self.store.read(), self.now());
        let rows = inbox::pending(&db, 0, 10_000).await?;
        let tries = rows.into_iter().filter_map(|row| row.next_try);
        let looks_around = |(name, job): &(String, StoredJob)| {
            let usual = LOOKS.iter().find(|(looked, _)| looked == name);
            usual.is_some_and(|(_, usual)| job.last_success.map(|last| last + *usual) == job.next_run)
        };
        let jobs = jobs::all(&db).await?.into_iter();
        let jobs = jobs
            .filter(|job| !looks_around(job))
            .filter_map(|(_, job)| job.next_run);
        let row = outbox::next_due(&db, now).await?;
        let end = subscribers::next_end(&db).await?;
        let end = end.map(|end| self.furnishing.grace.ends_at(end));
        let moments = tries.chain(jobs).chain(row).chain(end);
        Ok(moments
            .chain(self.next_admission().await?)
            .filter(|at| *at > now)
            .min())
    }

    /// When the next of those who wait for the Free channel is to be let in.
    async fn next_admission(&self) -> Result<Option<Timestamp>> {
        let db = self.store.read();
        let Some(config) = bot_config::get(&db).await? else {
            return Ok(None);
        };
        let Some(channel) = config.channel(Channel::Free) else {
            return Ok(None);
        };
        let oldest = requests::oldest_unqueued(&db, channel).await?;
        Ok(oldest.map(|asked| queue::due_at(asked, config.wait_time_minutes)))
    }

    /// Lets time pass from one moment at which the house has something to do to the next, and that happen.
    ///
    /// # Errors
    /// As [`passes`](Self::passes) and [`settles`](Self::settles).
    pub async fn lives(&self, length: TimeDelta) -> Result<()> {
        let end = self.now() + length;
        loop {
            self.settles().await?;
            let now = self.now();
            if now >= end {
                return Ok(());
            }
            let next = self.next_moment().await?.unwrap_or(end);
            self.advance(next.min(end).min(now + LONGEST_JUMP) - now)?;
        }
    }

    /// Lets time pass, whatever goes on.
    ///
    /// # Errors
    /// When Telegram's clock cannot go that far.
    pub(crate) fn advance(&self, length: TimeDelta) -> Result<()> {
        self.telegram.clock().advance(length)?;
        self.clock.advance(length);
        Ok(())
    }

    /// Waits until Telegram has nothing left to hand over and the house has nothing to do now. Returns
    /// when it has something to do again, if it has.
    async fn rests(&self) -> Result<Option<Timestamp>> {
        if self.open.is_none() {
            return Ok(None);
        }
        let resting = async {
            let mut lingers = 0;
            loop {
                // In this order: what Telegram has handed over is in the inbox.
                let handed_over = self.telegram.updates_pending() == 0;
                let rows = inbox::pending(&self.store.read(), 0, 10_000).await?;
                let jobs = jobs::all(&self.store.read()).await?;
                let no_job_is_due = jobs_wait_until(&jobs, self.now()).is_some();
                if handed_over && let Some(wait) = waits_until(&rows, self.now()) {
                    if no_job_is_due {
                        return Ok(wait);
                    }
                    lingers += 1;
                }
                if lingers >= LINGERS {
                    // Whoever is at it may wait for its turn to call.
                    self.advance(PACE)?;
                    lingers = 0;
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

    /// The same, with somebody else as its custodian from now on.
    ///
    /// # Errors
    /// As [`House::reopens`].
    pub async fn reopens_for(&mut self, custodian: &Person) -> Result<()> {
        self.furnishing.custodian = UserId(custodian.id());
        self.reopens().await
    }

    /// The same, with a grace for memberships that have ended.
    ///
    /// # Errors
    /// As [`House::reopens`].
    pub async fn reopens_with_grace(&mut self, grace: Grace) -> Result<()> {
        self.furnishing.grace = grace;
        self.reopens().await
    }

    /// The same, with somebody beside its custodian from now on.
    ///
    /// # Errors
    /// As [`House::reopens`].
    pub async fn reopens_beside(&mut self, custodian: &Person) -> Result<()> {
        self.furnishing.second_custodian = Some(UserId(custodian.id()));
        self.reopens().await
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

    /// Ends the house in the middle of whatever it does, as a lack of power would; Telegram goes on.
    ///
    /// # Errors
    /// When it does not come to its end in time.
    pub async fn crashes(&mut self) -> Result<()> {
        drop(self.open.take());
        let ending = async {
            let mut successor = Inhabited::enter(&self.store).await?;
            // Whoever was at work holds the lock until nothing of them is left.
            while successor.try_take().await?.is_none() {
                tokio::task::yield_now().await;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(PATIENCE, ending)
            .await
            .context("the house did not come to its end")?
    }

    /// Ends the test: closes the house, and checks what holds for every test. The database is
    /// removed in any case.
    ///
    /// # Errors
    /// When a background task died, an update became a dead letter, something does not hold in the
    /// database that always must, or the house called Telegram in a way that a correct bot does not.
    pub async fn close(mut self) -> Result<()> {
        let dead = match &self.open {
            Some(_) => inbox::backlog(&self.store.read())
                .await
                .map(|backlog| backlog.dead),
            None => Ok(0),
        };
        let broken = match &self.open {
            Some(_) => invariants::check(&self.store.read(), self.now()).await,
            None => Ok(Vec::new()),
        };
        let closed = self.closes().await;
        let violations = self.telegram.violations();
        self.telegram.stop().await;
        self.db.remove().await?;
        closed?;
        ensure!(violations.is_empty(), "violations: {violations:?}");
        ensure!(dead? == 0, "there are dead letters");
        let broken = broken?;
        ensure!(broken.is_empty(), "broken: {broken:?}");
        Ok(())
    }
}

/// Until when everybody's first row waits, none when there are no rows. None at all while something
/// runs or could.
fn waits_until(rows: &[PendingRow], now: Timestamp) -> Option<Option<Timestamp>> {
    let mut people = HashSet::new();
    let first = rows.iter().filter(|row| people.insert(row.person));
    let waits = first.map(|row| row.next_try.filter(|at| row.claimed.is_none() && *at > now));
    let waits: Option<Vec<Timestamp>> = waits.collect();
    waits.map(|waits| waits.into_iter().min())
}

/// Until when all jobs wait, none when there are none. None at all while one runs or is due.
fn jobs_wait_until(jobs: &[(String, StoredJob)], now: Timestamp) -> Option<Option<Timestamp>> {
    let waits = jobs.iter().map(|(_, job)| job.next_run.filter(|at| *at > now));
    let waits: Option<Vec<Timestamp>> = waits.collect();
    waits.map(|waits| waits.into_iter().min())
}

/// Waits until no job of a house is due.
///
/// # Errors
/// When the database does not answer.
pub async fn rests_from_jobs(store: &Store, clock: &dyn Clock) -> Result<()> {
    loop {
        let jobs = jobs::all(&store.read()).await?;
        if jobs_wait_until(&jobs, clock.now()).is_some() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Opens a house for a stand-in Telegram's bot; health is served on a free port of loopback.
///
/// # Errors
/// When it cannot be opened.
pub async fn start(
    telegram: &Sim,
    store: &Store,
    furnishing: Furnishing,
    choice: Choice,
    clock: Arc<dyn Clock>,
) -> Result<bot::House> {
    let token = BotToken::parse(&telegram.bot().token)?;
    let address = ApiUrl::parse(&telegram.url())?;
    let gateway = Gateway::new(&address, &token, clock.clone(), Rates::default())?;
    let voice = Voice::builtin(chrono_tz::America::Mexico_City, choice);
    let settings = Settings {
        custodians: [furnishing.custodian]
            .into_iter()
            .chain(furnishing.second_custodian)
            .collect(),
        updates: Updates::Polling,
        http: HttpSettings {
            endpoints: vec![Endpoint {
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                webhook: false,
                open_metrics: true,
            }],
            metrics_token: None,
        },
        seed: ConfigSeed {
            vip_channel_id: furnishing.vip_channel.map(|id| id.to_string()),
            free_channel_id: None,
            wait_time_minutes: 5,
            free_channel_invite_link: None,
        },
        queue_every: QUEUE_EVERY,
        repeat_window: REPEAT_WINDOW,
        sweep_every: SWEEP_EVERY,
        grace: furnishing.grace,
        invitation_hours: 24,
        creator: Some("https://t.me/diana".parse()?),
        backups: None,
        when_behind: WhenBehind::Migrate,
        // Otherwise whoever acts as the custodian would hear of each opening first.
        introduction: None,
        // Time stands still in tests.
        alarm: None,
    };
    let house = bot::House::start(settings, token.bot_id(), store.clone(), gateway, voice, clock).await?;
    house.on_duty().await;
    Ok(house)
}
