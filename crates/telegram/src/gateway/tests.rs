use chrono::DateTime;
use domain::clock::TestClock;
use domain::id::{BotId, ChatId, MessageId, UserId};
use serde_json::{Value, json};
use voice::messages::UnknownCommand;
use voice::{Button, Choice, CommandId, LabelId, Screen, Specimen, ToastId, Voice};

use super::*;
use crate::Verdict;
use crate::address::WebhookSecret;
use crate::chat::{InviteUrl, Rights, Status};
use crate::fake::{FakeApi, TOKEN, token};
use crate::limiter::{ANSWER_BURST, Lane};
use crate::payload::Payload;
use crate::update::CallbackQueryId;

const INES: ChatId = ChatId(42);
const CHANNEL: ChatId = ChatId(-1_001_234_567_890);
const PERSON: UserId = UserId(42);

#[derive(Debug)]
struct Tap;

impl Payload for Tap {
    fn encode(&self) -> String {
        "tap".to_owned()
    }

    fn decode(data: &str) -> Option<Self> {
        (data == "tap").then_some(Self)
    }
}

fn voice() -> Voice {
    Voice::builtin(chrono_tz::Tz::UTC, Choice::seeded(1))
}

fn screen() -> Screen<Tap> {
    let voice = voice();
    let text = voice.show(&Specimen::of(&UnknownCommand), 0).expect("it renders");
    Screen::new(text).row([Button::action(voice.label(LabelId::FreeContent), Tap)])
}

/// A gateway before a Bot API that answers as told.
struct Bench {
    api: FakeApi,
    clock: TestClock,
    gateway: Gateway,
}

impl Bench {
    async fn new() -> Self {
        let api = FakeApi::start().await;
        let clock = TestClock::new(DateTime::from_timestamp(1_790_000_000, 0).expect("in range"));
        let gateway =
            Gateway::new(&api.address, &token(), Arc::new(clock.clone()), Rates::default()).expect("TLS");
        Self { api, clock, gateway }
    }

    async fn send(&self, lane: Lane, chat: ChatId) -> Result<MessageId, ApiError> {
        self.api
            .grants(json!({ "message_id": 5, "chat": "of no interest" }));
        let sent = self.gateway.send(lane, chat, &screen()).await;
        if matches!(sent, Err(ApiError::Held { .. })) {
            assert_eq!(self.api.calls(), [], "what is held back is not sent");
            self.api.forgets();
        }
        sent
    }

    /// The only call since the last look.
    fn call(&self) -> (String, Value) {
        let mut calls = self.api.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

fn held<T: std::fmt::Debug>(result: Result<T, ApiError>) -> i64 {
    match result {
        Err(ApiError::Held { wait, .. }) => wait.num_milliseconds(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages() {
    let bench = Bench::new().await;
    assert_eq!(bench.send(Lane::Answer, INES).await, Ok(MessageId(5)));
    let (method, params) = bench.call();
    assert_eq!(method, "sendMessage");
    assert_eq!(
        (&params["chat_id"], &params["parse_mode"]),
        (&json!(42), &json!("HTML"))
    );
    assert_eq!(params["link_preview_options"], json!({ "is_disabled": true }));
    assert_eq!(
        params["reply_markup"]["inline_keyboard"][0][0]["callback_data"],
        "tap"
    );

    let unchanged = "Bad Request: message is not modified: specified new message content and reply markup are exactly the same";
    bench.api.refuses(400, unchanged);
    assert_eq!(bench.gateway.edit(INES, MessageId(5), &screen()).await, Ok(()));
    assert_eq!(bench.call().0, "editMessageText");
    bench.api.refuses(400, "Bad Request: message to edit not found");
    let gone = bench
        .gateway
        .edit(INES, MessageId(5), &screen())
        .await
        .unwrap_err();
    assert!(gone.is_message_gone());

    bench.api.refuses(400, "Bad Request: message to delete not found");
    assert_eq!(bench.gateway.delete_message(INES, MessageId(5)).await, Ok(()));
    bench.api.refuses(400, "Bad Request: message can't be deleted");
    assert!(bench.gateway.delete_message(INES, MessageId(5)).await.is_err());
    bench.api.calls();
    assert_eq!(bench.gateway.show_typing(INES).await, Ok(()));
    assert_eq!(
        bench.call(),
        (
            "sendChatAction".to_owned(),
            json!({ "chat_id": 42, "action": "typing" })
        )
    );
}

#[tokio::test]
async fn taps() {
    let bench = Bench::new().await;
    let tap = CallbackQueryId("9".to_owned());
    let note = TapAnswer::Alert(voice().toast(ToastId::MembersOnly));
    assert_eq!(bench.gateway.answer_callback_query(&tap, &note).await, Ok(()));
    let (method, params) = bench.call();
    assert_eq!(
        (method.as_str(), &params["show_alert"]),
        ("answerCallbackQuery", &json!(true))
    );
    let too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    bench.api.refuses(400, too_old);
    assert_eq!(
        bench
            .gateway
            .answer_callback_query(&tap, &TapAnswer::Silent)
            .await,
        Ok(())
    );
}

#[tokio::test]
async fn membership() {
    let bench = Bench::new().await;
    let gateway = &bench.gateway;
    let about = json!({ "chat_id": CHANNEL, "user_id": PERSON });
    let name = |method: &str| method.to_owned();

    gateway.approve_chat_join_request(CHANNEL, PERSON).await.unwrap();
    assert_eq!(bench.call(), (name("approveChatJoinRequest"), about.clone()));
    gateway.decline_chat_join_request(CHANNEL, PERSON).await.unwrap();
    assert_eq!(bench.call(), (name("declineChatJoinRequest"), about.clone()));
    gateway.ban_chat_member(CHANNEL, PERSON).await.unwrap();
    assert_eq!(bench.call(), (name("banChatMember"), about.clone()));
    bench.clock.advance(TimeDelta::seconds(1));
    gateway.lift_ban(CHANNEL, PERSON).await.unwrap();
    gateway.remove_chat_member(CHANNEL, PERSON).await.unwrap();
    let unbans: Vec<Value> = bench
        .api
        .calls()
        .into_iter()
        .map(|(_, p)| p["only_if_banned"].clone())
        .collect();
    assert_eq!(unbans, [json!(true), json!(false)]);
}

#[tokio::test]
async fn standing() {
    let bench = Bench::new().await;
    bench.api.grants(json!({
        "status": "administrator", "user": { "id": 99, "is_bot": true, "first_name": "Lucien" },
        "can_invite_users": true, "can_be_edited": false, "custom_title": "mayordomo",
    }));
    let own = bench.gateway.get_own_standing(CHANNEL, BotId(99)).await.unwrap();
    let rights = Rights {
        invite_users: true,
        ..Rights::NONE
    };
    assert_eq!(
        (own.who.id, own.status),
        (UserId(99), Status::Administrator(rights))
    );
    assert_eq!(
        bench.call(),
        (
            "getChatMember".to_owned(),
            json!({ "chat_id": CHANNEL, "user_id": 99 })
        )
    );

    bench.api.refuses(400, "Bad Request: member list is inaccessible");
    let error = bench.gateway.get_chat_member(CHANNEL, PERSON).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::NoRights);

    bench.api.grants(json!({
        "id": CHANNEL, "type": "channel", "title": "El Diván", "accent_color_id": 3, "max_reaction_count": 11,
    }));
    let chat = bench.gateway.get_chat(CHANNEL).await.unwrap();
    assert_eq!((chat.title.as_deref(), chat.username), (Some("El Diván"), None));
    bench.api.grants(json!({
        "id": CHANNEL, "type": "channel", "title": "El Patio", "username": "el_patio",
    }));
    let chat = bench.gateway.get_chat(CHANNEL).await.unwrap();
    assert_eq!(chat.username.as_deref(), Some("el_patio"));

    bench.api.calls();
    bench.api.grants(json!(31));
    assert_eq!(bench.gateway.get_chat_member_count(CHANNEL).await, Ok(31));
    let count = ("getChatMemberCount".to_owned(), json!({ "chat_id": CHANNEL }));
    assert_eq!(bench.call(), count);
}

#[tokio::test]
async fn clocks_are_compared_with_every_answer_of_the_bot_api() {
    let bench = Bench::new().await;
    let gateway = &bench.gateway;
    assert_eq!(gateway.clock_skew(), None, "nothing was asked yet");
    let away = |minutes| bench.clock.now() + TimeDelta::minutes(minutes);

    bench.api.shows(away(0));
    gateway.show_typing(INES).await.unwrap();
    assert_eq!(gateway.clock_skew(), Some(TimeDelta::zero()));

    // A refusal tells the time, too.
    bench.api.shows(away(7));
    bench.api.refuses(400, "Bad Request: chat not found");
    assert!(gateway.show_typing(INES).await.is_err());
    assert_eq!(gateway.clock_skew(), Some(TimeDelta::minutes(-7)));
    // So does a poll.
    bench.api.shows(away(-7));
    bench.api.grants(json!([]));
    gateway
        .get_updates(None, std::time::Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(gateway.clock_skew(), Some(TimeDelta::seconds(7 * 60 - 1)));

    // What stands before the Bot API has a clock of its own.
    bench.api.shows(away(60));
    bench.api.says(502, "<html>502</html>");
    bench.api.says(200, "<html>a portal</html>");
    assert!(gateway.show_typing(INES).await.is_err());
    assert!(gateway.show_typing(INES).await.is_err());
    assert_eq!(gateway.clock_skew(), Some(TimeDelta::seconds(7 * 60 - 1)));

    bench.clock.advance(TimeDelta::minutes(11));
    assert_eq!(gateway.clock_skew(), None, "that was long ago");
}

#[tokio::test]
async fn links() {
    let bench = Bench::new().await;
    let raw = json!({
        "invite_link": "https://t.me/+secreto", "creator": { "id": 99, "is_bot": true, "first_name": "Lucien" },
        "creates_join_request": true, "is_primary": false, "is_revoked": false, "name": "L31",
    });
    bench.api.grants(raw.clone());
    let wanted = NewLink {
        name: "L31",
        expires: DateTime::from_timestamp(1_790_086_400, 0),
        admission: Admission::ByRequest,
    };
    let link = bench
        .gateway
        .create_chat_invite_link(CHANNEL, &wanted)
        .await
        .unwrap();
    assert_eq!(
        (link.url.as_str(), link.creator),
        ("https://t.me/+secreto", UserId(99))
    );
    let (method, params) = bench.call();
    assert_eq!(method, "createChatInviteLink");
    assert_eq!(
        params,
        json!({ "chat_id": CHANNEL, "name": "L31", "expire_date": 1_790_086_400, "creates_join_request": true })
    );

    bench.api.grants(raw);
    let limited = NewLink {
        expires: None,
        admission: Admission::First(1),
        ..wanted
    };
    bench
        .gateway
        .create_chat_invite_link(CHANNEL, &limited)
        .await
        .unwrap();
    assert_eq!(
        bench.call().1,
        json!({ "chat_id": CHANNEL, "name": "L31", "member_limit": 1, "creates_join_request": false })
    );

    let url = InviteUrl("https://t.me/+secreto".to_owned());
    bench.api.refuses(400, "Bad Request: INVITE_HASH_EXPIRED");
    assert_eq!(bench.gateway.revoke_chat_invite_link(CHANNEL, &url).await, Ok(()));
    assert_eq!(
        bench.call().1,
        json!({ "chat_id": CHANNEL, "invite_link": url.as_str() })
    );
}

#[tokio::test]
async fn the_bot_itself() {
    let bench = Bench::new().await;
    let gateway = &bench.gateway;
    bench
        .api
        .grants(json!({ "id": 99, "is_bot": true, "username": "lucien_bot", "can_fly": true }));
    assert_eq!(gateway.get_me().await.unwrap().username, "lucien_bot");
    bench.api.calls();

    let secret = WebhookSecret::parse("un_secreto").unwrap();
    let webhook = Webhook {
        url: &"https://lucien.example/webhook".parse().unwrap(),
        secret: &secret,
        max_connections: 40,
    };
    assert!(!format!("{webhook:?}").contains("un_secreto"));
    gateway.set_webhook(&webhook).await.unwrap();
    let (method, params) = bench.call();
    assert_eq!(method, "setWebhook");
    assert_eq!(
        params,
        json!({
            "url": "https://lucien.example/webhook", "secret_token": "un_secreto", "max_connections": 40,
            "drop_pending_updates": false,
            "allowed_updates": ["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"],
        })
    );

    bench.api.grants(json!({
        "url": "https://lucien.example/webhook", "has_custom_certificate": false, "pending_update_count": 3,
        "last_error_date": 1_790_000_000, "last_error_message": "Connection refused",
    }));
    let info = gateway.get_webhook_info().await.unwrap();
    assert_eq!(
        (info.pending_update_count, info.last_error_at()),
        (3, DateTime::from_timestamp(1_790_000_000, 0))
    );
    bench
        .api
        .grants(json!({ "url": "", "has_custom_certificate": false, "pending_update_count": 0 }));
    assert_eq!(gateway.get_webhook_info().await.unwrap(), WebhookInfo::default());
    bench.api.calls();

    gateway.delete_webhook().await.unwrap();
    assert_eq!(
        bench.call(),
        (
            "deleteWebhook".to_owned(),
            json!({ "drop_pending_updates": false })
        )
    );
    let commands: Vec<_> = CommandId::ALL.iter().map(|id| voice().command(*id)).collect();
    gateway
        .set_my_commands(CommandScope::Chat(INES), &commands)
        .await
        .unwrap();
    let (method, params) = bench.call();
    assert_eq!(
        (method.as_str(), &params["scope"]),
        ("setMyCommands", &json!({ "type": "chat", "chat_id": 42 }))
    );
    gateway
        .delete_my_commands(CommandScope::AllPrivateChats)
        .await
        .unwrap();
    assert_eq!(
        bench.call(),
        (
            "deleteMyCommands".to_owned(),
            json!({ "scope": { "type": "all_private_chats" } })
        )
    );
}

#[tokio::test]
async fn what_comes_too_early_is_not_sent() {
    let bench = Bench::new().await;
    for _ in 0..ANSWER_BURST {
        bench.send(Lane::Answer, INES).await.unwrap();
    }
    bench.api.calls();
    let error = bench.send(Lane::Answer, INES).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Retry(Some(TimeDelta::seconds(1))));
    assert_eq!(held(bench.send(Lane::Answer, INES).await), 2_000);
    bench.clock.advance(TimeDelta::seconds(1));
    bench.send(Lane::Answer, INES).await.unwrap();
    bench.send(Lane::Notice, INES).await.unwrap();
    bench.api.calls();
    assert_eq!(held(bench.send(Lane::Broadcast, INES).await), 1_000);
}

#[tokio::test]
async fn a_429_pauses_its_chat_and_never_the_answer_to_a_tap() {
    let bench = Bench::new().await;
    bench.api.floods(3);
    let error = bench
        .gateway
        .send(Lane::Answer, INES, &screen())
        .await
        .unwrap_err();
    let wait = TimeDelta::milliseconds(3_100);
    assert_eq!(error.verdict(), Verdict::Retry(Some(wait)));
    bench.api.calls();
    assert_eq!(
        held(bench.gateway.edit(INES, MessageId(1), &screen()).await),
        3_100
    );
    assert_eq!(
        bench.send(Lane::Answer, ChatId(43)).await,
        Ok(MessageId(5)),
        "others go on"
    );

    bench.api.floods(5);
    bench
        .gateway
        .send(Lane::Notice, CHANNEL, &screen())
        .await
        .unwrap_err();
    bench.api.calls();
    assert_eq!(
        held(bench.send(Lane::Answer, ChatId(43)).await),
        5_100,
        "everything rests"
    );
    assert!(held(bench.gateway.get_me().await) >= 5_100);
    let tap = CallbackQueryId("9".to_owned());
    bench
        .gateway
        .answer_callback_query(&tap, &TapAnswer::Silent)
        .await
        .unwrap();
    bench.gateway.show_typing(INES).await.unwrap();

    bench.clock.advance(wait * 2);
    bench.send(Lane::Answer, INES).await.unwrap();
}

#[tokio::test]
async fn no_more_than_64_answers_are_under_way() {
    let bench = Bench::new().await;
    let permits: Vec<_> = (0..IN_FLIGHT)
        .map(|_| bench.gateway.take_off("sendMessage").unwrap())
        .collect();
    assert_eq!(held(bench.send(Lane::Answer, INES).await), 100);
    bench.send(Lane::Notice, INES).await.unwrap();
    bench.gateway.edit(INES, MessageId(1), &screen()).await.unwrap();
    drop(permits);
    bench.send(Lane::Answer, INES).await.unwrap();
}

#[tokio::test]
async fn answers_of_another_shape_are_no_answers() {
    let bench = Bench::new().await;
    let cases = [
        (
            502,
            "<html>Bad Gateway</html>",
            "HTTP 502 Bad Gateway without the Bot API's JSON",
        ),
        (413, "", "HTTP 413 Payload Too Large without the Bot API's JSON"),
        (
            200,
            r#"{"ok":true,"result":{"id":"secreto"}}"#,
            "an answer of another shape: something missing or of another type at line 1 column 35",
        ),
    ];
    for (status, body, cause) in cases {
        bench.api.says(status, body);
        let error = bench.gateway.get_me().await.unwrap_err();
        assert_eq!(error.to_string(), format!("getMe: no answer ({cause})"));
        assert_eq!(error.verdict(), Verdict::Retry(None));
    }
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_log() {
    let secret = TOKEN.split(':').nth(1).expect("two parts");
    let hides = |shown: String| {
        assert!(!shown.contains(secret), "{shown}");
    };
    let bench = Bench::new().await;
    hides(format!("{:?}", bench.gateway));
    bench
        .api
        .refuses(404, &format!("Not Found: no such path /bot{TOKEN}/getMe"));
    let refused = bench.gateway.get_me().await.unwrap_err();
    hides(format!("{refused} {refused:?}"));
    bench.api.says(500, &format!("<html>/bot{TOKEN}/getMe</html>"));
    let no_json = bench.gateway.get_me().await.unwrap_err();
    hides(format!("{no_json} {no_json:?}"));

    // Nobody listens there any more.
    let address = bench.api.address.clone();
    let gateway = bench.gateway.clone();
    bench.api.closes().await;
    let unreachable = gateway.get_me().await.unwrap_err();
    let silent = matches!(
        unreachable,
        ApiError::NoAnswer { .. } | ApiError::Unreached { .. }
    );
    assert!(silent, "{address}");
    hides(format!("{unreachable} {unreachable:?}"));
    // The connections of before are gone by now.
    let unreached = gateway.get_me().await.unwrap_err();
    assert!(matches!(unreached, ApiError::Unreached { .. }), "{unreached:?}");
    hides(format!("{unreached} {unreached:?}"));
}
