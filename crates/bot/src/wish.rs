//! Members who would like to stay, and what custodians are asked then.
//!
//! A wish is about one end date. It puts one question to all custodians: whoever answers first, by an
//! invitation or by a grant, does so for all of them.

use domain::clock::Timestamp;
use domain::id::UserId;
use domain::money::Money;
use domain::plan::Plan;
use serde::{Deserialize, Serialize};
use store::{Connection, StoreError, Tx, confirmations};
use telegram::Payload;
use url::Url;
use voice::messages::PlanLine;
use voice::{Button, LabelId, Price, Screen, UserText, Voice};

use crate::action::{Action, RenewalAction};
use crate::dialogue::Question;

/// What somebody wishes, as it is stored with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    /// Who would like to stay.
    pub(crate) person: UserId,
    /// Beyond which last moment.
    pub(crate) until: Timestamp,
}

/// The question that a wish has put, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Put {
    pub(crate) wish: Wish,
    /// What came of it; none while nobody has answered.
    pub(crate) answer: Option<Action>,
}

/// A plan, as a notice speaks of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offered {
    name: String,
    days: i32,
    price: Money,
    currency: String,
    pub(crate) active: bool,
}

impl Wish {
    /// Puts the question.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn put(&self, tx: &Tx, now: Timestamp) -> Result<Question, StoreError> {
        Question::to_all(tx, self, now).await
    }

    /// The wish in a question, as it was stored; none when it is about something else.
    pub(crate) fn read(action: &str) -> Option<Self> {
        serde_json::from_str(action).ok()
    }
}

impl Put {
    /// What a question asks, and what came of it; none when there is no such question any more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn find(db: &impl Connection, question: Question) -> Result<Option<Self>, StoreError> {
        let found = confirmations::find(db, question.0, UserId::HOUSE).await?;
        Ok(found.and_then(|found| {
            Some(Self {
                wish: Wish::read(&found.action)?,
                answer: found.result.as_deref().and_then(Action::decode),
            })
        }))
    }
}

impl From<Plan> for Offered {
    fn from(plan: Plan) -> Self {
        Self {
            name: plan.name,
            days: plan.days,
            price: plan.price,
            currency: plan.currency,
            active: plan.active,
        }
    }
}

impl Offered {
    /// The plan as custodians read it.
    pub(crate) fn line(&self) -> PlanLine {
        PlanLine {
            name: UserText::new(&self.name),
            days: self.days.into(),
            price: Price(self.price),
            currency: UserText::new(&self.currency),
            active: self.active,
        }
    }
}

/// The screen with what a member can do about its end below it: wish to stay, and write to the creator.
pub(crate) fn with_ways(
    screen: Screen<Action>,
    voice: &Voice,
    until: Timestamp,
    creator: Option<&Url>,
) -> Screen<Action> {
    let wish = Action::Renewal(RenewalAction::Wish(until.timestamp()));
    let screen = screen.row([Button::action(voice.label(LabelId::Wish), wish)]);
    match creator {
        Some(creator) => screen.row([Button::url(voice.label(LabelId::Contact), creator.clone())]),
        None => screen,
    }
}
