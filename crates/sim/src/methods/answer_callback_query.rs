//! answerCallbackQuery.

use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::html::utf16_len;
use crate::journal::Problem;
use crate::params::lenient_integer;
use crate::state::{CallbackAnswer, What};

pub(super) const PARAMETERS: &[Parameter] = &[
    required("callback_query_id", Type::String),
    optional("text", Type::String),
    optional("show_alert", Type::Boolean),
    optional("url", Type::String),
    optional("cache_time", Type::Integer),
];

/// Characters of a notice.
const MAX_TEXT: usize = 200;

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let params = context.params;
    let text = params.text("text");
    let units = utf16_len(text);
    if units > MAX_TEXT {
        context.violation(Problem::TooLong {
            name: "text".into(),
            units,
            limit: MAX_TEXT,
        })?;
    }
    let id = lenient_integer(params.text("callback_query_id"));
    let now = context.shared.clock.now();
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    let Some(query) = bot.callbacks.alive(id, now) else {
        return Err(ApiError::bad_request(
            "query is too old and response timeout expired or query ID is invalid",
        ));
    };
    if let Some(message) = query.message {
        context.concerns(query.chat, message);
    }
    if text.chars().count() > MAX_TEXT {
        return Err(ApiError::bad_request("MESSAGE_TOO_LONG"));
    }
    let url = params.text("url");
    if !url.is_empty() && !opens_bot(url, &bot.username) {
        return Err(ApiError::bad_request("URL_INVALID"));
    }
    if query.answer.is_some() {
        return Ok(Reply::yes());
    }
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let answer = CallbackAnswer {
        text: filled(text),
        show_alert: params.boolean("show_alert"),
        url: filled(url),
    };
    query.answer = Some(answer.clone());
    let (person, place) = (query.person, query.chat);
    if let Some(chat) = world.private_mut(context.bot, person) {
        chat.last_answer = Some(answer.clone());
    }
    if let Some(log) = world.log_mut(place) {
        log.note(context.bot, What::Answered(answer));
    }
    Ok(Reply::yes())
}

/// A bot without games may only open its own chat.
fn opens_bot(url: &str, username: &str) -> bool {
    let link = url.trim_start_matches("https://").trim_start_matches("http://");
    let own = link
        .strip_prefix("t.me/")
        .or_else(|| link.strip_prefix("telegram.me/"));
    let name = own.and_then(|rest| rest.split(['?', '/']).next());
    name.is_some_and(|name| name.eq_ignore_ascii_case(username))
}
