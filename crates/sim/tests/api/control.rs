//! Acting as people over HTTP.

use serde_json::json;
use sim::{Clock, Options, Sim};

use crate::client::{call, request, result, sim_get, sim_post, start};

#[tokio::test]
async fn a_story_over_http() {
    let sim = start().await;
    let (_, bots) = sim_get(&sim, "/bots").await;
    assert_eq!(bots[0]["token"], sim.bot().token);
    let (status, alicia) = sim_post(
        &sim,
        "/people",
        json!({ "first_name": "Alicia", "language_code": "es" }),
    )
    .await;
    assert_eq!(status, 200);
    let id = alicia["id"].as_i64().expect("an id");
    let people = format!("/people/{id}");
    let (_, sent) = sim_post(&sim, &format!("{people}/sends"), json!({ "text": "/start" })).await;
    assert!(sent["message_id"].is_i64());
    assert_eq!(
        sim_get(&sim, &format!("/bots/{}/pending", sim.bot().id)).await.1,
        json!({ "pending": 1 })
    );

    let keyboard = json!({ "inline_keyboard": [[{ "text": "Ayuda", "callback_data": "help" }]] });
    let greeting = json!({ "chat_id": id, "text": "Buenas tardes", "reply_markup": keyboard });
    result(&sim, "sendMessage", greeting).await;
    let (_, heard) = sim_get(&sim, &format!("{people}/hears?text=Buenas&timeout=5")).await;
    assert_eq!(
        (&heard["text"], &heard["keyboard"]),
        (&json!("Buenas tardes"), &keyboard)
    );
    assert_eq!(sim_get(&sim, &format!("{people}/next_answer")).await.1, heard);
    let (status, error) = sim_get(&sim, &format!("{people}/next_answer?timeout=0.01")).await;
    assert_eq!(status, 408);
    assert!(error["error"].as_str().expect("a text").contains("Buenas tardes"));

    let (_, press) = sim_post(&sim, &format!("{people}/presses"), json!({ "label": "Ayuda" })).await;
    let query = press["callback_query_id"].as_str().expect("an id").to_owned();
    result(
        &sim,
        "answerCallbackQuery",
        json!({ "callback_query_id": query, "text": "Listo" }),
    )
    .await;
    let expected = json!({ "text": "Listo", "show_alert": false, "url": null });
    assert_eq!(
        sim_get(&sim, &format!("{people}/answers/{query}")).await,
        (200, expected.clone())
    );
    assert_eq!(sim_get(&sim, &format!("{people}/last_answer")).await.1, expected);
    assert_eq!(
        sim_post(&sim, &format!("{people}/presses"), json!({ "data": "forged" }))
            .await
            .0,
        200
    );
    let (status, error) = sim_post(&sim, &format!("{people}/presses"), json!({ "label": "Nada" })).await;
    assert_eq!(
        (status, error),
        (
            404,
            json!({ "error": "no button reads “Nada”; there are: Ayuda" })
        )
    );

    assert_eq!(
        sim_post(&sim, &format!("{people}/opens_link"), json!({ "payload": "abc" }))
            .await
            .0,
        200
    );
    for (act, status) in [
        ("meets", 200),
        ("blocks", 200),
        ("unblocks", 200),
        ("unblocks", 409),
        ("deactivates", 200),
        ("blocks", 409),
    ] {
        assert_eq!(
            sim_post(&sim, &format!("{people}/{act}"), json!({})).await.0,
            status,
            "{act}"
        );
    }
    let (_, chat) = sim_get(&sim, &format!("{people}/chat")).await;
    assert_eq!(chat.as_array().map(Vec::len), Some(3));
    let transcript = request(&sim, "GET", &format!("/sim{people}/transcript"), "", b"").await;
    assert_eq!(transcript.body, sim.transcript());
    let (_, calls) = sim_get(&sim, "/calls?method=sendmessage").await;
    assert_eq!(
        (calls.as_array().map(Vec::len), &calls[0]["status"]),
        (Some(1), &json!(200))
    );
    assert_eq!(sim_get(&sim, "/violations").await.1, json!([]));
}

#[tokio::test]
async fn people_bots_and_refusals() {
    let sim = start().await;
    let (_, ana) = sim_post(&sim, "/people", json!({ "id": 7, "first_name": "Ana" })).await;
    assert_eq!(ana, json!({ "id": 7, "first_name": "Ana" }));
    assert_eq!(
        sim_post(&sim, "/people", json!({ "id": 7, "first_name": "Otra" }))
            .await
            .0,
        409
    );
    let renamed = request(
        &sim,
        "PUT",
        "/sim/people/7",
        "application/json",
        br#"{"first_name":"Anna"}"#,
    )
    .await;
    assert_eq!(renamed.status, 200);
    assert_eq!(sim_get(&sim, "/people/7").await.1["first_name"], "Anna");
    assert_eq!(
        sim_get(&sim, "/people").await.1,
        json!([{ "id": 7, "first_name": "Anna" }])
    );
    let (_, second) = sim_post(
        &sim,
        "/bots",
        json!({ "username": "second_bot", "first_name": "Second" }),
    )
    .await;
    assert_eq!(
        sim_post(&sim, "/bots", json!({ "username": "SECOND_bot" }))
            .await
            .0,
        409
    );
    let second = second["id"].as_i64().expect("an id");
    assert_eq!(
        sim_post(
            &sim,
            &format!("/people/7/sends?bot={second}"),
            json!({ "text": "hola" })
        )
        .await
        .0,
        200
    );
    assert_eq!(
        sim_get(&sim, &format!("/bots/{second}/pending")).await.1,
        json!({ "pending": 1 })
    );
    for route in [
        "/people/8",
        "/people/7/chat?bot=1",
        "/bots/1/pending",
        "/nonsense",
    ] {
        assert_eq!(sim_get(&sim, route).await.0, 404, "{route}");
    }
    assert_eq!(
        sim_post(&sim, "/people/7/sends", json!({ "text": " " })).await.0,
        400
    );
}

#[tokio::test]
async fn the_clock_over_http() {
    let clock = Clock::manual("2026-03-01T08:00:00Z".parse().expect("a time"));
    let sim = Sim::start(Options {
        clock,
        ..Options::default()
    })
    .await
    .expect("loopback has a free port");
    assert_eq!(
        sim_get(&sim, "/clock").await.1,
        json!({ "kind": "manual", "now": "2026-03-01T08:00:00Z", "skew_seconds": 0 })
    );
    let (_, moved) = sim_post(&sim, "/clock", json!({ "advance_seconds": 90 })).await;
    let later = "2026-03-01T08:01:30Z";
    assert_eq!(
        moved,
        json!({ "kind": "manual", "now": later, "skew_seconds": 0 })
    );
    let (_, skewed) = sim_post(&sim, "/clock", json!({ "skew_seconds": -600 })).await;
    assert_eq!(
        skewed,
        json!({ "kind": "manual", "now": later, "skew_seconds": -600 })
    );
    let dated = call(&sim, "getMe", json!({})).await;
    assert_eq!(dated.headers["date"], "Sun, 01 Mar 2026 07:51:30 GMT");
    sim_post(&sim, "/clock", json!({ "now": "2027-01-01T00:00:00Z" })).await;
    assert_eq!(sim.clock().now().to_rfc3339(), "2027-01-01T00:00:00+00:00");
    assert_eq!(
        sim_post(&sim, "/clock", json!({ "advance_seconds": i64::MAX }))
            .await
            .0,
        409
    );
    let sim = start().await;
    assert_eq!(
        sim_post(&sim, "/clock", json!({ "advance_seconds": 1 })).await.0,
        409
    );
}
