//! Several bots, each with its own token and updates.

use std::sync::atomic::{AtomicI32, Ordering};

use serde_json::{Value, json};
use sim::{BotInfo, NewBot, Sim};

use crate::client::{Answer, request};

/// Calls a method of some bot with a JSON body.
pub(crate) async fn call_as(sim: &Sim, bot: &BotInfo, method: &str, params: Value) -> Answer {
    let target = format!("/bot{}/{method}", bot.token);
    let body = params.to_string();
    request(sim, "POST", &target, "application/json", body.as_bytes()).await
}

/// Reads all updates that wait for the first bot, as [`updates_of`] does.
pub(crate) async fn updates(sim: &Sim) -> Vec<Value> {
    updates_of(sim, &sim.bot()).await
}

/// Reads all updates that wait for some bot, confirms them, and asks for all kinds from now on.
pub(crate) async fn updates_of(sim: &Sim, bot: &BotInfo) -> Vec<Value> {
    const KINDS: [&str; 8] = [
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
    ];
    // An offset far off means the head; a repeated one would have to wait.
    static READ: AtomicI32 = AtomicI32::new(0);
    let offset = i32::MAX - READ.fetch_add(1, Ordering::Relaxed);
    let params = json!({ "offset": offset, "allowed_updates": KINDS });
    let answer = call_as(sim, bot, "getUpdates", params).await;
    let updates = answer.json()["result"].as_array().expect("an array").clone();
    if let Some(last) = updates.last().and_then(|update| update["update_id"].as_i64()) {
        call_as(sim, bot, "getUpdates", json!({ "offset": last + 1 })).await;
    }
    updates
}

/// A bot beside the first.
pub(crate) fn second_bot(sim: &Sim) -> BotInfo {
    let second = NewBot {
        username: "second_bot".into(),
        first_name: "Second".into(),
        ..NewBot::default()
    };
    sim.add_bot(second).expect("the name is free")
}
