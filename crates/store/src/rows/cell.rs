//! One value, apart from the form in which a database stores it.

use chrono::NaiveDateTime;
use rust_decimal::Decimal;
use sea_orm::{DbErr, QueryResult, TryGetError, TryGetable, Value};
use serde_json::Value as JsonValue;

use super::shape::{Column, Family, Table};
use crate::error::StoreError;
use crate::value::{At, read_moment, written};

/// A value. On both databases, what means the same is equal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Bool(bool),
    Real(f64),
    /// With two decimals at most.
    Decimal(Decimal),
    /// UTC, to the microsecond.
    Moment(NaiveDateTime),
    /// A text or a label.
    Text(String),
    /// The text of a JSON value other than `null`, as it is spelled.
    Json(String),
}

/// The values of a row, in the order of the table's columns.
pub(crate) type Row = Vec<Cell>;

/// The decimals that `numeric(10,2)` keeps.
const DECIMALS: u32 = 2;

impl Cell {
    /// Reads the value that stands at `place` of a row of `table`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] with the column's name when the value is not of the column's family.
    pub(crate) fn read(row: &QueryResult, place: usize, table: &Table) -> Result<Self, StoreError> {
        let column = &table.columns[place];
        let cell = match column.family {
            Family::Int => got(row, place).map(|value| value.map(Self::Int)),
            Family::Bool => got(row, place).map(|value| value.map(Self::Bool)),
            Family::Real => real(row, place).map(|value| value.map(Self::Real)),
            Family::Decimal => decimal(row, place).map(|value| value.map(Self::Decimal)),
            Family::Moment => {
                got::<At>(row, place).map(|value| value.map(|at| Self::Moment(at.0.naive_utc())))
            }
            Family::Text | Family::Label(_) => got(row, place).map(|value| value.map(Self::Text)),
            Family::Json => json(row, place).map(|value| value.map(Self::Json)),
        };
        match cell {
            Ok(cell) => Ok(cell.unwrap_or(Self::Null)),
            Err(_) => Err(unreadable(table, column)),
        }
    }

    /// The value for a statement.
    pub(crate) fn bound(&self, family: Family) -> Value {
        match self {
            Self::Null => match family {
                Family::Int => Value::BigInt(None),
                Family::Bool => Value::Bool(None),
                Family::Real => Value::Double(None),
                Family::Decimal => Value::Decimal(None),
                Family::Moment => Value::ChronoDateTime(None),
                Family::Text | Family::Label(_) | Family::Json => Value::String(None),
            },
            Self::Int(value) => (*value).into(),
            Self::Bool(value) => (*value).into(),
            Self::Real(value) => (*value).into(),
            Self::Decimal(value) => (*value).into(),
            Self::Moment(value) => (*value).into(),
            Self::Text(text) | Self::Json(text) => text.as_str().into(),
        }
    }

    /// The value in a file. Numbers with a fraction are texts there, so that nobody rounds them.
    pub(crate) fn to_json(&self) -> JsonValue {
        match self {
            Self::Null => JsonValue::Null,
            Self::Int(value) => (*value).into(),
            Self::Bool(value) => (*value).into(),
            Self::Real(value) => format!("{value:?}").into(),
            Self::Decimal(value) => value.to_string().into(),
            Self::Moment(value) => written(*value).into(),
            Self::Text(text) | Self::Json(text) => text.as_str().into(),
        }
    }

    /// Reads what [`to_json`](Self::to_json) has written; none when it is nothing of that family.
    pub(crate) fn from_json(value: &JsonValue, family: Family) -> Option<Self> {
        if value.is_null() {
            return Some(Self::Null);
        }
        match family {
            Family::Int => value.as_i64().map(Self::Int),
            Family::Bool => value.as_bool().map(Self::Bool),
            Family::Real => value.as_str()?.parse().ok().map(Self::Real),
            Family::Decimal => value.as_str()?.parse().ok().map(Self::Decimal),
            Family::Moment => read_moment(value.as_str()?).map(|at| Self::Moment(at.naive_utc())),
            Family::Text | Family::Label(_) => value.as_str().map(|text| Self::Text(text.to_owned())),
            Family::Json => {
                let text = value.as_str()?;
                serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
                Some(Self::Json(text.to_owned()))
            }
        }
    }

    /// Adds bytes that are the same for the same value, and for no other one, whichever database it came
    /// from.
    pub(super) fn add_to(&self, bytes: &mut Vec<u8>) {
        let mut tagged = |tag: u8, content: &[u8]| {
            bytes.push(tag);
            bytes.extend_from_slice(&(content.len() as u64).to_be_bytes());
            bytes.extend_from_slice(content);
        };
        match self {
            Self::Null => tagged(0, &[]),
            Self::Int(value) => tagged(1, &value.to_be_bytes()),
            Self::Bool(value) => tagged(2, &[u8::from(*value)]),
            // Adding zero makes one of the two zeros.
            Self::Real(value) => tagged(3, &(value + 0.0).to_bits().to_be_bytes()),
            Self::Decimal(value) => tagged(4, value.normalize().to_string().as_bytes()),
            Self::Moment(value) => tagged(5, &value.and_utc().timestamp_micros().to_be_bytes()),
            Self::Text(text) => tagged(6, text.as_bytes()),
            // Spelled anew: the order of keys and blanks mean nothing.
            Self::Json(text) => match serde_json::from_str::<JsonValue>(text) {
                Ok(mut value) => {
                    // Where some dependency has objects keep the order in which they are spelled.
                    value.sort_all_objects();
                    tagged(7, value.to_string().as_bytes());
                }
                Err(_) => tagged(8, text.as_bytes()),
            },
        }
    }
}

fn unreadable(table: &Table, column: &Column) -> StoreError {
    StoreError::Unreadable(format!("{}.{}", table.name, column.name))
}

fn got<T: TryGetable>(row: &QueryResult, place: usize) -> Result<Option<T>, TryGetError> {
    match T::try_get_by(row, place) {
        Ok(value) => Ok(Some(value)),
        Err(TryGetError::Null(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// On SQLite, a number without fraction may have become an integer.
fn real(row: &QueryResult, place: usize) -> Result<Option<f64>, TryGetError> {
    got::<f64>(row, place).or_else(|error| match got::<i64>(row, place) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "it was written as a number with a fraction"
        )]
        Ok(whole) => Ok(whole.map(|whole| whole as f64)),
        Err(_) => Err(error),
    })
}

fn decimal(row: &QueryResult, place: usize) -> Result<Option<Decimal>, TryGetError> {
    let value = if row.try_as_sqlite_row().is_none() {
        got::<Decimal>(row, place)?
    } else {
        match got::<f64>(row, place) {
            Ok(value) => value
                .map(Decimal::try_from)
                .transpose()
                .map_err(|_| TryGetError::DbErr(DbErr::Type("no amount".to_owned())))?,
            Err(_) => got::<i64>(row, place)?.map(Decimal::from),
        }
    };
    Ok(value.map(|value| value.round_dp(DECIMALS)))
}

/// The text `null` is nothing. On SQLite, the text of a number may have become one.
fn json(row: &QueryResult, place: usize) -> Result<Option<String>, TryGetError> {
    let text = match got::<String>(row, place) {
        Ok(text) => text,
        Err(error) => match (got::<i64>(row, place), got::<f64>(row, place)) {
            (Ok(number), _) => number.map(|number| number.to_string()),
            (_, Ok(number)) => number.map(|number| number.to_string()),
            _ => return Err(error),
        },
    };
    Ok(text.filter(|text| text.trim() != "null"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells() -> impl Strategy<Value = (Family, Cell)> {
        let moment = (-62_135_596_800_000_000i64..253_402_300_799_999_999).prop_map(|micros| {
            let at = chrono::DateTime::from_timestamp_micros(micros).expect("in range");
            (Family::Moment, Cell::Moment(at.naive_utc()))
        });
        prop_oneof![
            Just((Family::Int, Cell::Null)),
            any::<i64>().prop_map(|value| (Family::Int, Cell::Int(value))),
            any::<bool>().prop_map(|value| (Family::Bool, Cell::Bool(value))),
            any::<f64>()
                .prop_filter("a number", |value| !value.is_nan())
                .prop_map(|value| (Family::Real, Cell::Real(value))),
            (-99_999_999i64..99_999_999)
                .prop_map(|cents| (Family::Decimal, Cell::Decimal(Decimal::new(cents, 2)))),
            moment,
            "\\PC{0,20}".prop_map(|text| (Family::Text, Cell::Text(text))),
            "[a-z\"\\\\]{0,9}"
                .prop_map(|text| { (Family::Json, Cell::Json(JsonValue::from(text).to_string())) }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_to_a_file_reads_back((family, cell) in cells()) {
            prop_assert_eq!(Cell::from_json(&cell.to_json(), family), Some(cell));
        }

        #[test]
        fn values_have_the_same_bytes_when_they_are_the_same((_, one) in cells(), (_, other) in cells()) {
            let bytes = |cell: &Cell| {
                let mut bytes = Vec::new();
                cell.add_to(&mut bytes);
                bytes
            };
            prop_assert_eq!(bytes(&one) == bytes(&other), one == other);
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let bytes = |cell: Cell| {
            let mut bytes = Vec::new();
            cell.add_to(&mut bytes);
            bytes
        };
        let json = |text: &str| bytes(Cell::Json(text.to_owned()));
        assert_eq!(json(r#"{"b": 1, "a": ["\u00f1"]}"#), json(r#"{"a":["ñ"],"b":1}"#));
        assert_ne!(json(r#"{"a":1}"#), json(r#"{"a":2}"#));
        let decimal = |text: &str| bytes(Cell::Decimal(text.parse().expect("a number")));
        assert_eq!(decimal("10.00"), decimal("10"));
        assert_eq!(bytes(Cell::Real(0.0)), bytes(Cell::Real(-0.0)));
    }

    #[test]
    fn what_is_of_another_family_is_refused() {
        for (value, family) in [
            (JsonValue::from("7"), Family::Int),
            (JsonValue::from(7), Family::Bool),
            (JsonValue::from(7.5), Family::Real),
            (JsonValue::from("siete"), Family::Decimal),
            (JsonValue::from("mañana"), Family::Moment),
            (JsonValue::from(7), Family::Text),
            (JsonValue::from("{"), Family::Json),
        ] {
            assert_eq!(Cell::from_json(&value, family), None, "{value} as {family:?}");
        }
    }
}
