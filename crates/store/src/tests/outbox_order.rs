//! Whatever happens in whatever order, the outbox gives out exactly what a simple model says: rows of
//! a sequence one after another, each only once at a time, and in the end all of them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::clock::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::outbox::{changed, ids, raise, row};
use super::{Database, Kind, now, on, run_sql};
use crate::Store;
use crate::outbox::{self, NewRow, Of};

#[derive(Clone, Debug)]
enum Act {
    Enqueue {
        sequence: u8,
        after: Option<Index>,
        delay: Option<u8>,
    },
    Claim(Option<Index>),
    Finish(Index),
    PutOff {
        which: Index,
        delay: u8,
        unknown: bool,
    },
    Bury(Index),
    GiveUp(Index),
    Crash,
    Cancel(u8),
    Wait(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let which = any::<Index>;
    let act = prop_oneof![
        4 => (0u8..4, proptest::option::of(which()), proptest::option::of(0u8..5))
            .prop_map(|(sequence, after, delay)| Act::Enqueue { sequence, after, delay }),
        4 => proptest::option::of(which()).prop_map(Act::Claim),
        3 => which().prop_map(Act::Finish),
        2 => (which(), 0u8..5, any::<bool>())
            .prop_map(|(which, delay, unknown)| Act::PutOff { which, delay, unknown }),
        1 => which().prop_map(Act::Bury),
        1 => which().prop_map(Act::GiveUp),
        1 => Just(Act::Crash),
        1 => (0u8..4).prop_map(Act::Cancel),
        2 => (1u8..4).prop_map(Act::Wait),
    ];
    proptest::collection::vec(act, 1..40)
}

/// What is expected of one row.
#[derive(Clone, Debug)]
struct Expected {
    id: i64,
    sequence: u8,
    after: Option<i64>,
    next_try: Option<Timestamp>,
    claimed: bool,
    unknown: bool,
    pending: bool,
}

struct Model<'a> {
    store: &'a Store,
    rows: Vec<Expected>,
    epoch: i64,
    now: Timestamp,
}

impl Model<'_> {
    fn due(&self) -> Vec<i64> {
        let is_due = |number: usize, row: &Expected| {
            let is_first = !self.rows[..number]
                .iter()
                .any(|earlier| earlier.pending && earlier.sequence == row.sequence);
            let waits = self
                .rows
                .iter()
                .any(|other| Some(other.id) == row.after && other.pending);
            let in_time = row.next_try.is_none_or(|at| at <= self.now);
            row.pending && !row.claimed && is_first && !waits && in_time
        };
        let due = self.rows.iter().enumerate();
        due.filter(|(number, row)| is_due(*number, row))
            .map(|(_, row)| row.id)
            .collect()
    }

    fn claimed(&self) -> Vec<i64> {
        let claimed = self.rows.iter().filter(|row| row.pending && row.claimed);
        claimed.map(|row| row.id).collect()
    }

    fn row(&mut self, id: i64) -> &mut Expected {
        self.rows.iter_mut().find(|row| row.id == id).unwrap()
    }

    /// One of the rows in hand, if there is one.
    fn in_hand(&self, which: Index) -> Option<i64> {
        let claimed = self.claimed();
        (!claimed.is_empty()).then(|| *which.get(&claimed))
    }

    async fn enqueue(&mut self, sequence: u8, after: Option<Index>, delay: Option<u8>) {
        let after = after
            .filter(|_| !self.rows.is_empty())
            .map(|after| after.get(&self.rows).id);
        let next_try = delay.map(|delay| self.now + TimeDelta::seconds(delay.into()));
        let key = format!("s{sequence}");
        let new = NewRow {
            after,
            not_before: next_try,
            ..row(&key)
        };
        let id = changed(self.store, async |tx| outbox::enqueue(tx, &new, now()).await).await;
        self.rows.push(Expected {
            id,
            sequence,
            after,
            next_try,
            claimed: false,
            unknown: false,
            pending: true,
        });
    }

    /// Claims all that is due and, in vain, something that may not be.
    async fn claim(&mut self, also: Option<Index>) {
        let due = self.due();
        let mut wanted = due.clone();
        if let Some(also) = also
            && !self.rows.is_empty()
        {
            wanted.push(also.get(&self.rows).id);
        }
        let (epoch, at) = (self.epoch, self.now);
        let claimed = changed(self.store, async |tx| outbox::claim(tx, &wanted, epoch, at).await).await;
        assert_eq!(ids(&claimed), due);
        for row in claimed {
            let expected = self.row(row.id);
            assert_eq!(row.unknown, expected.unknown);
            expected.claimed = true;
        }
    }

    async fn act(&mut self, act: &Act) {
        let (store, epoch, at) = (self.store, self.epoch, self.now);
        match act {
            Act::Enqueue {
                sequence,
                after,
                delay,
            } => self.enqueue(*sequence, *after, *delay).await,
            Act::Claim(also) => self.claim(*also).await,
            Act::Finish(which) => {
                if let Some(id) = self.in_hand(*which) {
                    assert!(changed(store, async |tx| outbox::finish(tx, id, epoch, None, at).await).await);
                    self.row(id).pending = false;
                }
            }
            Act::Bury(which) => {
                if let Some(id) = self.in_hand(*which) {
                    assert!(changed(store, async |tx| outbox::bury(tx, id, epoch, "x", at).await).await);
                    self.row(id).pending = false;
                }
            }
            Act::GiveUp(which) => {
                if let Some(id) = self.in_hand(*which) {
                    assert!(
                        changed(store, async |tx| outbox::give_up_unknown(tx, id, epoch, at).await).await
                    );
                    self.row(id).pending = false;
                }
            }
            Act::PutOff {
                which,
                delay,
                unknown,
            } => {
                if let Some(id) = self.in_hand(*which) {
                    let next_try = Some(at + TimeDelta::seconds((*delay).into()));
                    let put_off =
                        async |tx: &crate::Tx| outbox::put_off(tx, id, epoch, next_try, 1, *unknown).await;
                    assert!(changed(store, put_off).await);
                    let row = self.row(id);
                    row.next_try = next_try;
                    row.claimed = false;
                    row.unknown |= unknown;
                }
            }
            Act::Crash => {
                let died = self.claimed();
                self.epoch = raise(store).await;
                let epoch = self.epoch;
                let recovered = changed(store, async |tx| outbox::recover(tx, epoch, at).await).await;
                assert_eq!(ids(&recovered), died);
                for id in died {
                    let row = self.row(id);
                    row.claimed = false;
                    row.unknown = true;
                }
            }
            Act::Cancel(sequence) => {
                let key = format!("s{sequence}");
                let cancel =
                    async |tx: &crate::Tx| outbox::cancel(tx, Of::Sequence(&key), "notice", at).await;
                let cancelled = ids(&changed(store, cancel).await);
                let mut expected = Vec::new();
                for row in &mut self.rows {
                    if row.pending && row.sequence == *sequence && !row.claimed {
                        row.pending = false;
                        expected.push(row.id);
                    }
                }
                assert_eq!(cancelled, expected);
            }
            Act::Wait(seconds) => self.now += TimeDelta::seconds((*seconds).into()),
        }
    }

    async fn check(&self) {
        let due = ids(&outbox::due(&self.store.read(), self.now, 100).await.unwrap());
        assert_eq!(due, self.due());
        let sequences: BTreeSet<u8> = due
            .iter()
            .map(|id| self.rows.iter().find(|row| row.id == *id).unwrap().sequence)
            .collect();
        assert_eq!(sequences.len(), due.len(), "one row of a sequence at a time");
        for id in self.claimed() {
            assert!(!due.contains(&id), "what is in hand is not due");
        }
    }

    /// Works off the rest: nothing waits for ever.
    async fn drain(&mut self) {
        self.now += TimeDelta::hours(1);
        while self.rows.iter().any(|row| row.pending) {
            self.claim(None).await;
            let claimed = self.claimed();
            assert!(!claimed.is_empty(), "something can always be done");
            let (epoch, at) = (self.epoch, self.now);
            for id in claimed {
                assert!(
                    changed(self.store, async |tx| outbox::finish(tx, id, epoch, None, at)
                        .await)
                    .await
                );
                self.row(id).pending = false;
            }
        }
        assert_eq!(outbox::backlog(&self.store.read()).await.unwrap().pending, 0);
    }
}

async fn follows_the_model(database: &Database, cases: u32) {
    let store = database.migrated().await;
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let follow = async |acts: &[Act]| {
        run_sql(&store, "DELETE FROM outbox").await;
        let mut model = Model {
            store: &store,
            rows: Vec::new(),
            epoch: raise(&store).await,
            now: now(),
        };
        for act in acts {
            model.act(act).await;
            model.check().await;
        }
        model.drain().await;
    };
    // The runner knows nothing of async; it calls back from within this task.
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        TestRunner::new(config)
            .run(&acts(), |acts| {
                handle.block_on(follow(&acts));
                Ok::<(), TestCaseError>(())
            })
            .unwrap();
    });
}

#[test]
fn rows_are_given_out_as_the_model_says() {
    on([Kind::Memory], async |database| {
        follows_the_model(database, 96).await
    });
    on([Kind::Postgres], async |database| {
        follows_the_model(database, 12).await
    });
}
