//! Keyboards that ask for something, and people who choose; the same over HTTP.

use serde_json::{Value, json};
use sim::{ButtonRequest, Cannot, Markup, NewRoom, Person, Profile, Rights, Sim, Status};

use crate::client::{request, result, start, updates};
use crate::media::someone;
use crate::methods::check;

/// Shows a keyboard with one button that asks for something.
async fn ask(sim: &Sim, whom: &Person, what: Value) {
    let mut button = what;
    button["text"] = json!("Elija");
    let markup = json!({ "keyboard": [[button]] });
    result(
        sim,
        "sendMessage",
        json!({ "chat_id": whom.id(), "text": "x", "reply_markup": markup }),
    )
    .await;
}

#[tokio::test]
async fn only_in_private_chats_anything_is_asked_for() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let group = sim.supergroup("Sala", &alicia);
    alicia.adds(&group, sim.bot().id).expect("she may");
    let table = [
        (
            json!({ "request_contact": true }),
            "phone number can be requested in private chats only",
        ),
        (
            json!({ "request_location": true }),
            "location can be requested in private chats only",
        ),
        (
            json!({ "request_poll": {} }),
            "poll can be requested in private chats only",
        ),
        (
            json!({ "request_users": { "request_id": 1 } }),
            "users can be requested in private chats only",
        ),
        (
            json!({ "request_chat": { "request_id": 1, "chat_is_channel": true } }),
            "chats can be requested in private chats only",
        ),
        (
            json!({ "request_managed_bot": {} }),
            "managed bots can be requested in private chats only",
        ),
        (
            json!({ "web_app": { "url": "https://x.com" } }),
            "web App buttons can be used in private chats only",
        ),
    ];
    for (mut button, wording) in table {
        button["text"] = json!("Elija");
        let send = |chat: i64| json!({ "chat_id": chat, "text": "x", "reply_markup": { "keyboard": [["y", button.clone()]] } });
        check(
            &sim,
            "sendMessage",
            [(send(group.id()), format!("Bad Request: {wording}").as_str())],
        )
        .await;
        result(&sim, "sendMessage", send(alicia.id())).await;
        let Some(Markup::Keyboard(rows)) = alicia.last_message().and_then(|shown| shown.keyboard) else {
            panic!("a keyboard is shown")
        };
        assert!(rows[0][0].request.is_none() && rows[0][1].request.is_some());
    }
    let in_private = |button: Value| json!({ "chat_id": alicia.id(), "text": "x", "reply_markup": { "keyboard": [[button]] } });
    let bad = |x: &str| format!("Bad Request: can't parse keyboard button: {x}");
    for (button, wording) in [
        (json!({ "text": "a", "request_users": {} }), bad("Can't find field \"request_id\"")),
        (json!({ "text": "a", "request_users": 1 }), bad("Field \"request_users\" must be of type Object")),
        (json!({ "text": "a", "request_contact": 1 }), bad("Field \"request_contact\" must be of type Boolean")),
        (
            json!({ "text": "a", "request_chat": { "request_id": 1, "bot_administrator_rights": { "can_promote_members": 1 } } }),
            bad("Field \"can_promote_members\" must be of type Boolean"),
        ),
        (
            json!({ "text": "a", "web_app": { "url": "http://x.com" } }),
            "Bad Request: keyboard button Web App URL 'http://x.com' is invalid: Only HTTPS links are allowed".into(),
        ),
    ] {
        check(&sim, "sendMessage", [(in_private(button), wording.as_str())]).await;
    }
}

#[tokio::test]
async fn people_are_chosen() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bruno = sim.newcomer(Profile::new("Bruno").last_name("Paz").username("bruno"));
    assert_eq!(alicia.shares_users(7, &[bruno.id()]), Err(Cannot::NoSuchRequest));
    ask(
        &sim,
        &alicia,
        json!({ "request_users": { "request_id": 7, "max_quantity": 2, "user_is_bot": false } }),
    )
    .await;
    for users in [vec![], vec![1, 2, 3], vec![bruno.id(); 2], vec![sim.bot().id]] {
        assert_eq!(
            alicia.shares_users(7, &users),
            Err(Cannot::DoesNotFit),
            "{users:?}"
        );
    }
    assert_eq!(alicia.shares_users(8, &[bruno.id()]), Err(Cannot::NoSuchRequest));
    assert_eq!(alicia.shares_users(7, &[404]), Err(Cannot::NotThere));
    alicia.shares_users(7, &[bruno.id(), alicia.id()])?;
    ask(
        &sim,
        &alicia,
        json!({ "request_users": { "request_id": 8, "request_name": true, "request_username": true } }),
    )
    .await;
    alicia.shares_users(8, &[bruno.id()])?;
    alicia.shares_users(8, &[sim.bot().id])?;
    let updates = updates(&sim).await;
    let ids = [bruno.id(), alicia.id()];
    let shared = json!({ "user_ids": ids, "users": ids.map(|id| json!({ "user_id": id })), "request_id": 7 });
    assert_eq!(updates[0]["message"]["users_shared"], shared);
    assert!(updates[0]["message"].get("user_shared").is_none());
    assert_eq!(updates[0]["message"]["from"]["id"], alicia.id());
    let user =
        json!({ "user_id": bruno.id(), "first_name": "Bruno", "last_name": "Paz", "username": "bruno" });
    assert_eq!(updates[1]["message"]["users_shared"]["users"], json!([user]));
    assert_eq!(
        updates[1]["message"]["user_shared"],
        json!({ "user_id": bruno.id(), "request_id": 8 })
    );
    assert_eq!(
        updates[2]["message"]["users_shared"]["users"][0]["first_name"],
        sim.bot().first_name
    );
    let remove = json!({ "chat_id": alicia.id(), "text": "x", "reply_markup": { "remove_keyboard": true } });
    result(&sim, "sendMessage", remove).await;
    assert_eq!(alicia.shares_users(8, &[bruno.id()]), Err(Cannot::NoSuchRequest));
    assert!(alicia.transcript().contains("· Alicia shares Bruno, Alicia\n"));
    Ok(())
}

#[tokio::test]
async fn chats_are_chosen() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bruno = sim.person("Bruno");
    let plaza = sim
        .room(NewRoom::channel("Plaza").username("plaza"), &alicia)
        .expect("the name is free");
    let (closed, group) = (sim.channel("Canal", &alicia), sim.supergroup("Sala", &alicia));
    let his = sim.channel("Suyo", &bruno);
    let wants = |request: Value| {
        let mut request = request;
        request["request_id"] = json!(1);
        json!({ "request_chat": request })
    };
    let channel = json!({ "chat_is_channel": true });
    let table = [
        (channel.clone(), vec![&plaza, &closed], vec![&group, &his]),
        (json!({ "chat_is_channel": false }), vec![&group], vec![&plaza]),
        (
            json!({ "chat_is_channel": true, "chat_has_username": true }),
            vec![&plaza],
            vec![&closed],
        ),
        (
            json!({ "chat_is_channel": true, "chat_has_username": false }),
            vec![&closed],
            vec![&plaza],
        ),
        (
            json!({ "chat_is_channel": true, "chat_is_created": true }),
            vec![&closed],
            vec![&his],
        ),
        (
            json!({ "chat_is_channel": true, "user_administrator_rights": { "can_invite_users": true } }),
            vec![&closed],
            vec![&his],
        ),
    ];
    bruno.adds(&his, alicia.id())?;
    bruno.promotes(&his, alicia.id(), Rights::least())?;
    for (request, fitting, others) in table {
        ask(&sim, &alicia, wants(request.clone())).await;
        for room in fitting {
            alicia.shares_chat(1, room)?;
        }
        for room in others
            .into_iter()
            .filter(|room| request != channel || room.id() != his.id())
        {
            assert_eq!(alicia.shares_chat(1, room), Err(Cannot::DoesNotFit), "{request}");
        }
    }
    assert_eq!(alicia.shares_chat(2, &plaza), Err(Cannot::NoSuchRequest));
    updates(&sim).await;
    ask(
        &sim,
        &alicia,
        wants(json!({ "chat_is_channel": true, "request_title": true, "request_username": true })),
    )
    .await;
    alicia.shares_chat(1, &plaza)?;
    let update = updates(&sim).await.remove(0);
    let shared = json!({ "chat_id": plaza.id(), "title": "Plaza", "username": "plaza", "request_id": 1 });
    assert_eq!(update["message"]["chat_shared"], shared);
    assert!(
        alicia
            .transcript()
            .ends_with("· Alicia shares the chat “Plaza”\n")
    );
    assert_eq!(
        plaza.status_of(sim.bot().id),
        Status::Left,
        "nobody asked for more"
    );
    Ok(())
}

#[tokio::test]
async fn choosing_brings_the_bot_into_the_chat() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bot = sim.bot().id;
    let channel = sim.channel("Canal", &alicia);
    let rights = json!({ "can_invite_users": true, "can_restrict_members": true });
    let wanted = json!({ "request_chat": {
        "request_id": 1, "chat_is_channel": true, "user_administrator_rights": rights, "bot_administrator_rights": rights,
    } });
    ask(&sim, &alicia, wanted).await;
    let Some(Markup::Keyboard(rows)) = alicia.last_message().and_then(|shown| shown.keyboard) else {
        panic!("a keyboard is shown")
    };
    assert!(
        matches!(&rows[0][0].request, Some(ButtonRequest::Chat(chat)) if chat.bot_administrator_rights.is_some())
    );
    alicia.shares_chat(1, &channel)?;
    let news = updates(&sim).await;
    let change = &news[0]["my_chat_member"];
    assert_eq!(
        (&change["chat"]["id"], &change["old_chat_member"]["status"]),
        (&json!(channel.id()), &json!("left"))
    );
    let now = &change["new_chat_member"];
    assert_eq!(
        (
            &now["status"],
            &now["can_invite_users"],
            &now["can_post_messages"]
        ),
        (&json!("administrator"), &json!(true), &json!(false))
    );
    assert_eq!(
        news[1]["message"]["chat_shared"],
        json!({ "chat_id": channel.id(), "request_id": 1 })
    );
    alicia.shares_chat(1, &channel)?;
    assert_eq!(updates(&sim).await.len(), 1, "it has what it needs");
    let mut fewer = Rights::least();
    fewer.can_post_messages = true;
    alicia.promotes(&channel, bot, fewer)?;
    updates(&sim).await;
    alicia.shares_chat(1, &channel)?;
    let now = &updates(&sim).await[0]["my_chat_member"]["new_chat_member"];
    assert_eq!(
        (&now["can_restrict_members"], &now["can_post_messages"]),
        (&json!(true), &json!(true)),
        "none is taken away"
    );

    let group = sim.supergroup("Sala", &alicia);
    ask(
        &sim,
        &alicia,
        json!({ "request_chat": { "request_id": 2, "chat_is_channel": false, "bot_is_member": true } }),
    )
    .await;
    alicia.shares_chat(2, &group)?;
    assert_eq!(group.status_of(bot), Status::Member);
    Ok(())
}

#[tokio::test]
async fn all_of_it_over_http() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let channel = sim.channel("Canal", &alicia);
    let act = async |act: &str, body: Value| {
        let target = format!("/sim/people/{}/{act}", alicia.id());
        let answer = request(
            &sim,
            "POST",
            &target,
            "application/json",
            body.to_string().as_bytes(),
        )
        .await;
        (answer.status, answer.json())
    };
    let upload = async |query: &str, body: &[u8]| {
        let target = format!("/sim/people/{}/sends_media?{query}", alicia.id());
        let answer = request(&sim, "POST", &target, "application/octet-stream", body).await;
        (answer.status, answer.json()["message_id"].clone())
    };
    let (status, photo) = upload("kind=photo&caption=Uno", b"x").await;
    assert_eq!(status, 200);
    assert_eq!(upload("kind=photo", b"").await.0, 400);
    let (_, post) = upload(
        &format!("kind=document&file_name=a.pdf&room={}", channel.id()),
        b"x",
    )
    .await;
    let from = json!({ "chat_id": channel.id(), "message_id": post });
    assert_eq!(act("forwards", from).await.0, 200);
    assert_eq!(
        act("edits", json!({ "message_id": photo, "text": "Dos" })).await,
        (200, json!({}))
    );
    assert_eq!(
        act("deletes", json!({ "message_id": photo })).await,
        (200, json!({}))
    );
    assert_eq!(act("deletes", json!({ "message_id": photo })).await.0, 404);
    assert_eq!(
        act("deletes", json!({ "message_id": post, "room": channel.id() }))
            .await
            .0,
        200
    );
    assert!(
        act("presses_on", json!({ "message_id": 99, "data": "x" }))
            .await
            .1["callback_query_id"]
            .is_string()
    );
    assert_eq!(
        act("shares_users", json!({ "request_id": 1, "users": [alicia.id()] }))
            .await
            .0,
        404
    );
    ask(&sim, &alicia, json!({ "request_users": { "request_id": 1 } })).await;
    assert_eq!(
        act("shares_users", json!({ "request_id": 1, "users": [alicia.id()] }))
            .await
            .0,
        200
    );
    assert_eq!(
        act("shares_users", json!({ "request_id": 1, "users": [] }))
            .await
            .0,
        409
    );
    ask(
        &sim,
        &alicia,
        json!({ "request_chat": { "request_id": 1, "chat_is_channel": true } }),
    )
    .await;
    assert_eq!(
        act("shares_chat", json!({ "request_id": 1, "room": channel.id() }))
            .await
            .0,
        200
    );
    assert_eq!(
        act("shares_chat", json!({ "request_id": 1, "room": 5 })).await.0,
        404
    );
    let target = format!("/sim/people/{}/chat", alicia.id());
    let chat = request(&sim, "GET", &target, "", b"").await.json();
    let forwarded = &chat[1];
    assert_eq!(forwarded["media"]["kind"], "document");
    assert_eq!(forwarded["origin"]["channel"]["message"], post);
    assert_eq!(
        chat[3]["keyboard"]["keyboard"][0][0]["request_chat"]["chat_is_channel"],
        true
    );
    Ok(())
}
