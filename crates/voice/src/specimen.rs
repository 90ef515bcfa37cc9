//! Messages with their types forgotten: what the renderer works on, and what tests and previews
//! enumerate.

use minijinja::value::{Serde, Value, ValueKind};

use crate::messages::{self, Message};
use crate::values::UserText;

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

    /// The same message with every text of others made another.
    pub(crate) fn map_text<'a>(&self, to: impl Fn(&str) -> &'a str) -> Self {
        Self {
            values: map_text(&self.values, &to),
            ..self.clone()
        }
    }
}

/// The samples of every message there is.
#[must_use]
pub fn specimens() -> Vec<Specimen> {
    messages::samples()
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
