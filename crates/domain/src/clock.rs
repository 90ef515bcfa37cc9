//! The clock that everybody is given.
//!
//! No code of Lucien's asks the machine for the time or sleeps on its own: it is handed a
//! [`Clock`]. In production that is the machine's clock; in tests it is a [`TestClock`], which
//! stands still until it is moved.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A moment, in UTC, exact to the microsecond (what both databases keep).
pub type Timestamp = DateTime<Utc>;

/// What [`Clock::sleep_until`] returns: ready once the moment has come.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and lets one wait for a moment.
pub trait Clock: Debug + Send + Sync {
    /// The present moment, in UTC, cut to whole microseconds.
    fn now(&self) -> Timestamp;

    /// Waits until [`Clock::now`] has reached `at`; ready at once when it already has.
    fn sleep_until(&self, at: Timestamp) -> Sleep;

    /// Waits for a length of time; ready at once when it is not positive.
    fn sleep(&self, length: TimeDelta) -> Sleep {
        self.sleep_until(self.now() + length)
    }
}

/// Cuts a moment to whole microseconds, the finest unit that both databases keep.
#[must_use]
pub fn to_micros(at: Timestamp) -> Timestamp {
    at.trunc_subsecs(6)
}

/// A clock that stands still until it is moved. Clones share one time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    next_key: u64,
    sleepers: Vec<Sleeper>,
}

#[derive(Debug)]
struct Sleeper {
    key: u64,
    at: Timestamp,
    waker: Waker,
}

impl TestClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: to_micros(now),
            next_key: 0,
            sleepers: Vec::new(),
        })))
    }

    /// Moves the clock forward and wakes those whose moment has come.
    pub fn advance(&self, length: TimeDelta) {
        let now = self.lock().now + length;
        self.set(now);
    }

    /// Sets the clock, wakes those whose moment has come. Going back is allowed: real clocks do.
    pub fn set(&self, now: Timestamp) {
        let due = {
            let mut state = self.lock();
            state.now = to_micros(now);
            let now = state.now;
            let (due, waiting) = state.sleepers.drain(..).partition(|s| s.at <= now);
            state.sleepers = waiting;
            due
        };
        for Sleeper { waker, .. } in due {
            waker.wake();
        }
    }

    /// The earliest moment that somebody is waiting for.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.lock().sleepers.iter().map(|s| s.at).min()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep {
        let key = {
            let mut state = self.lock();
            state.next_key += 1;
            state.next_key
        };
        Box::pin(TestSleep {
            clock: self.clone(),
            key,
            at,
        })
    }
}

struct TestSleep {
    clock: TestClock,
    key: u64,
    at: Timestamp,
}

impl Future for TestSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.lock();
        if state.now >= self.at {
            return Poll::Ready(());
        }
        let key = self.key;
        let waker = cx.waker().clone();
        match state.sleepers.iter_mut().find(|s| s.key == key) {
            Some(sleeper) => sleeper.waker = waker,
            None => state.sleepers.push(Sleeper {
                key,
                at: self.at,
                waker,
            }),
        }
        Poll::Pending
    }
}

impl Drop for TestSleep {
    fn drop(&mut self) {
        let key = self.key;
        self.clock.lock().sleepers.retain(|s| s.key != key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn start() -> Timestamp {
        DateTime::from_timestamp(1_790_000_000, 123_456_789).expect("in range")
    }

    #[test]
    fn time_is_cut_to_microseconds() {
        assert_eq!(
            TestClock::new(start()).now().timestamp_subsec_nanos(),
            123_456_000
        );
    }

    #[test]
    fn a_sleeper_wakes_at_its_moment_and_not_before() {
        let clock = TestClock::new(start());
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let mut sleep = clock.sleep(TimeDelta::seconds(10));

        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        assert_eq!(clock.next_wake(), Some(clock.now() + TimeDelta::seconds(10)));
        clock.advance(TimeDelta::milliseconds(9_999));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert!(sleep.as_mut().poll(&mut cx).is_ready());
        assert_eq!(clock.next_wake(), None);
    }

    #[test]
    fn a_dropped_sleeper_is_forgotten() {
        let clock = TestClock::new(start());
        let waker = Waker::from(Arc::new(Count::default()));
        let mut sleep = clock.sleep(TimeDelta::seconds(1));
        assert!(sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(sleep);
        assert_eq!(clock.next_wake(), None);
    }
}
