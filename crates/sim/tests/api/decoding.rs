//! A public library's types decode what the stand-in says, and lose nothing of it: every answer and
//! update that any test of this suite gets.

use std::collections::BTreeSet;
use std::error::Error;

use frankenstein::response::{ErrorResponse, MethodResponse};
use frankenstein::types::{
    BotCommand, ChatFullInfo, ChatInviteLink, ChatMember, File, Message, MessageId, User,
};
use frankenstein::updates::{Update, WebhookInfo};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sim::{MediaKind, NewMedia, NewRoom, Person, Profile, Rights, RoomKind, Sim};

use crate::bots;
use crate::client::{Answer, result, start};
use crate::media::{PICTURE, upload};

/// What the official server sends and its documentation does not name.
const UNDOCUMENTED: [&str; 13] = [
    "all_members_are_administrators",
    "can_manage_voice_chats",
    "forward_date",
    "forward_from",
    "forward_from_chat",
    "forward_from_message_id",
    "forward_sender_name",
    "forward_signature",
    "left_chat_participant",
    "new_chat_member",
    "new_chat_participant",
    "user_ids",
    "user_shared",
];

type Check = fn(&Value);

/// The methods, with what decodes and checks their answers.
const METHODS: [(&str, Check); 39] = [
    ("getMe", answer::<User>),
    ("getUpdates", answer::<Vec<Update>>),
    ("setWebhook", answer::<bool>),
    ("deleteWebhook", answer::<bool>),
    ("getWebhookInfo", webhook_info),
    ("sendMessage", answer::<Message>),
    ("sendPhoto", answer::<Message>),
    ("sendVideo", answer::<Message>),
    ("sendDocument", answer::<Message>),
    ("sendMediaGroup", answer::<Vec<Message>>),
    ("copyMessage", answer::<MessageId>),
    ("copyMessages", answer::<Vec<MessageId>>),
    ("forwardMessage", answer::<Message>),
    ("forwardMessages", answer::<Vec<MessageId>>),
    ("editMessageText", answer::<Message>),
    ("editMessageCaption", answer::<Message>),
    ("editMessageReplyMarkup", answer::<Message>),
    ("deleteMessage", answer::<bool>),
    ("deleteMessages", answer::<bool>),
    ("setMessageReaction", answer::<bool>),
    ("sendChatAction", answer::<bool>),
    ("getFile", answer::<File>),
    ("answerCallbackQuery", answer::<bool>),
    ("setMyCommands", answer::<bool>),
    ("getMyCommands", answer::<Vec<BotCommand>>),
    ("deleteMyCommands", answer::<bool>),
    ("getChat", answer::<ChatFullInfo>),
    ("getChatMember", answer::<ChatMember>),
    ("getChatAdministrators", answer::<Vec<ChatMember>>),
    ("getChatMemberCount", answer::<u32>),
    ("createChatInviteLink", answer::<ChatInviteLink>),
    ("editChatInviteLink", answer::<ChatInviteLink>),
    ("revokeChatInviteLink", answer::<ChatInviteLink>),
    ("exportChatInviteLink", answer::<String>),
    ("approveChatJoinRequest", answer::<bool>),
    ("declineChatJoinRequest", answer::<bool>),
    ("banChatMember", answer::<bool>),
    ("unbanChatMember", answer::<bool>),
    ("leaveChat", answer::<bool>),
];

/// Former names, and none, for when a parameter names the method.
const OTHER_NAMES: [&str; 3] = ["", "getChatMembersCount", "kickChatMember"];

fn answer<T: DeserializeOwned + Serialize>(value: &Value) {
    round_trip::<MethodResponse<T>>(value);
}

/// A server of one's own allows more connections than the library's type can hold.
fn webhook_info(value: &Value) {
    let mut value = value.clone();
    if let Some(connections) = value.pointer_mut("/result/max_connections") {
        *connections = connections
            .as_u64()
            .map(|connections| connections.min(u16::MAX.into()))
            .into();
    }
    answer::<WebhookInfo>(&value);
}

/// Checks the answer to a call, if it is one to a call: `target` is what was asked for.
pub(crate) fn check(target: &str, answer: &Answer) {
    let Some((_token, method)) = target.strip_prefix("/bot").and_then(|path| path.split_once('/')) else {
        return;
    };
    let is_json = answer
        .headers
        .get("content-type")
        .is_some_and(|kind| kind == "application/json");
    match answer.status {
        _ if !is_json => {}
        200 => {
            let method = method.split('?').next().unwrap_or_default();
            let known = METHODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(method));
            match known {
                Some((_, decode)) => decode(&answer.json()),
                None => assert!(OTHER_NAMES.contains(&method), "nobody says what {method} answers"),
            }
        }
        _ => {
            round_trip::<ErrorResponse>(&answer.json());
        }
    }
}

/// Fields that the types do not have would be lost on the way.
pub(crate) fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> T {
    let decoded: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    let mut documented = value.clone();
    drop_undocumented(&mut documented);
    let mut written = serde_json::to_value(&decoded).expect("it serialises");
    drop_nulls(&mut written);
    assert_eq!(written, documented);
    decoded
}

/// Some of the library's types write absent fields so.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn drop_undocumented(value: &mut Value) {
    match value {
        Value::Object(object) => {
            // In updates about members the name is a documented one.
            let is_update = object.contains_key("old_chat_member");
            object.retain(|name, _| {
                !UNDOCUMENTED.contains(&name.as_str()) || (is_update && name == "new_chat_member")
            });
            object.values_mut().for_each(drop_undocumented);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_undocumented),
        _ => {}
    }
}

#[tokio::test]
async fn every_method_and_kind_of_update_is_decoded() -> Result<(), Box<dyn Error>> {
    let sim = start().await;
    let diana = sim.person("Diana");
    let alicia = sim.newcomer(
        Profile::new("Alicia")
            .last_name("Rey")
            .username("alicia")
            .language("es")
            .bio("Leo mucho"),
    );
    account(&sim).await;
    bots::updates(&sim).await;
    private_chat(&sim, &alicia).await?;
    rooms(&sim, &diana, &alicia).await?;
    let news = bots::updates(&sim).await;
    for (method, _) in METHODS {
        assert_ne!(sim.call_count(method), 0, "{method}");
    }
    let kinds: BTreeSet<&str> = news.iter().filter_map(kind).collect();
    let expected = [
        "callback_query",
        "channel_post",
        "chat_join_request",
        "chat_member",
        "edited_channel_post",
        "edited_message",
        "message",
        "my_chat_member",
    ];
    assert_eq!(kinds, expected.into());
    Ok(())
}

/// The name of an update's one field besides its number.
fn kind(update: &Value) -> Option<&str> {
    let fields = update.as_object()?.keys();
    fields.map(String::as_str).find(|name| *name != "update_id")
}

async fn account(sim: &Sim) {
    result(sim, "getMe", json!({})).await;
    let commands = json!({ "commands": [{ "command": "start", "description": "Empezar" }] });
    result(sim, "setMyCommands", commands).await;
    assert_ne!(result(sim, "getMyCommands", json!({})).await, json!([]));
    result(sim, "deleteMyCommands", json!({})).await;
    let hook =
        json!({ "url": sim.url(), "secret_token": "x", "allowed_updates": ["message", "chat_member"] });
    result(sim, "setWebhook", hook).await;
    result(sim, "getWebhookInfo", json!({})).await;
    result(sim, "deleteWebhook", json!({})).await;
}

async fn private_chat(sim: &Sim, alicia: &Person) -> Result<(), Box<dyn Error>> {
    alicia.presses_data("before anything")?;
    alicia.opens_link("abc-123_x")?;
    let heard = alicia.sends("😀 @someone #tag x@example.com https://example.com $USD")?;
    alicia.edits(heard, "mejor así")?;
    let keyboard = json!({ "inline_keyboard": [[
        { "text": "a", "callback_data": "a", "style": "success" }, { "text": "b", "url": "https://t.me" },
        { "text": "c", "copy_text": { "text": "c" } }, { "text": "d", "web_app": { "url": "https://x.com" } },
        { "text": "e", "switch_inline_query_current_chat": "e" },
    ]] });
    let html = "<b>a<i>b</i></b> <a href=\"x.com\">c</a> <a href=\"tg://user?id=5000000002\">d</a> <pre><code \
        class=\"language-rust\">e</code></pre> <blockquote expandable>f</blockquote> <tg-spoiler>g</tg-spoiler>";
    let call = async |method: &str, mut params: Value| {
        params["chat_id"] = alicia.id().into();
        result(sim, method, params).await
    };
    assert_eq!(alicia.id(), 5_000_000_002);
    let text = json!({
        "text": html, "parse_mode": "HTML", "reply_markup": keyboard, "reply_parameters": { "message_id": heard },
    });
    let sent = call("sendMessage", text).await;
    assert_eq!(sent["entities"].as_array().map(Vec::len), Some(7));
    let press = alicia.presses("a")?.id();
    call("answerCallbackQuery", json!({ "callback_query_id": press })).await;
    let id = &sent["message_id"];
    call("editMessageText", json!({ "message_id": id, "text": "y" })).await;
    let other = json!({ "inline_keyboard": [[{ "text": "z", "callback_data": "z" }]] });
    call(
        "editMessageReplyMarkup",
        json!({ "message_id": id, "reply_markup": other }),
    )
    .await;
    let reaction = json!([{ "type": "emoji", "emoji": "👍" }]);
    call(
        "setMessageReaction",
        json!({ "message_id": id, "reaction": reaction }),
    )
    .await;
    call("sendChatAction", json!({ "action": "typing" })).await;
    let here = json!({ "from_chat_id": alicia.id(), "message_id": id, "message_ids": [id] });
    for method in ["copyMessage", "copyMessages", "forwardMessage", "forwardMessages"] {
        call(method, here.clone()).await;
    }

    let mut files = Vec::new();
    for (method, field) in [
        ("sendPhoto", "photo"),
        ("sendVideo", "video"),
        ("sendDocument", "document"),
    ] {
        let fields = [("chat_id", alicia.id().to_string()), ("caption", "c".into())];
        let sent = upload(sim, method, &fields, &[(field, "a.png", PICTURE)]).await;
        assert_eq!(sent.status, 200, "{}", sent.body);
        files.push(sent.json()["result"].take());
    }
    let [photo, .., document] = &files[..] else {
        unreachable!("three were sent")
    };
    let caption = json!({ "message_id": document["message_id"], "caption": "d" });
    call("editMessageCaption", caption).await;
    let photo = json!({ "type": "photo", "media": photo["photo"][0]["file_id"] });
    call("sendMediaGroup", json!({ "media": [photo, photo] })).await;
    call("getFile", json!({ "file_id": document["document"]["file_id"] })).await;
    let kinds = [
        MediaKind::Photo,
        MediaKind::Video,
        MediaKind::Animation,
        MediaKind::Audio,
        MediaKind::Document,
    ];
    for kind in kinds {
        alicia.sends_media(NewMedia::new(kind, "x").caption("c"))?;
    }
    call("deleteMessage", json!({ "message_id": id })).await;
    call(
        "deleteMessages",
        json!({ "message_ids": [document["message_id"]] }),
    )
    .await;
    call("getChat", json!({})).await;
    alicia.blocks_bot()?;
    alicia.unblocks_bot()?;
    Ok(())
}

async fn rooms(sim: &Sim, diana: &Person, alicia: &Person) -> Result<(), Box<dyn Error>> {
    let profile = NewRoom {
        description: Some("Lo mejor".into()),
        has_signatures: true,
        ..NewRoom::channel("VIP").username("vip_channel")
    };
    let vip = sim.room(profile, diana).expect("the name is free");
    let group = sim.group("Grupo", diana);
    let sala = sim.supergroup("Sala", diana);
    for room in [&vip, &group, &sala] {
        diana.promotes(room, sim.bot().id, Rights::all())?;
        let call = async |method: &str, mut params: Value| {
            params["chat_id"] = room.id().into();
            result(sim, method, params).await
        };
        call("getChat", json!({})).await;
        call("getChatAdministrators", json!({})).await;
        call("getChatMemberCount", json!({})).await;
        call("sendMessage", json!({ "text": "x" })).await;
        let message = diana.writes_in(room, "Hola")?;
        diana.edits_in(room, message, "Adiós")?;
        let terms = json!({ "name": "x", "expire_date": 2_000_000_000, "creates_join_request": true });
        let link = call("createChatInviteLink", terms.clone()).await["invite_link"].take();
        let mut edit = terms;
        edit["invite_link"] = link.clone();
        call("editChatInviteLink", edit).await;
        let link = link.as_str().expect("an address");
        let user = json!({ "user_id": alicia.id() });
        alicia.asks_to_join(link)?;
        call("declineChatJoinRequest", user.clone()).await;
        alicia.asks_to_join(link)?;
        call("approveChatJoinRequest", user.clone()).await;
        alicia.forwards_from(room, message)?;
        call("getChatMember", user.clone()).await;
        if room.profile().kind == RoomKind::Supergroup {
            diana.restricts(room, alicia.id(), None)?;
            call("getChatMember", user.clone()).await;
        }
        call("banChatMember", user.clone()).await;
        call("getChatMember", user.clone()).await;
        if room.profile().kind != RoomKind::Group {
            call("unbanChatMember", user).await;
        }
        call("createChatInviteLink", json!({ "member_limit": 5 })).await;
        call("revokeChatInviteLink", json!({ "invite_link": link })).await;
        call("exportChatInviteLink", json!({})).await;
        diana.retitles(room, "Salón")?;
    }
    diana.migrates(&group)?;
    result(sim, "leaveChat", json!({ "chat_id": vip.id() })).await;
    Ok(())
}
