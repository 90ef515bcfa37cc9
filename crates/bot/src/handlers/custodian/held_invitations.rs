//! Invitations of a restored house that wait until a custodian has said that nobody accepted them meanwhile.

use store::invitations::{self, Consent, HeldInvitation};
use voice::messages::{HeldInvitationLine, HeldInvitations, MAX_HELD_INVITATIONS};
use voice::{Button, LabelId, Screen, ToastId, UserText, When};

use crate::action::{Action, CustodianAction};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};

impl Dispatcher {
    pub(super) async fn held_invitations(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let held = invitations::held(&self.store.read(), guest.now).await?;
        let shown = &held[..held.len().min(MAX_HELD_INVITATIONS)];
        let message = HeldInvitations {
            invitations: shown.iter().map(line).collect(),
            total: i64::try_from(held.len()).unwrap_or(i64::MAX),
        };
        let mut screen = self.say(guest, &message)?;
        for invitation in shown {
            let number = UserText::new(&invitation.id.to_string());
            let label = self.voice.label(LabelId::Release).with(&number);
            let release = CustodianAction::Release(invitation.id);
            screen = screen.row([Button::action(label, Action::Custodian(release))]);
        }
        if let [_, .., last] = &held[..] {
            let release = CustodianAction::ReleaseUpTo(last.id);
            screen = screen.row([self.custodians_button(LabelId::ReleaseAll, release)]);
        }
        Ok(self.with_panel(screen))
    }

    pub(super) async fn release(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        consent: Consent<'_>,
    ) -> Result<Answer, HandlerError> {
        let shown = Action::Custodian(CustodianAction::HeldInvitations);
        let released = self
            .store
            .write(async |tx| {
                let released = invitations::release(tx, consent).await?;
                talk.hand.decide(tx, shown).await?;
                Ok::<_, HandlerError>(released)
            })
            .await?;
        tracing::info!(
            custodian = guest.profile.id.0,
            released,
            "held invitations were released"
        );
        let toast = match released {
            0 => ToastId::AlreadyDone,
            _ => ToastId::Released,
        };
        Ok(Answer::Noted(shown, toast))
    }
}

fn line(held: &HeldInvitation) -> HeldInvitationLine {
    HeldInvitationLine {
        number: held.id.0,
        plan: held.plan.as_deref().map(UserText::new).unwrap_or_default(),
        issued: When(held.created_at),
        until: When(held.ends_at),
    }
}
