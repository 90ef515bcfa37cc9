//! What changes on the way into the members' channel, whoever brings it about: the answer to an update
//! or the end of a row of the outbox. Everything here happens within a transaction that is given.
//!
//! | module | holds |
//! |---|---|
//! | [`redemption`] | an invitation is redeemed |
//! | [`grant`] | a custodian gives time without one |
//! | [`link`] | personal links: planned, made, refused, at an end |
//! | [`arrival`] | somebody is inside |
//! | [`removal`] | somebody is outside |
//! | [`rights`] | what Lucien may do in a channel |

pub(crate) mod arrival;
pub(crate) mod grant;
pub(crate) mod link;
pub(crate) mod redemption;
pub(crate) mod removal;
pub(crate) mod rights;

use std::collections::BTreeSet;

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use store::people::{self, History, NewRole};
use store::{StoreError, Tx};

/// Who is told of what happens, and when it is.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) custodians: &'a BTreeSet<UserId>,
    pub(crate) now: Timestamp,
}

/// Stores the role that somebody has from now on, for a reason.
async fn become_role(
    tx: &Tx,
    user: UserId,
    role: Role,
    reason: RoleChangeReason,
    history: History,
    now: Timestamp,
) -> Result<(), StoreError> {
    let new = NewRole {
        user,
        role,
        by: UserId::HOUSE,
        reason,
        source: RoleChangeSource::System,
        metadata: None,
    };
    people::set_role(tx, &new, history, now).await?;
    Ok(())
}
