//! `lucien sweep`: who is to be seen out, and confirming it.
//!
//! What is confirmed is written into the database; the house that runs on it does the rest.

#![expect(
    clippy::print_stdout,
    reason = "the list and what was confirmed are what the command is asked for"
)]

use std::collections::BTreeMap;

use anyhow::Context;
use bot::clock::SystemClock;
use bot::departures::brakes;
use bot::departures::list::{self, Confirmation, Confirming};
use chrono::SecondsFormat;
use domain::clock::{Clock, Timestamp};
use domain::departure::Grace;
use domain::id::{DepartureId, UserId};
use domain::person::Profile;
use serde_json::json;
use store::departures::{self, Departure};
use store::holds::{self, Hold};
use store::{Connection, Store, StoreError};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

/// How many departures are read, and memberships ended, at a time.
const PAGE: u32 = 500;

pub(crate) async fn execute(environment: &Environment, command: cli::Sweep) -> Result<(), Failure> {
    let (url, grace) = config::read_sweep(environment).map_err(Failure::Configuration)?;
    let store = super::open(&url).await?;
    let done = match command {
        cli::Sweep::List { json } => {
            let listed = Listed::look(&store, Grace::hours(grace)).await;
            listed
                .context("the departures cannot be read")
                .map(|listed| listed.print(json))
                .map_err(Failure::from)
        }
        cli::Sweep::Confirm { up_to, spare } => confirm(&store, DepartureId(up_to), &spare).await,
    };
    store.close().await;
    done
}

/// Somebody who is to be seen out.
struct Line {
    departure: Departure,
    profile: Option<Profile>,
    /// Their membership is over, and no sweep has taken that up: nothing can be confirmed of them yet.
    is_new: bool,
}

/// Who would go, and what holds that back.
struct Listed {
    paused: bool,
    holds: Vec<Hold>,
    lines: Vec<Line>,
}

impl Listed {
    /// Looks as a sweep would, and takes everything back.
    async fn look(store: &Store, grace: Grace) -> Result<Self, StoreError> {
        let now = SystemClock.now();
        let tx = store.begin().await?;
        let newest = departures::figures(&tx, now).await?.newest;
        while !departures::end(&tx, grace.cutoff(now), PAGE, now)
            .await?
            .is_empty()
        {}
        let is_new = |departure: &Departure| newest.is_none_or(|newest| departure.id > newest);
        let lines = all_due(&tx, None)
            .await?
            .into_iter()
            .map(|(departure, profile)| Line {
                is_new: is_new(&departure),
                departure,
                profile,
            });
        Ok(Self {
            paused: brakes::are_paused(&tx).await?,
            holds: holds::all(&tx).await?,
            lines: lines.collect(),
        })
    }

    fn print(&self, as_json: bool) {
        if as_json {
            let held: Vec<String> = self.holds.iter().map(|hold| hold.reason.to_string()).collect();
            let people: Vec<_> = self.lines.iter().map(Line::as_value).collect();
            println!(
                "{}",
                json!({ "paused": self.paused, "held": held, "people": people })
            );
            return;
        }
        if self.paused {
            println!("paused");
        }
        for hold in &self.holds {
            println!("held\t{}\t{}", hold.reason, hold.since.format("%F %T UTC"));
        }
        for line in &self.lines {
            println!("{}", line.as_text());
        }
    }
}

impl Line {
    /// Number, whom it is about, when the membership ended, and the name.
    fn as_text(&self) -> String {
        let Departure { id, user, expiry, .. } = self.departure;
        let number = if self.is_new {
            "-".to_owned()
        } else {
            id.to_string()
        };
        let name: String = self
            .name()
            .chars()
            .filter(|letter| !letter.is_control())
            .collect();
        format!("{number}\t{user}\t{}\t{name}", expiry.format("%F %T UTC"))
    }

    fn as_value(&self) -> serde_json::Value {
        let moment = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        json!({
            "number": (!self.is_new).then_some(self.departure.id),
            "user_id": self.departure.user,
            "ended": moment(self.departure.expiry),
            "first_name": self.name(),
        })
    }

    fn name(&self) -> &str {
        self.profile.as_ref().map_or("", |profile| &profile.first_name)
    }
}

/// Everybody who is to be seen out, up to a number.
async fn all_due(
    db: &impl Connection,
    up_to: Option<DepartureId>,
) -> Result<Vec<(Departure, Option<Profile>)>, StoreError> {
    let mut all: Vec<(Departure, Option<Profile>)> = Vec::new();
    loop {
        let after = all.last().map_or(DepartureId(0), |(departure, _)| departure.id);
        let page = departures::due(db, after, up_to, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Why nothing is confirmed.
enum Refused {
    Usage(String),
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Takes people off the list and confirms the rest, all or nothing.
async fn confirm(store: &Store, up_to: DepartureId, spare: &[i64]) -> Result<(), Failure> {
    let now = SystemClock.now();
    let confirmed: Result<i64, Refused> = store
        .write(async |tx| {
            let listed: BTreeMap<UserId, DepartureId> = all_due(tx, Some(up_to))
                .await?
                .iter()
                .map(|(departure, _)| (departure.user, departure.id))
                .collect();
            for &user in spare {
                let departure = listed.get(&UserId(user));
                let departure = departure
                    .ok_or_else(|| Refused::Usage(format!("{user} is not on the list up to {up_to}")))?;
                departures::spare(tx, *departure, now).await?;
            }
            let confirming = Confirming {
                up_to,
                seen: now,
                spared: u32::try_from(spare.len()).unwrap_or(u32::MAX),
                by: UserId::HOUSE,
            };
            match list::confirm(tx, &confirming, now).await? {
                Confirmation::Given(count) => Ok(count),
                Confirmation::Nobody => Err(Refused::Usage(format!("nobody is on the list up to {up_to}"))),
                Confirmation::ClocksDiffer => Err(Refused::Usage(
                    "the clocks of this machine and of Telegram differ: set this machine's right first"
                        .to_owned(),
                )),
            }
        })
        .await;
    match confirmed {
        Ok(count) => {
            println!("confirmed\t{count}");
            Ok(())
        }
        Err(Refused::Usage(why)) => Err(Failure::Usage(vec![why])),
        Err(Refused::Store(error)) => Err(Failure::Runtime(
            anyhow::Error::new(error).context("the departures cannot be written"),
        )),
    }
}
