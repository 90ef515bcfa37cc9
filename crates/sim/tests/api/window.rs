//! The window: who may use it, what people see through it, and what they can do beside that.

use serde_json::{Value, json};
use sim::{NewLink, NewMedia, NewRoom, Person, Profile, Rights, Room, Sim};

use crate::client::{Answer, call, raw, request, result, sim_get, sim_post, start, updates, with_clock};

type Story = Result<(), Box<dyn std::error::Error>>;

/// What a person sees, with one chat open.
async fn sees(sim: &Sim, person: &Person, peer: i64) -> Value {
    let (status, window) = sim_get(sim, &format!("/window?person={}&peer={peer}", person.id())).await;
    assert_eq!(status, 200, "{window}");
    window
}

async fn line(sim: &Sim, person: &Person, peer: i64) -> Value {
    let (_, window) = sim_get(sim, &format!("/window?person={}", person.id())).await;
    let lines = window["chats"].as_array().expect("a list").clone();
    let line = lines.into_iter().find(|line| line["peer"] == peer);
    line.unwrap_or_default()
}

fn texts(window: &Value) -> Vec<&str> {
    let messages = window["chat"]["messages"].as_array().expect("a list");
    messages
        .iter()
        .map(|message| message["text"].as_str().expect("a text"))
        .collect()
}

/// A channel with an owner, whose bot may do everything.
fn channel(sim: &Sim, title: &str) -> Result<(Person, Room), sim::Cannot> {
    let diana = sim.person("Diana");
    let room = sim.channel(title, &diana);
    diana.promotes(&room, sim.bot().id, Rights::all())?;
    Ok((diana, room))
}

async fn get_as(sim: &Sim, target: &str, host: &str, origin: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\n{host}{origin}Connection: close\r\n\r\n");
    raw(sim, request.as_bytes()).await
}

#[tokio::test]
async fn only_this_machine_and_its_own_pages_get_in() {
    let sim = start().await;
    let port = sim.port();
    let here = format!("Host: 127.0.0.1:{port}\r\n");
    for target in [
        "/",
        "/window/main.js",
        "/sim/people",
        "/sim/events",
        "/sim/nonsense",
    ] {
        for host in [
            "",
            "Host: bot.example\r\n",
            "Host: 127.0.0.1.example\r\n",
            "Host: sim\r\n",
        ] {
            let answer = get_as(&sim, target, host, "").await;
            assert_eq!(answer.status, 403, "{target} {host}");
            assert!(answer.json()["error"].is_string());
        }
        for origin in [
            "https://bot.example",
            "null",
            "http://127.0.0.1",
            "https://localhost:1",
        ] {
            let origin = format!("Origin: {origin}\r\n");
            assert_eq!(
                get_as(&sim, target, &here, &origin).await.status,
                403,
                "{target} {origin}"
            );
        }
    }
    let own = [
        ("Host: localhost\r\n".to_owned(), String::new()),
        (
            format!("Host: [::1]:{port}\r\n"),
            format!("Origin: http://[::1]:{port}\r\n"),
        ),
        (here, format!("Origin: http://localhost:{port}\r\n")),
    ];
    for (host, origin) in own {
        assert_eq!(
            get_as(&sim, "/sim/people", &host, &origin).await.status,
            200,
            "{host}"
        );
    }
    // Bots come under any name: nothing tells them apart from those of a container, say.
    let target = format!("/bot{}/getMe", sim.bot().token);
    let answer = get_as(&sim, &target, "Host: telegram.example\r\n", "Origin: null\r\n").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere() {
    let sim = start().await;
    let table = [
        ("/", "text/html; charset=utf-8"),
        ("/window/index.html", "text/html; charset=utf-8"),
        ("/window/main.js", "text/javascript; charset=utf-8"),
        ("/window/window.css", "text/css; charset=utf-8"),
        ("/window/icon.svg", "image/svg+xml"),
    ];
    for (target, kind) in table {
        let answer = request(&sim, "GET", target, "", b"").await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_str()),
            (200, kind),
            "{target}"
        );
        let policy = &answer.headers["content-security-policy"];
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["cache-control"], "no-cache");
    }
    let page = request(&sim, "GET", "/", "", b"").await.body;
    for forbidden in ["style=", "<style", "onclick=", "onload=", "http://", "https://"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for target in ["/window/nothing.js", "/window/../Cargo.toml", "/window/"] {
        assert_eq!(
            request(&sim, "GET", target, "", b"").await.status,
            404,
            "{target}"
        );
    }
}

#[tokio::test]
async fn one_person_and_their_chats() -> Story {
    let (sim, _) = with_clock().await;
    let bot = sim.bot().id;
    let (_, nobody) = sim_get(&sim, "/window").await;
    assert_eq!((&nobody["people"], &nobody["chats"]), (&json!([]), &Value::Null));
    assert_eq!(
        (&nobody["clock"], &nobody["now"], &nobody["can_reset"]),
        (&json!("manual"), &json!("2026-03-01T08:00:00Z"), &json!(false))
    );
    assert_eq!(
        nobody["bots"],
        json!([{ "id": bot, "username": "stand_in_bot", "first_name": "Stand-in" }])
    );

    let form = json!({ "first_name": "Inés", "last_name": "Paz", "note": "visitor" });
    let (_, added) = sim_post(&sim, "/people", form).await;
    assert_eq!(added["note"], "visitor");
    let ines = sim
        .person_by_id(added["id"].as_i64().expect("an id"))
        .expect("she is here");
    let luis = sim.newcomer(Profile::new("Luis").username("luis"));
    luis.is_noted("custodian");
    let (_, window) = sim_get(&sim, &format!("/window?person={}", ines.id())).await;
    let person = |person: &Person, first: &str, last: Value, username: Value, note: &str| {
        json!({
            "id": person.id(), "first_name": first, "last_name": last, "username": username, "note": note,
            "is_deactivated": false, "unread": 0,
        })
    };
    assert_eq!(
        window["people"],
        json!([
            person(&ines, "Inés", json!("Paz"), Value::Null, "visitor"),
            person(&luis, "Luis", Value::Null, json!("luis"), "custodian"),
        ])
    );
    let chat = json!({
        "peer": bot, "kind": "bot", "title": "Stand-in", "username": "stand_in_bot", "status": "member",
        "is_asking": false, "is_started": false, "is_blocked": false, "member_count": null, "unread": 0, "last": null,
    });
    assert_eq!(window["chats"], json!([chat]));
    assert_eq!(
        (&window["chat"], &window["addresses"]),
        (&Value::Null, &json!([]))
    );

    ines.sends("/start\nmore")?;
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": ines.id(), "text": "Buenas tardes" }),
    )
    .await;
    ines.blocks_bot()?;
    luis.deactivates()?;
    let window = sees(&sim, &ines, bot).await;
    assert_eq!(window["people"][1]["is_deactivated"], true);
    assert!(window["revision"].as_u64() > nobody["revision"].as_u64());
    assert_eq!(window["world"], nobody["world"]);
    let chat = &window["chat"];
    let last = json!({ "at": "2026-03-01T08:00:00Z", "name": "Stand-in", "text": "Buenas tardes" });
    assert_eq!((&chat["last"], &chat["unread"]), (&last, &json!(1)));
    assert_eq!(
        (&chat["is_started"], &chat["is_blocked"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&chat["can_write"], &chat["may_post"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(texts(&window), ["/start\nmore", "Buenas tardes"]);

    let (status, window) = sim_get(&sim, "/window?person=1").await;
    assert_eq!(
        (status, &window["chats"]),
        (200, &Value::Null),
        "nobody sees nothing"
    );
    let route = format!("/window?person={}&peer=1", ines.id());
    assert_eq!(sim_get(&sim, &route).await.1["chat"], Value::Null);
    let routes: [String; 3] = [
        "/people/1/looks_up?address=@x".into(),
        "/behind?person=1&peer=1&message_id=1".into(),
        "/files/0-0".into(),
    ];
    for route in routes {
        assert_eq!(sim_get(&sim, &route).await.0, 404, "{route}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_with_everything_in_it() -> Story {
    let (sim, clock) = with_clock().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    let first = ines.sends("hola\n¿qué tal?")?;
    let keyboard = json!({ "inline_keyboard": [
        [{ "text": "Sí", "callback_data": "yes" }, { "text": "Web", "url": "https://a.example/" }],
        [{ "text": "Copy", "copy_text": { "text": "abc" } }, { "text": "App", "web_app": { "url": "https://a.example/" } }],
        [{ "text": "Ask", "switch_inline_query": "q" }],
    ] });
    let sent = result(
        &sim,
        "sendMessage",
        json!({
            "chat_id": ines.id(), "text": "<b>😀 bold</b> <pre><code class=\"language-rust\">x</code></pre> @luis",
            "parse_mode": "HTML", "reply_markup": keyboard, "protect_content": true,
            "reply_parameters": { "message_id": first },
        }),
    )
    .await;
    let id = sent["message_id"].clone();
    let reaction = json!([{ "type": "emoji", "emoji": "👍" }]);
    let react = json!({ "chat_id": ines.id(), "message_id": first, "reaction": reaction });
    result(&sim, "setMessageReaction", react).await;
    clock.advance(chrono::TimeDelta::minutes(1))?;
    let edit = json!({ "chat_id": ines.id(), "message_id": id, "text": "<b>😀 bold</b> x.com",
        "parse_mode": "HTML", "reply_markup": keyboard });
    result(&sim, "editMessageText", edit).await;
    let window = sees(&sim, &ines, bot).await;
    let messages = &window["chat"]["messages"];
    let button = |text: &str, kind: &str, value: &str| json!({ "text": text, "kind": kind, "value": value });
    let mut shown = messages[1].clone();
    assert!(shown["revision"].as_u64() > messages[0]["revision"].as_u64());
    shown["revision"].take();
    assert_eq!(
        shown,
        json!({
            "message_id": id, "revision": null, "by": "bot", "author_id": bot, "name": "Stand-in", "is_own": false,
            "at": "2026-03-01T08:00:00Z", "edited_at": "2026-03-01T08:01:00Z", "text": "😀 bold x.com",
            "entities": [
                { "type": "bold", "offset": 0, "length": 7 },
                { "type": "url", "offset": 8, "length": 5 },
            ],
            "media": null, "origin": null,
            "reply_to": { "message_id": first, "name": "Inés", "text": "hola ¿qué tal?" },
            "keyboard": { "inline": [
                [button("Sí", "callback", "yes"), button("Web", "url", "https://a.example/")],
                [button("Copy", "copy_text", "abc"), button("App", "web_app", "https://a.example/")],
                [button("Ask", "switch_inline", "q")],
            ] },
            "reactions": [], "is_protected": true, "can_forward": false,
        })
    );
    let own = &messages[0];
    assert_eq!(own["reactions"], json!([{ "emoji": "👍", "count": 1 }]));
    assert_eq!(
        (&own["by"], &own["is_own"], &own["can_forward"]),
        (&json!("person"), &json!(true), &json!(true))
    );
    ines.deletes(first)?;
    let window = sees(&sim, &ines, bot).await;
    assert_eq!(window["chat"]["messages"][0]["reply_to"], Value::Null);
    assert_eq!(texts(&window).len(), 1);
    Ok(())
}

#[tokio::test]
async fn only_the_newest_messages_are_told() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    for number in 0..203 {
        ines.sends(&number.to_string())?;
    }
    let window = sees(&sim, &ines, bot).await;
    assert_eq!(
        (texts(&window).len(), &window["chat"]["earlier"]),
        (200, &json!(3))
    );
    assert_eq!(texts(&window)[0], "3");
    let route = format!("/window?person={}&peer={bot}&limit=1000", ines.id());
    let (_, window) = sim_get(&sim, &route).await;
    assert_eq!(
        (texts(&window).len(), &window["chat"]["earlier"]),
        (203, &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn what_is_new_to_somebody() -> Story {
    let sim = start().await;
    let (diana, vip) = channel(&sim, "VIP")?;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    let reads = async |peer: i64, message_id: i32| {
        let body = json!({ "peer": peer, "message_id": message_id });
        sim_post(&sim, &format!("/people/{}/reads", ines.id()), body)
            .await
            .0
    };
    let unread = async |peer: i64| line(&sim, &ines, peer).await["unread"].clone();
    ines.sends("/start")?;
    assert_eq!(unread(bot).await, 0, "what they wrote themselves");
    for text in ["uno", "dos"] {
        result(&sim, "sendMessage", json!({ "chat_id": ines.id(), "text": text })).await;
    }
    assert_eq!(unread(bot).await, 2);
    assert_eq!(reads(bot, 2).await, 200);
    assert_eq!(unread(bot).await, 1);
    reads(bot, 1).await;
    assert_eq!(unread(bot).await, 1, "a mark never moves back");
    reads(bot, i32::MAX).await;
    assert_eq!(unread(bot).await, 0);
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": ines.id(), "text": "tres" }),
    )
    .await;
    assert_eq!(unread(bot).await, 1, "nobody has seen what comes later");

    diana.writes_in(&vip, "before")?;
    let link = diana.creates_link(&vip, NewLink::default())?;
    ines.joins(&link)?;
    assert_eq!(unread(vip.id()).await, 0, "what was there before they came");
    diana.writes_in(&vip, "after")?;
    assert_eq!(unread(vip.id()).await, 1);
    assert_eq!(line(&sim, &diana, vip.id()).await["unread"], 0);
    let (_, window) = sim_get(&sim, "/window").await;
    let all: Vec<&Value> = window["people"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["unread"])
        .collect();
    assert_eq!(all, [&json!(0), &json!(2)]);
    ines.leaves(&vip)?;
    assert_eq!(unread(vip.id()).await, 0);
    assert_eq!(reads(1, 1).await, 404);
    Ok(())
}

#[tokio::test]
async fn a_channel_as_each_person_sees_it() -> Story {
    let (sim, clock) = with_clock().await;
    let (diana, vip) = channel(&sim, "VIP")?;
    let [ana, eva, leo] = ["Ana", "Eva", "Leo"].map(|name| sim.person(name));
    let asking = NewLink {
        creates_join_request: true,
        ..NewLink::default()
    };
    let link = diana.creates_link(&vip, asking)?;
    let post = diana.writes_in(&vip, "Novedad")?;
    let route = format!("/window?person={}&peer={}", ana.id(), vip.id());

    assert_eq!(
        line(&sim, &ana, vip.id()).await,
        Value::Null,
        "a stranger knows nothing"
    );
    assert_eq!(sim_get(&sim, &route).await.1["chat"], Value::Null);
    let owner = sees(&sim, &diana, vip.id()).await;
    assert_eq!(
        (&owner["chat"]["status"], &owner["chat"]["can_write"]),
        (&json!("creator"), &json!(true))
    );
    let shown = &owner["chat"]["messages"][0];
    assert_eq!(
        (
            &shown["by"],
            &shown["author_id"],
            &shown["name"],
            &shown["is_own"]
        ),
        (&json!("room"), &json!(vip.id()), &json!("VIP"), &json!(true))
    );

    clock.advance(chrono::TimeDelta::minutes(1))?;
    ana.asks_to_join(&link)?;
    let asking = sees(&sim, &ana, vip.id()).await;
    let chat = &asking["chat"];
    assert_eq!(
        (&chat["status"], &chat["is_asking"]),
        (&json!("left"), &json!(true))
    );
    assert_eq!((texts(&asking).len(), &chat["last"]), (0, &Value::Null));
    assert_eq!(
        (&chat["member_count"], &chat["can_write"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(
        asking["chats"][0]["peer"],
        vip.id(),
        "what they just did comes first"
    );
    result(
        &sim,
        "approveChatJoinRequest",
        json!({ "chat_id": vip.id(), "user_id": ana.id() }),
    )
    .await;
    let member = sees(&sim, &ana, vip.id()).await;
    let chat = &member["chat"];
    assert_eq!(
        (
            &chat["status"],
            &chat["member_count"],
            &chat["can_write"],
            &chat["may_post"]
        ),
        (&json!("member"), &json!(3), &json!(false), &json!(false))
    );
    assert_eq!(texts(&member), ["Novedad"]);
    assert_eq!(
        chat["last"],
        json!({ "at": "2026-03-01T08:00:00Z", "name": "VIP", "text": "Novedad" })
    );
    assert_eq!(member["chat"]["messages"][0]["is_own"], false);

    result(
        &sim,
        "banChatMember",
        json!({ "chat_id": vip.id(), "user_id": ana.id() }),
    )
    .await;
    let removed = sees(&sim, &ana, vip.id()).await;
    assert_eq!(removed["chat"]["status"], "kicked");
    assert_eq!(
        (texts(&removed).len(), &removed["chat"]["last"]),
        (0, &Value::Null)
    );

    let public = sim
        .room(NewRoom::channel("Free").username("free"), &diana)
        .expect("the name is free");
    diana.writes_in(&public, "Hola a todos")?;
    let preview = sees(&sim, &eva, public.id()).await;
    assert_eq!(
        (texts(&preview), &preview["chat"]["status"]),
        (vec!["Hola a todos"], &json!("left"))
    );
    assert_eq!(
        line(&sim, &eva, public.id()).await,
        Value::Null,
        "she has only looked"
    );
    diana.bans(&public, leo.id(), None)?;
    assert_eq!(texts(&sees(&sim, &leo, public.id()).await).len(), 0);

    eva.forwards_from(&public, 1)?;
    let forwarded = sees(&sim, &eva, sim.bot().id).await;
    let origin = json!({ "name": "Free", "at": "2026-03-01T08:01:00Z" });
    assert_eq!(forwarded["chat"]["messages"][0]["origin"], origin);
    diana.deletes_in(&vip, post)?;
    assert_eq!(texts(&sees(&sim, &diana, vip.id()).await).len(), 0);
    Ok(())
}

#[tokio::test]
async fn what_happened_in_a_group_is_told_in_words() -> Story {
    let sim = start().await;
    let (diana, leo) = (
        sim.person("Diana"),
        sim.newcomer(Profile::new("Leo").last_name("Paz")),
    );
    let group = sim.supergroup("Charla", &diana);
    diana.adds(&group, sim.bot().id)?;
    let link = diana.creates_link(&group, NewLink::default())?;
    leo.joins(&link)?;
    diana.retitles(&group, "Tertulia")?;
    leo.writes_in(&group, "hola")?;
    leo.leaves(&group)?;
    diana.adds(&group, leo.id())?;
    diana.removes(&group, leo.id())?;
    let window = sees(&sim, &diana, group.id()).await;
    assert_eq!(
        texts(&window),
        [
            "Diana added Stand-in",
            "Leo Paz joined",
            "The title is now “Tertulia”",
            "hola",
            "Leo Paz left",
            "Diana added Leo Paz",
            "Diana removed Leo Paz",
        ]
    );
    let messages = &window["chat"]["messages"];
    assert_eq!(
        (&messages[0]["by"], &messages[0]["can_forward"]),
        (&json!("service"), &json!(false))
    );
    assert_eq!(window["chat"]["last"]["text"], "Diana removed Leo Paz");
    leo.deactivates()?;
    assert_eq!(
        texts(&sees(&sim, &diana, group.id()).await)[4],
        "Deleted account left"
    );
    diana.restricts(&group, leo.id(), None)?;

    let basic = sim.group("Pequeña", &diana);
    let large = diana.migrates(&basic)?;
    assert_eq!(line(&sim, &diana, basic.id()).await, Value::Null);
    assert_eq!(
        line(&sim, &diana, large.id()).await["last"]["text"],
        "The group became a supergroup"
    );
    Ok(())
}

#[tokio::test]
async fn keyboards_beside_the_chat() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    ines.sends("/start")?;
    let says = async |markup: Value| {
        let message = json!({ "chat_id": ines.id(), "text": "x", "reply_markup": markup });
        result(&sim, "sendMessage", message).await;
        sees(&sim, &ines, bot).await["chat"]["keyboard"].clone()
    };
    let users = json!({ "text": "Who?", "request_users": { "request_id": 1 } });
    let chat = json!({ "text": "Where?", "request_chat": { "request_id": 2, "chat_is_channel": true } });
    let phone = json!({ "text": "Phone", "request_contact": true });
    let shown = says(json!({ "keyboard": [["Sí"], [users, chat, phone]] })).await;
    let key =
        |text: &str, request: Value, id: Value| json!({ "text": text, "request": request, "request_id": id });
    let expected = json!([
        [key("Sí", Value::Null, Value::Null)],
        [
            key("Who?", json!("users"), json!(1)),
            key("Where?", json!("chat"), json!(2)),
            key("Phone", json!("unavailable"), Value::Null),
        ],
    ]);
    assert_eq!(shown, expected);
    let below = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "yes" }]] });
    assert_eq!(says(below).await, expected, "it stays until it is replaced");
    assert_eq!(says(json!({ "remove_keyboard": true })).await, Value::Null);
    Ok(())
}

#[tokio::test]
async fn commands_go_by_scope_and_language() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.newcomer(Profile::new("Inés").language("es-MX")));
    let ann = sim.newcomer(Profile::new("Ann").language("en"));
    let offers = async |command: &str, scope: Value, language: &str| {
        let commands = json!([{ "command": command, "description": "x" }]);
        let params = json!({ "commands": commands, "scope": scope, "language_code": language });
        result(&sim, "setMyCommands", params).await;
    };
    let shown = async |person: &Person, peer: i64| {
        let window = sees(&sim, person, peer).await;
        let commands = window["chat"]["commands"].as_array().expect("a list").clone();
        let commands = commands
            .into_iter()
            .map(|it| it["command"].as_str().expect("a text").to_owned());
        commands.collect::<Vec<String>>()
    };
    assert!(shown(&ines, bot).await.is_empty());
    ines.sends("/start")?;
    let private = json!({ "type": "all_private_chats" });
    for (command, scope, language) in [
        ("a", json!({ "type": "default" }), ""),
        ("b", json!({ "type": "default" }), "es"),
        ("c", private.clone(), ""),
        ("d", private.clone(), "es"),
        ("e", json!({ "type": "chat", "chat_id": ines.id() }), ""),
        ("f", json!({ "type": "chat", "chat_id": ines.id() }), "es"),
    ] {
        offers(command, scope, language).await;
        assert_eq!(shown(&ines, bot).await, [command], "narrower, or in her language");
    }
    assert_eq!(shown(&ann, bot).await, ["c"]);
    result(&sim, "deleteMyCommands", json!({ "scope": private })).await;
    assert_eq!(shown(&ann, bot).await, ["a"]);

    let group = sim.supergroup("Charla", &ann);
    ann.adds(&group, bot)?;
    ann.adds(&group, ines.id())?;
    offers("g", json!({ "type": "all_group_chats" }), "").await;
    offers("h", json!({ "type": "all_chat_administrators" }), "").await;
    assert_eq!(shown(&ann, group.id()).await, ["h@stand_in_bot"]);
    assert_eq!(shown(&ines, group.id()).await, ["g@stand_in_bot"]);
    offers(
        "i",
        json!({ "type": "chat_member", "chat_id": group.id(), "user_id": ines.id() }),
        "",
    )
    .await;
    assert_eq!(shown(&ines, group.id()).await, ["i@stand_in_bot"]);
    let vip = sim.channel("VIP", &ann);
    ann.promotes(&vip, bot, Rights::all())?;
    assert!(shown(&ann, vip.id()).await.is_empty());
    Ok(())
}

#[tokio::test]
async fn where_addresses_lead() -> Story {
    let (sim, clock) = with_clock().await;
    let (diana, vip) = channel(&sim, "VIP")?;
    let ines = sim.person("Inés");
    let soon = clock.now() + chrono::TimeDelta::hours(1);
    let brief = diana.creates_link(
        &vip,
        NewLink {
            expires_at: Some(soon),
            ..NewLink::default()
        },
    )?;
    let asking = NewLink {
        creates_join_request: true,
        ..NewLink::default()
    };
    let guarded = diana.creates_link(&vip, asking)?;
    let free = sim
        .room(NewRoom::channel("Free").username("free"), &diana)
        .expect("the name is free");
    let of_bot = result(&sim, "createChatInviteLink", json!({ "chat_id": vip.id() })).await;
    let (_, window) = sim_get(&sim, &format!("/window?person={}", ines.id())).await;
    let found = |address: &str, title: &str, asks: bool| json!({ "address": address, "title": title, "kind": "channel", "asks": asks });
    assert_eq!(
        window["addresses"],
        json!([
            found(&brief, "VIP", false),
            found(&guarded, "VIP", true),
            found("https://t.me/free", "Free", false)
        ])
    );

    let looks_up = async |address: &str| {
        let address = address.replace('+', "%2B").replace('&', "%26");
        sim_get(&sim, &format!("/people/{}/looks_up?address={address}", ines.id())).await
    };
    let bot = |start: &str| json!({ "kind": "bot", "peer": sim.bot().id, "start": start });
    for (address, start) in [
        ("@stand_in_bot", ""),
        ("https://t.me/Stand_In_Bot?start=abc", "abc"),
        ("t.me/stand_in_bot?x=1&start=abc", "abc"),
        ("HTTP://Telegram.me/stand_in_bot/", ""),
    ] {
        assert_eq!(looks_up(address).await, (200, bot(start)), "{address}");
    }
    let vip_seen = |peer: Value, asks: bool, is_in: bool, is_asking: bool| {
        json!({ "kind": "channel", "peer": peer, "title": "VIP", "member_count": 2 + i32::from(is_in),
            "asks": asks, "is_in": is_in, "is_asking": is_asking })
    };
    let secret = brief.rsplit('+').next().expect("a secret");
    for address in [
        brief.clone(),
        brief.replace("https://", ""),
        brief.replace("https", "http"),
        format!("t.me/joinchat/{secret}"),
    ] {
        assert_eq!(
            looks_up(&address).await,
            (200, vip_seen(Value::Null, false, false, false)),
            "{address}"
        );
    }
    ines.asks_to_join(&guarded.replace("https://", ""))?;
    assert_eq!(
        looks_up(&guarded).await.1,
        vip_seen(json!(vip.id()), true, false, true)
    );
    diana.approves(&vip, ines.id())?;
    let bots_link = of_bot["invite_link"].as_str().expect("a link");
    assert_eq!(
        looks_up(bots_link).await.1,
        vip_seen(json!(vip.id()), false, true, false)
    );
    let (_, seen) = looks_up("@FREE").await;
    assert_eq!(
        (&seen["peer"], &seen["is_in"]),
        (&json!(free.id()), &json!(false))
    );

    clock.advance(chrono::TimeDelta::hours(2))?;
    diana.revokes_link(&vip, &guarded)?;
    for address in [
        brief.as_str(),
        &guarded,
        "@nobody",
        "t.me/+nothing",
        "t.me/",
        "https://bot.example/stand_in_bot",
        "ftp://t.me/stand_in_bot",
        "stand_in_bot",
        "",
    ] {
        let (status, answer) = looks_up(address).await;
        assert_eq!(
            (status, answer),
            (404, json!({ "error": "this link does not lead anywhere" })),
            "{address}"
        );
    }
    let (_, window) = sim_get(&sim, &format!("/window?person={}", ines.id())).await;
    assert_eq!(
        window["addresses"],
        json!([found("https://t.me/free", "Free", false)])
    );
    assert_eq!(ines.joins("@stand_in_bot").unwrap_err(), sim::Cannot::BadLink);
    Ok(())
}

#[tokio::test]
async fn files_are_shown_or_saved_but_never_run() -> Story {
    let sim = start().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    ines.sends_media(NewMedia::photo("GIF89a…").caption("mira"))?;
    ines.sends_media(NewMedia::document("año \"1\".html", "<script>"))?;
    ines.sends_media(NewMedia::video("film"))?;
    let elsewhere = json!({ "chat_id": ines.id(), "photo": "https://a.example/x.jpg" });
    result(&sim, "sendPhoto", elsewhere).await;
    let window = sees(&sim, &ines, bot).await;
    let messages = window["chat"]["messages"].as_array().expect("a list");
    assert_eq!(line(&sim, &ines, bot).await["last"]["text"], "Photo");
    assert_eq!(messages[0]["text"], "mira");
    let media = |at: usize| &messages[at]["media"];
    assert_eq!(
        (&media(0)["kind"], &media(0)["mime_type"], &media(0)["size"]),
        (&json!("photo"), &json!("image/gif"), &json!("GIF89a…".len()))
    );
    assert_eq!(
        (&media(3)["url"], &media(3)["size"]),
        (&Value::Null, &Value::Null)
    );
    let table = [
        (0, "image/gif", "inline", "GIF89a…"),
        (
            1,
            "application/octet-stream",
            "attachment; filename*=UTF-8''a%C3%B1o%20%221%22.html",
            "<script>",
        ),
        (2, "video/mp4", "inline", "film"),
    ];
    for (at, kind, disposition, content) in table {
        let url = media(at)["url"].as_str().expect("an address");
        let file = request(&sim, "GET", url, "", b"").await;
        assert_eq!((file.status, file.body.as_str()), (200, content));
        assert_eq!(file.headers["content-type"], kind);
        assert_eq!(file.headers["content-disposition"], disposition);
        assert_eq!(
            file.headers["content-security-policy"],
            "sandbox; default-src 'none'"
        );
        assert_eq!(file.headers["x-content-type-options"], "nosniff");
        let guessed = format!("{}0", &url[..url.len() - 1]);
        let guessed = if guessed == url {
            format!("{}1", &url[..url.len() - 1])
        } else {
            guessed
        };
        assert_eq!(request(&sim, "GET", &guessed, "", b"").await.status, 404);
    }
    Ok(())
}

#[tokio::test]
async fn taps_in_rooms_and_under_what_is_gone() -> Story {
    let sim = start().await;
    let (diana, vip) = channel(&sim, "VIP")?;
    let own = diana.writes_in(&vip, "de la casa")?;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "yes" }]] });
    let post = json!({ "chat_id": vip.id(), "text": "¿Vienen?", "reply_markup": keyboard });
    let post = result(&sim, "sendMessage", post).await["message_id"].clone();
    updates(&sim).await;
    let route = format!("/people/{}/presses_on?room={}", diana.id(), vip.id());
    let (status, press) = sim_post(&sim, &route, json!({ "message_id": post, "data": "yes" })).await;
    assert_eq!(status, 200, "{press}");
    let update = updates(&sim).await.pop().expect("a tap");
    let query = &update["callback_query"];
    assert_eq!(
        (&query["data"], &query["message"]["message_id"], &query["id"]),
        (&json!("yes"), &post, &press["callback_query_id"])
    );
    result(
        &sim,
        "answerCallbackQuery",
        json!({ "callback_query_id": query["id"], "text": "Bien" }),
    )
    .await;
    let id = press["callback_query_id"].as_str().expect("an id");
    let (_, answer) = sim_get(&sim, &format!("/people/{}/answers/{id}?timeout=5", diana.id())).await;
    assert_eq!(answer["text"], "Bien");
    // A conversation tells what was written on the button.
    assert!(
        vip.transcript().contains("Diana presses [ Sí ]"),
        "{}",
        vip.transcript()
    );
    let refused = [
        (json!({ "message_id": own, "data": "yes" }), 404),
        (json!({ "message_id": 99, "data": "yes" }), 404),
        (json!({ "message_id": post, "data": "" }), 400),
    ];
    for (form, status) in refused {
        assert_eq!(sim_post(&sim, &route, form).await.0, status);
    }
    let stranger = sim.person("Leo");
    let route = format!("/people/{}/presses_on?room={}", stranger.id(), vip.id());
    assert_eq!(
        sim_post(&sim, &route, json!({ "message_id": post, "data": "yes" }))
            .await
            .0,
        409
    );
    assert_eq!(call(&sim, "getMe", json!({})).await.status, 200);
    Ok(())
}

/// Apps do not show what a deep link carries, though the bot gets it.
#[tokio::test]
async fn what_a_deep_link_carries_is_not_shown() -> Story {
    let (sim, _) = with_clock().await;
    let (bot, ines) = (sim.bot().id, sim.person("Inés"));
    ines.opens_link("secret-1")?;
    ines.sends("/start of something")?;
    let chat = sees(&sim, &ines, bot).await["chat"].take();
    assert_eq!(texts(&json!({ "chat": chat })), ["/start", "/start of something"]);
    assert_eq!(ines.chat()[0].text, "/start secret-1");
    Ok(())
}
