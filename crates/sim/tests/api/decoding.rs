//! A public library's types decode what the stand-in says, and lose nothing of it.

use frankenstein::response::MethodResponse;
use frankenstein::types::{BotCommand, ChatFullInfo, ChatInviteLink, ChatMember, Message, User};
use frankenstein::updates::{Update, UpdateContent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sim::{NewRoom, Profile, Rights};

use crate::client::{call, start, updates};

/// What the official server sends and its documentation does not name.
const UNDOCUMENTED: [&str; 11] = [
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
];

/// Fields that the types do not have would be lost on the way.
pub(crate) fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> T {
    let decoded: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    let mut documented = value.clone();
    drop_undocumented(&mut documented);
    assert_eq!(serde_json::to_value(&decoded).expect("it serialises"), documented);
    decoded
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
async fn updates_round_trip() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = sim.newcomer(
        Profile::new("Alicia")
            .last_name("Rey")
            .username("alicia")
            .language("es"),
    );
    alicia.presses_data("before anything")?;
    alicia.opens_link("abc-123_x")?;
    alicia.sends("😀 @someone #tag x@example.com https://example.com $USD")?;
    let keyboard = json!({ "inline_keyboard": [[
        { "text": "a", "callback_data": "a", "style": "success" }, { "text": "b", "url": "https://t.me" },
        { "text": "c", "copy_text": { "text": "c" } }, { "text": "d", "web_app": { "url": "https://x.com" } },
        { "text": "e", "switch_inline_query_current_chat": "e" },
    ]] });
    let html = "<b>a<i>b</i></b> <a href=\"x.com\">c</a> <a href=\"tg://user?id=5000000001\">d</a> <pre><code \
        class=\"language-rust\">e</code></pre> <blockquote expandable>f</blockquote> <tg-spoiler>g</tg-spoiler>";
    let params =
        json!({ "chat_id": alicia.id(), "text": html, "parse_mode": "HTML", "reply_markup": keyboard });
    let answer = call(&sim, "sendMessage", params).await.json();
    assert_eq!(alicia.id(), 5_000_000_001);
    let sent = round_trip::<MethodResponse<Message>>(&answer).result;
    assert_eq!(sent.entities.map(|entities| entities.len()), Some(7));
    assert!(sent.reply_markup.is_some());

    alicia.presses("a")?;
    alicia.blocks_bot()?;
    alicia.unblocks_bot()?;
    let updates: Vec<Update> = updates(&sim).await.iter().map(round_trip).collect();
    let kinds: Vec<&str> = updates
        .iter()
        .map(|update| match update.content {
            UpdateContent::Message(_) => "message",
            UpdateContent::CallbackQuery(_) => "callback_query",
            UpdateContent::MyChatMember(_) => "my_chat_member",
            _ => "another",
        })
        .collect();
    let expected = [
        "callback_query",
        "message",
        "message",
        "callback_query",
        "my_chat_member",
        "my_chat_member",
    ];
    assert_eq!(kinds, expected);
    Ok(())
}

#[tokio::test]
async fn answers_round_trip() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    round_trip::<MethodResponse<User>>(&call(&sim, "getMe", json!({})).await.json());
    round_trip::<MethodResponse<bool>>(&call(&sim, "deleteWebhook", json!({})).await.json());
    let alicia = sim.person("Alicia");
    let message = alicia.sends("hola")?;
    let reply = json!({ "chat_id": alicia.id(), "text": "x", "reply_parameters": { "message_id": message } });
    let sent = round_trip::<MethodResponse<Message>>(&call(&sim, "sendMessage", reply).await.json()).result;
    let edit = json!({ "chat_id": alicia.id(), "message_id": sent.message_id, "text": "y" });
    round_trip::<MethodResponse<Message>>(&call(&sim, "editMessageText", edit).await.json());
    let commands = json!({ "commands": [{ "command": "start", "description": "Empezar" }] });
    call(&sim, "setMyCommands", commands).await;
    let commands = call(&sim, "getMyCommands", json!({})).await.json();
    round_trip::<MethodResponse<Vec<BotCommand>>>(&commands);
    Ok(())
}

#[tokio::test]
async fn rooms_round_trip() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    crate::bots::updates(&sim).await;
    let (diana, alicia) = (
        sim.person("Diana"),
        sim.newcomer(Profile::new("Alicia").bio("Leo mucho")),
    );
    let profile = NewRoom {
        description: Some("Lo mejor".into()),
        has_signatures: true,
        ..NewRoom::channel("VIP").username("vip_channel")
    };
    let vip = sim.room(profile, &diana).expect("the name is free");
    let group = sim.group("Grupo", &diana);
    let sala = sim.supergroup("Sala", &diana);
    for room in [&vip, &group, &sala] {
        diana.promotes(room, sim.bot().id, Rights::all())?;
        let call = async |method: &str, mut params: Value| {
            params["chat_id"] = room.id().into();
            call(&sim, method, params).await.json()
        };
        round_trip::<MethodResponse<ChatFullInfo>>(&call("getChat", json!({})).await);
        round_trip::<MethodResponse<Vec<ChatMember>>>(&call("getChatAdministrators", json!({})).await);
        round_trip::<MethodResponse<u32>>(&call("getChatMemberCount", json!({})).await);
        round_trip::<MethodResponse<Message>>(&call("sendMessage", json!({ "text": "x" })).await);
        let message = diana.writes_in(room, "Hola")?;
        diana.edits_in(room, message, "Adiós")?;
        let terms = json!({ "name": "x", "expire_date": 2_000_000_000, "creates_join_request": true });
        let link =
            round_trip::<MethodResponse<ChatInviteLink>>(&call("createChatInviteLink", terms).await).result;
        alicia.asks_to_join(&link.invite_link)?;
        let user = json!({ "user_id": alicia.id() });
        round_trip::<MethodResponse<bool>>(&call("approveChatJoinRequest", user.clone()).await);
        round_trip::<MethodResponse<ChatMember>>(&call("getChatMember", user.clone()).await);
        round_trip::<MethodResponse<bool>>(&call("banChatMember", user.clone()).await);
        round_trip::<MethodResponse<ChatMember>>(&call("getChatMember", user).await);
        let limited = json!({ "member_limit": 5 });
        round_trip::<MethodResponse<ChatInviteLink>>(&call("createChatInviteLink", limited).await);
        round_trip::<MethodResponse<String>>(&call("exportChatInviteLink", json!({})).await);
    }
    diana.restricts(&sala, alicia.id(), None)?;
    diana.retitles(&sala, "Salón")?;
    diana.migrates(&group)?;
    round_trip::<MethodResponse<bool>>(
        &call(&sim, "leaveChat", json!({ "chat_id": vip.id() }))
            .await
            .json(),
    );
    let news = crate::bots::updates(&sim).await;
    for update in &news {
        round_trip::<Update>(update);
    }
    assert!(news.len() > 20, "{}", news.len());
    Ok(())
}
