//! Reminds members that their time runs out.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::brakes;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::reminder;
use store::reminders::{self, Candidate, Entry};
use store::{StoreError, Tx, departures, jobs, subscribers};

use super::{Expiry, Job, Rest, Turn};
use crate::bell::Bell;
use crate::departures::brakes::Passage;
use crate::error::HandlerError;
use crate::outbox::{Errand, PersonNotice, errand};
use crate::settings::Settings;

/// People that one look finds at most.
const PAGE: u32 = 200;

/// The job.
pub(super) struct Reminders {
    pub(super) settings: Arc<Settings>,
    pub(super) outbox: Bell,
}

impl Job for Reminders {
    const NAME: &'static str = "reminders";

    fn cadence(&self) -> TimeDelta {
        TimeDelta::minutes(15)
    }

    async fn run(&self, turn: &Turn<'_>) -> Result<Rest, HandlerError> {
        let db = turn.store.read();
        if self.are_silent(turn).await? {
            return Ok(Rest::AsUsual);
        }
        let mut after = None;
        loop {
            let page = reminders::candidates(&db, turn.now, after, PAGE).await?;
            let due = due(&page, &self.settings.custodians, turn.now);
            if !due.is_empty() {
                turn.write(async |tx| Ok(remind(tx, &due, turn.now).await?))
                    .await?;
                self.outbox.ring();
            }
            after = page.last().map(|last| (last.expiry, last.user));
            if page.len() < PAGE as usize {
                break;
            }
        }
        Ok(reminders::next_moment(&db, turn.now).await?.into())
    }
}

impl Reminders {
    /// Whether nobody is reminded at present. A sweep that comes too late and finds somebody who goes holds
    /// everybody back: it may not have come yet.
    async fn are_silent(&self, turn: &Turn<'_>) -> Result<bool, StoreError> {
        let (db, now) = (turn.store.read(), turn.now);
        if Passage::find(&db).await?.is_silent() {
            return Ok(true);
        }
        let swept = jobs::load(&db, Expiry::NAME).await?.last_success;
        if !brakes::is_stale(swept, now) {
            return Ok(false);
        }
        let next_end = subscribers::next_end(&db).await?;
        let ends = next_end.is_some_and(|end| end < self.settings.grace.cutoff(now));
        Ok(ends || departures::figures(&db, now).await?.due > 0)
    }
}

/// What is to be said now. Whoever runs the house needs no reminder.
fn due(page: &[Candidate], custodians: &BTreeSet<UserId>, now: Timestamp) -> Vec<Entry> {
    let of = |candidate: &Candidate| {
        let Candidate {
            user,
            expiry,
            extended_at,
            ref sent,
        } = *candidate;
        let kind = reminder::due(expiry, extended_at, now, sent)?;
        Some(Entry { user, expiry, kind })
    };
    let members = page
        .iter()
        .filter(|candidate| !custodians.contains(&candidate.user));
    members.filter_map(of).collect()
}

/// Notes that it is said, with the rows that say it.
async fn remind(tx: &Tx, due: &[Entry], now: Timestamp) -> Result<(), StoreError> {
    let new = reminders::note(tx, due, now).await?;
    let errand = |entry: &Entry| {
        let notice = PersonNotice::Reminder {
            kind: entry.kind,
            until: entry.expiry,
        };
        Errand::tell(entry.user, notice)
    };
    let errands: Vec<Errand> = new.iter().map(errand).collect();
    errand::enqueue_all(tx, &errands, now).await?;
    Ok(())
}
