//! What there is to do: rows that arrive, and rows that are found in the table.

use store::inbox::{self, PendingRow};
use store::{StoreError, dialogues};

use super::super::handler::Handler;
use super::super::intake::Arrival;
use super::super::lanes::{Added, Row, Turn};
use super::{Worker, counts};

/// Rows read by one look.
pub(super) const PAGE: u32 = 1_000;
/// So many numbers before the last one may still become visible: on PostgreSQL, of rows that several
/// processes store at once, the later may be seen first.
const OVERLAP: i64 = 256;

impl<H: Handler> Worker<H> {
    pub(super) fn line_up(&mut self, rows: Vec<PendingRow>) {
        for row in rows {
            self.add(Row {
                next_try: row.next_try,
                attempts: row.attempts,
                ..fresh(row.seq, row.person, counts(&row.kind) && !row.has_outcome)
            });
        }
    }

    pub(super) fn arrive(&mut self, rows: Vec<Arrival>) {
        for row in rows {
            self.add(fresh(row.seq, row.person, counts(&row.kind)));
        }
    }

    fn add(&mut self, row: Row) {
        self.last_seq = self.last_seq.max(row.seq);
        let room = if row.counts {
            self.handler.room(row.person)
        } else {
            0
        };
        if self.lanes.add(row, room) == Added::Surplus {
            self.surplus.push(row);
        }
    }

    /// Finds what others have stored since the last row that is known.
    pub(super) async fn look_for_news(&mut self) {
        let mut after = self.last_seq - OVERLAP;
        while let Some(rows) = self.page(after).await {
            let last = last_of_full(&rows);
            self.line_up(rows);
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
    }

    /// Goes over the whole table, a page at a time: finds what the numbers do not show, such as rows
    /// that are played again.
    pub(super) async fn look_around(&mut self) {
        let Some(rows) = self.page(self.patrol).await else {
            return;
        };
        let last = last_of_full(&rows);
        self.patrol = last.unwrap_or_default();
        self.line_up(rows);
        if last.is_some() {
            self.look_for_news().await;
        }
    }

    async fn page(&self, after: i64) -> Option<Vec<PendingRow>> {
        inbox::pending(&self.store.read(), after, PAGE)
            .await
            .inspect_err(|error| tracing::warn!(%error, "the inbox cannot be read"))
            .ok()
    }

    pub(super) async fn sweep(&self) {
        let now = self.clock.now();
        loop {
            let swept: Result<_, StoreError> = self
                .store
                .write(async |tx| {
                    let dialogues = dialogues::sweep(tx, now).await?;
                    let inbox = inbox::sweep(tx, now).await?;
                    Ok(dialogues >= dialogues::SWEPT_AT_ONCE
                        || inbox.keys.max(inbox.letters) >= inbox::SWEPT_AT_ONCE)
                })
                .await;
            match swept {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "the inbox cannot be swept");
                    break;
                }
            }
        }
    }
}

/// A row that nobody has tried yet.
const fn fresh(seq: i64, person: i64, counts: bool) -> Row {
    Row {
        seq,
        person,
        next_try: None,
        waits: 0,
        attempts: 0,
        counts,
        turn: Turn::Handle,
    }
}

/// The last number of a page that may not be the last one.
fn last_of_full(rows: &[PendingRow]) -> Option<i64> {
    let is_full = rows.len() >= PAGE as usize;
    rows.last().filter(|_| is_full).map(|row| row.seq)
}
