//! Basic groups and supergroups: privacy mode, service messages, becoming a supergroup.

use serde_json::{Value, json};
use sim::{Cannot, NewBot, Options, Rights, Sim};

use crate::bots::{call_as, second_bot, updates, updates_of};
use crate::client::{call, result, start};
use crate::methods::refusal;

type Story = Result<(), Box<dyn std::error::Error>>;

fn texts(updates: &[Value]) -> Vec<&str> {
    updates
        .iter()
        .filter_map(|update| update["message"]["text"].as_str())
        .collect()
}

#[tokio::test]
async fn privacy_mode() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let other = second_bot(&sim);
    let group = sim.supergroup("Sala", &diana);
    diana.adds(&group, sim.bot().id)?;
    diana.adds(&group, other.id)?;
    diana.adds(&group, alicia.id())?;
    let name = sim.bot().username;
    let said = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": group.id(), "text": "Buenas" }),
    )
    .await;
    let said = said["message_id"]
        .as_i64()
        .and_then(|id| i32::try_from(id).ok())
        .expect("an id");
    updates(&sim).await;
    let everything = [
        "hola a todos".to_owned(),
        "/ayuda".to_owned(),
        format!("/ayuda@{name}"),
        "/ayuda@second_bot".to_owned(),
        format!("oye, @{name}"),
        "oye, @second_bot".to_owned(),
    ];
    for text in &everything {
        alicia.writes_in(&group, text)?;
    }
    alicia.replies_in(&group, said, "gracias")?;
    let meant = [everything[1].as_str(), &everything[2], &everything[4], "gracias"];
    let news = updates(&sim).await;
    assert_eq!(texts(&news), meant);
    assert_eq!(news[3]["message"]["reply_to_message"]["message_id"], said);
    assert_eq!(news[3]["message"]["from"]["id"], alicia.id());

    // An administrator sees everything, but never what other bots write.
    diana.promotes(&group, sim.bot().id, Rights::least())?;
    updates(&sim).await;
    let first = alicia.writes_in(&group, "hola a todos")?;
    let greeting = json!({ "chat_id": group.id(), "text": "/hola" });
    call_as(&sim, &other, "sendMessage", greeting).await;
    alicia.edits_in(&group, first, "adiós")?;
    let news = updates(&sim).await;
    assert_eq!(texts(&news), ["hola a todos"]);
    assert_eq!(news[1]["edited_message"]["text"], "adiós");
    assert_eq!(
        texts(&updates_of(&sim, &other).await).last(),
        Some(&"oye, @second_bot")
    );
    Ok(())
}

#[tokio::test]
async fn a_bot_may_read_everything() -> Story {
    let bots = vec![NewBot {
        reads_all_messages: true,
        ..NewBot::default()
    }];
    let sim = Sim::start(Options {
        bots,
        ..Options::default()
    })
    .await?;
    assert_eq!(
        result(&sim, "getMe", json!({})).await["can_read_all_group_messages"],
        true
    );
    let diana = sim.person("Diana");
    let group = sim.group("Sala", &diana);
    diana.writes_in(&group, "antes")?;
    diana.adds(&group, sim.bot().id)?;
    diana.writes_in(&group, "hola a todos")?;
    assert_eq!(texts(&updates(&sim).await), ["hola a todos"]);
    Ok(())
}

#[tokio::test]
async fn service_messages() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let group = sim.group("Sala", &diana);
    let bot = sim.bot().id;
    updates(&sim).await;
    diana.adds(&group, bot)?;
    diana.adds(&group, alicia.id())?;
    diana.retitles(&group, "Salón")?;
    alicia.leaves(&group)?;
    diana.removes(&group, bot)?;
    diana.writes_in(&group, "/ya")?;
    let news = updates(&sim).await;
    let kinds: Vec<String> = news
        .iter()
        .map(|update| {
            let update = update.as_object().expect("an object");
            let kind = update.keys().find(|key| *key != "update_id").expect("a kind");
            let message = update[kind].as_object().expect("an object");
            // Who comes is told in several ways, in no particular order.
            let service = message
                .keys()
                .filter(|key| key.starts_with("new_chat") || key.starts_with("left"))
                .min();
            format!("{kind} {}", service.map_or("", String::as_str))
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "my_chat_member new_chat_member",
            "message new_chat_member",
            "message new_chat_member",
            "message new_chat_title",
            "message left_chat_member",
            "my_chat_member new_chat_member",
            "message left_chat_member",
        ],
        "a bot that is no administrator gets no chat_member, and after it has gone nothing"
    );
    assert_eq!(news[1]["message"]["new_chat_members"][0]["id"], bot);
    assert_eq!(news[2]["message"]["from"]["id"], diana.id());
    assert_eq!(news[2]["message"]["new_chat_members"][0]["id"], alicia.id());
    assert_eq!(news[3]["message"]["new_chat_title"], "Salón");
    assert_eq!(news[4]["message"]["left_chat_member"]["id"], alicia.id());
    assert_eq!(news[6]["message"]["left_chat_member"]["id"], bot);
    let greeting = json!({ "chat_id": alicia.id(), "text": "hola" });
    assert_eq!(
        refusal(&sim, "sendMessage", greeting).await,
        "Forbidden: bot can't initiate conversation with a user",
        "it has met her in the group"
    );
    Ok(())
}

#[tokio::test]
async fn a_group_becomes_a_supergroup() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let group = sim.group("Sala", &diana);
    diana.adds(&group, sim.bot().id)?;
    diana.adds(&group, alicia.id())?;
    assert_eq!(alicia.migrates(&group).unwrap_err(), Cannot::NoRight);
    updates(&sim).await;
    let supergroup = diana.migrates(&group)?;
    assert_eq!(diana.migrates(&group).unwrap_err(), Cannot::NotHere);
    let news = updates(&sim).await;
    assert_eq!(
        (
            &news[0]["message"]["migrate_to_chat_id"],
            &news[1]["message"]["migrate_from_chat_id"]
        ),
        (&json!(supergroup.id()), &json!(group.id()))
    );
    assert_eq!(supergroup.members(), group.members());
    let answer = call(&sim, "sendMessage", json!({ "chat_id": group.id(), "text": "x" })).await;
    assert_eq!(
        answer.json(),
        json!({ "ok": false, "error_code": 400,
            "description": "Bad Request: group chat was upgraded to a supergroup chat",
            "parameters": { "migrate_to_chat_id": supergroup.id() } })
    );
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": supergroup.id(), "text": "x" }),
    )
    .await;

    let second = sim.group("Otra", &diana);
    diana.adds(&second, sim.bot().id)?;
    diana.deletes_group(&second)?;
    for method in ["sendMessage", "getChatAdministrators"] {
        let gone = json!({ "chat_id": second.id(), "text": "x" });
        assert_eq!(
            refusal(&sim, method, gone).await,
            "Forbidden: the group chat was deleted"
        );
    }
    assert_eq!(diana.writes_in(&second, "x"), Err(Cannot::NoRight));
    Ok(())
}

#[tokio::test]
async fn anonymous_administrators() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let group = sim.supergroup("Sala", &diana);
    diana.promotes(&group, sim.bot().id, Rights::all())?;
    diana.promotes(
        &group,
        alicia.id(),
        Rights {
            is_anonymous: true,
            ..Rights::least()
        },
    )?;
    updates(&sim).await;
    alicia.writes_in(&group, "hola")?;
    let message = &updates(&sim).await[0]["message"];
    assert_eq!(
        (&message["from"]["username"], &message["sender_chat"]["id"]),
        (&json!("GroupAnonymousBot"), &json!(group.id()))
    );
    Ok(())
}
