//! Moments: naive UTC, to the microsecond.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use domain::clock::{Timestamp, to_micros};
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable, Value};

use super::unreadable;

/// A moment in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub(crate) Timestamp);

/// The 26 characters that SQLite stores: they sort and compare like the moments, and SQLAlchemy
/// reads and writes the same.
pub(crate) fn written(moment: NaiveDateTime) -> String {
    moment.format("%F %T%.6f").to_string()
}

/// Reads what the predecessor, its database or a person may have written: a blank or `T`, no
/// fraction or 1 to 9 digits of it, no zone, `Z` or an offset, or a date alone.
pub(crate) fn read_moment(text: &str) -> Option<Timestamp> {
    let text = text.trim().replacen(['T', 't'], " ", 1);
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(&text).trim_end();
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .map(|moment| moment.and_utc())
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").map(|moment| moment.to_utc()))
        .or_else(|_| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc())
        })
        .ok()
        .map(to_micros)
}

impl TryGetable for At {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        if row.try_as_sqlite_row().is_none() {
            return NaiveDateTime::try_get_by(row, index).map(|moment| Self(moment.and_utc()));
        }
        match String::try_get_by(row, index) {
            Ok(text) => read_moment(&text)
                .map(Self)
                .ok_or_else(|| unreadable(index, "a time")),
            Err(null @ TryGetError::Null(_)) => Err(null),
            Err(_) => Err(unreadable(index, "a time")),
        }
    }
}

impl From<At> for Value {
    fn from(at: At) -> Self {
        Self::ChronoDateTime(Some(to_micros(at.0).naive_utc()))
    }
}

impl Nullable for At {
    fn null() -> Value {
        Value::ChronoDateTime(None)
    }
}

impl ValueType for At {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <NaiveDateTime as ValueType>::try_from(value).map(|moment| Self(moment.and_utc()))
    }

    fn type_name() -> String {
        "At".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::ChronoDateTime
    }

    fn column_type() -> ColumnType {
        ColumnType::DateTime
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Option<String> {
        read_moment(text).map(|at| written(at.naive_utc()))
    }

    #[test]
    fn what_may_occur_is_read() {
        let cases = [
            ("2025-12-31 23:59:59.123456", "2025-12-31 23:59:59.123456"),
            ("2025-12-31 23:59:59", "2025-12-31 23:59:59.000000"),
            ("2025-12-31T23:59:59", "2025-12-31 23:59:59.000000"),
            ("2025-12-31 23:59:59.5", "2025-12-31 23:59:59.500000"),
            ("2025-12-31T23:59:59.123456789Z", "2025-12-31 23:59:59.123456"),
            ("2025-12-31 23:59:59Z", "2025-12-31 23:59:59.000000"),
            ("2025-12-31 23:59:59+00:00", "2025-12-31 23:59:59.000000"),
            ("2025-12-31 17:59:59.25-06:00", "2025-12-31 23:59:59.250000"),
            ("2026-01-01T01:59:59+0200", "2025-12-31 23:59:59.000000"),
            ("2025-12-31", "2025-12-31 00:00:00.000000"),
            (" 2025-12-31 23:59:59 ", "2025-12-31 23:59:59.000000"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "0",
            "1735689599",
            "31/12/2025",
            "2025-13-01 00:00:00",
            "2025-12-31 24:00:01",
            "mañana",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    fn moments() -> impl Strategy<Value = Timestamp> {
        // 0001-01-01 to 9999-12-31, the years that both databases and Python write with four digits.
        (-62_135_596_800i64..253_402_300_800, 0u32..1_000_000)
            .prop_map(|(seconds, micros)| DateTime::from_timestamp(seconds, micros * 1000).expect("in range"))
    }

    proptest! {
        #[test]
        fn what_is_written_has_26_characters_and_reads_back(at in moments()) {
            let text = written(at.naive_utc());
            prop_assert_eq!(text.len(), 26);
            prop_assert_eq!(read_moment(&text), Some(at));
        }

        #[test]
        fn texts_are_in_the_order_of_the_moments(one in moments(), other in moments()) {
            prop_assert_eq!(written(one.naive_utc()).cmp(&written(other.naive_utc())), one.cmp(&other));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,40}") {
            let _ = read_moment(&text);
        }
    }
}
