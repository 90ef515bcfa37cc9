//! Who is seen out: whether, who waits for it, and confirming it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::id::{DepartureId, UserId};
use store::confirmations::{self, Consumption};
use store::{departures, jobs};
use telegram::Payload;
use voice::messages::{
    ClockDifference, DepartureLine, MAX_DEPARTURES, Someone, SweepConfirmed, SweepList, SweepRefused,
    SweepState, SweepStatus,
};
use voice::{Button, LabelId, Screen, ToastId, UserText, When};

use super::Undone;
use crate::action::{Action, CustodianAction, Wanted};
use crate::departures::brakes::{self, Passage};
use crate::departures::list::{self, Confirmation, Confirming, List};
use crate::dialogue::{Question, Talk};
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::jobs::{Expiry, Job};
use crate::outbox::{CustodianNotice, errand, notices};

/// The people on one page.
const PAGE: u32 = MAX_DEPARTURES as u32;

/// What the screen counts as of late.
const LATELY: TimeDelta = TimeDelta::hours(24);

impl Dispatcher {
    pub(super) async fn departures(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let db = self.store.read();
        let passage = Passage::find(&db).await?;
        let due = departures::figures(&db, guest.now).await?.due;
        let message = SweepStatus {
            state: match passage {
                Passage::Open(_) => SweepState::Running,
                Passage::Held => SweepState::Held,
                Passage::WithoutRight => SweepState::WithoutRight,
                Passage::Paused => SweepState::Paused,
                Passage::WithoutChannel => SweepState::WithoutChannel,
            },
            last: jobs::load(&db, Expiry::NAME).await?.last_success.map(When),
            ended: departures::count_ended(&db, guest.now - LATELY).await?,
            due,
        };
        let mut screen = self.say(guest, &message)?;
        if due > 0 {
            screen =
                screen.row([self.custodians_button(LabelId::SweepList, CustodianAction::ListDepartures)]);
        }
        let (label, other) = if brakes::are_paused(&db).await? {
            (LabelId::SweepResume, Wanted::Yes)
        } else {
            (LabelId::SweepPause, Wanted::No)
        };
        let switch = self.custodians_button(label, CustodianAction::SwitchDepartures(other));
        Ok(self.with_panel(screen.row([switch])))
    }

    /// Switches departures off, or on again. The other custodians hear of it.
    pub(super) async fn switch_departures(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        wanted: Wanted,
    ) -> Result<Answer, HandlerError> {
        let (me, now) = (guest.profile.id, guest.now);
        let switched = Action::Custodian(CustodianAction::SwitchDepartures(wanted));
        let paused = wanted == Wanted::No;
        let others: BTreeSet<UserId> = self
            .settings
            .custodians
            .iter()
            .copied()
            .filter(|id| *id != me)
            .collect();
        self.store
            .write(async |tx| {
                if brakes::are_paused(tx).await? != paused {
                    brakes::pause(tx, paused, me, now).await?;
                    let notice = CustodianNotice::DeparturesSwitched { paused };
                    errand::enqueue_all(tx, &notices::errands(&notice, &others), now).await?;
                    jobs::hasten(tx, Expiry::NAME, now).await?;
                }
                talk.hand.decide(tx, switched).await
            })
            .await?;
        tracing::info!(custodian = me.0, paused, "departures were switched");
        self.outbox.ring();
        self.bells.expiry.ring();
        Ok(Answer::Show(switched))
    }

    /// Makes a list of those who wait now.
    pub(super) async fn list_departures(&self, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        let now = talk.now;
        let shown = self
            .store
            .write(async |tx| {
                let newest = departures::figures(tx, now).await?.newest;
                let list = List {
                    up_to: newest.unwrap_or(DepartureId(0)),
                    at: now,
                    spared: 0,
                };
                let shown = Action::Custodian(CustodianAction::DeparturesPage(list.put(tx, now).await?, 0));
                talk.hand.decide(tx, shown).await?;
                Ok::<_, HandlerError>(shown)
            })
            .await?;
        Ok(Answer::Show(shown))
    }

    /// Takes somebody off a list: they stay. The rest of it is a list of its own.
    pub(super) async fn spare(
        &self,
        talk: &Talk<'_>,
        question: Question,
        departure: DepartureId,
    ) -> Result<Answer, HandlerError> {
        let Some(list) = List::find(&self.store.read(), question).await? else {
            return Ok(Answer::Noted(
                Action::Custodian(CustodianAction::Departures),
                ToastId::NothingToConfirm,
            ));
        };
        let page = |question, before: i64| {
            let page = u32::try_from(before).unwrap_or_default() / PAGE;
            Action::Custodian(CustodianAction::DeparturesPage(question, page))
        };
        let now = talk.now;
        let (shown, is_spared) = self
            .store
            .write(async |tx| {
                let before = departures::count_due(tx, DepartureId(departure.0.saturating_sub(1))).await?;
                if !departures::spare(tx, departure, now).await? {
                    let shown = page(question, before);
                    talk.hand.decide(tx, shown).await?;
                    return Ok((shown, false));
                }
                let rest = List {
                    spared: list.spared + 1,
                    ..list
                };
                let shown = page(rest.put(tx, now).await?, before);
                talk.hand.decide(tx, shown).await?;
                Ok::<_, HandlerError>((shown, true))
            })
            .await?;
        let toast = if is_spared {
            ToastId::Spared
        } else {
            ToastId::AlreadyDone
        };
        Ok(Answer::Noted(shown, toast))
    }

    /// Lets go who is on a list, once.
    pub(super) async fn confirm_departures(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        question: Question,
    ) -> Result<Answer, HandlerError> {
        let (me, now) = (guest.profile.id, guest.now);
        let refused = Action::Custodian(CustodianAction::DeparturesRefused(question));
        if brakes::difference(&self.gateway, now).is_some() {
            return Ok(Answer::Noted(refused, ToastId::ClocksDiffer));
        }
        let confirmed = self
            .store
            .write(async |tx| {
                let action = match confirmations::consume(tx, question.0, UserId::HOUSE, now).await? {
                    Consumption::Now(action) => action,
                    Consumption::Before { .. } | Consumption::Expired | Consumption::Unknown => {
                        return Err(Undone::Refused(ToastId::NothingToConfirm));
                    }
                };
                let list = List::read(&action).ok_or(Undone::Refused(ToastId::StaleButton))?;
                let confirming = Confirming {
                    up_to: list.up_to,
                    seen: list.at,
                    spared: list.spared,
                    by: me,
                };
                let count = match list::confirm(tx, &confirming, now).await? {
                    Confirmation::Given(count) => u32::try_from(count).unwrap_or(u32::MAX),
                    Confirmation::Nobody => return Err(Undone::Refused(ToastId::NothingToConfirm)),
                    Confirmation::ClocksDiffer => return Err(Undone::Refused(ToastId::ClocksDiffer)),
                };
                let outcome = Action::Custodian(CustodianAction::DeparturesConfirmed(count, list.spared));
                confirmations::set_result(tx, question.0, &outcome.encode()).await?;
                talk.hand.decide(tx, outcome).await?;
                Ok(outcome)
            })
            .await;
        match confirmed {
            Ok(outcome) => {
                tracing::info!(custodian = me.0, "a list of departures was confirmed");
                self.bells.expiry.ring();
                Ok(Answer::Show(outcome))
            }
            Err(Undone::Failed(error)) => Err(error),
            Err(Undone::Refused(toast)) => Ok(Answer::Noted(refused, toast)),
        }
    }

    pub(super) async fn departures_page(
        &self,
        guest: &Guest,
        question: Question,
        page: u32,
    ) -> Result<Screen<Action>, HandlerError> {
        let db = self.store.read();
        let Some(list) = List::find(&db, question).await? else {
            return self.departures(guest).await;
        };
        let total = departures::count_due(&db, list.up_to).await?;
        // The last people of a page may have gone.
        let last = u32::try_from((total - 1).max(0)).unwrap_or_default() / PAGE;
        let page = page.min(last);
        let people = departures::page(&db, list.up_to, page * PAGE, PAGE).await?;
        let is_held = Passage::find(&db).await? == Passage::Held;
        let line =
            |(departure, profile): &(departures::Departure, Option<domain::person::Profile>)| DepartureLine {
                person: Someone {
                    id: departure.user,
                    name: profile
                        .as_ref()
                        .map(|it| UserText::new(&it.first_name))
                        .unwrap_or_default(),
                },
                ended: When(departure.expiry),
            };
        let message = SweepList {
            people: people.iter().map(line).collect(),
            before: i64::from(page * PAGE),
            total,
            held: is_held,
        };
        let mut screen = self.say(guest, &message)?;
        for ((departure, _), line) in people.iter().zip(&message.people) {
            let label = self.voice.label(LabelId::Spare).with(&line.person.name);
            let spare = CustodianAction::Spare(question, departure.id);
            screen = screen.row([Button::action(label, Action::Custodian(spare))]);
        }
        let turn =
            |label, page| self.custodians_button(label, CustodianAction::DeparturesPage(question, page));
        let previous = page.checked_sub(1).map(|page| turn(LabelId::PagePrevious, page));
        let next = (page < last).then(|| turn(LabelId::PageNext, page + 1));
        let turns: Vec<Button<Action>> = previous.into_iter().chain(next).collect();
        if !turns.is_empty() {
            screen = screen.row(turns);
        }
        // Whoever has taken everybody off it still has to say that this is all.
        if is_held && (total > 0 || list.spared > 0) {
            let confirm = CustodianAction::ConfirmDepartures(question);
            screen = screen.row([self.custodians_button(LabelId::SweepConfirm, confirm)]);
        }
        Ok(self.with_panel(screen))
    }

    pub(super) fn departures_confirmed(
        &self,
        guest: &Guest,
        count: u32,
        spared: u32,
    ) -> Result<Screen<Action>, HandlerError> {
        let message = SweepConfirmed {
            count: count.into(),
            spared: spared.into(),
        };
        Ok(self.with_panel(self.say(guest, &message)?))
    }

    pub(super) async fn departures_refused(
        &self,
        guest: &Guest,
        question: Question,
    ) -> Result<Screen<Action>, HandlerError> {
        if let Some(ahead) = brakes::difference(&self.gateway, guest.now) {
            let difference = ClockDifference {
                minutes: ahead.num_minutes().abs(),
                ahead: ahead > TimeDelta::zero(),
            };
            let confirm = CustodianAction::ConfirmDepartures(question);
            let screen = self
                .say(guest, &SweepRefused::Clock { difference })?
                .row([self.custodians_button(LabelId::SweepConfirm, confirm)]);
            return Ok(self.with_panel(screen));
        }
        let list = List::find(&self.store.read(), question).await?;
        let due = match list {
            Some(list) => departures::count_due(&self.store.read(), list.up_to).await?,
            None => 0,
        };
        if due > 0 {
            return self.departures_page(guest, question, 0).await;
        }
        Ok(self.with_panel(self.say(guest, &SweepRefused::Nothing)?))
    }
}
