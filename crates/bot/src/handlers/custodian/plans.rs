//! Plans: the list, and making one.

use domain::id::{PlanId, UserId};
use domain::money::Money;
use domain::plan::{NewPlan, Plan, PlanDays, PlanError, PlanName, PlanPrice};
use serde::{Deserialize, Serialize};
use store::Store;
use store::plans::{self, CreateError, Which};
use voice::messages::{
    MAX_PLANS, PlanConfirm, PlanCreated, PlanField, PlanLine, PlanMistake, PlanMistaken, PlanQuestion, Plans,
};
use voice::{LabelId, Price, Screen, UserText};

use super::{Undone, confirmed};
use crate::action::{Action, CustodianAction, Origin};
use crate::dialogue::{self, Heard, Question, Said, Script, Talk};
use crate::error::HandlerError;
use crate::handlers::answer::Answer;
use crate::handlers::{Dispatcher, Guest};

/// What shows how far a plan has come.
const SHOWN: Action = Action::Custodian(CustodianAction::PlanDraft);

/// A plan that is being made.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct PlanDraft {
    name: Option<String>,
    days: Option<i32>,
    /// With its currency.
    price: Option<(Money, String)>,
}

impl PlanDraft {
    /// What is to be asked for next.
    fn missing(&self) -> Option<PlanField> {
        let fields = [
            (PlanField::Name, self.name.is_none()),
            (PlanField::Days, self.days.is_none()),
            (PlanField::Price, self.price.is_none()),
        ];
        fields
            .into_iter()
            .find_map(|(field, is_missing)| is_missing.then_some(field))
    }

    /// The plan; what is mistaken when it cannot be made like this.
    fn check(&self, by: UserId) -> Result<NewPlan, PlanMistake> {
        let name = self.name.as_deref().unwrap_or_default();
        let (price, currency) = self.price.clone().unwrap_or((Money::ZERO, String::new()));
        let plan = NewPlan::check(
            name,
            self.days.unwrap_or_default(),
            &price.to_string(),
            &currency,
            by,
        );
        plan.map_err(|problems| {
            problems
                .first()
                .map_or(PlanMistake::Name, |problem| (*problem).into())
        })
    }

    /// The draft without what is mistaken in it.
    fn without(self, mistake: PlanMistake) -> Self {
        match mistake {
            PlanMistake::Name | PlanMistake::NameTaken | PlanMistake::NotText => Self { name: None, ..self },
            PlanMistake::Days => Self { days: None, ..self },
            PlanMistake::Price | PlanMistake::PriceRange | PlanMistake::Currency => {
                Self { price: None, ..self }
            }
        }
    }
}

impl Script for PlanDraft {
    const KIND: &'static str = "plan";
    type Stage = Store;
    type Mistake = PlanMistake;

    fn step(&self) -> &'static str {
        match self.missing() {
            Some(PlanField::Name) => "name",
            Some(PlanField::Days) => "days",
            Some(PlanField::Price) => "price",
            None => "confirm",
        }
    }

    fn is_complete(&self) -> bool {
        self.missing().is_none()
    }

    async fn hear(&self, said: &Said, store: &Store) -> Result<Result<Self, PlanMistake>, HandlerError> {
        let mut next = self.clone();
        let Some(field) = self.missing() else {
            // Its question is put once more.
            return Ok(Ok(next));
        };
        let Said::Text(text) = said else {
            return Ok(Err(PlanMistake::NotText));
        };
        let filled = match field {
            PlanField::Name => PlanName::new(text).map(|name| next.name = Some(name.as_str().to_owned())),
            PlanField::Days => {
                let days = text.trim().parse().map_err(|_| PlanError::Days);
                days.and_then(PlanDays::new)
                    .map(|days| next.days = Some(days.get()))
            }
            PlanField::Price => text.parse::<PlanPrice>().map(|price| {
                next.price = Some((price.amount, price.currency.as_str().to_owned()));
            }),
        };
        if let Err(error) = filled {
            return Ok(Err(error.into()));
        }
        if let (PlanField::Name, Some(name)) = (field, &next.name)
            && plans::find_by_name(&store.read(), name).await?.is_some()
        {
            return Ok(Err(PlanMistake::NameTaken));
        }
        Ok(Ok(next))
    }
}

/// A plan as custodians read it.
pub(super) fn line(plan: &Plan) -> PlanLine {
    PlanLine {
        name: UserText::new(&plan.name),
        days: plan.days.into(),
        price: Price(plan.price),
        currency: UserText::new(&plan.currency),
        active: plan.active,
    }
}

impl Dispatcher {
    pub(super) async fn plans(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let plans = self.shortest_first(Which::All).await?;
        let message = Plans {
            plans: plans.iter().map(line).collect(),
        };
        let screen = self
            .say(guest, &message)?
            .row([self.custodians_button(LabelId::PlanNew, CustodianAction::NewPlan)]);
        Ok(self.with_panel(screen))
    }

    /// As many plans as one screen shows.
    pub(super) async fn shortest_first(&self, which: Which) -> Result<Vec<Plan>, HandlerError> {
        let mut plans = plans::list(&self.store.read(), which).await?;
        plans.sort_by_key(|plan| (plan.days, plan.id));
        plans.truncate(MAX_PLANS);
        Ok(plans)
    }

    pub(super) async fn begin_plan(&self, talk: &Talk<'_>) -> Result<Answer, HandlerError> {
        talk.begin(&PlanDraft::default(), SHOWN).await?;
        Ok(Answer::Show(SHOWN))
    }

    pub(super) async fn plan_draft(&self, guest: &Guest) -> Result<Screen<Action>, HandlerError> {
        let db = self.store.read();
        let Some(present) = dialogue::present::<PlanDraft>(&db, guest.profile.id, guest.now).await? else {
            return self.plans(guest).await;
        };
        let draft = present.script;
        let screen = match (draft.missing(), present.question, draft.price) {
            (None, Some(question), Some((price, currency))) => {
                let plan = PlanLine {
                    name: UserText::new(&draft.name.unwrap_or_default()),
                    days: draft.days.unwrap_or_default().into(),
                    price: Price(price),
                    currency: UserText::new(&currency),
                    active: true,
                };
                let create = CustodianAction::CreatePlan(question);
                self.say(guest, &PlanConfirm { plan })?
                    .row([self.custodians_button(LabelId::Confirm, create)])
            }
            (missing, ..) => self.say(guest, &PlanQuestion::new(missing.unwrap_or(PlanField::Name)))?,
        };
        Ok(self.with_cancel(screen, Origin::Plans))
    }

    pub(super) async fn hear_plan(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        said: &Said,
    ) -> Result<Option<Answer>, HandlerError> {
        Ok(match talk.hear::<PlanDraft>(said, &self.store, SHOWN).await? {
            Heard::On => Some(Answer::Show(SHOWN)),
            Heard::Mistake(mistake) => Some(self.plan_mistaken(guest, mistake)?),
            Heard::Over => None,
        })
    }

    fn plan_mistaken(&self, guest: &Guest, mistake: PlanMistake) -> Result<Answer, HandlerError> {
        let screen = self.say(guest, &PlanMistaken::new(mistake))?;
        Ok(Answer::Word(self.with_cancel(screen, Origin::Plans)))
    }

    /// Makes the plan as it was put, once. When its name was taken meanwhile, another one is asked for.
    pub(super) async fn create_plan(
        &self,
        guest: &Guest,
        talk: &Talk<'_>,
        question: Question,
    ) -> Result<Answer, HandlerError> {
        let created = talk
            .confirm::<PlanDraft, Undone<PlanMistake>>(question, async |tx, draft| {
                let plan = draft.check(guest.profile.id).map_err(Undone::Refused)?;
                match plans::create(tx, &plan, guest.now).await {
                    Ok(plan) => Ok(Action::Custodian(CustodianAction::PlanCreated(plan.id))),
                    Err(CreateError::NameTaken) => Err(Undone::Refused(PlanMistake::NameTaken)),
                    Err(CreateError::Store(error)) => Err(error.into()),
                }
            })
            .await;
        match created {
            Ok(done) => Ok(confirmed(done, CustodianAction::Plans)),
            Err(Undone::Refused(mistake)) => {
                if let Some(present) = talk.present::<PlanDraft>().await? {
                    let draft = present.script.without(mistake);
                    talk.advance(present.version, &draft, SHOWN).await?;
                }
                self.plan_mistaken(guest, mistake)
            }
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    pub(super) async fn plan_created(
        &self,
        guest: &Guest,
        id: PlanId,
    ) -> Result<Screen<Action>, HandlerError> {
        let Some(plan) = plans::find(&self.store.read(), id).await? else {
            return self.plans(guest).await;
        };
        let screen = self
            .say(guest, &PlanCreated { plan: line(&plan) })?
            .row([self.custodians_button(LabelId::PanelPlans, CustodianAction::Plans)]);
        Ok(self.with_panel(screen))
    }
}
