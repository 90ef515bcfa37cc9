//! What sees people out is written down.

use std::collections::{BTreeSet, HashSet};

use domain::clock::Timestamp;
use domain::departure::Grace;
use domain::id::{ChatId, DepartureId, UserId};
use domain::reminder::{self, ReminderKind};
use store::departures::{self, Departure};
use store::entry_links::{self, CloseReason, EntryLink};
use store::reminders::{self, Entry};
use store::{StoreError, Tx, exemptions};

use crate::outbox::{Errand, PersonNotice, errand};

/// The way out.
#[derive(Clone, Copy)]
pub(crate) struct Exit<'a> {
    /// The members' channel.
    pub(crate) channel: ChatId,
    /// They stay, whatever their membership.
    pub(crate) custodians: &'a BTreeSet<UserId>,
    pub(crate) grace: Grace,
    pub(crate) now: Timestamp,
}

impl Exit<'_> {
    /// Releases those of these departures that still are due: their links are revoked, they are removed and
    /// told. Whoever is exempt and custodians lose their links only. Returns how many were released.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn release(&self, tx: &Tx, ids: &[DepartureId]) -> Result<usize, StoreError> {
        let now = self.now;
        let released = departures::release(tx, ids, now).await?;
        let users: Vec<UserId> = released.iter().map(|departure| departure.user).collect();
        let links = entry_links::close_all_of(tx, &users, CloseReason::Revoked, now).await?;
        let exempt: HashSet<UserId> = exemptions::all(tx).await?.iter().map(|it| it.user).collect();
        let goes = |it: &&Departure| !self.custodians.contains(&it.user) && !exempt.contains(&it.user);
        let going: Vec<&Departure> = released.iter().filter(goes).collect();
        let words: Vec<Entry> = going
            .iter()
            .filter_map(|departure| self.word(departure))
            .collect();
        let words = reminders::note(tx, &words, now).await?;

        let mut errands: Vec<Errand> = links.iter().filter_map(revocation).collect();
        errands.extend(
            going
                .iter()
                .map(|it| Errand::see_out(it.user, self.channel, it.expiry)),
        );
        errands.extend(words.iter().map(farewell));
        errand::enqueue_all(tx, &errands, now).await?;
        Ok(released.len())
    }

    /// What its owner is to be told of an end, unless it is too long ago.
    fn word(&self, departure: &Departure) -> Option<Entry> {
        let Departure { user, expiry, .. } = *departure;
        let kind = ReminderKind::End;
        reminder::in_time(self.grace.ends_at(expiry), self.now).then_some(Entry { user, expiry, kind })
    }
}

fn revocation(link: &EntryLink) -> Option<Errand> {
    let url = link.url.as_ref()?;
    Some(Errand::revoke_link(link.user, link.channel, url.as_str()))
}

fn farewell(word: &Entry) -> Errand {
    Errand::tell(word.user, PersonNotice::Ended { until: word.expiry })
}
