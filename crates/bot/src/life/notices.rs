//! What the custodians are told of the life of the house.

use chrono::{DateTime, TimeDelta};
use domain::clock::Timestamp;
use domain::id::UserId;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, invitations, settings as stored};

use super::Means;
use crate::bell::Bell;
use crate::outbox::{CustodianNotice, notices};
use crate::settings::Settings;

/// A house that starts again and again tells it so often at most, unless its version is another one.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// Where it is remembered.
const KEY: &str = "told.on_duty";
/// Where it is remembered how many invitations waited.
const HELD_KEY: &str = "told.invitations_held";
/// What was told last.
#[derive(Deserialize, Serialize)]
struct Told {
    version: String,
    /// Seconds since 1970.
    at: i64,
}

/// Writes down that Lucien is on duty, unless that was told just now.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn on_duty(
    tx: &Tx,
    settings: &Settings,
    migrations: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(introduction) = &settings.introduction else {
        return Ok(());
    };
    let last = stored::get(tx, KEY).await?;
    if last.is_some_and(|last| is_enough(&last, &introduction.version, now)) {
        return Ok(());
    }
    let told = Told {
        version: introduction.version.clone(),
        at: now.timestamp(),
    };
    let told = serde_json::to_string(&told).expect("it has no keys but strings");
    stored::set(tx, KEY, &told, UserId::HOUSE, now).await?;
    let notice = CustodianNotice::OnDuty {
        version: introduction.version.clone(),
        webhook: settings.updates.is_webhook(),
        api: introduction.api.clone(),
        migrations: u32::try_from(migrations).unwrap_or(u32::MAX),
    };
    notices::enqueue(tx, &notice, &settings.custodians, now).await
}

/// Writes down that invitations wait for a custodian's consent, unless as many were told before.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn invitations_held(tx: &Tx, settings: &Settings, now: Timestamp) -> Result<(), StoreError> {
    let count = invitations::held(tx, now).await?.len();
    let told = stored::get(tx, HELD_KEY).await?.unwrap_or_default();
    if count.to_string() == told || (count == 0 && told.is_empty()) {
        return Ok(());
    }
    stored::set(tx, HELD_KEY, &count.to_string(), UserId::HOUSE, now).await?;
    if count == 0 {
        return Ok(());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let notice = CustodianNotice::InvitationsHeld { count };
    notices::enqueue(tx, &notice, &settings.custodians, now).await
}

/// Whether what was told last need not be told again. What cannot be read was not told.
fn is_enough(last: &str, version: &str, now: Timestamp) -> bool {
    let Ok(told) = serde_json::from_str::<Told>(last) else {
        return false;
    };
    let at = DateTime::from_timestamp(told.at, 0).unwrap_or_default();
    // A clock that was set back does not make it silent until then.
    told.version == version && (TimeDelta::zero()..EVERY).contains(&(now - at))
}

/// Tells that another program works with the token.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn other_program(means: &Means, outbox: &Bell) -> Result<(), StoreError> {
    let custodians = &means.settings.custodians;
    let now = means.clock.now();
    means
        .store
        .write(async |tx| notices::enqueue(tx, &CustodianNotice::OtherProgram, custodians, now).await)
        .await?;
    outbox.ring();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_told_once_an_hour_and_with_each_new_version() {
        let at = |seconds: i64| DateTime::from_timestamp(1_790_000_000 + seconds, 0).expect("in range");
        let last = r#"{"version":"1.2.3","at":1790000000}"#;
        assert!(is_enough(last, "1.2.3", at(0)));
        assert!(is_enough(last, "1.2.3", at(3_599)));
        assert!(!is_enough(last, "1.2.3", at(3_600)));
        assert!(!is_enough(last, "1.2.4", at(1)));
        assert!(!is_enough(last, "1.2.3", at(-1)), "the clock was set back");
        assert!(!is_enough("nonsense", "1.2.3", at(0)));
    }
}
