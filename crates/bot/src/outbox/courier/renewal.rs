//! What members hear about the end of their time.

use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::reminder::{self, BEFORE, ReminderKind};
use domain::subscription::Subscription;
use store::{people, plans, presence, subscribers};
use voice::messages::{DaysGranted, Ended, Reminder, RenewedStanding};
use voice::{LabelId, Screen, UserText, When};

use super::Courier;
use crate::action::{Action, WayIn};
use crate::departures::brakes::Passage;
use crate::error::HandlerError;
use crate::{key, wish};

impl Courier {
    /// The reminder of an end; none when it is not to be sent any more: the end is another one, it has come
    /// too late, or nobody is to be told at present.
    pub(super) async fn reminder(
        &self,
        person: UserId,
        kind: ReminderKind,
        until: Timestamp,
    ) -> Result<Option<Screen<Action>>, HandlerError> {
        let (db, now) = (self.store.read(), self.clock.now());
        let Some((said, before)) = said(kind) else {
            return Ok(None);
        };
        let Some(stored) = subscribers::find(&db, person).await? else {
            return Ok(None);
        };
        let stands = stored.subscription.expiry == until && stored.subscription.is_valid(now);
        if !stands || !reminder::in_time(until - before, now) || Passage::find(&db).await?.is_silent() {
            return Ok(None);
        }
        let plan = plans::of_token(&db, stored.token).await?;
        let message = Reminder {
            name: self.first_name(person).await?,
            plan: plan.map(|plan| UserText::new(&plan.name)),
            until: When(until),
            contact: self.settings.creator.is_some(),
            kind: said,
        };
        let text = self.voice.say(&message, person, now)?;
        Ok(Some(self.with_ways(Screen::new(text), until)))
    }

    /// That a membership has ended; none when it has not, or too long ago.
    pub(super) async fn farewell(
        &self,
        person: UserId,
        until: Timestamp,
    ) -> Result<Option<Screen<Action>>, HandlerError> {
        let now = self.clock.now();
        let stored = subscribers::find(&self.store.read(), person).await?;
        let stands = stored
            .is_some_and(|stored| stored.subscription.expiry == until && !stored.subscription.is_valid(now));
        if !stands || !reminder::in_time(self.settings.grace.ends_at(until), now) {
            return Ok(None);
        }
        let message = Ended {
            name: self.first_name(person).await?,
            ended: When(until),
            contact: self.settings.creator.is_some(),
        };
        let text = self.voice.say(&message, person, now)?;
        Ok(Some(self.with_ways(Screen::new(text), until)))
    }

    /// That a custodian has granted days, with the way in for whoever is outside.
    pub(super) async fn days_granted(
        &self,
        person: UserId,
        days: i32,
        until: Timestamp,
    ) -> Result<Screen<Action>, HandlerError> {
        let stored = subscribers::find(&self.store.read(), person).await?;
        let (standing, way) = match stored.map(|stored| stored.subscription) {
            Some(Subscription { stage: Some(_), .. }) => (
                RenewedStanding::Entering,
                Some((LabelId::RitualResume, WayIn::Ritual)),
            ),
            _ if self.is_known_outside(person).await? => {
                (RenewedStanding::Outside, Some((LabelId::Enter, WayIn::Enter)))
            }
            _ => (RenewedStanding::Inside, None),
        };
        let message = DaysGranted {
            name: self.first_name(person).await?,
            days: days.into(),
            until: When(until),
            standing,
        };
        let screen = Screen::new(self.voice.say(&message, person, self.clock.now())?);
        Ok(screen.rows(way.map(|(label, action)| key::button(&self.voice, label, action))))
    }

    /// The screen with what a member can do about an end below it.
    pub(super) fn with_ways(&self, screen: Screen<Action>, until: Timestamp) -> Screen<Action> {
        wish::with_ways(screen, &self.voice, until, self.settings.creator.as_ref())
    }

    pub(super) async fn first_name(&self, person: UserId) -> Result<UserText, HandlerError> {
        let found = people::find(&self.store.read(), person).await?;
        let name = found.map(|person| UserText::new(&person.profile.first_name));
        Ok(name.unwrap_or_default())
    }

    async fn is_known_outside(&self, person: UserId) -> Result<bool, HandlerError> {
        let Some(channel) = self.vip_channel().await? else {
            return Ok(false);
        };
        let known = presence::find(&self.store.read(), person, channel).await?;
        Ok(known.is_some_and(|known| !known.standing.is_inside()))
    }
}

/// How a reminder is put into words, and how long before the end its moment is.
fn said(kind: ReminderKind) -> Option<(voice::messages::ReminderKind, TimeDelta)> {
    let (_, before) = BEFORE.iter().find(|(known, _)| *known == kind)?;
    let said = match kind {
        ReminderKind::ThreeDays => voice::messages::ReminderKind::ThreeDays,
        _ => voice::messages::ReminderKind::OneDay,
    };
    Some((said, *before))
}
