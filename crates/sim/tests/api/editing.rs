//! Changing what stands under a file, and keyboards; reactions; what a bot does meanwhile.

use frankenstein::response::MethodResponse;
use frankenstein::types::Message;
use serde_json::{Value, json};
use sim::{NewMedia, Rights};

use crate::client::{call, result, start, updates};
use crate::decoding::round_trip;
use crate::media::{PICTURE, someone, upload};
use crate::methods::check;

const NOT_MODIFIED: &str = "Bad Request: message is not modified: specified new message content and reply markup are \
    exactly the same as a current content and reply markup of the message";

fn keyboard(label: &str) -> Value {
    json!({ "inline_keyboard": [[{ "text": label, "callback_data": "y" }]] })
}

#[tokio::test]
async fn captions_are_edited_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let hers = alicia.sends_media(NewMedia::photo("x")).expect("she may");
    let text = result(&sim, "sendMessage", json!({ "chat_id": id, "text": "x" })).await["message_id"].clone();
    let fields = [("chat_id", id.to_string()), ("caption", "Uno".into())];
    let photo = upload(&sim, "sendPhoto", &fields, &[("photo", "a.gif", PICTURE)])
        .await
        .json();
    let photo = photo["result"]["message_id"].clone();
    check(
        &sim,
        "editMessageCaption",
        [
            (
                json!({ "caption": "x", "parse_mode": "x", "reply_markup": 1 }),
                "Bad Request: object expected as reply markup",
            ),
            (json!({ "caption": "x", "parse_mode": "x" }), "Bad Request: unsupported parse_mode"),
            (json!({}), "Bad Request: message identifier is not specified"),
            (json!({ "message_id": 5 }), "Bad Request: chat_id is empty"),
            (json!({ "message_id": 5, "chat_id": 5 }), "Bad Request: chat not found"),
            (json!({ "message_id": 99, "chat_id": id }), "Bad Request: message to edit not found"),
            (json!({ "message_id": hers, "chat_id": id }), "Bad Request: message can't be edited"),
            (
                json!({ "message_id": text, "chat_id": id, "reply_markup": { "force_reply": true } }),
                "Bad Request: there is no caption in the message to edit",
            ),
            (
                json!({ "message_id": photo, "chat_id": id, "reply_markup": { "force_reply": true },
                    "caption": "x".repeat(1025) }),
                "Bad Request: inline keyboard expected",
            ),
            (
                json!({ "message_id": photo, "chat_id": id, "caption": "x".repeat(1025) }),
                "Bad Request: MEDIA_CAPTION_TOO_LONG",
            ),
            (
                json!({ "message_id": photo, "chat_id": id, "caption": "Uno",
                    "reply_markup": { "inline_keyboard": [[{ "text": "a", "callback_data": "x".repeat(65) }]] } }),
                "Bad Request: BUTTON_DATA_INVALID",
            ),
            (json!({ "message_id": photo, "chat_id": id, "caption": "Uno" }), NOT_MODIFIED),
        ],
    )
    .await;
    let as_text = json!({ "message_id": photo, "chat_id": id, "text": "x" });
    check(
        &sim,
        "editMessageText",
        [(as_text, "Bad Request: there is no text in the message to edit")],
    )
    .await;

    let edit = json!({ "message_id": photo, "chat_id": id, "caption": "<i>Dos</i>", "parse_mode": "HTML",
        "show_caption_above_media": true, "reply_markup": keyboard("Sí") });
    let edited = call(&sim, "editMessageCaption", edit).await.json();
    let edited = round_trip::<MethodResponse<Message>>(&edited).result;
    assert_eq!(
        (edited.caption.as_deref(), edited.show_caption_above_media),
        (Some("Dos"), Some(true))
    );
    assert_eq!(
        alicia.next_answer().await.map(|entry| entry.text).as_deref(),
        Ok("x")
    );
    let shown = alicia.hears("Dos").await.expect("it was edited");
    assert_eq!(
        (shown.html.as_str(), shown.is_edited, shown.labels()),
        ("<i>Dos</i>", true, vec![vec!["Sí"]])
    );
    let bare = result(
        &sim,
        "editMessageCaption",
        json!({ "message_id": photo, "chat_id": id }),
    )
    .await;
    assert!(bare.get("caption").is_none() && bare.get("reply_markup").is_none());
    assert!(bare.get("photo").is_some(), "the file stays");
}

#[tokio::test]
async fn keyboards_are_edited_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let hers = alicia.sends("hola").expect("she may");
    let sent = json!({ "chat_id": id, "text": "x", "reply_markup": keyboard("Sí") });
    let sent = result(&sim, "sendMessage", sent).await["message_id"].clone();
    check(
        &sim,
        "editMessageReplyMarkup",
        [
            (
                json!({ "reply_markup": "{" }),
                "Bad Request: can't parse reply keyboard markup JSON object",
            ),
            (json!({}), "Bad Request: message identifier is not specified"),
            (
                json!({ "inline_message_id": "x" }),
                "Bad Request: MESSAGE_ID_INVALID",
            ),
            (
                json!({ "message_id": sent, "chat_id": 5 }),
                "Bad Request: chat not found",
            ),
            (
                json!({ "message_id": 99, "chat_id": id }),
                "Bad Request: message to edit not found",
            ),
            (
                json!({ "message_id": hers, "chat_id": id }),
                "Bad Request: message can't be edited",
            ),
            (
                json!({ "message_id": sent, "chat_id": id, "reply_markup": { "keyboard": [["x"]] } }),
                "Bad Request: inline keyboard expected",
            ),
            (
                json!({ "message_id": sent, "chat_id": id, "reply_markup": keyboard("Sí") }),
                NOT_MODIFIED,
            ),
        ],
    )
    .await;
    let edit = json!({ "message_id": sent, "chat_id": id, "reply_markup": keyboard("No") });
    let edited = result(&sim, "editMessageReplyMarkup", edit).await;
    assert_eq!(
        (&edited["text"], &edited["reply_markup"]),
        (&json!("x"), &keyboard("No"))
    );
    let removed = json!({ "message_id": sent, "chat_id": id });
    assert!(
        result(&sim, "editMessageReplyMarkup", removed.clone())
            .await
            .get("reply_markup")
            .is_none()
    );
    check(&sim, "editMessageReplyMarkup", [(removed, NOT_MODIFIED)]).await;
    assert_eq!(
        updates(&sim).await.len(),
        1,
        "her message; a bot's own edits are no updates"
    );
}

#[tokio::test]
async fn posts_are_edited_by_who_may() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let bot = sim.bot().id;
    let channel = sim.channel("Canal", &alicia);
    let mut rights = Rights::least();
    rights.can_post_messages = true;
    alicia.promotes(&channel, bot, rights)?;
    let hers = alicia.sends_media_in(&channel, NewMedia::photo("x"))?;
    let own = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": channel.id(), "text": "x" }),
    )
    .await;
    let markup = |message: &Value| json!({ "chat_id": channel.id(), "message_id": message, "reply_markup": keyboard("Sí") });
    result(&sim, "editMessageReplyMarkup", markup(&own["message_id"])).await;
    let hers = markup(&json!(hers));
    check(
        &sim,
        "editMessageReplyMarkup",
        [(hers.clone(), "Bad Request: message can't be edited")],
    )
    .await;
    rights.can_edit_messages = true;
    alicia.promotes(&channel, bot, rights)?;
    let edited = result(&sim, "editMessageReplyMarkup", hers).await;
    assert!(edited.get("photo").is_some());
    alicia.promotes(&channel, bot, Rights::least())?;
    let own = json!({ "chat_id": channel.id(), "message_id": own["message_id"] });
    check(
        &sim,
        "editMessageReplyMarkup",
        [(own, "Bad Request: message can't be edited")],
    )
    .await;
    Ok(())
}

#[tokio::test]
async fn people_change_and_delete_what_they_wrote() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let text = alicia.sends("Uno")?;
    let photo = alicia.sends_media(NewMedia::photo("x").caption("Uno"))?;
    let theirs = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "x" }),
    )
    .await;
    let theirs = i32::try_from(theirs["message_id"].as_i64().expect("a number"))?;
    updates(&sim).await;
    alicia.edits(text, "Dos")?;
    alicia.edits(photo, "Tres")?;
    alicia.edits(photo, "")?;
    assert_eq!(alicia.edits(text, " "), Err(sim::Cannot::Empty));
    assert_eq!(alicia.edits(theirs, "x"), Err(sim::Cannot::NoRight));
    assert_eq!(alicia.edits(99, "x"), Err(sim::Cannot::NoSuchMessage));
    let updates = updates(&sim).await;
    let edited: Vec<&Value> = updates.iter().map(|update| &update["edited_message"]).collect();
    assert_eq!(
        (&edited[0]["text"], &edited[1]["caption"]),
        (&json!("Dos"), &json!("Tres"))
    );
    assert!(edited[2].get("caption").is_none() && edited[2]["edit_date"].is_i64());

    alicia.deletes(text)?;
    alicia.deletes(theirs)?;
    assert_eq!(alicia.deletes(text), Err(sim::Cannot::NoSuchMessage));
    assert!(crate::client::updates(&sim).await.is_empty(), "bots are not told");
    let transcript = alicia.transcript();
    assert!(
        transcript.ends_with("Alicia (edits): [photo]\n· Alicia deletes: Dos\n· Alicia deletes: x\n"),
        "{transcript}"
    );

    let group = sim.supergroup("Sala", &alicia);
    let bruno = sim.person("Bruno");
    alicia.adds(&group, bruno.id())?;
    let (hers, his) = (alicia.writes_in(&group, "Suyo")?, bruno.writes_in(&group, "Mío")?);
    assert_eq!(bruno.deletes_in(&group, hers), Err(sim::Cannot::NoRight));
    bruno.deletes_in(&group, his)?;
    alicia.deletes_in(&group, hers)?;
    assert!(group.messages().is_empty());
    Ok(())
}

#[tokio::test]
async fn reactions_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let hers = alicia.sends("hola").expect("she may");
    let id = alicia.id();
    let with = |reaction: Value| json!({ "chat_id": id, "message_id": hers, "reaction": reaction });
    let emoji = |emoji: &str| json!({ "type": "emoji", "emoji": emoji });
    let bad = |x: &str| format!("Bad Request: can't parse ReactionType: {x}");
    let table = [
        (
            with(json!("[")),
            "Bad Request: can't parse reaction types JSON object".to_owned(),
        ),
        (
            with(json!({})),
            "Bad Request: expected an Array of ReactionType".into(),
        ),
        (with(json!([1])), bad("expected an Object")),
        (
            with(json!([{ "type": "emoji" }])),
            bad("Can't find field \"emoji\""),
        ),
        (
            with(json!([{ "type": "paid" }])),
            bad("invalid reaction type specified"),
        ),
        (json!({}), "Bad Request: chat_id is empty".into()),
        (json!({ "chat_id": 5 }), "Bad Request: chat not found".into()),
        (
            json!({ "chat_id": id, "reaction": [emoji("x")] }),
            "Bad Request: message to react not found".into(),
        ),
        (
            json!({ "chat_id": id, "message_id": 99 }),
            "Bad Request: message to react not found".into(),
        ),
        (with(json!([emoji("x")])), "Bad Request: REACTION_INVALID".into()),
        (
            with(json!([{ "type": "custom_emoji", "custom_emoji_id": "5" }])),
            "Bad Request: REACTION_INVALID".into(),
        ),
        (
            with(json!([emoji("👍"), emoji("🔥")])),
            "Bad Request: REACTIONS_TOO_MANY".into(),
        ),
        (with(json!([])), NOT_MODIFIED.into()),
    ];
    check(
        &sim,
        "setMessageReaction",
        table
            .iter()
            .map(|(params, wording)| (params.clone(), wording.as_str())),
    )
    .await;
    assert_eq!(
        result(&sim, "setMessageReaction", with(json!([emoji("❤️")]))).await,
        true
    );
    assert_eq!(alicia.chat()[1].reactions, ["❤"]);
    check(
        &sim,
        "setMessageReaction",
        [(with(json!([emoji("❤")])), NOT_MODIFIED)],
    )
    .await;
    assert_eq!(result(&sim, "setMessageReaction", with(json!([]))).await, true);
    assert!(
        alicia
            .transcript()
            .ends_with("· Stand-in reacts with ❤\n· Stand-in takes a reaction back\n")
    );
    assert!(alicia.chat()[1].reactions.is_empty());
}

#[tokio::test]
async fn what_a_bot_says_that_it_does() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let wrong = "Bad Request: wrong parameter action in request";
    check(
        &sim,
        "sendChatAction",
        [
            (json!({}), wrong),
            (json!({ "action": "dance" }), wrong),
            (json!({ "action": "typing" }), "Bad Request: chat_id is empty"),
            (
                json!({ "action": "typing", "chat_id": 5 }),
                "Bad Request: chat not found",
            ),
        ],
    )
    .await;
    let channel = sim.channel("Canal", &alicia);
    alicia
        .promotes(&channel, sim.bot().id, Rights::least())
        .expect("she may");
    for (chat, action) in [
        (id, "TYPING"),
        (id, "pick_up_location"),
        (channel.id(), "upload_video_note"),
    ] {
        assert_eq!(
            result(
                &sim,
                "sendChatAction",
                json!({ "action": action, "chat_id": chat })
            )
            .await,
            true
        );
    }
    alicia.blocks_bot().expect("she may");
    let blocked = json!({ "action": "typing", "chat_id": id });
    check(
        &sim,
        "sendChatAction",
        [(blocked, "Forbidden: bot was blocked by the user")],
    )
    .await;
}
