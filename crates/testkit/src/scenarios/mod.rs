//! All scenarios, a file per feature.

mod brakes;
mod coming_back;
mod custodian;
mod dialogues;
mod door;
mod expiry;
mod faults;
mod home;
mod inbox;
mod invitations;
mod membership;
mod outbox;
mod packages;
mod queue;
mod reachability;
mod reconciliation;
mod reminders;
mod renewal;
mod ritual;
mod service;
mod summary;
mod visitors;
mod way;
mod year;

use crate::scenario::Scenario;

/// Every scenario there is.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    [
        brakes::REOPENING_STORIES,
        brakes::STORIES,
        coming_back::STORIES,
        custodian::BARE_STORIES,
        custodian::REOPENING_STORIES,
        custodian::STORIES,
        dialogues::STORIES,
        door::STORIES,
        expiry::BARE_STORIES,
        expiry::REOPENING_STORIES,
        expiry::STORIES,
        faults::STORIES,
        home::STORIES,
        inbox::STORIES,
        inbox::REOPENING_STORIES,
        invitations::STORIES,
        invitations::RACES,
        membership::STORIES,
        outbox::STORIES,
        outbox::REOPENING_STORIES,
        packages::STORIES,
        queue::BARE_STORIES,
        queue::REOPENING_STORIES,
        queue::STORIES,
        reachability::STORIES,
        reconciliation::BARE_STORIES,
        reconciliation::STORIES,
        reminders::REOPENING_STORIES,
        reminders::STORIES,
        renewal::REOPENING_STORIES,
        renewal::STORIES,
        ritual::STORIES,
        ritual::REOPENING_STORIES,
        service::STORIES,
        summary::REOPENING_STORIES,
        summary::STORIES,
        visitors::STORIES,
        year::BARE_STORIES,
    ]
    .into_iter()
    .flatten()
}

/// What several features look at.
mod look {
    use anyhow::{Context, Result};
    use domain::id::UserId;
    use sim::Person;
    use store::people::{self, StoredPerson};

    use crate::house::House;

    /// A person as the house has written them down.
    pub(super) async fn stored(house: &House, person: &Person) -> Result<StoredPerson> {
        let found = people::find(&house.store().read(), UserId(person.id())).await?;
        found.context("the person is stored")
    }
}
