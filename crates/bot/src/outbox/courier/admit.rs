//! Letting in whoever has waited for the visitors' channel.

use std::str::FromStr;

use domain::channel::Channel;
use domain::id::{ChatId, UserId};
use domain::queue::RequestOutcome;
use serde::{Deserialize, Serialize};
use store::outbox::{self, OutboxRow};
use store::vip_door::{self, Line};
use store::{Tx, bot_config, jobs, requests};
use telegram::{ApiError, Meaning, Verdict};

use super::Courier;
use crate::error::HandlerError;
use crate::jobs::{FreeQueue, Job};
use crate::outbox::decision::Outcome;
use crate::outbox::errand::{Errand, PersonNotice, ToAdmit, person_of, read, unreadable};
use crate::outbox::notices::{self, CustodianNotice};
use crate::outbox::policy::OutboxKind;

/// What came of a row, as it is kept.
#[derive(Serialize, Deserialize)]
struct Deed {
    /// How the request has ended; none, nothing was done.
    outcome: Option<String>,
    /// How often they had asked by then.
    number: i64,
}

impl Courier {
    /// Lets somebody in who waits at this moment, at what is the visitors' channel at this moment.
    pub(super) async fn admit(&self, row: &OutboxRow) -> Result<Option<String>, HandlerError> {
        let person = person_of(row)?;
        let ToAdmit { channel, request } = read(row)?;
        let waiting = requests::find(&self.store.read(), request).await?;
        let config = bot_config::get(&self.store.read()).await?;
        let is_ours = config.is_some_and(|config| config.channel(Channel::Free) == Some(channel));
        let number = waiting.map_or(0, |waiting| waiting.number);
        let waits_here = waiting.filter(|it| is_ours && it.channel.is_none_or(|asked| asked == channel));
        let outcome = match waits_here {
            None => None,
            Some(waiting) if waiting.blocked => Some(RequestOutcome::Declined),
            Some(_) => Some(self.let_in(row, person, channel).await?),
        };
        let outcome = outcome.map(|outcome| outcome.label().to_owned());
        let deed = Deed { outcome, number };
        Ok(Some(
            serde_json::to_string(&deed).expect("it has no keys but strings"),
        ))
    }

    async fn let_in(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<RequestOutcome, HandlerError> {
        let error = match self.try_to_let_in(row, person, channel).await {
            Ok(outcome) => return Ok(outcome),
            Err(error) => error,
        };
        if error.verdict() == Verdict::NoRights {
            self.note_missing(OutboxKind::Admit, row, Channel::Free, channel)
                .await?;
        } else if error.meaning() == Some(Meaning::TooManyChats) {
            self.tell_too_many_chats(row, person, channel).await?;
        }
        Err(error.into())
    }

    async fn try_to_let_in(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<RequestOutcome, ApiError> {
        let Err(error) = self.gateway.approve_chat_join_request(channel, person).await else {
            return Ok(RequestOutcome::Admitted);
        };
        match error.meaning() {
            // It may have been Lucien who has let them in.
            Some(Meaning::NoSuchRequest | Meaning::AlreadyMember)
                if row.unknown && self.is_inside(person, channel).await? =>
            {
                Ok(RequestOutcome::Admitted)
            }
            Some(Meaning::AlreadyMember) => Ok(RequestOutcome::Inside),
            Some(Meaning::NoSuchRequest) => Ok(RequestOutcome::Withdrawn),
            Some(Meaning::Deactivated | Meaning::NoSuchPerson) => Ok(RequestOutcome::Gone),
            _ => Err(error),
        }
    }

    /// Tells somebody, once, that it is for them to make room.
    async fn tell_too_many_chats(
        &self,
        row: &OutboxRow,
        person: UserId,
        channel: ChatId,
    ) -> Result<(), HandlerError> {
        let ToAdmit { request, .. } = read(row)?;
        let now = self.clock.now();
        self.store
            .write(async |tx| {
                if vip_door::said(tx, person, channel, Line::TooManyChats(request), now).await? {
                    let notice = PersonNotice::TooManyChannels { channel };
                    Errand::tell(person, notice).enqueue(tx, now).await?;
                }
                if outbox::still_mine(tx, row.id, row.claimed.unwrap_or_default()).await? {
                    Ok(())
                } else {
                    Err(HandlerError::Lost)
                }
            })
            .await
    }

    /// Ends the request as Telegram has shown that it ends.
    pub(super) async fn record_admission(
        &self,
        tx: &Tx,
        row: &OutboxRow,
        outcome: &Outcome,
    ) -> Result<(), HandlerError> {
        match outcome {
            Outcome::Done(Some(deed)) => {
                let deed = serde_json::from_str(deed).map_err(|_| unreadable(row))?;
                self.record_deed(tx, row, &deed).await
            }
            _ => self.record_refusal(tx, row).await,
        }
    }

    /// Who was not let in, or has asked anew meanwhile, is due again.
    async fn record_deed(&self, tx: &Tx, row: &OutboxRow, deed: &Deed) -> Result<(), HandlerError> {
        let ToAdmit { channel, request } = read(row)?;
        let scene = self.scene();
        let outcome = deed.outcome.as_deref().map(RequestOutcome::from_str);
        let outcome = outcome.transpose().map_err(|_| unreadable(row))?;
        let is_over = match outcome {
            Some(outcome) => requests::close(tx, request, deed.number, outcome, scene.now).await?,
            None => false,
        };
        if !is_over && requests::unqueue(tx, request, row.id).await? {
            jobs::hasten(tx, FreeQueue::NAME, scene.now).await?;
        }
        // Telegram looks for a request only when the right is there, which may have been what it waited for.
        use RequestOutcome::{Admitted, Inside, Withdrawn};
        if matches!(outcome, Some(Admitted | Inside | Withdrawn)) && row.next_try.is_some() {
            self.note_regained(tx, scene, OutboxKind::Admit, channel).await?;
        }
        if outcome == Some(Admitted) && is_over {
            let notice = PersonNotice::Admitted { channel, request };
            Errand::tell(person_of(row)?, notice)
                .enqueue(tx, scene.now)
                .await?;
        }
        Ok(())
    }

    /// Telegram does not let them in, and nobody knows why.
    async fn record_refusal(&self, tx: &Tx, row: &OutboxRow) -> Result<(), HandlerError> {
        let ToAdmit { request, .. } = read(row)?;
        let Some(waiting) = requests::find(tx, request).await? else {
            return Ok(());
        };
        let scene = self.scene();
        let refused = RequestOutcome::Declined;
        if requests::close(tx, request, waiting.number, refused, scene.now).await? {
            let person = waiting.user;
            let notice = CustodianNotice::AdmissionRefused { person };
            notices::enqueue(tx, &notice, scene.custodians, scene.now).await?;
        }
        Ok(())
    }
}
