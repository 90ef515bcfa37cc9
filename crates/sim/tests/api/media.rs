//! Files: sent, sent again, downloaded; and what is refused about them.

use frankenstein::response::MethodResponse;
use frankenstein::types::{File, Message};
use frankenstein::updates::{Update, UpdateContent};
use serde_json::{Value, json};
use sim::{MediaKind, NewBot, NewMedia, Options, Person, Sim};

use crate::client::{Answer, call, request, result, start, updates};
use crate::decoding::round_trip;
use crate::methods::check;

/// The beginning of a picture, and text.
pub(crate) const PICTURE: &str = "GIF89a-picture";

/// Calls a method of the first bot with text fields and files: field, file name, content.
pub(crate) async fn upload(
    sim: &Sim,
    method: &str,
    fields: &[(&str, String)],
    files: &[(&str, &str, &str)],
) -> Answer {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    for (name, file, content) in files {
        body += &format!(
            "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: application/pdf\r\n\r\n{content}\r\n"
        );
    }
    body += "--x--\r\n";
    let target = format!("/bot{}/{method}", sim.bot().token);
    request(
        sim,
        "POST",
        &target,
        "multipart/form-data; boundary=x",
        body.as_bytes(),
    )
    .await
}

pub(crate) async fn someone(sim: &Sim) -> Person {
    let alicia = sim.person("Alicia");
    alicia.sends("/start").expect("she may");
    updates(sim).await;
    alicia
}

async fn download(sim: &Sim, token: &str, path: &Value) -> Answer {
    let path = path.as_str().expect("a path");
    request(sim, "GET", &format!("/file/bot{token}/{path}"), "text/plain", b"").await
}

#[tokio::test]
async fn a_photo_is_sent_known_again_and_downloaded() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let fields = [
        ("chat_id", id.to_string()),
        ("caption", "Buenas <b>tardes</b>".into()),
        ("parse_mode", "HTML".into()),
        ("has_spoiler", "true".into()),
        ("show_caption_above_media", "true".into()),
        (
            "reply_markup",
            json!({ "inline_keyboard": [[{ "text": "Sí", "callback_data": "y" }]] }).to_string(),
        ),
    ];
    let sent = upload(&sim, "sendPhoto", &fields, &[("photo", "x.gif", PICTURE)])
        .await
        .json();
    let message = round_trip::<MethodResponse<Message>>(&sent).result;
    assert_eq!(message.caption.as_deref(), Some("Buenas tardes"));
    assert_eq!(message.caption_entities.map(|entities| entities.len()), Some(1));
    assert_eq!(
        (message.has_media_spoiler, message.show_caption_above_media),
        (Some(true), Some(true))
    );
    let photo = &sent["result"]["photo"];
    let largest = photo
        .as_array()
        .and_then(|sizes| sizes.last())
        .expect("it has sizes");
    assert_eq!(largest["file_size"], PICTURE.len());
    let file_id = &largest["file_id"];

    let file = call(&sim, "getFile", json!({ "file_id": file_id })).await.json();
    round_trip::<MethodResponse<File>>(&file);
    let path = &file["result"]["file_path"];
    assert_eq!(file["result"]["file_id"], *file_id);
    let content = download(&sim, &sim.bot().token, path).await;
    assert_eq!((content.status, content.body.as_str()), (200, PICTURE));

    let again = json!({ "chat_id": id, "photo": file_id });
    let again = result(&sim, "sendPhoto", again).await;
    assert_eq!(again["photo"], *photo, "the same names for the same file");
    assert!(again.get("caption").is_none());

    let shown = &alicia.chat()[1];
    let media = shown.media.as_ref().expect("a picture");
    assert_eq!(
        (media.kind, media.has_spoiler, media.is_text_above),
        (MediaKind::Photo, true, true)
    );
    assert_eq!(shown.html, "Buenas <b>tardes</b>");
    alicia.hears("Buenas tardes").await.expect("captions are heard");
    let drawn = "Alicia: /start\nStand-in: [photo] Buenas tardes\n    [ Sí ]\nStand-in: [photo]\n";
    assert_eq!(alicia.transcript(), drawn);
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn each_bot_knows_a_file_by_names_of_its_own() {
    let sim = start().await;
    let second = NewBot {
        username: "second_bot".into(),
        reads_all_messages: true,
        ..NewBot::default()
    };
    let second = sim.add_bot(second).expect("the name is free");
    let alicia = someone(&sim).await;
    let room = sim.supergroup("Sala", &alicia);
    for bot in [sim.bot().id, second.id] {
        alicia
            .promotes(&room, bot, sim::Rights::least())
            .expect("she may");
    }
    updates(&sim).await;
    alicia
        .sends_media_in(&room, NewMedia::document("a.pdf", "x"))
        .expect("she may");
    let ours = updates(&sim).await[0]["message"]["document"].clone();
    let target = format!("/bot{}/getUpdates", second.token);
    let theirs = request(&sim, "GET", &target, "", b"").await.json();
    let theirs = theirs["result"]
        .as_array()
        .and_then(|updates| updates.last())
        .expect("a message")["message"]["document"]
        .clone();
    assert_eq!(ours["file_unique_id"], theirs["file_unique_id"]);
    assert_ne!(ours["file_id"], theirs["file_id"]);
    let id = alicia.id();
    let (ours, theirs) = (&ours["file_id"], &theirs["file_id"]);
    check(
        &sim,
        "sendDocument",
        [(
            json!({ "chat_id": id, "document": theirs }),
            "Bad Request: wrong file identifier/HTTP URL specified",
        )],
    )
    .await;
    let unavailable = "Bad Request: wrong file_id or the file is temporarily unavailable";
    check(&sim, "getFile", [(json!({ "file_id": theirs }), unavailable)]).await;

    let path = result(&sim, "getFile", json!({ "file_id": ours })).await["file_path"].clone();
    assert_eq!(download(&sim, &sim.bot().token, &path).await.body, "x");
    assert_eq!(download(&sim, &second.token, &path).await.status, 404);
    assert_eq!(download(&sim, "1:nobody", &path).await.status, 401);
    assert_eq!(
        download(&sim, &sim.bot().token, &json!("documents/x"))
            .await
            .description(),
        "Not Found"
    );
}

#[tokio::test]
async fn files_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    alicia
        .sends_media(NewMedia::document("a.pdf", "x"))
        .expect("she may");
    alicia.sends_media(NewMedia::photo(PICTURE)).expect("she may");
    let sent = updates(&sim).await;
    let document = &sent[0]["message"]["document"]["file_id"];
    let photo = &sent[1]["message"]["photo"][0]["file_id"];
    let none = |name: &str| format!("Bad Request: there is no {name} in the request");
    for (method, name) in [
        ("sendPhoto", "photo"),
        ("sendVideo", "video"),
        ("sendDocument", "document"),
    ] {
        check(
            &sim,
            method,
            [
                (json!({ "caption": "x", "parse_mode": "x" }), none(name).as_str()),
                (json!({ name: "attach://x", "parse_mode": "x" }), none(name).as_str()),
                (json!({ name: "x", "caption": "x", "parse_mode": "x" }), "Bad Request: unsupported parse_mode"),
                (json!({ name: "x", "caption": "x".repeat(32_769), "parse_mode": "x" }), "Bad Request: text is too long"),
                (
                    json!({ name: "x", "caption": "<b>", "parse_mode": "HTML", "reply_markup": 1 }),
                    "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
                ),
                (
                    json!({ name: "x", "caption": "x", "caption_entities": [{ "offset": 0, "length": 1 }] }),
                    "Bad Request: can't parse MessageEntity: Can't find field \"type\"",
                ),
                (json!({ name: "x", "reply_markup": 1 }), "Bad Request: object expected as reply markup"),
                (json!({ name: "x" }), "Bad Request: chat_id is empty"),
                (json!({ name: "x", "chat_id": 5 }), "Bad Request: chat not found"),
                (
                    json!({ name: "x", "chat_id": id, "reply_parameters": { "message_id": 77 } }),
                    "Bad Request: message to be replied not found",
                ),
                (
                    json!({ name: "ftp://x.com/a.jpg", "chat_id": id, "caption": "x".repeat(1025) }),
                    "Bad Request: invalid file HTTP URL specified: Unsupported URL protocol",
                ),
                (
                    json!({ name: "http://x.com:0/a.jpg", "chat_id": id }),
                    "Bad Request: invalid file HTTP URL specified: Wrong port number specified in the URL",
                ),
                (
                    json!({ name: "http:///a.jpg", "chat_id": id }),
                    "Bad Request: invalid file HTTP URL specified: URL host is empty",
                ),
                (
                    json!({ name: "ñAAA", "chat_id": id }),
                    "Bad Request: wrong remote file identifier specified: Wrong string length",
                ),
                (
                    json!({ name: "AA*A", "chat_id": id }),
                    "Bad Request: wrong remote file identifier specified: Wrong character in the string",
                ),
                (
                    json!({ name: "AAB", "chat_id": id }),
                    "Bad Request: wrong remote file identifier specified: Wrong padding in the string",
                ),
                (
                    json!({ name: "AAAE", "chat_id": id }),
                    "Bad Request: wrong remote file identifier specified: can't unserialize it",
                ),
                (
                    json!({ name: "AAAA", "chat_id": id }),
                    "Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong last symbol",
                ),
                (
                    json!({ name: "http://localhost/a.jpg", "chat_id": id, "caption": "x".repeat(1025) }),
                    "Bad Request: message caption is too long",
                ),
                (json!({ name: "http://localhost/a.jpg", "chat_id": id }), "Bad Request: failed to get HTTP URL content"),
            ],
        )
        .await;
    }
    let wrong_page = "Bad Request: wrong type of the web page content";
    check(
        &sim,
        "sendPhoto",
        [
            (
                json!({ "chat_id": id, "photo": document }),
                "Bad Request: can't use file of type Document as Photo",
            ),
            (
                json!({ "chat_id": id, "photo": "https://x.com/a.html?b" }),
                wrong_page,
            ),
        ],
    )
    .await;
    let as_document = json!({ "chat_id": id, "document": photo });
    check(
        &sim,
        "sendDocument",
        [(
            as_document,
            "Bad Request: can't use file of type Photo as Document",
        )],
    )
    .await;

    let to_alicia = [("chat_id", id.to_string())];
    for (name, content, wording) in [
        ("a.gif", "", "Bad Request: file must be non-empty"),
        (
            "a.pdf",
            PICTURE,
            "Bad Request: photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp",
        ),
        ("a.jpg", "no picture", "Bad Request: IMAGE_PROCESS_FAILED"),
    ] {
        let answer = upload(&sim, "sendPhoto", &to_alicia, &[("photo", name, content)]).await;
        assert_eq!(answer.description(), wording, "{name}");
    }
    assert!(alicia.last_message().is_none(), "nothing of this was sent");
}

#[tokio::test]
async fn what_is_written_has_to_be_utf8() {
    let sim = start().await;
    for (method, query, wording) in [
        (
            "sendMessage",
            "text=%ff",
            "Bad Request: strings must be encoded in UTF-8",
        ),
        (
            "sendMessage",
            "text=%ff&parse_mode=HTML",
            "Bad Request: text must be encoded in UTF-8",
        ),
        (
            "sendPhoto",
            "photo=x&caption=%ff",
            "Bad Request: strings must be encoded in UTF-8",
        ),
    ] {
        let target = format!("/bot{}/{method}?{query}", sim.bot().token);
        let answer = request(&sim, "GET", &target, "", b"").await;
        assert_eq!(answer.description(), wording, "{query}");
    }
}

#[tokio::test]
async fn films_and_documents_keep_what_was_said_of_them() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    let film = json!({ "chat_id": id, "video": "https://x.com/clip.mp4", "width": 640, "height": 360, "duration": 12 });
    let film = result(&sim, "sendVideo", film).await;
    round_trip::<Message>(&film);
    let video = &film["video"];
    assert_eq!(
        (&video["width"], &video["duration"], &video["file_name"]),
        (&json!(640), &json!(12), &json!("clip.mp4"))
    );
    assert!(video.get("file_size").is_none(), "nobody has looked");
    let unavailable = "Bad Request: wrong file_id or the file is temporarily unavailable";
    check(
        &sim,
        "getFile",
        [(json!({ "file_id": video["file_id"] }), unavailable)],
    )
    .await;

    let as_document = json!({ "chat_id": id, "document": video["file_id"] });
    let as_document = result(&sim, "sendDocument", as_document).await;
    assert_eq!(as_document["video"], *video, "a known file stays what it is");

    let part = [("chat_id", id.to_string()), ("document", "attach://part".into())];
    let bill = upload(&sim, "sendDocument", &part, &[("part", "cuenta.pdf", "%PDF")])
        .await
        .json();
    round_trip::<MethodResponse<Message>>(&bill);
    let bill = &bill["result"]["document"];
    assert_eq!(
        (&bill["file_name"], &bill["mime_type"]),
        (&json!("cuenta.pdf"), &json!("application/pdf"))
    );
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn albums_are_checked_in_order() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let id = alicia.id();
    alicia
        .sends_media(NewMedia::document("a.pdf", "x"))
        .expect("she may");
    alicia
        .sends_media(NewMedia::new(MediaKind::Animation, "x"))
        .expect("she may");
    let sent = updates(&sim).await;
    let animation = &sent[1]["message"]["animation"]["file_id"];
    let photo = |url: &str| json!({ "type": "photo", "media": url });
    let one = |item: Value| json!({ "chat_id": id, "media": [item] });
    let bad = |x: &str| format!("Bad Request: can't parse InputMedia: {x}");
    let dead = "http://localhost/a.jpg";
    let table = [
        (json!({ "reply_parameters": "{" }), "Bad Request: can't parse reply parameters JSON object".into()),
        (json!({ "chat_id": id }), "Bad Request: parameter \"media\" is required".into()),
        (json!({ "media": "[" }), "Bad Request: can't parse media JSON object".into()),
        (json!({ "media": {} }), "Bad Request: expected an Array of InputMedia".into()),
        (one(json!(1)), bad("expected an Object")),
        (one(json!({})), bad("Can't find field \"type\"")),
        (one(json!({ "type": "photo", "media": true })), bad("Field \"media\" must be of type String")),
        (one(json!({ "type": "photo" })), bad("media not found")),
        (one(json!({ "type": "photo", "media": "attach://x" })), bad("media not found")),
        (one(json!({ "type": "photo", "media": "x", "has_spoiler": 1 })), bad("Field \"has_spoiler\" must be of type Boolean")),
        (one(json!({ "type": "photo", "media": "x", "caption": "x", "parse_mode": "x" })), bad("Unsupported parse_mode")),
        (
            one(json!({ "type": "photo", "media": "x", "caption": "<p>", "parse_mode": "HTML" })),
            bad("Can't parse entities: Unsupported start tag \"p\" at byte offset 0"),
        ),
        (one(json!({ "type": "animation", "media": "x" })), bad("type \"animation\" can't be used in sendMediaGroup")),
        (one(json!({ "type": "voice", "media": "x" })), bad("type \"voice\" is unsupported")),
        (json!({ "media": [] }), "Bad Request: chat_id is empty".into()),
        (json!({ "media": [], "chat_id": 5 }), "Bad Request: chat not found".into()),
        (json!({ "media": [], "chat_id": id }), "Bad Request: there are no messages to send".into()),
        (
            json!({ "media": vec![photo("x"); 11], "chat_id": id }),
            "Bad Request: too many messages to send as an album".into(),
        ),
        (
            json!({ "media": [photo(dead), { "type": "document", "media": "AAAA" }], "chat_id": id }),
            "Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong last symbol".into(),
        ),
        (
            one(json!({ "type": "photo", "media": dead, "caption": "x".repeat(1025) })),
            "Bad Request: message caption is too long".into(),
        ),
        (
            json!({ "media": [photo(dead), { "type": "document", "media": dead }], "chat_id": id }),
            "Bad Request: document can't be mixed with other media types".into(),
        ),
        (
            json!({ "media": [{ "type": "audio", "media": dead }, { "type": "video", "media": dead }], "chat_id": id }),
            "Bad Request: audio can't be mixed with other media types".into(),
        ),
        (
            json!({ "media": [photo(dead), { "type": "photo", "media": dead, "show_caption_above_media": true }], "chat_id": id }),
            "Bad Request: parameter show_caption_above_media must be the same for all messages".into(),
        ),
        (
            json!({ "media": [photo("https://x.com/a.jpg"), photo(dead)], "chat_id": id }),
            "Bad Request: failed to send message #2 with the error message \"Failed to get HTTP URL content\"".into(),
        ),
        (
            one(json!({ "type": "video", "media": animation })),
            "Bad Request: can't use the media of the specified type in the album".into(),
        ),
    ];
    check(
        &sim,
        "sendMediaGroup",
        table
            .iter()
            .map(|(params, wording)| (params.clone(), wording.as_str())),
    )
    .await;
    assert!(alicia.last_message().is_none(), "nothing of this was sent");
}

#[tokio::test]
async fn an_album_is_one_message_for_each_file() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let media = json!([
        { "type": "photo", "media": "attach://one", "caption": "Uno", "has_spoiler": true },
        { "type": "video", "media": "https://x.com/a.mp4", "width": 8, "height": "6", "duration": 7 },
    ]);
    let fields = [("chat_id", alicia.id().to_string()), ("media", media.to_string())];
    let sent = upload(&sim, "sendMediaGroup", &fields, &[("one", "a.gif", PICTURE)])
        .await
        .json();
    let messages = round_trip::<MethodResponse<Vec<Message>>>(&sent).result;
    assert_eq!(messages.len(), 2);
    assert!(messages[0].media_group_id.is_some());
    assert_eq!(messages[0].media_group_id, messages[1].media_group_id);
    assert_eq!(
        (messages[0].caption.as_deref(), messages[1].caption.as_deref()),
        (Some("Uno"), None)
    );
    let video = messages[1].video.as_ref().expect("a film");
    assert_eq!((video.width, video.height, video.duration), (8, 6, 7));
    let albums: Vec<_> = alicia
        .chat()
        .into_iter()
        .filter_map(|entry| entry.media?.album)
        .collect();
    assert_eq!(albums.len(), 2);
    let music = json!([{ "type": "audio", "media": "https://x.com/a.mp3", "performer": "Ana", "title": "Vals", "duration": 3 }]);
    let music = call(
        &sim,
        "sendMediaGroup",
        json!({ "chat_id": alicia.id(), "media": music }),
    )
    .await
    .json();
    let music = round_trip::<MethodResponse<Vec<Message>>>(&music).result;
    assert!(music[0].media_group_id.is_none(), "one file is no album");
    assert_eq!(
        music[0]
            .audio
            .as_ref()
            .and_then(|audio| audio.title.clone())
            .as_deref(),
        Some("Vals")
    );
    assert!(sim.violations().is_empty(), "{:?}", sim.violations());
}

#[tokio::test]
async fn people_send_files() -> Result<(), Box<dyn std::error::Error>> {
    let sim = start().await;
    let alicia = someone(&sim).await;
    alicia.sends_media(NewMedia::photo("x").caption("/ayuda 😀"))?;
    for kind in [
        MediaKind::Video,
        MediaKind::Animation,
        MediaKind::Audio,
        MediaKind::Document,
    ] {
        alicia.sends_media(NewMedia::new(kind, "x"))?;
    }
    assert_eq!(alicia.sends_media(NewMedia::photo("")), Err(sim::Cannot::Empty));
    let long = NewMedia::photo("x").caption("x".repeat(1025));
    assert_eq!(alicia.sends_media(long), Err(sim::Cannot::TooLong));
    let updates = updates(&sim).await;
    let kinds: Vec<MediaKind> = updates
        .iter()
        .map(|update| {
            let UpdateContent::Message(message) = round_trip::<Update>(update).content else {
                panic!("{update}")
            };
            match *message {
                Message { photo: Some(_), .. } => MediaKind::Photo,
                Message { video: Some(_), .. } => MediaKind::Video,
                Message {
                    animation: Some(_),
                    document: Some(_),
                    ..
                } => MediaKind::Animation,
                Message { audio: Some(_), .. } => MediaKind::Audio,
                Message {
                    document: Some(_), ..
                } => MediaKind::Document,
                _ => panic!("{update}"),
            }
        })
        .collect();
    let all = [
        MediaKind::Photo,
        MediaKind::Video,
        MediaKind::Animation,
        MediaKind::Audio,
        MediaKind::Document,
    ];
    assert_eq!(kinds, all);
    assert_eq!(
        updates[0]["message"]["caption_entities"][0]["type"],
        "bot_command"
    );
    Ok(())
}

#[tokio::test]
async fn files_that_cannot_be_had() {
    let options = Options {
        cloud: true,
        ..Options::default()
    };
    let sim = Sim::start(options).await.expect("loopback has a free port");
    let alicia = someone(&sim).await;
    for size in [20 << 20, (20 << 20) + 1] {
        alicia
            .sends_media(NewMedia::document("a", vec![0; size]))
            .expect("she may");
    }
    let sent = updates(&sim).await;
    let large = |at: usize| json!({ "file_id": sent[at]["message"]["document"]["file_id"] });
    result(&sim, "getFile", large(0)).await;
    check(
        &sim,
        "getFile",
        [
            (json!({}), "Bad Request: file_id not specified"),
            (json!({ "file_id": "x" }), "Bad Request: invalid file_id"),
            (large(1), "Bad Request: file is too big"),
        ],
    )
    .await;
}

#[tokio::test]
async fn who_may_not_write_sends_no_files() {
    let sim = start().await;
    let alicia = someone(&sim).await;
    let group = sim.supergroup("Sala", &alicia);
    alicia.adds(&group, sim.bot().id).expect("she may");
    alicia.restricts(&group, sim.bot().id, None).expect("she may");
    let channel = sim.channel("Canal", &alicia);
    alicia
        .promotes(&channel, sim.bot().id, sim::Rights::least())
        .expect("she may");
    for (method, name, plural) in [
        ("sendPhoto", "photo", "photos"),
        ("sendVideo", "video", "videos"),
        ("sendDocument", "document", "documents"),
    ] {
        let wording = format!("Bad Request: not enough rights to send {plural} to the chat");
        check(
            &sim,
            method,
            [
                (json!({ "chat_id": group.id(), name: "x" }), wording.as_str()),
                (
                    json!({ "chat_id": channel.id(), name: "x" }),
                    "Bad Request: need administrator rights in the channel chat",
                ),
            ],
        )
        .await;
    }
    alicia.blocks_bot().expect("she may");
    let params = json!({ "chat_id": alicia.id(), "photo": "x.com/a.jpg" });
    check(
        &sim,
        "sendPhoto",
        [(params, "Forbidden: bot was blocked by the user")],
    )
    .await;
}
