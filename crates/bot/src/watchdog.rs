//! Notices that the worker has stopped working, from a thread of its own.
//!
//! Only the machine's own time counts here: a house whose clock or runtime stands still is what is
//! looked for. The prober says what waits for a part; when the same thing has waited for minutes,
//! while the database and Telegram are well, nothing moves any more and only a new process helps.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::life::{Role, Standing};
use crate::settings::Alarm;

/// What does not move any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stall {
    /// The runtime: nothing at all runs.
    Runtime,
    /// Receiving updates.
    Intake,
    /// The inbox worker.
    Inbox,
    /// The outbox worker.
    Outbox,
    /// What comes around by itself.
    Jobs,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Runtime => "the runtime",
            Self::Intake => "receiving updates",
            Self::Inbox => "the inbox worker",
            Self::Outbox => "the outbox worker",
            Self::Jobs => "the jobs",
        })
    }
}

/// How long something may stand still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    runtime: Duration,
    part: Duration,
    look_every: Duration,
}

impl Limits {
    pub(crate) const USUAL: Self = Self {
        runtime: Duration::from_secs(60),
        part: Duration::from_secs(300),
        look_every: Duration::from_secs(5),
    };
}

/// What waits for a part, by a number that changes when the part moves; none, nothing does.
pub(crate) type Waiting = Option<i64>;

/// What waits for each part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    pub(crate) intake: Waiting,
    pub(crate) inbox: Waiting,
    pub(crate) outbox: Waiting,
    pub(crate) jobs: Waiting,
}

/// Signs of life, written by the main runtime and read by the watchdog.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Signs>>);

#[derive(Clone, Copy, Debug)]
struct Signs {
    beat: Instant,
    queue: Queue,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Signs {
            beat: Instant::now(),
            queue: Queue::default(),
        })))
    }

    /// Beats every second while the runtime runs.
    pub(crate) async fn run(self) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            self.signs().beat = Instant::now();
        }
    }

    pub(crate) fn waits(&self, queue: Queue) {
        self.signs().queue = queue;
    }

    fn signs(&self) -> MutexGuard<'_, Signs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that watches.
#[derive(Debug)]
pub(crate) struct Watchdog {
    stop: mpsc::Sender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Rings the alarm once when something stands still for longer than the limits.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(pulse: Pulse, standing: Standing, limits: Limits, alarm: Alarm) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || {
                let mut watch = Watch::new(limits);
                while stopped.recv_timeout(limits.look_every) == Err(RecvTimeoutError::Timeout) {
                    let signs = *pulse.signs();
                    if let Some(stall) = watch.look(standing.role(), signs, Instant::now()) {
                        // Nothing is logged here: it may be the log that holds everybody up.
                        return alarm.ring(stall);
                    }
                }
            })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watchdog had panicked");
        }
    }
}

/// Since when the same things have waited.
#[derive(Debug)]
struct Watch {
    limits: Limits,
    seen: [(Waiting, Instant); 4],
    /// Since when this process is the worker.
    worker_since: Option<Instant>,
}

impl Watch {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            seen: [(None, Instant::now()); 4],
            worker_since: None,
        }
    }

    fn look(&mut self, role: Role, signs: Signs, now: Instant) -> Option<Stall> {
        if role != Role::Worker {
            self.worker_since = None;
            return None;
        }
        let since = *self.worker_since.get_or_insert(now);
        let alive = signs.beat.max(since);
        if now.saturating_duration_since(alive) >= self.limits.runtime {
            return Some(Stall::Runtime);
        }
        let Queue {
            intake,
            inbox,
            outbox,
            jobs,
        } = signs.queue;
        let parts = [
            (Stall::Intake, intake),
            (Stall::Inbox, inbox),
            (Stall::Outbox, outbox),
            (Stall::Jobs, jobs),
        ];
        let mut stalled = None;
        for ((part, waits), seen) in parts.into_iter().zip(&mut self.seen) {
            if waits.is_none() || seen.0 != waits || seen.1 < since {
                *seen = (waits, now);
            } else if now.saturating_duration_since(seen.1) >= self.limits.part {
                stalled = stalled.or(Some(part));
            }
        }
        stalled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Bench {
        watch: Watch,
        start: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                watch: Watch::new(Limits::USUAL),
                start: Instant::now(),
            }
        }

        /// Looks at a second of the bench's time; the runtime beats unless it has stopped before.
        fn at(&mut self, second: u32, beat: u32, queue: Queue) -> Option<Stall> {
            self.at_as(Role::Worker, second, beat, queue)
        }

        fn at_as(&mut self, role: Role, second: u32, beat: u32, queue: Queue) -> Option<Stall> {
            let signs = Signs {
                beat: self.start + beat * SECOND,
                queue,
            };
            self.watch.look(role, signs, self.start + second * SECOND)
        }
    }

    fn inbox(seq: i64) -> Queue {
        Queue {
            inbox: Some(seq),
            ..Queue::default()
        }
    }

    #[test]
    fn a_runtime_that_does_not_beat_for_a_minute_is_noticed() {
        let mut bench = Bench::new();
        assert_eq!(bench.at(0, 0, Queue::default()), None);
        assert_eq!(bench.at(59, 0, Queue::default()), None);
        assert_eq!(bench.at(60, 1, Queue::default()), None);
        assert_eq!(bench.at(61, 1, Queue::default()), Some(Stall::Runtime));
    }

    #[test]
    fn what_waits_for_five_minutes_unmoved_is_noticed() {
        let mut bench = Bench::new();
        assert_eq!(bench.at(10, 10, inbox(7)), None);
        assert_eq!(bench.at(309, 309, inbox(7)), None);
        assert_eq!(bench.at(310, 310, inbox(7)), Some(Stall::Inbox));
        assert_eq!(bench.at(311, 311, inbox(8)), None, "another one waits");
        assert_eq!(bench.at(500, 500, Queue::default()), None, "nothing waits");
        assert_eq!(bench.at(800, 800, inbox(8)), None);
        let outbox = Queue {
            outbox: Some(1),
            ..inbox(9)
        };
        assert_eq!(bench.at(801, 801, outbox), None);
        assert_eq!(
            bench.at(
                1101,
                1101,
                Queue {
                    inbox: None,
                    ..outbox
                }
            ),
            Some(Stall::Outbox)
        );
    }

    #[test]
    fn jobs_that_nobody_does_are_noticed() {
        let mut bench = Bench::new();
        let jobs = |overdue| Queue {
            jobs: Some(overdue),
            ..Queue::default()
        };
        assert_eq!(bench.at(1, 1, jobs(7)), None);
        assert_eq!(bench.at(300, 300, jobs(7)), None);
        assert_eq!(bench.at(302, 302, jobs(7)), Some(Stall::Jobs));
        assert_eq!(bench.at(303, 303, jobs(8)), None, "they come around again");
    }

    #[test]
    fn standbys_are_left_alone_and_a_new_worker_begins_anew() {
        let mut bench = Bench::new();
        assert_eq!(bench.at_as(Role::Standby, 1_000, 0, inbox(7)), None);
        assert_eq!(bench.at(1_001, 0, inbox(7)), None);
        assert_eq!(bench.at(1_061, 1_061, inbox(7)), None);
        assert_eq!(bench.at(1_301, 1_301, inbox(7)), Some(Stall::Inbox));
        assert_eq!(bench.at_as(Role::Outside, 1_302, 1_302, inbox(7)), None);
        assert_eq!(bench.at(1_303, 1_303, inbox(7)), None);
    }

    #[test]
    fn a_blocked_runtime_rings_the_alarm_from_outside() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let (rang, heard) = mpsc::channel();
        let limits = Limits {
            runtime: Duration::from_millis(20),
            part: Duration::from_secs(60),
            look_every: Duration::from_millis(1),
        };
        let standing = Standing::of(Role::Worker);
        let pulse = Pulse::new();
        // Nobody drives the runtime, so that it does not beat.
        runtime.spawn(pulse.clone().run());
        let alarm = Alarm::new(move |stall| rang.send(stall).expect("somebody listens"));
        let watchdog = Watchdog::start(pulse, standing, limits, alarm).expect("a thread");
        assert_eq!(heard.recv(), Ok(Stall::Runtime));
        drop(watchdog);
    }
}
