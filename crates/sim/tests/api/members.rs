//! Members: every transition with its update, what a bot may ask and do, and the words of
//! refusals.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sim::{Cannot, Clock, NewLink, NewRoom, Options, Person, Rights, Room, Sim, Status};

use crate::bots::{call_as, second_bot, updates, updates_of};
use crate::client::{result, start};
use crate::methods::{check, refusal};

type Story = Result<(), Box<dyn std::error::Error>>;

/// A channel whose administrator the first bot is.
async fn with_channel() -> (Sim, Person, Room) {
    let sim = start().await;
    let diana = sim.person("Diana");
    let vip = sim
        .room(NewRoom::channel("VIP").username("vip_channel"), &diana)
        .expect("the name is free");
    diana
        .promotes(&vip, sim.bot().id, Rights::all())
        .expect("she owns it");
    updates(&sim).await;
    (sim, diana, vip)
}

/// The updates about memberships as `old→new by actor`.
fn moves(updates: &[Value]) -> Vec<String> {
    let member = |update: &Value| {
        let update = update
            .get("chat_member")
            .or(update.get("my_chat_member"))?
            .clone();
        let status = |which: &str| update[which]["status"].as_str().expect("a status").to_owned();
        let from = update["from"]["first_name"].as_str().expect("a name");
        Some(format!(
            "{}→{} by {from}",
            status("old_chat_member"),
            status("new_chat_member")
        ))
    };
    updates.iter().filter_map(member).collect()
}

#[tokio::test]
async fn every_transition_of_a_person() -> Story {
    let (sim, diana, vip) = with_channel().await;
    let alicia = sim.person("Alicia");
    let user = json!({ "chat_id": vip.id(), "user_id": alicia.id() });
    let link = diana.creates_link(&vip, NewLink::default())?;

    alicia.joins("@vip_channel")?;
    alicia.leaves(&vip)?;
    alicia.joins(&link)?;
    diana.removes(&vip, alicia.id())?;
    diana.adds(&vip, alicia.id())?;
    diana.promotes(&vip, alicia.id(), Rights::least())?;
    diana.demotes(&vip, alicia.id())?;
    diana.bans(&vip, alicia.id(), None)?;
    diana.unbans(&vip, alicia.id())?;
    alicia.joins("t.me/VIP_channel")?;
    result(&sim, "unbanChatMember", user.clone()).await;
    result(&sim, "banChatMember", user.clone()).await;
    result(&sim, "banChatMember", user.clone()).await;
    result(&sim, "unbanChatMember", user.clone()).await;
    result(&sim, "unbanChatMember", user.clone()).await;
    alicia.joins("@vip_channel")?;
    result(&sim, "banChatMember", user.clone()).await;
    let news = updates(&sim).await;
    assert!(
        news.iter().all(|update| update.get("chat_member").is_some()),
        "{news:?}"
    );
    assert_eq!(
        moves(&news),
        [
            "left→member by Alicia",
            "member→left by Alicia",
            "left→member by Alicia",
            "member→left by Diana",
            "left→member by Diana",
            "member→administrator by Diana",
            "administrator→member by Diana",
            "member→kicked by Diana",
            "kicked→left by Diana",
            "left→member by Alicia",
            "member→kicked by Stand-in",
            "kicked→left by Stand-in",
            "left→kicked by Stand-in",
            "kicked→left by Stand-in",
            "left→member by Alicia",
            "member→kicked by Stand-in",
        ]
    );
    let links: Vec<bool> = news
        .iter()
        .map(|update| update["chat_member"].get("invite_link").is_some())
        .collect();
    assert_eq!(links.iter().filter(|has| **has).count(), 1);
    let shown = news[2]["chat_member"]["invite_link"]["invite_link"]
        .as_str()
        .expect("a link");
    assert_eq!(
        shown,
        format!("{}...", &link[..shown.len() - 3]),
        "another's link comes cut"
    );
    assert_eq!(news[7]["chat_member"]["new_chat_member"]["until_date"], 0);
    assert_eq!(vip.status_of(alicia.id()), Status::Kicked { until: None });
    assert_eq!(alicia.joins(&link).unwrap_err(), Cannot::Banned);
    Ok(())
}

#[tokio::test]
async fn restrictions_in_supergroups() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let group = sim.supergroup("Sala", &diana);
    diana.promotes(&group, sim.bot().id, Rights::all())?;
    updates(&sim).await;
    diana.restricts(&group, alicia.id(), None)?;
    diana.unbans(&group, alicia.id()).unwrap_err();
    diana.bans(&group, alicia.id(), None)?;
    diana.unbans(&group, alicia.id())?;
    diana.adds(&group, alicia.id())?;
    diana.restricts(&group, alicia.id(), None)?;
    assert_eq!(alicia.writes_in(&group, "hola"), Err(Cannot::NoRight));
    alicia.leaves(&group)?;
    diana.adds(&group, alicia.id())?;
    let news = updates(&sim).await;
    assert_eq!(
        moves(&news),
        [
            "left→restricted by Diana",
            "restricted→kicked by Diana",
            "kicked→left by Diana",
            "left→member by Diana",
            "member→restricted by Diana",
            "restricted→restricted by Alicia",
            "restricted→restricted by Diana",
        ]
    );
    let members: Vec<&Value> = news
        .iter()
        .filter_map(|update| update.get("chat_member"))
        .map(|update| &update["new_chat_member"]["is_member"])
        .collect();
    let (none, yes, no) = (&Value::Null, &json!(true), &json!(false));
    assert_eq!(
        members,
        [no, none, none, none, yes, no, yes],
        "who comes back is still silent"
    );
    Ok(())
}

#[tokio::test]
async fn every_transition_of_the_bot() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let bot = sim.bot().id;
    let vip = sim.channel("VIP", &diana);
    let group = sim.supergroup("Sala", &diana);
    updates(&sim).await;
    assert_eq!(diana.adds(&vip, bot), Err(Cannot::NotHere));
    diana.promotes(&vip, bot, Rights::all())?;
    diana.promotes(&vip, bot, Rights::least())?;
    diana.promotes(&vip, bot, Rights::least())?;
    diana.demotes(&vip, bot)?;
    diana.promotes(&vip, bot, Rights::all())?;
    diana.bans(&vip, bot, None)?;
    diana.unbans(&vip, bot)?;
    diana.promotes(&vip, bot, Rights::all())?;
    assert_eq!(
        result(&sim, "leaveChat", json!({ "chat_id": vip.id() })).await,
        true
    );
    let news = updates(&sim).await;
    assert!(
        news.iter()
            .all(|update| update["my_chat_member"]["new_chat_member"]["user"]["id"] == bot)
    );
    assert_eq!(
        moves(&news),
        [
            "left→administrator by Diana",
            "administrator→administrator by Diana",
            "administrator→left by Diana",
            "left→administrator by Diana",
            "administrator→kicked by Diana",
            "kicked→left by Diana",
            "left→administrator by Diana",
            "administrator→left by Stand-in",
        ]
    );
    let rights = |at: usize| &news[at]["my_chat_member"]["new_chat_member"];
    assert_eq!(
        (
            &rights(0)["can_invite_users"],
            &rights(1)["can_invite_users"],
            &rights(0)["can_be_edited"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
    assert!(rights(0).get("can_pin_messages").is_none() && rights(0)["can_post_messages"] == true);

    diana.adds(&group, bot)?;
    diana.promotes(&group, bot, Rights::all())?;
    diana.demotes(&group, bot)?;
    let news = updates(&sim).await;
    assert_eq!(
        moves(&news),
        [
            "left→member by Diana",
            "member→administrator by Diana",
            "administrator→member by Diana"
        ]
    );
    Ok(())
}

#[tokio::test]
async fn chat_member_is_for_administrators_who_ask() -> Story {
    let sim = start().await;
    let diana = sim.person("Diana");
    let second = second_bot(&sim);
    let group = sim
        .room(NewRoom::supergroup("Sala").username("sala_group"), &diana)
        .expect("a room");
    diana.promotes(&group, sim.bot().id, Rights::least())?;
    diana.adds(&group, second.id)?;
    let count = |updates: &[Value]| updates.iter().filter(|u| u.get("chat_member").is_some()).count();
    sim.person("Alicia").joins("@sala_group")?;
    assert_eq!(count(&updates(&sim).await), 0, "it has not asked for them");
    updates_of(&sim, &second).await;
    sim.person("Bruno").joins("@sala_group")?;
    assert_eq!(count(&updates(&sim).await), 1);
    let news = updates_of(&sim, &second).await;
    assert_eq!(
        (count(&news), news.len()),
        (0, 1),
        "it is no administrator, and sees the message only: {news:?}"
    );
    Ok(())
}

#[tokio::test]
async fn bans_end_by_the_clock() -> Story {
    let start: DateTime<Utc> = "2026-03-01T08:00:00Z".parse()?;
    let clock = Clock::manual(start);
    let sim = Sim::start(Options {
        clock: clock.clone(),
        ..Options::default()
    })
    .await?;
    let diana = sim.person("Diana");
    let vip = sim
        .room(NewRoom::channel("VIP").username("vip_channel"), &diana)
        .expect("a room");
    diana.promotes(&vip, sim.bot().id, Rights::all())?;
    let alicia = sim.person("Alicia");
    alicia.sends("hola")?;
    for (seconds, lasts) in [
        (29, true),
        (30, false),
        (366 * 86_400, false),
        (366 * 86_400 + 1, true),
        (-60, true),
    ] {
        alicia.joins("@vip_channel")?;
        let until = (clock.now() + TimeDelta::seconds(seconds)).timestamp();
        let ban = json!({ "chat_id": vip.id(), "user_id": alicia.id(), "until_date": until });
        result(&sim, "banChatMember", ban).await;
        clock.advance(TimeDelta::seconds(seconds.max(60)))?;
        let member = result(
            &sim,
            "getChatMember",
            json!({ "chat_id": vip.id(), "user_id": alicia.id() }),
        )
        .await;
        assert_eq!(
            member["status"],
            if lasts { "kicked" } else { "left" },
            "{seconds}"
        );
        result(
            &sim,
            "unbanChatMember",
            json!({ "chat_id": vip.id(), "user_id": alicia.id() }),
        )
        .await;
    }
    Ok(())
}

#[tokio::test]
async fn what_bots_may_ask() -> Story {
    let (sim, diana, vip) = with_channel().await;
    let second = second_bot(&sim);
    let alicia = sim.person("Alicia");
    let bot = sim.bot().id;
    let of = |user: i64| json!({ "chat_id": vip.id(), "user_id": user });
    assert_eq!(
        result(&sim, "getChatMember", of(diana.id())).await["status"],
        "creator"
    );
    assert_eq!(
        result(&sim, "getChatMember", of(alicia.id())).await["status"],
        "left"
    );
    assert_eq!(
        result(&sim, "getChatMember", of(bot)).await["can_manage_voice_chats"],
        true
    );
    alicia.joins("@vip_channel")?;
    assert_eq!(
        result(&sim, "getChatMember", of(alicia.id())).await,
        json!({ "user": { "id": alicia.id(), "is_bot": false, "first_name": "Alicia" }, "status": "member" })
    );
    assert_eq!(result(&sim, "getChatMemberCount", of(0)).await, 3);
    assert_eq!(result(&sim, "getChatMembersCount", of(0)).await, 3);
    diana.promotes(&vip, second.id, Rights::least())?;
    let names = |list: &Value| -> Vec<Value> {
        list.as_array()
            .expect("an array")
            .iter()
            .map(|member| member["user"]["first_name"].clone())
            .collect()
    };
    let administrators = result(&sim, "getChatAdministrators", of(0)).await;
    assert_eq!(names(&administrators), ["Diana", "Stand-in"]);
    let all = json!({ "chat_id": vip.id(), "return_bots": true });
    assert_eq!(
        names(&result(&sim, "getChatAdministrators", all).await),
        ["Diana", "Stand-in", "Second"]
    );

    alicia.sends("hola")?;
    let private = |user: i64| json!({ "chat_id": alicia.id(), "user_id": user });
    assert_eq!(
        result(&sim, "getChatMember", private(alicia.id())).await["status"],
        "member"
    );
    assert_eq!(
        result(&sim, "getChatMember", private(bot)).await["user"]["id"],
        bot
    );
    assert_eq!(result(&sim, "getChatMemberCount", private(0)).await, 2);
    check(
        &sim,
        "getChatMember",
        [
            (of(0), "Bad Request: invalid user_id specified"),
            (
                json!({ "user_id": "x" }),
                "Bad Request: invalid user_id specified",
            ),
            (json!({ "user_id": 7 }), "Bad Request: chat_id is empty"),
            (
                json!({ "chat_id": 1, "user_id": 7 }),
                "Bad Request: chat not found",
            ),
            (of(404), "Bad Request: PARTICIPANT_ID_INVALID"),
            (private(diana.id()), "Bad Request: member not found"),
        ],
    )
    .await;
    check(
        &sim,
        "getChatAdministrators",
        [(
            private(0),
            "Bad Request: there are no administrators in the private chat",
        )],
    )
    .await;

    // A public channel in which the bot is nobody.
    diana.demotes(&vip, bot)?;
    let inaccessible = "Bad Request: member list is inaccessible";
    check(
        &sim,
        "getChatMember",
        [(of(alicia.id()), inaccessible), (of(bot), inaccessible)],
    )
    .await;
    check(&sim, "getChatAdministrators", [(of(0), inaccessible)]).await;
    Ok(())
}

#[tokio::test]
async fn hidden_members() -> Story {
    let sim = start().await;
    let (diana, alicia) = (sim.person("Diana"), sim.person("Alicia"));
    let profile = NewRoom {
        has_hidden_members: true,
        ..NewRoom::supergroup("Sala")
    };
    let group = sim.room(profile, &diana).expect("a room");
    diana.adds(&group, sim.bot().id)?;
    diana.adds(&group, alicia.id())?;
    let of = |user: i64| json!({ "chat_id": group.id(), "user_id": user });
    assert_eq!(
        refusal(&sim, "getChatMember", of(alicia.id())).await,
        "Bad Request: CHAT_ADMIN_REQUIRED"
    );
    assert_eq!(
        result(&sim, "getChatMember", of(sim.bot().id)).await["status"],
        "member"
    );
    assert_eq!(
        result(&sim, "getChatAdministrators", of(0)).await[0]["status"],
        "creator"
    );
    diana.promotes(&group, sim.bot().id, Rights::least())?;
    assert_eq!(
        result(&sim, "getChatMember", of(alicia.id())).await["status"],
        "member"
    );
    Ok(())
}

#[tokio::test]
async fn bans_and_their_refusals() -> Story {
    let (sim, diana, vip) = with_channel().await;
    let (alicia, bruno) = (sim.person("Alicia"), sim.person("Bruno"));
    bruno.sends("hola")?;
    let group = sim.group("Grupo", &diana);
    diana.promotes(&group, sim.bot().id, Rights::all())?;
    diana.adds(&group, alicia.id())?;
    diana.promotes(&vip, alicia.id(), Rights::least())?;
    let of = |chat: i64, user: i64| json!({ "chat_id": chat, "user_id": user });
    let table = [
        (of(vip.id(), -5), "Bad Request: invalid user_id specified"),
        (json!({ "user_id": 5 }), "Bad Request: chat_id is empty"),
        (of(vip.id(), diana.id()), "Bad Request: can't remove chat owner"),
        (of(vip.id(), sim.bot().id), "Bad Request: can't restrict self"),
        (
            of(vip.id(), alicia.id()),
            "Bad Request: user is an administrator of the chat",
        ),
        (of(vip.id(), 404), "Bad Request: PARTICIPANT_ID_INVALID"),
    ];
    check(&sim, "banChatMember", table).await;
    check(
        &sim,
        "banChatMember",
        [(
            of(bruno.id(), alicia.id()),
            "Bad Request: can't ban members in private chats",
        )],
    )
    .await;
    let only = "Bad Request: method is available for supergroup and channel chats only";
    check(
        &sim,
        "unbanChatMember",
        [
            (of(bruno.id(), alicia.id()), only),
            (of(group.id(), alicia.id()), only),
            (
                of(vip.id(), alicia.id()),
                "Bad Request: user is an administrator of the chat",
            ),
        ],
    )
    .await;
    check(
        &sim,
        "leaveChat",
        [
            (of(bruno.id(), 0), "Bad Request: can't leave private chats"),
            (of(5, 0), "Bad Request: chat not found"),
        ],
    )
    .await;

    // Basic groups know no bans.
    updates(&sim).await;
    result(&sim, "kickChatMember", of(group.id(), alicia.id())).await;
    assert_eq!(moves(&updates(&sim).await), ["member→left by Stand-in"]);

    // only_if_banned spares members, and asks for no right.
    bruno.joins("@vip_channel")?;
    diana.promotes(
        &vip,
        sim.bot().id,
        Rights {
            can_restrict_members: false,
            ..Rights::all()
        },
    )?;
    let spared = json!({ "chat_id": vip.id(), "user_id": bruno.id(), "only_if_banned": true });
    assert_eq!(result(&sim, "unbanChatMember", spared).await, true);
    assert_eq!(vip.status_of(bruno.id()), Status::Member);
    let no_right = "Bad Request: not enough rights to restrict/unrestrict chat member";
    for method in ["banChatMember", "unbanChatMember"] {
        assert_eq!(
            refusal(&sim, method, of(vip.id(), bruno.id())).await,
            no_right,
            "{method}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn commands_by_chat() -> Story {
    let (sim, diana, vip) = with_channel().await;
    let group = sim.supergroup("Sala", &diana);
    let scope =
        |kind: &str, chat: &Room| json!({ "type": kind, "chat_id": chat.id(), "user_id": diana.id() });
    let commands = json!([{ "command": "x", "description": "x" }]);
    for kind in ["chat", "chat_administrators", "chat_member"] {
        let in_channel = json!({ "commands": commands, "scope": scope(kind, &vip) });
        let in_group = json!({ "commands": commands, "scope": scope(kind, &group) });
        check(
            &sim,
            "setMyCommands",
            [
                (in_channel, "Bad Request: can't change commands in channel chats"),
                (in_group, "Bad Request: chat not found"),
            ],
        )
        .await;
    }
    diana.adds(&group, sim.bot().id)?;
    for kind in ["chat", "chat_administrators", "chat_member"] {
        let scope = scope(kind, &group);
        result(
            &sim,
            "setMyCommands",
            json!({ "commands": commands, "scope": scope }),
        )
        .await;
        assert_eq!(
            result(&sim, "getMyCommands", json!({ "scope": scope })).await,
            commands,
            "{kind}"
        );
        assert_eq!(
            result(&sim, "deleteMyCommands", json!({ "scope": scope })).await,
            true
        );
        assert_eq!(
            result(&sim, "getMyCommands", json!({ "scope": scope })).await,
            json!([]),
            "{kind}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn people_run_channels_too() -> Story {
    let (sim, diana, vip) = with_channel().await;
    let (alicia, bruno, carla) = (sim.person("Alicia"), sim.person("Bruno"), sim.person("Carla"));
    alicia.joins("@vip_channel")?;
    assert_eq!(alicia.writes_in(&vip, "hola"), Err(Cannot::NoRight));
    assert_eq!(alicia.bans(&vip, diana.id(), None), Err(Cannot::NoRight));
    assert_eq!(bruno.leaves(&vip), Err(Cannot::NotIn));
    assert_eq!(diana.leaves(&vip), Err(Cannot::NoRight));
    diana.promotes(&vip, alicia.id(), Rights::all())?;
    diana.promotes(&vip, bruno.id(), Rights::all())?;
    assert_eq!(
        alicia.bans(&vip, bruno.id(), None),
        Err(Cannot::NoRight),
        "Diana made him one"
    );
    alicia.adds(&vip, carla.id())?;
    alicia.promotes(&vip, carla.id(), Rights::least())?;
    alicia.bans(&vip, carla.id(), None)?;
    assert_eq!(alicia.adds(&vip, 404), Err(Cannot::NotThere));
    assert_eq!(alicia.joins("@vip_channel").unwrap_err(), Cannot::AlreadyIn);
    assert_eq!(
        alicia.joins("https://t.me/+nowhere").unwrap_err(),
        Cannot::BadLink
    );
    alicia.deactivates()?;
    assert_eq!(alicia.writes_in(&vip, "hola"), Err(Cannot::Deactivated));
    assert!(
        vip.transcript()
            .ends_with("· Carla is now, by Alicia: kicked\n· Alicia is gone\n")
    );
    let seen = sim.until("Carla to be gone", |view| {
        let room = view.room(vip.id())?;
        (!room.status_of(carla.id()).is_present()).then(|| room.member_count())
    });
    assert_eq!(seen.await?, 4);
    let second = second_bot(&sim);
    diana.promotes(&vip, second.id, Rights::all())?;
    let ban = json!({ "chat_id": vip.id(), "user_id": bruno.id() });
    let answer = call_as(&sim, &second, "banChatMember", ban).await;
    assert_eq!(
        answer.description(),
        "Bad Request: user is an administrator of the chat"
    );
    Ok(())
}
