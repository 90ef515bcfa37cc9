//! Figures for whoever watches the house over time.
//!
//! The registry belongs to the house, like everything else; there is nothing global. Counters are
//! raised where things happen, gauges are set by the prober.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};
use store::inbox::Backlog;
use store::jobs::StoredJob;
use store::outbox::OutboxBacklog;
use store::{PoolFigures, Store};
use telegram::webhook::{Counters, Reason};
use telegram::{ApiError, Observer};

use crate::life::Role;

mod counted;

pub(crate) use counted::Counted;

/// How the text is called by those who read it.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Gauges<L> = Family<L, Gauge>;

/// All figures of one process.
pub(crate) struct Metrics {
    registry: Registry,
    received: Family<Kind, Counter>,
    handled: Family<Outcome, Counter>,
    statements: Counter,
    outbox_statements: Family<Kind, Counter>,
    calls: Family<Call, Counter>,
    retry_after: Counter<f64, AtomicU64>,
    webhook: Gauges<Refusal>,
    role: Gauges<RoleLabel>,
    inbox: Gauges<State>,
    inbox_oldest: Gauge<f64, AtomicU64>,
    outbox: Gauges<State>,
    removals: Counter,
    sweeps: Gauges<JobLabel>,
    pool: Gauges<Pool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabel {
    job: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
    state: &'static str,
}

impl Metrics {
    pub(crate) fn new(version: &str) -> Self {
        let mut registry = Registry::with_prefix("lucien");
        let build = Info::new([("version".to_owned(), version.to_owned())]);
        registry.register("build", "What runs", build);
        let all = &mut registry;
        Self {
            received: add(
                all,
                "updates_received",
                "Updates kept, repeated ones included, by kind",
            ),
            handled: add(all, "updates_handled", "Runs of updates, by how they ended"),
            statements: add(
                all,
                "update_statements",
                "Statements that runs of updates sent to the database",
            ),
            outbox_statements: add(
                all,
                "outbox_statements",
                "Statements that tries of rows of the outbox sent to the database, by kind",
            ),
            calls: add(all, "api_calls", "Calls to the Bot API, by method and outcome"),
            retry_after: add(
                all,
                "api_retry_after_seconds",
                "Seconds of patience that the Bot API asked for",
            ),
            webhook: add(
                all,
                "webhook_refused",
                "Deliveries refused since the start, by reason",
            ),
            role: add(all, "role", "1 for the role of this process"),
            inbox: add(all, "inbox_updates", "Updates in the inbox, by state"),
            inbox_oldest: add(
                all,
                "inbox_oldest_pending_seconds",
                "For how long the oldest pending update has waited",
            ),
            outbox: add(all, "outbox_rows", "Rows in the outbox, by state"),
            removals: add(all, "removals", "People removed from a channel"),
            sweeps: add(
                all,
                "sweeps_last_success_timestamp_seconds",
                "When a job last ended well, by job",
            ),
            pool: add(
                all,
                "pool_connections",
                "Connections to the database, by pool and state",
            ),
            registry,
        }
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail; if a figure could not be written, the rest is there.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn received(&self, kind: String) {
        self.received.get_or_create(&Kind { kind }).inc();
    }

    pub(super) fn handled(&self, outcome: &'static str) {
        self.handled.get_or_create(&Outcome { outcome }).inc();
    }

    pub(super) fn asked(&self, statements: u32) {
        self.statements.inc_by(u64::from(statements));
    }

    pub(crate) fn outbox_asked(&self, kind: &str, statements: u32) {
        let kind = kind.to_owned();
        let counter = self.outbox_statements.get_or_create(&Kind { kind });
        counter.inc_by(u64::from(statements));
    }

    pub(crate) fn role(&self, present: Role) {
        for role in Role::ALL {
            let label = RoleLabel { role: role.label() };
            self.role.get_or_create(&label).set(i64::from(role == present));
        }
    }

    pub(crate) fn inbox(&self, backlog: &Backlog, oldest_seconds: f64) {
        let states = [("pending", backlog.pending), ("dead", backlog.dead)];
        set(&self.inbox, states);
        self.inbox_oldest.set(oldest_seconds);
    }

    pub(crate) fn outbox(&self, backlog: &OutboxBacklog) {
        let states = [
            ("pending", backlog.pending),
            ("dead", backlog.dead),
            ("unknown", backlog.unknown),
        ];
        set(&self.outbox, states);
    }

    pub(crate) fn removed(&self) {
        self.removals.inc();
    }

    pub(crate) fn jobs(&self, jobs: &[(String, StoredJob)]) {
        for (job, stored) in jobs {
            if let Some(last) = stored.last_success {
                let label = JobLabel { job: job.clone() };
                self.sweeps.get_or_create(&label).set(last.timestamp());
            }
        }
    }

    pub(crate) fn webhook(&self, counters: &Counters) {
        for reason in Reason::ALL {
            let refused = i64::try_from(counters.refused(reason)).unwrap_or(i64::MAX);
            let label = Refusal {
                reason: reason.label(),
            };
            self.webhook.get_or_create(&label).set(refused);
        }
    }

    pub(crate) fn pools(&self, store: &Store) {
        for (pool, figures) in [("readers", store.readers()), ("writers", store.writers())] {
            let PoolFigures { size, in_use } = figures;
            for (state, count) in [("size", size), ("in_use", in_use)] {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.pool.get_or_create(&Pool { pool, state }).set(count);
            }
        }
    }
}

/// A figure that starts at nothing, known to the registry.
fn add<M: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> M {
    let figure = M::default();
    registry.register(name, help, figure.clone());
    figure
}

fn set<const N: usize>(gauges: &Gauges<State>, states: [(&'static str, i64); N]) {
    for (state, count) in states {
        gauges.get_or_create(&State { state }).set(count);
    }
}

impl Observer for Metrics {
    fn called(&self, method: &'static str, error: Option<&ApiError>) {
        let outcome = match error {
            None => "ok".to_owned(),
            Some(ApiError::Refused { refusal, .. }) => {
                if let Some(wait) = refusal.retry_after {
                    self.retry_after.inc_by(wait.as_seconds_f64());
                }
                refusal.code.to_string()
            }
            Some(ApiError::NoAnswer { .. }) => "no_answer".to_owned(),
            Some(ApiError::Unreached { .. }) => "unreached".to_owned(),
            Some(ApiError::Held { .. }) => "held".to_owned(),
        };
        self.calls.get_or_create(&Call { method, outcome }).inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use telegram::error::Refusal as Answer;

    use super::*;

    #[test]
    fn figures_are_written_as_they_are_read_by_prometheus() {
        let metrics = Metrics::new("1.2.3");
        metrics.received("message".to_owned());
        metrics.received("message".to_owned());
        metrics.handled("done");
        metrics.role(Role::Standby);
        metrics.called("sendMessage", None);
        let flood = ApiError::Refused {
            method: "sendMessage",
            refusal: Answer {
                code: 429,
                description: String::new(),
                retry_after: Some(TimeDelta::milliseconds(1_500)),
                migrate_to_chat_id: None,
            },
        };
        metrics.called("sendMessage", Some(&flood));
        let backlog = Backlog {
            pending: 3,
            dead: 1,
            oldest_pending: None,
        };
        metrics.inbox(&backlog, 0.25);
        metrics.removed();
        let swept = StoredJob {
            last_success: chrono::DateTime::from_timestamp(1_790_000_000, 0),
            ..StoredJob::default()
        };
        metrics.jobs(&[
            ("expiry".to_owned(), swept),
            ("cleanup".to_owned(), StoredJob::default()),
        ]);
        let text = metrics.text();
        for line in [
            r#"lucien_build_info{version="1.2.3"} 1"#,
            r#"lucien_updates_received_total{kind="message"} 2"#,
            r#"lucien_updates_handled_total{outcome="done"} 1"#,
            r#"lucien_api_calls_total{method="sendMessage",outcome="ok"} 1"#,
            r#"lucien_api_calls_total{method="sendMessage",outcome="429"} 1"#,
            "lucien_api_retry_after_seconds_total 1.5",
            r#"lucien_role{role="standby"} 1"#,
            r#"lucien_role{role="worker"} 0"#,
            r#"lucien_inbox_updates{state="dead"} 1"#,
            "lucien_inbox_oldest_pending_seconds 0.25",
            "lucien_removals_total 1",
            r#"lucien_sweeps_last_success_timestamp_seconds{job="expiry"} 1790000000"#,
            "# EOF",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} in\n{text}");
        }
    }
}
