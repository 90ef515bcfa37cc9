//! The bot's token: whether it still is one, and whether somebody else uses it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use domain::clock::Timestamp;
use telegram::polling::{Contact, Trouble};
use tokio::sync::watch;

use super::{Means, notices};
use crate::bell::Bell;
use crate::house::Fatal;

/// How long a token may be refused before the process ends: Telegram has had bad minutes.
const REFUSED_FOR: TimeDelta = TimeDelta::minutes(10);
/// Two who poll at once end each other's polls in turn, so the other one is gone only when this long
/// nothing was heard of it.
const QUIET: TimeDelta = TimeDelta::seconds(60);
/// The pause before a notice that could not be written down is tried again.
const PAUSE: TimeDelta = TimeDelta::seconds(5);

/// Closed while somebody else runs with the token: what nobody waits for does not go out then, since
/// the other one may send it as well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn close(&self, is_closed: bool) {
        self.0.store(is_closed, Ordering::Relaxed);
    }
}

/// Follows what is learned of the token, and tells the custodians once that somebody else uses it.
///
/// # Errors
/// [`Fatal::TokenRevoked`] when the token has been refused for ten minutes.
pub(super) async fn watch(
    means: Means,
    mut contact: watch::Receiver<Contact>,
    gate: Gate,
    outbox: Bell,
) -> Result<Infallible, Fatal> {
    let mut watch = Watch::default();
    let mut told = false;
    loop {
        let trouble = contact.borrow_and_update().trouble;
        let next = watch.see(trouble, means.clock.now());
        if watch.is_over() {
            return Err(Fatal::TokenRevoked);
        }
        if gate.is_closed() != watch.others_run() {
            gate.close(watch.others_run());
            outbox.ring();
        }
        if watch.others_run() && !told {
            told = tell(&means, &outbox).await;
        }
        let retry = (watch.others_run() && !told).then(|| means.clock.now() + PAUSE);
        let wake = [next, retry].into_iter().flatten().min();
        let rested = async {
            match wake {
                Some(at) => means.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = contact.changed() => {
                if changed.is_err() {
                    // Receiving has ended, which ends the epoch.
                    return std::future::pending().await;
                }
            }
            () = rested => {}
        }
    }
}

async fn tell(means: &Means, outbox: &Bell) -> bool {
    tracing::error!("another program runs with this token: the outbox is closed meanwhile");
    match notices::other_program(means, outbox).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the custodians cannot be told yet");
            false
        }
    }
}

/// What was seen, and until when it holds.
#[derive(Debug, Default)]
struct Watch {
    refused_since: Option<Timestamp>,
    now: Option<Timestamp>,
    others_until: Option<Timestamp>,
}

impl Watch {
    /// Takes note; returns when to look again though nothing has changed.
    fn see(&mut self, trouble: Option<Trouble>, now: Timestamp) -> Option<Timestamp> {
        self.now = Some(now);
        match trouble {
            Some(Trouble::Unauthorized) => {
                self.refused_since.get_or_insert(now);
            }
            Some(Trouble::OtherPoller) => {
                self.refused_since = None;
                self.others_until = Some(now + QUIET);
            }
            // Not to be reached: that says nothing about the token.
            Some(Trouble::Away) => {}
            Some(Trouble::WebhookSet) | None => self.refused_since = None,
        }
        let refused = self.refused_since.map(|since| since + REFUSED_FOR);
        let others = self.others_until.filter(|until| *until > now);
        [refused, others].into_iter().flatten().min()
    }

    fn is_over(&self) -> bool {
        let now = self.now.unwrap_or_default();
        self.refused_since.is_some_and(|since| now - since >= REFUSED_FOR)
    }

    fn others_run(&self) -> bool {
        let now = self.now.unwrap_or_default();
        self.others_until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).expect("in range")
    }

    #[test]
    fn a_token_that_is_refused_for_ten_minutes_is_given_up() {
        let mut watch = Watch::default();
        assert_eq!(watch.see(None, at(0)), None);
        assert_eq!(watch.see(Some(Trouble::Unauthorized), at(10)), Some(at(610)));
        assert_eq!(watch.see(Some(Trouble::Away), at(300)), Some(at(610)));
        watch.see(Some(Trouble::Unauthorized), at(609));
        assert!(!watch.is_over());
        watch.see(Some(Trouble::Unauthorized), at(610));
        assert!(watch.is_over());
        watch.see(None, at(611));
        assert!(!watch.is_over(), "it is accepted again");
    }

    #[test]
    fn somebody_else_is_gone_when_nothing_was_heard_for_a_minute() {
        let mut watch = Watch::default();
        watch.see(Some(Trouble::OtherPoller), at(0));
        assert!(watch.others_run());
        // Polls that succeed in between say nothing.
        assert_eq!(watch.see(None, at(1)), Some(at(60)));
        assert!(watch.others_run());
        watch.see(Some(Trouble::OtherPoller), at(2));
        watch.see(None, at(60));
        assert!(watch.others_run());
        assert_eq!(watch.see(None, at(62)), None);
        assert!(!watch.others_run());
    }
}
