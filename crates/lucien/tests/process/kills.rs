//! Three hundred people have something to do with the house, and it is killed again and again meanwhile.

mod expiries;
mod queue;
mod redemptions;

use std::env;

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use domain::clock::Clock;
use futures_util::future::try_join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sim::{By, Entry, NewLink, Person, Rights, Room, Sim, View};
use store::{Store, inbox, invariants, outbox};
use tempfile::TempDir;
use testkit::{Backend, TestDb};

use crate::lucien::{PATIENCE, Running, folder, is_missing, telegram};

/// Names the seed that chooses the moments of the kills, to try those of a failed run again.
const SEED: &str = "KILLS_SEED";

/// Tells a story of kills, where its backend is there; chance chooses their moments.
async fn told_with_chance(
    backend: Backend,
    story: impl AsyncFnOnce(Backend, &mut StdRng) -> Result<()>,
) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let seed = match env::var(SEED) {
        Ok(seed) => seed.parse().context(SEED)?,
        Err(_) => rand::random(),
    };
    let told = story(backend, &mut StdRng::seed_from_u64(seed)).await;
    told.with_context(|| format!("{SEED}={seed} chose the moments of the kills"))
}

/// How often something is broken off by a kill: once in each stretch of so much progress.
struct Kills {
    count: u64,
    stretch: u64,
    /// Progress at the beginning of a stretch in which nobody is killed: what is run alone after a death
    /// has come to its end before the next one, so that chance never makes it look like the cause of three.
    respite: u64,
}

impl Kills {
    /// How far things have come when the house is killed.
    fn moments(&self, chance: &mut StdRng) -> Vec<u64> {
        let mut moment = |stretch| stretch * self.stretch + chance.random_range(self.respite..self.stretch);
        (0..self.count).map(&mut moment).collect()
    }
}

/// What the house does when it is killed.
struct Work<P, O> {
    /// How far it has come since the start, in steps that Telegram sees.
    progress: P,
    /// Whether it has come to its end, but for what nobody sees.
    is_over: O,
}

/// The channels, and the house that guards their doors.
struct Site {
    db: TestDb,
    /// Beside the house.
    store: Store,
    folder: TempDir,
    telegram: Sim,
    diana: Person,
    vip: Room,
    free: Room,
}

impl Site {
    /// The house administers no channel yet.
    async fn new(backend: Backend) -> Result<Self> {
        let (db, folder, telegram) = (TestDb::new(backend).await?, folder()?, telegram().await?);
        let diana = telegram.person("Diana");
        Ok(Self {
            store: db.store().await?,
            vip: telegram.channel("El salón", &diana),
            free: telegram.channel("El patio", &diana),
            db,
            folder,
            telegram,
            diana,
        })
    }

    /// From now on, the house is told of what happens in its channels.
    fn employs_lucien(&self) -> Result<()> {
        for room in [&self.vip, &self.free] {
            self.diana.promotes(room, self.telegram.bot().id, Rights::all())?;
        }
        Ok(())
    }

    /// Starts the house. It is allowed to be quick.
    fn opens(&self) -> Result<Running> {
        let (vip, free) = (self.vip.id().to_string(), self.free.id().to_string());
        let variables = [
            ("VIP_CHANNEL_ID", vip.as_str()),
            ("FREE_CHANNEL_ID", free.as_str()),
            ("CALL_RATE_PER_SECOND", "1000"),
            ("SEND_RATE_PER_SECOND", "1000"),
        ];
        let url = self.db.url_for_processes()?;
        Running::start_as(self.folder.path(), &self.telegram, &url, &variables)
    }

    fn people(&self, count: usize) -> Vec<Person> {
        let name = |n| format!("Huésped {n}");
        (0..count).map(|n| self.telegram.person(&name(n))).collect()
    }

    /// Has people start the bot, so that it may write to them, and be answered.
    async fn welcomes(&self, people: &[Person]) -> Result<()> {
        for person in people {
            person.sends("/start")?;
        }
        try_join_all(people.iter().map(Person::next_answer)).await?;
        Ok(())
    }

    /// A link of the creator's to a channel.
    fn door(&self, room: &Room, creates_join_request: bool) -> Result<String> {
        let link = NewLink {
            creates_join_request,
            ..NewLink::default()
        };
        Ok(self.diana.creates_link(room, link)?)
    }

    /// How many people are in a channel, beside its owner and the bot.
    fn guests_in(&self, room: &Room) -> usize {
        room.look(|room| room.member_count()) - 2
    }

    /// Counts the calls of some methods from now on.
    fn calls_from_now_on<'a>(&self, methods: &'a [&'a str]) -> impl Fn(&View<'_>) -> u64 + use<'a> {
        let before = methods.iter().map(|method| self.telegram.call_count(method));
        let before: u64 = before.sum();
        move |view| {
            let calls = methods.iter().map(|method| view.call_count(method));
            calls.sum::<u64>() - before
        }
    }

    /// Waits until things have come so far that the house is to be killed.
    async fn comes_to(&self, moment: u64, progress: impl Fn(&View<'_>) -> u64) -> Result<()> {
        let come = self.telegram.until("the moment of a kill", |view| {
            (progress(view) >= moment).then_some(())
        });
        Ok(come.await?)
    }

    /// Kills the house. Whatever must always hold does.
    async fn dies(&self, house: Running) -> Result<()> {
        house.kill().await?;
        self.holds().await.context("after a kill")
    }

    /// Kills the house at moments of some work, unless that has come to its end before, and opens it again
    /// each time. Waits for the end of the work and returns how much of it was done at each kill.
    async fn is_broken_off(
        &self,
        mut house: Running,
        moments: &[u64],
        work: &Work<impl Fn(&View<'_>) -> u64, impl Fn(&View<'_>) -> bool>,
        done: impl AsyncFn() -> Result<usize>,
    ) -> Result<(Running, Vec<usize>)> {
        let mut done_by_then = Vec::new();
        for moment in moments {
            tokio::select! {
                come = self.comes_to(*moment, &work.progress) => come?,
                ended = self.comes_to_rest(&work.is_over) => {
                    ended?;
                    break;
                }
            }
            self.dies(house).await?;
            done_by_then.push(done().await?);
            house = self.opens()?;
        }
        self.comes_to_rest(&work.is_over).await?;
        Ok((house, done_by_then))
    }

    /// Waits until the work is over and nobody waits for anything. The custodian's notices, which nobody
    /// waits for, go out one a second.
    async fn comes_to_rest(&self, is_over: impl Fn(&View<'_>) -> bool) -> Result<()> {
        self.telegram
            .until("the end of it", |view| is_over(view).then_some(()))
            .await?;
        let resting = async {
            let mut is_sure = false;
            loop {
                let handed_over = self.telegram.updates_pending() == 0;
                let rests = handed_over && self.nothing_is_left().await?;
                // What was seen first may have been followed by something since.
                if rests && is_sure {
                    return Ok(());
                }
                is_sure = rests;
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, resting)
            .await
            .context("somebody still waits")?
    }

    /// Whether the house has nothing in hand and nothing before it but what the custodian is told.
    async fn nothing_is_left(&self) -> Result<bool> {
        const CUSTODIAN: i64 = 1;
        let db = self.store.read();
        let notices = outbox::pending_of(&db, outbox::Of::Person(CUSTODIAN))
            .await?
            .len();
        let pending = outbox::backlog(&db).await?.pending;
        let updates = inbox::pending(&db, 0, 1).await?;
        Ok(updates.is_empty() && usize::try_from(pending)? <= notices)
    }

    /// Whatever must always hold does, and nobody's update was given up.
    async fn holds(&self) -> Result<()> {
        let broken = invariants::check(&self.store.read(), SystemClock.now()).await?;
        ensure!(broken.is_empty(), "{broken:?}");
        let dead = inbox::backlog(&self.store.read()).await?.dead;
        ensure!(dead == 0, "{dead} dead letters");
        Ok(())
    }

    /// Of the words that were to be said once to so many people, and that each of them has heard so often,
    /// none was said again, and where a death has left it in doubt that is written down.
    async fn was_said_once(&self, wanted: usize, heard: &[usize]) -> Result<()> {
        ensure!(heard.iter().all(|times| *times <= 1), "{heard:?}");
        let backlog = outbox::backlog(&self.store.read()).await?;
        ensure!(backlog.dead == 0, "{backlog:?}");
        let said = heard.iter().sum::<usize>() + usize::try_from(backlog.unknown)?;
        ensure!(said >= wanted, "{heard:?}, {backlog:?}");
        Ok(())
    }

    /// Stops the house in good order.
    async fn closes(&self, house: Running) -> Result<()> {
        let (status, log) = house.stop().await?;
        ensure!(status.code() == Some(0), "{status}\n{log}");
        self.holds().await
    }

    /// Nothing was wrong with what Telegram was asked.
    async fn ends(self) -> Result<()> {
        let violations = self.telegram.violations();
        ensure!(violations.is_empty(), "{violations:?}");
        self.store.close().await;
        self.telegram.stop().await;
        self.db.remove().await
    }
}

/// The bot's messages to a person that hold a text.
fn heard(person: &Person, fragment: &str) -> impl Iterator<Item = Entry> {
    let chat = person.chat().into_iter();
    chat.filter(move |entry| entry.by == By::Bot && entry.text.contains(fragment))
}
