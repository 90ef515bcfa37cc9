//! `lucien demo`: Lucien at work on a stand-in Telegram. Needs no token, reads no environment and
//! touches nothing of the operator's.

#![expect(clippy::print_stdout, reason = "showing is what the demo is for")]

mod stage;
mod tour;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use bot::clock::SystemClock;
use chrono::TimeDelta;
use domain::clock::Clock;
use domain::id::UserId;
use domain::person::Profile;
use domain::subscription::Stage;
use sim::{NewBot, Options, Person, Sim};
use store::Store;
use testkit::house::Furnishing;
use testkit::{Backend, TestDb, preload};
use voice::Choice;

use crate::cli;
use crate::commands::run::stop_signal;
use crate::exit::Failure;

pub(crate) async fn execute(arguments: &cli::Demo) -> Result<(), Failure> {
    if arguments.tour {
        return match tour::play().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(anyhow!("the tour did not go as it should").into()),
            Err(error) => Err(error.context("the tour broke off").into()),
        };
    }
    let stop = stop_signal()?;
    let db = TestDb::new(Backend::SqliteFile).await?;
    let store = db.store().await?;
    let telegram = Sim::start(Options {
        port: arguments.port,
        bots: vec![NewBot {
            token: None,
            username: "lucien_bot".to_owned(),
            first_name: "Lucien".to_owned(),
            ..NewBot::default()
        }],
        ..Options::default()
    })
    .await
    .context("the stand-in Telegram cannot be started")?;
    let cast = Cast::new(&telegram);
    let custodian = UserId(cast.custodian.id());
    let mut house = testkit::house::start(
        &telegram,
        &store,
        Furnishing::usual(custodian),
        Choice::random(),
        Arc::new(SystemClock),
    )
    .await?;
    cast.settle_in(&store).await?;

    println!("The stand-in Telegram: {}", telegram.url());
    println!("How to act as these people: {}/sim", telegram.url());
    for (person, what) in cast.people() {
        println!("  {:>11}  {} ({what})", person.id(), person.profile().first_name);
    }
    for address in house.addresses() {
        println!("Health: http://{address}/health");
    }
    println!("Stop with Ctrl+C.");
    let fatal = tokio::select! {
        () = stop.cancelled() => None,
        fatal = house.fatal() => Some(fatal),
    };
    house.close().await;
    telegram.stop().await;
    db.remove().await?;
    fatal.map_or(Ok(()), |fatal| Err(anyhow::Error::new(fatal).into()))
}

/// The people of the demo.
struct Cast {
    custodian: Person,
    member: Person,
    entering: Person,
    visitor: Person,
}

impl Cast {
    fn new(telegram: &Sim) -> Self {
        Self {
            custodian: telegram.person("Mateo"),
            member: telegram.person("Rodrigo"),
            entering: telegram.person("Camila"),
            visitor: telegram.person("Inés"),
        }
    }

    fn people(&self) -> [(&Person, &'static str); 4] {
        [
            (&self.custodian, "custodian"),
            (&self.member, "member"),
            (&self.entering, "on the threshold"),
            (&self.visitor, "visitor"),
        ]
    }

    async fn settle_in(&self, store: &Store) -> Result<()> {
        let now = SystemClock.now();
        preload::preload(store, now).await?;
        let days = TimeDelta::days(30);
        for (person, stage) in [(&self.member, None), (&self.entering, Some(Stage::First))] {
            let profile = Profile::new(UserId(person.id()), &person.profile().first_name, None, None);
            preload::subscribe(store, &profile, days, stage, now).await?;
        }
        Ok(())
    }
}
