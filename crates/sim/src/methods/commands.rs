//! setMyCommands, getMyCommands and deleteMyCommands.

use serde_json::Value;

use super::recipient::{self, Right};
use super::{Context, Outcome, Parameter, Reply, Type, optional, required};
use crate::error::ApiError;
use crate::params::{Fields, elements, lenient_integer};
use crate::state::{BotCommand, ChatRef, RoomRecord, Scope};

pub(super) const SET: &[Parameter] = &[
    required("commands", Type::Array),
    optional("scope", Type::Object),
    optional("language_code", Type::String),
];

pub(super) const GET: &[Parameter] = &[
    optional("scope", Type::Object),
    optional("language_code", Type::String),
];

const MAX_COMMANDS: usize = 100;
const MAX_COMMAND: usize = 32;
const MAX_DESCRIPTION: usize = 256;

pub(super) fn set(context: &Context<'_>) -> Outcome {
    let commands = commands(context.params.text("commands"))?;
    let scope = scope(context)?;
    let language = language(context)?;
    for command in &commands {
        check(command)?;
    }
    let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if commands.iter().any(|c| !c.command.bytes().all(valid)) {
        return Err(ApiError::bad_request("BOT_COMMAND_INVALID"));
    }
    if commands.len() > MAX_COMMANDS {
        return Err(ApiError::bad_request("BOT_COMMANDS_TOO_MUCH"));
    }
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    if commands.is_empty() {
        bot.commands.remove(&(scope, language));
    } else {
        bot.commands.insert((scope, language), commands);
    }
    Ok(Reply::yes())
}

pub(super) fn get(context: &Context<'_>) -> Outcome {
    let scope = scope(context)?;
    let language = language(context)?;
    let world = context.shared.world();
    let bot = world.bot(context.bot).ok_or_else(ApiError::unauthorized)?;
    Ok(Reply::of(
        &bot.commands
            .get(&(scope, language))
            .map_or(&[][..], Vec::as_slice),
    ))
}

pub(super) fn delete(context: &Context<'_>) -> Outcome {
    let key = (scope(context)?, language(context)?);
    let mut world = context.shared.world();
    let bot = world.bot_mut(context.bot).ok_or_else(ApiError::unauthorized)?;
    bot.commands.remove(&key);
    Ok(Reply::yes())
}

fn commands(parameter: &str) -> Result<Vec<BotCommand>, ApiError> {
    if parameter.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Err(ApiError::bad_request("can't parse commands JSON object"));
    };
    let list = elements(&value).ok_or_else(|| ApiError::bad_request("expected an Array of BotCommand"))?;
    list.iter()
        .map(|element| {
            let Value::Object(object) = element else {
                return Err("expected an Object".to_owned());
            };
            let fields = Fields(object);
            let command = fields.string("command")?;
            let command = command.strip_prefix('/').unwrap_or(&command).to_owned();
            Ok(BotCommand {
                command,
                description: fields.string("description")?.trim().to_owned(),
            })
        })
        .collect::<Result<_, _>>()
        .map_err(|x| ApiError::bad_request(format!("can't parse BotCommand: {x}")))
}

fn check(command: &BotCommand) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    let description = command.description.chars().count();
    match command.command.chars().count() {
        0 => refuse("command must be non-empty"),
        length if length > MAX_COMMAND => refuse("command length must not exceed 32"),
        _ if description == 0 => refuse("command description must be non-empty"),
        _ if description > MAX_DESCRIPTION => refuse("command description length must not exceed 256"),
        _ => Ok(()),
    }
}

fn scope(context: &Context<'_>) -> Result<Scope, ApiError> {
    let parameter = context.params.text("scope");
    if parameter.is_empty() {
        return Ok(Scope::Default);
    }
    let Ok(value) = serde_json::from_str::<Value>(parameter) else {
        return Err(ApiError::bad_request("can't parse BotCommandScope JSON object"));
    };
    let refuse = |x: &str| ApiError::bad_request(format!("can't parse BotCommandScope: {x}"));
    let Value::Object(object) = value else {
        return Err(refuse("BotCommandScope must be an Object"));
    };
    let fields = Fields(&object);
    let kind = fields.string("type").map_err(|x| refuse(&x))?;
    match kind.as_str() {
        "default" => return Ok(Scope::Default),
        "all_private_chats" => return Ok(Scope::AllPrivateChats),
        "all_group_chats" => return Ok(Scope::AllGroupChats),
        "all_chat_administrators" => return Ok(Scope::AllChatAdministrators),
        "chat" | "chat_administrators" | "chat_member" => {}
        _ => return Err(refuse("Unsupported type specified")),
    }
    let chat_id = fields.string("chat_id").map_err(|x| refuse(&x))?;
    if chat_id.is_empty() {
        return Err(refuse("Empty chat_id specified"));
    }
    let user_id = if kind == "chat_member" {
        lenient_integer(&fields.string("user_id").map_err(|x| refuse(&x))?)
    } else {
        0
    };
    if kind == "chat_member" && user_id <= 0 {
        return Err(refuse("Invalid user_id specified"));
    }
    let world = context.shared.world();
    let chat = recipient::chat(context, &world, &chat_id, Right::ReadMembers)?;
    let in_private = matches!(chat, ChatRef::Private { .. });
    let in_channel = world.room(chat.id()).is_some_and(RoomRecord::is_channel);
    match kind.as_str() {
        _ if in_channel => Err(ApiError::bad_request("can't change commands in channel chats")),
        "chat" => Ok(Scope::Chat(chat.id())),
        _ if in_private => Err(ApiError::bad_request(
            "can't use specified scope in private chats",
        )),
        "chat_administrators" => Ok(Scope::ChatAdministrators(chat.id())),
        _ => Ok(Scope::ChatMember {
            chat: chat.id(),
            user: user_id,
        }),
    }
}

fn language(context: &Context<'_>) -> Result<String, ApiError> {
    let code = context.params.text("language_code");
    if code.is_empty() || (code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())) {
        Ok(code.to_owned())
    } else {
        Err(ApiError::bad_request("invalid language code specified"))
    }
}
