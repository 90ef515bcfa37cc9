//! Twenty people race for one invitation, a thousand times over: the built binary as a process of its own,
//! against a stand-in Telegram in this one. Prints each figure with its target and, in brackets, what
//! the Python bot makes of the same.
//!
//! `cargo bench -p lucien --bench races`; PostgreSQL takes part when `TEST_POSTGRES_URL` names a server.

#[path = "../tests/process/lucien.rs"]
#[expect(dead_code, reason = "a bench needs less of it than the tests do")]
mod lucien;

#[path = "common/figure.rs"]
mod figure;
#[path = "common/metrics.rs"]
mod metrics;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use bot::clock::SystemClock;
use domain::clock::Clock;
use domain::id::{PlanId, UserId};
use domain::plan::NewPlan;
use domain::token::{InvitationCode, Usage};
use futures_util::future::try_join_all;
use sim::{Entry, Options, Person, Rights, Sim};
use store::invitations::{self, NewInvitation};
use store::{Store, invariants, plans, subscribers};
use testkit::{Backend, TestDb};

use figure::{figure, headline, milliseconds};
use lucien::{Running, folder, is_missing};

const ROUNDS: usize = 1_000;
const RACERS: usize = 20;
/// People who redeem an invitation of their own, one after another.
const ALONE: u64 = 100;

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
    let telegram = Sim::start(Options {
        patience: lucien::PATIENCE,
        calls_kept: 0,
        ..Options::default()
    })
    .await?;
    // With a channel, so that a redemption has everything to do that it ever has.
    let diana = telegram.person("Diana");
    let vip = telegram.channel("El salón", &diana);
    diana.promotes(&vip, telegram.bot().id, Rights::all())?;
    let vip = vip.id().to_string();
    let variables = [("VIP_CHANNEL_ID", vip.as_str()), ("CALL_RATE_PER_SECOND", "1000")];

    let (db, folder) = (TestDb::new(backend).await?, folder()?);
    let house = Running::start_as(folder.path(), &telegram, &db.url_for_processes()?, &variables)?;
    house.until_role("worker").await?;
    let store = db.store().await?;
    let table = Table::new(&telegram, &store).await?;

    let mut fair = 0;
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let round = table.race().await?;
        fair += usize::from(round.is_fair());
        took.push(round.took);
    }
    took.sort_unstable();
    figure(
        &format!("winners 1 of {RACERS} in"),
        format!("{fair} of {ROUNDS} rounds"),
        "every round",
        "20 of 20 win",
    );
    for (what, share) in [("median", 50), ("99th percentile", 99)] {
        let what = format!("a round, opened to all {RACERS} answered, {what}");
        figure(&what, milliseconds(took[ROUNDS * share / 100]), "-", "-");
    }

    let before = statements(&house).await?;
    for _ in 0..ALONE {
        let answer = table.redeems_alone().await?;
        ensure!(has_won(&answer), "{}", answer.text);
    }
    let asked = (statements(&house).await? - before) as f64 / ALONE as f64;
    figure("statements per redemption", format!("{asked:.1}"), "≤ 10", "-");

    let broken = invariants::check(&store.read(), SystemClock.now()).await?;
    ensure!(broken.is_empty(), "{broken:?}");
    ensure!(fair == ROUNDS, "{} rounds were not fair", ROUNDS - fair);
    store.close().await;
    let (status, log) = house.stop().await?;
    ensure!(status.success(), "{status}\n{log}");
    ensure!(telegram.violations().is_empty(), "{:?}", telegram.violations());
    telegram.stop().await;
    db.remove().await
}

/// Where invitations are laid down.
struct Table<'a> {
    telegram: &'a Sim,
    store: &'a Store,
    plan: PlanId,
}

/// How a race went.
struct Round {
    /// Who was told that the invitation is theirs.
    told: Vec<UserId>,
    /// Who has a membership.
    members: Vec<UserId>,
    /// By whom the invitation was used.
    usage: Usage,
    took: Duration,
}

impl Round {
    /// One won, and answers and books are of one mind who.
    fn is_fair(&self) -> bool {
        match self.told.as_slice() {
            [winner] => self.members == [*winner] && self.usage == Usage::By(*winner),
            _ => false,
        }
    }
}

impl<'a> Table<'a> {
    async fn new(telegram: &'a Sim, store: &'a Store) -> Result<Self> {
        let plan = NewPlan::check("Mensual", 30, "9.99", "$", UserId(0))
            .map_err(|problems| anyhow!("{problems:?}"))?;
        let made = store
            .write(async |tx| plans::create(tx, &plan, SystemClock.now()).await)
            .await?;
        Ok(Self {
            telegram,
            store,
            plan: made.id,
        })
    }

    async fn invitation(&self) -> Result<InvitationCode> {
        let new = NewInvitation {
            plan: self.plan,
            by: UserId(0),
            valid_hours: 24,
        };
        let now = SystemClock.now();
        let issue = async |tx: &_| invitations::issue(tx, &new, bot::invitation::new_code, now).await;
        Ok(self.store.write(issue).await?.code)
    }

    async fn race(&self) -> Result<Round> {
        let code = self.invitation().await?;
        let racers: Vec<Person> = (0..RACERS)
            .map(|racer| self.telegram.person(&format!("Huésped {racer}")))
            .collect();
        let begun = Instant::now();
        for racer in &racers {
            racer.opens_link(code.as_str())?;
        }
        let answers = try_join_all(racers.iter().map(Person::next_answer)).await?;
        let took = begun.elapsed();

        let ids = racers.iter().map(|racer| UserId(racer.id()));
        let told = ids.clone().zip(&answers).filter(|(_, answer)| has_won(answer));
        let mut members = Vec::new();
        for id in ids.clone() {
            if subscribers::find(&self.store.read(), id).await?.is_some() {
                members.push(id);
            }
        }
        let found = invitations::look_up(&self.store.read(), &code, UserId(0)).await?;
        Ok(Round {
            told: told.map(|(id, _)| id).collect(),
            members,
            usage: found.context("the invitation is kept")?.invitation.usage,
            took,
        })
    }

    async fn redeems_alone(&self) -> Result<Entry> {
        let code = self.invitation().await?;
        let ines = self.telegram.person("Inés");
        ines.opens_link(code.as_str())?;
        Ok(ines.next_answer().await?)
    }
}

/// Whether it is the first step of the ritual that is shown.
fn has_won(answer: &Entry) -> bool {
    answer.labels() == [["Le escucho"]]
}

/// The statements that answering has cost so far, as the house itself counts them.
async fn statements(house: &Running) -> Result<u64> {
    // What was answered last is counted within this second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    metrics::metric(house, "lucien_update_statements_total").await
}
