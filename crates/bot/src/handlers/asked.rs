//! What an update asks for.

use domain::id::{ChatId, MessageId, UserId};
use domain::person::Profile;
use telegram::Payload;
use telegram::update::{
    CallbackQuery, CallbackQueryId, ChatKind, JoinRequest, MemberChange, Message, Status, Update,
};

use crate::action::{Action, OtherMessage, WayIn};
use crate::dialogue::Said;

/// Something that a person asked for in the private chat.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) who: Profile,
    pub(super) action: Action,
    /// What was said, if it is no command and no tap.
    pub(super) said: Option<Said>,
    /// What the link carried by which the chat was opened.
    pub(super) payload: Option<String>,
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

/// Whether somebody can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Within,
    Out,
}

/// An update, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Asked(Asked),
    /// A tap outside a private chat.
    Elsewhere(CallbackQueryId),
    /// A person has blocked the bot, or lets it write again.
    Contact(UserId, Reach),
    /// Somebody asks to be let in.
    Request(JoinRequest),
    /// Somebody's standing in a channel has changed.
    Member(MemberChange),
    /// Lucien's own standing in a channel has changed.
    OwnStanding(MemberChange),
    /// Nothing that wants an answer: groups, channels, kinds without a use.
    Nothing,
}

impl Asked {
    pub(super) fn of(update: Update) -> Reading {
        match update {
            Update::Message(message) => of_message(message),
            Update::CallbackQuery(query) => of_tap(query),
            Update::MyChatMember(change) if change.chat.kind == ChatKind::Channel => {
                Reading::OwnStanding(change)
            }
            Update::MyChatMember(change) => of_contact(&change),
            Update::ChatMember(change) if change.chat.kind == ChatKind::Channel => Reading::Member(change),
            Update::ChatJoinRequest(request) if request.chat.kind == ChatKind::Channel => {
                Reading::Request(request)
            }
            Update::ChatMember(_) | Update::ChatJoinRequest(_) | Update::Other => Reading::Nothing,
        }
    }
}

fn of_message(message: Message) -> Reading {
    // Whoever forwards a post does not give the command that it may begin with.
    let text = message.text.as_deref();
    let action = match (text, &message.forwarded_post) {
        (Some(_), Some(_)) => Action::OtherMessage(OtherMessage::Text),
        (text, _) => requested(text),
    };
    let said = matches!(action, Action::OtherMessage(_)).then(|| Said::of(&message));
    match message.from {
        Some(who) if message.chat.kind == ChatKind::Private => Reading::Asked(Asked {
            who,
            action,
            said,
            payload: (action == Action::WayIn(WayIn::Open))
                .then(|| argument(message.text.as_deref()?).map(str::to_owned))
                .flatten(),
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
                said: None,
                payload: None,
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

/// In a private chat it is the bot whose standing changes, and the person who changes it.
fn of_contact(change: &MemberChange) -> Reading {
    let reach = match (change.chat.kind, change.new) {
        (ChatKind::Private, Status::Kicked { .. }) => Reach::Out,
        (ChatKind::Private, Status::Member { .. }) => Reach::Within,
        _ => return Reading::Nothing,
    };
    Reading::Contact(UserId(change.chat.id.0), reach)
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
        "start" if argument(text).is_some() => Action::WayIn(WayIn::Open),
        "start" => Action::Home,
        "help" => Action::Help,
        "id" => Action::Id,
        "privacy" => Action::Privacy,
        "admin" => Action::Panel,
        "cancel" => Action::Cancel,
        _ => Action::UnknownCommand,
    }
}

/// What follows a command.
fn argument(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(char::is_whitespace)?;
    Some(rest.trim()).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use telegram::update::Chat;

    use super::*;

    #[test]
    fn commands() {
        let cases = [
            ("/start", Action::Home),
            ("/start ", Action::Home),
            ("/start abcDEF_-12345678", Action::WayIn(WayIn::Open)),
            ("/start dos palabras", Action::WayIn(WayIn::Open)),
            ("/START", Action::Home),
            ("/help@lucien_bot", Action::Help),
            ("/id\n", Action::Id),
            ("/privacy", Action::Privacy),
            ("/Admin", Action::Panel),
            ("/cancel", Action::Cancel),
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

    fn chat(id: i64, kind: ChatKind) -> Chat {
        Chat {
            id: ChatId(id),
            kind,
            title: None,
            username: None,
        }
    }

    fn tap(kind: ChatKind, data: Option<&str>) -> Reading {
        Asked::of(Update::CallbackQuery(CallbackQuery {
            id: CallbackQueryId("9".to_owned()),
            from: who(),
            message: Some((chat(42, kind), MessageId(3))),
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
    fn a_block_is_read_in_private_chats_only() {
        let change = |kind, new| {
            Asked::of(Update::MyChatMember(MemberChange {
                chat: chat(42, kind),
                actor: who(),
                who: Profile::new(UserId(99), "Lucien", None, None),
                old: Status::Unknown,
                new,
                at: None,
                invite_link: None,
                via_join_request: false,
            }))
        };
        let kicked = Status::Kicked { until: None };
        let member = Status::Member { until: None };
        assert_eq!(
            change(ChatKind::Private, kicked),
            Reading::Contact(UserId(42), Reach::Out)
        );
        assert_eq!(
            change(ChatKind::Private, member),
            Reading::Contact(UserId(42), Reach::Within)
        );
        assert_eq!(change(ChatKind::Private, Status::Unknown), Reading::Nothing);
        assert_eq!(change(ChatKind::Supergroup, kicked), Reading::Nothing);
        assert!(matches!(
            change(ChatKind::Channel, kicked),
            Reading::OwnStanding(_)
        ));
    }

    #[test]
    fn what_is_said_in_groups_and_channels_is_not_for_lucien() {
        for kind in [ChatKind::Group, ChatKind::Supergroup, ChatKind::Channel] {
            let reading = Asked::of(Update::Message(Message {
                id: MessageId(1),
                chat: chat(-100, kind),
                from: Some(who()),
                text: Some("/start".to_owned()),
                forwarded_post: None,
                chat_shared: None,
            }));
            assert_eq!(reading, Reading::Nothing);
        }
    }

    proptest! {
        #[test]
        fn any_text_asks_for_something(text in any::<String>()) {
            let _ = requested(Some(&text));
        }

        #[test]
        fn any_tap_asks_for_something_that_a_button_carries(data in "[a-z:_A-Z0-9]{0,64}|\\PC{0,64}") {
            let Reading::Asked(asked) = tap(ChatKind::Private, Some(&data)) else {
                return Err(TestCaseError::fail("a tap in a private chat asks for something"));
            };
            prop_assert_eq!(Action::decode(&asked.action.encode()), Some(asked.action));
        }
    }
}
