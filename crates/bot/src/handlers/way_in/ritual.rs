//! The three steps of the ritual.

use domain::access::Access;
use domain::ritual::{RitualEvent, RitualStep};
use domain::subscription::{Stage, Subscription};
use store::{people, subscribers};
use voice::ToastId;

use crate::action::{Action, WayIn};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::way_in::link;

impl Dispatcher {
    /// Shows where somebody stands. At the third step they are handed their link again, or a new one
    /// when it does not count any more.
    pub(in crate::handlers) async fn resume(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
    ) -> Result<Answer, HandlerError> {
        let stage = guest.subscription.and_then(|subscription| subscription.stage);
        Ok(match (guest.access, stage) {
            (Access::Ritual, Some(Stage::Third)) => self.ask_for_key(guest, talk).await?,
            (Access::Ritual, _) => Answer::Show(Action::WayIn(WayIn::Ritual)),
            (Access::Admin | Access::Vip | Access::Free, _) => Answer::Show(Action::Home),
        })
    }

    /// A button of the ritual is pressed.
    pub(super) async fn step(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        pressed: WayIn,
    ) -> Result<Answer, HandlerError> {
        if guest.access == Access::Admin {
            return Ok(Answer::Show(Action::Home));
        }
        let event = match pressed {
            WayIn::Listen => RitualEvent::Listen,
            WayIn::Accept => RitualEvent::Accept,
            _ => RitualEvent::Conclude,
        };
        match RitualStep::of(guest.subscription.as_ref(), event, guest.now) {
            RitualStep::Stay(None) => Ok(Answer::Show(Action::Home)),
            RitualStep::Stay(Some(_)) => Ok(match self.resume(guest, talk).await? {
                Answer::Show(action) => Answer::Noted(action, ToastId::OneStepAtATime),
                other => other,
            }),
            RitualStep::Advance { from, to } => self.advance(guest, talk, from, to).await,
            RitualStep::MakeLink => self.make_key(guest, talk).await,
            RitualStep::Over => {
                let was_under_way = guest.subscription.is_some_and(|it| it.stage.is_some());
                let shown = if was_under_way {
                    Action::WayIn(WayIn::Over)
                } else {
                    Action::Home
                };
                Ok(Answer::Show(shown))
            }
        }
    }

    async fn advance(
        &self,
        guest: &mut Guest,
        talk: &Talk<'_>,
        from: Stage,
        to: Option<Stage>,
    ) -> Result<Answer, HandlerError> {
        let who = guest.profile.id;
        let outcome = match to {
            Some(_) => Action::WayIn(WayIn::Ritual),
            None => Action::Home,
        };
        let advanced = self
            .store
            .write(async |tx| {
                let advanced = subscribers::advance_stage(tx, who, from, to, guest.now).await?;
                if advanced {
                    talk.hand.decide(tx, outcome).await?;
                }
                Ok::<_, HandlerError>(advanced)
            })
            .await?;
        if advanced && let Some(before) = guest.subscription {
            guest.holds(Subscription { stage: to, ..before });
            return Ok(Answer::Show(outcome));
        }
        // Somebody or something else has moved it meanwhile.
        let known = people::known(&self.store.read(), who).await?;
        if let Some(stored) = known.and_then(|known| known.subscription) {
            guest.holds(stored.subscription);
        }
        self.resume(guest, talk).await
    }

    /// The last word of the second step: a link is made.
    async fn make_key(&self, guest: &Guest, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        let outcome = Action::WayIn(WayIn::Key);
        let channel = self.vip_channel().await?;
        let (scene, who) = (self.scene(guest), guest.profile.id);
        self.store
            .write(async |tx| {
                match channel {
                    Some(channel) => link::plan(tx, who, channel, guest.now).await?,
                    None => link::lacks_channel(tx, scene, who).await?,
                }
                talk.hand.decide(tx, outcome).await
            })
            .await?;
        self.outbox.ring();
        Ok(Answer::Show(outcome))
    }
}
