//! A simulated year: a house with all its people, from outside.
//!
//! Strangers wait for the visitors' channel, members redeem, renew and leave, a custodian sees to what is asked
//! of them, and now and then something goes wrong. Time jumps from each moment at which somebody does something,
//! or at which the house has something to do, to the next one. After each jump, everything that always holds is
//! checked in the [database](store::invariants), and everybody has to be where they belong.
//!
//! | module | holds |
//! |---|---|
//! | `plan` | who lives through it, and what they are going to do |
//! | `drive` | doing it, and letting time pass |
//! | `oracle` | what must hold |

mod drive;
mod oracle;
mod plan;

use anyhow::{Context, Result};
use domain::clock::Timestamp;

use crate::database::Backend;
use crate::house::House;
use drive::Drive;

/// Which year it is.
#[derive(Clone, Copy, Debug)]
pub struct Year {
    /// How many people live through it, besides those who keep the house.
    pub people: usize,
    /// How many days it has.
    pub days: i64,
    /// Everything that people do follows from this.
    pub seed: u64,
}

/// How much has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Days that are over.
    pub days: i64,
    /// How often time has jumped.
    pub jumps: u64,
    /// Things that people and custodians have done.
    pub acts: u64,
    /// Updates that the house has got.
    pub updates: i64,
    /// Calls of the Bot API.
    pub calls: u64,
}

impl Year {
    /// Lives through it in a house in which nothing is set up, and tells after each day how far it has come. A
    /// house in memory is never closed meanwhile.
    ///
    /// # Errors
    /// When something does not hold, with the seed.
    pub async fn passes_in(self, house: &mut House, told: impl FnMut(&Figures)) -> Result<Figures> {
        let named = || {
            format!(
                "a year of {} days, {} people, seed {}",
                self.days, self.people, self.seed
            )
        };
        let mut drive = Drive::begin(house, self).await.with_context(named)?;
        let end = drive.live(told).await;
        end.with_context(|| format!("{} at {}", named(), drive.now()))
    }

    fn affairs(self, start: Timestamp, backend: Backend) -> Vec<(Timestamp, plan::Affair)> {
        plan::affairs(start, self.days, backend != Backend::SqliteMemory)
    }
}
