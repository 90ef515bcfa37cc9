//! The driver: stories with people and a small bot.

use std::time::Duration;

use serde_json::{Value, json};
use sim::{By, Cannot, Options, Person, Profile, Sim};

use crate::client::{call, result, start};

type Story = Result<(), Box<dyn std::error::Error>>;

/// A bot that greets with a keyboard, echoes, and turns a page at each tap, until it is aborted.
fn small_bot(sim: &Sim) -> tokio::task::JoinHandle<()> {
    let sim = sim.clone();
    tokio::spawn(async move {
        let mut offset = 0;
        loop {
            let updates = result(&sim, "getUpdates", json!({ "offset": offset, "timeout": 50 })).await;
            for update in updates.as_array().expect("an array") {
                offset = update["update_id"].as_i64().expect("an id") + 1;
                answer(&sim, update).await;
            }
        }
    })
}

async fn answer(sim: &Sim, update: &Value) {
    let keyboard = json!({ "inline_keyboard": [
        [{ "text": "Página siguiente", "callback_data": "page:2" }],
        [{ "text": "Canal", "url": "https://t.me/canal" }],
    ] });
    if let Some(query) = update.get("callback_query") {
        let message = &query["message"];
        let text = format!("Página {}", query["data"].as_str().expect("data"));
        let edit =
            json!({ "chat_id": message["chat"]["id"], "message_id": message["message_id"], "text": text });
        call(sim, "editMessageText", edit).await;
        result(
            sim,
            "answerCallbackQuery",
            json!({ "callback_query_id": query["id"], "text": "Listo" }),
        )
        .await;
    } else if let Some(message) = update.get("message") {
        let text = message["text"].as_str().expect("a text");
        let answer = if text.starts_with("/start") {
            json!({ "text": "Buenas tardes,\n<b>señora</b>", "parse_mode": "HTML", "reply_markup": keyboard })
        } else {
            json!({ "text": format!("Dijo: {text}") })
        };
        let mut answer = answer;
        answer["chat_id"] = message["chat"]["id"].clone();
        result(sim, "sendMessage", answer).await;
    }
}

#[tokio::test]
async fn a_conversation() -> Story {
    let sim = start().await;
    let bot = small_bot(&sim);
    let alicia = sim.person("Alicia");
    alicia.opens_link("abc")?;
    let greeting = alicia.hears("Buenas").await?;
    assert_eq!(greeting.html, "Buenas tardes,\n<b>señora</b>");
    assert_eq!(greeting.labels(), [["Página siguiente"], ["Canal"]]);
    assert!(!greeting.is_edited);

    let press = alicia.presses("siguiente")?;
    assert_eq!(press.answer().await?.text.as_deref(), Some("Listo"));
    let page = alicia.next_answer().await?;
    assert_eq!((page.text.as_str(), page.is_edited), ("Página page:2", true));
    assert_eq!(page.message_id, greeting.message_id);

    alicia.sends("hola")?;
    alicia.sends("adiós")?;
    alicia.hears("Dijo: adiós").await?;
    let who: Vec<By> = alicia.chat().iter().map(|entry| entry.by).collect();
    assert_eq!(who.iter().filter(|by| **by == By::Bot).count(), 3);
    bot.abort();

    let transcript = alicia.transcript();
    let beginning = "Alicia: /start abc\n\
        Stand-in: Buenas tardes,\n    señora\n    [ Página siguiente ]\n    [ Canal ↗ ]\n\
        · Alicia presses [ Página siguiente ]\n\
        Stand-in (edits): Página page:2\n\
        · Stand-in notes: Listo\n\
        Alicia: hola\n";
    assert!(transcript.starts_with(beginning), "{transcript}");
    assert_eq!(sim.transcript(), transcript);
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
    Ok(())
}

#[tokio::test]
async fn buttons_are_found_by_label() -> Story {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    let missing = |label: &str, available: &[&str]| Cannot::NoSuchButton {
        label: label.into(),
        available: available.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(alicia.presses("Sí").unwrap_err(), missing("Sí", &[]));
    alicia.sends("hola")?;
    for (text, labels) in [("vieja", ["Salir", "Ayuda"]), ("nueva", ["Ayuda y más", "Ayuda"])] {
        let row: Vec<Value> = labels
            .iter()
            .map(|label| json!({ "text": label, "callback_data": format!("{text}:{label}") }))
            .collect();
        let params =
            json!({ "chat_id": alicia.id(), "text": text, "reply_markup": { "inline_keyboard": [row] } });
        result(&sim, "sendMessage", params).await;
    }
    crate::client::updates(&sim).await;
    alicia.presses("Ayuda")?;
    alicia.presses("y más")?;
    alicia.presses("Salir")?;
    let data: Vec<Value> = crate::client::updates(&sim)
        .await
        .iter()
        .map(|update| update["callback_query"]["data"].clone())
        .collect();
    assert_eq!(data, ["nueva:Ayuda", "nueva:Ayuda y más", "vieja:Salir"]);
    let error = alicia.presses("Entrar").unwrap_err();
    assert_eq!(
        error,
        missing("Entrar", &["Ayuda y más", "Ayuda", "Salir", "Ayuda"])
    );
    assert_eq!(
        error.to_string(),
        "no button reads “Entrar”; there are: Ayuda y más | Ayuda | Salir | Ayuda"
    );

    let link = json!({ "inline_keyboard": [[{ "text": "Canal", "url": "t.me/x" }]] });
    result(
        &sim,
        "sendMessage",
        json!({ "chat_id": alicia.id(), "text": "x", "reply_markup": link }),
    )
    .await;
    let error = alicia.presses("Canal").unwrap_err();
    assert_eq!(
        error,
        Cannot::NotACallback {
            label: "Canal".into(),
            target: "http://t.me/x".into()
        }
    );
    Ok(())
}

#[tokio::test]
async fn what_apps_do_not_let_people_do() -> Story {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    assert_eq!(alicia.sends(" \n"), Err(Cannot::Empty));
    assert_eq!(alicia.sends(&"😀".repeat(2049)), Err(Cannot::TooLong));
    for payload in ["", "a b", "ñ", &"x".repeat(65)] {
        assert_eq!(alicia.opens_link(payload), Err(Cannot::BadPayload), "{payload}");
    }
    assert_eq!(alicia.presses_data(&"x".repeat(65)).unwrap_err(), Cannot::BadData);
    assert_eq!(alicia.with_bot(1).sends("hola"), Err(Cannot::NotThere));
    assert!(sim.person_by_id(1).is_none());
    assert!(sim.newcomer_with_id(alicia.id(), Profile::new("Otra")).is_none());
    assert_eq!(
        sim.newcomer_with_id(7, Profile::new("Ana")).map(|ana| ana.id()),
        Some(7)
    );

    alicia.sends("hola")?;
    alicia.blocks_bot()?;
    alicia.opens_link("again")?;
    let blocked = "· Alicia blocks Stand-in\n· Alicia unblocks Stand-in\nAlicia: /start again\n";
    assert!(alicia.transcript().ends_with(blocked), "{}", alicia.transcript());
    alicia.renames(Profile::new("Alice").username("alice"))?;
    assert_eq!(
        sim.person_by_id(alicia.id())
            .map(|alice| alice.profile().first_name),
        Some("Alice".into())
    );
    alicia.sends("hola otra vez")?;
    let updates = crate::client::updates(&sim).await;
    assert_eq!(
        updates.last().expect("the message")["message"]["from"]["username"],
        "alice"
    );
    Ok(())
}

#[tokio::test]
async fn waiting_in_vain_shows_the_chat() -> Story {
    let options = Options {
        patience: Duration::from_millis(20),
        ..Options::default()
    };
    let sim = Sim::start(options).await?;
    let alicia = sim.person("Alicia");
    assert!(
        alicia
            .hears("x")
            .await
            .unwrap_err()
            .to_string()
            .contains("never heard of")
    );
    alicia.sends("¿Hay alguien?")?;
    let error = alicia.hears("Buenas").await.unwrap_err();
    let shown =
        "waited up to 20ms in vain for a message with “Buenas”; what was there:\nAlicia: ¿Hay alguien?\n";
    assert_eq!(error.to_string(), shown);
    assert_eq!(format!("{error:?}"), shown);
    let press = alicia.presses_data("x")?;
    assert_eq!(press.answer().await.unwrap_err().awaited, "an answer to the tap");
    assert!(
        sim.until("the impossible", |_| None::<()>)
            .await
            .unwrap_err()
            .transcript
            .contains("¿Hay alguien?")
    );
    Ok(())
}

#[tokio::test]
async fn thousands_at_once() -> Story {
    const PEOPLE: usize = 2000;
    let sim = start().await;
    let people: Vec<Person> = (0..PEOPLE).map(|i| sim.person(&format!("Persona {i}"))).collect();
    for person in &people {
        person.sends("hola")?;
    }
    assert_eq!(sim.updates_pending(), PEOPLE);
    let hearing: Vec<_> = people
        .iter()
        .cloned()
        .map(|person| tokio::spawn(async move { person.next_answer().await.map(|entry| entry.text) }))
        .collect();
    for person in &people {
        // Through the whole server, but without a connection for each.
        result(
            &sim,
            "sendMessage",
            json!({ "chat_id": person.id(), "text": format!("Hola, {}", person.id()) }),
        )
        .await;
    }
    for (person, heard) in people.iter().zip(hearing) {
        assert_eq!(heard.await??, format!("Hola, {}", person.id()));
    }
    let answered = sim.until("all answers", |view| {
        people
            .iter()
            .all(|person| view.answers(person.id()) == 1)
            .then(|| view.call_count("sendMessage"))
    });
    assert_eq!(answered.await?, PEOPLE as u64);
    Ok(())
}
