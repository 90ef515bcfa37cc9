//! How values become text in templates.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};
use unicode_segmentation::UnicodeSegmentation;

use crate::html::utf16_len;
use crate::values::{Price, When};

const MONTHS: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

/// Adds the filters that need nothing but their arguments.
pub(crate) fn add_to(env: &mut Environment<'_>) {
    env.add_filter("money", |price: &Value, currency: Option<&str>| {
        money(price, currency)
    });
    env.add_filter("plural", |count: i64, one: &str, many: &str| {
        plural(count, one, many)
    });
    env.add_filter("span", span);
    env.add_filter("ellipsis", |text: &str, max: usize| {
        ellipsis(text, max).into_owned()
    });
}

/// Adds the filters that show moments in a time zone.
pub(crate) fn add_zoned(env: &mut Environment<'_>, zone: Tz) {
    env.add_filter("date", move |when: &Value| date(when, zone));
    env.add_filter("time", move |when: &Value| time(when, zone));
}

/// `15 de marzo de 2026`.
fn date(when: &Value, zone: Tz) -> Result<String, Error> {
    let local = moment(when)?.0.with_timezone(&zone);
    let month = MONTHS[local.month0() as usize];
    Ok(format!("{} de {month} de {}", local.day(), local.year()))
}

/// `14:30 CST`; zones without letters are shown as `14:30 UTC-03`.
fn time(when: &Value, zone: Tz) -> Result<String, Error> {
    let local = moment(when)?.0.with_timezone(&zone);
    let name = local.format("%Z").to_string();
    let utc = if name.starts_with(['+', '-']) { "UTC" } else { "" };
    Ok(format!("{:02}:{:02} {utc}{name}", local.hour(), local.minute()))
}

/// `$1,250.00`; with another sign `€1,250.00`, with a code `1,250.00 MXN`.
fn money(price: &Value, currency: Option<&str>) -> Result<String, Error> {
    let price = price
        .downcast_object_ref::<Price>()
        .ok_or_else(|| wrong("money", price.kind()))?;
    let amount = price.0.to_string();
    let (whole, cents) = amount.split_once('.').unwrap_or((&amount, "00"));
    let amount = format!("{}.{cents}", grouped(whole));
    Ok(match currency.map_or("$", str::trim) {
        "" => amount,
        code if code.contains(char::is_alphanumeric) => format!("{amount} {code}"),
        sign => format!("{sign}{amount}"),
    })
}

/// The number with its noun: `1 día`, `1,200 días`.
fn plural(count: i64, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    let sign = if count < 0 { "-" } else { "" };
    format!("{sign}{} {noun}", grouped(&count.unsigned_abs().to_string()))
}

/// A length of time in minutes, by its two largest units: `2 días y 3 horas`, `5 minutos`.
fn span(minutes: i64) -> String {
    let minutes = minutes.max(0);
    let units = [
        (minutes / 1_440, "día", "días"),
        (minutes / 60 % 24, "hora", "horas"),
        (minutes % 60, "minuto", "minutos"),
    ];
    let largest = units.iter().position(|(count, ..)| *count > 0).unwrap_or(2);
    let named = units[largest..]
        .iter()
        .take(2)
        .enumerate()
        .filter(|(place, (count, ..))| *place == 0 || *count > 0)
        .map(|(_, (count, one, many))| plural(*count, one, many));
    named.collect::<Vec<_>>().join(" y ")
}

/// Text of at most `max` UTF-16 units, cut between characters as people see them.
pub(crate) fn ellipsis(text: &str, max: usize) -> Cow<'_, str> {
    if utf16_len(text) <= max {
        return text.into();
    }
    let mut left = max.saturating_sub(1);
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        let Some(rest) = left.checked_sub(utf16_len(grapheme)) else {
            break;
        };
        left = rest;
        kept.push_str(grapheme);
    }
    format!("{}…", kept.trim_end()).into()
}

/// Digits in groups of three: `1,250`.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn moment(value: &Value) -> Result<When, Error> {
    value
        .downcast_object::<When>()
        .map(Arc::unwrap_or_clone)
        .ok_or_else(|| wrong("date or time", value.kind()))
}

/// Names the kind only: the value may be somebody's.
fn wrong(filter: &str, kind: ValueKind) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("{filter} of a {kind}"))
}

#[cfg(test)]
mod tests {
    use domain::clock::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn when(at: &str) -> Value {
        Value::from_object(When(at.parse::<Timestamp>().unwrap()))
    }

    #[test]
    fn dates_are_those_of_the_zone() {
        let at = when("2026-03-01T03:05:00Z");
        let mexico = Tz::America__Mexico_City;
        assert_eq!(date(&at, mexico).unwrap(), "28 de febrero de 2026");
        assert_eq!(time(&at, mexico).unwrap(), "21:05 CST");
        assert_eq!(date(&at, Tz::UTC).unwrap(), "1 de marzo de 2026");
        assert_eq!(time(&at, Tz::America__Sao_Paulo).unwrap(), "00:05 UTC-03");
        assert!(date(&Value::from("2026-03-01"), Tz::UTC).is_err());
    }

    #[test]
    fn money_is_grouped_and_exact() {
        let price = |text: &str| Value::from_object(Price(text.parse().unwrap()));
        let shown = |text: &str| money(&price(text), None).unwrap();
        assert_eq!(shown("0"), "$0.00");
        assert_eq!(shown("999.5"), "$999.50");
        assert_eq!(shown("1250"), "$1,250.00");
        assert_eq!(shown("99999999.99"), "$99,999,999.99");
        assert!(money(&Value::from(5), None).is_err());
        let with = |currency| money(&price("1250"), Some(currency)).unwrap();
        assert_eq!(with("$"), "$1,250.00");
        assert_eq!(with("€"), "€1,250.00");
        assert_eq!(with("MXN"), "1,250.00 MXN");
        assert_eq!(with(" "), "1,250.00");
    }

    #[test]
    fn only_one_is_singular() {
        let days = |count| plural(count, "día", "días");
        assert_eq!(days(0), "0 días");
        assert_eq!(days(1), "1 día");
        assert_eq!(days(-1), "-1 días");
        assert_eq!(days(3650), "3,650 días");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (minutes, shown) in [
            (-1, "0 minutos"),
            (0, "0 minutos"),
            (1, "1 minuto"),
            (60, "1 hora"),
            (61, "1 hora y 1 minuto"),
            (1_440, "1 día"),
            (1_441, "1 día"),
            (1_560, "1 día y 2 horas"),
            (3_000_000, "2,083 días y 8 horas"),
        ] {
            assert_eq!(span(minutes), shown);
        }
    }

    #[test]
    fn the_cut_never_splits_what_people_see_as_one() {
        assert_eq!(ellipsis("mayordomo", 9), "mayordomo");
        assert_eq!(ellipsis("mayordomo", 5), "mayo…");
        assert_eq!(ellipsis("el mayordomo", 4), "el…");
        assert_eq!(ellipsis("a👩‍👩‍👧b", 6), "a…");
    }

    proptest! {
        #[test]
        fn whatever_is_cut_fits(text in any::<String>(), max in 1usize..40) {
            let cut = ellipsis(&text, max);
            prop_assert!(utf16_len(&cut) <= max);
            if cut != text {
                let kept = cut.strip_suffix('…').unwrap();
                prop_assert!(text.starts_with(kept));
            }
        }
    }
}
