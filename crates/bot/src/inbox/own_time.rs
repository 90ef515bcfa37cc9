//! The time that work takes of its own: what it waits for Telegram does not count.

use std::cell::Cell;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::clock::{Clock, Timestamp};

/// How long a piece of work has waited for somebody else.
#[derive(Clone, Copy, Default)]
struct Waits {
    /// In waits that are over.
    over: TimeDelta,
    /// Since when it waits now.
    since: Option<Timestamp>,
}

struct Watch {
    clock: Arc<dyn Clock>,
    waits: Cell<Waits>,
}

tokio::task_local! {
    static WATCH: Watch;
}

/// Runs `work` until it has taken `limit` of its own time; none when it has.
pub(crate) async fn limited<F: Future>(
    clock: &Arc<dyn Clock>,
    limit: TimeDelta,
    work: F,
) -> Option<F::Output> {
    let watch = Watch {
        clock: clock.clone(),
        waits: Cell::default(),
    };
    let begun = clock.now();
    let expires = async {
        // While it waits, the end moves on with the time.
        loop {
            let now = clock.now();
            let waits = WATCH.with(|watch| watch.waits.get());
            let waited = waits.over + waits.since.map_or(TimeDelta::zero(), |since| now - since);
            let left = limit - (now - begun - waited);
            if left <= TimeDelta::zero() {
                return;
            }
            clock.sleep(left).await;
        }
    };
    let limited = async {
        tokio::select! {
            done = work => Some(done),
            () = expires => None,
        }
    };
    WATCH.scope(watch, limited).await
}

/// Waits for somebody else.
pub(crate) async fn outside<F: Future>(call: F) -> F::Output {
    let _wait = Wait::begin();
    call.await
}

/// A wait that ends when this is dropped.
struct Wait;

impl Wait {
    fn begin() -> Option<Self> {
        let begun = WATCH.try_with(|watch| {
            let waits = watch.waits.get();
            let begins = waits.since.is_none();
            if begins {
                watch.waits.set(Waits {
                    since: Some(watch.clock.now()),
                    ..waits
                });
            }
            begins
        });
        begun.unwrap_or(false).then(|| Self)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // The work may be dropped as a whole, its watch first.
        let _ = WATCH.try_with(|watch| {
            let waits = watch.waits.get();
            let length = waits
                .since
                .map_or(TimeDelta::zero(), |since| watch.clock.now() - since);
            watch.waits.set(Waits {
                over: waits.over + length,
                since: None,
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::clock::TestClock;
    use futures_util::FutureExt;

    use super::*;

    const S: fn(i64) -> TimeDelta = TimeDelta::seconds;

    fn clock() -> (TestClock, Arc<dyn Clock>) {
        let clock = TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).expect("in range"));
        (clock.clone(), Arc::new(clock))
    }

    #[test]
    fn what_takes_too_long_by_itself_is_ended() {
        let (time, clock) = clock();
        let mut work = Box::pin(limited(&clock, S(20), std::future::pending::<()>()));
        assert_eq!(work.as_mut().now_or_never(), None);
        time.advance(S(19));
        assert_eq!(work.as_mut().now_or_never(), None);
        time.advance(S(1));
        assert_eq!(work.as_mut().now_or_never(), Some(None));
    }

    #[test]
    fn what_it_waits_for_others_does_not_count() {
        let (time, clock) = clock();
        let answers = clock.clone();
        let mut work = Box::pin(limited(&clock, S(20), async move {
            answers.sleep(S(10)).await;
            outside(outside(answers.sleep(S(60)))).await;
            answers.sleep(S(9)).await;
            outside(answers.sleep(S(60))).await;
            std::future::pending::<()>().await;
        }));
        for seconds in [10, 30, 30, 9, 59, 1] {
            assert_eq!(work.as_mut().now_or_never(), None);
            time.advance(S(seconds));
        }
        assert_eq!(work.as_mut().now_or_never(), None, "a second of its own is left");
        time.advance(S(1));
        assert_eq!(work.as_mut().now_or_never(), Some(None));
    }

    #[test]
    fn without_a_limit_there_is_nothing_to_watch() {
        assert_eq!(outside(async { 7 }).now_or_never(), Some(7));
    }
}
