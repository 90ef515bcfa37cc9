//! What the target cannot hold as it is. SQLite keeps any text and any number whatever a column is declared
//! as; PostgreSQL does not.

use std::fmt;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::rows::{Cell, Limit, Row, Table};
use crate::url::Dialect;
use crate::value::written;

/// A value that does not fit. What it is, is not told: only where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfit {
    /// The table.
    pub table: String,
    /// The key of the row.
    pub key: String,
    /// The column.
    pub column: String,
    /// Why, and what becomes of it.
    pub why: Why,
}

/// Why a value does not fit, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A text with more characters than the column holds: the rest is cut off.
    TooLong,
    /// A text with a character of number zero, which PostgreSQL has no room for: it is left out.
    Nul,
    /// A number that is too large for its column. Nothing is moved until somebody has mended that.
    TooLarge,
    /// A key that would have to be changed. Nothing is moved until somebody has mended that.
    Key,
}

impl Unfit {
    pub(super) const fn is_mended(&self) -> bool {
        matches!(self.why, Why::TooLong | Why::Nul)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            key,
            column,
            why,
        } = self;
        let why = match why {
            Why::TooLong => "too long, is cut",
            Why::Nul => "has a NUL character, which is left out",
            Why::TooLarge => "too large, has to be mended first",
            Why::Key => "part of a key that does not fit, has to be mended first",
        };
        write!(f, "{table}\t{key}\t{column}\t{why}")
    }
}

/// What a target has room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) target: Dialect,
}

impl Fit {
    /// Makes a row fit and tells what did not.
    pub(super) fn mend(self, table: &Table, row: &mut Row, unfit: &mut Vec<Unfit>) {
        if self.target == Dialect::Sqlite {
            return;
        }
        for (place, column) in table.columns.iter().enumerate() {
            let why = mended(&mut row[place], column.limit);
            if why.is_empty() {
                continue;
            }
            let is_key = table.key.contains(&place);
            let key = key(table, row);
            unfit.extend(why.into_iter().map(|why| Unfit {
                table: table.name.clone(),
                key: key.clone(),
                column: column.name.clone(),
                why: if is_key { Why::Key } else { why },
            }));
        }
    }
}

fn mended(cell: &mut Cell, limit: Option<Limit>) -> Vec<Why> {
    let mut why = Vec::new();
    match (cell, limit) {
        (Cell::Text(text), limit) => {
            if text.contains('\0') {
                text.retain(|letter| letter != '\0');
                why.push(Why::Nul);
            }
            if let Some(Limit::Length(limit)) = limit
                && let Some((end, _)) = text.char_indices().nth(limit)
            {
                text.truncate(end);
                why.push(Why::TooLong);
            }
        }
        (Cell::Int(number), Some(Limit::Integer)) if i32::try_from(*number).is_err() => {
            why.push(Why::TooLarge);
        }
        (Cell::Decimal(amount), Some(Limit::Digits(digits)))
            if amount.abs() >= Decimal::from(10u64.pow(digits)) =>
        {
            why.push(Why::TooLarge);
        }
        _ => {}
    }
    why
}

/// The key of a row: numbers, moments and short words of our own.
fn key(table: &Table, row: &Row) -> String {
    let part = |&place: &usize| match &row[place] {
        Cell::Int(number) => number.to_string(),
        Cell::Moment(moment) => written(*moment),
        Cell::Text(text) => text.chars().take(40).collect(),
        _ => "?".to_owned(),
    };
    table.key.iter().map(part).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn texts_are_cut_by_characters() {
        let mut cell = text("ñandú");
        assert_eq!(mended(&mut cell, Some(Limit::Length(4))), [Why::TooLong]);
        assert_eq!(cell, text("ñand"));
        assert!(mended(&mut cell, Some(Limit::Length(4))).is_empty());
        let mut cell = text("a\0b");
        assert_eq!(mended(&mut cell, None), [Why::Nul]);
        assert_eq!(cell, text("ab"));
    }

    #[test]
    fn what_cannot_be_mended_is_told() {
        let mut large = Cell::Int(1 << 40);
        assert_eq!(mended(&mut large, Some(Limit::Integer)), [Why::TooLarge]);
        assert!(mended(&mut large, None).is_empty());
        let digits = Some(Limit::Digits(8));
        let amount = |text: &str| Cell::Decimal(text.parse().expect("a number"));
        assert!(mended(&mut amount("99999999.99"), digits).is_empty());
        assert_eq!(mended(&mut amount("-100000000"), digits), [Why::TooLarge]);
    }

    #[tokio::test]
    async fn a_key_is_never_changed_silently() {
        let tables = crate::rows::all().await.expect("a database in memory");
        let settings = tables
            .iter()
            .find(|table| table.name == "settings")
            .expect("a table");
        let column = |name: &str| {
            settings
                .names()
                .position(|found| found == name)
                .expect("a column")
        };
        let mut row = vec![Cell::Null; settings.columns.len()];
        row[column("key")] = text(&"k".repeat(101));
        row[column("value")] = text("a\0");
        let mut unfit = Vec::new();
        Fit {
            target: Dialect::Sqlite,
        }
        .mend(settings, &mut row, &mut unfit);
        assert!(unfit.is_empty());
        Fit {
            target: Dialect::Postgres,
        }
        .mend(settings, &mut row, &mut unfit);
        let why: Vec<(&str, Why)> = unfit
            .iter()
            .map(|unfit| (unfit.column.as_str(), unfit.why))
            .collect();
        assert_eq!(why, [("key", Why::Key), ("value", Why::Nul)]);
        assert!(!unfit.iter().all(Unfit::is_mended));
    }
}
