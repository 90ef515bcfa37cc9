//! The table of methods against the documentation, as far as a schema file of it is at hand.

use std::collections::HashMap;

use serde::Deserialize;

use super::{METHODS, Need, Parameter, Type};

/// Names the file, in the form of <https://github.com/PaulSonOfLars/telegram-bot-api-spec>.
const VARIABLE: &str = "BOTAPI_SCHEMA";

#[derive(Deserialize)]
struct Schema {
    methods: HashMap<String, Documented>,
}

#[derive(Deserialize)]
struct Documented {
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    types: Vec<String>,
    required: bool,
}

impl Field {
    /// The type as the table knows it.
    fn kind(&self) -> Option<Type> {
        let types: Vec<&str> = self.types.iter().map(String::as_str).collect();
        Some(match types[..] {
            ["Integer"] => Type::Integer,
            ["Boolean"] => Type::Boolean,
            ["String"] => Type::String,
            ["InputFile"] => Type::File,
            ["Integer", "String"] => Type::IntegerOrString,
            _ if types.iter().all(|name| name.starts_with("Array of ")) => Type::Array,
            ["InputFile", "String"] => Type::FileOrString,
            ["Float"] => return None,
            // What else there is, is the name of an object or of several.
            _ => Type::Object,
        })
    }

    /// What is wrong with the table's parameter of this name.
    fn differs_from(&self, known: Option<&Parameter>) -> Option<String> {
        let Some(known) = known else {
            return Some("is missing".into());
        };
        let kind = self.kind();
        if kind != Some(known.kind) {
            return Some(format!("is {:?} instead of {kind:?}", known.kind));
        }
        (self.required != (known.need != Need::Optional)).then(|| format!("is {:?}", known.need))
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a check that was skipped has to say so")]
fn methods_and_parameters_are_those_of_the_documentation() {
    let Ok(file) = std::env::var(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} names no schema of the Bot API");
        return;
    };
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let schema: Schema = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut differences = Vec::new();
    for method in METHODS {
        let Some(documented) = schema.methods.get(method.name) else {
            differences.push(format!("{} is not documented", method.name));
            continue;
        };
        for field in &documented.fields {
            let known = method.parameters.iter().find(|known| known.name == field.name);
            if let Some(what) = field.differs_from(known) {
                differences.push(format!("{}: {} {what}", method.name, field.name));
            }
        }
        for known in method.parameters {
            if documented.fields.iter().all(|field| field.name != known.name) {
                differences.push(format!("{}: {} is not documented", method.name, known.name));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
