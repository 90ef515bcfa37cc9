//! Looks at the parts of the house, on the runtime that also does the work.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};
use store::inbox::{self, Backlog, PendingRow};
use store::jobs::{self, StoredJob};
use store::outbox::{self, OutboxBacklog};
use store::{Store, StoreError};
use telegram::polling::Trouble;
use telegram::webhook::Counters;

use super::board::{Board, Component, State};
use crate::jobs::{Backup, Job as _};
use crate::life::line::Deliveries;
use crate::life::{Line, Role, Standing};
use crate::metrics::Metrics;
use crate::watchdog::{Pulse, Queue};

/// How often.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// How long the database may take to answer.
const DATABASE_LIMIT: TimeDelta = TimeDelta::seconds(2);
/// What could be worked off and is not for so long is worth knowing of.
const LATE: TimeDelta = TimeDelta::seconds(60);
/// A run of a job that takes so long does not come to its end any more.
const LONG_RUN: TimeDelta = TimeDelta::minutes(6);
/// A job that has failed so often in a row is worth knowing of.
const FAILURES: i32 = 3;
/// The last backup is a night old at most, and may take a while.
const BACKUP_AFTER: TimeDelta = TimeDelta::hours(36);
/// Rows of the inbox that are looked at for what waits.
const PAGE: u32 = 200;

pub(crate) struct Prober {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) standing: Standing,
    pub(crate) board: Board,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) webhook: Arc<Counters>,
    pub(crate) pulse: Pulse,
    /// Whether backups are made by themselves.
    pub(crate) backs_up: bool,
}

/// What the worker's tables hold.
struct Tables {
    inbox: Backlog,
    outbox: OutboxBacklog,
    /// The oldest update that could be worked on and is late.
    late_update: Option<i64>,
    /// The oldest row of the outbox that could be sent and is late.
    late_row: Option<i64>,
    jobs: Vec<(String, StoredJob)>,
}

impl Prober {
    pub(crate) async fn run(self) {
        loop {
            self.probe().await;
            self.clock.sleep(EVERY).await;
        }
    }

    async fn probe(&self) {
        let present = self.standing.present();
        match (present.role, present.line) {
            (Role::Worker, Some(line)) => self.probe_worker(&line).await,
            (role, _) => self.probe_other(role).await,
        }
        self.metrics.role(self.standing.role());
        self.metrics.pools(&self.store);
        self.metrics.webhook(&self.webhook);
    }

    /// A process that does not work answers for its database alone: the tables may not be there yet.
    async fn probe_other(&self, role: Role) {
        let answered = self.in_time(self.store.ping()).await.is_some();
        let database = if answered {
            State::Healthy
        } else {
            State::Unhealthy
        };
        self.pulse.waits(Queue::default());
        let now = self.clock.now();
        self.board.write(role, &[(Component::Database, database)], now);
    }

    async fn probe_worker(&self, line: &Line) {
        // The real queries are the probe of the database.
        let tables = self.in_time(self.look()).await;
        let now = self.clock.now();
        let telegram = telegram(line, now);
        let mut found = vec![(Component::Telegram, telegram)];
        if let Some(deliveries) = &line.deliveries {
            let smooth = *deliveries.borrow() == Deliveries::Smooth;
            found.push((Component::Webhook, well_if(smooth)));
        }
        let mut queue = Queue::default();
        if let Some(tables) = tables {
            let age = |oldest: Option<Timestamp>| oldest.map_or(TimeDelta::zero(), |at| now - at);
            let waited = age(tables.inbox.oldest_pending);
            self.metrics.inbox(&tables.inbox, waited.as_seconds_f64());
            self.metrics.outbox(&tables.outbox);
            found.push((Component::Database, State::Healthy));
            found.push((Component::Inbox, well_if(waited <= LATE)));
            found.push((Component::Outbox, well_if(tables.late_row.is_none())));
            self.metrics.jobs(&tables.jobs);
            let late_job = late_job(&tables.jobs, now);
            let is_failing = tables.jobs.iter().any(|(_, job)| job.failures >= FAILURES);
            found.push((Component::Jobs, well_if(late_job.is_none() && !is_failing)));
            if self.backs_up {
                found.push((Component::Backup, backup(&tables.jobs, line.since, now)));
            }
            if telegram == State::Healthy {
                queue.inbox = tables.late_update;
                queue.outbox = tables.late_row;
                queue.jobs = late_job;
            }
            queue.intake = silent_since(line, now);
        } else {
            found.push((Component::Database, State::Unhealthy));
        }
        self.pulse.waits(queue);
        self.board.write(Role::Worker, &found, now);
    }

    async fn look(&self) -> Result<Tables, StoreError> {
        let now = self.clock.now();
        let reader = self.store.read();
        let backlog = inbox::backlog(&reader).await?;
        let late = now - LATE;
        let late_update = match backlog.oldest_pending {
            Some(oldest) if oldest < late => {
                let rows = inbox::pending(&reader, 0, PAGE).await?;
                ready(&rows, now)
                    .find(|row| row.received_at < late)
                    .map(|row| row.seq)
            }
            _ => None,
        };
        let due = outbox::due(&reader, late, 1).await?;
        Ok(Tables {
            inbox: backlog,
            outbox: outbox::backlog(&reader).await?,
            late_update,
            late_row: due.first().filter(|row| row.created_at < late).map(|row| row.id),
            jobs: jobs::all(&reader).await?,
        })
    }

    async fn in_time<T>(&self, question: impl Future<Output = Result<T, StoreError>>) -> Option<T> {
        tokio::select! {
            answer = question => answer.ok(),
            () = self.clock.sleep(DATABASE_LIMIT) => None,
        }
    }
}

/// Rows that nothing but the worker keeps waiting: nobody has them in hand, and they are the first of
/// their person.
fn ready(rows: &[PendingRow], now: Timestamp) -> impl Iterator<Item = &PendingRow> {
    let mut people = HashSet::new();
    let first = rows.iter().filter(move |row| people.insert(row.person));
    first.filter(move |row| row.claimed.is_none() && row.next_try.is_none_or(|at| at <= now))
}

/// Since when the job has been due, or been run, that is late the longest; in microseconds of Unix time.
fn late_job(jobs: &[(String, StoredJob)], now: Timestamp) -> Option<i64> {
    let since = |(_, job): &(String, StoredJob)| match (job.next_run, job.started_at) {
        (Some(due), _) => Some(due).filter(|due| now - *due > LATE),
        (None, Some(started)) => Some(started).filter(|started| now - *started > LONG_RUN),
        (None, None) => None,
    };
    let oldest = jobs.iter().filter_map(since).min();
    oldest.map(|since| since.timestamp_micros())
}

/// How backups are: none that was made may be too old. Whoever has just begun to work has a while for the
/// first.
fn backup(jobs: &[(String, StoredJob)], since: Timestamp, now: Timestamp) -> State {
    let job = jobs.iter().find(|(name, _)| name == Backup::NAME);
    let last = job.and_then(|(_, job)| job.last_success);
    let is_failing = job.is_some_and(|(_, job)| job.failures > 0);
    let is_fresh = match last {
        Some(last) => now - last <= BACKUP_AFTER,
        None => now - since <= LONG_RUN,
    };
    well_if(is_fresh && !is_failing)
}

const fn well_if(well: bool) -> State {
    if well { State::Healthy } else { State::Degraded }
}

/// How Telegram is, from what the worker's line knows.
fn telegram(line: &Line, now: Timestamp) -> State {
    let contact = *line.contact.borrow();
    let silence = now - contact.last_success.unwrap_or(line.since);
    match contact.trouble {
        Some(Trouble::Unauthorized) => State::Unhealthy,
        _ if silence > line.patience => State::Unhealthy,
        Some(Trouble::Away | Trouble::OtherPoller | Trouble::WebhookSet) => State::Degraded,
        None if contact.last_success.is_none() || silence > line.rhythm => State::Degraded,
        None if line.gate.is_closed() => State::Degraded,
        None => State::Healthy,
    }
}

/// When Telegram was last heard, if that is too long ago although nothing is known to be wrong.
fn silent_since(line: &Line, now: Timestamp) -> Option<i64> {
    let contact = *line.contact.borrow();
    let heard = contact.last_success.filter(|_| contact.trouble.is_none())?;
    (now - heard > line.rhythm).then(|| heard.timestamp())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use telegram::polling::Contact;
    use tokio::sync::watch;

    use super::*;
    use crate::life::Gate;

    fn t0() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 0).expect("in range")
    }

    fn line(last_success: Option<Timestamp>, trouble: Option<Trouble>) -> Line {
        let contact = watch::Sender::new(Contact {
            last_success,
            trouble,
        });
        Line {
            contact: contact.subscribe(),
            deliveries: None,
            gate: Gate::default(),
            since: t0(),
            rhythm: TimeDelta::seconds(45),
            patience: TimeDelta::minutes(5),
        }
    }

    #[test]
    fn how_telegram_is() {
        let cases = [
            (None, None, 1, State::Degraded),
            (Some(t0()), None, 30, State::Healthy),
            (Some(t0()), None, 60, State::Degraded),
            (Some(t0()), Some(Trouble::Away), 1, State::Degraded),
            (Some(t0()), Some(Trouble::Away), 301, State::Unhealthy),
            (None, Some(Trouble::Away), 301, State::Unhealthy),
            (Some(t0()), Some(Trouble::OtherPoller), 1, State::Degraded),
            (Some(t0()), Some(Trouble::WebhookSet), 1, State::Degraded),
            (Some(t0()), Some(Trouble::Unauthorized), 1, State::Unhealthy),
        ];
        for (last_success, trouble, seconds, state) in cases {
            let line = line(last_success, trouble);
            let now = t0() + TimeDelta::seconds(seconds);
            assert_eq!(telegram(&line, now), state, "{line:?} after {seconds} s");
        }
    }

    #[test]
    fn a_backup_must_not_be_too_old() {
        let job = |last_success, failures| {
            let stored = StoredJob {
                last_success,
                failures,
                ..StoredJob::default()
            };
            [(Backup::NAME.to_owned(), stored)]
        };
        let late = t0() + TimeDelta::days(30);
        let ago = |hours| Some(late - TimeDelta::hours(hours));
        assert_eq!(backup(&[], t0(), t0() + TimeDelta::minutes(1)), State::Healthy);
        assert_eq!(backup(&[], t0(), late), State::Degraded);
        assert_eq!(backup(&job(ago(25), 0), t0(), late), State::Healthy);
        assert_eq!(backup(&job(ago(37), 0), t0(), late), State::Degraded);
        assert_eq!(backup(&job(ago(1), 1), t0(), late), State::Degraded);
    }

    #[test]
    fn silence_is_suspicious_only_while_nothing_is_known_to_be_wrong() {
        let late = t0() + TimeDelta::seconds(46);
        assert_eq!(
            silent_since(&line(Some(t0()), None), late),
            Some(t0().timestamp())
        );
        assert_eq!(silent_since(&line(Some(late), None), late), None);
        assert_eq!(silent_since(&line(Some(t0()), Some(Trouble::Away)), late), None);
        assert_eq!(silent_since(&line(None, None), late), None);
    }

    #[test]
    fn a_job_is_late_when_it_is_not_run_or_does_not_end() {
        let job = |next_run, started_at| {
            let stored = StoredJob {
                next_run,
                started_at,
                ..StoredJob::default()
            };
            ("expiry".to_owned(), stored)
        };
        let after = |seconds| Some(t0() + TimeDelta::seconds(seconds));
        let jobs = [job(after(100), after(0)), job(None, after(50))];
        let late = |seconds| late_job(&jobs, t0() + TimeDelta::seconds(seconds));
        assert_eq!(late(160), None);
        assert_eq!(late(161), after(100).map(|at| at.timestamp_micros()));
        assert_eq!(late(411), after(50).map(|at| at.timestamp_micros()));
        assert_eq!(late_job(&[job(None, None)], t0()), None);
    }

    #[test]
    fn what_is_in_hand_or_waits_for_its_time_is_not_ready() {
        let row = |seq, person| PendingRow {
            seq,
            person,
            kind: "message".to_owned(),
            received_at: t0(),
            attempts: 0,
            next_try: None,
            claimed: None,
            alone: false,
            has_outcome: false,
        };
        let rows = [
            PendingRow {
                claimed: Some(3),
                ..row(1, 1)
            },
            row(2, 1),
            PendingRow {
                next_try: Some(t0() + TimeDelta::seconds(1)),
                ..row(3, 2)
            },
            PendingRow {
                next_try: Some(t0()),
                ..row(4, 3)
            },
            row(5, 4),
        ];
        let ready: Vec<i64> = ready(&rows, t0()).map(|row| row.seq).collect();
        assert_eq!(ready, [4, 5]);
    }
}
