//! Whose turn it is. Pure: no database, no clock of its own.
//!
//! Rows of one person wait in one lane and run one after another, in the order stored; lanes know
//! nothing of each other. A row that has to wait keeps its place: the person's later rows wait
//! behind it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use domain::clock::Timestamp;

/// A row of the inbox, as far as its turn depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) person: i64,
    /// Not before this moment.
    pub(crate) next_try: Option<Timestamp>,
    /// How often it was put off for no fault of its own.
    pub(crate) waits: u32,
    /// How often it failed by its own fault.
    pub(crate) attempts: i32,
    /// Whether it counts among the person's messages and taps, of which only so many may wait.
    pub(crate) counts: bool,
    /// What is done when its turn comes.
    pub(crate) turn: Turn,
}

/// What is done with a row when its turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is handled.
    Handle,
    /// It is declined with a word: there were too many.
    Decline,
}

/// What came of adding a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It waits in its lane.
    Queued,
    /// It is there already.
    Known,
    /// Too many wait before it: it is known and in no lane, until it is
    /// [`admitted`](Lanes::admit) or [`forgotten`](Lanes::forget).
    Surplus,
}

/// The lanes of everybody who waits.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<i64, Lane>,
    /// Lanes whose first row may run now, in the order in which they became ready.
    ready: VecDeque<i64>,
    /// Lanes whose first row has to wait, by moment.
    resting: BTreeSet<(Timestamp, i64)>,
    known: HashSet<i64>,
}

#[derive(Debug, Default)]
struct Lane {
    rows: VecDeque<Row>,
    running: bool,
    /// How many of the rows count.
    counted: usize,
    /// Whether the person was told that there are too many.
    warned: bool,
}

impl Lanes {
    /// Adds a row at the end of its person's lane, unless it is there already or counts and finds as
    /// many that do as there is `room` for.
    pub(crate) fn add(&mut self, row: Row, room: usize) -> Added {
        if !self.known.insert(row.seq) {
            return Added::Known;
        }
        let counted = self.lanes.get(&row.person).map_or(0, |lane| lane.counted);
        if row.counts && counted >= room {
            return Added::Surplus;
        }
        self.admit(row);
        Added::Queued
    }

    /// Adds a row that is known already.
    pub(crate) fn admit(&mut self, row: Row) {
        let lane = self.lanes.entry(row.person).or_default();
        lane.counted += usize::from(row.counts);
        // Rows come in the order of their numbers, but for those that a look at the table finds late.
        let place = lane.rows.partition_point(|other| other.seq < row.seq);
        let place = if lane.running { place.max(1) } else { place };
        if place == 0
            && let Some(first) = lane.rows.front()
        {
            rest(&mut self.ready, &mut self.resting, first);
        }
        lane.rows.insert(place, row);
        if place == 0 && !lane.running {
            queue(&mut self.ready, &mut self.resting, &row);
        }
    }

    /// A row that was in no lane is done with.
    pub(crate) fn forget(&mut self, seq: i64) {
        self.known.remove(&seq);
    }

    /// Notes that a person is told that there are too many. None when nothing of theirs waits any
    /// more, false when they were told before.
    pub(crate) fn warn(&mut self, person: i64) -> Option<bool> {
        let lane = self.lanes.get_mut(&person)?;
        Some(!std::mem::replace(&mut lane.warned, true))
    }

    /// Takes up to `count` rows whose turn it is; their lanes stand still until each is
    /// [`finished`](Self::finished) or [`put_back`](Self::put_back).
    pub(crate) fn take(&mut self, count: usize, now: Timestamp) -> Vec<Row> {
        while let Some(&(at, person)) = self.resting.first() {
            if at > now {
                break;
            }
            self.resting.pop_first();
            self.ready.push_back(person);
        }
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(person) = self.ready.pop_front()
        {
            if let Some(lane) = self.lanes.get_mut(&person)
                && let Some(row) = lane.rows.front()
            {
                lane.running = true;
                taken.push(*row);
            }
        }
        taken
    }

    /// The first row of a lane is done with, one way or the other: the next may run.
    pub(crate) fn finished(&mut self, row: &Row) {
        self.known.remove(&row.seq);
        let Some(lane) = self.lanes.get_mut(&row.person) else {
            return;
        };
        lane.running = false;
        if let Some(row) = lane.rows.pop_front() {
            lane.counted -= usize::from(row.counts);
        }
        match lane.rows.front() {
            Some(next) => queue(&mut self.ready, &mut self.resting, next),
            None => {
                self.lanes.remove(&row.person);
            }
        }
    }

    /// The first row of a lane has to run again, as it is given here.
    pub(crate) fn put_back(&mut self, row: Row) {
        let Some(lane) = self.lanes.get_mut(&row.person) else {
            return;
        };
        lane.running = false;
        if let Some(first) = lane.rows.front_mut() {
            *first = row;
            queue(&mut self.ready, &mut self.resting, &row);
        }
    }

    /// The moment when the next resting lane becomes ready.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        self.resting.first().map(|(at, _)| *at)
    }

    /// Whether nobody waits and nothing runs.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

fn queue(ready: &mut VecDeque<i64>, resting: &mut BTreeSet<(Timestamp, i64)>, row: &Row) {
    match row.next_try {
        Some(at) => {
            resting.insert((at, row.person));
        }
        None => ready.push_back(row.person),
    }
}

/// Takes a lane out of the queues again, since another row goes before its first one.
fn rest(ready: &mut VecDeque<i64>, resting: &mut BTreeSet<(Timestamp, i64)>, row: &Row) {
    match row.next_try {
        Some(at) => {
            resting.remove(&(at, row.person));
        }
        None => ready.retain(|person| *person != row.person),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    const ROOM: usize = usize::MAX;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn row(seq: i64, person: i64) -> Row {
        Row {
            seq,
            person,
            next_try: None,
            waits: 0,
            attempts: 0,
            counts: true,
            turn: Turn::Handle,
        }
    }

    fn seqs(rows: &[Row]) -> Vec<i64> {
        rows.iter().map(|row| row.seq).collect()
    }

    #[test]
    fn one_person_one_row_at_a_time() {
        let mut lanes = Lanes::default();
        for (seq, person) in [(1, 7), (2, 7), (3, 8)] {
            lanes.add(row(seq, person), ROOM);
        }
        let first = lanes.take(64, t0());
        assert_eq!(seqs(&first), [1, 3]);
        assert!(lanes.take(64, t0()).is_empty());
        lanes.finished(&first[0]);
        let second = lanes.take(64, t0());
        assert_eq!(seqs(&second), [2]);
        lanes.finished(&first[1]);
        lanes.finished(&second[0]);
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_row_that_waits_holds_up_its_own_person_only() {
        let mut lanes = Lanes::default();
        lanes.add(row(1, 7), ROOM);
        lanes.add(row(2, 7), ROOM);
        let taken = lanes.take(64, t0());
        let later = t0() + TimeDelta::seconds(5);
        lanes.put_back(Row {
            next_try: Some(later),
            waits: 1,
            ..taken[0]
        });
        lanes.add(row(3, 8), ROOM);
        assert_eq!(seqs(&lanes.take(64, t0())), [3]);
        assert_eq!(lanes.next_wake(), Some(later));
        assert_eq!(seqs(&lanes.take(64, later)), [1]);
    }

    #[test]
    fn a_row_found_late_still_goes_first() {
        let mut lanes = Lanes::default();
        lanes.add(row(5, 7), ROOM);
        lanes.add(row(4, 7), ROOM);
        let taken = lanes.take(64, t0());
        assert_eq!(seqs(&taken), [4]);
        // Running rows are not overtaken.
        lanes.add(row(3, 7), ROOM);
        lanes.finished(&taken[0]);
        assert_eq!(seqs(&lanes.take(64, t0())), [3]);
    }

    #[test]
    fn beyond_the_room_rows_are_surplus_until_others_are_done() {
        let mut lanes = Lanes::default();
        let request = Row {
            counts: false,
            ..row(3, 7)
        };
        assert_eq!(lanes.add(row(1, 7), 2), Added::Queued);
        assert_eq!(lanes.add(row(2, 7), 2), Added::Queued);
        assert_eq!(lanes.add(request, 2), Added::Queued, "it never counts");
        assert_eq!(lanes.add(row(4, 7), 2), Added::Surplus);
        assert_eq!(lanes.add(row(4, 7), 2), Added::Known);
        assert_eq!(lanes.add(row(5, 8), 2), Added::Queued, "another person's");
        assert_eq!(lanes.warn(7), Some(true));
        assert_eq!(lanes.warn(7), Some(false));
        assert_eq!(lanes.warn(9), None);

        let taken = lanes.take(64, t0());
        lanes.finished(&taken[0]);
        assert_eq!(lanes.add(row(6, 7), 2), Added::Queued);
        // One that turns out to be needed takes its place by its number.
        lanes.admit(row(4, 7));
        let mut order = Vec::new();
        while let [row, ..] = lanes.take(1, t0())[..] {
            order.extend((row.person == 7).then_some(row.seq));
            lanes.finished(&row);
        }
        assert_eq!(order, [2, 3, 4, 6]);
        lanes.finished(&taken[1]);
        assert!(lanes.is_empty());
        assert_eq!(lanes.warn(7), None, "the next flood is a new one");
    }

    proptest! {
        #[test]
        fn everything_runs_once_in_order_and_alone_in_its_lane(
            people in proptest::collection::vec(0i64..5, 1..60),
            choices in proptest::collection::vec(any::<u8>(), 400),
        ) {
            let mut lanes = Lanes::default();
            let mut now = t0();
            let mut running: Vec<Row> = Vec::new();
            let mut done: Vec<Row> = Vec::new();
            let mut arrivals = people.iter().enumerate().map(|(seq, person)| row(seq as i64, *person));
            for choice in choices {
                match choice % 4 {
                    0 => if let Some(row) = arrivals.next() {
                        lanes.add(row, ROOM);
                        lanes.add(row, ROOM);
                    },
                    1 => running.extend(lanes.take(usize::from(choice % 3) + 1, now)),
                    2 => if let Some(row) = running.pop() {
                        lanes.finished(&row);
                        done.push(row);
                    },
                    _ => if let Some(row) = running.pop() {
                        lanes.put_back(Row { next_try: Some(now + TimeDelta::seconds(1)), ..row });
                        now += TimeDelta::milliseconds(600);
                    },
                }
                let busy: HashSet<i64> = running.iter().map(|row| row.person).collect();
                prop_assert_eq!(busy.len(), running.len());
            }
            for row in arrivals {
                lanes.add(row, ROOM);
            }
            while !lanes.is_empty() {
                now += TimeDelta::seconds(10);
                running.extend(lanes.take(64, now));
                for row in running.drain(..) {
                    lanes.finished(&row);
                    done.push(row);
                }
            }
            prop_assert_eq!(done.len(), people.len());
            for person in 0..5 {
                let order: Vec<i64> = done.iter().filter(|row| row.person == person).map(|row| row.seq).collect();
                prop_assert!(order.is_sorted());
            }
        }
    }
}
