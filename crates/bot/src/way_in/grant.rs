//! A custodian gives time without an invitation.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::plan::Plan;
use domain::redemption::{Redemption, RedemptionKind};
use domain::role::RoleChangeSource;
use store::invitations::{self, IssueError, NewGrant, Offer};
use store::{StoreError, Tx, bot_config, subscribers};

use super::Scene;
use super::redemption::{self, Change};
use crate::invitation::new_code;
use crate::outbox::{CustodianNotice, Errand, PersonNotice, errand, notices};

/// What is given.
#[derive(Clone, Copy)]
pub(crate) struct Granting<'a> {
    /// To whom.
    pub(crate) person: UserId,
    /// The plan whose days they are.
    pub(crate) plan: &'a Plan,
    /// Which custodian gives it.
    pub(crate) by: UserId,
    /// The end of the membership as that custodian has seen it, to the second.
    pub(crate) seen: Timestamp,
}

/// Gives it, by the arithmetic of a redemption, and tells everybody. None when the membership has another
/// end by now: then nothing may be committed.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn grant(
    tx: &Tx,
    scene: Scene<'_>,
    granting: Granting<'_>,
) -> Result<Option<Redemption>, StoreError> {
    let Granting {
        person,
        plan,
        by,
        seen,
    } = granting;
    let Scene { custodians, now } = scene;
    let previous = subscribers::find(tx, person).await?;
    let Some(previous) = previous.filter(|stored| is_end(stored.subscription.expiry, seen)) else {
        return Ok(None);
    };
    let days = redemption::days_of(&Offer::from(plan.clone()));
    let redemption = Redemption::of(Some(&previous.subscription), days, now);
    let new = NewGrant {
        user: person,
        plan,
        by,
    };
    let token = match invitations::grant(tx, &new, new_code, now).await {
        Ok(token) => token,
        // Other codes are tried later.
        Err(IssueError::NoCode | IssueError::NotOnOffer) => return Err(StoreError::Busy),
        Err(IssueError::Store(error)) => return Err(error),
    };
    if !subscribers::apply_redemption(tx, person, token, Some(&previous), &redemption, now).await? {
        return Ok(None);
    }
    let config = bot_config::get(tx).await?;
    let change = Change {
        who: person,
        had_one: true,
        redemption: &redemption,
        vip: config.and_then(|config| config.channel(domain::channel::Channel::Vip)),
        by,
        source: RoleChangeSource::AdminPanel,
    };
    let mut errands = redemption::follow(tx, change, now).await?;
    let (days, until) = (days.get(), redemption.expiry);
    let returns = redemption.kind == RedemptionKind::Return;
    let notice = CustodianNotice::Granted {
        person,
        days,
        until,
        returns,
    };
    errands.push(Errand::tell(person, PersonNotice::Granted { days, until }));
    errands.extend(notices::errands(&notice, custodians));
    errand::enqueue_all(tx, &errands, now).await?;
    Ok(Some(redemption))
}

/// Whether a membership ends when somebody has seen that it does. Buttons carry whole seconds.
pub(crate) fn is_end(expiry: Timestamp, seen: Timestamp) -> bool {
    expiry.timestamp() == seen.timestamp()
}
