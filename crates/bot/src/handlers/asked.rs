//! What an update asks for.

use domain::id::{ChatId, MessageId};
use domain::person::Profile;
use telegram::Payload;
use telegram::update::{CallbackQuery, CallbackQueryId, ChatKind, Message, Update};

use crate::action::{Action, OtherMessage};

/// Something that a person asked for in the private chat.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) who: Profile,
    pub(super) action: Action,
    pub(super) place: Place,
}

/// Where the answer goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A new message.
    Chat(ChatId),
    /// The message whose button was tapped.
    Tap {
        tap: CallbackQueryId,
        chat: ChatId,
        message: MessageId,
    },
}

/// An update, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Asked(Asked),
    /// A tap outside a private chat.
    Elsewhere(CallbackQueryId),
    /// Nothing that wants an answer: groups, channels, kinds without a use.
    Nothing,
}

impl Asked {
    pub(super) fn of(update: Update) -> Reading {
        match update {
            Update::Message(message) => of_message(message),
            Update::CallbackQuery(query) => of_tap(query),
            Update::Other => Reading::Nothing,
        }
    }
}

fn of_message(message: Message) -> Reading {
    match message.from {
        Some(who) if message.chat.kind == ChatKind::Private => Reading::Asked(Asked {
            who,
            action: requested(message.text.as_deref()),
            place: Place::Chat(message.chat.id),
        }),
        _ => Reading::Nothing,
    }
}

fn of_tap(query: CallbackQuery) -> Reading {
    match query.message {
        Some((chat, message)) if chat.kind == ChatKind::Private => {
            let action = query.data.as_deref().and_then(Action::decode);
            Reading::Asked(Asked {
                who: query.from,
                action: action.unwrap_or(Action::StaleButton),
                place: Place::Tap {
                    tap: query.id,
                    chat: chat.id,
                    message,
                },
            })
        }
        _ => Reading::Elsewhere(query.id),
    }
}

/// What a message asks for. In a private chat a command may still name the bot
/// (`/help@some_bot`), as clients write it in groups.
fn requested(text: Option<&str>) -> Action {
    let Some(text) = text else {
        return Action::OtherMessage(OtherMessage::Media);
    };
    let Some(command) = text.strip_prefix('/') else {
        return Action::OtherMessage(OtherMessage::Text);
    };
    let word = command.split_whitespace().next().unwrap_or_default();
    let name = word.split('@').next().unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "start" => Action::Home,
        "help" => Action::Help,
        "id" => Action::Id,
        _ => Action::UnknownCommand,
    }
}

#[cfg(test)]
mod tests {
    use domain::id::UserId;
    use proptest::prelude::*;
    use telegram::update::Chat;

    use super::*;

    #[test]
    fn commands() {
        let cases = [
            ("/start", Action::Home),
            ("/start abcDEF_-12345678", Action::Home),
            ("/START", Action::Home),
            ("/help@lucien_bot", Action::Help),
            ("/id\n", Action::Id),
            ("/ayuda", Action::UnknownCommand),
            ("/", Action::UnknownCommand),
            ("/startle", Action::UnknownCommand),
            ("hola", Action::OtherMessage(OtherMessage::Text)),
            (" /start", Action::OtherMessage(OtherMessage::Text)),
        ];
        for (text, action) in cases {
            assert_eq!(requested(Some(text)), action, "{text:?}");
        }
        assert_eq!(requested(None), Action::OtherMessage(OtherMessage::Media));
    }

    fn who() -> Profile {
        Profile::new(UserId(42), "Inés", None, None)
    }

    fn tap(kind: ChatKind, data: Option<&str>) -> Reading {
        Asked::of(Update::CallbackQuery(CallbackQuery {
            id: CallbackQueryId("9".to_owned()),
            from: who(),
            message: Some((Chat { id: ChatId(42), kind }, MessageId(3))),
            data: data.map(str::to_owned),
        }))
    }

    #[test]
    fn taps() {
        let action = |reading| match reading {
            Reading::Asked(asked) => asked.action,
            other => panic!("{other:?}"),
        };
        assert_eq!(action(tap(ChatKind::Private, Some("home"))), Action::Home);
        assert_eq!(
            action(tap(ChatKind::Private, Some("no such button"))),
            Action::StaleButton
        );
        assert_eq!(action(tap(ChatKind::Private, None)), Action::StaleButton);
        assert!(matches!(
            tap(ChatKind::Supergroup, Some("home")),
            Reading::Elsewhere(_)
        ));
    }

    #[test]
    fn what_is_said_in_groups_and_channels_is_not_for_lucien() {
        for kind in [ChatKind::Group, ChatKind::Supergroup, ChatKind::Channel] {
            let reading = Asked::of(Update::Message(Message {
                id: MessageId(1),
                chat: Chat {
                    id: ChatId(-100),
                    kind,
                },
                from: Some(who()),
                text: Some("/start".to_owned()),
            }));
            assert_eq!(reading, Reading::Nothing);
        }
    }

    proptest! {
        #[test]
        fn any_text_asks_for_something(text in any::<String>()) {
            let _ = requested(Some(&text));
        }
    }
}
