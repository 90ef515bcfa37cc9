//! Parameters of a call, and the official server's lenient way of reading them.

use std::sync::Arc;

use axum::body::Bytes;
use serde_json::{Map, Value, json};

/// How a parameter came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As text: in the query, a form, or a JSON string.
    Text,
    /// As another kind of JSON value, kept as its source text.
    Json,
    /// As an uploaded file; the value is the file's name.
    File,
}

/// A part of a multipart body that has a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UploadedFile {
    pub(crate) name: String,
    /// As the client named it.
    pub(crate) content_type: Option<String>,
    pub(crate) content: Bytes,
}

#[derive(Debug, Clone)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) shape: Shape,
    /// The value came as UTF-8; otherwise it has been patched.
    pub(crate) is_utf8: bool,
    /// What was uploaded, if the shape is a file.
    pub(crate) file: Option<Arc<UploadedFile>>,
}

/// The parameters of one call in the order in which they came; the first of a name counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<Param>);

impl Params {
    pub(crate) fn push(&mut self, name: String, value: &[u8], shape: Shape) {
        let value = String::from_utf8_lossy(value);
        let is_utf8 = matches!(value, std::borrow::Cow::Borrowed(_));
        self.0.push(Param {
            name,
            value: value.into_owned(),
            shape,
            is_utf8,
            file: None,
        });
    }

    pub(crate) fn push_file(&mut self, name: String, file: UploadedFile) {
        self.0.push(Param {
            name,
            value: file.name.clone(),
            shape: Shape::File,
            is_utf8: true,
            file: Some(Arc::new(file)),
        });
    }

    /// Lets go of what was uploaded, which would only take up memory in a log.
    pub(crate) fn forget_files(&mut self) {
        for param in &mut self.0 {
            param.file = None;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Param> {
        self.0.iter()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.name == name)
    }

    /// The text of a parameter; a missing one is empty, which is the same to every method.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.find(name)
            .filter(|param| param.shape != Shape::File)
            .map_or("", |param| &param.value)
    }

    /// An uploaded file.
    pub(crate) fn file(&self, name: &str) -> Option<&Arc<UploadedFile>> {
        self.find(name)?.file.as_ref()
    }

    pub(crate) fn boolean(&self, name: &str) -> bool {
        ["true", "yes", "1"]
            .iter()
            .any(|yes| self.text(name).trim().eq_ignore_ascii_case(yes))
    }

    /// A number brought into its range; garbage is 0, a missing one the default.
    pub(crate) fn integer(&self, name: &str, default: i64, min: i64, max: i64) -> i64 {
        match self.text(name) {
            "" => default,
            text => lenient_integer(text).clamp(min, max),
        }
    }

    /// Adds `name=value&…`, percent-encoded, as in a query or a form.
    pub(crate) fn add_urlencoded(&mut self, encoded: &[u8]) {
        for pair in encoded.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let name = String::from_utf8_lossy(&percent_decode(name, true)).into_owned();
            self.push(name, &percent_decode(value, true), Shape::Text);
        }
    }

    /// Adds the fields of a JSON object, up to the first error, which is not reported.
    pub(crate) fn add_json(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        let is_utf8 = matches!(text, std::borrow::Cow::Borrowed(_));
        let mut rest = Json(text.trim_start());
        if let Some(content) = rest.0.starts_with('"').then(|| rest.next::<String>()).flatten() {
            self.push("content".into(), content.as_bytes(), Shape::Text);
            return;
        }
        let mut more = rest.skip('{');
        while more && !rest.skip('}') {
            let Some(name) = rest.next::<String>() else { return };
            if !rest.skip(':') {
                return;
            }
            let (value, shape) = if rest.0.starts_with('"') {
                let Some(value) = rest.next::<String>() else {
                    return;
                };
                (value, Shape::Text)
            } else {
                let Some(value) = rest.next::<&serde_json::value::RawValue>() else {
                    return;
                };
                (value.get().to_owned(), Shape::Json)
            };
            let is_utf8 = is_utf8 || !value.contains(char::REPLACEMENT_CHARACTER);
            self.0.push(Param {
                name,
                value,
                shape,
                is_utf8,
                file: None,
            });
            more = rest.skip(',');
        }
    }

    /// The parameters as one JSON object, nested values as such.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = Map::new();
        for param in &self.0 {
            object
                .entry(param.name.clone())
                .or_insert_with(|| match param.shape {
                    Shape::Text => json!(param.value),
                    Shape::Json => serde_json::from_str(&param.value).unwrap_or_else(|_| json!(param.value)),
                    Shape::File => json!({ "file": param.value }),
                });
        }
        Value::Object(object)
    }
}

/// What is left to read of a JSON text.
struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    fn next<T: serde::Deserialize<'a>>(&mut self) -> Option<T> {
        let mut values = serde_json::Deserializer::from_str(self.0).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.0 = self.0[values.byte_offset()..].trim_start();
        Some(value)
    }

    fn skip(&mut self, wanted: char) -> bool {
        let Some(rest) = self.0.strip_prefix(wanted) else {
            return false;
        };
        self.0 = rest.trim_start();
        true
    }
}

/// Reads a leading `-` and digits and ignores the rest; no digits are 0.
pub(crate) fn lenient_integer(text: &str) -> i64 {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let value = digits
        .bytes()
        .take_while(u8::is_ascii_digit)
        .fold(0i64, |value, digit| {
            value.saturating_mul(10).saturating_add(i64::from(digit - b'0'))
        });
    if negative { -value } else { value }
}

pub(crate) fn percent_decode(encoded: &[u8], plus_is_space: bool) -> Vec<u8> {
    let hex = |at: usize| encoded.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut at = 0;
    while let Some(byte) = encoded.get(at) {
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                // Two hexadecimal digits make one byte.
                decoded.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
        at += 1;
    }
    decoded
}

/// The elements of a JSON array.
pub(crate) fn elements(value: &Value) -> Option<&[Value]> {
    value.as_array().map(Vec::as_slice)
}

/// A JSON object read field by field, strictly, with the server's words for what is wrong.
/// A `null` is not an absent field but one of the wrong type.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A string that has to be there; a number will do.
    pub(crate) fn string(&self, name: &str) -> Result<String, String> {
        if self.has(name) {
            self.optional_string(name)
        } else {
            Err(format!("Can't find field \"{name}\""))
        }
    }

    /// A string, empty when absent; a number will do.
    pub(crate) fn optional_string(&self, name: &str) -> Result<String, String> {
        match self.0.get(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Number(number)) => Ok(number.to_string()),
            Some(_) => Err(format!("Field \"{name}\" must be of type String")),
        }
    }

    /// A number that has to be there; a string that holds one will do.
    pub(crate) fn integer(&self, name: &str) -> Result<i64, String> {
        if self.has(name) {
            self.optional_integer(name)
        } else {
            Err(format!("Can't find field \"{name}\""))
        }
    }

    /// A number, 0 when absent; a string that holds one will do.
    pub(crate) fn optional_integer(&self, name: &str) -> Result<i64, String> {
        match self.0.get(name) {
            None => Ok(0),
            Some(Value::Number(number)) => number
                .as_i64()
                .ok_or_else(|| format!("Field \"{name}\" must be a valid Number")),
            Some(Value::String(text)) => text
                .parse()
                .map_err(|_| format!("Field \"{name}\" must be a valid Number")),
            Some(_) => Err(format!("Field \"{name}\" must be a Number")),
        }
    }

    /// A boolean, false when absent.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool, String> {
        match self.0.get(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(format!("Field \"{name}\" must be of type Boolean")),
        }
    }

    /// An object, if it is there.
    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, String> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(format!("Field \"{name}\" must be of type Object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json_params(body: &str) -> Params {
        let mut params = Params::default();
        params.add_json(body.as_bytes());
        params
    }

    #[test]
    fn json_bodies_are_read_up_to_the_first_error() {
        let table = [
            (r#"{"chat_id":1,"text":"hola"}"#, "1", "hola"),
            (r#" { "text" : "h\u00f3la" , "chat_id" : -5 } "#, "-5", "hóla"),
            (r#"{"chat_id":1,"text":"hola"#, "1", ""),
            (r#"{"chat_id":1 "text":"hola"}"#, "1", ""),
            (r#"{"chat_id":1,"x":tru,"text":"hola"}"#, "1", ""),
            (r#"{"chat_id":1,"chat_id":2,"text":null}"#, "1", "null"),
            (
                r#"{"chat_id":[1, 2],"text":{"a":true}}"#,
                "[1, 2]",
                r#"{"a":true}"#,
            ),
            (r#"{"chat_id":1,"text":true}trailing"#, "1", "true"),
            ("", "", ""),
            ("[1]", "", ""),
            ("{,", "", ""),
        ];
        for (body, chat_id, text) in table {
            let params = json_params(body);
            assert_eq!(
                (params.text("chat_id"), params.text("text")),
                (chat_id, text),
                "{body}"
            );
        }
        assert_eq!(json_params(r#""hola""#).text("content"), "hola");
    }

    #[test]
    fn forms_are_decoded_and_the_first_of_a_name_counts() {
        let mut params = Params::default();
        params.add_urlencoded(b"a=1+2%26&b&a=3&c=%zz%F3&=x&d=%e2%82%ac");
        assert_eq!(params.text("a"), "1 2&");
        assert_eq!(params.text("b"), "");
        assert_eq!(params.text("c"), "%zz\u{FFFD}");
        assert!(!params.find("c").unwrap().is_utf8);
        assert_eq!(params.text("d"), "€");
    }

    #[test]
    fn booleans_and_integers_are_never_errors() {
        for (text, expected) in [
            ("true", true),
            (" YES ", true),
            ("1", true),
            ("True", true),
            ("on", false),
            ("0", false),
            ("", false),
        ] {
            let mut params = Params::default();
            params.push("x".into(), text.as_bytes(), Shape::Text);
            assert_eq!(params.boolean("x"), expected, "{text:?}");
        }
        let table = [
            ("5", 5),
            ("-3", 0),
            ("500", 100),
            ("7seven", 7),
            ("seven", 0),
            ("", 42),
            ("-", 0),
            ("99999999999999999999", 100),
            (" 5", 0),
        ];
        for (text, expected) in table {
            let mut params = Params::default();
            params.push("x".into(), text.as_bytes(), Shape::Text);
            assert_eq!(params.integer("x", 42, 0, 100), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_too_strange(body: Vec<u8>) {
            let mut params = Params::default();
            params.add_json(&body);
            params.add_urlencoded(&body);
            params.to_json();
        }

        #[test]
        fn what_serde_writes_is_read(text: String, number: i64) {
            let params = json_params(&json!({ "text": text, "number": number }).to_string());
            proptest::prop_assert_eq!(params.text("text"), text);
            proptest::prop_assert_eq!(params.integer("number", 0, i64::MIN, i64::MAX), number.max(-i64::MAX));
        }
    }
}
