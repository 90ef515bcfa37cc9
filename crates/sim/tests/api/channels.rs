//! Channels: who posts, who edits, who learns of it.

use serde_json::{Value, json};
use sim::{Cannot, NewBot, NewRoom, Profile, Rights};

use crate::bots::{call_as, second_bot, updates, updates_of};
use crate::client::{call, result, start};
use crate::methods::{check, refusal};

type Story = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_post_comes_back_as_the_channels() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let vip = sim.channel("VIP", &diana);
    diana.promotes(&vip, sim.bot().id, Rights::all())?;
    assert_eq!(
        updates(&sim).await[0]["my_chat_member"]["new_chat_member"]["status"],
        "administrator"
    );

    let post = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": vip.id(), "text": "<b>Hola</b>", "parse_mode": "HTML" }),
    )
    .await;
    let chat = json!({ "id": vip.id(), "title": "VIP", "type": "channel" });
    assert_eq!(
        post,
        json!({ "message_id": 1, "sender_chat": chat, "chat": chat, "date": post["date"], "text": "Hola",
            "entities": [{ "type": "bold", "offset": 0, "length": 4 }] })
    );
    assert_eq!(vip.messages()[0].author_id, sim.bot().id);

    let own = diana.writes_in(&vip, "Bienvenidos")?;
    diana.edits_in(&vip, own, "Bienvenidas")?;
    diana.edits_in(&vip, 1, "Hola, de Diana")?;
    let news = updates(&sim).await;
    assert_eq!(
        news.len(),
        2,
        "what happens to its own posts a bot is not told: {news:?}"
    );
    assert_eq!(
        news[0]["channel_post"],
        json!({ "message_id": 2, "sender_chat": chat, "chat": chat, "date": news[0]["channel_post"]["date"],
            "text": "Bienvenidos" })
    );
    let edited = &news[1]["edited_channel_post"];
    assert_eq!(
        (&edited["text"], edited["edit_date"].is_i64()),
        (&json!("Bienvenidas"), true)
    );

    // Other people's posts may be edited too, with the right.
    let edit = json!({ "chat_id": vip.id(), "message_id": own, "text": "Bienvenid@s" });
    assert_eq!(result(&sim, "editMessageText", edit).await["text"], "Bienvenid@s");
    assert!(updates(&sim).await.is_empty());
    Ok(())
}

#[tokio::test]
async fn signatures_and_usernames() -> Story {
    let sim = start().await;
    let diana = sim.newcomer(Profile::new("Diana").last_name("Rey"));
    let profile = NewRoom {
        has_signatures: true,
        has_protected_content: true,
        ..NewRoom::channel("Noticias").username("noticias")
    };
    let news = sim.room(profile.clone(), &diana).expect("the name is free");
    assert!(sim.room(profile, &diana).is_none(), "the name is taken");
    assert!(
        sim.room(NewRoom::group("G").username("g_name"), &diana).is_none(),
        "groups have none"
    );
    assert!(
        sim.add_bot(NewBot {
            username: "NOTICIAS".into(),
            ..NewBot::default()
        })
        .is_none()
    );
    diana.promotes(&news, sim.bot().id, Rights::all())?;
    updates(&sim).await;
    diana.writes_in(&news, "Hola")?;
    let post = &updates(&sim).await[0]["channel_post"];
    assert_eq!(
        (
            &post["author_signature"],
            &post["has_protected_content"],
            &post["chat"]["username"]
        ),
        (&json!("Diana Rey"), &json!(true), &json!("noticias"))
    );
    let sent = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": "@NOTICIAS", "text": "x" }),
    )
    .await;
    assert_eq!(sent["author_signature"], sim.bot().first_name);
    Ok(())
}

#[tokio::test]
async fn who_may_write_where() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let bot = sim.bot().id;
    let vip = sim.channel("VIP", &diana);
    let open = sim
        .room(NewRoom::channel("Free").username("free_channel"), &diana)
        .expect("a room");
    let group = sim.group("Grupo", &diana);
    let supergroup = sim.supergroup("Sala", &diana);
    let says = |id: i64| json!({ "chat_id": id, "text": "hola" });

    check(
        &sim,
        "sendMessage",
        [
            (says(vip.id()), "Bad Request: chat not found"),
            (says(-1), "Bad Request: chat not found"),
            (
                says(open.id()),
                "Forbidden: bot is not a member of the channel chat",
            ),
        ],
    )
    .await;

    diana.promotes(&vip, bot, Rights::least())?;
    assert_eq!(
        refusal(&sim, "sendMessage", says(vip.id())).await,
        "Bad Request: need administrator rights in the channel chat"
    );
    diana.promotes(
        &vip,
        bot,
        Rights {
            can_post_messages: true,
            ..Rights::least()
        },
    )?;
    result(&sim, "sendMessage", says(vip.id())).await;
    let keyboard = |button: Value| json!({ "inline_keyboard": [[button]] });
    let with = |markup: Value| json!({ "chat_id": vip.id(), "text": "x", "reply_markup": markup });
    check(
        &sim,
        "sendMessage",
        [
            (with(json!({ "keyboard": [["a"]] })), "Bad Request: inline keyboard expected"),
            (with(json!({ "force_reply": true })), "Bad Request: inline keyboard expected"),
            (
                with(keyboard(json!({ "text": "a", "switch_inline_query": "q" }))),
                "Bad Request: can't use switch_inline_query button in a channel chat, because users will not be \
                 able to use the button without knowing bot's username",
            ),
            (
                with(keyboard(json!({ "text": "a", "switch_inline_query_current_chat": "q" }))),
                "Bad Request: can't use switch_inline_query_current_chat button in a channel chat, because users \
                 will not be able to use the button without knowing bot's username",
            ),
            (
                with(keyboard(json!({ "text": "a", "web_app": { "url": "https://x.com" } }))),
                "Bad Request: BUTTON_TYPE_INVALID",
            ),
        ],
    )
    .await;
    let foreign = diana.writes_in(&vip, "De Diana")?;
    let edit = json!({ "chat_id": vip.id(), "message_id": foreign, "text": "x" });
    assert_eq!(
        refusal(&sim, "editMessageText", edit).await,
        "Bad Request: message can't be edited"
    );
    let edit = |id: i32| json!({ "chat_id": vip.id(), "message_id": id, "text": "x" });
    assert_eq!(
        refusal(&sim, "editMessageText", edit(99)).await,
        "Bad Request: message to edit not found"
    );
    result(&sim, "editMessageText", edit(1)).await;

    for (room, kind) in [(&group, "group"), (&supergroup, "supergroup"), (&vip, "channel")] {
        if kind != "channel" {
            diana.adds(room, bot)?;
        }
        result(&sim, "sendMessage", says(room.id())).await;
        diana.removes(room, bot)?;
        let not_in = format!("Forbidden: bot is not a member of the {kind} chat");
        assert_eq!(refusal(&sim, "sendMessage", says(room.id())).await, not_in);
        assert_eq!(refusal(&sim, "editMessageText", edit_in(room.id())).await, not_in);
        diana.bans(room, bot, None)?;
        let kicked = format!("Forbidden: bot was kicked from the {kind} chat");
        assert_eq!(refusal(&sim, "sendMessage", says(room.id())).await, kicked);
        assert_eq!(refusal(&sim, "getChatMemberCount", says(room.id())).await, kicked);
        // Only of a basic group the bot still sees something.
        let seen = call(&sim, "getChat", json!({ "chat_id": room.id() })).await;
        assert_eq!(
            seen.status,
            if kind == "group" { 200 } else { 403 },
            "{}",
            seen.body
        );
    }

    diana.unbans(&supergroup, bot)?;
    diana.adds(&supergroup, bot)?;
    diana.restricts(&supergroup, bot, None)?;
    assert_eq!(
        refusal(&sim, "sendMessage", says(supergroup.id())).await,
        "Bad Request: not enough rights to send text messages to the chat"
    );
    Ok(())
}

fn edit_in(chat: i64) -> Value {
    json!({ "chat_id": chat, "message_id": 1, "text": "y" })
}

#[tokio::test]
async fn two_bots_in_one_channel() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let second = second_bot(&sim);
    let vip = sim.channel("VIP", &diana);
    diana.promotes(&vip, sim.bot().id, Rights::all())?;
    diana.promotes(&vip, second.id, Rights::all())?;
    updates(&sim).await;
    updates_of(&sim, &second).await;

    result(&sim, "sendMessage", json!({ "chat_id": vip.id(), "text": "uno" })).await;
    let post = call_as(
        &sim,
        &second,
        "sendMessage",
        json!({ "chat_id": vip.id(), "text": "dos" }),
    )
    .await;
    assert_eq!(
        post.json()["result"]["message_id"],
        2,
        "a channel counts its posts for all"
    );
    // The second edits a post of the first: neither is told.
    let edit = json!({ "chat_id": vip.id(), "message_id": 1, "text": "uno y medio" });
    assert_eq!(call_as(&sim, &second, "editMessageText", edit).await.status, 200);
    let texts = |updates: Vec<Value>| -> Vec<Value> {
        updates
            .iter()
            .map(|update| update["channel_post"]["text"].clone())
            .collect()
    };
    assert_eq!(texts(updates(&sim).await), ["dos"]);
    assert_eq!(texts(updates_of(&sim, &second).await), ["uno"]);
    Ok(())
}

#[tokio::test]
async fn buttons_under_posts() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let vip = sim
        .room(NewRoom::channel("VIP").username("vip_channel"), &diana)
        .expect("a room");
    diana.promotes(&vip, sim.bot().id, Rights::all())?;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Me gusta", "callback_data": "like" }]] });
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": vip.id(), "text": "x", "reply_markup": keyboard }),
    )
    .await;
    updates(&sim).await;
    assert_eq!(alicia.presses_in(&vip, "Me gusta").unwrap_err(), Cannot::NotIn);
    alicia.joins("https://t.me/vip_channel")?;
    let press = alicia.presses_in(&vip, "gusta")?;
    let query = &updates(&sim).await[1]["callback_query"];
    assert_eq!(
        (
            &query["data"],
            &query["from"]["id"],
            &query["message"]["chat"]["id"],
            &query["message"]["reply_markup"]
        ),
        (&json!("like"), &json!(alicia.id()), &json!(vip.id()), &keyboard)
    );
    result(
        &sim,
        "answerCallbackQuery",
        json!({ "callback_query_id": press.id(), "text": "Gracias" }),
    )
    .await;
    assert_eq!(press.answer().await?.text.as_deref(), Some("Gracias"));
    assert_eq!(
        vip.transcript(),
        "— VIP —\n· Stand-in is now, by Diana: administrator\nStand-in: x\n    [ Me gusta ]\n\
         · Alicia is now: member\n· Alicia presses [ Me gusta ]\n· Stand-in notes: Gracias\n"
    );
    Ok(())
}

#[tokio::test]
async fn what_get_chat_tells() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let profile = NewRoom {
        description: Some("Lo mejor".into()),
        join_by_request: true,
        ..NewRoom::channel("Free").username("free_channel")
    };
    let free = sim.room(profile, &diana).expect("a room");
    let chat = result(&sim, "getChat", json!({ "chat_id": "@free_channel" })).await;
    assert!(chat.get("invite_link").is_none());
    assert_eq!(
        (
            &chat["description"],
            &chat["active_usernames"],
            &chat["join_by_request"],
            chat.get("permissions")
        ),
        (&json!("Lo mejor"), &json!(["free_channel"]), &json!(true), None)
    );
    for always in ["accepted_gift_types", "max_reaction_count", "accent_color_id"] {
        assert!(!chat[always].is_null(), "{always}");
    }
    diana.promotes(&free, sim.bot().id, Rights::all())?;
    let chat = result(&sim, "getChat", json!({ "chat_id": free.id() })).await;
    assert_eq!(chat["invite_link"], free.links()[0].address);
    assert!(free.links()[0].is_primary);

    let alicia = sim.newcomer(Profile::new("Alicia").username("alicia").bio("Leo mucho"));
    check(
        &sim,
        "getChat",
        [(json!({ "chat_id": alicia.id() }), "Bad Request: chat not found")],
    )
    .await;
    alicia.sends("hola")?;
    let chat = result(&sim, "getChat", json!({ "chat_id": alicia.id() })).await;
    assert_eq!(
        (&chat["bio"], &chat["type"], &chat["first_name"]),
        (&json!("Leo mucho"), &json!("private"), &json!("Alicia"))
    );
    alicia.deactivates()?;
    let chat = result(&sim, "getChat", json!({ "chat_id": alicia.id() })).await;
    assert_eq!((&chat["first_name"], chat.get("bio")), (&json!(""), None));
    Ok(())
}
