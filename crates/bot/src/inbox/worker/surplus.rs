//! What finds no room: a person who sends faster than can be answered does not fill the inbox.
//!
//! Such rows are looked at out of turn. Commands wait all the same; the first plain message waits to be
//! answered with a word about it, and the others are dropped; taps are ended at once. Only one batch is
//! under way at a time, so that a flood takes no slots from others.

use std::collections::HashMap;

use store::StoreError;
use store::inbox::{self, Claimed, Run};
use tokio::task::JoinSet;

use super::super::handler::{Handler, Surplus};
use super::super::lanes::{Row, Turn};
use super::super::own_time;
use super::{TIME_LIMIT, Worker};

/// Rows that are looked at together.
const BATCH: usize = 64;

/// Rows without room.
#[derive(Default)]
pub(super) struct SurplusRows {
    waiting: Vec<Row>,
    /// Taps that are being ended.
    in_hand: Vec<Row>,
    ending: JoinSet<()>,
}

impl SurplusRows {
    pub(super) fn push(&mut self, row: Row) {
        self.waiting.push(row);
    }

    /// Returns once the taps in hand are ended; never when there are none.
    pub(super) async fn ended(&mut self) {
        // A panic was reported by the panic hook; the rows are found again.
        if self.ending.join_next().await.is_none() {
            std::future::pending().await
        }
    }

    /// Rows in hand, of which nobody will know.
    pub(super) fn give_up(&mut self) -> Vec<Row> {
        self.ending.abort_all();
        std::mem::take(&mut self.in_hand)
    }
}

impl<H: Handler> Worker<H> {
    /// Looks at a batch of what finds no room.
    pub(super) async fn sort_surplus(&mut self) {
        if self.surplus.waiting.is_empty() || !self.surplus.ending.is_empty() {
            return;
        }
        let end = self.surplus.waiting.len().min(BATCH);
        let rows: Vec<Row> = self.surplus.waiting.drain(..end).collect();
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        let change = self.store.change();
        let claimed = match inbox::claim(&change, &seqs, self.epoch, Run::Together).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, count = rows.len(), "rows cannot be claimed");
                // The next look at the table finds them again.
                self.forget(&rows);
                return;
            }
        };
        let mut claimed: HashMap<i64, Claimed> = claimed.into_iter().map(|row| (row.seq, row)).collect();
        let (mut admitted, mut dropped, mut taps) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let Some(claimed) = claimed.remove(&row.seq) else {
                self.lanes.forget(row.seq);
                continue;
            };
            match self.handler.surplus(&claimed) {
                Surplus::Needed => admitted.push(row),
                Surplus::Tap => taps.push((row, claimed)),
                Surplus::Plain => match self.lanes.warn(row.person) {
                    // There is room by now.
                    None => admitted.push(row),
                    Some(true) => admitted.push(Row {
                        turn: Turn::Decline,
                        ..row
                    }),
                    Some(false) => dropped.push(row),
                },
            }
        }
        self.end_taps(taps);
        self.admit(admitted, &dropped).await;
    }

    /// Lets rows wait in their lanes, and is done with others.
    async fn admit(&mut self, admitted: Vec<Row>, dropped: &[Row]) {
        let seqs: Vec<i64> = dropped.iter().map(|row| row.seq).collect();
        let now = self.clock.now();
        let written = self
            .store
            .write(async |tx| {
                inbox::finish(tx, &seqs, self.epoch, now).await?;
                for row in &admitted {
                    inbox::release(tx, row.seq, self.epoch, row.next_try, row.attempts).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, count = seqs.len(), "dropped messages cannot be marked as done yet");
        }
        if let Some(row) = dropped.first() {
            tracing::warn!(
                count = dropped.len(),
                person = row.person,
                "messages are dropped: too many wait"
            );
        }
        self.forget(dropped);
        for row in admitted {
            self.lanes.admit(row);
        }
    }

    fn end_taps(&mut self, taps: Vec<(Row, Claimed)>) {
        if taps.is_empty() {
            return;
        }
        self.surplus.in_hand = taps.iter().map(|(row, _)| *row).collect();
        let (handler, clock, finisher) = (self.handler.clone(), self.clock.clone(), self.finisher.clone());
        self.surplus.ending.spawn(async move {
            for (_, tap) in taps {
                let ended = own_time::limited(&clock, TIME_LIMIT, handler.decline(&tap)).await;
                if let Some(Err(error)) = ended {
                    tracing::warn!(seq = tap.seq, person = tap.person, %error, "a tap could not be ended");
                }
                finisher.finish(tap.seq).await;
            }
        });
    }

    pub(super) fn settle_surplus(&mut self) {
        let rows = std::mem::take(&mut self.surplus.in_hand);
        self.forget(&rows);
    }

    fn forget(&mut self, rows: &[Row]) {
        for row in rows {
            self.lanes.forget(row.seq);
        }
    }
}
