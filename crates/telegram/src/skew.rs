//! How far our clock is from Telegram's.
//!
//! Each answer has a `Date` header: the second in which Telegram wrote it. By our clock that was at some
//! moment between asking and having the answer; a difference counts only as far as no such moment
//! explains it. A slow answer, such as a long poll's, therefore never looks like a wrong clock.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::{Clock, Timestamp};
use reqwest::header::{DATE, HeaderMap};

/// How long a reading counts: a clock may have been set right since.
const READING_COUNTS: TimeDelta = TimeDelta::minutes(10);
/// `Date` is cut to whole seconds.
const DATE_STEP: TimeDelta = TimeDelta::seconds(1);

/// Compares our clock with the dates of answers. Clones share what they know.
#[derive(Clone, Debug)]
pub(crate) struct Skew {
    clock: Arc<dyn Clock>,
    latest: Arc<Mutex<Option<Reading>>>,
}

/// The difference as one answer showed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// By how much our clock was ahead, at least; negative when it was behind.
    ahead: TimeDelta,
    /// When the answer was there, by our clock.
    at: Timestamp,
}

impl Skew {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let latest = Arc::default();
        Self { clock, latest }
    }

    /// Now, by our clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the date of an answer to what was asked at `asked` and has just arrived. It counts once
    /// it is noted: whoever else answers in Telegram's place may have another clock.
    pub(crate) fn read(&self, asked: Timestamp, headers: &HeaderMap) -> Option<Reading> {
        Reading::new(asked, date(headers)?, self.now())
    }

    /// Keeps what an answer of Telegram's has shown, if it has.
    pub(crate) fn note(&self, reading: Option<Reading>) {
        if reading.is_some() {
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        }
    }

    /// By how much our clock is ahead of Telegram's; negative when it is behind. None while no
    /// answer of the last ten minutes tells.
    pub(crate) fn difference(&self) -> Option<TimeDelta> {
        let latest = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading { ahead, at } = latest?;
        (TimeDelta::zero()..=READING_COUNTS)
            .contains(&(self.now() - at))
            .then_some(ahead)
    }
}

impl Reading {
    /// None when our clock was set back in the meantime.
    fn new(asked: Timestamp, date: DateTime<Utc>, answered: Timestamp) -> Option<Self> {
        if answered < asked {
            return None;
        }
        let (least, most) = (asked - (date + DATE_STEP), answered - date);
        let none = TimeDelta::zero();
        let ahead = if least > none { least } else { most.min(none) };
        Some(Self { ahead, at: answered })
    }
}

fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(DATE)?.to_str().ok()?;
    // The form of HTTP dates (RFC 9110, section 5.6.7) is one of those of RFC 2822.
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use domain::clock::TestClock;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).expect("in range")
    }

    fn headers(date: &str) -> HeaderMap {
        let date = HeaderValue::from_str(date).expect("a header");
        HeaderMap::from_iter([(DATE, date)])
    }

    fn ahead(asked: i64, date: i64, answered: i64) -> Option<i64> {
        Reading::new(at(asked), at(date), at(answered)).map(|reading| reading.ahead.num_seconds())
    }

    #[test]
    fn only_what_the_way_does_not_explain_is_a_difference() {
        // At once.
        assert_eq!(ahead(0, 0, 0), Some(0));
        assert_eq!(ahead(400, 0, 400), Some(399));
        assert_eq!(ahead(0, 400, 0), Some(-400));
        // A long poll.
        assert_eq!(ahead(0, 0, 50), Some(0));
        assert_eq!(ahead(0, 50, 50), Some(0));
        assert_eq!(ahead(400, 0, 450), Some(399));
        assert_eq!(ahead(0, 450, 50), Some(-400));
        // Our clock was set in the meantime.
        assert_eq!(ahead(0, 0, 86_400), Some(0));
        assert_eq!(ahead(86_400, 0, 0), None);
    }

    #[test]
    fn readings_grow_old() {
        let clock = TestClock::new(at(0));
        let skew = Skew::new(Arc::new(clock.clone()));
        assert_eq!(skew.difference(), None);
        for nothing in ["", "yesterday", "2026-09-21T14:00:00Z"] {
            assert_eq!(skew.read(at(0), &headers(nothing)), None, "{nothing}");
        }
        assert_eq!(skew.read(at(0), &HeaderMap::new()), None);

        // 1790000000 is Mon, 21 Sep 2026 14:13:20 GMT.
        let dated = headers("Mon, 21 Sep 2026 14:23:20 GMT");
        skew.note(skew.read(at(0), &dated));
        skew.note(None);
        assert_eq!(skew.difference(), Some(TimeDelta::minutes(-10)));
        assert_eq!(
            skew.clone().difference(),
            skew.difference(),
            "clones know the same"
        );
        clock.advance(READING_COUNTS);
        assert_eq!(skew.difference(), Some(TimeDelta::minutes(-10)));
        clock.advance(TimeDelta::microseconds(1));
        assert_eq!(skew.difference(), None);
        skew.note(skew.read(skew.now(), &dated));
        assert_eq!(skew.difference(), Some(TimeDelta::zero()));
    }

    proptest! {
        /// Whatever the way takes, a difference is never told larger than it is, nor the other way.
        #[test]
        fn a_difference_is_never_exaggerated(
            there in 0i64..60_000,
            back in 0i64..60_000,
            ahead in -1_000_000i64..1_000_000,
        ) {
            let millis = TimeDelta::milliseconds;
            let asked = at(0) + millis(ahead);
            let written = at(0) + millis(there);
            let date = DateTime::from_timestamp(written.timestamp(), 0).expect("in range");
            let reading = Reading::new(asked, date, asked + millis(there + back)).expect("time goes on");
            let told = reading.ahead.num_milliseconds();
            prop_assert!(told * ahead >= 0);
            prop_assert!(told.abs() <= ahead.abs());
            prop_assert!(told.abs() >= ahead.abs() - there - back - 1_000);
        }
    }
}
