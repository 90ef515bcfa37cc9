//! The link at the end of the ritual, and for whoever comes back: it is waited for, and handed over.

use chrono::TimeDelta;
use domain::access::Access;
use domain::door::{ENTRY_LINK_DAY, ENTRY_LINKS_A_DAY};
use domain::id::{ChatId, MessageId, UserId};
use domain::subscription::Subscription;
use store::StoreError;
use store::entry_links::{self, EntryLink};
use store::outbox::{self, Of};
use store::subscribers::{self, Situation};
use voice::messages::{KeyPreparing, KeyRefused};
use voice::{LabelId, Screen};

use crate::action::{Action, WayIn};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::asked::Place;
use crate::handlers::{Dispatcher, Guest};
use crate::inbox::outside;
use crate::key::Handed;
use crate::outbox::{OutboxKind, errand};
use crate::way_in::link;

/// How long a link is waited for.
const PATIENCE: TimeDelta = TimeDelta::seconds(5);

/// How it stands with somebody's link.
enum Key {
    /// It is there.
    There(EntryLink),
    /// It is being made.
    InTheMaking(EntryLink),
    /// None is: it was refused, or has come to its end.
    None,
}

impl Dispatcher {
    /// The link that still opens the door, or else a new one; only so many a day.
    pub(super) async fn ask_for_key(&self, guest: &Guest, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        let key = Answer::Show(Action::WayIn(WayIn::Key));
        let (who, now) = (guest.profile.id, guest.now);
        let Some(channel) = self.vip_channel().await? else {
            return Ok(key);
        };
        let db = self.store.read();
        match self.key_of(who, channel, guest).await?.1 {
            Key::There(_) | Key::InTheMaking(_) => return Ok(key),
            Key::None => {}
        }
        if entry_links::made_since(&db, who, now - ENTRY_LINK_DAY).await? >= ENTRY_LINKS_A_DAY {
            return Ok(Answer::Show(Action::WayIn(WayIn::KeyLimit)));
        }
        self.store
            .write(async |tx| {
                link::plan(tx, who, channel, now).await?;
                talk.hand.decide(tx, Action::WayIn(WayIn::Key)).await
            })
            .await?;
        self.outbox.ring();
        Ok(key)
    }

    /// Waits for a link that is being made, and shows it. When it does not come in time, that is said,
    /// and what becomes of it is written over that message.
    pub(in crate::handlers) async fn hand_over(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        place: &Place,
    ) -> Result<(), HandlerError> {
        let who = guest.profile.id;
        let Some(channel) = self.vip_channel().await? else {
            let refused = self.key_refused(guest)?;
            self.display(place, &refused).await?;
            return Ok(());
        };
        outside(self.wait_for_key(who, channel)).await?;
        let (subscription, mut key) = self.key_of(who, channel, guest).await?;
        if let Some(subscription) = subscription {
            guest.holds(subscription);
        }
        if let Key::InTheMaking(link) = &key {
            let preparing = self.say(guest, &KeyPreparing)?;
            let shown = self.display(place, &preparing).await?;
            if self.is_promised(talk, link, shown).await? {
                return Ok(());
            }
            // It has come in this very moment.
            key = self.key_of(who, channel, guest).await?.1;
        }
        let (screen, link) = match key {
            Key::There(link) => {
                let settled = guest.subscription.is_some_and(|it| it.stage.is_none());
                let until = link.expires_at;
                let handed = link.url.as_ref().map(|url| Handed { settled, url, until });
                let screen = match handed {
                    Some(handed) => handed.screen(&self.voice, who, guest.name(), guest.now)?,
                    None => self.home(guest)?,
                };
                (screen, Some(link.id))
            }
            Key::None if guest.access == Access::Free => {
                (self.way_in_screen(guest, WayIn::Over).await?, None)
            }
            // Whoever was let in meanwhile needs none.
            Key::None if self.has_entered(who, channel).await? => (self.home(guest)?, None),
            Key::None | Key::InTheMaking(_) => (self.key_refused(guest)?, None),
        };
        let (chat, message) = self.display(place, &screen).await?;
        if let Some(link) = link {
            let noted = self.store.write(async |tx| {
                entry_links::set_shown(tx, link, chat, message).await?;
                talk.hand.check(tx).await
            });
            noted.await?;
        }
        Ok(())
    }

    fn key_refused(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let settled = guest.subscription.is_some_and(|it| it.stage.is_none());
        let again = if settled { WayIn::Enter } else { WayIn::Accept };
        let retry = self.key_button(LabelId::Retry, again);
        Ok(self.say(guest, &KeyRefused)?.row([retry]))
    }

    /// Waits, but not for long, until nothing that a link has to wait for is on its way: its making, and
    /// the request that it may make needless.
    async fn wait_for_key(&self, who: UserId, channel: ChatId) -> Result<(), StoreError> {
        let mut ends = self.ends.listen();
        let sequence = errand::membership(who, channel);
        let too_long = self.clock.sleep(PATIENCE);
        let comes = async {
            loop {
                let pending = outbox::pending_of(&self.store.read(), Of::Sequence(&sequence)).await?;
                let matters = |kind: &str| {
                    [OutboxKind::CreateLink, OutboxKind::Approve]
                        .iter()
                        .any(|it| it.label() == kind)
                };
                if !pending.iter().any(|row| matters(&row.kind)) {
                    return Ok(());
                }
                ends.end_of(who).await;
            }
        };
        tokio::select! {
            come = comes => come,
            () = too_long => Ok(()),
        }
    }

    async fn key_of(
        &self,
        who: UserId,
        channel: ChatId,
        guest: &Guest,
    ) -> Result<(Option<Subscription>, Key), StoreError> {
        let db = self.store.read();
        let Some(Situation {
            subscription, link, ..
        }) = subscribers::situation(&db, who, channel).await?
        else {
            return Ok((None, Key::None));
        };
        let key = match link {
            Some(link) if link.usable(guest.now).is_some() => Key::There(link),
            Some(link) if link::is_being_made(&db, &link).await? => Key::InTheMaking(link),
            // Its row may have ended between the two reads; what came of it stands in the link by now.
            Some(link) => {
                let now = entry_links::find(&db, link.id).await?;
                now.filter(|link| link.usable(guest.now).is_some())
                    .map_or(Key::None, Key::There)
            }
            None => Key::None,
        };
        Ok((Some(subscription.subscription), key))
    }

    /// Notes the message in which somebody is told that their link is on its way. False when it has come
    /// to its end: then nobody will write over that message.
    async fn is_promised(
        &self,
        talk: &Talk<'_>,
        link: &EntryLink,
        (chat, message): (ChatId, MessageId),
    ) -> Result<bool, HandlerError> {
        self.store
            .write(async |tx| {
                entry_links::set_shown(tx, link.id, chat, message).await?;
                talk.hand.check(tx).await?;
                // The row is locked now: whoever records it sees the message, or has recorded it.
                let link = entry_links::find(tx, link.id).await?;
                match link {
                    Some(link) => Ok(link::is_being_made(tx, &link).await?),
                    None => Ok(false),
                }
            })
            .await
    }

    async fn has_entered(&self, who: UserId, channel: ChatId) -> Result<bool, StoreError> {
        let seen = store::presence::find(&self.store.read(), who, channel).await?;
        Ok(seen.is_some_and(|seen| seen.standing.is_inside()))
    }
}
