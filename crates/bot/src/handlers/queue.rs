//! Somebody asks to be let into the visitors' channel: they wait, and are let in after a while.

use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::queue::{self, QueueReply, RequestOutcome};
use domain::role::Role;
use store::bot_config::BotConfig;
use store::inbox::Claimed;
use store::requests::{self, NewRequest};
use store::{jobs, people};
use telegram::update::{JoinRequest, MemberChange};
use telegram::{ApiError, Payload};
use url::Url;
use voice::messages::{AdmissionPromised, RequestNoted, RequestRepeated};
use voice::{Button, LabelId, Screen, UserText};

use super::answer::Answer;
use super::requests::is_within_reach;
use super::{Dispatcher, Guest, visitors};
use crate::action::Action;
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::hand::Hand;
use crate::jobs::{FreeQueue, Job};

/// What the link carries by which somebody who waits opens the chat, so that they can be told.
pub(super) const NOTIFY_ME: &str = "avisame";

impl Dispatcher {
    /// Somebody asks to be let into the visitors' channel.
    pub(super) async fn at_the_queue(
        &self,
        config: &BotConfig,
        request: &JoinRequest,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let at = request.at.unwrap_or(row.received_at);
        let now = self.clock.now();
        let reply = match row.outcome.as_deref().and_then(Action::decode) {
            // An earlier run has written them down already.
            Some(Action::Queue(reply)) => reply,
            _ => {
                let hand = Hand::of(row, epoch);
                self.queue_up(config, request, at, hand, now).await?
            }
        };
        if !is_within_reach(at, now) {
            return Ok(());
        }
        let screen = match reply {
            QueueReply::Greeting => self.greeting(config, request, now).await?,
            QueueReply::InProgress => Screen::new(self.voice.say(&RequestRepeated, request.from.id, now)?),
            QueueReply::Nothing => return Ok(()),
        };
        self.answer_request(request, &screen).await
    }

    async fn queue_up(
        &self,
        config: &BotConfig,
        request: &JoinRequest,
        at: Timestamp,
        hand: Hand,
        now: Timestamp,
    ) -> Result<QueueReply, HandlerError> {
        let who = &request.from;
        let role = if self.settings.custodians.contains(&who.id) {
            Role::Admin
        } else {
            Role::Free
        };
        let new = NewRequest {
            user: who.id,
            channel: request.chat.id,
            chat: request.user_chat,
        };
        let reply = self
            .store
            .write(async |tx| {
                people::meet(tx, who, role, now).await?;
                let noted = requests::note(tx, &new, self.settings.repeat_window, at).await?;
                let reply = noted.map_or(QueueReply::Nothing, |noted| noted.reply);
                if let Some(noted) = noted
                    && reply != QueueReply::Nothing
                {
                    let due = queue::due_at(noted.requested_at, config.wait_time_minutes);
                    jobs::hasten(tx, FreeQueue::NAME, due).await?;
                }
                hand.decide(tx, Action::Queue(reply)).await?;
                Ok::<_, HandlerError>(reply)
            })
            .await?;
        self.bells.free_queue.ring();
        Ok(reply)
    }

    /// What whoever has come to wait is told at once. Lucien can tell them more only if they start him.
    async fn greeting(
        &self,
        config: &BotConfig,
        request: &JoinRequest,
        now: Timestamp,
    ) -> Result<Screen<Action>, HandlerError> {
        let profiles = visitors::profiles(config.socials.clone());
        let message = RequestNoted {
            channel: UserText::new(request.chat.title.as_deref().unwrap_or_default()),
            networks: !profiles.is_empty(),
        };
        let mut screen = Screen::new(self.voice.say(&message, request.from.id, now)?);
        for profile in profiles {
            screen = screen.row([profile.button(&self.voice)]);
        }
        let start = self.start_link(NOTIFY_ME).await?;
        Ok(screen.rows(start.map(|url| Button::url(self.voice.label(LabelId::NotifyMe), url))))
    }

    /// The address that starts the bot with a payload.
    async fn start_link(&self, payload: &str) -> Result<Option<Url>, ApiError> {
        let username = &self.me().await?.username;
        Ok(format!("https://t.me/{username}?start={payload}").parse().ok())
    }

    /// Answers somebody who has started the bot in order to be told when they are let in.
    pub(super) async fn promise_word(&self, guest: &Guest, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        if requests::is_waiting(&self.store.read(), guest.profile.id).await? {
            return Ok(Answer::Word(self.say(guest, &AdmissionPromised)?));
        }
        self.resume(guest, talk).await
    }

    /// Somebody's standing in the visitors' channel has changed. Whoever is inside waits no more; of
    /// those whom Lucien let in, the outbox writes it down.
    pub(super) async fn note_visitor(
        &self,
        change: &MemberChange,
        row: &Claimed,
        epoch: i64,
    ) -> Result<(), HandlerError> {
        let by_lucien = change.actor.id.0 == row.bot_id.0;
        if by_lucien || change.new.is_inside() != Some(true) {
            return Ok(());
        }
        let (who, now) = (change.who.id, self.clock.now());
        self.store
            .write(async |tx| {
                if let Some(request) = requests::close_of(tx, who, RequestOutcome::Inside, now).await? {
                    let channel = Channel::Free;
                    tracing::debug!(%channel, request = request.0, "whoever waited is inside");
                }
                Hand::of(row, epoch).check(tx).await
            })
            .await
    }
}
