//! What people read.

use domain::id::{ChatId, UserId};
use store::entry_links::{CloseReason, EntryLink};
use store::outbox::OutboxRow;
use store::{Tx, entry_links, people, requests, settings, subscribers};
use telegram::{ApiError, Lane};
use voice::messages::{Admitted, KeyLent, KeyRefused, KeyReplaced, Readmission, TooManyChannels};
use voice::{Button, LabelId, Screen, UserText};

use super::Courier;
use crate::action::{Action, WayIn};
use crate::error::HandlerError;
use crate::key;
use crate::outbox::decision::Outcome;
use crate::outbox::errand::{Overwrite, PersonNotice, ToEdit, person_of, read};
use crate::outbox::notices::{CustodianNotice, Names};

impl Courier {
    pub(super) async fn tell_custodian(
        &self,
        row: &OutboxRow,
        lane: Lane,
    ) -> Result<Option<String>, HandlerError> {
        let custodian = person_of(row)?;
        if !self.settings.custodians.contains(&custodian) {
            // They were one when it was written down.
            return Ok(None);
        }
        let notice: CustodianNotice = read(row)?;
        if let Some(switch) = notice.switch() {
            let db = self.store.read();
            let told_in_the_morning = switch.is_summed_up() && settings::wants_summary(&db).await?;
            if told_in_the_morning || settings::unwanted(&db).await?.contains(&switch) {
                return Ok(None);
            }
        }
        let mut names = Names::new();
        for id in notice.people() {
            if let Some(person) = people::find(&self.store.read(), id).await? {
                names.insert(id, UserText::new(&person.profile.first_name));
            }
        }
        let screen = notice.screen(&self.voice, &names, custodian, self.clock.now())?;
        self.gateway.send(lane, custodian.private_chat(), &screen).await?;
        Ok(None)
    }

    pub(super) async fn tell_person(
        &self,
        row: &OutboxRow,
        lane: Lane,
    ) -> Result<Option<String>, HandlerError> {
        let person = person_of(row)?;
        let now = self.clock.now();
        let screen: Screen<Action> = match read(row)? {
            PersonNotice::KeyLent => Screen::new(self.voice.say(&KeyLent, person, now)?),
            PersonNotice::Readmitted => {
                let text = self.voice.say(&Readmission::Granted, person, now)?;
                let enter = key::button(&self.voice, LabelId::Enter, WayIn::Enter);
                Screen::new(text).row([enter])
            }
            PersonNotice::Reminder { kind, until } => match self.reminder(person, kind, until).await? {
                Some(screen) => screen,
                None => return Ok(None),
            },
            PersonNotice::Ended { until } => match self.farewell(person, until).await? {
                Some(screen) => screen,
                None => return Ok(None),
            },
            PersonNotice::Granted { days, until } => self.days_granted(person, days, until).await?,
            PersonNotice::Admitted { channel, .. } => self.admitted(person, channel).await?,
            PersonNotice::TooManyChannels { channel } => {
                let channel = UserText::new(&self.title_of(channel).await?);
                Screen::new(self.voice.say(&TooManyChannels { channel }, person, now)?)
            }
            PersonNotice::LeftOut => Screen::new(self.voice.say(&Readmission::Refused, person, now)?),
        };
        self.gateway.send(lane, person.private_chat(), &screen).await?;
        Ok(None)
    }

    async fn admitted(&self, person: UserId, channel: ChatId) -> Result<Screen<Action>, HandlerError> {
        let entrance = self.entrance_of(channel).await?;
        let message = Admitted {
            channel: UserText::new(&self.title_of(channel).await?),
            linked: entrance.is_some(),
        };
        let screen = Screen::new(self.voice.say(&message, person, self.clock.now())?);
        let enter = |url| Button::url(self.voice.label(LabelId::EnterFree), url);
        Ok(screen.rows(entrance.map(enter)))
    }

    /// Notes whether the word of an admission has reached the person.
    pub(super) async fn record_told(
        &self,
        tx: &Tx,
        row: &OutboxRow,
        outcome: &Outcome,
    ) -> Result<(), HandlerError> {
        let told = match outcome {
            Outcome::Done(_) => true,
            Outcome::Failed(HandlerError::Api(ApiError::NoAnswer { .. }))
            | Outcome::Unknown
            | Outcome::Panicked => return Ok(()),
            Outcome::Failed(_) => false,
        };
        if let Ok(PersonNotice::Admitted { request, .. }) = read(row) {
            requests::set_notified(tx, request, told).await?;
        }
        Ok(())
    }

    pub(super) async fn overwrite(&self, row: &OutboxRow) -> Result<Option<String>, HandlerError> {
        let person = person_of(row)?;
        let ToEdit { chat, message, with } = read(row)?;
        let now = self.clock.now();
        let say_replaced = || self.voice.say(&KeyReplaced, person, now).map(Screen::new);
        let screen = match with {
            Overwrite::KeyReplaced => say_replaced()?,
            Overwrite::KeyRefused => {
                let settled = self.is_settled(person).await?;
                let again = if settled { WayIn::Enter } else { WayIn::Accept };
                let text = self.voice.say(&KeyRefused, person, now)?;
                Screen::new(text).row([key::button(&self.voice, LabelId::Retry, again)])
            }
            Overwrite::Key(id) => match entry_links::find(&self.store.read(), id).await? {
                Some(link) if link.closed == Some(CloseReason::Replaced) => say_replaced()?,
                Some(link) => match self.key(person, &link).await? {
                    Some(screen) => screen,
                    None => return Ok(None),
                },
                None => return Ok(None),
            },
        };
        self.gateway.edit(chat, message, &screen).await?;
        Ok(None)
    }

    async fn is_settled(&self, person: UserId) -> Result<bool, HandlerError> {
        let stored = subscribers::find(&self.store.read(), person).await?;
        Ok(stored.is_some_and(|stored| stored.subscription.stage.is_none()))
    }

    /// The screen that hands over a link; none when it does not count any more.
    async fn key(&self, person: UserId, link: &EntryLink) -> Result<Option<Screen<Action>>, HandlerError> {
        let now = self.clock.now();
        let Some(url) = link.usable(now) else {
            return Ok(None);
        };
        let name = self.first_name(person).await?;
        let handed = key::Handed {
            settled: self.is_settled(person).await?,
            url,
            until: link.expires_at,
        };
        Ok(Some(handed.screen(&self.voice, person, name, now)?))
    }
}
