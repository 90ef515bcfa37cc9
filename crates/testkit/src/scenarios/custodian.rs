//! The custodian's panel: what is needed to start.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::channel::Channel;
use domain::id::{ChatId, TokenId, UserId};
use domain::notice::Notice;
use domain::plan::NewPlan;
use domain::token::{InvitationCode, InvitationState};
use sim::{ButtonAction, Entry, Fault, Markup, MediaKind, MessageAt, NewMedia, Person, Rights, Room};
use store::plans::Which;
use store::{bot_config, channels, dialogues, invitations, people, plans, settings};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["custodian":
    the_panel_leads_everywhere_and_back,
    a_panel_is_for_the_private_chat,
    strangers_are_refused_on_every_route,
    a_channel_is_set_up_by_a_forwarded_post,
    what_is_no_post_of_a_channel_is_refused_with_the_reason,
    each_right_that_is_missing_is_named,
    one_channel_cannot_be_both,
    a_hostile_title_is_shown_as_it_is,
    a_members_channel_in_the_place_of_another_is_told_so,
    a_channel_that_telegram_does_not_show_is_shown_from_memory,
    a_dialogue_is_left_by_its_button_and_by_any_command,
    a_plan_is_made_step_by_step,
    what_is_no_answer_is_told_what_would_be_one,
    two_taps_make_one_plan,
    a_name_taken_meanwhile_is_asked_for_again,
    what_is_said_to_a_question_puts_it_again,
    an_invitation_is_issued_and_opens,
    two_taps_issue_one_invitation,
    a_plan_that_is_gone_cannot_be_chosen,
    each_notice_has_a_switch,
    a_question_expires_after_a_day,
    an_answer_that_fails_is_repeated_and_nothing_else,
    a_channel_waits_for_telegram,
];

pub(super) const BARE_STORIES: &[Scenario] = stories!["custodian", bare:
    a_bare_house_says_what_is_missing,
    no_invitation_before_the_members_channel,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["custodian", reopening:
    a_plan_in_the_making_survives_restarts,
    a_custodian_no_more_loses_what_was_asked_of_them,
];

const PANEL: [&str; 6] = [
    "panel:channel:vip",
    "panel:channel:free",
    "panel:plans",
    "panel:invite",
    "panel:departures",
    "panel:notices",
];

/// Everything that a button of the panel can carry, and what only answers are.
const ROUTES: [&str; 36] = [
    "panel",
    "panel:channel:vip",
    "panel:channel:free",
    "panel:setup:vip",
    "panel:setup:free",
    "panel:done:vip",
    "panel:done:free",
    "panel:moved",
    "panel:plans",
    "panel:plan",
    "panel:draft",
    "panel:create:1",
    "panel:created:1",
    "panel:invite",
    "panel:for:1",
    "panel:invitation",
    "panel:issue:1",
    "panel:issued:1",
    "panel:notices",
    "panel:on:entered",
    "panel:off:redeemed",
    "panel:off:renewed",
    "panel:off:stranger_at_the_door",
    "panel:off:rights_lost",
    "panel:departures",
    "panel:depart",
    "panel:stay",
    "panel:list",
    "panel:page:1:0",
    "panel:spare:1:1",
    "panel:confirm:1",
    "panel:gone:1:1",
    "panel:refused:1",
    "panel:leave:vip",
    "panel:leave:plans",
    "panel:leave:invite",
];

/// Everything that Lucien needs in a channel.
fn needed() -> Rights {
    Rights {
        can_manage_chat: true,
        can_invite_users: true,
        can_restrict_members: true,
        can_post_messages: true,
        ..Rights::default()
    }
}

/// A channel of the custodian's with one post in it.
struct Posted {
    room: Room,
    post: i32,
}

impl Posted {
    fn new(house: &House, title: &str) -> Result<Self> {
        let mateo = house.custodian();
        let room = house.telegram.channel(title, &mateo);
        let post = mateo.writes_in(&room, "Una publicación")?;
        Ok(Self { room, post })
    }

    fn with_lucien(house: &House, title: &str, rights: Rights) -> Result<Self> {
        let posted = Self::new(house, title)?;
        let lucien = house.telegram.bot().id;
        house.custodian().promotes(&posted.room, lucien, rights)?;
        Ok(posted)
    }

    fn id(&self) -> ChatId {
        ChatId(self.room.id())
    }
}

fn picture() -> NewMedia {
    NewMedia::new(MediaKind::Photo, [0])
}

/// The custodian with the panel before them.
async fn at_the_panel(house: &House) -> Result<Person> {
    let mateo = house.custodian();
    mateo.sends("/admin")?;
    mateo.hears("Panel de la casa").await?;
    Ok(mateo)
}

/// Taps a button and waits for what it shows.
async fn taps(house: &House, person: &Person, label: &str) -> Result<Entry> {
    person.presses(label)?.answer().await?;
    house.is_quiet().await?;
    person.last_message().context("there is a screen")
}

/// Sends callback data and waits for what it shows.
async fn taps_data(house: &House, person: &Person, data: &str) -> Result<Entry> {
    person.presses_data(data)?.answer().await?;
    house.is_quiet().await?;
    person.last_message().context("there is a screen")
}

async fn says(house: &House, person: &Person, text: &str) -> Result<Entry> {
    person.sends(text)?;
    house.is_quiet().await?;
    person.last_message().context("there is an answer")
}

async fn forwards(house: &House, posted: &Posted) -> Result<Entry> {
    let mateo = house.custodian();
    mateo.forwards_from(&posted.room, posted.post)?;
    house.is_quiet().await?;
    mateo.last_message().context("there is an answer")
}

/// What the button with that label does.
fn action(entry: &Entry, label: &str) -> Result<ButtonAction> {
    let Some(Markup::InlineKeyboard(rows)) = &entry.keyboard else {
        anyhow::bail!("no buttons: {}", entry.text);
    };
    let button = rows.iter().flatten().find(|button| button.text.contains(label));
    let button = button.with_context(|| format!("no button {label}: {:?}", entry.labels()))?;
    Ok(button.action.clone())
}

fn data(entry: &Entry, label: &str) -> Result<String> {
    match action(entry, label)? {
        ButtonAction::Callback(data) => Ok(data),
        other => anyhow::bail!("{label}: {other:?}"),
    }
}

/// Two taps on a button before anything has happened.
async fn taps_twice(
    house: &House,
    person: &Person,
    on: &Entry,
    label: &str,
) -> Result<[sim::CallbackAnswer; 2]> {
    let data = data(on, label)?;
    let first = person.presses_data_on(on.message_id, &data)?;
    let second = person.presses_data_on(on.message_id, &data)?;
    let answers = [first.answer().await?, second.answer().await?];
    house.is_quiet().await?;
    Ok(answers)
}

async fn is_in_dialogue(house: &House, person: &Person) -> Result<bool> {
    let found = dialogues::find(&house.store().read(), UserId(person.id()), house.now()).await?;
    Ok(found.is_some())
}

async fn channel(house: &House, channel: Channel) -> Result<Option<ChatId>> {
    let config = bot_config::get(&house.store().read()).await?;
    Ok(config.context("there is one")?.channel(channel))
}

async fn plan_names(house: &House) -> Result<Vec<String>> {
    let plans = plans::list(&house.store().read(), Which::All).await?;
    Ok(plans.into_iter().map(|plan| plan.name).collect())
}

/// As `lucien plan create` does it.
async fn has_plan(house: &House, name: &str, days: i32) -> Result<()> {
    let plan =
        NewPlan::check(name, days, "250", "MXN", UserId(0)).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
    let now = house.now();
    let made = house
        .store()
        .write(async |tx| plans::create(tx, &plan, now).await);
    made.await?;
    Ok(())
}

async fn the_panel_leads_everywhere_and_back(house: &mut House) -> Result<()> {
    house.preload().await?;
    let mateo = at_the_panel(house).await?;
    let panel = mateo.last_message().context("the panel")?;
    ensure!(panel.labels().len() == PANEL.len(), "{:?}", panel.labels());
    let buttons: Vec<String> = panel.labels().concat().into_iter().map(str::to_owned).collect();
    for label in buttons {
        let screen = taps(house, &mateo, &label).await?;
        ensure!(
            screen.message_id == panel.message_id && screen.is_edited,
            "{label}: in place"
        );
        ensure!(!screen.text.contains("Panel de la casa"), "{label}");
        let back = taps(house, &mateo, "Al panel").await?;
        ensure!(back.text.contains("Panel de la casa"), "{label}: {}", back.text);
        ensure!(back.message_id == panel.message_id);
    }
    // The same screen once more is no failure.
    for _ in 0..2 {
        taps_data(house, &mateo, "panel:notices").await?;
    }
    Ok(())
}

async fn a_panel_is_for_the_private_chat(house: &mut House) -> Result<()> {
    let mateo = house.custodian();
    let group = house.telegram.supergroup("Tertulia", &mateo);
    mateo.adds(&group, house.telegram.bot().id)?;
    mateo.writes_in(&group, "/admin")?;
    house.is_quiet().await?;
    let by_lucien = group
        .messages()
        .into_iter()
        .filter(|entry| entry.by == sim::By::Bot);
    ensure!(by_lucien.count() == 0);
    Ok(())
}

async fn strangers_are_refused_on_every_route(house: &mut House) -> Result<()> {
    house.preload().await?;
    let member = house.member("Rodrigo", TimeDelta::days(30)).await?;
    for person in [house.person("Inés"), member] {
        person.sends("/admin")?;
        let answer = person.next_answer().await?;
        ensure!(
            answer.text.contains("/help"),
            "nobody learns that there is one: {}",
            answer.text
        );
        let before = plan_names(house).await?;
        for route in ROUTES {
            let answer = person.presses_data(route)?.answer().await?;
            ensure!(answer.show_alert && answer.text.is_some(), "{route}: {answer:?}");
            house.is_quiet().await?;
            let shown = person.last_message().context("home")?;
            ensure!(!shown.text.contains("Panel"), "{route}: {}", shown.text);
        }
        ensure!(!is_in_dialogue(house, &person).await?);
        ensure!(plan_names(house).await? == before);
        ensure!(settings::unwanted(&house.store().read()).await?.is_empty());
    }
    Ok(())
}

async fn a_channel_is_set_up_by_a_forwarded_post(house: &mut House) -> Result<()> {
    let patio = Posted::with_lucien(house, "El patio", needed())?;
    let mateo = at_the_panel(house).await?;
    let screen = taps(house, &mateo, "canal Free").await?;
    ensure!(screen.text.contains("aún no tiene dirección"), "{}", screen.text);
    let asked = taps(house, &mateo, "Configurar el canal").await?;
    ensure!(
        asked.text.contains("expulsar usuarios") && asked.labels().len() == 1,
        "{}",
        asked.text
    );
    let done = forwards(house, &patio).await?;
    ensure!(
        done.text.contains("El patio") && done.text.contains(&patio.room.id().to_string()),
        "{}",
        done.text
    );
    ensure!(channel(house, Channel::Free).await? == Some(patio.id()));
    let rights = channels::rights(&house.store().read(), patio.id()).await?;
    ensure!(
        rights.is_some_and(domain::channel::ChannelRights::are_complete),
        "{rights:?}"
    );
    ensure!(!is_in_dialogue(house, &mateo).await?);
    taps(house, &mateo, "Al panel").await?;
    let screen = taps(house, &mateo, "canal Free").await?;
    ensure!(
        screen.text.contains("El patio") && !screen.text.contains('⚠'),
        "{}",
        screen.text
    );
    Ok(())
}

async fn what_is_no_post_of_a_channel_is_refused_with_the_reason(house: &mut House) -> Result<()> {
    let empty = Posted::new(house, "Sin Lucien")?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:free").await?;
    let own = mateo.sends("-1001234567890")?;
    house.is_quiet().await?;
    let refused = "reenviada";
    ensure!(
        mateo
            .last_message()
            .is_some_and(|entry| entry.text.contains(refused))
    );
    mateo.forwards(MessageAt {
        chat_id: house.telegram.bot().id,
        message_id: own,
    })?;
    house.is_quiet().await?;
    ensure!(
        mateo
            .last_message()
            .is_some_and(|entry| entry.text.contains(refused))
    );
    mateo.sends_media(picture())?;
    house.is_quiet().await?;
    let answer = mateo.last_message().context("an answer")?;
    ensure!(answer.text.contains(refused), "{}", answer.text);
    ensure!(
        answer
            .labels()
            .concat()
            .iter()
            .any(|label| label.contains("Cancelar"))
    );
    let outside = forwards(house, &empty).await?;
    ensure!(
        outside.text.contains("administrador"),
        "Lucien is not there at all: {}",
        outside.text
    );
    ensure!(is_in_dialogue(house, &mateo).await?, "the question stands");
    ensure!(channel(house, Channel::Free).await?.is_none());
    Ok(())
}

async fn each_right_that_is_missing_is_named(house: &mut House) -> Result<()> {
    let lucien = house.telegram.bot().id;
    let (all, mateo) = (needed(), house.custodian());
    let posted = Posted::with_lucien(house, "El patio", all)?;
    at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:free").await?;
    let lacking = [
        (
            Rights {
                can_invite_users: false,
                ..all
            },
            "Invitar usuarios",
        ),
        (
            Rights {
                can_restrict_members: false,
                ..all
            },
            "Expulsar usuarios",
        ),
        (
            Rights {
                can_post_messages: false,
                ..all
            },
            "Publicar mensajes",
        ),
    ];
    for (rights, missing) in lacking {
        mateo.promotes(&posted.room, lucien, rights)?;
        let answer = forwards(house, &posted).await?;
        let lines: Vec<&str> = answer
            .text
            .lines()
            .filter(|line| line.contains("Falta"))
            .collect();
        ensure!(lines.len() == 1 && lines[0].contains(missing), "{}", answer.text);
        ensure!(channel(house, Channel::Free).await?.is_none());
    }
    mateo.promotes(&posted.room, lucien, all)?;
    forwards(house, &posted).await?;
    ensure!(
        channel(house, Channel::Free).await? == Some(posted.id()),
        "the question stood"
    );
    Ok(())
}

async fn one_channel_cannot_be_both(house: &mut House) -> Result<()> {
    let posted = Posted::with_lucien(house, "El salón", needed())?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:vip").await?;
    forwards(house, &posted).await?;
    ensure!(channel(house, Channel::Vip).await? == Some(posted.id()));
    taps_data(house, &mateo, "panel:setup:free").await?;
    let answer = forwards(house, &posted).await?;
    ensure!(
        answer.text.contains("no pueden ser el mismo lugar"),
        "{}",
        answer.text
    );
    ensure!(channel(house, Channel::Free).await?.is_none());
    Ok(())
}

async fn a_hostile_title_is_shown_as_it_is(house: &mut House) -> Result<()> {
    let posted = Posted::with_lucien(house, "A<B&C", needed())?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:free").await?;
    let done = forwards(house, &posted).await?;
    ensure!(done.text.contains("A<B&C"), "{}", done.text);
    Ok(())
}

async fn a_members_channel_in_the_place_of_another_is_told_so(house: &mut House) -> Result<()> {
    let (first, second) = (
        Posted::with_lucien(house, "Primero", needed())?,
        Posted::with_lucien(house, "Segundo", needed())?,
    );
    let mateo = at_the_panel(house).await?;
    let set_up = async |posted: &Posted| -> Result<String> {
        taps_data(house, &mateo, "panel:setup:vip").await?;
        Ok(forwards(house, posted).await?.text)
    };
    set_up(&first).await?;
    let told = set_up(&second).await?;
    ensure!(
        told.contains("Segundo") && told.contains("canal anterior"),
        "{told}"
    );
    let told = set_up(&second).await?;
    ensure!(!told.contains("canal anterior"), "it is the same one: {told}");
    ensure!(channel(house, Channel::Vip).await? == Some(second.id()));
    Ok(())
}

async fn a_channel_that_telegram_does_not_show_is_shown_from_memory(house: &mut House) -> Result<()> {
    let posted = Posted::with_lucien(house, "El patio", needed())?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:free").await?;
    forwards(house, &posted).await?;
    mateo.demotes(&posted.room, house.telegram.bot().id)?;
    house.is_quiet().await?;
    mateo.presses_data("panel:channel:free")?.answer().await?;
    house.is_quiet().await?;
    // The custodian is told of the loss as well, before or after.
    let chat = mateo.chat();
    let screen = chat
        .iter()
        .find(|entry| action(entry, "Cambiar de canal").is_ok());
    let screen = screen.context("the channel's screen")?;
    ensure!(
        screen.text.contains(&posted.room.id().to_string()) && !screen.text.contains("El patio"),
        "{}",
        screen.text
    );
    Ok(())
}

async fn a_dialogue_is_left_by_its_button_and_by_any_command(house: &mut House) -> Result<()> {
    house.preload().await?;
    let mateo = at_the_panel(house).await?;
    let dialogues = [
        ("panel:setup:vip", "Salón reservado"),
        ("panel:setup:free", "Patio"),
        ("panel:plan", "Planes"),
        ("panel:for:1", "Emitir una invitación"),
    ];
    for (begins, origin) in dialogues {
        taps_data(house, &mateo, begins).await?;
        ensure!(is_in_dialogue(house, &mateo).await?, "{begins}");
        let screen = taps(house, &mateo, "Cancelar").await?;
        ensure!(screen.text.contains(origin), "{begins}: {}", screen.text);
        ensure!(
            mateo.last_answer().is_some_and(|answer| answer.text.is_some()),
            "{begins}"
        );
        ensure!(!is_in_dialogue(house, &mateo).await?, "{begins}");
        for command in ["/admin", "/cancel", "/id", "/nonsense"] {
            taps_data(house, &mateo, begins).await?;
            let answer = says(house, &mateo, command).await?;
            ensure!(
                !is_in_dialogue(house, &mateo).await?,
                "{begins}, {command}: {}",
                answer.text
            );
        }
    }
    let stale = mateo.presses_data("panel:leave:plans")?.answer().await?;
    ensure!(stale.show_alert, "it was left before: {stale:?}");
    let before = plan_names(house).await?;
    says(house, &mateo, "Mensual").await?;
    ensure!(plan_names(house).await? == before);
    Ok(())
}

/// Goes through the questions for a plan, up to the last one.
async fn describes_plan(house: &House, mateo: &Person, name: &str) -> Result<Entry> {
    taps_data(house, mateo, "panel:plan").await?;
    says(house, mateo, name).await?;
    says(house, mateo, "30").await?;
    says(house, mateo, "19,90 USD").await
}

async fn a_plan_is_made_step_by_step(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let list = taps(house, &mateo, "Planes").await?;
    ensure!(list.text.contains("sigue en blanco"), "{}", list.text);
    let first = taps(house, &mateo, "Nuevo plan").await?;
    ensure!(first.text.contains("Paso 1 de 3"), "{}", first.text);
    let second = says(house, &mateo, " Velo de <Seda> ").await?;
    ensure!(second.text.contains("Paso 2 de 3"), "{}", second.text);
    let third = says(house, &mateo, "30").await?;
    ensure!(third.text.contains("Paso 3 de 3"), "{}", third.text);
    let question = says(house, &mateo, "19,90 USD").await?;
    ensure!(
        ["Velo de <Seda>", "30 días", "19.90", "USD"]
            .iter()
            .all(|part| question.text.contains(part)),
        "{}",
        question.text
    );
    ensure!(plan_names(house).await?.is_empty(), "not before it is confirmed");
    let done = taps(house, &mateo, "Confirmar").await?;
    ensure!(
        done.text.contains("Plan creado") && done.is_edited,
        "{}",
        done.text
    );
    let plan = plans::find_by_name(&house.store().read(), "velo de <seda>").await?;
    let plan = plan.context("it is there")?;
    ensure!(plan.days == 30 && plan.price.to_string() == "19.90" && plan.currency == "USD" && plan.active);
    let list = taps(house, &mateo, "Planes").await?;
    ensure!(list.text.contains("Velo de <Seda>"), "{}", list.text);
    Ok(())
}

async fn what_is_no_answer_is_told_what_would_be_one(house: &mut House) -> Result<()> {
    has_plan(house, "Mensual", 30).await?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:plan").await?;
    let too_long = "ñ".repeat(101);
    let steps: [(&[(&str, &str)], &str); 3] = [
        (
            &[
                ("dos\nrenglones", "Mensual"),
                (&too_long, "100"),
                ("MENSUAL", "otro nombre"),
            ],
            "Anual",
        ),
        (
            &[
                ("abc", "3650"),
                ("5.5", "3650"),
                ("0", "3650"),
                ("-3", "3650"),
                ("3651", "3650"),
            ],
            "365",
        ),
        (
            &[
                ("gratis", "250"),
                ("-1", "9999"),
                ("1e3", "250"),
                ("inf", "250"),
                ("NaN", "250"),
                ("10000", "9999"),
                ("1,250", "250"),
                ("5 pesos mexicanos", "10 letras"),
            ],
            "0",
        ),
    ];
    for (wrong, right) in steps {
        for (text, hint) in wrong {
            let answer = says(house, &mateo, text).await?;
            ensure!(answer.text.contains(hint), "{text}: {}", answer.text);
            ensure!(
                answer
                    .labels()
                    .concat()
                    .iter()
                    .any(|label| label.contains("Cancelar")),
                "{text}"
            );
        }
        mateo.sends_media(picture())?;
        house.is_quiet().await?;
        let answer = mateo.last_message().context("an answer")?;
        ensure!(answer.text.contains("palabras"), "a picture: {}", answer.text);
        says(house, &mateo, right).await?;
    }
    taps(house, &mateo, "Confirmar").await?;
    ensure!(plan_names(house).await? == ["Mensual", "Anual"]);
    Ok(())
}

async fn two_taps_make_one_plan(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let question = describes_plan(house, &mateo, "Mensual").await?;
    let [first, second] = taps_twice(house, &mateo, &question, "Confirmar").await?;
    ensure!(
        first.text != second.text,
        "the second one is told that it is done: {second:?}"
    );
    ensure!(plan_names(house).await? == ["Mensual"]);
    let shown = mateo.last_message().context("the result")?;
    ensure!(shown.text.contains("Plan creado"), "{}", shown.text);
    ensure!(shown.message_id == question.message_id);
    Ok(())
}

async fn a_name_taken_meanwhile_is_asked_for_again(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let question = describes_plan(house, &mateo, "Mensual").await?;
    has_plan(house, "mensual", 7).await?;
    let refused = taps(house, &mateo, "Confirmar").await?;
    ensure!(refused.text.contains("se llama así"), "{}", refused.text);
    let again = says(house, &mateo, "Mensual de seda").await?;
    ensure!(
        again.text.contains("30 días"),
        "the rest is known: {}",
        again.text
    );
    let old = mateo.presses_data_on(question.message_id, &data(&question, "Confirmar")?)?;
    ensure!(
        old.answer().await?.show_alert,
        "a question that does not stand any more"
    );
    house.is_quiet().await?;
    ensure!(plan_names(house).await? == ["mensual"]);
    mateo
        .presses_data_on(again.message_id, &data(&again, "Confirmar")?)?
        .answer()
        .await?;
    house.is_quiet().await?;
    ensure!(plan_names(house).await? == ["mensual", "Mensual de seda"]);
    Ok(())
}

async fn what_is_said_to_a_question_puts_it_again(house: &mut House) -> Result<()> {
    house.preload().await?;
    let mateo = at_the_panel(house).await?;
    describes_plan(house, &mateo, "Diario").await?;
    let again = says(house, &mateo, "sí").await?;
    ensure!(again.text.contains("Diario"), "{}", again.text);
    taps(house, &mateo, "Confirmar").await?;
    ensure!(plan_names(house).await?.contains(&"Diario".to_owned()));
    taps_data(house, &mateo, "panel:for:1").await?;
    let again = says(house, &mateo, "sí").await?;
    ensure!(again.text.contains("Mensual"), "{}", again.text);
    let issued = taps(house, &mateo, "Confirmar").await?;
    ensure!(issued.text.contains("t.me"), "{}", issued.text);
    Ok(())
}

/// The invitation in a message that hands one on, and its link.
async fn invitation(house: &House, issued: &Entry) -> Result<(invitations::FoundInvitation, String)> {
    let ButtonAction::CopyText(link) = action(issued, "Copiar")? else {
        anyhow::bail!("the button copies");
    };
    ensure!(
        issued.text.contains(&link),
        "the link can be read: {}",
        issued.text
    );
    let code = link
        .strip_prefix("https://t.me/lucien_bot?start=")
        .context("the bot's own link")?;
    ensure!(code.len() == 16, "{code}");
    let code = InvitationCode::parse(code).context("a code")?;
    let found = invitations::look_up(&house.store().read(), &code, UserId(1)).await?;
    Ok((found.context("it is stored")?, link))
}

async fn an_invitation_is_issued_and_opens(house: &mut House) -> Result<()> {
    has_plan(house, "Anual", 365).await?;
    has_plan(house, "Mensual <3", 30).await?;
    let mateo = at_the_panel(house).await?;
    let choose = taps(house, &mateo, "Emitir una invitación").await?;
    let labels = choose.labels().concat();
    ensure!(
        labels.len() == 3 && labels[0].contains("Mensual <3") && labels[1].contains("Anual"),
        "the shortest first: {labels:?}"
    );
    let question = taps(house, &mateo, "Mensual").await?;
    ensure!(
        ["Mensual <3", "30 días", "24 horas"]
            .iter()
            .all(|part| question.text.contains(part)),
        "{}",
        question.text
    );
    let tap = mateo.presses("Confirmar")?;
    ensure!(
        tap.answer()
            .await?
            .text
            .is_some_and(|text| text.contains("emitida"))
    );
    house.is_quiet().await?;
    let issued = mateo.last_message().context("the invitation")?;
    ensure!(
        issued.message_id > question.message_id,
        "a message of its own, to be handed on"
    );
    let (found, _) = invitation(house, &issued).await?;
    ensure!(found.by == UserId(mateo.id()) && found.invitation.valid_hours == 24);
    ensure!(found.invitation.state(house.now()) == InvitationState::Redeemable);
    ensure!(
        found
            .offer
            .is_some_and(|offer| offer.plan == "Mensual <3" && offer.days == 30)
    );
    let menu = mateo
        .chat()
        .into_iter()
        .find(|entry| entry.message_id == question.message_id);
    ensure!(
        menu.is_some_and(|menu| menu.labels().concat().len() == 3),
        "another one can be issued where it was confirmed"
    );
    Ok(())
}

async fn two_taps_issue_one_invitation(house: &mut House) -> Result<()> {
    has_plan(house, "Mensual", 30).await?;
    let mateo = at_the_panel(house).await?;
    let question = taps_data(house, &mateo, "panel:for:1").await?;
    let [first, second] = taps_twice(house, &mateo, &question, "Confirmar").await?;
    ensure!(
        first.text != second.text,
        "the second one is told that it is done: {second:?}"
    );
    let chat = mateo.chat();
    let issued: Vec<&Entry> = chat.iter().filter(|entry| entry.text.contains("t.me/")).collect();
    let mut links = Vec::new();
    for entry in issued {
        links.push(invitation(house, entry).await?.1);
    }
    ensure!(
        links.len() == 2 && links[0] == links[1],
        "the second tap shows the same one"
    );
    ensure!(
        invitations::find(&house.store().read(), TokenId(2), UserId(1))
            .await?
            .is_none()
    );
    Ok(())
}

async fn a_plan_that_is_gone_cannot_be_chosen(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let none = taps(house, &mateo, "Emitir una invitación").await?;
    ensure!(none.text.contains("no hay ninguno disponible"), "{}", none.text);
    ensure!(
        none.labels()
            .concat()
            .iter()
            .any(|label| label.contains("Planes"))
    );
    let gone = mateo.presses_data("panel:for:99")?.answer().await?;
    ensure!(gone.show_alert && gone.text.is_some(), "{gone:?}");
    house.is_quiet().await?;
    ensure!(!is_in_dialogue(house, &mateo).await?);
    Ok(())
}

async fn each_notice_has_a_switch(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let mut shown = taps(house, &mateo, "Avisos").await?;
    let unwanted = async || settings::unwanted(&house.store().read()).await;
    ensure!(
        shown.labels().len() == Notice::ALL.len() + 2,
        "{:?}",
        shown.labels()
    );
    let labels: Vec<String> = shown.labels().concat().into_iter().map(str::to_owned).collect();
    for (off, label) in labels.iter().take(Notice::ALL.len()).enumerate() {
        ensure!(label.contains('🔔'), "on until somebody switches it: {label}");
        let [first, second] = taps_twice(house, &mateo, &shown, label).await?;
        ensure!(first.text.is_some() && first.text == second.text, "twice is once");
        ensure!(unwanted().await?.len() == off + 1, "{label}");
        shown = mateo.last_message().context("the switches")?;
        ensure!(
            shown.labels().concat()[off].contains('🔕'),
            "{:?}",
            shown.labels()
        );
    }
    ensure!(unwanted().await? == Notice::ALL);
    taps(house, &mateo, "Entrada").await?;
    ensure!(!unwanted().await?.contains(&Notice::Entered));
    Ok(())
}

async fn a_question_expires_after_a_day(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let question = describes_plan(house, &mateo, "Mensual").await?;
    house.passes(TimeDelta::hours(24) + TimeDelta::seconds(1)).await?;
    let tap = mateo.presses_data_on(question.message_id, &data(&question, "Confirmar")?)?;
    ensure!(tap.answer().await?.show_alert);
    house.is_quiet().await?;
    ensure!(plan_names(house).await?.is_empty());
    Ok(())
}

async fn an_answer_that_fails_is_repeated_and_nothing_else(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    describes_plan(house, &mateo, "Mensual").await?;
    let lost = Fault::cut().on("editMessageText").times(1).after_effect();
    house.telegram.inject(lost);
    let shown = taps(house, &mateo, "Confirmar").await?;
    ensure!(shown.text.contains("Plan creado"), "{}", shown.text);
    ensure!(plan_names(house).await? == ["Mensual"]);

    taps_data(house, &mateo, "panel:for:1").await?;
    let refused = Fault::error(502, "Bad Gateway").on("sendMessage").times(1);
    let refused = house.telegram.inject(refused);
    let issued = taps(house, &mateo, "Confirmar").await?;
    ensure!(refused.applied() == 1, "it was refused once");
    invitation(house, &issued).await?;
    ensure!(
        invitations::find(&house.store().read(), TokenId(2), UserId(1))
            .await?
            .is_none()
    );
    Ok(())
}

async fn a_channel_waits_for_telegram(house: &mut House) -> Result<()> {
    let posted = Posted::with_lucien(house, "El patio", needed())?;
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:setup:free").await?;
    for method in ["getChat", "getChatMember"] {
        house
            .telegram
            .inject(Fault::error(500, "Internal Server Error").on(method).times(1));
    }
    let done = forwards(house, &posted).await?;
    ensure!(done.text.contains("El patio"), "{}", done.text);
    ensure!(channel(house, Channel::Free).await? == Some(posted.id()));
    Ok(())
}

async fn a_bare_house_says_what_is_missing(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let panel = mateo.last_message().context("the panel")?;
    ensure!(
        panel.text.matches("por configurar").count() == 2,
        "{}",
        panel.text
    );
    let screen = taps(house, &mateo, "canal VIP").await?;
    ensure!(
        screen.labels().len() == 2,
        "set it up or go back: {:?}",
        screen.labels()
    );
    let salon = Posted::with_lucien(house, "El salón", needed())?;
    taps(house, &mateo, "Configurar el canal").await?;
    let done = forwards(house, &salon).await?;
    ensure!(
        done.text.contains("El salón") && !done.text.contains("canal anterior"),
        "{}",
        done.text
    );
    let panel = taps(house, &mateo, "Al panel").await?;
    ensure!(
        panel.text.matches("por configurar").count() == 1,
        "{}",
        panel.text
    );
    Ok(())
}

async fn no_invitation_before_the_members_channel(house: &mut House) -> Result<()> {
    has_plan(house, "Mensual", 30).await?;
    let mateo = at_the_panel(house).await?;
    for tap in ["panel:invite", "panel:for:1"] {
        let answer = mateo.presses_data(tap)?.answer().await?;
        ensure!(answer.show_alert && answer.text.is_some(), "{tap}: {answer:?}");
        house.is_quiet().await?;
        let shown = mateo.last_message().context("the panel")?;
        ensure!(shown.text.contains("Panel de la casa"), "{tap}: {}", shown.text);
        ensure!(!is_in_dialogue(house, &mateo).await?);
    }
    Ok(())
}

async fn a_plan_in_the_making_survives_restarts(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    taps_data(house, &mateo, "panel:plan").await?;
    says(house, &mateo, "Mensual").await?;
    house.reopens().await?;
    says(house, &mateo, "30").await?;
    house.reopens().await?;
    let question = says(house, &mateo, "250").await?;
    ensure!(
        question.text.contains("Mensual") && question.text.contains("30 días"),
        "{}",
        question.text
    );
    house.reopens().await?;
    taps(house, &mateo, "Confirmar").await?;
    ensure!(plan_names(house).await? == ["Mensual"]);
    house.reopens().await?;
    let again = mateo.presses_data_on(question.message_id, &data(&question, "Confirmar")?)?;
    let answer = again.answer().await?;
    ensure!(
        answer.text.is_some() && !answer.show_alert,
        "it is told that it is done: {answer:?}"
    );
    house.is_quiet().await?;
    ensure!(plan_names(house).await? == ["Mensual"]);
    Ok(())
}

async fn a_custodian_no_more_loses_what_was_asked_of_them(house: &mut House) -> Result<()> {
    let mateo = at_the_panel(house).await?;
    let question = describes_plan(house, &mateo, "Mensual").await?;
    let confirm = data(&question, "Confirmar")?;
    let other = house.person("Sofía");
    house.reopens_for(&other).await?;
    let refused = mateo
        .presses_data_on(question.message_id, &confirm)?
        .answer()
        .await?;
    ensure!(refused.show_alert, "{refused:?}");
    let answer = says(house, &mateo, "Mensual").await?;
    ensure!(
        answer.text.contains("/help"),
        "a visitor's answer: {}",
        answer.text
    );
    ensure!(!is_in_dialogue(house, &mateo).await?);
    house.reopens_for(&mateo).await?;
    let over = mateo
        .presses_data_on(question.message_id, &confirm)?
        .answer()
        .await?;
    ensure!(over.show_alert, "they do not come back with the office: {over:?}");
    house.is_quiet().await?;
    ensure!(plan_names(house).await?.is_empty());
    ensure!(
        people::find(&house.store().read(), UserId(mateo.id()))
            .await?
            .is_some()
    );
    Ok(())
}
