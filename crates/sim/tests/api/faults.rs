//! What goes wrong on demand.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sim::{Fault, NewRoom, Rights, Sim};

use crate::client::{call, exchange, request, result, start, with_clock};
use crate::hook::{Hook, attempted};

/// Somebody whom the bot may write to, and what it would write.
fn greeting(sim: &Sim) -> (sim::Person, Value) {
    let alicia = sim.person("Alicia");
    alicia.sends("hola").expect("she may");
    let message = json!({ "chat_id": alicia.id(), "text": "Buenas tardes" });
    (alicia, message)
}

/// Calls a method on a connection of which nothing may come back.
async fn is_cut(sim: &Sim, method: &str, params: &Value) -> bool {
    let body = params.to_string();
    let request = format!(
        "POST /bot{}/{method} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        sim.bot().token,
        body.len()
    );
    exchange(sim, request.as_bytes())
        .await
        .map_or(true, |bytes| bytes.is_empty())
}

#[tokio::test]
async fn errors_of_every_kind_come_as_the_server_writes_them() {
    let sim = start().await;
    let (alicia, message) = greeting(&sim);
    let table = [
        (
            Fault::flood(17),
            json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 17",
                    "parameters": { "retry_after": 17 } }),
        ),
        (
            Fault::error(500, "Internal Server Error: restart"),
            json!({ "ok": false, "error_code": 500, "description": "Internal Server Error: restart" }),
        ),
        (
            Fault::error(403, "Forbidden: bot was blocked by the user"),
            json!({ "ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user" }),
        ),
        (
            Fault::migrated(-1_002_000_000_009),
            json!({ "ok": false, "error_code": 400,
                    "description": "Bad Request: group chat was upgraded to a supergroup chat",
                    "parameters": { "migrate_to_chat_id": -1_002_000_000_009_i64 } }),
        ),
    ];
    for (fault, expected) in table {
        let injected = sim.inject(fault.times(1));
        let answer = call(&sim, "sendMessage", message.clone()).await;
        assert_eq!(json!(answer.status), expected["error_code"]);
        assert_eq!(answer.json(), expected);
        let retry_after = answer.headers.get("retry-after").map(String::as_str);
        assert_eq!(retry_after, (answer.status == 429).then_some("17"));
        assert_eq!(injected.applied(), 1);
    }
    assert!(alicia.last_message().is_none(), "none had an effect");
    result(&sim, "sendMessage", message).await;
    assert!(alicia.last_message().is_some(), "each came once");
}

#[tokio::test]
async fn a_bad_gateway_answers_html() {
    let sim = start().await;
    let (alicia, message) = greeting(&sim);
    sim.inject(Fault::html(502).times(1));
    let answer = call(&sim, "sendMessage", message.clone()).await;
    assert_eq!(
        (answer.status, answer.headers["content-type"].as_str()),
        (502, "text/html")
    );
    assert!(answer.body.starts_with("<html>") && answer.body.contains("502 Bad Gateway"));
    assert!(alicia.last_message().is_none());

    sim.inject(Fault::html(504).after_effect().times(1));
    assert_eq!(call(&sim, "sendMessage", message).await.status, 504);
    assert!(
        alicia.last_message().is_some(),
        "the front gave up, the server did not"
    );
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_the_effect() {
    let sim = start().await;
    let (alicia, message) = greeting(&sim);
    let before = sim.inject(Fault::cut().on("sendmessage").times(1));
    assert!(is_cut(&sim, "sendMessage", &message).await);
    assert!(alicia.last_message().is_none());

    let after = sim.inject(Fault::cut().on("sendMessage").after_effect().times(1));
    assert!(is_cut(&sim, "sendMessage", &message).await);
    assert!(alicia.last_message().is_some());
    assert_eq!((before.applied(), after.applied()), (1, 1));
    assert!(!is_cut(&sim, "getUpdates", &json!({ "offset": -1 })).await);

    let calls = sim.calls();
    let cut: Vec<_> = calls.iter().filter(|call| call.status.is_none()).collect();
    assert_eq!(
        cut.iter().map(|call| call.fault).collect::<Vec<_>>(),
        [Some(before.id()), Some(after.id())]
    );
}

#[tokio::test]
async fn an_answer_is_held_by_the_clock_before_or_after_the_effect() {
    let (sim, clock) = with_clock().await;
    let (alicia, message) = greeting(&sim);
    for has_effect in [false, true] {
        let before = alicia.chat().len();
        let fault = Fault::slow(20).times(1);
        let slow = sim.inject(if has_effect { fault.after_effect() } else { fault });
        let caller = sim.clone();
        let params = message.clone();
        let answer = tokio::spawn(async move { call(&caller, "sendMessage", params).await });
        slow.strikes(1).await.expect("it is called");
        if has_effect {
            alicia
                .hears("Buenas tardes")
                .await
                .expect("the effect is there at once");
        }
        clock.advance(TimeDelta::seconds(19)).expect("it moves");
        // A call of another chat goes through all the while.
        result(&sim, "getMe", json!({})).await;
        assert!(!answer.is_finished());
        assert_eq!(alicia.chat().len(), before + usize::from(has_effect));
        clock.advance(TimeDelta::seconds(1)).expect("it moves");
        assert_eq!(answer.await.expect("it answers").status, 200);
        assert_eq!(alicia.chat().len(), before + 1);
        alicia.sends("gracias").expect("she may");
    }
}

#[tokio::test]
async fn a_slow_call_has_its_effect_although_the_caller_has_hung_up() {
    let (sim, clock) = with_clock().await;
    let (alicia, message) = greeting(&sim);
    let slow = sim.inject(Fault::slow(20).times(1));
    let caller = sim.clone();
    let answer = tokio::spawn(async move { call(&caller, "sendMessage", message).await });
    slow.strikes(1).await.expect("it is called");
    answer.abort();
    assert!(answer.await.is_err());
    clock.advance(TimeDelta::seconds(20)).expect("it moves");
    alicia.hears("Buenas tardes").await.expect("it comes");
}

#[tokio::test]
async fn stopping_ends_what_is_held() {
    let (sim, _) = with_clock().await;
    let slow = sim.inject(Fault::slow(20));
    let caller = sim.clone();
    let answer = tokio::spawn(async move { call(&caller, "getMe", json!({})).await });
    slow.strikes(1).await.expect("it is called");
    sim.stop().await;
    assert_eq!(answer.await.expect("it answers").status, 500);
}

#[tokio::test]
async fn a_fault_befalls_only_what_it_names_and_is_counted() {
    let sim = start().await;
    let (alicia, message) = greeting(&sim);
    let bruno = sim.person("Bruno");
    bruno.sends("hola").expect("he may");
    let to_bruno = json!({ "chat_id": bruno.id(), "text": "Buenas tardes" });
    let fault = sim.inject(Fault::flood(1).on("SENDMESSAGE").in_chat(alicia.id()).times(2));
    let any = sim.inject(Fault::error(500, "Internal Server Error").in_chat(alicia.id()));
    let typing = json!({ "chat_id": alicia.id(), "message_id": 1, "text": "x" });
    assert_eq!(call(&sim, "sendMessage", to_bruno).await.status, 200);
    assert_eq!(call(&sim, "editMessageText", typing.clone()).await.status, 500);
    assert_eq!(call(&sim, "getMe", json!({})).await.status, 200);
    for expected in [429, 429, 500] {
        assert_eq!(call(&sim, "sendMessage", message.clone()).await.status, expected);
    }
    assert_eq!((fault.applied(), any.applied()), (2, 2));
    let listed = sim.faults();
    assert_eq!(
        listed
            .iter()
            .map(|state| (state.id, state.applied))
            .collect::<Vec<_>>(),
        [(fault.id(), 2), (any.id(), 2)]
    );

    assert!(any.remove() && !any.remove());
    assert_eq!(call(&sim, "sendMessage", message.clone()).await.status, 200);
    assert_eq!(any.applied(), 0);
    assert!(any.strikes(1).await.is_err(), "it is gone");
    sim.inject(Fault::error(400, "Bad Request: x"));
    sim.clear_faults();
    assert_eq!(call(&sim, "sendMessage", message).await.status, 200);
    assert!(sim.faults().is_empty());
}

#[tokio::test]
#[should_panic(expected = "400 to 599")]
async fn an_error_is_no_success() {
    start().await.inject(Fault::error(200, "OK"));
}

#[tokio::test]
async fn a_delivery_to_a_webhook_times_out_on_demand() {
    let (sim, clock) = with_clock().await;
    let mut hook = Hook::set(&sim).await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    let before = sim.inject(Fault::webhook_timeout().in_chat(alicia.id()).times(1));
    alicia.sends("uno").expect("she may");
    before.strikes(1).await.expect("it is tried");
    bruno.sends("dos").expect("he may");
    let request = hook.next().await;
    assert_eq!(request.what(), "dos", "only her chat is concerned");
    request.takes();
    attempted(&sim, 1).await;
    clock.advance(TimeDelta::seconds(60)).expect("it moves");
    let request = hook.next().await;
    assert_eq!(request.what(), "uno", "the first failure is made good at once");
    request.takes();
    attempted(&sim, 3).await;

    let after = sim.inject(Fault::webhook_timeout().after_effect().times(1));
    alicia.sends("tres").expect("she may");
    let request = hook.next().await;
    assert_eq!((request.what().as_str(), after.applied()), ("tres", 1));
    request.takes();
    clock.advance(TimeDelta::seconds(60)).expect("it moves");
    let again = hook.next().await;
    assert_eq!(again.what(), "tres", "its answer was lost");
    let info = result(&sim, "getWebhookInfo", json!({})).await;
    assert_eq!(info["last_error_message"], "Read timeout expired");
    assert_eq!(info["last_error_date"], clock.now().timestamp());
    again.takes();
}

#[tokio::test]
async fn faults_over_http() {
    let sim = start().await;
    let (alicia, message) = greeting(&sim);
    let sim_call = async |verb: &str, route: &str, body: Value| {
        let body = body.to_string();
        let answer = request(
            &sim,
            verb,
            &format!("/sim{route}"),
            "application/json",
            body.as_bytes(),
        )
        .await;
        (answer.status, answer.json())
    };
    let flood = json!({ "kind": "flood", "retry_after": 3, "method": "sendMessage", "chat": alicia.id(),
                        "times": 1, "after_effect": false });
    let (status, injected) = sim_call("POST", "/faults", flood.clone()).await;
    assert_eq!((status, &injected), (200, &json!({ "id": 1 })));
    assert_eq!(call(&sim, "sendMessage", message.clone()).await.status, 429);
    assert_eq!(
        sim_call("GET", "/faults/1/applied?times=1&timeout=5", json!({})).await,
        (200, json!({ "applied": 1 }))
    );
    assert_eq!(
        sim_call("GET", "/faults/1/applied?times=2&timeout=0.01", json!({}))
            .await
            .0,
        408
    );
    assert_eq!(
        sim_call("GET", "/faults", json!({})).await.1,
        json!([{ "id": 1, "fault": flood, "applied": 1, "spared": 0 }])
    );
    for fault in [
        json!({ "kind": "error", "code": 500, "description": "Internal Server Error" }),
        json!({ "kind": "migrated", "migrate_to_chat_id": -5 }),
        json!({ "kind": "html", "code": 502 }),
        json!({ "kind": "slow", "seconds": 1 }),
        json!({ "kind": "cut", "after_effect": true }),
        json!({ "kind": "webhook_timeout" }),
    ] {
        assert_eq!(sim_call("POST", "/faults", fault.clone()).await.0, 200, "{fault}");
    }
    assert_eq!(sim.faults().len(), 7);
    let refused = sim_call("POST", "/faults", json!({ "kind": "html", "code": 200 })).await;
    assert_eq!(refused.0, 400);
    assert_eq!(sim_call("DELETE", "/faults/2", json!({})).await.0, 200);
    assert_eq!(sim_call("DELETE", "/faults/2", json!({})).await.0, 404);
    assert_eq!(sim_call("GET", "/faults/2/applied", json!({})).await.0, 404);
    assert_eq!(sim_call("DELETE", "/faults", json!({})).await.0, 200);
    assert_eq!(call(&sim, "sendMessage", message).await.status, 200);
}

#[tokio::test]
async fn the_first_calls_can_be_spared() {
    let sim = start().await;
    let second = sim.inject(Fault::flood(3).on("getMe").sparing(1).times(1));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(call(&sim, "getMe", json!({})).await.status);
    }
    assert_eq!(statuses, [200, 429, 200]);
    assert_eq!((second.applied(), sim.faults()[0].spared), (1, 1));
}

#[tokio::test]
async fn a_chat_is_the_same_under_its_username() {
    let sim = start().await;
    let diana = sim.person("Diana");
    let public = NewRoom {
        username: Some("casa_abierta".into()),
        ..NewRoom::channel("Casa")
    };
    let house = sim.room(public, &diana).expect("the name is free");
    diana
        .promotes(&house, sim.bot().id, Rights::all())
        .expect("it is hers");
    let fault = sim.inject(Fault::flood(5).in_chat(house.id()));
    for chat in [json!("@Casa_Abierta"), json!(house.id())] {
        let post = json!({ "chat_id": chat, "text": "x" });
        assert_eq!(call(&sim, "sendMessage", post).await.status, 429);
    }
    let nobody = json!({ "chat_id": "@nadie_aqui", "text": "x" });
    assert_eq!(call(&sim, "sendMessage", nobody).await.status, 400);
    assert_eq!(fault.applied(), 2);
}
