//! Copies and forwards: what they carry along, and what is refused.

use frankenstein::response::MethodResponse;
use frankenstein::types::{Message, MessageId, MessageOrigin};
use serde_json::{Value, json};
use sim::{Cannot, MessageAt, NewMedia, NewRoom, OriginSource, Person, Profile, Rights, Room, Sim};

use crate::client::{call, result, start, updates};
use crate::decoding::round_trip;
use crate::media::{PICTURE, someone, upload};
use crate::methods::check;

/// A channel of which the bot is an administrator with all rights.
fn channel(sim: &Sim, owner: &Person) -> Room {
    let channel = sim.channel("Canal", owner);
    owner
        .promotes(&channel, sim.bot().id, Rights::all())
        .expect("she may");
    channel
}

#[tokio::test]
async fn copies_and_forwards_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let channel = channel(&sim, &alicia);
    let post = alicia.writes_in(&channel, "Hola").expect("she may");
    let photo = alicia
        .sends_media_in(&channel, NewMedia::photo(PICTURE))
        .expect("she may");
    let group = sim.supergroup("Sala", &alicia);
    alicia.adds(&group, sim.bot().id).expect("she may");
    let joined = 1;
    let public = sim
        .room(NewRoom::channel("Plaza").username("plaza"), &alicia)
        .expect("the name is free");
    let unseen = alicia.writes_in(&public, "Hola").expect("she may");
    let (id, from, group) = (alicia.id(), channel.id(), group.id());
    for (method, what, refusal) in [
        ("copyMessage", "copy", "the message can't be copied"),
        ("forwardMessage", "forward", "the message can't be forwarded"),
    ] {
        let not_found = format!("Bad Request: message to {what} not found");
        check(
            &sim,
            method,
            [
                (json!({}), "Bad Request: parameter \"from_chat_id\" is required"),
                (json!({ "from_chat_id": 5 }), "Bad Request: chat not found"),
                (
                    json!({ "from_chat_id": from, "reply_markup": 1 }),
                    not_found.as_str(),
                ),
                (
                    json!({ "from_chat_id": from, "message_id": -1 }),
                    not_found.as_str(),
                ),
                (
                    json!({ "from_chat_id": from, "message_id": 99, "chat_id": id }),
                    not_found.as_str(),
                ),
                (
                    json!({ "from_chat_id": "@plaza", "message_id": unseen, "chat_id": id }),
                    not_found.as_str(),
                ),
                (
                    json!({ "from_chat_id": from, "message_id": post, "reply_parameters": "{" }),
                    "Bad Request: can't parse reply parameters JSON object",
                ),
                (
                    json!({ "from_chat_id": from, "message_id": post, "reply_markup": 1 }),
                    "Bad Request: object expected as reply markup",
                ),
                (
                    json!({ "from_chat_id": from, "message_id": post }),
                    "Bad Request: chat_id is empty",
                ),
                (
                    json!({ "from_chat_id": from, "message_id": post, "chat_id": 5 }),
                    "Bad Request: chat not found",
                ),
                (
                    json!({ "from_chat_id": from, "message_id": post, "chat_id": public.id() }),
                    "Forbidden: bot is not a member of the channel chat",
                ),
                (
                    json!({ "from_chat_id": group, "message_id": joined, "chat_id": id }),
                    format!("Bad Request: {refusal}").as_str(),
                ),
            ],
        )
        .await;
    }
    let bad_mode = json!({ "from_chat_id": 5, "caption": "x", "parse_mode": "x" });
    let too_long =
        json!({ "from_chat_id": from, "message_id": photo, "chat_id": id, "caption": "x".repeat(1025) });
    check(
        &sim,
        "copyMessage",
        [
            (bad_mode, "Bad Request: unsupported parse_mode"),
            (too_long, "Bad Request: message caption is too long"),
        ],
    )
    .await;
    alicia
        .restricts(&sim.room_by_id(group).expect("it is there"), sim.bot().id, None)
        .expect("she may");
    for (message, wording) in [
        (
            post,
            "Bad Request: not enough rights to send text messages to the chat",
        ),
        (photo, "Bad Request: not enough rights to send photos to the chat"),
    ] {
        let params = json!({ "from_chat_id": from, "message_id": message, "message_ids": [message], "chat_id": group });
        let none = "Bad Request: messages can't be forwarded";
        check(&sim, "forwardMessages", [(params.clone(), none)]).await;
        check(&sim, "forwardMessage", [(params.clone(), wording)]).await;
        check(&sim, "copyMessage", [(params, wording)]).await;
    }
    alicia
        .promotes(&channel, sim.bot().id, Rights::least())
        .expect("she may");
    let back = json!({ "from_chat_id": from, "message_id": post, "message_ids": [post], "chat_id": from });
    let need = "Bad Request: need administrator rights in the channel chat";
    check(&sim, "copyMessages", [(back.clone(), need)]).await;
    check(
        &sim,
        "copyMessage",
        [(back, "Bad Request: need administrator rights in the channel chat")],
    )
    .await;
    alicia.blocks_bot().expect("she may");
    let blocked = json!({ "from_chat_id": from, "message_id": post, "chat_id": id });
    check(
        &sim,
        "copyMessage",
        [(blocked, "Forbidden: bot was blocked by the user")],
    )
    .await;
    assert!(alicia.last_message().is_none());
}

#[tokio::test]
async fn a_copy_is_a_message_of_its_own() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let channel = channel(&sim, &alicia);
    let (id, from) = (alicia.id(), channel.id());
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "y" }]] });
    let fields = [
        ("chat_id", from.to_string()),
        ("caption", "<b>Uno</b>".into()),
        ("parse_mode", "HTML".into()),
        ("has_spoiler", "true".into()),
        ("reply_markup", keyboard.to_string()),
    ];
    let post = upload(&sim, "sendPhoto", &fields, &[("photo", "a.gif", PICTURE)])
        .await
        .json();
    let post = post["result"]["message_id"].clone();
    let copy = json!({ "chat_id": id, "from_chat_id": from, "message_id": post });
    let copied = call(&sim, "copyMessage", copy.clone()).await.json();
    round_trip::<MethodResponse<MessageId>>(&copied);
    let shown = alicia.last_message().expect("it came");
    assert_eq!(copied["result"], json!({ "message_id": shown.message_id }));
    assert_eq!(
        (shown.html.as_str(), &shown.origin, &shown.keyboard),
        ("<b>Uno</b>", &None, &None)
    );
    assert!(shown.media.expect("a picture").has_spoiler);

    let mut changed = copy.clone();
    changed["caption"] = json!("Dos");
    changed["show_caption_above_media"] = json!(true);
    changed["reply_markup"] = keyboard;
    result(&sim, "copyMessage", changed).await;
    let shown = alicia.last_message().expect("it came");
    assert_eq!((shown.text.as_str(), shown.labels()), ("Dos", vec![vec!["Sí"]]));
    assert!(shown.media.expect("a picture").is_text_above);

    let mut bare = copy;
    bare["caption"] = json!("");
    result(&sim, "copyMessage", bare).await;
    assert_eq!(alicia.last_message().expect("it came").text, "");
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn a_forward_tells_where_it_comes_from() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bruno = sim.newcomer(Profile::new("Bruno").last_name("Paz").hides_account());
    let signed = NewRoom {
        has_signatures: true,
        ..NewRoom::channel("Firmado")
    };
    let signed = sim.room(signed, &alicia).expect("it is private");
    let group = sim.supergroup("Sala", &alicia);
    for room in [&signed, &group] {
        alicia
            .promotes(room, sim.bot().id, Rights::all())
            .expect("she may");
    }
    alicia.adds(&group, bruno.id()).expect("she may");
    let id = alicia.id();
    let forward = async |room: i64, message: i32| {
        let params = json!({ "chat_id": id, "from_chat_id": room, "message_id": message });
        let forwarded = result(&sim, "forwardMessage", params).await;
        let origin = round_trip::<Message>(&forwarded).forward_origin;
        (forwarded, *origin.expect("it is a forward"))
    };
    let post = alicia.writes_in(&signed, "Hola").expect("she may");
    let (channel, origin) = forward(signed.id(), post).await;
    assert!(
        matches!(origin, MessageOrigin::Channel(ref it) if it.message_id == post && it.author_signature.as_deref() == Some("Alicia"))
    );
    assert_eq!(channel["forward_from_chat"]["id"], signed.id());
    assert_eq!(channel["forward_from_message_id"], post);
    assert_eq!(channel["forward_signature"], "Alicia");
    assert_eq!(channel["forward_date"], channel["forward_origin"]["date"]);

    let said = alicia.writes_in(&group, "Hola").expect("she may");
    let (user, origin) = forward(group.id(), said).await;
    assert!(matches!(origin, MessageOrigin::User(ref it) if it.sender_user.first_name == "Alicia"));
    assert_eq!(user["forward_from"]["id"], id);

    let hidden = bruno.writes_in(&group, "Hola").expect("he may");
    let (hidden, origin) = forward(group.id(), hidden).await;
    assert!(matches!(origin, MessageOrigin::HiddenUser(ref it) if it.sender_user_name == "Bruno Paz"));
    assert_eq!(hidden["forward_sender_name"], "Bruno Paz");
    assert!(hidden.get("forward_from").is_none());

    let masked = Rights {
        is_anonymous: true,
        ..Rights::all()
    };
    alicia.promotes(&group, bruno.id(), masked).expect("she may");
    let anonymous = bruno.writes_in(&group, "Hola").expect("he may");
    let (chat, origin) = forward(group.id(), anonymous).await;
    assert!(matches!(origin, MessageOrigin::Chat(ref it) if it.sender_chat.id == group.id()));
    assert_eq!(chat["forward_from_chat"]["type"], "supergroup");

    let again = i32::try_from(channel["message_id"].as_i64().expect("a number")).expect("of 32 bits");
    let (_, origin) = forward(id, again).await;
    assert!(
        matches!(origin, MessageOrigin::Channel(_)),
        "the first origin stays"
    );
    assert!(
        alicia
            .transcript()
            .contains("Stand-in (forwards from Firmado): Hola\n"),
        "{}",
        alicia.transcript()
    );
    let edit = json!({ "chat_id": id, "message_id": again, "text": "x" });
    check(
        &sim,
        "editMessageText",
        [(edit, "Bad Request: message can't be edited")],
    )
    .await;
}

#[tokio::test]
async fn protected_content_is_copied_by_bots_but_not_forwarded() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let guarded = NewRoom {
        has_protected_content: true,
        ..NewRoom::channel("Bóveda")
    };
    let guarded = sim.room(guarded, &alicia).expect("it is private");
    alicia.promotes(&guarded, sim.bot().id, Rights::all())?;
    let post = alicia.writes_in(&guarded, "Hola")?;
    let id = alicia.id();
    let own = json!({ "chat_id": id, "text": "Secreto", "protect_content": true });
    let own = result(&sim, "sendMessage", own).await["message_id"].clone();
    let protected = "Bad Request: message has protected content and can't be forwarded";
    let of_room =
        json!({ "chat_id": id, "from_chat_id": guarded.id(), "message_id": post, "message_ids": [post] });
    let of_chat = json!({ "chat_id": id, "from_chat_id": id, "message_id": own, "message_ids": [own] });
    check(
        &sim,
        "forwardMessage",
        [(of_room.clone(), protected), (of_chat.clone(), protected)],
    )
    .await;
    let none = "Bad Request: messages can't be forwarded";
    check(
        &sim,
        "forwardMessages",
        [(of_room.clone(), protected), (of_chat.clone(), none)],
    )
    .await;
    for params in [of_room, of_chat] {
        result(&sim, "copyMessage", params.clone()).await;
        result(&sim, "copyMessages", params).await;
    }
    assert_eq!(alicia.forwards_from(&guarded, post), Err(Cannot::Protected));
    let own = MessageAt {
        chat_id: sim.bot().id,
        message_id: i32::try_from(own.as_i64().expect("a number"))?,
    };
    assert_eq!(alicia.forwards(own), Err(Cannot::Protected));
    Ok(())
}

#[tokio::test]
async fn many_at_once_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let channel = channel(&sim, &alicia);
    let posts: Vec<i32> = ["uno", "dos"]
        .map(|text| alicia.writes_in(&channel, text).expect("she may"))
        .into();
    let group = sim.supergroup("Sala", &alicia);
    alicia.adds(&group, sim.bot().id).expect("she may");
    let public = NewRoom::channel("Plaza").username("plaza");
    let public = sim.room(public, &alicia).expect("the name is free");
    alicia.writes_in(&public, "Hola").expect("she may");
    let (id, from) = (alicia.id(), channel.id());
    let to = |chat_id: i64, message_ids: Value| json!({ "chat_id": chat_id, "from_chat_id": from, "message_ids": message_ids });
    for method in ["copyMessages", "forwardMessages"] {
        check(
            &sim,
            method,
            [
                (
                    json!({ "message_ids": "[" }),
                    "Bad Request: parameter \"from_chat_id\" is required",
                ),
                (
                    json!({ "from_chat_id": from }),
                    "Bad Request: message identifiers are not specified",
                ),
                (
                    to(0, json!([])),
                    "Bad Request: message identifiers are not specified",
                ),
                (
                    to(0, json!("[")),
                    "Bad Request: can't parse message_ids JSON object",
                ),
                (
                    to(0, json!(1)),
                    "Bad Request: expected an Array of message identifiers",
                ),
                (
                    to(0, json!(vec![0; 101])),
                    "Bad Request: too many message identifiers specified",
                ),
                (
                    to(0, json!([true])),
                    "Bad Request: message identifier must be a Number",
                ),
                (
                    to(0, json!(["x"])),
                    "Bad Request: can't parse message identifier as a Number",
                ),
                (
                    to(0, json!([1.5])),
                    "Bad Request: can't parse message identifier as a Number",
                ),
                (
                    to(0, json!([0])),
                    "Bad Request: invalid message identifier specified",
                ),
                (
                    json!({ "from_chat_id": 5, "message_ids": [1] }),
                    "Bad Request: chat_id is empty",
                ),
                (
                    json!({ "from_chat_id": 5, "chat_id": 6, "message_ids": [1] }),
                    "Bad Request: chat not found",
                ),
                (
                    json!({ "from_chat_id": 5, "chat_id": id, "message_ids": [1] }),
                    "Bad Request: chat not found",
                ),
                (
                    json!({ "from_chat_id": "@plaza", "chat_id": id, "message_ids": [1] }),
                    "Bad Request: message to forward not found",
                ),
                (
                    to(id, json!([98, 99])),
                    "Bad Request: there are no messages to forward",
                ),
                (
                    to(id, json!([posts[1], posts[0]])),
                    "Bad Request: message identifiers must be in a strictly increasing order",
                ),
                (
                    to(id, json!([posts[0], posts[0]])),
                    "Bad Request: message identifiers must be in a strictly increasing order",
                ),
                (
                    json!({ "chat_id": id, "from_chat_id": group.id(), "message_ids": [1] }),
                    "Bad Request: messages can't be forwarded",
                ),
            ],
        )
        .await;
        let sent = call(&sim, method, to(id, json!([posts[0], posts[1].to_string(), 99])))
            .await
            .json();
        assert_eq!(
            round_trip::<MethodResponse<Vec<MessageId>>>(&sent).result.len(),
            2,
            "the missing one is skipped"
        );
    }
    let texts: Vec<(String, bool)> = alicia
        .chat()
        .into_iter()
        .skip(1)
        .map(|entry| (entry.text, entry.origin.is_some()))
        .collect();
    let expected = [("uno", false), ("dos", false), ("uno", true), ("dos", true)];
    assert_eq!(
        texts,
        expected.map(|(text, is_forward)| (text.to_owned(), is_forward))
    );
}

#[tokio::test]
async fn albums_stay_together() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let channel = channel(&sim, &alicia);
    let (id, from) = (alicia.id(), channel.id());
    let photo = json!({ "type": "photo", "media": "https://x.com/a.jpg", "caption": "Uno" });
    let album = json!({ "chat_id": from, "media": [photo, photo, photo] });
    let album = result(&sim, "sendMediaGroup", album).await;
    let ids: Vec<&Value> = album
        .as_array()
        .expect("an array")
        .iter()
        .map(|message| &message["message_id"])
        .collect();
    let alone = alicia.writes_in(&channel, "Solo").expect("she may");
    let documents: Vec<i32> = ["a", "b"]
        .map(|name| {
            alicia
                .sends_media_in(&channel, NewMedia::document(name, "x"))
                .expect("she may")
        })
        .into();
    let albums = |skip: usize| -> Vec<Option<String>> {
        let entries = alicia.chat().into_iter().skip(skip);
        entries
            .map(|entry| entry.media.and_then(|media| media.album))
            .collect()
    };
    for (method, already) in [("copyMessages", 1), ("forwardMessages", 4)] {
        let some = json!({ "chat_id": id, "from_chat_id": from, "message_ids": [ids[0], ids[2], alone] });
        result(&sim, method, some).await;
        let albums = albums(already);
        assert!(
            albums[0].is_some() && albums[0] == albums[1] && albums[2].is_none(),
            "{albums:?}"
        );
        assert_ne!(albums[0].as_deref(), album[0]["media_group_id"].as_str());
    }
    let one = json!({ "chat_id": id, "from_chat_id": from, "message_ids": [ids[1]], "remove_caption": true });
    result(&sim, "copyMessages", one).await;
    assert_eq!(albums(7), [None]);
    assert_eq!(alicia.last_message().expect("it came").text, "");
    let documents = json!({ "chat_id": id, "from_chat_id": from, "message_ids": documents });
    result(&sim, "copyMessages", documents).await;
    let albums = albums(8);
    assert!(
        albums[0].is_some() && albums[0] == albums[1],
        "documents that go together become an album"
    );
}

#[tokio::test]
async fn people_forward_to_the_bot() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bruno = sim.person("Bruno");
    let channel = sim.channel("Canal", &bruno);
    let post = bruno.sends_media_in(&channel, NewMedia::photo("x").caption("Hola"))?;
    assert_eq!(alicia.forwards_from(&channel, post), Err(Cannot::NotIn));
    bruno.adds(&channel, alicia.id())?;
    assert_eq!(alicia.forwards_from(&channel, 99), Err(Cannot::NoSuchMessage));
    assert_eq!(
        alicia.forwards(MessageAt {
            chat_id: 5,
            message_id: 1
        }),
        Err(Cannot::NotThere)
    );
    alicia.forwards_from(&channel, post)?;
    let update = &updates(&sim).await[0]["message"];
    let origin = &update["forward_origin"];
    assert_eq!(
        (&origin["type"], &origin["chat"]["id"], &origin["message_id"]),
        (&json!("channel"), &json!(channel.id()), &json!(post))
    );
    assert_eq!(update["caption"], "Hola");
    let shown = alicia.chat().pop().expect("it is there");
    let source = OriginSource::Channel {
        room: channel.id(),
        message: post,
        signature: None,
    };
    assert_eq!(shown.origin.map(|origin| origin.source), Some(source));
    assert!(
        alicia
            .transcript()
            .ends_with("Alicia (forwards from Canal): [photo] Hola\n")
    );

    let own = alicia.sends("Mío")?;
    alicia.forwards(MessageAt {
        chat_id: sim.bot().id,
        message_id: own,
    })?;
    assert_eq!(
        updates(&sim).await[1]["message"]["forward_from"]["id"],
        alicia.id()
    );
    Ok(())
}
