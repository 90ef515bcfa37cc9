//! What the end of a call means for its row.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use store::outbox::OutboxRow;
use telegram::{ApiError, Verdict};

use super::policy::{Policy, Then, Unknown};
use crate::backoff::Backoff;
use crate::error::{Failure, HandlerError};

/// So many faults of its own make a dead letter; it rests before each further try.
const MAX_ATTEMPTS: i32 = 3;
const PAUSES: [TimeDelta; 2] = [TimeDelta::seconds(1), TimeDelta::seconds(5)];
/// The failure of a row that was tried for as long as its kind is.
const TOO_LATE: &str = "too late";

/// How a try ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Telegram has done it, with that result (JSON, if it is to be kept).
    Done(Option<String>),
    /// It came to nothing, so far.
    Failed(HandlerError),
    /// Nobody knows.
    Unknown,
    /// Our own mistake; nobody knows how far it got.
    Panicked,
}

/// What becomes of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is done.
    Done { result: Option<String> },
    /// It is over without having been done; nobody has to see to it.
    Over { why: String },
    /// It is tried again.
    Again {
        at: Timestamp,
        attempts: i32,
        unknown: bool,
        /// Whether the next wait is longer than this one.
        doubles: bool,
    },
    /// It is a dead letter.
    Dead { failure: String },
    /// It is never tried again, and nobody will know.
    Uncertain,
    /// It is somebody else's by now.
    Lost,
}

/// Decides. `waits` is how often the row has waited for no fault of its own since this process
/// knows it.
pub(super) fn decide(
    policy: &Policy,
    row: &OutboxRow,
    outcome: &Outcome,
    waits: u32,
    backoff: &Backoff,
    now: Timestamp,
) -> Next {
    let again = |wait: TimeDelta, attempts, unknown, doubles| Next::Again {
        at: now + wait,
        attempts,
        unknown,
        doubles,
    };
    let rest = || again(backoff.wait(waits), row.attempts, false, true);
    let own_fault = |failure: Failure, unknown| {
        let attempts = row.attempts + 1;
        let pause = usize::try_from(row.attempts).ok().and_then(|n| PAUSES.get(n));
        match pause {
            Some(pause) if attempts < MAX_ATTEMPTS => again(*pause, attempts, unknown, false),
            _ => Next::Dead {
                failure: failure.label().to_owned(),
            },
        }
    };
    let unknown = |next: Next| match policy.unknown {
        Unknown::NeverRepeat => Next::Uncertain,
        Unknown::Repeat => next,
    };
    let next = match outcome {
        Outcome::Done(result) => Next::Done {
            result: result.clone(),
        },
        Outcome::Unknown | Outcome::Failed(HandlerError::Api(ApiError::NoAnswer { .. })) => {
            unknown(again(backoff.wait(waits), row.attempts, true, true))
        }
        Outcome::Panicked => unknown(own_fault(Failure::Panic, true)),
        Outcome::Failed(HandlerError::Api(error)) => match error.verdict() {
            Verdict::Done => Next::Done { result: None },
            Verdict::Retry(Some(wait)) => again(wait, row.attempts, false, false),
            // The bot itself cannot work now.
            Verdict::Retry(None) | Verdict::Stop => rest(),
            Verdict::Gone => refused(policy.gone, error, row, now),
            Verdict::NoRights => refused(policy.no_rights, error, row, now),
            Verdict::Bad => refused(policy.bad, error, row, now),
        },
        Outcome::Failed(error) => match error.fault() {
            crate::error::Fault::Own(failure) => own_fault(failure, false),
            crate::error::Fault::Lost => Next::Lost,
            crate::error::Fault::Outside(Some(wait)) => again(wait, row.attempts, false, false),
            crate::error::Fault::Outside(None) | crate::error::Fault::Undeliverable => rest(),
        },
    };
    in_time(policy, row, next)
}

fn refused(then: Then, error: &ApiError, row: &OutboxRow, now: Timestamp) -> Next {
    let why = || {
        error
            .meaning()
            .map_or_else(String::new, |meaning| meaning.to_string())
    };
    match then {
        Then::Finish => Next::Over { why: why() },
        Then::Bury => Next::Dead { failure: why() },
        Then::Wait(wait) => Next::Again {
            at: now + wait,
            attempts: row.attempts,
            unknown: false,
            doubles: false,
        },
    }
}

/// What would be tried too late is given up.
fn in_time(policy: &Policy, row: &OutboxRow, next: Next) -> Next {
    match (&next, policy.try_for) {
        (Next::Again { at, unknown, .. }, Some(length)) if *at > row.created_at + length => {
            if *unknown || row.unknown {
                Next::Uncertain
            } else {
                Next::Dead {
                    failure: TOO_LATE.to_owned(),
                }
            }
        }
        _ => next,
    }
}
