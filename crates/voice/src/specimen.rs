//! Messages with their types forgotten: what the renderer works on, and what tests and previews
//! enumerate.

use minijinja::value::{Serde, Value, ValueKind};

use crate::messages::{self, Message};
use crate::values::{Price, UserText, When};

/// One message with its values.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// The message's id.
    pub id: &'static str,
    /// The branch that the values select; empty for a message without branches.
    pub branch: &'static str,
    pub(crate) values: Value,
}

impl Specimen {
    /// A specimen of this very message.
    pub fn of<M: Message>(message: &M) -> Self {
        Self {
            id: M::ID,
            branch: message.branch(),
            values: Value::from(Serde(message)),
        }
    }

    /// The names of its values.
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        // An enumeration without fields is but a word.
        let fields = (self.values.kind() == ValueKind::Map).then_some(&self.values);
        let keys = fields
            .and_then(|fields| fields.try_iter().ok())
            .into_iter()
            .flatten();
        keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
    }

    /// The same message with every text of others replaced: what would become of it if people
    /// were called like this?
    #[must_use]
    pub fn with_user_text(&self, text: &UserText) -> Self {
        self.map_text(|_| text.as_str())
    }

    /// The same message with another value, written as people write it. `name` may lead into a
    /// value: `plan.days`.
    ///
    /// # Errors
    /// When there is no such value, or it is of another kind.
    pub fn with(&self, name: &str, written: &str) -> Result<Self, BadValue> {
        let path: Vec<&str> = name.split('.').collect();
        let values = replaced(&self.values, &path, written).map_err(|kind| match kind {
            None => BadValue::Unknown(name.to_owned()),
            Some(kind) => BadValue::Kind(name.to_owned(), kind),
        })?;
        Ok(Self {
            values,
            ..self.clone()
        })
    }

    /// The same message with every text of others made another.
    pub(crate) fn map_text<'a>(&self, to: impl Fn(&str) -> &'a str) -> Self {
        Self {
            values: map_text(&self.values, &to),
            ..self.clone()
        }
    }
}

/// Why a value cannot be given to a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// The message has no value of this name.
    #[error("the message has no {0:?}")]
    Unknown(String),
    /// The value is of a kind that is written otherwise.
    #[error("{0:?} is {1}")]
    Kind(String, &'static str),
}

/// The samples of every message there is.
#[must_use]
pub fn specimens() -> Vec<Specimen> {
    messages::samples()
}

/// The values with the one at `path` replaced; else what kind it is, if it exists.
fn replaced(value: &Value, path: &[&str], written: &str) -> Result<Value, Option<&'static str>> {
    let Some((name, rest)) = path.split_first() else {
        return parsed(value, written).map_err(Some);
    };
    if value.kind() != ValueKind::Map
        || !value
            .try_iter()
            .is_ok_and(|mut keys| keys.any(|key| key.as_str() == Some(*name)))
    {
        return Err(None);
    }
    let mut pairs = Vec::new();
    for key in value.try_iter().into_iter().flatten() {
        let item = value.get_item(&key).unwrap_or_default();
        let item = if key.as_str() == Some(*name) {
            replaced(&item, rest, written)?
        } else {
            item
        };
        pairs.push((key, item));
    }
    Ok(Value::from_pairs(pairs))
}

/// A value of the same kind as `value`, or what kind that is.
fn parsed(value: &Value, written: &str) -> Result<Value, &'static str> {
    if value.downcast_object_ref::<When>().is_some() {
        let when = written
            .parse()
            .map_err(|_| "a moment like 2026-03-15T20:00:00Z")?;
        return Ok(Value::from_object(When(when)));
    }
    if value.downcast_object_ref::<Price>().is_some() {
        let price = written.parse().map_err(|_| "a price like 19.90")?;
        return Ok(Value::from_object(Price(price)));
    }
    match value.kind() {
        ValueKind::String => Ok(Value::from(UserText::new(written).as_str())),
        ValueKind::Number => {
            let number: i64 = written.parse().map_err(|_| "a whole number")?;
            Ok(Value::from(number))
        }
        ValueKind::Bool => {
            let truth: bool = written.parse().map_err(|_| "true or false")?;
            Ok(Value::from(truth))
        }
        _ => Err("not written in one word"),
    }
}

fn map_text<'a>(value: &Value, to: &impl Fn(&str) -> &'a str) -> Value {
    let each = || value.try_iter().into_iter().flatten();
    match value.kind() {
        ValueKind::String => Value::from(to(value.as_str().unwrap_or_default())),
        ValueKind::Seq => each().map(|item| map_text(&item, to)).collect(),
        ValueKind::Map => Value::from_pairs(each().map(|key| {
            let item = value.get_item(&key).unwrap_or_default();
            (key, map_text(&item, to))
        })),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specimen(id: &str, branch: &str) -> Specimen {
        specimens()
            .into_iter()
            .find(|specimen| (specimen.id, specimen.branch) == (id, branch))
            .unwrap()
    }

    fn text(specimen: &Specimen) -> String {
        let voice = crate::Voice::builtin(chrono_tz::Tz::UTC, crate::Choice::seeded(1));
        voice.show(specimen, 0).unwrap().visible()
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        let home = specimen("menu.vip_home", "");
        let home = home.with("name", " Rosa <3 ").unwrap();
        let home = home.with("until", "2026-03-15T20:00:00Z").unwrap();
        let shown = text(&home);
        assert!(
            shown.contains("Rosa <3.") && shown.contains("15 de marzo de 2026"),
            "{shown}"
        );
        let issued = specimen("admin_vip.issued", "");
        let issued = issued.with("plan.days", "1").unwrap();
        let issued = issued.with("plan.price", "0").unwrap();
        let shown = text(&issued);
        assert!(shown.contains("1 día") && shown.contains("sin costo"), "{shown}");
    }

    #[test]
    fn what_cannot_be_given_is_named() {
        let home = specimen("menu.vip_home", "");
        for name in ["nombre", "name.first", "until.day", ""] {
            let error = home.with(name, "x").unwrap_err();
            assert_eq!(error, BadValue::Unknown(name.to_owned()));
        }
        let error = home.with("until", "mañana").unwrap_err().to_string();
        assert_eq!(error, "\"until\" is a moment like 2026-03-15T20:00:00Z");
        let issued = specimen("admin_vip.issued", "");
        assert!(issued.with("plan", "x").is_err());
        assert!(issued.with("plan.days", "uno").is_err());
    }
}
