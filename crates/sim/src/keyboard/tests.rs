use super::*;

fn refusal(markup: &str) -> String {
    parse(markup)
        .and_then(|m| m.map_or(Ok(None), |markup| markup.check(Place::Private)))
        .expect_err("must be refused")
        .description
}

#[test]
fn refusals_are_worded_as_telegram_does() {
    let inline = |button: &str| format!("{{\"inline_keyboard\":[[{button}]]}}");
    let table = [
        ("{".into(), "can't parse reply keyboard markup JSON object"),
        ("null".into(), "object expected as reply markup"),
        ("[]".into(), "object expected as reply markup"),
        (
            r#"{"keyboard":1}"#.into(),
            "field \"keyboard\" must be of type Array",
        ),
        (
            r#"{"keyboard":["x"]}"#.into(),
            "field \"keyboard\" must be an Array of Arrays",
        ),
        (
            r#"{"inline_keyboard":{}}"#.into(),
            "field \"inline_keyboard\" must be of type Array",
        ),
        (
            r#"{"inline_keyboard":[1]}"#.into(),
            "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays",
        ),
        (
            inline("1"),
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
        ),
        (
            inline("{}"),
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            inline(r#"{"text":null}"#),
            "can't parse inline keyboard button: Field \"text\" must be of type String",
        ),
        (
            inline(r#"{"text":"a","style":"pink"}"#),
            "can't parse inline keyboard button: invalid button style specified",
        ),
        (
            inline(r#"{"text":"a","callback_data":""}"#),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            inline(r#"{"text":"a","pay":"yes"}"#),
            "can't parse inline keyboard button: Field \"pay\" must be of type Boolean",
        ),
        (
            inline(r#"{"text":"a","web_app":1}"#),
            "can't parse inline keyboard button: Field \"web_app\" must be of type Object",
        ),
        (
            r#"{"keyboard":[[1]]}"#.into(),
            "can't parse keyboard button: KeyboardButton must be a String or an Object",
        ),
        (
            inline(r#"{"text":"a","url":"localhost"}"#),
            "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL",
        ),
        (
            inline(r#"{"text":"a","url":"ftp://a.b"}"#),
            "inline keyboard button URL 'ftp://a.b' is invalid: Unsupported URL protocol",
        ),
        (
            inline(r#"{"text":"a","web_app":{"url":"http://a.b"}}"#),
            "inline keyboard button Web App URL 'http://a.b' is invalid: Only HTTPS links are allowed",
        ),
    ];
    for (markup, wording) in table {
        assert_eq!(refusal(&markup), format!("Bad Request: {wording}"), "{markup}");
    }
}

#[test]
fn limits_of_the_data_centre() {
    let limits = |button: Value| {
        let markup = json!({ "inline_keyboard": [[button]] }).to_string();
        let markup = parse(&markup)
            .unwrap()
            .unwrap()
            .check(Place::Private)
            .unwrap()
            .unwrap();
        markup.check_limits(Place::Private).map_err(|e| e.description)
    };
    assert_eq!(
        limits(json!({ "text": "a", "callback_data": "x".repeat(64) })),
        Ok(())
    );
    let refused = |code: &str| Err(format!("Bad Request: {code}"));
    assert_eq!(
        limits(json!({ "text": "a", "callback_data": "ñ".repeat(33) })),
        refused("BUTTON_DATA_INVALID")
    );
    assert_eq!(
        limits(json!({ "text": "a", "copy_text": { "text": "x".repeat(257) } })),
        refused("BUTTON_COPY_TEXT_INVALID")
    );
    assert_eq!(
        limits(json!({ "text": "a", "pay": true })),
        refused("BUTTON_TYPE_INVALID")
    );
}

#[test]
fn the_first_action_wins_and_empty_ones_do_not_count() {
    let markup = parse(
        r#"{"inline_keyboard":[[{"text":"a","url":"","pay":false,"callback_data":"x","copy_text":{"text":"c"}}],[]]}"#,
    );
    let Ok(Some(Markup::InlineKeyboard(rows))) = markup else {
        panic!("{markup:?}")
    };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0][0].action, ButtonAction::Callback("x".into()));
}

#[test]
fn of_several_kinds_one_counts_and_nothing_is_nothing() {
    for nothing in [
        "",
        "{}",
        r#"{"inline_keyboard":[]}"#,
        r#"{"keyboard":[[]]}"#,
        r#"{"force_reply":false}"#,
    ] {
        assert_eq!(parse(nothing), Ok(None), "{nothing}");
    }
    let both =
        r#"{"inline_keyboard":[[{"text":"a","callback_data":"x"}]],"keyboard":[["b"]],"force_reply":true}"#;
    assert_eq!(parse(both), Ok(Some(Markup::Keyboard(vec![vec!["b".into()]]))));
    assert_eq!(
        parse(r#"{"force_reply":true,"remove_keyboard":true}"#),
        Ok(Some(Markup::RemoveKeyboard))
    );
}

#[test]
fn too_many_buttons_are_cut_off_and_empty_ones_dropped() {
    let row: Vec<Value> = (0..13)
        .map(|i| json!({ "text": i.to_string(), "callback_data": "x" }))
        .collect();
    let markup = json!({ "inline_keyboard": vec![row; 30] }).to_string();
    let Ok(Some(Markup::InlineKeyboard(rows))) = parse(&markup).unwrap().unwrap().check(Place::Private)
    else {
        panic!()
    };
    assert!(rows.iter().all(|row| row.len() == 12));
    assert_eq!(rows.iter().flatten().count(), 300);
    let nameless = r#"{"inline_keyboard":[[{"text":"","callback_data":"x"}]]}"#;
    assert_eq!(parse(nameless).unwrap().unwrap().check(Place::Private), Ok(None));
}

#[test]
fn a_button_is_written_as_the_bot_api_has_it() {
    let markup = parse(r#"{"inline_keyboard":[[{"text":"a","url":"Example.com","style":"Danger"}]]}"#);
    let markup = markup.unwrap().unwrap().check(Place::Private).unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&markup).unwrap(),
        json!({ "inline_keyboard": [[{ "text": "a", "style": "danger", "url": "http://example.com/" }]] })
    );
}
