//! Deleting, and what is left of a message that is gone.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sim::{Cannot, Clock, NewRoom, Options, Rights, Sim};

use crate::client::{result, start, updates};
use crate::media::someone;
use crate::methods::check;

const NOT_FOR_EVERYONE: &str = "Bad Request: message can't be deleted for everyone";
const NOT_DELETABLE: &str = "Bad Request: message can't be deleted";

#[tokio::test]
async fn deletes_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let not_found = "Bad Request: message to delete not found";
    check(
        &sim,
        "deleteMessage",
        [
            (json!({}), "Bad Request: chat identifier is not specified"),
            (
                json!({ "chat_id": 5 }),
                "Bad Request: message identifier is not specified",
            ),
            (
                json!({ "chat_id": 5, "message_id": -7 }),
                "Bad Request: message identifier is not specified",
            ),
            (
                json!({ "chat_id": 5, "message_id": 1 }),
                "Bad Request: chat not found",
            ),
            (json!({ "chat_id": id, "message_id": 99 }), not_found),
        ],
    )
    .await;
    check(
        &sim,
        "deleteMessages",
        [
            (
                json!({ "chat_id": id }),
                "Bad Request: message identifiers are not specified",
            ),
            (
                json!({ "chat_id": id, "message_ids": [] }),
                "Bad Request: message identifiers are not specified",
            ),
            (
                json!({ "chat_id": id, "message_ids": "[" }),
                "Bad Request: can't parse message_ids JSON object",
            ),
            (
                json!({ "chat_id": id, "message_ids": {} }),
                "Bad Request: expected an Array of message identifiers",
            ),
            (
                json!({ "message_ids": vec![1; 101] }),
                "Bad Request: too many message identifiers specified",
            ),
            (
                json!({ "message_ids": [[]] }),
                "Bad Request: message identifier must be a Number",
            ),
            (
                json!({ "message_ids": ["x"] }),
                "Bad Request: can't parse message identifier as a Number",
            ),
            (
                json!({ "message_ids": [-1] }),
                "Bad Request: invalid message identifier specified",
            ),
            (json!({ "message_ids": [1] }), "Bad Request: chat_id is empty"),
            (
                json!({ "message_ids": [1], "chat_id": 5 }),
                "Bad Request: chat not found",
            ),
        ],
    )
    .await;
    let nothing = json!({ "chat_id": id, "message_ids": [98, 99] });
    assert_eq!(
        result(&sim, "deleteMessages", nothing).await,
        true,
        "missing ones are skipped"
    );
}

#[tokio::test]
async fn a_deleted_message_is_gone_and_remembered() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let hers = alicia.sends("Uno\ny más").expect("she may");
    updates(&sim).await;
    let own = json!({ "chat_id": id, "text": "Dos", "reply_parameters": { "message_id": hers } });
    let own = result(&sim, "sendMessage", own).await["message_id"].clone();
    let both = json!({ "chat_id": id, "message_ids": [hers, 99] });
    assert_eq!(result(&sim, "deleteMessages", both).await, true);
    let edit = json!({ "chat_id": id, "message_id": own, "text": "Tres" });
    let edited = result(&sim, "editMessageText", edit).await;
    assert!(
        edited.get("reply_to_message").is_none(),
        "what it replied to is gone"
    );
    let gone = json!({ "chat_id": id, "text": "x", "reply_parameters": { "message_id": hers } });
    check(
        &sim,
        "sendMessage",
        [(gone, "Bad Request: message to be replied not found")],
    )
    .await;
    let params = json!({ "chat_id": id, "message_id": own });
    assert_eq!(result(&sim, "deleteMessage", params.clone()).await, true);
    check(
        &sim,
        "deleteMessage",
        [(params.clone(), "Bad Request: message to delete not found")],
    )
    .await;
    let mut edit = params;
    edit["text"] = json!("x");
    check(
        &sim,
        "editMessageText",
        [(edit, "Bad Request: message to edit not found")],
    )
    .await;
    assert!(updates(&sim).await.is_empty(), "nobody is told");
    let transcript = alicia.transcript();
    assert!(
        transcript.ends_with("· Stand-in deletes: Uno\nStand-in (edits): Tres\n· Stand-in deletes: Tres\n"),
        "{transcript}"
    );
    assert_eq!(alicia.chat().len(), 1);
}

#[tokio::test]
async fn a_tap_on_a_message_that_is_gone() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let hers = alicia.sends("hola")?;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "y" }]] });
    let sent = json!({ "chat_id": alicia.id(), "text": "¿Sí?", "reply_markup": keyboard });
    let sent = result(&sim, "sendMessage", sent).await["message_id"].clone();
    let number = i32::try_from(sent.as_i64().expect("a number"))?;
    updates(&sim).await;
    alicia.presses_data_on(number, "y")?;
    result(
        &sim,
        "deleteMessage",
        json!({ "chat_id": alicia.id(), "message_id": sent }),
    )
    .await;
    let press = alicia.presses_data_on(number, "y")?;
    assert!(matches!(alicia.presses("Sí"), Err(Cannot::NoSuchButton { .. })));
    assert_eq!(
        alicia.presses_data_on(hers, "y").unwrap_err(),
        Cannot::NoSuchMessage
    );
    assert_eq!(alicia.presses_data_on(number, "").unwrap_err(), Cannot::BadData);
    let updates = updates(&sim).await;
    assert_eq!(updates[0]["callback_query"]["message"]["text"], "¿Sí?");
    let chat = json!({ "id": alicia.id(), "first_name": "Alicia", "type": "private" });
    let inaccessible = json!({ "message_id": sent, "chat": chat, "date": 0 });
    assert_eq!(updates[1]["callback_query"]["message"], inaccessible);
    let answer = json!({ "callback_query_id": press.id() });
    assert_eq!(result(&sim, "answerCallbackQuery", answer).await, true);
    Ok(())
}

async fn with_clock() -> (Sim, Clock) {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse().expect("a moment"));
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    (
        Sim::start(options).await.expect("loopback has a free port"),
        clock,
    )
}

#[tokio::test]
async fn after_two_days_it_is_too_late() -> Result<(), Box<dyn std::error::Error>> {
    let (sim, clock) = with_clock().await;
    let alicia = someone(&sim).await;
    let group = sim.group("Grupo", &alicia);
    alicia.adds(&group, sim.bot().id)?;
    let rooms = [sim.supergroup("Sala", &alicia), sim.channel("Canal", &alicia)];
    for room in rooms.iter().chain([&group]) {
        alicia.promotes(room, sim.bot().id, Rights::all())?;
        alicia.writes_in(room, "Uno")?;
    }
    let mut messages: Vec<Value> = Vec::new();
    for chat in [alicia.id(), group.id(), rooms[0].id(), rooms[1].id()] {
        let sent = result(&sim, "sendMessage", json!({ "chat_id": chat, "text": "Dos" })).await;
        messages.push(
            json!({ "chat_id": chat, "message_id": sent["message_id"], "message_ids": [sent["message_id"]] }),
        );
    }
    clock.advance(TimeDelta::hours(48))?;
    for message in &messages[2..] {
        check(&sim, "deleteMessage", [(message.clone(), NOT_DELETABLE)]).await;
        check(&sim, "deleteMessages", [(message.clone(), NOT_DELETABLE)]).await;
    }
    clock.advance(TimeDelta::seconds(1))?;
    for message in &messages[..2] {
        check(&sim, "deleteMessage", [(message.clone(), NOT_FOR_EVERYONE)]).await;
    }
    clock.advance(TimeDelta::seconds(-1))?;
    for message in &messages[..2] {
        assert_eq!(result(&sim, "deleteMessage", message.clone()).await, true);
    }
    clock.advance(TimeDelta::seconds(-1))?;
    for message in &messages[2..] {
        assert_eq!(result(&sim, "deleteMessage", message.clone()).await, true);
    }
    Ok(())
}

#[tokio::test]
async fn whose_messages_a_bot_may_delete() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bot = sim.bot().id;
    let supergroup = sim.supergroup("Sala", &alicia);
    let group = sim.group("Grupo", &alicia);
    let public = sim
        .room(NewRoom::channel("Plaza").username("plaza"), &alicia)
        .expect("the name is free");
    let may = |rights: &str| {
        let mut all = serde_json::to_value(Rights::least()).expect("they serialise");
        all[rights] = json!(true);
        serde_json::from_value::<Rights>(all).expect("they are rights")
    };
    for room in [&supergroup, &group] {
        alicia.adds(room, bot)?;
        let hers = alicia.writes_in(room, "Uno")?;
        let own = result(
            &sim,
            "sendMessage",
            json!({ "chat_id": room.id(), "text": "Dos" }),
        )
        .await;
        let wording = if room.id() == group.id() {
            NOT_FOR_EVERYONE
        } else {
            NOT_DELETABLE
        };
        let params = json!({ "chat_id": room.id(), "message_id": hers });
        check(&sim, "deleteMessage", [(params.clone(), wording)]).await;
        let both = json!({ "chat_id": room.id(), "message_ids": [own["message_id"], hers] });
        check(&sim, "deleteMessages", [(both, wording)]).await;
        assert!(
            room.messages().iter().any(|entry| entry.text == "Dos"),
            "one failure keeps all"
        );
        let own = json!({ "chat_id": room.id(), "message_id": own["message_id"] });
        assert_eq!(result(&sim, "deleteMessage", own).await, true);
        alicia.promotes(room, bot, may("can_delete_messages"))?;
        assert_eq!(result(&sim, "deleteMessage", params).await, true);
    }
    let first = json!({ "chat_id": supergroup.id(), "message_id": 1 });
    check(&sim, "deleteMessage", [(first, NOT_DELETABLE)]).await;

    let post = alicia.writes_in(&public, "Uno")?;
    alicia.writes_in(&public, "Dos")?;
    let outside = json!({ "chat_id": "@plaza", "message_id": post });
    check(
        &sim,
        "deleteMessage",
        [(outside, "Forbidden: bot is not a member of the channel chat")],
    )
    .await;
    alicia.promotes(&public, bot, may("can_post_messages"))?;
    let own = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": "@plaza", "text": "Tres" }),
    )
    .await;
    let own = json!({ "chat_id": "@plaza", "message_id": own["message_id"] });
    alicia.promotes(&public, bot, Rights::least())?;
    check(&sim, "deleteMessage", [(own.clone(), NOT_DELETABLE)]).await;
    alicia.promotes(&public, bot, may("can_post_messages"))?;
    let hers = json!({ "chat_id": "@plaza", "message_id": post + 1 });
    check(&sim, "deleteMessage", [(hers.clone(), NOT_DELETABLE)]).await;
    assert_eq!(result(&sim, "deleteMessage", own).await, true);
    alicia.promotes(&public, bot, may("can_delete_messages"))?;
    assert_eq!(result(&sim, "deleteMessage", hers).await, true);
    Ok(())
}

#[tokio::test]
async fn notices_in_a_private_chat_stay() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let keyboard = json!({ "keyboard": [[{ "text": "Quién", "request_users": { "request_id": 1 } }]] });
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "x", "reply_markup": keyboard }),
    )
    .await;
    let notice = alicia.shares_users(1, &[alicia.id()])?;
    let params = json!({ "chat_id": alicia.id(), "message_id": notice });
    check(&sim, "deleteMessage", [(params, NOT_FOR_EVERYONE)]).await;
    alicia.deletes(notice)?;
    assert!(alicia.transcript().ends_with("· Alicia deletes a notice\n"));
    Ok(())
}
