//! The life of a house on a clock that the test moves: whose token it is, and for how long.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bot::house::Fatal;
use chrono::{DateTime, TimeDelta};
use domain::clock::{Clock, TestClock};
use domain::id::UserId;
use sim::{Fault, Injected, Options, Person, Sim};
use store::{Store, outbox};
use testkit::house::Furnishing;
use testkit::{Backend, TestDb};
use voice::Choice;

const OTHER_POLLER: &str = "Conflict: terminated by other getUpdates request; make sure that only one bot \
                            instance is running";

/// An open house, its Telegram and its clock.
struct Bench {
    telegram: Sim,
    clock: TestClock,
    store: Store,
    house: bot::House,
    custodian: Person,
}

impl Bench {
    async fn new() -> Result<Self> {
        let start = DateTime::from_timestamp(1_793_235_600, 0).context("in range")?;
        let clock = TestClock::new(start);
        let telegram = Sim::start(Options {
            clock: sim::Clock::manual(start),
            ..Options::default()
        })
        .await?;
        let store = TestDb::new(Backend::SqliteMemory).await?.store().await?;
        let custodian = telegram.person("Mateo");
        let furnishing = Furnishing::usual(UserId(custodian.id()));
        let at_work = Arc::new(clock.clone());
        let house = testkit::house::start(&telegram, &store, furnishing, Choice::seeded(7), at_work).await?;
        Ok(Self {
            telegram,
            clock,
            store,
            house,
            custodian,
        })
    }

    /// From the poll after this one on, polls meet a fault.
    async fn polls_meet(&self, fault: Fault) -> Result<Injected> {
        self.custodian.sends("/start")?;
        self.custodian.next_answer().await?;
        let injected = self.telegram.inject(fault.on("getUpdates"));
        // Ends the poll that is held.
        self.custodian.sends("/id")?;
        self.custodian.next_answer().await?;
        injected.strikes(1).await?;
        Ok(injected)
    }

    async fn close(self) -> Result<()> {
        ensure!(self.house.close().await, "every part closes in order");
        self.telegram.stop().await;
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn custodians_are_told_once_that_another_program_uses_the_token() -> Result<()> {
    let bench = Bench::new().await?;
    let refused = bench.polls_meet(Fault::error(409, OTHER_POLLER)).await?;
    bench.custodian.hears("Otro proceso").await?;
    while refused.applied() < 4 {
        // A call in hand must not grow old.
        if outbox::is_at_rest(&bench.store.read(), bench.clock.now()).await? {
            bench.clock.advance(TimeDelta::seconds(1));
        }
        tokio::task::yield_now().await;
    }
    let told = bench.custodian.chat();
    let told = told.iter().filter(|entry| entry.text.contains("Otro proceso"));
    ensure!(told.count() == 1, "{}", bench.custodian.transcript());
    ensure!(outbox::backlog(&bench.store.read()).await?.pending == 0);
    bench.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_ends_the_house_after_ten_minutes() -> Result<()> {
    let mut bench = Bench::new().await?;
    bench.polls_meet(Fault::error(401, "Unauthorized")).await?;
    let (clock, revoked) = (bench.clock.clone(), bench.clock.now());
    let time_passes = async {
        loop {
            clock.advance(TimeDelta::seconds(5));
            tokio::task::yield_now().await;
        }
    };
    let fatal = tokio::select! {
        fatal = bench.house.fatal() => fatal,
        () = time_passes => Fatal::PartEnded("time"),
    };
    ensure!(matches!(fatal, Fatal::TokenRevoked), "{fatal}");
    ensure!(clock.now() - revoked >= TimeDelta::minutes(10));
    bench.close().await
}
