//! A year passes.

use anyhow::{Context, Result, ensure};

use crate::database::Backend;
use crate::house::House;
use crate::scenario::{Scenario, stories};
use crate::year::Year;

pub(super) const BARE_STORIES: &[Scenario] = stories!["year", bare:
    a_year_passes,
];

/// Another year is lived through with this in the environment.
const SEED: &str = "YEAR_SEED";

async fn a_year_passes(house: &mut House) -> Result<()> {
    let seed = match std::env::var(SEED) {
        Ok(seed) => seed.parse().context(SEED)?,
        Err(_) => 1,
    };
    let year = Year {
        people: match house.backend() {
            Backend::SqliteFile => 300,
            Backend::SqliteMemory | Backend::Postgres => 60,
        },
        days: 365,
        seed,
    };
    let figures = year.passes_in(house, |_| {}).await?;
    ensure!(figures.days >= 365 && figures.acts > 100, "{figures:?}");
    Ok(())
}
