//! The latest finding about each part.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use domain::clock::Timestamp;
use serde::Serialize;

/// Findings older than this say nothing any more.
const STALE_AFTER: TimeDelta = TimeDelta::seconds(15);

/// How a part, or the whole, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Healthy,
    /// Works, with a shortcoming that the operator should know of.
    Degraded,
    Unhealthy,
}

/// A part of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Component {
    Database,
    Telegram,
    Inbox,
}

const COMPONENTS: usize = 3;

/// Shared between the prober, which writes, and the server, which reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<[Option<Finding>; COMPONENTS]>>);

#[derive(Clone, Copy, Debug)]
struct Finding {
    state: State,
    at: Timestamp,
}

/// What the board says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Components {
    pub(crate) database: State,
    pub(crate) telegram: State,
    pub(crate) inbox: State,
}

impl Board {
    pub(crate) fn write(&self, component: Component, state: State, at: Timestamp) {
        let mut findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let finding = &mut findings[component as usize];
        if finding.is_none_or(|before| before.state != state) {
            match state {
                State::Healthy => tracing::info!(?component, "healthy"),
                State::Degraded | State::Unhealthy => tracing::warn!(?component, ?state, "not healthy"),
            }
        }
        *finding = Some(Finding { state, at });
    }

    pub(crate) fn read(&self, now: Timestamp) -> Components {
        let findings = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |component: Component| match findings[component as usize] {
            Some(finding) if now - finding.at <= STALE_AFTER => finding.state,
            _ => State::Unhealthy,
        };
        Components {
            database: state(Component::Database),
            telegram: state(Component::Telegram),
            inbox: state(Component::Inbox),
        }
    }

    /// Whether the main runtime still writes: the process and its loops are alive, whatever
    /// they find.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        let findings = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        findings
            .iter()
            .flatten()
            .any(|finding| now - finding.at <= STALE_AFTER)
    }
}

impl Components {
    /// The whole is as its worst part.
    pub(crate) fn overall(self) -> State {
        self.database.max(self.telegram).max(self.inbox)
    }

    /// Whether the house can serve people now.
    pub(crate) fn is_ready(self) -> bool {
        self.database == State::Healthy && self.telegram != State::Unhealthy
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    #[test]
    fn what_nobody_has_written_is_unhealthy() {
        let board = Board::default();
        assert_eq!(board.read(t0()).overall(), State::Unhealthy);
        assert!(!board.is_alive(t0()));
    }

    #[test]
    fn the_worst_part_decides_and_old_findings_do_not_count() {
        let board = Board::default();
        for component in [Component::Database, Component::Telegram, Component::Inbox] {
            board.write(component, State::Healthy, t0());
        }
        assert_eq!(board.read(t0()).overall(), State::Healthy);
        board.write(Component::Telegram, State::Degraded, t0());
        assert_eq!(board.read(t0()).overall(), State::Degraded);
        assert!(board.read(t0()).is_ready());
        let late = t0() + STALE_AFTER + TimeDelta::seconds(1);
        board.write(Component::Telegram, State::Healthy, late);
        assert_eq!(board.read(late).database, State::Unhealthy);
        assert!(board.is_alive(late));
    }
}
