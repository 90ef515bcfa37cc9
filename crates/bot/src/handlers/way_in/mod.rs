//! People on their way into the members' channel.
//!
//! | module | holds |
//! |---|---|
//! | [`invitation`] | an invitation is opened |
//! | [`ritual`] | the three steps |
//! | [`handing_over`] | the link at their end |
//! | [`coming_back`] | a member who is outside comes in again |
//! | [`door`] | somebody asks to be let in |
//! | [`standing`] | where people are, and what Lucien may do, in the house's channels |
//! | [`ruling`] | what custodians decide about people |
//! | [`throttle`] | whoever guesses invitations |

mod coming_back;
mod door;
mod handing_over;
mod invitation;
mod ritual;
mod ruling;
mod standing;
mod throttle;

use domain::channel::Channel;
use domain::door::ENTRY_LINKS_A_DAY;
use domain::id::ChatId;
use domain::subscription::Stage;
use store::{StoreError, bot_config};
use voice::messages::{
    FinishRitual, HeldAtTheDoor, KeyLimit, RitualFirst, RitualOver, RitualSecond, Stranger,
};
use voice::{LabelId, Screen};

use super::answer::Answer;
use super::{Dispatcher, Guest};
use crate::action::{Action, DoorWord, WayIn};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::key;
use crate::way_in::Scene;

pub(super) use throttle::Throttle;

impl Dispatcher {
    /// Does what somebody asks for on the way in. `payload` is what the link carried by which they
    /// opened the chat.
    pub(super) async fn go_in(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        request: WayIn,
        payload: Option<&str>,
    ) -> Result<Answer, HandlerError> {
        match (request, payload) {
            (WayIn::Open, Some(payload)) => self.open_invitation(guest, talk, payload).await,
            (WayIn::Ritual | WayIn::Key | WayIn::KeyLimit, _) => self.resume(guest, talk).await,
            (WayIn::Listen | WayIn::Accept | WayIn::Conclude, _) => self.step(guest, talk, request).await,
            (WayIn::Enter | WayIn::Readmission, _) => self.come_back(guest, talk).await,
            // Only ever an answer: no button carries it.
            (WayIn::Open | WayIn::Over | WayIn::Renewed(_) | WayIn::Door(_), _) => {
                Ok(Answer::Show(Action::StaleButton))
            }
        }
    }

    /// The part of the routing table that is the way in.
    pub(super) async fn way_in_screen(
        &self,
        guest: &Guest,
        shown: WayIn,
    ) -> Result<Screen<Action>, HandlerError> {
        let stage = guest.subscription.and_then(|subscription| subscription.stage);
        Ok(match shown {
            WayIn::Over => self.say(guest, &RitualOver)?,
            WayIn::KeyLimit => {
                let count = i64::try_from(ENTRY_LINKS_A_DAY).unwrap_or(i64::MAX);
                let screen = self.say(guest, &KeyLimit { count })?;
                match stage {
                    Some(_) => screen.row([self.key_button(LabelId::Inside, WayIn::Conclude)]),
                    None => self.with_back(screen),
                }
            }
            WayIn::Renewed(days) => self.renewed(guest, days).await?,
            WayIn::Readmission => self.readmission(guest).await?,
            WayIn::Door(word) => self.door_screen(guest, word)?,
            WayIn::Ritual
            | WayIn::Listen
            | WayIn::Accept
            | WayIn::Conclude
            | WayIn::Key
            | WayIn::Open
            | WayIn::Enter => match stage {
                Some(Stage::First) => self
                    .say(guest, &RitualFirst)?
                    .row([self.key_button(LabelId::RitualListen, WayIn::Listen)]),
                Some(Stage::Second) => self
                    .say(guest, &RitualSecond)?
                    .row([self.key_button(LabelId::RitualAccept, WayIn::Accept)]),
                Some(Stage::Third) | None => self.home(guest)?,
            },
        })
    }

    fn door_screen(&self, guest: &Guest, word: DoorWord) -> Result<Screen<Action>, HandlerError> {
        Ok(match word {
            DoorWord::Lent => self.say(guest, &Stranger::Lent)?,
            DoorWord::Former => self.say(guest, &Stranger::Former)?,
            DoorWord::FinishRitual => self
                .say(guest, &FinishRitual)?
                .row([self.key_button(LabelId::RitualResume, WayIn::Ritual)]),
            DoorWord::Hold => self.say(guest, &HeldAtTheDoor)?,
            DoorWord::Silence => self.home(guest)?,
        })
    }

    fn key_button(&self, label: LabelId, action: WayIn) -> voice::Button<Action> {
        key::button(&self.voice, label, action)
    }

    fn scene(&self, guest: &Guest) -> Scene<'_> {
        Scene {
            custodians: &self.settings.custodians,
            now: guest.now,
        }
    }

    async fn vip_channel(&self) -> Result<Option<ChatId>, StoreError> {
        let config = bot_config::get(&self.store.read()).await?;
        Ok(config.and_then(|config| config.channel(Channel::Vip)))
    }
}
