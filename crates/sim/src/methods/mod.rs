//! The methods of the Bot API that the stand-in has, and the table that finds them.
//!
//! A method checks in the order of the official server: first what can be seen from the
//! parameters, then the chat, then what the client library checks, last what a data centre does.

mod answer_callback_query;
mod commands;
mod delete_webhook;
mod draft;
mod edit_message_text;
mod get_me;
mod get_updates;
mod recipient;
mod send_message;

use crate::error::ApiError;
use crate::journal::{Problem, Violation};
use crate::params::{Param, Params, Shape};
use crate::shared::Shared;
use crate::state::to_json;

/// A call on its way to its method.
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) bot: i64,
    pub(crate) method: &'static str,
    pub(crate) params: &'a Params,
}

/// What a successful call answers.
#[derive(Debug)]
pub(crate) struct Reply {
    /// As JSON.
    pub(crate) result: String,
    pub(crate) description: Option<&'static str>,
}

impl Reply {
    fn json(result: String) -> Self {
        Self {
            result,
            description: None,
        }
    }

    fn yes() -> Self {
        Self::json("true".into())
    }

    fn of<T: serde::Serialize>(result: &T) -> Self {
        Self::json(to_json(result))
    }
}

pub(crate) type Outcome = Result<Reply, ApiError>;

/// The documented type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Integer,
    Boolean,
    String,
    IntegerOrString,
    Object,
    Array,
}

#[derive(Debug)]
struct Parameter {
    name: &'static str,
    kind: Type,
    is_required: bool,
}

const fn required(name: &'static str, kind: Type) -> Parameter {
    Parameter {
        name,
        kind,
        is_required: true,
    }
}

const fn optional(name: &'static str, kind: Type) -> Parameter {
    Parameter {
        name,
        kind,
        is_required: false,
    }
}

/// Documented parameters that the stand-in takes without doing anything about them.
const WITHOUT_EFFECT: [&str; 6] = [
    "business_connection_id",
    "direct_messages_topic_id",
    "message_effect_id",
    "message_thread_id",
    "rich_message",
    "suggested_post_parameters",
];

enum Handler {
    /// Answers at once.
    Now(fn(&Context<'_>) -> Outcome),
    /// getUpdates, the one method that waits.
    Poll,
}

pub(crate) struct Method {
    pub(crate) name: &'static str,
    parameters: &'static [Parameter],
    handler: Handler,
}

static METHODS: [Method; 8] = [
    Method {
        name: "getMe",
        parameters: &[],
        handler: Handler::Now(get_me::run),
    },
    Method {
        name: "getUpdates",
        parameters: get_updates::PARAMETERS,
        handler: Handler::Poll,
    },
    Method {
        name: "deleteWebhook",
        parameters: delete_webhook::PARAMETERS,
        handler: Handler::Now(delete_webhook::run),
    },
    Method {
        name: "sendMessage",
        parameters: send_message::PARAMETERS,
        handler: Handler::Now(send_message::run),
    },
    Method {
        name: "editMessageText",
        parameters: edit_message_text::PARAMETERS,
        handler: Handler::Now(edit_message_text::run),
    },
    Method {
        name: "answerCallbackQuery",
        parameters: answer_callback_query::PARAMETERS,
        handler: Handler::Now(answer_callback_query::run),
    },
    Method {
        name: "setMyCommands",
        parameters: commands::SET,
        handler: Handler::Now(commands::set),
    },
    Method {
        name: "getMyCommands",
        parameters: commands::GET,
        handler: Handler::Now(commands::get),
    },
];

/// Finds a method; its name may come in any case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    METHODS
        .iter()
        .find(|method| method.name.eq_ignore_ascii_case(name))
}

impl Method {
    /// Reviews the parameters and runs the method.
    pub(crate) async fn run(&self, context: &Context<'_>) -> Outcome {
        self.review(context)?;
        match self.handler {
            Handler::Now(run) => run(context),
            Handler::Poll => get_updates::run(context).await,
        }
    }

    /// Records what a correct bot would not have sent.
    fn review(&self, context: &Context<'_>) -> Result<(), ApiError> {
        for param in context.params.iter() {
            let name = &param.name;
            match self.parameters.iter().find(|known| known.name == name) {
                None if name == "method" => {}
                None => context.violation(Problem::UnknownParameter { name: name.clone() })?,
                Some(known) if !known.kind.fits(param) => context.violation(Problem::IllTyped {
                    name: name.clone(),
                    expected: known.kind.description().to_owned(),
                })?,
                Some(_) if WITHOUT_EFFECT.contains(&name.as_str()) && !param.value.is_empty() => {
                    context.violation(Problem::Unsupported {
                        what: format!("parameter \"{name}\""),
                    })?;
                }
                Some(_) => {}
            }
        }
        for known in self.parameters.iter().filter(|known| known.is_required) {
            if context.params.text(known.name).is_empty() {
                context.violation(Problem::MissingParameter {
                    name: known.name.to_owned(),
                })?;
            }
        }
        Ok(())
    }
}

impl Type {
    fn description(self) -> &'static str {
        match self {
            Self::Integer => "an Integer",
            Self::Boolean => "a Boolean",
            Self::String => "a String",
            Self::IntegerOrString => "an Integer or a String",
            Self::Object => "an Object",
            Self::Array => "an Array",
        }
    }

    /// Whether a value has the documented type. In a form or a query everything is text; an
    /// object or array may always come as JSON text.
    fn fits(self, param: &Param) -> bool {
        let value = param.value.trim();
        let is_integer = value.parse::<i64>().is_ok();
        let is_boolean = ["true", "false", "1", "0"]
            .iter()
            .any(|b| value.eq_ignore_ascii_case(b));
        let is_json = param.shape == Shape::Json;
        match self {
            _ if param.shape == Shape::File => false,
            Self::Integer => is_integer || (!is_json && value.is_empty()),
            Self::Boolean if is_json => value == "true" || value == "false",
            Self::Boolean => is_boolean || value.is_empty(),
            Self::String => !is_json,
            Self::IntegerOrString => !is_json || is_integer,
            Self::Object => value.starts_with('{') || (!is_json && value.is_empty()),
            Self::Array => value.starts_with('[') || (!is_json && value.is_empty()),
        }
    }
}

impl Context<'_> {
    /// Records a violation; an error when the stand-in is strict.
    fn violation(&self, problem: Problem) -> Result<(), ApiError> {
        let violation = Violation {
            bot_id: self.bot,
            method: self.method.to_owned(),
            problem,
            at: self.shared.clock.now(),
        };
        let text = format!("strict: {violation}");
        self.shared.note_violation(violation);
        if self.shared.strict {
            Err(ApiError::bad_request(text))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(value: &str, shape: Shape) -> Param {
        let mut params = Params::default();
        params.push("x".into(), value.as_bytes(), shape);
        params.find("x").expect("it was just pushed").clone()
    }

    #[test]
    fn types_are_judged_by_the_documentation() {
        let table = [
            (Type::Integer, "5", Shape::Json, true),
            (Type::Integer, "5", Shape::Text, true),
            (Type::Integer, "5.5", Shape::Json, false),
            (Type::Integer, "five", Shape::Text, false),
            (Type::Integer, "null", Shape::Json, false),
            (Type::Boolean, "true", Shape::Json, true),
            (Type::Boolean, "1", Shape::Json, false),
            (Type::Boolean, "1", Shape::Text, true),
            (Type::Boolean, "maybe", Shape::Text, false),
            (Type::String, "5", Shape::Json, false),
            (Type::String, "5", Shape::Text, true),
            (Type::IntegerOrString, "@x", Shape::Text, true),
            (Type::IntegerOrString, "[]", Shape::Json, false),
            (Type::Object, "{}", Shape::Text, true),
            (Type::Object, "[]", Shape::Json, false),
            (Type::Object, "null", Shape::Json, false),
            (Type::Array, "[1]", Shape::Json, true),
            (Type::Array, "x", Shape::Text, false),
            (Type::String, "x.png", Shape::File, false),
        ];
        for (kind, value, shape, fits) in table {
            assert_eq!(
                kind.fits(&param(value, shape)),
                fits,
                "{kind:?} {value} {shape:?}"
            );
        }
    }

    #[test]
    fn methods_are_found_in_any_case() {
        assert_eq!(find("SENDMESSAGE").map(|method| method.name), Some("sendMessage"));
        assert!(find("sendPigeon").is_none());
    }
}
