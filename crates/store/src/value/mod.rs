//! How values are stored, and what is accepted when they are read.
//!
//! | type | SQLite | PostgreSQL |
//! |---|---|---|
//! | [`At`] | text of exactly 26 characters, UTC | `timestamp` without zone, UTC |
//! | [`Label`] | upper-case text | a native enum |
//! | [`Amount`] | a number; whole ones become integers | `numeric` |
//! | [`Json`] | text as Python writes it | `json` of the same text |
//!
//! The predecessor's rows are read as they may occur: times with or without fraction, `T` or zone;
//! labels in any letter case; the JSON text `null` as nothing. What [`At`] and [`Amount`] become on
//! SQLite is decided by the [door](crate::door), since a value does not know where it goes.

mod json;
mod time;

use std::marker::PhantomData;
use std::str::FromStr;

use domain::money::Money;
use domain::package::{Category, PackageType};
use domain::role::{Role, RoleChangeReason, UnknownLabel};
use rust_decimal::Decimal;
use sea_orm::sea_query::{ArrayType, ColumnType, IntoIden, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryGetError, TryGetable, Value};

pub(crate) use json::Json;
pub(crate) use time::{At, read_moment, written};

/// An error that names the column and nothing of its content.
fn unreadable(index: impl ColIdx, what: &str) -> TryGetError {
    TryGetError::DbErr(DbErr::Type(format!("column {index:?} is not {what}")))
}

/// An enumeration that is stored by its label.
pub(crate) trait StoredEnum: FromStr<Err = UnknownLabel> + Copy {
    /// The name of PostgreSQL's type.
    const TYPE: &'static str;

    fn label(self) -> &'static str;
}

macro_rules! stored_enum {
    ($($name:ident = $type:literal;)+) => {$(
        impl StoredEnum for $name {
            const TYPE: &'static str = $type;

            fn label(self) -> &'static str {
                Self::label(self)
            }
        }
    )+};
}

stored_enum! {
    Role = "userrole";
    RoleChangeReason = "rolechangereason";
    Category = "contentcategory";
    PackageType = "packagetype";
}

/// A label as it is stored. It is read as it is, and understood where somebody needs it: a damaged
/// label must not hide the rest of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label<T> {
    text: String,
    of: PhantomData<T>,
}

impl<T: StoredEnum> Label<T> {
    pub(crate) fn get(&self) -> Result<T, UnknownLabel> {
        self.text.parse()
    }
}

impl<T: StoredEnum> From<T> for Label<T> {
    fn from(value: T) -> Self {
        Self {
            text: value.label().to_owned(),
            of: PhantomData,
        }
    }
}

impl<T> TryGetable for Label<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        String::try_get_by(row, index).map(|text| Self {
            text,
            of: PhantomData,
        })
    }
}

impl<T> From<Label<T>> for Value {
    fn from(label: Label<T>) -> Self {
        Self::String(Some(label.text))
    }
}

impl<T> Nullable for Label<T> {
    fn null() -> Value {
        Value::String(None)
    }
}

impl<T: StoredEnum> ValueType for Label<T> {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <String as ValueType>::try_from(value).map(|text| Self {
            text,
            of: PhantomData,
        })
    }

    fn type_name() -> String {
        T::TYPE.to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Enum {
            name: T::TYPE.into_iden(),
            variants: Vec::new(),
        }
    }
}

/// Money in a `numeric(10,2)` column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) Money);

impl TryGetable for Amount {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let not_money = || unreadable(index, "an amount of money");
        let amount = if row.try_as_sqlite_row().is_none() {
            Decimal::try_get_by(row, index)?
        } else {
            match f64::try_get_by(row, index) {
                Ok(fraction) => <Decimal as TryFrom<f64>>::try_from(fraction).map_err(|_| not_money())?,
                Err(null @ TryGetError::Null(_)) => return Err(null),
                // The column's affinity turns whole amounts into integers.
                Err(_) => i64::try_get_by(row, index)
                    .map(Decimal::from)
                    .map_err(|_| not_money())?,
            }
        };
        Money::rounded(amount).map(Self).map_err(|_| not_money())
    }
}

impl From<Amount> for Value {
    fn from(amount: Amount) -> Self {
        Self::Decimal(Some(amount.0.amount()))
    }
}

impl Nullable for Amount {
    fn null() -> Value {
        Value::Decimal(None)
    }
}

impl ValueType for Amount {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let amount = <Decimal as ValueType>::try_from(value)?;
        Money::rounded(amount).map(Self).map_err(|_| ValueTypeErr)
    }

    fn type_name() -> String {
        "Amount".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Decimal
    }

    fn column_type() -> ColumnType {
        ColumnType::Decimal(Some((10, 2)))
    }
}

/// Texts that mean nothing when they are empty.
pub(crate) fn none_if_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
