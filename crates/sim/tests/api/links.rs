//! Invite links: what they let in and until when, and the words of refusals.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sim::{Cannot, Clock, NewLink, Options, Person, Rights, Room, Sim};

use crate::bots::{call_as, second_bot, updates};
use crate::client::result;
use crate::methods::{check, refusal};

type Story = Result<(), Box<dyn std::error::Error>>;

async fn with_channel() -> (Sim, Clock, Person, Room) {
    let start: DateTime<Utc> = "2026-03-01T08:00:00Z".parse().expect("a time");
    let clock = Clock::manual(start);
    let options = Options {
        clock: clock.clone(),
        ..Options::default()
    };
    let sim = Sim::start(options).await.expect("loopback has a free port");
    let diana = sim.person("Diana");
    let vip = sim.channel("VIP", &diana);
    diana
        .promotes(&vip, sim.bot().id, Rights::all())
        .expect("she owns it");
    updates(&sim).await;
    (sim, clock, diana, vip)
}

fn address(link: &Value) -> String {
    link["invite_link"].as_str().expect("a link").to_owned()
}

#[tokio::test]
async fn a_link_lets_in_so_many_for_so_long() -> Story {
    let (sim, clock, diana, vip) = with_channel().await;
    let expires = clock.now().timestamp() + 3600;
    let long_name = format!("{}€", "ñ".repeat(32));
    let terms = json!({ "chat_id": vip.id(), "name": long_name, "expire_date": expires, "member_limit": 1 });
    let link = result(&sim, "createChatInviteLink", terms).await;
    let bot = sim.bot();
    let creator =
        json!({ "id": bot.id, "is_bot": true, "first_name": bot.first_name, "username": bot.username });
    assert_eq!(
        link,
        json!({ "invite_link": link["invite_link"], "creator": creator, "creates_join_request": false,
            "is_primary": false, "is_revoked": false, "name": "ñ".repeat(32), "expire_date": expires, "member_limit": 1 })
    );
    let url = address(&link);
    assert_eq!((url.len(), url.starts_with("https://t.me/+")), (30, true));

    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    assert_eq!(alicia.asks_to_join(&url).unwrap_err(), Cannot::NeedNotAsk);
    assert_eq!(alicia.joins(&url)?.id(), vip.id());
    assert_eq!(bruno.joins(&url).unwrap_err(), Cannot::BadLink, "it is used up");
    alicia.leaves(&vip)?;
    assert_eq!(
        bruno.joins(&url).unwrap_err(),
        Cannot::BadLink,
        "leaving frees no place"
    );
    let news = updates(&sim).await;
    assert_eq!(
        news[0]["chat_member"]["invite_link"], link,
        "the bot's own link comes whole"
    );
    assert!(news[1]["chat_member"].get("invite_link").is_none());

    // Editing sets everything anew.
    let edit = json!({ "chat_id": vip.id(), "invite_link": url, "expire_date": expires });
    let edited = result(&sim, "editChatInviteLink", edit).await;
    assert_eq!((edited.get("name"), edited.get("member_limit")), (None, None));
    bruno.reaches_room_limit()?;
    assert_eq!(bruno.joins(&url).unwrap_err(), Cannot::TooManyRooms);
    bruno.falls_below_room_limit()?;
    clock.advance(TimeDelta::seconds(3600))?;
    assert_eq!(bruno.joins(&url).unwrap_err(), Cannot::BadLink, "it has expired");
    let shown = &vip.links()[0];
    assert_eq!(
        (shown.is_revoked, shown.joined, shown.creator),
        (false, 1, bot.id)
    );

    let forever = json!({ "chat_id": vip.id(), "invite_link": url });
    result(&sim, "editChatInviteLink", forever.clone()).await;
    bruno.joins(&url)?;
    let revoked = result(&sim, "revokeChatInviteLink", forever).await;
    assert_eq!(revoked["is_revoked"], true);
    assert_eq!(sim.person("Carla").joins(&url).unwrap_err(), Cannot::BadLink);
    assert!(vip.status_of(bruno.id()).is_present(), "who is in stays in");

    let own = diana.creates_link(
        &vip,
        NewLink {
            member_limit: 1,
            ..NewLink::default()
        },
    )?;
    diana.revokes_link(&vip, &own)?;
    assert_eq!(sim.person("Carla").joins(&own).unwrap_err(), Cannot::BadLink);
    Ok(())
}

#[tokio::test]
async fn every_administrator_has_a_standing_link() -> Story {
    let (sim, _, diana, vip) = with_channel().await;
    let second = second_bot(&sim);
    diana.promotes(&vip, second.id, Rights::all())?;
    let chat = json!({ "chat_id": vip.id() });
    let first = result(&sim, "exportChatInviteLink", chat.clone()).await;
    assert_eq!(result(&sim, "getChat", chat.clone()).await["invite_link"], first);
    let others = call_as(&sim, &second, "exportChatInviteLink", chat.clone())
        .await
        .json()["result"]
        .take();
    let next = result(&sim, "exportChatInviteLink", chat.clone()).await;
    let revoked = |url: &Value| {
        let links = vip.links();
        links
            .iter()
            .find(|link| *url == link.address)
            .map(|link| link.is_revoked)
    };
    assert_eq!(
        (revoked(&first), revoked(&others), revoked(&next)),
        (Some(true), Some(false), Some(false))
    );

    let with = |url: &Value| json!({ "chat_id": vip.id(), "invite_link": url });
    check(
        &sim,
        "editChatInviteLink",
        [
            (with(&next), "Bad Request: CHAT_INVITE_PERMANENT"),
            (with(&first), "Bad Request: INVITE_HASH_EXPIRED"),
        ],
    )
    .await;
    let gone = result(&sim, "revokeChatInviteLink", with(&next)).await;
    assert_eq!(
        (&gone["is_primary"], &gone["is_revoked"]),
        (&json!(true), &json!(true))
    );
    let fresh = result(&sim, "getChat", chat).await["invite_link"].clone();
    assert!(
        fresh != next && revoked(&fresh) == Some(false),
        "another takes its place"
    );
    Ok(())
}

#[tokio::test]
async fn refusals() -> Story {
    let (sim, clock, diana, vip) = with_channel().await;
    let alicia = sim.person("Alicia");
    alicia.sends("hola")?;
    let chat = |id: i64| json!({ "chat_id": id });
    let both = |id: i64| json!({ "chat_id": id, "creates_join_request": true, "member_limit": 5 });
    let conflict = "Bad Request: member limit can't be specified for links requiring administrator approval";
    let private = "Bad Request: can't invite members to a private chat";
    check(
        &sim,
        "createChatInviteLink",
        [
            (json!({}), "Bad Request: chat_id is empty"),
            (both(alicia.id()), conflict),
            (chat(alicia.id()), private),
            (both(vip.id()), conflict),
            (
                json!({ "chat_id": vip.id(), "expire_date": clock.now().timestamp() - 1 }),
                "Bad Request: EXPIRE_DATE_INVALID",
            ),
        ],
    )
    .await;
    let link = address(&result(&sim, "createChatInviteLink", chat(vip.id())).await);
    let empty = "Bad Request: invite link must be non-empty";
    let unknown = json!({ "chat_id": vip.id(), "invite_link": "https://t.me/+unknown" });
    check(
        &sim,
        "editChatInviteLink",
        [
            (both(alicia.id()), private),
            (both(vip.id()), conflict),
            (chat(vip.id()), empty),
            (unknown.clone(), "Bad Request: INVITE_HASH_EXPIRED"),
            (
                json!({ "chat_id": vip.id(), "invite_link": link, "expire_date": 5 }),
                "Bad Request: EXPIRE_DATE_INVALID",
            ),
        ],
    )
    .await;
    check(
        &sim,
        "revokeChatInviteLink",
        [
            (chat(alicia.id()), private),
            (chat(vip.id()), empty),
            (unknown, "Bad Request: INVITE_HASH_EXPIRED"),
        ],
    )
    .await;
    check(&sim, "exportChatInviteLink", [(chat(alicia.id()), private)]).await;

    diana.promotes(
        &vip,
        sim.bot().id,
        Rights {
            can_invite_users: false,
            ..Rights::all()
        },
    )?;
    let no_right = "Bad Request: not enough rights to manage chat invite link";
    for method in [
        "createChatInviteLink",
        "editChatInviteLink",
        "revokeChatInviteLink",
        "exportChatInviteLink",
    ] {
        assert_eq!(refusal(&sim, method, chat(vip.id())).await, no_right, "{method}");
    }
    assert_eq!(
        refusal(&sim, "createChatInviteLink", both(vip.id())).await,
        conflict
    );
    assert_eq!(
        refusal(&sim, "editChatInviteLink", both(vip.id())).await,
        no_right
    );
    Ok(())
}
