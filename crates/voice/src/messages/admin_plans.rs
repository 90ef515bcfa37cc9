//! Plans: how long a membership lasts, and what it costs.

use domain::money::{Money, MoneyError};
use domain::plan::{Currency, NewPlan, PlanDays, PlanError, PlanName};
use serde::Serialize;

use super::{Message, sample};
use crate::values::{Price, UserText};

/// The most plans that one list shows.
pub const MAX_PLANS: usize = 20;

/// A plan as custodians read it.
#[derive(Clone, Debug, Serialize)]
pub struct PlanLine {
    /// Its name.
    pub name: UserText,
    /// How many days it lasts.
    pub days: i64,
    /// What it costs.
    pub price: Price,
    /// In which currency.
    pub currency: UserText,
    /// Whether it is on offer.
    pub active: bool,
}

/// The plans that there are.
#[derive(Clone, Debug, Serialize)]
pub struct Plans {
    /// At most [`MAX_PLANS`], in the order in which they are shown.
    pub plans: Vec<PlanLine>,
}

/// What is typed to make a plan, in the order of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanField {
    /// Its name.
    Name,
    /// How many days it lasts.
    Days,
    /// What it costs, with the currency.
    Price,
}

/// The bounds that the questions name.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PlanLimits {
    /// The most letters of a name.
    name_chars: usize,
    /// The most days.
    days: i32,
    /// The highest price.
    price: u32,
    /// The most letters of a currency.
    currency_chars: usize,
}

/// A question on the way to a new plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanQuestion {
    #[serde(skip)]
    field: PlanField,
    limits: PlanLimits,
}

/// What was typed is no answer to the question, which stands.
#[derive(Clone, Debug, Serialize)]
pub struct PlanMistaken {
    #[serde(skip)]
    mistake: PlanMistake,
    limits: PlanLimits,
}

/// Why something is no answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanMistake {
    /// Not a name.
    Name,
    /// An active plan has this name.
    NameTaken,
    /// Not a number of days within bounds.
    Days,
    /// Not an amount.
    Price,
    /// An amount out of bounds.
    PriceRange,
    /// Not a currency.
    Currency,
    /// Not a text.
    NotText,
}

/// Is the plan made like this?
#[derive(Clone, Debug, Serialize)]
pub struct PlanConfirm {
    /// The plan to be made.
    pub plan: PlanLine,
}

/// A plan was made.
#[derive(Clone, Debug, Serialize)]
pub struct PlanCreated {
    /// The plan.
    pub plan: PlanLine,
}

impl PlanLimits {
    const PRESENT: Self = Self {
        name_chars: PlanName::MAX_CHARS,
        days: PlanDays::MAX,
        price: NewPlan::MAX_PRICE,
        currency_chars: Currency::MAX_CHARS,
    };
}

impl PlanQuestion {
    /// The question for a field.
    #[must_use]
    pub const fn new(field: PlanField) -> Self {
        let limits = PlanLimits::PRESENT;
        Self { field, limits }
    }
}

impl PlanMistaken {
    /// The answer to a mistake.
    #[must_use]
    pub const fn new(mistake: PlanMistake) -> Self {
        let limits = PlanLimits::PRESENT;
        Self { mistake, limits }
    }
}

impl From<PlanError> for PlanMistake {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Name => Self::Name,
            PlanError::Days => Self::Days,
            PlanError::Price(MoneyError::NotANumber | MoneyError::TooFine) => Self::Price,
            PlanError::Price(MoneyError::Negative | MoneyError::TooLarge) | PlanError::PriceTooHigh => {
                Self::PriceRange
            }
            PlanError::Currency => Self::Currency,
        }
    }
}

impl PlanLine {
    /// An ordinary one, one as long as the columns allow, and one that is free and has no name.
    pub(super) fn samples() -> [Self; 3] {
        let [_, longest, invisible] = sample::names();
        let with = |name: UserText, days, price, currency: &str, active| Self {
            name,
            days,
            price: Price(price),
            currency: UserText::new(currency),
            active,
        };
        let longest_currency = "💰".repeat(Currency::MAX_CHARS);
        let ordinary_price = "250".parse().expect("an amount");
        [
            with(UserText::new("Mensual"), 30, ordinary_price, "MXN", true),
            with(longest, 3_650, Money::MAX, &longest_currency, false),
            with(invisible, 1, Money::ZERO, "$", true),
        ]
    }

    /// None, a few, and as many as there can be.
    pub(super) fn sample_lists() -> [Vec<Self>; 3] {
        let [_, longest, _] = Self::samples();
        [Self::samples().into(), vec![longest; MAX_PLANS], Vec::new()]
    }
}

impl Message for Plans {
    const ID: &'static str = "admin_plans.list";

    fn branch(&self) -> &'static str {
        if self.plans.is_empty() { "empty" } else { "listed" }
    }

    fn samples() -> Vec<Self> {
        PlanLine::sample_lists().map(|plans| Self { plans }).into()
    }
}

impl Message for PlanQuestion {
    const ID: &'static str = "admin_plans.ask";

    fn branch(&self) -> &'static str {
        match self.field {
            PlanField::Name => "name",
            PlanField::Days => "days",
            PlanField::Price => "price",
        }
    }

    fn samples() -> Vec<Self> {
        [PlanField::Name, PlanField::Days, PlanField::Price]
            .map(Self::new)
            .into()
    }
}

impl Message for PlanMistaken {
    const ID: &'static str = "admin_plans.mistake";

    fn branch(&self) -> &'static str {
        match self.mistake {
            PlanMistake::Name => "name",
            PlanMistake::NameTaken => "name_taken",
            PlanMistake::Days => "days",
            PlanMistake::Price => "price",
            PlanMistake::PriceRange => "price_range",
            PlanMistake::Currency => "currency",
            PlanMistake::NotText => "not_text",
        }
    }

    fn samples() -> Vec<Self> {
        [
            PlanMistake::Name,
            PlanMistake::NameTaken,
            PlanMistake::Days,
            PlanMistake::Price,
            PlanMistake::PriceRange,
            PlanMistake::Currency,
            PlanMistake::NotText,
        ]
        .map(Self::new)
        .into()
    }
}

impl Message for PlanConfirm {
    const ID: &'static str = "admin_plans.confirm";

    fn samples() -> Vec<Self> {
        PlanLine::samples().map(|plan| Self { plan }).into()
    }
}

impl Message for PlanCreated {
    const ID: &'static str = "admin_plans.created";

    fn samples() -> Vec<Self> {
        PlanLine::samples().map(|plan| Self { plan }).into()
    }
}
