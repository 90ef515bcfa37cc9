//! What custodians confirm: a list of people who go.
//!
//! A list is everybody who was to be seen out when it was made. Numbers of departures only grow, so the
//! newest one tells which those are: whoever comes later is not on it, and whoever has come back or was
//! taken off is not due any more.

use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::id::{DepartureId, UserId};
use serde::{Deserialize, Serialize};
use store::{Connection, StoreError, Tx, confirmations, departures, holds, jobs, settings};

use crate::dialogue::Question;
use crate::jobs::{Expiry, Job};

/// The setting that tells what was confirmed last.
const CONFIRMED: &str = "departures.confirmed";

/// A list, as it is stored with the question whether its people go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct List {
    /// The newest departure on it.
    pub(crate) up_to: DepartureId,
    /// When it was made.
    pub(crate) at: Timestamp,
    /// How many people were taken off it.
    pub(crate) spared: u32,
}

/// What came of a confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// So many people go.
    Given(i64),
    /// Nobody on the list is to be seen out any more, for whatever reason: nothing has changed.
    Nobody,
    /// Our clock and Telegram's differ: nothing has changed.
    ClocksDiffer,
}

impl List {
    /// Puts the question to all custodians.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn put(&self, tx: &Tx, now: Timestamp) -> Result<Question, StoreError> {
        Question::to_all(tx, self, now).await
    }

    /// The list of a question; none when it is about something else.
    pub(crate) fn read(action: &str) -> Option<Self> {
        serde_json::from_str(action).ok()
    }

    /// The list of a question; none when there is no such question any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn find(db: &impl Connection, question: Question) -> Result<Option<Self>, StoreError> {
        let found = confirmations::find(db, question.0, UserId::HOUSE).await?;
        Ok(found.and_then(|found| Self::read(&found.action)))
    }
}

/// Everybody up to this departure may go.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn confirmed(db: &impl Connection) -> Result<DepartureId, StoreError> {
    let stored = settings::get(db, CONFIRMED).await?;
    let up_to = stored.and_then(|up_to| up_to.parse().ok());
    Ok(DepartureId(up_to.unwrap_or_default()))
}

/// What a custodian confirms.
#[derive(Clone, Copy, Debug)]
pub struct Confirming {
    /// The newest departure on the list that they have seen.
    pub up_to: DepartureId,
    /// When it was made.
    pub seen: Timestamp,
    /// How many people they took off it.
    pub spared: u32,
    /// Who.
    pub by: UserId,
}

/// A custodian confirms that those go who are due, as far as a list has told them. What has held these
/// until then does so no more, and the next sweep comes at once; its bell wants to be rung after the commit,
/// where there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn confirm(tx: &Tx, confirming: &Confirming, now: Timestamp) -> Result<Confirmation, StoreError> {
    let Confirming { up_to, seen, by, .. } = *confirming;
    let held = holds::all(tx).await?;
    if held.iter().any(|hold| hold.reason == HoldReason::Clock) {
        return Ok(Confirmation::ClocksDiffer);
    }
    let due = departures::count_due(tx, up_to).await?;
    if due == 0 && confirming.spared == 0 {
        return Ok(Confirmation::Nobody);
    }
    let before = held.iter().filter(|hold| hold.since <= seen);
    let reasons: Vec<HoldReason> = before.map(|hold| hold.reason).collect();
    holds::clear(tx, &reasons).await?;
    let up_to = up_to.max(confirmed(tx).await?);
    settings::set(tx, CONFIRMED, &up_to.to_string(), by, now).await?;
    jobs::hasten(tx, Expiry::NAME, now).await?;
    Ok(Confirmation::Given(due))
}
