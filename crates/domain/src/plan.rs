//! Subscription plans.

use std::fmt;
use std::str::FromStr;

use chrono::TimeDelta;

use crate::id::{PlanId, UserId};
use crate::money::{Money, MoneyError};

/// Why a plan cannot be made like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The name is empty or longer than [`PlanName::MAX_CHARS`].
    #[error("a plan's name has 1 to {} characters", PlanName::MAX_CHARS)]
    Name,
    /// Fewer than one day or more than [`PlanDays::MAX`].
    #[error("a plan lasts 1 to {} whole days", PlanDays::MAX)]
    Days,
    /// The price is not an amount.
    #[error("price: {0}")]
    Price(#[from] MoneyError),
    /// Above [`NewPlan::MAX_PRICE`].
    #[error("a plan costs at most {}", NewPlan::MAX_PRICE)]
    PriceTooHigh,
    /// The currency is empty or longer than [`Currency::MAX_CHARS`].
    #[error("a currency has 1 to {} characters", Currency::MAX_CHARS)]
    Currency,
}

/// A plan's name: 1 to 100 characters, no control characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlanName(String);

impl PlanName {
    /// The most characters that the column holds.
    pub const MAX_CHARS: usize = 100;

    /// A name as somebody typed it.
    ///
    /// # Errors
    /// [`PlanError::Name`] when it is empty, too long or holds control characters.
    pub fn new(name: &str) -> Result<Self, PlanError> {
        short_text(name, Self::MAX_CHARS).map(Self).ok_or(PlanError::Name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long a plan lasts: 1 to 3650 whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanDays(i32);

impl PlanDays {
    /// Ten years.
    pub const MAX: i32 = 3650;

    /// A number of days.
    ///
    /// # Errors
    /// [`PlanError::Days`] outside 1..=3650.
    pub fn new(days: i32) -> Result<Self, PlanError> {
        if (1..=Self::MAX).contains(&days) {
            Ok(Self(days))
        } else {
            Err(PlanError::Days)
        }
    }

    /// The number of days.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The same as a length of time.
    #[must_use]
    pub fn length(self) -> TimeDelta {
        TimeDelta::days(i64::from(self.0))
    }
}

/// A currency as it is shown: a sign or a code of 1 to 10 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency(String);

impl Currency {
    /// The most characters that the column holds.
    pub const MAX_CHARS: usize = 10;

    /// A sign or code.
    ///
    /// # Errors
    /// [`PlanError::Currency`] when it is empty, too long or holds control characters.
    pub fn new(currency: &str) -> Result<Self, PlanError> {
        short_text(currency, Self::MAX_CHARS)
            .map(Self)
            .ok_or(PlanError::Currency)
    }

    /// The sign or code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self("$".to_owned())
    }
}

/// A price with its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanPrice {
    /// How much, at most [`NewPlan::MAX_PRICE`].
    pub amount: Money,
    /// Of what.
    pub currency: Currency,
}

/// Reads what people type: `250`, `$19.90`, `19,90 €`, `250 MXN`.
impl FromStr for PlanPrice {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let text = text.trim();
        let text = text.strip_prefix('$').unwrap_or(text).trim_start();
        let (amount, currency) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let written = amount.replacen(',', ".", 1);
        let amount = NewPlan::check_price(&written)?;
        // `1,250` is a thousand and a bit to whoever writes it so, and must not become 1.25.
        if written.split_once('.').is_some_and(|(_, cents)| cents.len() > 2) {
            return Err(MoneyError::TooFine.into());
        }
        let currency = match currency.trim() {
            "" => Currency::default(),
            currency => Currency::new(currency)?,
        };
        Ok(Self { amount, currency })
    }
}

/// A plan to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlan {
    /// Its name, unique among active plans.
    pub name: PlanName,
    /// How long it lasts.
    pub days: PlanDays,
    /// What it costs.
    pub price: Money,
    /// In which currency.
    pub currency: Currency,
    /// Who makes it; 0 is the system.
    pub created_by: UserId,
}

impl NewPlan {
    /// The highest price.
    pub const MAX_PRICE: u32 = 9999;

    /// Checks all parts and reports every problem.
    ///
    /// # Errors
    /// All that is wrong, in the order of the arguments.
    pub fn check(
        name: &str,
        days: i32,
        price: &str,
        currency: &str,
        created_by: UserId,
    ) -> Result<Self, Vec<PlanError>> {
        let name = PlanName::new(name);
        let days = PlanDays::new(days);
        let price = Self::check_price(price);
        let currency = Currency::new(currency);
        match (name, days, price, currency) {
            (Ok(name), Ok(days), Ok(price), Ok(currency)) => Ok(Self {
                name,
                days,
                price,
                currency,
                created_by,
            }),
            (name, days, price, currency) => {
                let problems = [name.err(), days.err(), price.err(), currency.err()];
                Err(problems.into_iter().flatten().collect())
            }
        }
    }

    fn check_price(price: &str) -> Result<Money, PlanError> {
        let price = price.parse::<Money>()?;
        if price.amount() > Self::MAX_PRICE.into() {
            return Err(PlanError::PriceTooHigh);
        }
        Ok(price)
    }
}

/// A plan as it is stored. Old rows may break today's rules, so its parts are plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Row id.
    pub id: PlanId,
    /// Name.
    pub name: String,
    /// Days it lasts.
    pub days: i32,
    /// Price.
    pub price: Money,
    /// Currency sign or code.
    pub currency: String,
    /// Whether invitations can be issued for it.
    pub active: bool,
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn short_text(text: &str, max_chars: usize) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SYSTEM: UserId = UserId(0);

    #[test]
    fn a_good_plan() {
        let plan = NewPlan::check(" Mensual ", 30, "9.99", "$", SYSTEM).unwrap();
        assert_eq!(plan.name.as_str(), "Mensual");
        assert_eq!(plan.days.length(), TimeDelta::days(30));
        assert_eq!(plan.price.to_string(), "9.99");
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        assert_eq!(
            NewPlan::check("  ", 0, "-1", "", SYSTEM),
            Err(vec![
                PlanError::Name,
                PlanError::Days,
                PlanError::Price(MoneyError::Negative),
                PlanError::Currency,
            ])
        );
    }

    #[test]
    fn bounds() {
        let with = |name: &str, days, price| NewPlan::check(name, days, price, "$", SYSTEM).is_ok();
        assert!(with(&"ñ".repeat(100), 3650, "9999"));
        assert!(!with(&"ñ".repeat(101), 30, "1"));
        assert!(!with("x", 3651, "1"));
        assert!(!with("x", 30, "9999.01"));
        assert!(with("x", 1, "0"));
        assert!(!with("a\u{7}b", 1, "0"));
    }

    #[test]
    fn prices_as_people_type_them() {
        let read = |text: &str| {
            let price = text.parse::<PlanPrice>()?;
            Ok(format!("{} {}", price.amount, price.currency.as_str()))
        };
        for (text, expected) in [
            ("250", Ok("250.00 $")),
            (" $ 19.90 ", Ok("19.90 $")),
            ("19,9 €", Ok("19.90 €")),
            ("250   MXN", Ok("250.00 MXN")),
            ("0", Ok("0.00 $")),
            ("", Err(PlanError::Price(MoneyError::NotANumber))),
            ("gratis", Err(PlanError::Price(MoneyError::NotANumber))),
            ("1,250.00", Err(PlanError::Price(MoneyError::NotANumber))),
            ("1.250", Err(PlanError::Price(MoneyError::TooFine))),
            ("1,250", Err(PlanError::Price(MoneyError::TooFine))),
            ("-1", Err(PlanError::Price(MoneyError::Negative))),
            ("9999.01", Err(PlanError::PriceTooHigh)),
            ("1 pesos mexicanos", Err(PlanError::Currency)),
        ] {
            assert_eq!(read(text), expected.map(str::to_owned), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_price_within_bounds_or_a_typed_error(text in "\\PC{0,20}") {
            if let Ok(price) = text.parse::<PlanPrice>() {
                prop_assert!(price.amount.amount() <= NewPlan::MAX_PRICE.into());
                prop_assert!((1..=Currency::MAX_CHARS).contains(&price.currency.as_str().chars().count()));
            }
        }

        #[test]
        fn whatever_is_accepted_fits_the_columns(name in any::<String>(), days in any::<i32>(), price in "\\PC{0,12}", currency in any::<String>()) {
            if let Ok(plan) = NewPlan::check(&name, days, &price, &currency, SYSTEM) {
                prop_assert!((1..=100).contains(&plan.name.as_str().chars().count()));
                prop_assert!((1..=3650).contains(&plan.days.get()));
                prop_assert!((1..=10).contains(&plan.currency.as_str().chars().count()));
                prop_assert!(plan.price.amount() <= 9999.into());
            }
        }
    }
}
