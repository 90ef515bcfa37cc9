//! The calls behind a message.

use serde_json::{Value, json};
use sim::{Fault, Options, Person, Rights, Sim};

use crate::client::{call, result, sim_get, start, start_with, updates};

type Story = Result<(), Box<dyn std::error::Error>>;

/// Each call behind a message: the method, the status, and what was wrong.
async fn behind(sim: &Sim, person: &Person, peer: i64, message: &Value) -> Vec<Value> {
    let route = format!("/behind?person={}&peer={peer}&message_id={message}", person.id());
    let (status, calls) = sim_get(sim, &route).await;
    assert_eq!(status, 200, "{calls}");
    calls.as_array().expect("a list").clone()
}

fn methods(calls: &[Value]) -> Vec<&str> {
    calls
        .iter()
        .map(|call| call["method"].as_str().expect("a name"))
        .collect()
}

#[tokio::test]
async fn everything_that_befell_a_message() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    let own = json!(ines.sends("hola")?);
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "yes" }]] });
    let params = json!({ "chat_id": ines.id(), "text": "Buenas", "reply_markup": keyboard, "nonsense": 1 });
    let sent = result(&sim, "sendMessage", params.clone()).await;
    let id = &sent["message_id"];
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": ines.id(), "text": "otra cosa" }),
    )
    .await;
    let calls = behind(&sim, &ines, bot, id).await;
    assert_eq!(methods(&calls), ["sendMessage"]);
    let made = &calls[0];
    assert_eq!((&made["parameters"], &made["result"]), (&params, &sent));
    assert_eq!(
        (&made["status"], &made["bot_id"], &made["fault"]),
        (&json!(200), &json!(bot), &Value::Null)
    );
    let violation = &made["violations"][0];
    assert_eq!(
        (&violation["problem"], &violation["call_id"]),
        (
            &json!({ "kind": "unknown_parameter", "name": "nonsense" }),
            &made["id"]
        )
    );
    assert_eq!(
        sim.violations()[0].call_id,
        made["id"].as_u64().expect("a number")
    );

    let edit =
        json!({ "chat_id": ines.id(), "message_id": id, "text": "Buenas noches", "reply_markup": keyboard });
    result(&sim, "editMessageText", edit.clone()).await;
    assert_eq!(call(&sim, "editMessageText", edit).await.status, 400);
    updates(&sim).await;
    let press = ines.presses("Sí")?;
    result(
        &sim,
        "answerCallbackQuery",
        json!({ "callback_query_id": press.id(), "text": "Bien" }),
    )
    .await;
    result(
        &sim,
        "deleteMessage",
        json!({ "chat_id": ines.id(), "message_id": id }),
    )
    .await;
    let calls = behind(&sim, &ines, bot, id).await;
    assert_eq!(
        methods(&calls),
        [
            "sendMessage",
            "editMessageText",
            "editMessageText",
            "answerCallbackQuery",
            "deleteMessage"
        ]
    );
    assert_eq!(calls[1]["result"]["text"], "Buenas noches");
    assert_eq!(
        (&calls[2]["status"], &calls[2]["result"]),
        (&json!(400), &Value::Null)
    );
    assert!(
        calls[2]["description"]
            .as_str()
            .expect("why")
            .contains("not modified")
    );
    assert_eq!(
        (&calls[4]["result"], &calls[4]["violations"]),
        (&json!(true), &json!([]))
    );
    let ids: Vec<u64> = calls.iter().filter_map(|call| call["id"].as_u64()).collect();
    assert!(ids.is_sorted() && ids.len() == 5, "{ids:?}");

    let reaction = json!([{ "type": "emoji", "emoji": "👍" }]);
    let react = json!({ "chat_id": ines.id(), "message_id": own, "reaction": reaction });
    result(&sim, "setMessageReaction", react).await;
    assert_eq!(
        methods(&behind(&sim, &ines, bot, &own).await),
        ["setMessageReaction"]
    );
    let (_, all) = sim_get(&sim, "/calls?method=sendMessage").await;
    assert_eq!(
        (all.as_array().map(Vec::len), &all[0]["result"]),
        (Some(2), &sent)
    );
    let (_, newest) = sim_get(&sim, "/calls?newest=2&except=SETMESSAGEREACTION").await;
    let newest = newest.as_array().expect("a list");
    assert_eq!(methods(newest), ["answerCallbackQuery", "deleteMessage"]);
    Ok(())
}

#[tokio::test]
async fn albums_copies_and_faults() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    ines.sends("hola")?;
    let picture = |name: &str| json!({ "type": "photo", "media": format!("https://a.example/{name}.jpg") });
    let album = json!({ "chat_id": ines.id(), "media": [picture("a"), picture("b")] });
    let album = result(&sim, "sendMediaGroup", album).await;
    let ids: Vec<&Value> = [0, 1].into_iter().map(|at| &album[at]["message_id"]).collect();
    for id in &ids {
        assert_eq!(methods(&behind(&sim, &ines, bot, id).await), ["sendMediaGroup"]);
    }
    let (from, to) = (ines.id(), ines.id());
    let many = json!({ "chat_id": to, "from_chat_id": from, "message_ids": ids });
    let copies = result(&sim, "copyMessages", many).await;
    let one = json!({ "chat_id": to, "from_chat_id": from, "message_id": ids[0] });
    let copy = result(&sim, "copyMessage", one.clone()).await;
    let forward = result(&sim, "forwardMessage", one).await;
    for (made, method) in [
        (&copies[1], "copyMessages"),
        (&copy, "copyMessage"),
        (&forward, "forwardMessage"),
    ] {
        assert_eq!(
            methods(&behind(&sim, &ines, bot, &made["message_id"]).await),
            [method]
        );
    }
    result(
        &sim,
        "deleteMessages",
        json!({ "chat_id": to, "message_ids": ids }),
    )
    .await;
    let calls = behind(&sim, &ines, bot, ids[1]).await;
    assert_eq!(methods(&calls), ["sendMediaGroup", "deleteMessages"]);

    let fault = sim.inject(Fault::error(502, "Bad Gateway").after_effect().times(1));
    assert_eq!(
        call(&sim, "sendMessage", json!({ "chat_id": to, "text": "¿llega?" }))
            .await
            .status,
        502
    );
    let sent = ines.last_message().expect("it arrived all the same");
    let calls = behind(&sim, &ines, bot, &json!(sent.message_id)).await;
    assert_eq!(methods(&calls), ["sendMessage"]);
    assert_eq!(
        (&calls[0]["status"], &calls[0]["fault"], &calls[0]["result"]),
        (&json!(502), &json!(fault.id()), &Value::Null)
    );
    Ok(())
}

#[tokio::test]
async fn posts_of_a_channel_are_everybodys() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let vip = sim.channel("VIP", &diana);
    diana.promotes(&vip, sim.bot().id, Rights::all())?;
    let ines = sim.person("Inés");
    diana.adds(&vip, ines.id())?;
    let post = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": vip.id(), "text": "Novedad" }),
    )
    .await;
    for person in [&diana, &ines] {
        let calls = behind(&sim, person, vip.id(), &post["message_id"]).await;
        assert_eq!(methods(&calls), ["sendMessage"]);
    }
    // Private messages have numbers too, and others are meant by them.
    assert!(
        behind(&sim, &ines, sim.bot().id, &post["message_id"])
            .await
            .is_empty()
    );
    Ok(())
}

#[tokio::test]
async fn what_is_kept_is_bounded() -> Story {
    let sim = start_with(Options {
        calls_kept: 2,
        ..Options::default()
    })
    .await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    for _ in 0..30 {
        ines.sends(&"ñ".repeat(4000))?;
    }
    let first = result(&sim, "sendMessage", json!({ "chat_id": ines.id(), "text": "x" })).await;
    assert_eq!(behind(&sim, &ines, bot, &first["message_id"]).await.len(), 1);
    result(&sim, "getUpdates", json!({})).await;
    let (_, calls) = sim_get(&sim, "/calls?method=getUpdates").await;
    let kept = calls[0]["result"].as_str().expect("no more than a beginning");
    assert!(
        kept.starts_with("[{\"update_id\":") && kept.ends_with('…'),
        "{}",
        kept.len()
    );
    assert!((65_000..=65_540).contains(&kept.len()), "{}", kept.len());
    result(&sim, "getMe", json!({})).await;
    assert!(
        behind(&sim, &ines, bot, &first["message_id"]).await.is_empty(),
        "nobody remembers"
    );
    Ok(())
}
