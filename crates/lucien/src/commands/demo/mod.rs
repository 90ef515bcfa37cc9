//! `lucien demo`: Lucien at work on a stand-in Telegram, in a browser. Needs no token, reads no environment
//! and touches nothing of the operator's.

#![expect(clippy::print_stdout, reason = "showing is what the demo is for")]

mod cast;
mod clock;
mod past;
mod stage;
mod tour;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use chrono::Utc;
use domain::clock::Clock as _;
use sim::{ButtonAction, Entry, Markup, NewBot, Options, Sim};
use testkit::{Backend, TestDb, preload};
use tokio_util::sync::CancellationToken;
use voice::Choice;

use crate::cli;
use crate::commands::run::stop_signal;
use crate::commands::sim::{page, start};
use crate::exit::Failure;
use cast::Cast;
use clock::SharedClock;
use past::Past;

pub(crate) async fn execute(arguments: &cli::Demo) -> Result<(), Failure> {
    if arguments.tour {
        return match tour::play().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(anyhow!("the tour did not go as it should").into()),
            Err(error) => Err(error.context("the tour broke off").into()),
        };
    }
    let stop = stop_signal()?;
    let mut port = arguments.port;
    let mut is_first = true;
    loop {
        let opening = Demo::open(port);
        let Some(demo) = stop.run_until_cancelled(opening).await else {
            return Ok(());
        };
        let demo = demo?;
        port = demo.telegram.port();
        if is_first {
            println!("{}", page(&demo.telegram));
            println!("Open it in a browser: Lucien is at work there, on a stand-in Telegram.");
            println!("Stop with Ctrl+C.");
            is_first = false;
        }
        if demo.lasts(&stop).await? == End::Stopped {
            return Ok(());
        }
        println!("Everything begins anew.");
    }
}

/// Why a demo has ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Stopped,
    /// It is to begin anew.
    Reset,
}

/// A house and its Telegram, with people whom it knows.
struct Demo {
    telegram: Sim,
    house: bot::House,
    db: TestDb,
}

impl Demo {
    async fn open(port: u16) -> Result<Self, Failure> {
        // Five days ago, as far as the house is concerned. When they are over, it is now.
        let clock = sim::Clock::movable_from(Utc::now() - past::LENGTH);
        let telegram = start(Options {
            port,
            clock: clock.clone(),
            resettable: true,
            closed: true,
            bots: vec![NewBot {
                token: None,
                username: "lucien_bot".to_owned(),
                first_name: "Lucien".to_owned(),
                ..NewBot::default()
            }],
            ..Options::default()
        })
        .await?;
        let clock = Arc::new(SharedClock::new(clock));
        let db = TestDb::new(Backend::SqliteFile).await?;
        let store = db.store().await?;
        let cast = Cast::new(&telegram)?;
        let furnishing = cast.furnishing();
        let house =
            testkit::house::start(&telegram, &store, furnishing, Choice::random(), clock.clone()).await?;
        preload::preload(&store, clock.now()).await?;
        telegram.keeps_pace_with(move || {
            let (store, clock) = (store.clone(), clock.clone());
            async move {
                if let Err(error) = testkit::house::rests_from_jobs(&store, &*clock).await {
                    tracing::warn!(%error, "time does not wait for the house");
                }
            }
        });
        let past = Past {
            telegram: &telegram,
            cast: &cast,
        };
        past.happens().await.context("the past of the demo")?;
        telegram.opens();
        Ok(Self { telegram, house, db })
    }

    /// Until it is stopped, or to begin anew; closes it.
    async fn lasts(mut self, stop: &CancellationToken) -> Result<End, Failure> {
        let end = tokio::select! {
            () = stop.cancelled() => Ok(End::Stopped),
            () = self.telegram.reset_requested() => Ok(End::Reset),
            fatal = self.house.fatal() => Err(fatal.into()),
        };
        self.house.close().await;
        self.telegram.stop().await;
        self.db.remove().await?;
        end
    }
}

/// Where a message's first link leads.
fn link_in(entry: &Entry) -> Result<String> {
    let Some(Markup::InlineKeyboard(rows)) = &entry.keyboard else {
        anyhow::bail!("no buttons: {}", entry.text);
    };
    let mut links = rows.iter().flatten().filter_map(|button| match &button.action {
        ButtonAction::Url(link) | ButtonAction::CopyText(link) => Some(link.clone()),
        _ => None,
    });
    links.next().context("no link")
}
