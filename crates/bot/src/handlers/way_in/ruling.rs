//! What custodians decide about people: whom others have removed, and who came in uninvited.

use domain::id::UserId;
use store::presence::{self, Answer as Answered};
use voice::Screen;
use voice::ToastId;
use voice::messages::{RemovedMemberAnswer, RemovedMemberSettled, UninvitedAnswer, UninvitedSettled};

use crate::action::{Action, Ruling};
use crate::dialogue::Talk;
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};
use crate::outbox::{Errand, PersonNotice};

impl Dispatcher {
    /// A custodian decides about somebody. The first one does, while it is as it was when they were
    /// asked; the others are shown what was decided.
    pub(in crate::handlers) async fn rule(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        ruling: Ruling,
        about: UserId,
    ) -> Result<Answer, HandlerError> {
        let Some(channel) = self.vip_channel().await? else {
            return Ok(Answer::Show(Action::StaleButton));
        };
        let now = guest.now;
        let outcome = Action::Ruled(ruling, about);
        let decided = self
            .store
            .write(async |tx| {
                if !presence::answer(tx, about, channel, answer(ruling), guest.profile.id).await? {
                    return Ok(false);
                }
                match ruling {
                    Ruling::Readmit => {
                        let unban = Errand::unban(about, channel).enqueue(tx, now).await?;
                        let tell = Errand::tell(about, PersonNotice::Readmitted).after(unban);
                        tell.enqueue(tx, now).await?;
                    }
                    Ruling::LeaveOut => {
                        let tell = Errand::tell(about, PersonNotice::LeftOut);
                        tell.enqueue(tx, now).await?;
                    }
                    Ruling::SeeOut => {
                        Errand::remove(about, channel).enqueue(tx, now).await?;
                    }
                    Ruling::LetStay => {}
                }
                talk.hand.decide(tx, outcome).await?;
                Ok::<_, HandlerError>(true)
            })
            .await?;
        if decided {
            self.outbox.ring();
            return Ok(Answer::Show(outcome));
        }
        let found = presence::find(&self.store.read(), about, channel).await?;
        Ok(match found.and_then(|found| found.answer) {
            Some(before) => {
                let before = Action::Ruled(other(ruling, before), about);
                Answer::Noted(before, ToastId::AlreadyDone)
            }
            // What they were asked about is over.
            None => Answer::Show(Action::StaleButton),
        })
    }

    pub(in crate::handlers) async fn ruled(
        &self,
        guest: &Guest,
        ruling: Ruling,
        about: UserId,
    ) -> Result<Screen<Action>, HandlerError> {
        let person = self.someone(about).await?;
        let removed = |answer| RemovedMemberSettled {
            person: person.clone(),
            answer,
        };
        let uninvited = |answer| UninvitedSettled {
            person: person.clone(),
            answer,
        };
        Ok(match ruling {
            Ruling::Readmit => self.say(guest, &removed(RemovedMemberAnswer::Readmitted))?,
            Ruling::LeaveOut => self.say(guest, &removed(RemovedMemberAnswer::LeftOut))?,
            Ruling::SeeOut => self.say(guest, &uninvited(UninvitedAnswer::SeenOut))?,
            Ruling::LetStay => self.say(guest, &uninvited(UninvitedAnswer::LetStay))?,
        })
    }
}

/// Where a ruling wants somebody.
const fn answer(ruling: Ruling) -> Answered {
    match ruling {
        Ruling::Readmit | Ruling::LetStay => Answered::Inside,
        Ruling::LeaveOut | Ruling::SeeOut => Answered::Outside,
    }
}

/// The ruling about the same question that was made.
const fn other(ruling: Ruling, made: Answered) -> Ruling {
    match (ruling, made) {
        (Ruling::Readmit | Ruling::LeaveOut, Answered::Inside) => Ruling::Readmit,
        (Ruling::Readmit | Ruling::LeaveOut, Answered::Outside) => Ruling::LeaveOut,
        (Ruling::SeeOut | Ruling::LetStay, Answered::Inside) => Ruling::LetStay,
        (Ruling::SeeOut | Ruling::LetStay, Answered::Outside) => Ruling::SeeOut,
    }
}
