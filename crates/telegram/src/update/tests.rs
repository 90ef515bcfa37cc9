use chrono::DateTime;
use domain::id::UserId;
use proptest::prelude::*;

use super::*;
use crate::chat::Rights;

const START: &str = r#"{"update_id":7,
"message":{"message_id":1,"from":{"id":42,"is_bot":false,"first_name":"Inés"},"chat":{"id":42,"type":"private","first_name":"Inés"},"date":1790000000,"text":"/start","entities":[{"type":"bot_command","offset":0,"length":6}]}}"#;

const CHANNEL: &str =
    r#"{"id":-1001234567890,"title":"El Diván","type":"channel","a_field_of_tomorrow":[1]}"#;
const INES: &str = r#"{"id":42,"is_bot":false,"first_name":"Inés","username":"ines"}"#;
const MATEO: &str = r#"{"id":7,"is_bot":false,"first_name":"Mateo"}"#;
const LUCIEN: &str = r#"{"id":99,"is_bot":true,"first_name":"Lucien","username":"lucien_bot"}"#;
const LINK: &str = r#"{"invite_link":"https://t.me/+secreto","creator":{"id":99,"is_bot":true,"first_name":"Lucien"},"creates_join_request":true,"is_primary":false,"is_revoked":false,"name":"L31","expire_date":1790086400,"pending_join_request_count":1}"#;

fn channel() -> Chat {
    Chat {
        id: ChatId(-1_001_234_567_890),
        kind: ChatKind::Channel,
        title: Some("El Diván".to_owned()),
        username: None,
    }
}

fn unix(seconds: i64) -> Option<Timestamp> {
    DateTime::from_timestamp(seconds, 0)
}

fn change(kind: &str, chat: &str, from: &str, old: &str, new: &str, extra: &str) -> String {
    format!(
        r#"{{"update_id":1,"{kind}":{{"chat":{chat},"from":{from},"date":1790000000,"old_chat_member":{old},"new_chat_member":{new}{extra}}}}}"#
    )
}

fn member(status: &str, user: &str, extra: &str) -> String {
    format!(r#"{{"user":{user},"status":"{status}"{extra}}}"#)
}

#[test]
fn a_message() {
    let envelope = Envelope::of(START).unwrap();
    assert_eq!(
        (envelope.update_id, envelope.kind.as_str(), envelope.person),
        (7, "message", 42)
    );
    let Ok(Update::Message(message)) = decode(START) else {
        panic!("a message");
    };
    assert_eq!(message.text.as_deref(), Some("/start"));
    assert_eq!(message.from.unwrap().first_name, "Inés");
    assert_eq!(message.chat.kind, ChatKind::Private);
    assert_eq!((message.forwarded_post, message.chat_shared), (None, None));
}

#[test]
fn whom_an_update_is_about() {
    let cases = [
        (
            r#"{"update_id":1,"callback_query":{"id":"9","from":{"id":5},"message":{"chat":{"id":6}}}}"#,
            5,
        ),
        (
            r#"{"update_id":1,"message":{"from":{"id":5},"chat":{"id":-7}}}"#,
            5,
        ),
        // Groups still send the legacy field of the same name, which holds a user.
        (
            r#"{"update_id":1,"message":{"from":{"id":5},"chat":{"id":-7},"new_chat_member":{"id":8}}}"#,
            5,
        ),
        (
            r#"{"update_id":1,"chat_join_request":{"from":{"id":6},"chat":{"id":-100},"user_chat_id":6}}"#,
            6,
        ),
        (
            r#"{"update_id":1,"chat_member":{"from":{"id":1},"chat":{"id":-100},"new_chat_member":{"user":{"id":8}}}}"#,
            8,
        ),
        (
            r#"{"update_id":1,"chat_member":{"from":{"id":1},"chat":{"id":-100}}}"#,
            0,
        ),
        (
            r#"{"update_id":1,"my_chat_member":{"from":{"id":1},"chat":{"id":-100},"new_chat_member":{"user":{"id":99}}}}"#,
            -100,
        ),
        (
            r#"{"update_id":1,"my_chat_member":{"from":{"id":4},"chat":{"id":4},"new_chat_member":{"user":{"id":99}}}}"#,
            4,
        ),
        (r#"{"update_id":1,"channel_post":{"chat":{"id":-100}}}"#, -100),
        (r#"{"update_id":1,"inline_query":{"id":"1","from":{"id":3}}}"#, 3),
        (r#"{"update_id":1,"message":{"from":"somebody"}}"#, 0),
        (r#"{"update_id":1,"message":[]}"#, 0),
        (r#"{"update_id":1,"poll":{"id":"3"}}"#, 0),
        (r#"{"update_id":1}"#, 0),
    ];
    for (json, person) in cases {
        assert_eq!(Envelope::of(json).unwrap().person, person, "{json}");
    }
}

#[test]
fn the_kind_of_an_update() {
    let long = format!(r#"{{"update_id":1,"{}":{{}}}}"#, "x".repeat(41));
    let cases = [
        (r#"{"update_id":1,"poll":{}}"#, "poll"),
        (r#"{"poll":{},"update_id":1}"#, "poll"),
        // As decoding does.
        (
            r#"{"a_kind":{},"update_id":1,"chat_member":{},"message":{}}"#,
            "message",
        ),
        (r#"{"update_id":1}"#, "unknown"),
        // It is stored, and PostgreSQL takes no NUL.
        (r#"{"update_id":1,"\u0000":{}}"#, "unknown"),
        (r#"{"update_id":1,"Message":{}}"#, "unknown"),
        (long.as_str(), "unknown"),
    ];
    for (json, kind) in cases {
        assert_eq!(Envelope::of(json).unwrap().kind, kind, "{json}");
    }
}

#[test]
fn what_is_no_update() {
    for json in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"update_id":"7"}"#,
        r#"{"update_id":1.5}"#,
        r#"{"update_id":null}"#,
        r#"{"update_id":99999999999999999999}"#,
        r#"{"update_id":1,"message":{}"#,
        r#"{"message":{}}"#,
    ] {
        assert_eq!(Envelope::of(json), Err(NotAnUpdate), "{json}");
    }
}

#[test]
fn an_unknown_kind_is_no_error_and_a_damaged_one_is() {
    assert_eq!(
        decode(r#"{"update_id":1,"telepathy":{"from":{"id":3}}}"#),
        Ok(Update::Other)
    );
    assert!(decode(r#"{"update_id":1,"message":{"message_id":"x"}}"#).is_err());
}

#[test]
fn why_it_does_not_decode_repeats_nothing_of_it() {
    let error = decode(r#"{"update_id":1,"message":{"message_id":"mi secreto"}}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be decoded: something missing or of another type at line 1 column 51"
    );
    let error = decode("{").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot be decoded: cut short at line 1 column 1"
    );
}

#[test]
fn an_unknown_entity_does_not_lose_the_text() {
    let json = START.replace("bot_command", "hologram");
    let Ok(Update::Message(message)) = decode(&json) else {
        panic!("a message");
    };
    assert_eq!(message.text.as_deref(), Some("/start"));
}

#[test]
fn a_tap_on_a_message_that_cannot_be_read_any_more() {
    let json = format!(
        r#"{{"update_id":1,"callback_query":{{"id":"9","from":{INES},"message":{{"chat":{{"id":42,"type":"private"}},"message_id":3,"date":0}},"chat_instance":"1","data":"home"}}}}"#
    );
    let Ok(Update::CallbackQuery(query)) = decode(&json) else {
        panic!("a tap");
    };
    assert_eq!(query.id, CallbackQueryId("9".to_owned()));
    assert_eq!(query.data.as_deref(), Some("home"));
    let (chat, message) = query.message.unwrap();
    assert_eq!((chat.id, message), (ChatId(42), MessageId(3)));
}

#[test]
fn a_forwarded_post_names_its_channel() {
    let with_origin = |origin: &str| {
        let json = START.replace("\"text\"", &format!(r#""forward_origin":{origin},"text""#));
        match decode(&json) {
            Ok(Update::Message(message)) => message.forwarded_post,
            other => panic!("{other:?}"),
        }
    };
    let of_channel = format!(r#"{{"type":"channel","date":1789000000,"chat":{CHANNEL},"message_id":12}}"#);
    assert_eq!(
        with_origin(&of_channel),
        Some(ForwardedPost {
            chat: channel(),
            message: MessageId(12)
        })
    );
    for other in [
        format!(r#"{{"type":"user","sender_user":{INES},"date":1}}"#),
        r#"{"type":"hidden_user","sender_user_name":"x","date":1}"#.to_owned(),
        format!(r#"{{"type":"chat","sender_chat":{CHANNEL},"date":1}}"#),
        r#"{"type":"an_origin_of_tomorrow"}"#.to_owned(),
    ] {
        assert_eq!(with_origin(&other), None, "{other}");
    }
}

#[test]
fn a_shared_chat() {
    let json = START.replace(
        r#""text":"/start""#,
        r#""chat_shared":{"request_id":2,"chat_id":-1001234567890,"title":"El Diván"}"#,
    );
    let Ok(Update::Message(message)) = decode(&json) else {
        panic!("a message");
    };
    let shared = message.chat_shared.unwrap();
    assert_eq!(
        (shared.request_id, shared.chat, shared.title.as_deref()),
        (2, channel().id, Some("El Diván"))
    );
}

#[test]
fn somebody_blocks_the_bot() {
    let json = change(
        "my_chat_member",
        r#"{"id":42,"type":"private","first_name":"Inés"}"#,
        INES,
        &member("member", LUCIEN, ""),
        &member("kicked", LUCIEN, r#","until_date":0"#),
        "",
    );
    let Ok(Update::MyChatMember(change)) = decode(&json) else {
        panic!("the bot's own");
    };
    assert_eq!(
        (change.chat.kind, change.actor.id),
        (ChatKind::Private, UserId(42))
    );
    assert_eq!(change.old, Status::Member { until: None });
    assert_eq!(change.new, Status::Kicked { until: None });
    assert_eq!(change.new.is_inside(), Some(false));
}

#[test]
fn the_bots_rights_in_a_channel() {
    let json = change(
        "my_chat_member",
        CHANNEL,
        MATEO,
        &member("left", LUCIEN, ""),
        &member(
            "administrator",
            LUCIEN,
            r#","can_invite_users":true,"can_post_messages":true,"can_restrict_members":false,"can_levitate":true"#,
        ),
        "",
    );
    let Ok(Update::MyChatMember(change)) = decode(&json) else {
        panic!("the bot's own");
    };
    let rights = Rights {
        invite_users: true,
        post_messages: true,
        ..Rights::NONE
    };
    assert_eq!(change.chat, channel());
    assert_eq!(
        (change.actor.id, change.who.id, change.old),
        (UserId(7), UserId(99), Status::Left)
    );
    assert_eq!(change.new, Status::Administrator(rights));
    assert_eq!(change.new.rights(), rights);
    assert_eq!(
        (Status::Owner.rights(), change.old.rights()),
        (Rights::ALL, Rights::NONE)
    );
}

#[test]
fn somebody_comes_in_by_a_link() {
    let json = change(
        "chat_member",
        CHANNEL,
        LUCIEN,
        &member("left", INES, ""),
        &member("member", INES, ""),
        &format!(r#","invite_link":{LINK}"#),
    );
    let Ok(Update::ChatMember(change)) = decode(&json) else {
        panic!("a member");
    };
    assert_eq!((change.actor.id, change.who.id), (UserId(99), UserId(42)));
    assert_eq!(change.at, unix(1_790_000_000));
    assert!(!change.via_join_request);
    let link = change.invite_link.unwrap();
    assert_eq!(link.url.as_str(), "https://t.me/+secreto");
    assert_eq!((link.name.as_deref(), link.creator), (Some("L31"), UserId(99)));
    assert_eq!((link.expires, link.member_limit), (unix(1_790_086_400), None));
    assert!(link.creates_join_request && !link.is_revoked && !link.is_primary);
    assert!(
        !format!("{link:?}").contains("secreto"),
        "who reads the log must not come in by it"
    );
}

#[test]
fn every_status() {
    let read = |status: &str, extra: &str| {
        let json = change(
            "chat_member",
            CHANNEL,
            INES,
            &member("left", INES, ""),
            &member(status, INES, extra),
            r#","via_join_request":true"#,
        );
        match decode(&json) {
            Ok(Update::ChatMember(change)) => {
                assert!(change.via_join_request);
                change.new
            }
            other => panic!("{other:?}"),
        }
    };
    let until = unix(1_790_000_000);
    let cases = [
        ("creator", "", Status::Owner, Some(true)),
        (
            "administrator",
            "",
            Status::Administrator(Rights::NONE),
            Some(true),
        ),
        (
            "member",
            r#","until_date":1790000000"#,
            Status::Member { until },
            Some(true),
        ),
        (
            "restricted",
            r#","is_member":true,"until_date":0"#,
            Status::Restricted {
                is_member: true,
                until: None,
            },
            Some(true),
        ),
        (
            "restricted",
            r#","is_member":false,"until_date":1790000000"#,
            Status::Restricted {
                is_member: false,
                until,
            },
            Some(false),
        ),
        ("left", "", Status::Left, Some(false)),
        (
            "kicked",
            r#","until_date":1790000000"#,
            Status::Kicked { until },
            Some(false),
        ),
        ("ascended", "", Status::Unknown, None),
    ];
    for (status, extra, expected, inside) in cases {
        let read = read(status, extra);
        assert_eq!((read, read.is_inside()), (expected, inside), "{status}");
    }
}

#[test]
fn somebody_asks_to_be_let_in() {
    let request = |link: &str| {
        let json = format!(
            r#"{{"update_id":1,"chat_join_request":{{"chat":{CHANNEL},"from":{INES},"user_chat_id":42,"date":1790000000,"bio":"x","query_id":"5"{link}}}}}"#
        );
        match decode(&json) {
            Ok(Update::ChatJoinRequest(request)) => request,
            other => panic!("{other:?}"),
        }
    };
    let by_link = request(&format!(r#","invite_link":{LINK}"#));
    assert_eq!(
        (by_link.chat, by_link.from.id, by_link.user_chat),
        (channel(), UserId(42), ChatId(42))
    );
    assert_eq!(by_link.at, unix(1_790_000_000));
    assert!(by_link.invite_link.is_some());
    assert_eq!(request("").invite_link, None, "a direct request");
}

#[test]
fn a_chat_of_an_unknown_type_is_no_error() {
    let json = START.replace(r#""type":"private""#, r#""type":"hive""#);
    let Ok(Update::Message(message)) = decode(&json) else {
        panic!("a message");
    };
    assert_eq!(message.chat.kind, ChatKind::Other);
}

#[test]
fn everything_that_is_decoded_is_asked_for() {
    let asked = serde_json::to_value(allowed()).unwrap();
    assert_eq!(asked, serde_json::json!(KINDS));
}

proptest! {
    #[test]
    fn hostile_json_never_panics(json in "\\PC{0,200}", id in any::<i64>()) {
        let _ = Envelope::of(&json);
        let _ = decode(&json);
        let wrapped = format!(r#"{{"update_id":{id},"message":{}}}"#, serde_json::Value::from(json));
        prop_assert_eq!(Envelope::of(&wrapped).map(|e| e.update_id), Ok(id));
        prop_assert!(decode(&wrapped).is_err());
    }
}
