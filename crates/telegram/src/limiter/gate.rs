//! The arithmetic of single limits, and the promises made about them.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta};
use domain::clock::Timestamp;

use super::{KEPT, Ticket};

/// Nobody comes later than this.
const FORGOTTEN: TimeDelta = TimeDelta::seconds(60);

/// One limit: a row of slots, each given away once and in order.
pub(super) trait Gate {
    /// When the next slot is; it is free as soon as that is not in the future.
    fn opens(&self) -> Timestamp;

    /// Gives the next slot away, to be used at `at`.
    fn book(&mut self, at: Timestamp);

    /// A slot that was given away earlier is used now: what follows is counted from now.
    fn used(&mut self, now: Timestamp);

    /// How old a promised slot may be that is taken now; none when none can be taken.
    fn honours(&self, now: Timestamp) -> Option<TimeDelta>;
}

/// A burst, then one per interval.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) interval: TimeDelta,
    /// How far ahead of the interval a burst may run.
    lead: TimeDelta,
    /// Everything given away is paid for by then.
    paid: Timestamp,
    last_used: Timestamp,
}

impl Bucket {
    pub(super) fn new(interval: TimeDelta, at_once: i32) -> Self {
        Self {
            interval,
            lead: interval * (at_once - 1),
            paid: DateTime::UNIX_EPOCH,
            last_used: DateTime::UNIX_EPOCH,
        }
    }

    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.paid <= now
    }
}

impl Gate for Bucket {
    fn opens(&self) -> Timestamp {
        self.paid - self.lead
    }

    fn book(&mut self, at: Timestamp) {
        self.paid = self.paid.max(at) + self.interval;
    }

    fn used(&mut self, now: Timestamp) {
        self.paid = self.paid.max(now + self.interval);
        self.last_used = now;
    }

    /// Those that are kept. While nothing goes through, any: so nobody waits for slots that others let
    /// lapse.
    fn honours(&self, now: Timestamp) -> Option<TimeDelta> {
        let rests = self.last_used + self.interval <= now;
        Some(if rests { FORGOTTEN } else { KEPT })
    }
}

/// The latest of something, in order.
#[derive(Debug)]
struct Latest {
    most: usize,
    times: VecDeque<Timestamp>,
}

impl Latest {
    const fn new(most: usize) -> Self {
        let times = VecDeque::new();
        Self { most, times }
    }

    fn push(&mut self, at: Timestamp) {
        if self.times.len() >= self.most {
            self.times.pop_front();
        }
        self.times.push_back(at);
    }

    /// The first of as many as are kept.
    fn first_of_all(&self) -> Option<Timestamp> {
        let first = self.times.front().copied();
        first.filter(|_| self.times.len() >= self.most)
    }

    fn last(&self) -> Option<Timestamp> {
        self.times.back().copied()
    }
}

/// At most so many within a length of time, whoever is late.
#[derive(Debug)]
pub(super) struct Window {
    length: TimeDelta,
    /// Slots given away.
    given: Latest,
    /// Slots that were used.
    used: Latest,
}

impl Window {
    pub(super) const fn new(most: usize, length: TimeDelta) -> Self {
        Self {
            length,
            given: Latest::new(most),
            used: Latest::new(most),
        }
    }

    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        let last = self.given.last().max(self.used.last());
        last.is_none_or(|last| last + self.length <= now)
    }

    fn after(&self, latest: &Latest) -> Timestamp {
        let first = latest.first_of_all();
        first.map_or(DateTime::UNIX_EPOCH, |first| first + self.length)
    }
}

impl Gate for Window {
    fn opens(&self) -> Timestamp {
        self.after(&self.given).max(self.after(&self.used))
    }

    fn book(&mut self, at: Timestamp) {
        self.given.push(at);
    }

    fn used(&mut self, now: Timestamp) {
        self.used.push(now);
    }

    fn honours(&self, now: Timestamp) -> Option<TimeDelta> {
        (self.after(&self.used) <= now).then_some(FORGOTTEN)
    }
}

/// What happened within a length of time, counted up to a number.
#[derive(Debug)]
pub(super) struct Recent {
    length: TimeDelta,
    latest: Latest,
}

impl Recent {
    pub(super) fn new(most: u32, length: TimeDelta) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let latest = Latest::new(most);
        Self { length, latest }
    }

    pub(super) fn note(&mut self, now: Timestamp) {
        self.latest.push(now);
    }

    pub(super) fn count(&self, now: Timestamp) -> i64 {
        let recent = |at: &&Timestamp| **at + self.length > now;
        let count = self.latest.times.iter().rev().take_while(recent).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

/// Slots that were promised to those who were told to wait.
#[derive(Debug, Default)]
pub(super) struct Promises(HashMap<Ticket, VecDeque<Timestamp>>);

impl Promises {
    /// Passes all gates at once, or is promised a slot of the first that is shut.
    pub(super) fn pass(
        &mut self,
        gates: &mut [(Ticket, &mut dyn Gate)],
        now: Timestamp,
    ) -> Result<(), TimeDelta> {
        for (ticket, gate) in gates.iter_mut() {
            let opens = gate.opens();
            if opens > now && self.due(*ticket, *gate, now).is_none() {
                gate.book(opens);
                self.0.entry(*ticket).or_default().push_back(opens);
                return Err(opens - now);
            }
        }
        for (ticket, gate) in gates.iter_mut() {
            if !self.redeem(*ticket, *gate, now) {
                gate.book(now);
            }
            gate.used(now);
        }
        Ok(())
    }

    /// Which of the slots promised to a ticket can be taken now.
    pub(super) fn due(&self, ticket: Ticket, gate: &dyn Gate, now: Timestamp) -> Option<usize> {
        let slots = self.0.get(&ticket)?;
        let from = now - gate.honours(now)?;
        slots.iter().position(|at| (from..=now).contains(at))
    }

    /// Takes a promised slot, if one is due.
    fn redeem(&mut self, ticket: Ticket, gate: &dyn Gate, now: Timestamp) -> bool {
        let Some(index) = self.due(ticket, gate, now) else {
            return false;
        };
        if let Some(slots) = self.0.get_mut(&ticket) {
            slots.remove(index);
            if slots.is_empty() {
                self.0.remove(&ticket);
            }
        }
        true
    }

    /// Forgets what nobody came for within a minute.
    pub(super) fn forget(&mut self, now: Timestamp) {
        // In order of time: when the last is over, all are.
        self.0
            .retain(|_, slots| slots.back().is_some_and(|at| *at + FORGOTTEN >= now));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
