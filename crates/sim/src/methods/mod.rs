//! The methods of the Bot API that the stand-in has, and the table that finds them.
//!
//! A method checks in the order of the official server: first what can be seen from the
//! parameters, then the chat, then what the client library checks, last what a data centre does.

mod answer_callback_query;
mod chat_action;
mod commands;
mod copying;
mod deleting;
mod draft;
mod edit_caption;
mod edit_message_text;
mod editing;
mod get_chat;
mod get_file;
mod get_me;
mod get_updates;
mod input_file;
mod invite_links;
mod join_requests;
mod members;
mod message_ids;
mod outgoing;
mod reaction;
mod recipient;
mod send_media;
mod send_media_group;
mod send_message;
mod webhook;

pub(crate) use recipient::id_of as chat_id_of;

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::error::ApiError;
use crate::journal::{Notes, Problem, Violation};
use crate::params::{Param, Params, Shape};
use crate::shared::Shared;
use crate::state::{ChatRef, World, to_json};

/// The smallest time that the clock knows.
const SMALLEST: TimeDelta = TimeDelta::nanoseconds(1);

/// A call on its way to its method.
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    /// Its number.
    pub(crate) call: u64,
    pub(crate) bot: i64,
    pub(crate) method: &'a str,
    pub(crate) params: &'a Params,
    /// What is noted on the way.
    pub(crate) notes: Mutex<Notes>,
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
    File,
    FileOrString,
    IntegerOrString,
    Object,
    Array,
}

#[derive(Debug)]
struct Parameter {
    name: &'static str,
    kind: Type,
    need: Need,
}

/// Whether a parameter has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Optional,
    /// It has to be there, but may be empty.
    Present,
    Filled,
}

const fn required(name: &'static str, kind: Type) -> Parameter {
    Parameter {
        name,
        kind,
        need: Need::Filled,
    }
}

/// A required parameter whose emptiness means something.
const fn present(name: &'static str, kind: Type) -> Parameter {
    Parameter {
        name,
        kind,
        need: Need::Present,
    }
}

const fn optional(name: &'static str, kind: Type) -> Parameter {
    Parameter {
        name,
        kind,
        need: Need::Optional,
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

/// A method that has to wait.
type Waiting<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

enum Handler {
    /// Answers at once.
    Now(fn(&Context<'_>) -> Outcome),
    /// May wait.
    Later(for<'a> fn(&'a Context<'a>) -> Waiting<'a>),
}

pub(crate) struct Method {
    pub(crate) name: &'static str,
    parameters: &'static [Parameter],
    handler: Handler,
}

static METHODS: &[Method] = &[
    now("getMe", &[], get_me::run),
    later("getUpdates", get_updates::PARAMETERS, get_updates::run),
    later("setWebhook", webhook::SET, webhook::set),
    later("deleteWebhook", webhook::DELETE, webhook::delete),
    now("getWebhookInfo", &[], webhook::info),
    now("sendMessage", send_message::PARAMETERS, send_message::run),
    now("sendPhoto", send_media::PHOTO, send_media::photo),
    now("sendVideo", send_media::VIDEO, send_media::video),
    now("sendDocument", send_media::DOCUMENT, send_media::document),
    now(
        "sendMediaGroup",
        send_media_group::PARAMETERS,
        send_media_group::run,
    ),
    now("copyMessage", copying::COPY, copying::copy),
    now("copyMessages", copying::COPY_MANY, copying::copy_many),
    now("forwardMessage", copying::FORWARD, copying::forward),
    now("forwardMessages", copying::FORWARD_MANY, copying::forward_many),
    now(
        "editMessageText",
        edit_message_text::PARAMETERS,
        edit_message_text::run,
    ),
    now("editMessageCaption", edit_caption::CAPTION, edit_caption::caption),
    now(
        "editMessageReplyMarkup",
        edit_caption::MARKUP,
        edit_caption::markup,
    ),
    now("deleteMessage", deleting::ONE, deleting::one),
    now("deleteMessages", deleting::MANY, deleting::many),
    now("setMessageReaction", reaction::PARAMETERS, reaction::run),
    now("sendChatAction", chat_action::PARAMETERS, chat_action::run),
    now("getFile", get_file::PARAMETERS, get_file::run),
    now(
        "answerCallbackQuery",
        answer_callback_query::PARAMETERS,
        answer_callback_query::run,
    ),
    now("setMyCommands", commands::SET, commands::set),
    now("getMyCommands", commands::GET, commands::get),
    now("getChat", get_chat::CHAT, get_chat::chat),
    now("getChatMember", get_chat::MEMBER, get_chat::member),
    now(
        "getChatAdministrators",
        get_chat::ADMINISTRATORS,
        get_chat::administrators,
    ),
    now("getChatMemberCount", get_chat::CHAT, get_chat::member_count),
    now("createChatInviteLink", invite_links::CREATE, invite_links::create),
    now("editChatInviteLink", invite_links::EDIT, invite_links::edit),
    now("revokeChatInviteLink", invite_links::REVOKE, invite_links::revoke),
    now("exportChatInviteLink", invite_links::EXPORT, invite_links::export),
    now(
        "approveChatJoinRequest",
        join_requests::PARAMETERS,
        join_requests::approve,
    ),
    now(
        "declineChatJoinRequest",
        join_requests::PARAMETERS,
        join_requests::decline,
    ),
    now("banChatMember", members::BAN, members::ban),
    now("unbanChatMember", members::UNBAN, members::unban),
    now("leaveChat", members::LEAVE, members::leave),
    now("deleteMyCommands", commands::GET, commands::delete),
];

/// Former names of methods.
const ALIASES: [(&str, &str); 2] = [
    ("kickChatMember", "banChatMember"),
    ("getChatMembersCount", "getChatMemberCount"),
];

const fn now(
    name: &'static str,
    parameters: &'static [Parameter],
    run: fn(&Context<'_>) -> Outcome,
) -> Method {
    Method {
        name,
        parameters,
        handler: Handler::Now(run),
    }
}

const fn later(
    name: &'static str,
    parameters: &'static [Parameter],
    run: for<'a> fn(&'a Context<'a>) -> Waiting<'a>,
) -> Method {
    Method {
        name,
        parameters,
        handler: Handler::Later(run),
    }
}

/// Finds a method; its name may come in any case.
pub(crate) fn find(name: &str) -> Option<&'static Method> {
    let alias = ALIASES
        .iter()
        .find(|(former, _)| former.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |(_, present)| present);
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
            Handler::Later(run) => run(context).await,
        }
    }

    /// Records what a correct bot would not have sent.
    fn review(&self, context: &Context<'_>) -> Result<(), ApiError> {
        for param in context.params.iter() {
            let name = &param.name;
            match self.parameters.iter().find(|known| known.name == name) {
                None if name == "method" || is_attached(context.params, param) => {}
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
        for known in self.parameters {
            let is_missing = match (known.need, context.params.find(known.name)) {
                (Need::Optional, _) | (Need::Present, Some(_)) => false,
                (Need::Filled, Some(param)) => param.value.is_empty() && param.shape != Shape::File,
                (_, None) => true,
            };
            if is_missing {
                context.violation(Problem::MissingParameter {
                    name: known.name.to_owned(),
                })?;
            }
        }
        Ok(())
    }
}

/// Whether a part of the request is a file to which another one points.
fn is_attached(params: &Params, part: &Param) -> bool {
    let address = format!("attach://{}", part.name);
    part.shape == Shape::File && params.iter().any(|other| other.value.contains(&address))
}

impl Type {
    fn description(self) -> &'static str {
        match self {
            Self::Integer => "an Integer",
            Self::Boolean => "a Boolean",
            Self::String => "a String",
            Self::File => "an InputFile",
            Self::FileOrString => "an InputFile or a String",
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
            Self::File => param.shape == Shape::File,
            Self::FileOrString if param.shape == Shape::File => true,
            _ if param.shape == Shape::File => false,
            Self::Integer => is_integer || (!is_json && value.is_empty()),
            Self::Boolean if is_json => value == "true" || value == "false",
            Self::Boolean => is_boolean || value.is_empty(),
            Self::String | Self::FileOrString => !is_json,
            Self::IntegerOrString => !is_json || is_integer,
            Self::Object => value.starts_with('{') || (!is_json && value.is_empty()),
            Self::Array => value.starts_with('[') || (!is_json && value.is_empty()),
        }
    }
}

impl Context<'_> {
    /// Counts messages that are about to be sent into a chat against the limits, if there are any.
    /// The check has its place after those of the server's own and before those of a data centre.
    fn admit(&self, world: &mut World, chat: i64, messages: usize) -> Result<(), ApiError> {
        let Some(limits) = *self.shared.limits() else {
            return Ok(());
        };
        let now = self.shared.clock.now();
        let bot = world.bot_mut(self.bot).ok_or_else(ApiError::unauthorized)?;
        bot.pace
            .admit(&limits, chat, messages, now)
            .map_err(|wait| ApiError::retry_after((wait + (TimeDelta::seconds(1) - SMALLEST)).num_seconds()))
    }

    /// Records a violation; an error when the stand-in is strict.
    fn violation(&self, problem: Problem) -> Result<(), ApiError> {
        let violation = self.note_violation(problem);
        if self.shared.strict {
            Err(ApiError::bad_request(format!("strict: {violation}")))
        } else {
            Ok(())
        }
    }

    /// Records a violation.
    pub(crate) fn note_violation(&self, problem: Problem) -> Violation {
        let violation = Violation {
            call_id: self.call,
            bot_id: self.bot,
            method: self.method.to_owned(),
            problem,
            at: self.shared.clock.now(),
        };
        self.notes().violations.push(violation.clone());
        self.shared.note_violation(violation.clone());
        violation
    }

    /// Notes that the call is about a message.
    fn concerns(&self, chat: ChatRef, message: i32) {
        self.notes().messages.push((chat, message));
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noted, when the call is over.
    pub(crate) fn into_notes(self) -> Notes {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod schema;

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
            (Type::FileOrString, "x.png", Shape::File, true),
            (Type::FileOrString, "x", Shape::Text, true),
            (Type::FileOrString, "5", Shape::Json, false),
            (Type::File, "x.png", Shape::File, true),
            (Type::File, "x.png", Shape::Text, false),
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
        assert_eq!(
            find("kickchatmember").map(|method| method.name),
            Some("banChatMember")
        );
        assert!(find("sendPigeon").is_none());
    }
}
