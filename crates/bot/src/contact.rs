//! Who can be written to, and who cannot.
//!
//! Telegram says so in three ways: a person blocks the bot or lets it write again (`my_chat_member` of
//! the private chat), a message is refused, or the person writes, which nobody does who has blocked
//! the bot.

use domain::clock::Timestamp;
use domain::id::UserId;
use store::{StoreError, Tx, reachability};
use telegram::{ApiError, Meaning};

/// Why somebody is in reach again: they wrote.
pub(crate) const WROTE: &str = "wrote";
/// They let the bot write again.
pub(crate) const UNBLOCKED: &str = "unblocked";
/// They have blocked the bot.
pub(crate) const BLOCKED: &str = "blocked";

/// Why nobody with this refusal can be written to; none when it says nothing of that kind.
pub(crate) fn out_of_reach(error: &ApiError) -> Option<&'static str> {
    match error.meaning()? {
        Meaning::Blocked => Some(BLOCKED),
        Meaning::NeverStarted => Some("never_started"),
        Meaning::Deactivated => Some("deactivated"),
        _ => None,
    }
}

/// Notes of a person that a message to them was refused, if it says that they are out of reach.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn note_refusal(
    tx: &Tx,
    person: UserId,
    error: &ApiError,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(reason) = out_of_reach(error)
        && reachability::note_blocked(tx, person, reason, now).await?
    {
        tracing::info!(person = person.0, reason, "a person cannot be written to");
    }
    Ok(())
}
