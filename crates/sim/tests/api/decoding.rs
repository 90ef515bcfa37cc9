//! A public library's types decode what the stand-in says, and lose nothing of it.

use frankenstein::response::MethodResponse;
use frankenstein::types::{BotCommand, Message, User};
use frankenstein::updates::{Update, UpdateContent};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sim::Profile;

use crate::client::{call, start, updates};

/// Fields that the types do not have would be lost on the way.
fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> T {
    let decoded: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    assert_eq!(&serde_json::to_value(&decoded).expect("it serialises"), value);
    decoded
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
