//! Exact amounts of money.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// An amount of money, exact, with two decimals.
///
/// Amounts are never negative: Lucien keeps prices, not accounts. The largest is
/// [`Money::MAX`], which the column `numeric(10,2)` still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Money(Decimal);

/// Why something is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("not a decimal number")]
    NotANumber,
    /// Less than zero.
    #[error("an amount cannot be negative")]
    Negative,
    /// More than [`Money::MAX`].
    #[error("an amount cannot be above {}", Money::MAX)]
    TooLarge,
    /// More than two decimals.
    #[error("an amount has at most two decimals")]
    TooFine,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// 99,999,999.99, the most that `numeric(10,2)` holds.
    pub const MAX: Self = Self(Decimal::from_parts(1_410_065_407, 2, 0, false, 2));

    /// An amount from a decimal that has at most two decimals.
    ///
    /// # Errors
    /// When it is negative, too large or finer than a cent.
    pub fn new(amount: Decimal) -> Result<Self, MoneyError> {
        let money = Self::in_range(amount.normalize())?;
        if money.0.scale() > 2 {
            return Err(MoneyError::TooFine);
        }
        Ok(money)
    }

    /// An amount from a value that was stored as a binary fraction: rounded to the nearest cent.
    ///
    /// # Errors
    /// When the rounded value is negative or too large.
    pub fn rounded(amount: Decimal) -> Result<Self, MoneyError> {
        Self::in_range(
            amount
                .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
                .normalize(),
        )
    }

    /// The decimal behind the amount.
    #[must_use]
    pub const fn amount(self) -> Decimal {
        self.0
    }

    fn in_range(amount: Decimal) -> Result<Self, MoneyError> {
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(MoneyError::Negative);
        }
        if amount > Self::MAX.0 {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self(amount.abs()))
    }
}

/// Always with two decimals and no thousands separators: `10.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// Reads what people type: digits with an optional decimal point.
impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let text = text.trim();
        let plain = text
            .strip_prefix('-')
            .unwrap_or(text)
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.');
        if !plain {
            return Err(MoneyError::NotANumber);
        }
        Self::new(Decimal::from_str_exact(text).map_err(|_| MoneyError::NotANumber)?)
    }
}

impl TryFrom<Decimal> for Money {
    type Error = MoneyError;

    fn try_from(amount: Decimal) -> Result<Self, MoneyError> {
        Self::new(amount)
    }
}

impl From<Money> for Decimal {
    fn from(money: Money) -> Self {
        money.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_largest_amount_is_what_the_column_holds() {
        assert_eq!(Money::MAX.to_string(), "99999999.99");
        assert_eq!("99999999.99".parse(), Ok(Money::MAX));
        assert_eq!("100000000".parse::<Money>(), Err(MoneyError::TooLarge));
    }

    #[test]
    fn what_people_type() {
        let cases: [(&str, Result<&str, MoneyError>); 10] = [
            ("10", Ok("10.00")),
            (" 10.5 ", Ok("10.50")),
            ("0", Ok("0.00")),
            ("-0", Ok("0.00")),
            ("1.005", Err(MoneyError::TooFine)),
            ("-1", Err(MoneyError::Negative)),
            ("1,50", Err(MoneyError::NotANumber)),
            ("1e3", Err(MoneyError::NotANumber)),
            ("", Err(MoneyError::NotANumber)),
            ("diez", Err(MoneyError::NotANumber)),
        ];
        for (text, expected) in cases {
            let read = text.parse::<Money>().map(|m| m.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn written_amounts_read_back_equal(cents in 0i64..=9_999_999_999) {
            let money = Money::new(Decimal::new(cents, 2)).unwrap();
            prop_assert_eq!(money.to_string().parse(), Ok(money));
        }

        #[test]
        fn a_binary_fraction_gives_back_the_cents_it_was_made_of(cents in 0i64..=9_999_999_999) {
            let stored = cents as f64 / 100.0;
            let money = Money::rounded(Decimal::try_from(stored).unwrap()).unwrap();
            prop_assert_eq!(money.amount(), Decimal::new(cents, 2));
        }

        #[test]
        fn any_text_is_an_amount_or_a_typed_error(text in "\\PC{0,30}") {
            if let Ok(money) = text.parse::<Money>() {
                prop_assert!(money >= Money::ZERO && money <= Money::MAX);
            }
        }
    }
}
