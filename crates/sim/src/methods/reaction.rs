//! setMessageReaction.

use serde_json::Value;

use super::editing::NOT_MODIFIED;
use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, message_ids, optional, required};
use crate::error::ApiError;
use crate::params::{Fields, elements};

pub(super) const PARAMETERS: &[Parameter] = &[
    required("chat_id", Type::IntegerOrString),
    required("message_id", Type::Integer),
    optional("reaction", Type::Array),
    optional("is_big", Type::Boolean),
];

/// The emoji that may be reactions, as the Bot API lists them.
const EMOJI: [&str; 73] = [
    "❤",
    "👍",
    "👎",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤\u{200d}🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨\u{200d}💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷\u{200d}♂",
    "🤷",
    "🤷\u{200d}♀",
    "😡",
];

enum Reaction {
    Emoji(String),
    /// Of no bot here.
    CustomEmoji,
}

pub(super) fn run(context: &Context<'_>) -> Outcome {
    let reactions = reactions(context.params.text("reaction"))?;
    let mut world = context.shared.world();
    let chat = recipient::chat(context, &world, context.params.text("chat_id"), Right::Read)?;
    let id = message_ids::one(context);
    let message = message_ids::find(context, &world, chat, id)
        .ok_or_else(|| ApiError::bad_request("message to react not found"))?;
    context.concerns(chat, id);
    let emoji = match &reactions[..] {
        [] => None,
        [Reaction::Emoji(emoji)] if EMOJI.contains(&emoji.as_str()) => Some(emoji.clone()),
        [_] => return Err(ApiError::bad_request("REACTION_INVALID")),
        _ => return Err(ApiError::bad_request("REACTIONS_TOO_MANY")),
    };
    if message.content.service().is_some() {
        return Err(ApiError::bad_request("REACTION_INVALID"));
    }
    if message.reactions.get(&context.bot) == emoji.as_ref() {
        return Err(ApiError::bad_request(NOT_MODIFIED));
    }
    if let Some(log) = world.log_mut(chat) {
        log.react(id, context.bot, emoji);
    }
    Ok(Reply::yes())
}

fn reactions(parameter: &str) -> Result<Vec<Reaction>, ApiError> {
    if parameter.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Err(ApiError::bad_request("can't parse reaction types JSON object"));
    };
    let list = elements(&value).ok_or_else(|| ApiError::bad_request("expected an Array of ReactionType"))?;
    let parsed: Result<_, String> = list.iter().map(reaction).collect();
    parsed.map_err(|x| ApiError::bad_request(format!("can't parse ReactionType: {x}")))
}

fn reaction(value: &Value) -> Result<Reaction, String> {
    let Value::Object(object) = value else {
        return Err("expected an Object".into());
    };
    let fields = Fields(object);
    match fields.string("type")?.as_str() {
        // With or without the mark that asks for a coloured picture.
        "emoji" => Ok(Reaction::Emoji(fields.string("emoji")?.replace('\u{fe0f}', ""))),
        "custom_emoji" => {
            fields.integer("custom_emoji_id")?;
            Ok(Reaction::CustomEmoji)
        }
        _ => Err("invalid reaction type specified".into()),
    }
}
