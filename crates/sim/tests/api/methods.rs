//! What the methods refuse, in which order and in which words; and what they answer.

use serde_json::{Value, json};
use sim::{Cannot, Clock, EntityKind, Markup, NewBot, Options, Profile, Sim};

use crate::client::{call, result, start, updates};

pub(crate) async fn refusal(sim: &Sim, method: &str, params: Value) -> String {
    let answer = call(sim, method, params).await;
    let body = answer.json();
    assert_eq!(body["ok"], false, "{method}: {}", answer.body);
    assert_eq!(body["error_code"], answer.status);
    answer.description()
}

pub(crate) async fn check(sim: &Sim, method: &str, table: impl IntoIterator<Item = (Value, &str)>) {
    for (params, wording) in table {
        assert_eq!(
            refusal(sim, method, params.clone()).await,
            wording,
            "{method} {params}"
        );
    }
}

#[tokio::test]
async fn send_message_checks_in_order() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("/start").expect("she may");
    let stranger = sim.newcomer(Profile::new("Bruno").username("bruno"));
    let id = alicia.id();
    check(
        &sim,
        "sendMessage",
        [
            (json!({ "link_preview_options": "{" }), "Bad Request: can't parse link preview options JSON object"),
            (json!({ "link_preview_options": [] }), "Bad Request: object expected as link preview options"),
            (json!({}), "Bad Request: message text is empty"),
            (json!({ "text": "x".repeat(32_769), "parse_mode": "x" }), "Bad Request: text is too long"),
            (json!({ "text": "x", "parse_mode": "x" }), "Bad Request: unsupported parse_mode"),
            (
                json!({ "text": "ñ<b>x", "parse_mode": "HtMl", "reply_parameters": 1 }),
                "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
            ),
            (
                json!({ "text": "x", "entities": [{ "offset": 0, "length": 1 }] }),
                "Bad Request: can't parse MessageEntity: Can't find field \"type\"",
            ),
            (
                json!({ "text": "x", "entities": [{ "offset": true, "length": 1 }] }),
                "Bad Request: can't parse MessageEntity: Field \"offset\" must be a Number",
            ),
            (
                json!({ "text": "x", "reply_parameters": "{", "reply_markup": 1 }),
                "Bad Request: can't parse reply parameters JSON object",
            ),
            (json!({ "text": "x", "reply_parameters": 1 }), "Bad Request: object expected as reply parameters"),
            (json!({ "text": "x", "reply_markup": null }), "Bad Request: object expected as reply markup"),
            (
                json!({ "text": "x", "reply_markup": "{" }),
                "Bad Request: can't parse reply keyboard markup JSON object",
            ),
            (json!({ "text": " " }), "Bad Request: chat_id is empty"),
            (json!({ "text": " ", "chat_id": "" }), "Bad Request: chat_id is empty"),
            (json!({ "text": " ", "chat_id": "garbage" }), "Bad Request: chat not found"),
            (json!({ "text": " ", "chat_id": "@bruno" }), "Bad Request: chat not found"),
            (json!({ "text": " ", "chat_id": stranger.id() }), "Bad Request: chat not found"),
            (
                json!({ "text": " ", "chat_id": id, "reply_parameters": { "message_id": 77 } }),
                "Bad Request: message to be replied not found",
            ),
            (json!({ "text": " \n", "chat_id": id }), "Bad Request: text must be non-empty"),
            (
                json!({ "text": "<b> </b>", "parse_mode": "HTML", "chat_id": id }),
                "Bad Request: text must be non-empty",
            ),
            (json!({ "text": "x".repeat(4097), "chat_id": id }), "Bad Request: message is too long"),
            (
                json!({ "text": "x", "chat_id": id,
                    "reply_markup": { "inline_keyboard": [[{ "text": "a", "url": "http://" }]] } }),
                "Bad Request: inline keyboard button URL 'http://' is invalid: URL host is empty",
            ),
            (
                json!({ "text": "x", "chat_id": id,
                    "reply_markup": { "inline_keyboard": [[{ "text": "a", "callback_data": "x".repeat(65) }]] } }),
                "Bad Request: BUTTON_DATA_INVALID",
            ),
            (
                json!({ "text": "x", "chat_id": format!("@{}", sim.bot().username) }),
                "Forbidden: the bot can't send messages to the bot",
            ),
        ],
    )
    .await;
    assert!(alicia.last_message().is_none());
    // Code points count, after parsing.
    let longest = format!("<b>{}</b>", "😀".repeat(4096));
    result(
        &sim,
        "sendMessage",
        json!({ "text": longest, "parse_mode": "HTML", "chat_id": id }),
    )
    .await;
}

#[tokio::test]
async fn whom_a_bot_may_write_to() {
    let sim = start().await;
    let says = |id: i64| json!({ "chat_id": id, "text": "hola" });
    let (alicia, bruno, carla) = (sim.person("Alicia"), sim.person("Bruno"), sim.person("Carla"));
    alicia.sends("hola").expect("she may");
    bruno.meets_bot().expect("he may");
    carla.sends("hola").expect("she may");

    assert_eq!(
        refusal(&sim, "sendMessage", says(bruno.id())).await,
        "Forbidden: bot can't initiate conversation with a user"
    );
    alicia.blocks_bot().expect("she may");
    alicia.blocks_bot().expect("twice is once");
    assert_eq!(
        refusal(&sim, "sendMessage", says(alicia.id())).await,
        "Forbidden: bot was blocked by the user"
    );
    assert_eq!(alicia.sends("hola"), Err(Cannot::Blocked));
    alicia.unblocks_bot().expect("she may");
    assert_eq!(alicia.unblocks_bot(), Err(Cannot::NotBlocked));
    result(&sim, "sendMessage", says(alicia.id())).await;

    let message = result(&sim, "sendMessage", says(carla.id())).await;
    carla.deactivates().expect("she may");
    assert_eq!(carla.sends("hola"), Err(Cannot::Deactivated));
    assert_eq!(
        refusal(&sim, "sendMessage", says(carla.id())).await,
        "Forbidden: user is deactivated"
    );
    let edit = json!({ "chat_id": carla.id(), "message_id": message["message_id"], "text": "x" });
    assert_eq!(
        refusal(&sim, "editMessageText", edit).await,
        "Forbidden: user is deactivated"
    );

    let statuses: Vec<(String, String)> = updates(&sim)
        .await
        .iter()
        .filter(|update| update.get("my_chat_member").is_some())
        .map(|update| {
            let member = &update["my_chat_member"];
            assert_eq!(member["new_chat_member"]["user"]["id"], sim.bot().id);
            assert_eq!(member["chat"]["id"], member["from"]["id"]);
            let status = |which: &str| member[which]["status"].as_str().expect("a status").to_owned();
            (status("old_chat_member"), status("new_chat_member"))
        })
        .collect();
    let change = |old: &str, new: &str| (old.to_owned(), new.to_owned());
    assert_eq!(statuses, [change("member", "kicked"), change("kicked", "member")]);
}

#[tokio::test]
async fn a_sent_message_comes_back_whole() {
    let sim = start().await;
    let alicia = sim.newcomer(
        Profile::new("Alicia")
            .last_name("Rey")
            .username("alicia")
            .language("es"),
    );
    let question = alicia.sends("hola").expect("she may");
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "yes" }]] });
    let sent = result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "Buenas <b>tardes</b>, /start", "parse_mode": "HTML",
            "protect_content": true, "reply_markup": keyboard, "reply_parameters": { "message_id": question } }),
    )
    .await;
    let bot = sim.bot();
    let chat = json!({ "id": alicia.id(), "first_name": "Alicia", "last_name": "Rey", "username": "alicia", "type": "private" });
    let from = json!({ "id": alicia.id(), "is_bot": false, "first_name": "Alicia", "last_name": "Rey", "username": "alicia", "language_code": "es" });
    let date = sent["date"].clone();
    assert_eq!(
        sent,
        json!({
            "message_id": question + 1,
            "from": { "id": bot.id, "is_bot": true, "first_name": bot.first_name, "username": bot.username },
            "chat": chat,
            "date": date,
            "reply_to_message": { "message_id": question, "from": from, "chat": chat,
                "date": sent["reply_to_message"]["date"], "text": "hola" },
            "has_protected_content": true,
            "text": "Buenas tardes, /start",
            "entities": [
                { "type": "bold", "offset": 7, "length": 6 },
                { "type": "bot_command", "offset": 15, "length": 6 },
            ],
            "reply_markup": keyboard,
        })
    );
    let reply_keyboard =
        json!({ "chat_id": alicia.id(), "text": "x", "reply_markup": { "keyboard": [["a", "b"]] } });
    let sent = result(&sim, "sendMessage", reply_keyboard).await;
    assert!(sent.get("reply_markup").is_none());
    let shown = alicia.last_message().expect("it came");
    assert_eq!(
        shown.keyboard,
        Some(Markup::Keyboard(vec![vec!["a".into(), "b".into()]]))
    );
    let missing = json!({ "message_id": 999, "allow_sending_without_reply": true });
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "x", "reply_parameters": missing }),
    )
    .await;
}

#[tokio::test]
async fn entities_may_be_given_instead_of_html() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let entities = json!([
        { "type": "italic", "offset": 0, "length": 2 },
        { "type": "text_link", "offset": "3", "length": "1", "url": "x.com" },
        { "type": "text_mention", "offset": 5, "length": 1, "user": { "id": 404 } },
        { "type": "hashtag", "offset": 0, "length": 1 },
    ]);
    let params = json!({ "chat_id": alicia.id(), "text": "ab c d", "entities": entities });
    let sent = result(&sim, "sendMessage", params).await;
    let kinds: Vec<&Value> = sent["entities"]
        .as_array()
        .expect("entities")
        .iter()
        .map(|e| &e["type"])
        .collect();
    assert_eq!(kinds, ["italic", "text_link"], "nobody has the id 404");
    let ignored = json!({ "chat_id": alicia.id(), "text": "ab", "entities": "nonsense" });
    assert!(
        result(&sim, "sendMessage", ignored)
            .await
            .get("entities")
            .is_none()
    );
    assert_eq!(
        serde_json::to_value(EntityKind::Bold).expect("it serialises"),
        json!({ "type": "bold" })
    );
}

#[tokio::test]
async fn edit_message_text_checks_in_order() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    let hers = alicia.sends("/start").expect("she may");
    let id = alicia.id();
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "yes" }]] });
    let sent = json!({ "chat_id": id, "text": "uno", "reply_markup": keyboard });
    let message = result(&sim, "sendMessage", sent).await["message_id"].clone();
    let beside = json!({ "chat_id": id, "text": "x", "reply_markup": { "force_reply": true } });
    let beside = result(&sim, "sendMessage", beside).await["message_id"].clone();
    check(
        &sim,
        "editMessageText",
        [
            (json!({ "reply_markup": 1 }), "Bad Request: message text is empty"),
            (json!({ "text": "x", "reply_markup": 1 }), "Bad Request: object expected as reply markup"),
            (json!({ "text": "x" }), "Bad Request: message identifier is not specified"),
            (json!({ "text": "x", "inline_message_id": "x" }), "Bad Request: MESSAGE_ID_INVALID"),
            (json!({ "text": "x", "message_id": 5 }), "Bad Request: chat_id is empty"),
            (json!({ "text": "x", "message_id": 5, "chat_id": 5 }), "Bad Request: chat not found"),
            (json!({ "text": "x", "chat_id": id }), "Bad Request: message to edit not found"),
            (json!({ "text": "x", "chat_id": id, "message_id": -1 }), "Bad Request: message to edit not found"),
            (json!({ "text": "x", "chat_id": id, "message_id": 99 }), "Bad Request: message to edit not found"),
            (json!({ "text": " ", "chat_id": id, "message_id": hers }), "Bad Request: message can't be edited"),
            (json!({ "text": " ", "chat_id": id, "message_id": beside }), "Bad Request: message can't be edited"),
            (
                json!({ "text": " ", "chat_id": id, "message_id": message, "reply_markup": { "force_reply": true } }),
                "Bad Request: text must be non-empty",
            ),
            (
                json!({ "text": "x", "chat_id": id, "message_id": message, "reply_markup": { "force_reply": true } }),
                "Bad Request: inline keyboard expected",
            ),
            (
                json!({ "text": "x".repeat(4097), "chat_id": id, "message_id": message }),
                "Bad Request: MESSAGE_TOO_LONG",
            ),
            (
                json!({ "text": "uno", "chat_id": id, "message_id": message, "reply_markup": keyboard }),
                "Bad Request: message is not modified: specified new message content and reply markup are exactly \
                 the same as a current content and reply markup of the message",
            ),
        ],
    )
    .await;
    updates(&sim).await;
    let edited = json!({ "chat_id": id, "message_id": message, "text": "uno" });
    let edited = result(&sim, "editMessageText", edited).await;
    assert!(
        edited.get("reply_markup").is_none(),
        "without reply_markup the keyboard goes"
    );
    assert!(edited["edit_date"].is_i64());
    assert!(updates(&sim).await.is_empty(), "a bot's own edit is no update");
}

#[tokio::test]
async fn answer_callback_query() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse()?);
    let sim = Sim::start(Options {
        clock: clock.clone(),
        ..Options::default()
    })
    .await?;
    let alicia = sim.person("Alicia");
    alicia.sends("/start")?;
    let too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    check(
        &sim,
        "answerCallbackQuery",
        [
            (json!({}), too_old),
            (json!({ "callback_query_id": "x" }), too_old),
            (json!({ "callback_query_id": "5" }), too_old),
        ],
    )
    .await;
    let press = alicia.presses_data("forged")?;
    let id = press.id();
    check(
        &sim,
        "answerCallbackQuery",
        [
            (
                json!({ "callback_query_id": id, "text": "x".repeat(201) }),
                "Bad Request: MESSAGE_TOO_LONG",
            ),
            (
                json!({ "callback_query_id": id, "url": "https://example.com" }),
                "Bad Request: URL_INVALID",
            ),
        ],
    )
    .await;
    let url = format!("https://t.me/{}?start=x", sim.bot().username);
    let answer = json!({ "callback_query_id": id, "text": "Hecho", "show_alert": true, "url": url });
    assert_eq!(result(&sim, "answerCallbackQuery", answer).await, true);
    assert_eq!(
        result(
            &sim,
            "answerCallbackQuery",
            json!({ "callback_query_id": id, "text": "otra" })
        )
        .await,
        true
    );
    let answer = press.answer().await?;
    assert_eq!(
        (answer.text.as_deref(), answer.show_alert, answer.url),
        (Some("Hecho"), true, Some(url))
    );
    assert_eq!(alicia.last_answer(), Some(press.answer().await?));

    let stale = alicia.presses_data("later")?.id();
    clock.advance(chrono::TimeDelta::seconds(150))?;
    check(
        &sim,
        "answerCallbackQuery",
        [(json!({ "callback_query_id": stale }), too_old)],
    )
    .await;
    Ok(())
}

#[tokio::test]
async fn get_me_and_delete_webhook() {
    let sim = start().await;
    let me = result(&sim, "getMe", json!({})).await;
    assert_eq!(
        (me["id"].as_i64(), &me["is_bot"]),
        (Some(sim.bot().id), &json!(true))
    );
    let answer = call(&sim, "deleteWebhook", json!({})).await;
    assert_eq!(
        answer.json(),
        json!({ "ok": true, "result": true, "description": "Webhook is already deleted" })
    );
    sim.person("Alicia").sends("hola").expect("she may");
    let answer = call(&sim, "deleteWebhook", json!({ "drop_pending_updates": true })).await;
    assert_eq!(answer.description(), "Webhook is already deleted");
    assert_eq!(sim.updates_pending(), 0);
}

#[tokio::test]
async fn bots_do_not_share_chats() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let second = NewBot {
        username: "second_bot".into(),
        first_name: "Second".into(),
        ..NewBot::default()
    };
    let second = sim.add_bot(second).expect("the name is free");
    let alicia = sim.person("Alicia");
    alicia.with_bot(second.id).sends("hola")?;
    assert_eq!(sim.updates_pending(), 0);
    assert!(alicia.chat().is_empty());
    let says = json!({ "chat_id": alicia.id(), "text": "x" });
    assert_eq!(
        refusal(&sim, "sendMessage", says).await,
        "Bad Request: chat not found"
    );
    assert_eq!(sim.bots().len(), 2);
    Ok(())
}
