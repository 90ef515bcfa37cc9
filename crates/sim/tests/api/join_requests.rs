//! Requests to join: asking, waiting, being let in or turned away.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sim::{Cannot, Clock, NewRoom, Options, Person, Profile, Rights, Room, Sim, Status};

use crate::bots::{second_bot, updates, updates_of};
use crate::client::{call, request, result};
use crate::methods::{check, refusal};

type Story = Result<(), Box<dyn std::error::Error>>;

/// A channel with a link by which one has to ask.
async fn with_guarded_channel() -> (Sim, Clock, Person, Room, String) {
    let start: DateTime<Utc> = "2026-03-01T08:00:00Z".parse().expect("a time");
    let clock = Clock::manual(start);
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let sim = Sim::start(options).await.expect("loopback has a free port");
    let diana = sim.person("Diana");
    let free = sim.channel("Free", &diana);
    diana
        .promotes(&free, sim.bot().id, Rights::all())
        .expect("she owns it");
    let terms = json!({ "chat_id": free.id(), "name": "puerta", "creates_join_request": true });
    let link = result(&sim, "createChatInviteLink", terms).await;
    updates(&sim).await;
    let link = link["invite_link"].as_str().expect("a link").to_owned();
    (sim, clock, diana, free, link)
}

#[tokio::test]
async fn asking_and_being_let_in() -> Story {
    let (sim, clock, _, free, link) = with_guarded_channel().await;
    let alicia = sim.newcomer(Profile::new("Alicia").bio("Leo mucho"));
    assert_eq!(alicia.joins(&link).unwrap_err(), Cannot::MustAsk);
    assert_eq!(alicia.asks_to_join(&link)?.id(), free.id());
    assert_eq!(alicia.asks_to_join(&link).unwrap_err(), Cannot::AlreadyAsked);
    let news = updates(&sim).await;
    assert_eq!(news.len(), 1, "a repeated request gives no second update");
    let request = &news[0]["chat_join_request"];
    let chat = json!({ "id": free.id(), "title": "Free", "type": "channel" });
    let from = json!({ "id": alicia.id(), "is_bot": false, "first_name": "Alicia" });
    assert_eq!(
        *request,
        json!({ "chat": chat, "from": from, "user_chat_id": alicia.id(), "date": clock.now().timestamp(),
            "bio": "Leo mucho", "invite_link": request["invite_link"] })
    );
    assert_eq!(
        (
            &request["invite_link"]["invite_link"],
            &request["invite_link"]["pending_join_request_count"]
        ),
        (&json!(link), &json!(1))
    );
    let open = free.requests();
    assert_eq!(
        (open.len(), open[0].person_id, open[0].link.as_ref()),
        (1, alicia.id(), Some(&link))
    );

    let user = json!({ "chat_id": free.id(), "user_id": alicia.id() });
    assert_eq!(result(&sim, "approveChatJoinRequest", user.clone()).await, true);
    let update = &updates(&sim).await[0]["chat_member"];
    assert_eq!(
        (
            &update["from"]["id"],
            &update["old_chat_member"]["status"],
            &update["new_chat_member"]["status"]
        ),
        (&json!(sim.bot().id), &json!("left"), &json!("member"))
    );
    assert_eq!(
        (
            &update["invite_link"]["name"],
            &update["invite_link"]["creates_join_request"]
        ),
        (&json!("puerta"), &json!(true))
    );
    assert!(
        update.get("via_join_request").is_none()
            && update["invite_link"].get("pending_join_request_count").is_none()
    );
    assert_eq!(
        refusal(&sim, "approveChatJoinRequest", user).await,
        "Bad Request: USER_ALREADY_PARTICIPANT"
    );
    Ok(())
}

#[tokio::test]
async fn asking_without_a_link() -> Story {
    let (sim, _, diana, _, _) = with_guarded_channel().await;
    let profile = NewRoom {
        join_by_request: true,
        ..NewRoom::channel("Abierto").username("abierto")
    };
    let open = sim.room(profile, &diana).expect("the name is free");
    diana.promotes(&open, sim.bot().id, Rights::all())?;
    updates(&sim).await;
    let alicia = sim.person("Alicia");
    assert_eq!(alicia.joins("@abierto").unwrap_err(), Cannot::MustAsk);
    alicia.asks_to_join("@abierto")?;
    diana.approves(&open, alicia.id())?;
    let news = updates(&sim).await;
    assert!(news[0]["chat_join_request"].get("invite_link").is_none());
    let update = &news[1]["chat_member"];
    assert_eq!(
        (&update["via_join_request"], &update["from"]["id"]),
        (&json!(true), &json!(diana.id()))
    );
    assert!(update.get("invite_link").is_none());
    Ok(())
}

#[tokio::test]
async fn turned_away_withdrawn_and_asked_again() -> Story {
    let (sim, _, diana, free, link) = with_guarded_channel().await;
    let alicia = sim.person("Alicia");
    let user = json!({ "chat_id": free.id(), "user_id": alicia.id() });
    alicia.asks_to_join(&link)?;
    result(&sim, "declineChatJoinRequest", user.clone()).await;
    alicia.asks_to_join(&link)?;
    alicia.withdraws_request(&free)?;
    assert_eq!(alicia.withdraws_request(&free), Err(Cannot::NotAsked));
    for method in ["approveChatJoinRequest", "declineChatJoinRequest"] {
        assert_eq!(
            refusal(&sim, method, user.clone()).await,
            "Bad Request: HIDE_REQUESTER_MISSING"
        );
    }
    alicia.asks_to_join(&link)?;
    diana.declines(&free, alicia.id())?;
    assert_eq!(diana.approves(&free, alicia.id()), Err(Cannot::NotAsked));
    alicia.asks_to_join(&link)?;
    diana.bans(&free, alicia.id(), None)?;
    assert!(free.requests().is_empty());
    assert_eq!(alicia.asks_to_join(&link).unwrap_err(), Cannot::Banned);
    let kinds: Vec<&str> = updates(&sim)
        .await
        .iter()
        .map(|update| {
            if update.get("chat_join_request").is_some() {
                "asks"
            } else {
                "moves"
            }
        })
        .collect();
    assert_eq!(
        kinds,
        ["asks", "asks", "asks", "asks", "moves"],
        "only the ban is a move"
    );
    assert_eq!(free.links()[0].pending, 0);
    assert_eq!(
        free.transcript().lines().skip(2).take(4).collect::<Vec<_>>(),
        [
            "· Alicia asks to join",
            "· Stand-in declines Alicia",
            "· Alicia asks to join",
            "· Alicia no longer asks to join"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn refusals() -> Story {
    let (sim, _, diana, free, link) = with_guarded_channel().await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    bruno.sends("hola")?;
    let of = |chat: i64, user: i64| json!({ "chat_id": chat, "user_id": user });
    for method in ["approveChatJoinRequest", "declineChatJoinRequest"] {
        check(
            &sim,
            method,
            [
                (of(free.id(), 0), "Bad Request: invalid user_id specified"),
                (json!({ "user_id": 5 }), "Bad Request: chat_id is empty"),
                (
                    of(bruno.id(), alicia.id()),
                    "Bad Request: the chat can't have join requests",
                ),
                (of(free.id(), 404), "Bad Request: USER_ID_INVALID"),
                (of(free.id(), alicia.id()), "Bad Request: HIDE_REQUESTER_MISSING"),
            ],
        )
        .await;
    }
    let approve = of(free.id(), alicia.id());
    alicia.asks_to_join(&link)?;
    alicia.reaches_room_limit()?;
    assert_eq!(
        refusal(&sim, "approveChatJoinRequest", approve.clone()).await,
        "Bad Request: USER_CHANNELS_TOO_MUCH"
    );
    assert_eq!(diana.approves(&free, alicia.id()), Err(Cannot::TooManyRooms));
    alicia.deactivates()?;
    assert_eq!(
        refusal(&sim, "approveChatJoinRequest", approve.clone()).await,
        "Forbidden: user is deactivated"
    );
    diana.promotes(
        &free,
        sim.bot().id,
        Rights {
            can_invite_users: false,
            ..Rights::all()
        },
    )?;
    for method in ["approveChatJoinRequest", "declineChatJoinRequest"] {
        let no_right = "Bad Request: not enough rights to manage chat join requests";
        assert_eq!(refusal(&sim, method, approve.clone()).await, no_right);
    }
    Ok(())
}

#[tokio::test]
async fn only_who_may_invite_is_told() -> Story {
    let (sim, _, diana, free, link) = with_guarded_channel().await;
    let second = second_bot(&sim);
    diana.promotes(
        &free,
        second.id,
        Rights {
            can_invite_users: false,
            ..Rights::all()
        },
    )?;
    updates_of(&sim, &second).await;
    let alicia = sim.person("Alicia");
    alicia.asks_to_join(&link)?;
    assert!(updates_of(&sim, &second).await.is_empty());
    diana.promotes(&free, second.id, Rights::all())?;
    updates_of(&sim, &second).await;
    sim.person("Bruno").asks_to_join(&link)?;
    let request = &updates_of(&sim, &second).await[0]["chat_join_request"];
    let shown = request["invite_link"]["invite_link"].as_str().expect("a link");
    assert!(
        shown.ends_with("...") && link.starts_with(shown.trim_end_matches('.')),
        "{shown}"
    );
    Ok(())
}

#[tokio::test]
async fn for_five_minutes_the_bot_may_write() -> Story {
    let (sim, clock, _, free, link) = with_guarded_channel().await;
    let says = |person: &Person| json!({ "chat_id": person.id(), "text": "Ya casi" });
    let never = "Forbidden: bot can't initiate conversation with a user";
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    alicia.asks_to_join(&link)?;
    bruno.asks_to_join(&link)?;
    result(&sim, "sendMessage", says(&alicia)).await;
    assert_eq!(alicia.next_answer().await?.text, "Ya casi");
    let handled = json!({ "chat_id": free.id(), "user_id": bruno.id() });
    result(&sim, "declineChatJoinRequest", handled).await;
    assert_eq!(
        refusal(&sim, "sendMessage", says(&bruno)).await,
        never,
        "it has been handled"
    );
    clock.advance(TimeDelta::seconds(299))?;
    result(&sim, "sendMessage", says(&alicia)).await;
    clock.advance(TimeDelta::seconds(1))?;
    assert_eq!(refusal(&sim, "sendMessage", says(&alicia)).await, never);
    Ok(())
}

#[tokio::test]
async fn a_story_over_http() -> Story {
    let (sim, _, diana, free, link) = with_guarded_channel().await;
    let post = async |route: String, body: Value| {
        let (route, body) = (format!("/sim{route}"), body.to_string());
        let answer = request(&sim, "POST", &route, "application/json", body.as_bytes()).await;
        (answer.status, answer.json())
    };
    let get = async |route: String| {
        let answer = request(&sim, "GET", &format!("/sim{route}"), "", b"").await;
        (answer.status, answer.json())
    };
    let alicia = sim.person("Alicia");
    let (owner, person, room) = (diana.id(), alicia.id(), free.id());
    let (status, group) = post(
        "/rooms".into(),
        json!({ "kind": "supergroup", "title": "Sala", "username": "sala_group", "owner": owner }),
    )
    .await;
    assert_eq!((status, &group["title"]), (200, &json!("Sala")));
    let again = json!({ "kind": "channel", "title": "Otra", "username": "sala_group", "owner": owner });
    assert_eq!(post("/rooms".into(), again).await.0, 409);
    assert_eq!(get("/rooms".into()).await.1.as_array().map(Vec::len), Some(2));
    assert_eq!(get(format!("/rooms/{room}")).await.1["kind"], "channel");
    let joined = post(
        format!("/people/{person}/joins"),
        json!({ "address": "@sala_group" }),
    )
    .await;
    assert_eq!(joined, (200, json!({ "room": group["id"] })));
    let guarded = json!({ "address": link });
    assert_eq!(
        post(format!("/people/{person}/joins"), guarded.clone()).await.0,
        409
    );
    assert_eq!(
        post(format!("/people/{person}/asks_to_join"), guarded).await.0,
        200
    );
    assert_eq!(
        get(format!("/rooms/{room}/requests")).await.1[0]["person_id"],
        person
    );

    let in_room = |who: i64, act: &str| format!("/people/{who}/rooms/{room}/{act}");
    let user = json!({ "user": person });
    assert_eq!(
        post(in_room(owner, "approves"), user.clone()).await,
        (200, json!({}))
    );
    let member = get(format!("/rooms/{room}/members/{person}?status=member&timeout=5")).await;
    assert_eq!(member, (200, json!({ "user_id": person, "status": "member" })));
    assert_eq!(
        get(format!(
            "/rooms/{room}/members/{person}?status=kicked&timeout=0.01"
        ))
        .await
        .0,
        408
    );
    let posted = post(in_room(owner, "writes"), json!({ "text": "Hola" })).await;
    assert_eq!(posted, (200, json!({ "message_id": 1 })));
    assert_eq!(
        post(
            in_room(owner, "edits"),
            json!({ "message_id": 1, "text": "Adiós" })
        )
        .await
        .0,
        200
    );
    assert_eq!(get(format!("/rooms/{room}/messages")).await.1[0]["text"], "Adiós");
    let rights = json!({ "user": person, "rights": { "can_post_messages": true } });
    for (act, body) in [
        ("promotes", rights),
        ("demotes", user.clone()),
        ("removes", user.clone()),
        ("bans", json!({ "user": person, "until": null })),
        ("unbans", user.clone()),
        ("adds", user.clone()),
        ("retitles", json!({ "title": "Libre" })),
        ("creates_link", json!({ "name": "otra", "member_limit": 2 })),
    ] {
        assert_eq!(post(in_room(owner, act), body).await.0, 200, "{act}");
    }
    let (_, links) = get(format!("/rooms/{room}/links")).await;
    assert_eq!(
        (&links[1]["name"], &links[1]["member_limit"]),
        (&json!("otra"), &json!(2))
    );
    let revoked = json!({ "address": links[1]["address"] });
    assert_eq!(post(in_room(owner, "revokes_link"), revoked).await.0, 200);
    assert_eq!(post(in_room(person, "leaves"), json!({})).await.0, 200);
    assert_eq!(post(in_room(person, "withdraws_request"), json!({})).await.0, 409);
    assert_eq!(post(in_room(owner, "dances"), json!({})).await.0, 400);
    for act in ["reaches_room_limit", "falls_below_room_limit"] {
        assert_eq!(
            post(format!("/people/{person}/{act}"), json!({})).await.0,
            200,
            "{act}"
        );
    }
    assert_eq!(
        post(format!("/people/{person}/rooms/5/leaves"), json!({}))
            .await
            .0,
        404
    );
    assert_eq!(free.status_of(person), Status::Left);
    assert_eq!(
        get(format!("/rooms/{room}/members"))
            .await
            .1
            .as_array()
            .map(Vec::len),
        Some(2)
    );

    let sent = call(&sim, "sendMessage", json!({ "chat_id": room, "text": "Aviso" })).await;
    assert_eq!(sent.status, 200);
    assert_eq!(
        get(format!("/rooms/{room}/hears?text=Aviso")).await.1["by"],
        "bot"
    );
    let transcript = request(&sim, "GET", &format!("/sim/rooms/{room}/transcript"), "", b"").await;
    assert_eq!(transcript.body, free.transcript());
    Ok(())
}
