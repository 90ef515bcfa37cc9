//! Somebody asks to be let into a channel.

use chrono::TimeDelta;
use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::id::ChatId;
use store::inbox::Claimed;
use store::{bot_config, settings};
use telegram::update::JoinRequest;
use telegram::{Lane, Verdict};
use voice::Screen;

use super::Dispatcher;
use crate::action::Action;
use crate::error::HandlerError;
use crate::hand::Hand;
use crate::inbox::outside;
use crate::outbox::{CustodianNotice, notices};

/// For how long whoever asks can be written to (Bot API, `ChatJoinRequest.user_chat_id`).
const WITHIN_REACH: TimeDelta = TimeDelta::minutes(5);

/// The setting that tells at which channel somebody asked while the house had none for visitors.
const UNKNOWN_CHANNEL: &str = "unknown_channel_asked";

impl Dispatcher {
    /// Somebody asks to be let in. Requests at channels that are not the house's are left to whoever runs
    /// those.
    pub(super) async fn hear_request(
        &self,
        request: &JoinRequest,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let Some(config) = bot_config::get(&self.store.read()).await? else {
            return Ok(());
        };
        match config.which(request.chat.id) {
            Some(Channel::Vip) => self.at_the_door(request, row, epoch).await,
            Some(Channel::Free) => self.at_the_queue(&config, request, row, epoch).await,
            None if config.channel(Channel::Free).is_none() => {
                self.tell_of_unknown_channel(request, row, epoch).await
            }
            None => Ok(()),
        }
    }

    /// Tells custodians, once, that somebody asks who may mean a channel that is not set up yet.
    async fn tell_of_unknown_channel(
        &self,
        request: &JoinRequest,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let ChatId(id) = request.chat.id;
        let notice = CustodianNotice::UnknownChannelAsked {
            title: request.chat.title.clone().unwrap_or_default(),
            id: request.chat.id,
        };
        let now = self.clock.now();
        self.store
            .write(async |tx| {
                if settings::set_once(tx, UNKNOWN_CHANNEL, &id.to_string(), request.from.id, now).await? {
                    notices::enqueue(tx, &notice, &self.settings.custodians, now).await?;
                }
                Hand::of(row, epoch).check(tx).await
            })
            .await?;
        self.outbox.ring();
        Ok(())
    }

    /// Says something to whoever has asked at a moment, while that is possible: it follows from it, but
    /// nothing follows from whether it could be said.
    pub(super) async fn answer_request(
        &self,
        request: &JoinRequest,
        screen: &Screen<Action>,
    ) -> Result<(), HandlerError> {
        let said = outside(self.gateway.send(Lane::Answer, request.user_chat, screen)).await;
        let Err(error) = said else {
            return Ok(());
        };
        let person = request.from.id;
        self.note_refusal(person, &error).await;
        if matches!(error.verdict(), Verdict::Retry(_) | Verdict::Stop) {
            return Err(error.into());
        }
        tracing::info!(person = person.0, %error, "whoever asks to be let in cannot be told");
        Ok(())
    }
}

/// Whether somebody who asked at a moment can still be written to.
pub(super) fn is_within_reach(asked: Timestamp, now: Timestamp) -> bool {
    now - asked <= WITHIN_REACH
}
