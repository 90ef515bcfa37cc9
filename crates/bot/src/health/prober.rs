//! Looks at the parts of the house, on the runtime that also does the work.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use store::{Store, inbox};
use telegram::polling::{Contact, LONG_POLL, Trouble};
use tokio::sync::watch;

use super::board::{Board, Component, State};

/// How often.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// How long the database may take to answer.
const DATABASE_LIMIT: TimeDelta = TimeDelta::seconds(2);
/// An update that waits longer than this is worth knowing of.
const INBOX_AGE: TimeDelta = TimeDelta::seconds(60);
/// How long Telegram may be out of reach before that is more than a shortcoming.
const TELEGRAM_AWAY: TimeDelta = TimeDelta::minutes(5);
/// What an answered long poll may take beyond its own time.
const POLL_SLACK: TimeDelta = TimeDelta::seconds(20);

pub(crate) struct Prober {
    store: Store,
    clock: Arc<dyn Clock>,
    contact: watch::Receiver<Contact>,
    board: Board,
    started: Timestamp,
}

impl Prober {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        contact: watch::Receiver<Contact>,
        board: Board,
    ) -> Self {
        let started = clock.now();
        Self {
            store,
            clock,
            contact,
            board,
            started,
        }
    }

    pub(crate) async fn run(self) {
        loop {
            self.probe().await;
            self.clock.sleep(EVERY).await;
        }
    }

    async fn probe(&self) {
        // One real query is the probe of the database and of the inbox.
        let reader = self.store.read();
        let backlog = tokio::select! {
            backlog = inbox::backlog(&reader) => backlog.ok(),
            () = self.clock.sleep(DATABASE_LIMIT) => None,
        };
        let now = self.clock.now();
        match backlog {
            Some(backlog) => {
                self.board.write(Component::Database, State::Healthy, now);
                let late = backlog
                    .oldest_pending
                    .is_some_and(|received| now - received > INBOX_AGE);
                let state = if late { State::Degraded } else { State::Healthy };
                self.board.write(Component::Inbox, state, now);
            }
            None => self.board.write(Component::Database, State::Unhealthy, now),
        }
        let telegram = telegram(*self.contact.borrow(), self.started, now);
        self.board.write(Component::Telegram, telegram, now);
    }
}

/// How Telegram is, from what polling knows.
fn telegram(contact: Contact, started: Timestamp, now: Timestamp) -> State {
    let silence = now - contact.last_success.unwrap_or(started);
    let poll = TimeDelta::from_std(LONG_POLL).unwrap_or(TELEGRAM_AWAY) + POLL_SLACK;
    match contact.trouble {
        Some(Trouble::Unauthorized) => State::Unhealthy,
        _ if silence > TELEGRAM_AWAY => State::Unhealthy,
        Some(Trouble::Away | Trouble::Conflict) => State::Degraded,
        None if contact.last_success.is_none() || silence > poll => State::Degraded,
        None => State::Healthy,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn how_telegram_is() {
        let t0 = DateTime::from_timestamp(1_790_000_000, 0).expect("in range");
        let contact = |last_success, trouble| Contact {
            last_success,
            trouble,
        };
        let after = |seconds| t0 + TimeDelta::seconds(seconds);
        let cases = [
            (contact(None, None), 1, State::Degraded),
            (contact(Some(t0), None), 30, State::Healthy),
            (contact(Some(t0), None), 60, State::Degraded),
            (contact(Some(t0), Some(Trouble::Away)), 1, State::Degraded),
            (contact(Some(t0), Some(Trouble::Away)), 301, State::Unhealthy),
            (contact(None, Some(Trouble::Away)), 301, State::Unhealthy),
            (contact(Some(t0), Some(Trouble::Conflict)), 1, State::Degraded),
            (
                contact(Some(t0), Some(Trouble::Unauthorized)),
                1,
                State::Unhealthy,
            ),
        ];
        for (contact, seconds, state) in cases {
            assert_eq!(
                telegram(contact, t0, after(seconds)),
                state,
                "{contact:?} after {seconds} s"
            );
        }
    }
}
