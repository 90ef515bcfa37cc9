//! An invitation is redeemed.

use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::plan::PlanDays;
use domain::redemption::{Redemption, RedemptionKind};
use domain::ritual::role_at;
use domain::role::RoleChangeSource;
use store::entry_links::CloseReason;
use store::invitations::{self, FoundInvitation, Offer};
use store::outbox::{self, Of};
use store::people::{self, History, NewRole};
use store::{StoreError, Tx, departures, subscribers};

use super::{Scene, link};
use crate::outbox::{Bought, CustodianNotice, Errand, OutboxKind, errand, notices};

/// Redeems an invitation that was looked up by whoever opens it; they are stored. None when it has been changed since, or
/// their membership has: then nothing may be committed, and it has to be looked up anew.
///
/// What bars the way in is lifted before a ritual begins, also where nobody knows of anything that
/// does; a removal that has not begun is cancelled, and one that has comes to its end before.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn redeem(
    tx: &Tx,
    scene: Scene<'_>,
    found: &FoundInvitation,
    offer: &Offer,
    who: UserId,
) -> Result<Option<Redemption>, StoreError> {
    let Scene { custodians, now } = scene;
    let previous = found.subscription.as_ref();
    let days = days_of(offer);
    let redemption = Redemption::of(previous.map(|stored| &stored.subscription), days, now);
    if !invitations::claim(tx, found, who, now).await?
        || !subscribers::apply_redemption(tx, who, found.id, previous, &redemption, now).await?
    {
        return Ok(None);
    }
    let change = Change {
        who,
        had_one: previous.is_some(),
        redemption: &redemption,
        vip: found.vip_channel,
        by: UserId::HOUSE,
        source: RoleChangeSource::System,
    };
    let mut errands = follow(tx, change, now).await?;
    errands.extend(notices::errands(&notice(&redemption, offer, who), custodians));
    errand::enqueue_all(tx, &errands, now).await?;
    Ok(Some(redemption))
}

/// A membership that was just made or extended.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    /// Whose.
    pub(super) who: UserId,
    /// Whether they had one before, however long ago.
    pub(super) had_one: bool,
    /// What it is now.
    pub(super) redemption: &'a Redemption,
    /// The members' channel of the house.
    pub(super) vip: Option<ChatId>,
    /// Who did it; 0 is the house.
    pub(super) by: UserId,
    /// Through which door.
    pub(super) source: RoleChangeSource,
}

/// Changes what follows: the role with its history, and whatever was to see the person out or would lead
/// past a ritual that begins. Returns what is to be written into the outbox.
pub(super) async fn follow(tx: &Tx, change: Change<'_>, now: Timestamp) -> Result<Vec<Errand>, StoreError> {
    let Change { who, redemption, .. } = change;
    let role = NewRole {
        user: who,
        role: role_at(redemption.stage),
        by: change.by,
        reason: redemption.reason(),
        source: change.source,
        metadata: None,
    };
    people::set_role(tx, &role, History::Events, now).await?;
    if change.had_one && redemption.begins_ritual() {
        // Nobody goes whose membership runs.
        departures::renew(tx, who, now).await?;
    }
    outbox::cancel(tx, Of::Person(who.0), OutboxKind::Remove.label(), now).await?;

    let mut errands = Vec::new();
    if redemption.begins_ritual() {
        if change.had_one {
            // A link of an earlier ritual leads past the new one.
            errands.extend(link::close_all(tx, who, CloseReason::Revoked, now).await?);
        }
        if let Some(channel) = change.vip {
            errands.push(Errand::unban(who, channel));
        }
    }
    Ok(errands)
}

/// The days that an invitation gives. The predecessor let custodians write down plans of any length.
pub(crate) fn days_of(offer: &Offer) -> PlanDays {
    PlanDays::new(offer.days.clamp(1, PlanDays::MAX)).expect("it is within the bounds")
}

fn notice(redemption: &Redemption, offer: &Offer, who: UserId) -> CustodianNotice {
    let person = who;
    let plan = Bought {
        name: offer.plan.clone(),
        days: days_of(offer).get(),
        until: redemption.expiry,
    };
    match redemption.kind {
        RedemptionKind::Renewal => CustodianNotice::Renewed { person, plan },
        RedemptionKind::First | RedemptionKind::Return => CustodianNotice::Redeemed {
            person,
            plan,
            returns: redemption.kind == RedemptionKind::Return,
        },
    }
}
