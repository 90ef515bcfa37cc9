//! setMyCommands and getMyCommands.

use serde_json::{Value, json};

use crate::client::{result, start};
use crate::methods::check;

#[tokio::test]
async fn commands() {
    let sim = start().await;
    let alicia = sim.person("Alicia");
    let one = |command: &str, description: &str| json!([{ "command": command, "description": description }]);
    let scope = |scope: Value| json!({ "commands": [], "scope": scope });
    check(
        &sim,
        "setMyCommands",
        [
            (
                json!({ "commands": "{" }),
                "Bad Request: can't parse commands JSON object",
            ),
            (
                json!({ "commands": {} }),
                "Bad Request: expected an Array of BotCommand",
            ),
            (
                json!({ "commands": [1] }),
                "Bad Request: can't parse BotCommand: expected an Object",
            ),
            (
                json!({ "commands": [{}] }),
                "Bad Request: can't parse BotCommand: Can't find field \"command\"",
            ),
            (
                json!({ "commands": one("/", "x") }),
                "Bad Request: command must be non-empty",
            ),
            (
                json!({ "commands": one(&"x".repeat(33), "x") }),
                "Bad Request: command length must not exceed 32",
            ),
            (
                json!({ "commands": one("x", " ") }),
                "Bad Request: command description must be non-empty",
            ),
            (
                json!({ "commands": one("x", &"x".repeat(257)) }),
                "Bad Request: command description length must not exceed 256",
            ),
            (
                json!({ "commands": one("Start", "x") }),
                "Bad Request: BOT_COMMAND_INVALID",
            ),
            (
                json!({ "commands": vec![json!({ "command": "x", "description": "x" }); 101] }),
                "Bad Request: BOT_COMMANDS_TOO_MUCH",
            ),
            (
                scope(json!("{")),
                "Bad Request: can't parse BotCommandScope JSON object",
            ),
            (
                scope(json!(1)),
                "Bad Request: can't parse BotCommandScope: BotCommandScope must be an Object",
            ),
            (
                scope(json!({})),
                "Bad Request: can't parse BotCommandScope: Can't find field \"type\"",
            ),
            (
                scope(json!({ "type": "everywhere" })),
                "Bad Request: can't parse BotCommandScope: Unsupported type specified",
            ),
            (
                scope(json!({ "type": "chat" })),
                "Bad Request: can't parse BotCommandScope: Can't find field \"chat_id\"",
            ),
            (
                scope(json!({ "type": "chat", "chat_id": "" })),
                "Bad Request: can't parse BotCommandScope: Empty chat_id specified",
            ),
            (
                scope(json!({ "type": "chat_member", "chat_id": 5, "user_id": 0 })),
                "Bad Request: can't parse BotCommandScope: Invalid user_id specified",
            ),
            (
                scope(json!({ "type": "chat", "chat_id": alicia.id() })),
                "Bad Request: chat not found",
            ),
            (
                json!({ "commands": [], "language_code": "ES" }),
                "Bad Request: invalid language code specified",
            ),
        ],
    )
    .await;
    alicia.sends("/start").expect("she may");
    let in_chat = json!({ "type": "chat", "chat_id": alicia.id() });
    let administrators = json!({ "type": "chat_administrators", "chat_id": alicia.id() });
    check(
        &sim,
        "setMyCommands",
        [(
            scope(administrators),
            "Bad Request: can't use specified scope in private chats",
        )],
    )
    .await;
    let set = [
        (json!({ "commands": one("/start", "Empezar") }), json!({})),
        (
            json!({ "commands": one("admin", "Panel"), "scope": in_chat }),
            json!({ "scope": in_chat }),
        ),
        (
            json!({ "commands": one("help", "Help"), "scope": { "type": "all_private_chats" }, "language_code": "en" }),
            json!({ "scope": { "type": "all_private_chats" }, "language_code": "en" }),
        ),
    ];
    for (commands, _) in &set {
        assert_eq!(result(&sim, "setMyCommands", commands.clone()).await, true);
    }
    let names = ["start", "admin", "help"];
    for ((_, query), name) in set.iter().zip(names) {
        assert_eq!(
            result(&sim, "getMyCommands", query.clone()).await[0]["command"],
            name
        );
    }
    assert_eq!(
        result(&sim, "getMyCommands", json!({ "language_code": "es" })).await,
        json!([])
    );
    result(&sim, "setMyCommands", json!({ "commands": [] })).await;
    assert_eq!(result(&sim, "getMyCommands", json!({})).await, json!([]));
}
