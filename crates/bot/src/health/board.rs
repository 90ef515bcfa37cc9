//! The latest finding about each part.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use domain::clock::Timestamp;
use serde::{Serialize, Serializer};

use crate::life::Role;

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
    /// Deliveries to the webhook.
    Webhook,
    Inbox,
    Outbox,
    Jobs,
    /// Backups, where they are made by themselves.
    Backup,
}

impl Component {
    const ALL: [Self; 7] = [
        Self::Database,
        Self::Telegram,
        Self::Webhook,
        Self::Inbox,
        Self::Outbox,
        Self::Jobs,
        Self::Backup,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Telegram => "telegram",
            Self::Webhook => "webhook",
            Self::Inbox => "inbox",
            Self::Outbox => "outbox",
            Self::Jobs => "jobs",
            Self::Backup => "backup",
        }
    }
}

/// Shared between the prober, which writes, and the server, which reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<Findings>>);

#[derive(Clone, Copy, Debug)]
struct Findings {
    role: Role,
    /// When the prober last came by.
    at: Option<Timestamp>,
    /// None when it is not this process's to look after.
    components: [Option<Finding>; Component::ALL.len()],
}

#[derive(Clone, Copy, Debug)]
struct Finding {
    state: State,
    at: Timestamp,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            role: Role::Outside,
            at: None,
            components: Default::default(),
        }
    }
}

/// What the board says at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) role: Role,
    pub(crate) components: Components,
    is_fresh: bool,
}

/// The state of each part that this process looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Components([Option<State>; Component::ALL.len()]);

impl Board {
    /// Writes what a role looks after, each part as it was found.
    pub(crate) fn write(&self, role: Role, found: &[(Component, State)], at: Timestamp) {
        let mut findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut components = [None; Component::ALL.len()];
        for &(component, state) in found {
            let before = findings.components[component as usize].map(|finding| finding.state);
            if before != Some(state) {
                match state {
                    State::Healthy => tracing::info!(?component, "healthy"),
                    State::Degraded | State::Unhealthy => {
                        tracing::warn!(?component, ?state, "not healthy");
                    }
                }
            }
            components[component as usize] = Some(Finding { state, at });
        }
        *findings = Findings {
            role,
            at: Some(at),
            components,
        };
    }

    pub(crate) fn read(&self, now: Timestamp) -> Report {
        let findings = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = findings.at.is_some_and(|at| now - at <= STALE_AFTER);
        let judge = |finding: Finding| match now - finding.at <= STALE_AFTER {
            true => finding.state,
            false => State::Unhealthy,
        };
        Report {
            role: findings.role,
            components: Components(findings.components.map(|finding| finding.map(judge))),
            is_fresh,
        }
    }
}

impl Report {
    /// The whole is as its worst part. Who cannot enter the house is not as he should be, but not
    /// in need of a restart either.
    pub(crate) fn overall(&self) -> State {
        if !self.is_fresh {
            return State::Unhealthy;
        }
        let role = match self.role {
            Role::Outside => State::Degraded,
            Role::Standby | Role::Opening | Role::Worker => State::Healthy,
        };
        self.components.states().fold(role, State::max)
    }

    /// Whether this process can do what it is there for.
    pub(crate) fn is_ready(&self) -> bool {
        let well = |component: Component, worst: State| {
            self.components.0[component as usize].is_none_or(|state| state <= worst)
        };
        self.is_fresh
            && matches!(self.role, Role::Standby | Role::Worker)
            && well(Component::Database, State::Healthy)
            && well(Component::Telegram, State::Degraded)
    }

    /// Whether the main runtime still writes: the process and its loops are alive, whatever they
    /// find.
    pub(crate) const fn is_alive(&self) -> bool {
        self.is_fresh
    }
}

impl Components {
    fn states(&self) -> impl Iterator<Item = State> {
        self.0.iter().copied().flatten()
    }
}

impl Serialize for Components {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = Component::ALL.iter().zip(self.0);
        serializer.collect_map(named.filter_map(|(component, state)| Some((component.label(), state?))))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn all(state: State) -> [(Component, State); 4] {
        use Component::{Database, Inbox, Outbox, Telegram};
        [Database, Telegram, Inbox, Outbox].map(|component| (component, state))
    }

    #[test]
    fn what_nobody_has_written_is_unhealthy() {
        let report = Board::default().read(t0());
        assert_eq!(report.overall(), State::Unhealthy);
        assert!(!report.is_alive() && !report.is_ready());
    }

    #[test]
    fn the_worst_part_decides_and_old_findings_do_not_count() {
        let board = Board::default();
        let mut found = all(State::Healthy);
        board.write(Role::Worker, &found, t0());
        assert_eq!(board.read(t0()).overall(), State::Healthy);
        found[1] = (Component::Telegram, State::Degraded);
        board.write(Role::Worker, &found, t0());
        let report = board.read(t0());
        assert_eq!(report.overall(), State::Degraded);
        assert!(report.is_ready());
        found[1] = (Component::Telegram, State::Unhealthy);
        board.write(Role::Worker, &found, t0());
        assert!(!board.read(t0()).is_ready());
        let late = board.read(t0() + STALE_AFTER + TimeDelta::seconds(1));
        assert_eq!(late.overall(), State::Unhealthy);
        assert!(!late.is_alive());
    }

    #[test]
    fn a_role_answers_for_what_it_looks_after() {
        let board = Board::default();
        let database = |state| [(Component::Database, state)];
        board.write(Role::Worker, &all(State::Unhealthy), t0());
        for (role, overall, is_ready) in [
            (Role::Standby, State::Healthy, true),
            (Role::Opening, State::Healthy, false),
            (Role::Outside, State::Degraded, false),
        ] {
            board.write(role, &database(State::Healthy), t0());
            let report = board.read(t0());
            assert_eq!(
                (report.overall(), report.is_ready()),
                (overall, is_ready),
                "{role}"
            );
            let json = serde_json::to_value(report.components).expect("a map of words");
            assert_eq!(json, serde_json::json!({"database": "healthy"}));
        }
        board.write(Role::Standby, &database(State::Unhealthy), t0());
        assert_eq!(board.read(t0()).overall(), State::Unhealthy);
    }
}
