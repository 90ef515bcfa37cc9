//! An invitation is redeemed.

use domain::id::UserId;
use domain::plan::PlanDays;
use domain::redemption::{Redemption, RedemptionKind};
use domain::ritual::role_at;
use store::entry_links::CloseReason;
use store::invitations::{self, FoundInvitation, Offer};
use store::outbox::{self, Of};
use store::people::History;
use store::{StoreError, Tx, subscribers};

use super::{Scene, become_role, link};
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
    let role = role_at(redemption.stage);
    become_role(tx, who, role, redemption.reason(), History::Events, now).await?;
    outbox::cancel(tx, Of::Person(who.0), OutboxKind::Remove.label(), now).await?;

    let mut errands = Vec::new();
    if redemption.begins_ritual() {
        if previous.is_some() {
            // A link of an earlier ritual leads past the new one.
            errands.extend(link::close_all(tx, who, CloseReason::Revoked, now).await?);
        }
        if let Some(channel) = found.vip_channel {
            errands.push(Errand::unban(who, channel));
        }
    }
    errands.extend(notices::errands(&notice(&redemption, offer, who), custodians));
    errand::enqueue_all(tx, &errands, now).await?;
    Ok(Some(redemption))
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
