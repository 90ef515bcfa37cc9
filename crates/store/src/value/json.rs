//! JSON columns.
//!
//! To the databases we speak of them as text and spell it as Python does, so that rows of ours and
//! of the predecessor look alike, on both. PostgreSQL is told by a cast: the column counts as an
//! enum type named `json`, which is written and read through text like the real enums.

use std::fmt::Write as _;
use std::io;

use sea_orm::sea_query::{ArrayType, ColumnType, IntoIden, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable, Value};
use serde::Serialize;
use serde_json::ser::Formatter;

use super::unreadable;

/// A JSON value other than `null`, which reads as nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json(pub(crate) serde_json::Value);

impl Json {
    /// The strings of an array of strings; anything else counts as an empty one.
    pub(crate) fn strings(self) -> Vec<String> {
        serde_json::from_value(self.0).unwrap_or_default()
    }

    fn text(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Python);
        self.0
            .serialize(&mut serializer)
            .expect("a JSON value has string keys, and a vector takes all bytes");
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }
}

/// `json.dumps` as it is by default: `", "`, `": "`, and nothing but ASCII.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut ascii = String::with_capacity(fragment.len());
        for c in fragment.chars() {
            if c.is_ascii() {
                ascii.push(c);
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(ascii, "\\u{unit:04x}").expect("a string takes all text");
                }
            }
        }
        writer.write_all(ascii.as_bytes())
    }
}

impl TryGetable for Json {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let value = match String::try_get_by(row, index) {
            Ok(text) => serde_json::from_str(&text).map_err(|_| unreadable(index, "JSON"))?,
            Err(null @ TryGetError::Null(_)) => return Err(null),
            // On SQLite the column's affinity turns a number's text into a number.
            Err(_) => match i64::try_get_by(row, index) {
                Ok(number) => number.into(),
                Err(_) => f64::try_get_by(row, index)
                    .map_err(|_| unreadable(index, "JSON"))?
                    .into(),
            },
        };
        match value {
            serde_json::Value::Null => Err(TryGetError::Null(format!("{index:?}"))),
            value => Ok(Self(value)),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::String(Some(json.text()))
    }
}

impl Nullable for Json {
    fn null() -> Value {
        Value::String(None)
    }
}

impl ValueType for Json {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        let text = <String as ValueType>::try_from(value)?;
        serde_json::from_str(&text).map(Self).map_err(|_| ValueTypeErr)
    }

    fn type_name() -> String {
        "Json".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::Enum {
            name: "json".into_iden(),
            variants: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spelled_as_python_does() {
        let text = |value| Json(value).text();
        assert_eq!(text(json!([])), "[]");
        assert_eq!(
            text(json!({"monthly": 10, "yearly": 100})),
            r#"{"monthly": 10, "yearly": 100}"#
        );
        assert_eq!(
            text(json!(["🔥", "❤\u{fe0f}"])),
            r#"["\ud83d\udd25", "\u2764\ufe0f"]"#
        );
        assert_eq!(
            text(json!({"a": ["\"", {"b": null}], "ñ": 1.5})),
            r#"{"a": ["\"", {"b": null}], "\u00f1": 1.5}"#
        );
    }

    #[test]
    fn its_own_text_reads_back() {
        let value = json!(["🔥", {"clave": "año \n \u{7f}"}]);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&Json(value.clone()).text()).unwrap(),
            value
        );
    }
}
