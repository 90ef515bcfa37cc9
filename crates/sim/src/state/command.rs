//! The commands that bots offer, and which of them somebody is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::message::ChatRef;
use super::{Bot, World};

/// A command as shown in the menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BotCommand {
    pub(crate) command: String,
    pub(crate) description: String,
}

/// To whom commands are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Default,
    AllPrivateChats,
    AllGroupChats,
    AllChatAdministrators,
    Chat(i64),
    ChatAdministrators(i64),
    ChatMember { chat: i64, user: i64 },
}

impl World {
    /// The commands that a person is shown in a chat. A channel has none; in a group each tells
    /// whose it is.
    pub(crate) fn commands_in(&self, chat: ChatRef, person: i64, now: DateTime<Utc>) -> Vec<BotCommand> {
        let language = self
            .person(person)
            .and_then(|person| person.profile.commands_language());
        match chat {
            ChatRef::Private { bot, .. } => {
                let scopes = [Scope::Chat(person), Scope::AllPrivateChats, Scope::Default];
                let bot = self.bot(bot);
                bot.map_or_else(Vec::new, |bot| bot.commands_for(&scopes, language).to_vec())
            }
            ChatRef::Room(id) => {
                let Some(room) = self.room(id).filter(|room| !room.is_channel()) else {
                    return Vec::new();
                };
                let scopes = in_group(id, person, room.status(person, now).is_administrator());
                let bots = self.bots().iter();
                let present = bots.filter(|bot| room.status(bot.id, now).is_present());
                let commands = present.flat_map(|bot| {
                    let commands = bot.commands_for(&scopes, language).iter();
                    commands.map(|command| BotCommand {
                        command: format!("{}@{}", command.command, bot.username),
                        description: command.description.clone(),
                    })
                });
                commands.collect()
            }
        }
    }
}

impl Bot {
    /// The commands of the narrowest scope that has any, preferably in the language. The order is
    /// Telegram's: <https://core.telegram.org/bots/api#determining-list-of-commands>.
    fn commands_for(&self, scopes: &[Scope], language: Option<&str>) -> &[BotCommand] {
        let mut lists = scopes.iter().flat_map(|scope| {
            let languages = language.into_iter().chain([""]);
            languages.filter_map(|language| self.commands.get(&(*scope, language.to_owned())))
        });
        lists.next().map_or(&[], Vec::as_slice)
    }
}

/// The scopes that are about somebody in a group, narrowest first.
fn in_group(chat: i64, user: i64, is_administrator: bool) -> Vec<Scope> {
    let administrators = |scope| is_administrator.then_some(scope);
    [
        Some(Scope::ChatMember { chat, user }),
        administrators(Scope::ChatAdministrators(chat)),
        Some(Scope::Chat(chat)),
        administrators(Scope::AllChatAdministrators),
        Some(Scope::AllGroupChats),
        Some(Scope::Default),
    ]
    .into_iter()
    .flatten()
    .collect()
}
