//! `lucien loadtest`: Lucien under load, on a stand-in Telegram and a database of its own. Reads no environment
//! and touches nothing of the operator's.

#![expect(clippy::print_stdout, reason = "figures are what a load test is for")]

use std::time::Instant;

use anyhow::Context;
use testkit::year::Figures;
use testkit::{Backend, House, Year};

use crate::cli;
use crate::exit::Failure;

/// After how many days it is told how far the year has come.
const TOLD_EVERY: i64 = 30;

pub(crate) async fn execute(command: cli::Loadtest) -> Result<(), Failure> {
    let cli::Loadtest::Year { people, days, seed } = command;
    let year = Year {
        people: usize::try_from(people).context("too many people")?,
        days: days.into(),
        seed,
    };
    let began = Instant::now();
    let mut house = House::open_bare(Backend::SqliteFile).await?;
    let mut told = 0;
    let figures = year
        .passes_in(&mut house, |figures| {
            if figures.days >= told + TOLD_EVERY {
                told = figures.days;
                println!("{}", line(figures, began));
            }
        })
        .await?;
    house.close().await?;
    println!("{}", line(&figures, began));
    println!("{people} people, seed {seed}: everything held");
    Ok(())
}

fn line(figures: &Figures, began: Instant) -> String {
    let Figures {
        days,
        jumps,
        acts,
        updates,
        calls,
    } = figures;
    let seconds = began.elapsed().as_secs_f64();
    format!("day {days:4}: {acts} acts, {updates} updates, {calls} calls, {jumps} jumps, {seconds:.1} s")
}
