//! The two channels, and setting them up by a forwarded post.

use domain::brakes::HoldReason;
use domain::channel::{Channel, ChannelRights};
use domain::clock::Timestamp;
use domain::id::{BotId, ChatId};
use serde::{Deserialize, Serialize};
use store::bot_config::{self, BotConfig};
use store::{Store, StoreError, Tx, channels, departures, holds, jobs};
use telegram::update::{ChatKind, Status};
use telegram::{ApiError, Gateway, Meaning, Verdict};
use voice::messages::{
    ChannelDone, ChannelRefused, ChannelRightsMissing, ChannelScreen, ChannelSetup as Question, FoundChannel,
};
use voice::{LabelId, Screen, UserText};

use crate::action::{Action, CustodianAction, Origin};
use crate::dialogue::{Judged, Said, Script, Talk};
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::inbox::outside;
use crate::jobs::{Expiry, FreeQueue, Job};

/// Waits for a post of the channel.
#[derive(Serialize, Deserialize)]
pub(super) struct ChannelSetup {
    channel: Which,
    /// The channel that was pointed out. It is set at once, and never waits here.
    #[serde(skip)]
    found: Option<FoundChannel>,
}

/// A [`Channel`] as it is stored.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Vip,
    Free,
}

/// What is needed in order to judge a post.
pub(super) struct Surroundings {
    store: Store,
    gateway: Gateway,
    bot: BotId,
}

/// Why a channel cannot be used.
pub(super) enum Unfit {
    Refused(ChannelRefused),
    RightsMissing(FoundChannel),
}

impl From<Channel> for ChannelSetup {
    fn from(channel: Channel) -> Self {
        let channel = match channel {
            Channel::Vip => Which::Vip,
            Channel::Free => Which::Free,
        };
        Self { channel, found: None }
    }
}

impl ChannelSetup {
    const fn channel(&self) -> Channel {
        match self.channel {
            Which::Vip => Channel::Vip,
            Which::Free => Channel::Free,
        }
    }
}

impl Script for ChannelSetup {
    const KIND: &'static str = "channel";
    type Stage = Surroundings;
    /// And for which channel.
    type Mistake = (Channel, Unfit);

    fn step(&self) -> &'static str {
        match self.channel {
            Which::Vip => "vip",
            Which::Free => "free",
        }
    }

    async fn hear(
        &self,
        said: &Said,
        around: &Surroundings,
    ) -> Result<Result<Self, Self::Mistake>, HandlerError> {
        let found = match said {
            Said::Post(post) if post.chat.kind == ChatKind::Channel => {
                around.judge(self.channel(), post.chat.id).await?
            }
            Said::Post(_) => Err(Unfit::Refused(ChannelRefused::NotAChannel)),
            _ => Err(Unfit::Refused(ChannelRefused::NotForwarded)),
        };
        let channel = self.channel;
        Ok(match found {
            Ok(found) => Ok(Self {
                channel,
                found: Some(found),
            }),
            Err(unfit) => Err((self.channel(), unfit)),
        })
    }
}

impl Surroundings {
    async fn judge(&self, channel: Channel, id: ChatId) -> Result<Result<FoundChannel, Unfit>, HandlerError> {
        let other = match channel {
            Channel::Vip => Channel::Free,
            Channel::Free => Channel::Vip,
        };
        let config = bot_config::get(&self.store.read()).await?;
        if config.and_then(|config| config.channel(other)) == Some(id) {
            return Ok(Err(Unfit::Refused(ChannelRefused::SameChannel)));
        }
        let found = match look(&self.gateway, self.bot, id).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(Unfit::Refused(refused(error)?))),
        };
        Ok(match found {
            Some(found) if found.rights.are_complete() => Ok(found),
            Some(found) => Err(Unfit::RightsMissing(found)),
            None => Err(Unfit::Refused(ChannelRefused::NotAdministrator)),
        })
    }
}

/// A channel as Telegram shows it; none when Lucien is no administrator there.
async fn look(gateway: &Gateway, bot: BotId, id: ChatId) -> Result<Option<FoundChannel>, ApiError> {
    let chat = outside(gateway.get_chat(id)).await?;
    let me = outside(gateway.get_own_standing(id, bot)).await?;
    let is_administrator = matches!(me.status, Status::Owner | Status::Administrator(_));
    let rights = me.status.rights();
    Ok(is_administrator.then(|| FoundChannel {
        title: UserText::new(&chat.title.unwrap_or_default()),
        id,
        rights: ChannelRights {
            invite: rights.invite_users,
            restrict: rights.restrict_members,
            post: rights.post_messages,
        },
    }))
}

/// What a refusal says of a channel; an error when it says nothing of it.
fn refused(error: ApiError) -> Result<ChannelRefused, ApiError> {
    match (error.verdict(), error.meaning()) {
        (Verdict::Retry(_) | Verdict::Stop, _) => Err(error),
        (Verdict::NoRights, _) | (_, Some(Meaning::BotOutside)) => Ok(ChannelRefused::NotAdministrator),
        _ => Ok(ChannelRefused::Unreachable),
    }
}

impl Dispatcher {
    pub(super) async fn channel(
        &self,
        guest: &Guest,
        channel: Channel,
    ) -> Result<Screen<Action>, HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let found = match config.and_then(|config| config.channel(channel)) {
            Some(id) => Some(self.look_or_remember(id).await?),
            None => None,
        };
        let is_set = found.is_some();
        let mut screen = self.say(guest, &ChannelScreen { channel, found })?;
        if is_set && channel == Channel::Vip {
            screen = screen.row([self.custodians_button(LabelId::PanelInvite, CustodianAction::Invite)]);
        }
        let label = if is_set {
            LabelId::ChannelChange
        } else {
            LabelId::ChannelSetup
        };
        let screen = screen.row([self.custodians_button(label, CustodianAction::SetUp(channel))]);
        Ok(self.with_panel(screen))
    }

    pub(super) fn channel_setup(
        &self,
        guest: &Guest,
        channel: Channel,
    ) -> Result<Screen<Action>, HandlerError> {
        let screen = self.say(guest, &Question::from(channel))?;
        Ok(self.with_cancel(screen, Origin::Channel(channel)))
    }

    pub(super) async fn channel_done(
        &self,
        guest: &Guest,
        channel: Channel,
        moved: bool,
    ) -> Result<Screen<Action>, HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let Some(id) = config.and_then(|config| config.channel(channel)) else {
            return self.channel(guest, channel).await;
        };
        let message = ChannelDone {
            channel,
            moved,
            found: self.look_or_remember(id).await?,
        };
        let mut screen = self.say(guest, &message)?;
        if channel == Channel::Vip {
            screen = screen.row([self.custodians_button(LabelId::PanelInvite, CustodianAction::Invite)]);
        }
        Ok(self.with_panel(screen))
    }

    /// A channel as Telegram shows it, else what was known of it last.
    async fn look_or_remember(&self, id: ChatId) -> Result<FoundChannel, HandlerError> {
        let looked = look(&self.gateway, self.me().await?.id, id).await;
        if let Ok(Some(found)) = looked {
            return Ok(found);
        }
        let rights = match looked {
            // Lucien is no administrator there.
            Ok(_) => None,
            // Too much was asked of Telegram just now: in a moment it can be looked at.
            Err(error @ ApiError::Held { .. }) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, channel = id.0, "a channel of the house cannot be looked at");
                channels::rights(&self.store.read(), id).await?
            }
        };
        Ok(FoundChannel {
            title: UserText::default(),
            id,
            rights: rights.unwrap_or(ChannelRights::NONE),
        })
    }

    /// Takes a post of the channel that is to be the house's, and sets it.
    pub(super) async fn hear_channel(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        said: &Said,
    ) -> Result<Option<Answer>, HandlerError> {
        let around = Surroundings {
            store: self.store.clone(),
            gateway: self.gateway.clone(),
            bot: self.me().await?.id,
        };
        match talk.judge::<ChannelSetup>(said, &around).await? {
            Judged::Next(from, setup) => {
                let channel = setup.channel();
                let Some(found) = setup.found else {
                    return Ok(None);
                };
                let set = talk
                    .conclude::<ChannelSetup>(from, async |tx, _| {
                        let before = bot_config::get(tx).await?;
                        if !bot_config::set_channel(tx, channel, found.id, guest.now).await? {
                            // It has become the other one just now: the next look says so.
                            return Err(StoreError::Busy.into());
                        }
                        channels::note_rights(tx, found.id, found.rights, guest.now).await?;
                        if channel == Channel::Free {
                            jobs::hasten(tx, FreeQueue::NAME, guest.now).await?;
                        }
                        let before = before.and_then(|config: BotConfig| config.channel(channel));
                        let is_moved = before.is_some_and(|before| before != found.id);
                        if channel == Channel::Vip && before != Some(found.id) {
                            hold_departures(tx, is_moved, guest.now).await?;
                        }
                        Ok(Action::Custodian(match (channel, is_moved) {
                            (Channel::Vip, true) => CustodianAction::VipMoved,
                            _ => CustodianAction::SetUpDone(channel),
                        }))
                    })
                    .await?;
                if set.is_some() {
                    self.bells.free_queue.ring();
                    self.bells.expiry.ring();
                    tracing::info!(custodian = guest.profile.id.0, %channel, id = found.id.0, "a channel was set");
                }
                Ok(set.map(Answer::Show))
            }
            Judged::Mistake((channel, unfit)) => {
                let screen = match unfit {
                    Unfit::Refused(message) => self.say(guest, &message)?,
                    Unfit::RightsMissing(found) => self.say(guest, &ChannelRightsMissing { found })?,
                };
                let screen = self.with_cancel(screen, Origin::Channel(channel));
                Ok(Some(Answer::Word(screen)))
            }
            Judged::Over => Ok(None),
        }
    }
}

/// The members' channel is another one: nobody is seen out of it before custodians have confirmed it. Where
/// there was none, that holds for those who have waited for it.
async fn hold_departures(tx: &Tx, is_moved: bool, now: Timestamp) -> Result<(), StoreError> {
    if is_moved || departures::figures(tx, now).await?.due > 0 {
        holds::set(tx, HoldReason::VipChanged, now).await?;
    }
    jobs::hasten(tx, Expiry::NAME, now).await?;
    Ok(())
}
