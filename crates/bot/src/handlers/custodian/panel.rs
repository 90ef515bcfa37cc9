//! Where everything begins, and which notices are wanted.

use domain::channel::Channel;
use domain::notice::Notice;
use store::plans::{self, Which};
use store::{bot_config, invitations, settings};
use voice::messages::{NoticeSwitches, Panel};
use voice::{Button, LabelId, Screen};

use crate::action::{Action, CustodianAction, Wanted};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::{Dispatcher, Guest};

impl Dispatcher {
    pub(in crate::handlers) async fn panel(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let config = bot_config::get(&self.store.read()).await?;
        let plans = plans::list(&self.store.read(), Which::Active).await?;
        let has = |channel| {
            config
                .as_ref()
                .is_some_and(|config| config.channel(channel).is_some())
        };
        let message = Panel {
            name: guest.name(),
            vip: has(Channel::Vip),
            free: has(Channel::Free),
            plans: i64::try_from(plans.len()).unwrap_or(i64::MAX),
        };
        let waits = !invitations::held(&self.store.read(), guest.now).await?.is_empty();
        let held = waits.then_some((LabelId::HeldInvitations, CustodianAction::HeldInvitations));
        let buttons = [
            (LabelId::PanelVip, CustodianAction::Channel(Channel::Vip)),
            (LabelId::PanelFree, CustodianAction::Channel(Channel::Free)),
            (LabelId::PanelPlans, CustodianAction::Plans),
            (LabelId::PanelInvite, CustodianAction::Invite),
            (LabelId::PanelSweep, CustodianAction::Departures),
            (LabelId::PanelNotices, CustodianAction::Notices),
        ];
        let buttons = held.into_iter().chain(buttons);
        let buttons = buttons.map(|(label, request)| self.custodians_button(label, request));
        Ok(self.say(guest, &message)?.rows(buttons))
    }

    pub(super) async fn notices(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let unwanted = settings::unwanted(&self.store.read()).await?;
        let (label, other) = if settings::wants_summary(&self.store.read()).await? {
            (LabelId::SummaryOn, Wanted::No)
        } else {
            (LabelId::SummaryOff, Wanted::Yes)
        };
        let summary = self.custodians_button(label, CustodianAction::Summary(other));
        let switches = Notice::ALL.iter().map(|notice| {
            let is_on = !unwanted.contains(notice);
            let wanted = if is_on { Wanted::No } else { Wanted::Yes };
            let switch = CustodianAction::Switch(*notice, wanted);
            Button::action(self.voice.switch(*notice, is_on), Action::Custodian(switch))
        });
        let screen = self.say(guest, &NoticeSwitches)?.rows(switches).row([summary]);
        Ok(self.with_panel(screen))
    }

    pub(super) async fn switch(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        notice: Notice,
        wanted: Wanted,
    ) -> Result<(), HandlerError> {
        let switched = Action::Custodian(CustodianAction::Switch(notice, wanted));
        self.store
            .write(async |tx| {
                settings::switch(tx, notice, wanted == Wanted::Yes, guest.profile.id, guest.now).await?;
                talk.hand.decide(tx, switched).await
            })
            .await
    }

    pub(super) async fn choose_summary(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        wanted: Wanted,
    ) -> Result<(), HandlerError> {
        let chosen = Action::Custodian(CustodianAction::Summary(wanted));
        self.store
            .write(async |tx| {
                settings::choose_summary(tx, wanted == Wanted::Yes, guest.profile.id, guest.now).await?;
                talk.hand.decide(tx, chosen).await
            })
            .await
    }
}
