//! Members of a channel that was led by somebody else: their time goes on here.
//!
//! Nobody's time is shortened, and nobody is told anything: for them nothing has changed. What is written down
//! of them may be wrong, so nobody is seen out before a custodian has looked.

use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::person::Profile;
use domain::redemption::{Redemption, RedemptionKind};
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use store::invitations::{self, IssueError};
use store::outbox::{self, Of};
use store::people::{self, History, NewRole};
use store::subscribers::{self, StoredSubscription};
use store::{Store, StoreError, Tx, departures, holds};

use crate::invitation::new_code;
use crate::outbox::OutboxKind;

/// A member, as somebody else has known them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who. A name that is not known is [`UNNAMED`](domain::person::UNNAMED).
    pub profile: Profile,
    /// Since when they are a member; none: since now.
    pub joined: Option<Timestamp>,
    /// The last moment of their membership.
    pub end: Timestamp,
}

/// How many members there were of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New ones.
    pub added: u64,
    /// Those who were here already, and whose time is longer now.
    pub extended: u64,
    /// Those who were here already, for as long or longer.
    pub unchanged: u64,
}

/// Takes members in, all or nobody; with `dry_run` nobody, and tells what would be.
///
/// # Errors
/// When the database does not answer; [`StoreError::Busy`] when somebody else changes the same people.
pub async fn import(
    store: &Store,
    members: &[Member],
    dry_run: bool,
    now: Timestamp,
) -> Result<Imported, StoreError> {
    let tx = store.begin().await?;
    let mut imported = Imported::default();
    for member in members {
        let previous = subscribers::find(&tx, member.profile.id).await?;
        let count = match &previous {
            None => &mut imported.added,
            Some(previous) if is_covered(previous, member.end) => {
                imported.unchanged += 1;
                continue;
            }
            Some(_) => &mut imported.extended,
        };
        *count += 1;
        take_in(&tx, member, previous.as_ref(), now).await?;
    }
    if dry_run {
        return Ok(imported);
    }
    if imported.added + imported.extended > 0 {
        holds::set(&tx, HoldReason::Imported, now).await?;
    }
    tx.commit().await?;
    Ok(imported)
}

/// Whether a membership lasts until then anyhow, or lasted until then.
fn is_covered(previous: &StoredSubscription, end: Timestamp) -> bool {
    previous.subscription.expiry >= end
}

async fn take_in(
    tx: &Tx,
    member: &Member,
    previous: Option<&StoredSubscription>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let user = member.profile.id;
    people::insert_if_absent(tx, &member.profile, Role::Free, now).await?;
    let token = match invitations::import(tx, user, new_code, now).await {
        Ok(token) => token,
        // Other codes are tried with the next attempt.
        Err(IssueError::NoCode | IssueError::NotOnOffer) => return Err(StoreError::Busy),
        Err(IssueError::Store(error)) => return Err(error),
    };
    let membership = Redemption {
        expiry: member.end,
        // They are inside.
        stage: None,
        kind: match previous {
            None => RedemptionKind::First,
            Some(previous) if previous.subscription.is_valid(now) => RedemptionKind::Renewal,
            Some(_) => RedemptionKind::Return,
        },
    };
    if !subscribers::apply_redemption(tx, user, token, previous, &membership, now).await? {
        return Err(StoreError::Busy);
    }
    if let (None, Some(joined)) = (previous, member.joined) {
        subscribers::set_joined(tx, user, joined).await?;
    }
    if member.end < now {
        // The next sweep ends it, and a custodian is asked.
        return Ok(());
    }
    become_vip(tx, user, now).await?;
    departures::renew(tx, user, now).await?;
    outbox::cancel(tx, Of::Person(user.0), OutboxKind::Remove.label(), now).await?;
    Ok(())
}

async fn become_vip(tx: &Tx, user: UserId, now: Timestamp) -> Result<(), StoreError> {
    let known = people::find(tx, user).await?;
    if known.is_some_and(|person| person.role == Role::Admin) {
        return Ok(());
    }
    let role = NewRole {
        user,
        role: Role::Vip,
        by: UserId::HOUSE,
        reason: RoleChangeReason::ManualChange,
        source: RoleChangeSource::System,
        metadata: None,
    };
    people::set_role(tx, &role, History::Changes, now).await.map(drop)
}
