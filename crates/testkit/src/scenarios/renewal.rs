//! Members would like to stay, and custodians answer.

use anyhow::{Context, Result, bail, ensure};
use chrono::TimeDelta;
use domain::id::UserId;
use domain::role::{RoleChangeReason, RoleChangeSource};
use domain::subscription::Stage;
use sim::{ButtonAction, Markup, Person, Press};
use store::role_log;

use super::reminders::{WISH, member, passes};
use super::way::{self, last, opens, presses, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["renewal":
    a_wish_is_passed_on_once,
    an_old_button_wishes_nothing,
    strangers_wish_and_answer_nothing,
    an_invitation_is_issued_once,
    days_are_granted_once,
    a_grant_can_be_thought_over,
    a_wish_without_a_plan_leads_to_the_panel,
    what_is_renewed_meanwhile_is_not_granted,
    a_plan_that_is_taken_off_can_still_be_granted,
    a_grant_after_the_end_begins_with_the_ritual_and_leads_in,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["renewal", reopening:
    of_two_custodians_one_answers,
    a_wish_outlives_a_restart,
];

const DAY: TimeDelta = TimeDelta::days(1);

const NOTICE: &str = "Fin de la membresía";
const INVITE: &str = "Emitir su invitación";
const GRANT: &str = "Concederle los días";
const CONFIRM: &str = "Confirmar";
/// What the link of an invitation looks like.
const LINK: &str = "?start=";

/// Somebody inside whose time runs out, and who has been told.
/// What is said over the screen after a tap, once it was worked off.
async fn toast(house: &House, press: Press) -> Result<String> {
    house.settles().await?;
    Ok(press.answer().await?.text.unwrap_or_default())
}

async fn reminded(house: &House, name: &str) -> Result<Person> {
    let person = house.person(name);
    way::enters(house, &person).await?;
    passes(house, DAY * (way::DAYS - 3)).await?;
    let told = last(&person)?;
    ensure!(
        told.labels().concat().iter().any(|label| label.contains(WISH)),
        "{}",
        person.transcript()
    );
    Ok(person)
}

/// The same, and who has said that they would like to stay.
async fn wishing(house: &House, name: &str) -> Result<Person> {
    let person = reminded(house, name).await?;
    presses(house, &person, WISH).await?;
    house.delivers().await?;
    Ok(person)
}

/// The data of a button below somebody's last message.
fn data(person: &Person, label: &str) -> Result<String> {
    let shown = last(person)?;
    let Some(Markup::InlineKeyboard(rows)) = &shown.keyboard else {
        bail!("no buttons: {}", shown.text);
    };
    let found = rows.iter().flatten().find(|button| button.text.contains(label));
    match found.map(|button| &button.action) {
        Some(ButtonAction::Callback(data)) => Ok(data.clone()),
        _ => bail!("no button {label}: {:?}", shown.labels()),
    }
}

async fn end(house: &House, person: &Person) -> Result<domain::clock::Timestamp> {
    let subscription = way::subscription(house, person).await?;
    Ok(subscription.context("a subscription")?.expiry)
}

async fn a_wish_is_passed_on_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = reminded(house, "Rodrigo").await?;
    let before = last(&rodrigo)?;
    for (said, notices) in [("Anotado", 1), ("Ya lo tengo anotado", 1)] {
        ensure!(toast(house, rodrigo.presses(WISH)?).await?.contains(said));
        house.delivers().await?;
        ensure!(way::heard(&mateo, NOTICE) == notices, "{}", mateo.transcript());
    }
    ensure!(last(&rodrigo)?.text == before.text, "the message stays");
    let notice = last(&mateo)?;
    ensure!(
        notice.text.contains("Rodrigo") && notice.text.contains("Mensual"),
        "{}",
        notice.text
    );
    ensure!(notice.labels().len() == 2, "{:?}", notice.labels());
    // The second reminder has the same end.
    passes(house, DAY * 2).await?;
    ensure!(
        toast(house, rodrigo.presses(WISH)?)
            .await?
            .contains("Ya lo tengo")
    );
    ensure!(way::heard(&mateo, NOTICE) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn an_old_button_wishes_nothing(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = reminded(house, "Rodrigo").await?;
    let old = data(&rodrigo, WISH)?;
    let payload = way::invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    let press = rodrigo.presses_data(&old)?;
    house.settles().await?;
    let answer = press.answer().await?;
    ensure!(
        answer.show_alert
            && answer
                .text
                .is_some_and(|text| text.contains("Esa fecha ya cambió"))
    );
    house.delivers().await?;
    ensure!(way::heard(&mateo, NOTICE) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn strangers_wish_and_answer_nothing(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    says(house, &ines, "/start").await?;
    for wish in [
        "renew:wish:0",
        "renew:wish:9223372036854775807",
        "renew:wish:1793235600",
    ] {
        let press = ines.presses_data(wish)?;
        house.settles().await?;
        ensure!(press.answer().await?.show_alert);
    }
    for answer in [
        "renew:ask:1",
        "renew:invite:1",
        "renew:give:1",
        "renew:settled:1",
        "renew:invited:1:1",
    ] {
        ensure!(
            toast(house, ines.presses_data(answer)?)
                .await?
                .contains("quienes cuidan la casa"),
            "{answer}"
        );
    }
    // Nor does a custodian answer what nobody asks.
    for answer in [
        "renew:invite:7",
        "renew:grant:7",
        "renew:give:7",
        "renew:settled:7",
    ] {
        mateo.presses_data(answer)?.answer().await?;
        house.settles().await?;
    }
    ensure!(way::heard(&mateo, NOTICE) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn an_invitation_is_issued_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    let invite = data(&mateo, INVITE)?;
    let taps = [mateo.presses_data(&invite)?, mateo.presses_data(&invite)?];
    house.settles().await?;
    for tap in taps {
        tap.answer().await?;
    }
    ensure!(
        way::heard(&mateo, "Su invitación está emitida") == 1,
        "{}",
        mateo.transcript()
    );
    ensure!(way::heard(&mateo, LINK) == 1, "{}", mateo.transcript());
    let chat = mateo.chat();
    let issued = chat
        .iter()
        .find(|entry| entry.text.contains(LINK))
        .context("a link")?;
    let (_, payload) = issued.text.split_once(LINK).context("a payload")?;
    let payload: String = payload
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
        .collect();
    opens(house, &rodrigo, &payload).await?;
    ensure!(end(house, &rodrigo).await? == way::after_days(until));
    Ok(())
}

async fn days_are_granted_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    let asked = presses(house, &mateo, GRANT).await?;
    ensure!(asked.text.contains("¿Se los concedo así?"), "{}", asked.text);
    let give = data(&mateo, CONFIRM)?;
    let taps = [mateo.presses_data(&give)?, mateo.presses_data(&give)?];
    house.delivers().await?;
    for tap in taps {
        tap.answer().await?;
    }
    ensure!(end(house, &rodrigo).await? == way::after_days(until));
    ensure!(
        way::heard(&mateo, "Hecho: los días ya son suyos") == 1,
        "{}",
        mateo.transcript()
    );
    ensure!(way::heard(&mateo, "Concedidos:") == 1, "{}", mateo.transcript());
    ensure!(
        way::heard(&rodrigo, "Se añaden:") == 1,
        "{}",
        rodrigo.transcript()
    );
    ensure!(way::stage(house, &rodrigo).await?.is_none() && way::is_inside(house, &rodrigo));
    let log = role_log::of_person(&house.store().read(), UserId(rodrigo.id()), 1).await?;
    let change = &log.first().context("a history")?.change;
    ensure!(change.reason == RoleChangeReason::VipExtended);
    ensure!(change.source == RoleChangeSource::AdminPanel && change.changed_by == UserId(mateo.id()));
    // A new end is a new wish, and reminders of the old one stop.
    passes(house, DAY * 2).await?;
    ensure!(
        way::heard(&rodrigo, "A esa hora") == 1,
        "{}",
        rodrigo.transcript()
    );
    Ok(())
}

async fn a_grant_can_be_thought_over(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    presses(house, &mateo, GRANT).await?;
    let notice = presses(house, &mateo, "Cancelar").await?;
    ensure!(
        notice.text.contains(NOTICE) && notice.labels().len() == 2,
        "{}",
        notice.text
    );
    ensure!(end(house, &rodrigo).await? == until);
    presses(house, &mateo, INVITE).await?;
    ensure!(way::heard(&mateo, LINK) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn a_wish_without_a_plan_leads_to_the_panel(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 7).await?;
    presses(house, &rodrigo, WISH).await?;
    house.delivers().await?;
    let notice = last(&mateo)?;
    ensure!(notice.text.contains(NOTICE), "{}", notice.text);
    ensure!(
        notice.labels().concat() == ["🎟️ Emitir una invitación"],
        "{:?}",
        notice.labels()
    );
    Ok(())
}

async fn what_is_renewed_meanwhile_is_not_granted(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let (invite, grant) = (data(&mateo, INVITE)?, data(&mateo, GRANT)?);
    presses(house, &mateo, GRANT).await?;
    let give = data(&mateo, CONFIRM)?;
    let payload = way::invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    let until = end(house, &rodrigo).await?;
    for late in [give, invite, grant] {
        ensure!(
            toast(house, mateo.presses_data(&late)?)
                .await?
                .contains("ya tiene otra fecha"),
            "{late}"
        );
    }
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "Ya no hace falta") == 1,
        "{}",
        mateo.transcript()
    );
    ensure!(end(house, &rodrigo).await? == until);
    ensure!(way::heard(&mateo, LINK) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn a_plan_that_is_taken_off_can_still_be_granted(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    let plan = store::plans::find_by_name(&house.store().read(), "Mensual").await?;
    let plan = plan.context("the plan")?.id;
    let taken_off = house
        .store()
        .write(async |tx| store::plans::set_active(tx, plan, false).await);
    ensure!(taken_off.await?);
    ensure!(
        toast(house, mateo.presses(INVITE)?)
            .await?
            .contains("ya no está disponible")
    );
    let notice = last(&mateo)?;
    ensure!(
        notice.labels().len() == 1 && notice.text.contains("ya no se ofrece"),
        "{}",
        notice.text
    );
    presses(house, &mateo, GRANT).await?;
    presses(house, &mateo, CONFIRM).await?;
    ensure!(end(house, &rodrigo).await? == way::after_days(until));
    Ok(())
}

async fn a_grant_after_the_end_begins_with_the_ritual_and_leads_in(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = reminded(house, "Rodrigo").await?;
    let wish = data(&rodrigo, WISH)?;
    passes(house, DAY * 4).await?;
    house.delivers().await?;
    rodrigo.presses_data(&wish)?.answer().await?;
    house.delivers().await?;
    ensure!(last(&mateo)?.text.contains(NOTICE), "{}", mateo.transcript());
    let asked = presses(house, &mateo, GRANT).await?;
    ensure!(asked.text.contains("el rito comienza de nuevo"), "{}", asked.text);
    let given = house.now();
    presses(house, &mateo, CONFIRM).await?;
    house.delivers().await?;
    let until = end(house, &rodrigo).await?;
    ensure!(
        until >= way::after_days(given) && until < way::after_days(given) + DAY,
        "{until}"
    );
    ensure!(way::stage(house, &rodrigo).await? == Some(Stage::First));
    presses(house, &rodrigo, "Retomar el rito").await?;
    presses(house, &rodrigo, way::LISTEN).await?;
    presses(house, &rodrigo, way::ACCEPT).await?;
    if !way::is_inside(house, &rodrigo) {
        rodrigo.asks_to_join(&way::link(house, &rodrigo).await?)?;
        house.delivers().await?;
    }
    ensure!(way::is_inside(house, &rodrigo), "{}", rodrigo.transcript());
    Ok(())
}

async fn of_two_custodians_one_answers(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let elena = house.person("Elena");
    house.reopens_beside(&elena).await?;
    says(house, &elena, "/start").await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    for custodian in [&mateo, &elena] {
        ensure!(
            last(custodian)?.text.contains(NOTICE),
            "{}",
            custodian.transcript()
        );
        presses(house, custodian, GRANT).await?;
    }
    let invite = data(&elena, "Cancelar")?.replace("ask", "invite");
    let taps = [mateo.presses(CONFIRM)?, elena.presses(CONFIRM)?];
    house.delivers().await?;
    for tap in taps {
        tap.answer().await?;
    }
    ensure!(
        end(house, &rodrigo).await? == way::after_days(until),
        "granted once"
    );
    for custodian in [&mateo, &elena] {
        let settled = way::heard(custodian, "Hecho: los días ya son suyos");
        ensure!(settled == 1, "{}", custodian.transcript());
        ensure!(
            way::heard(custodian, "Concedidos:") == 1,
            "{}",
            custodian.transcript()
        );
    }
    ensure!(
        toast(house, elena.presses_data(&invite)?)
            .await?
            .contains("ya quedó hecho")
    );
    ensure!(way::heard(&elena, LINK) == 0, "{}", elena.transcript());
    Ok(())
}

async fn a_wish_outlives_a_restart(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = wishing(house, "Rodrigo").await?;
    let until = end(house, &rodrigo).await?;
    house.reopens().await?;
    presses(house, &mateo, GRANT).await?;
    house.reopens().await?;
    presses(house, &mateo, CONFIRM).await?;
    house.delivers().await?;
    ensure!(end(house, &rodrigo).await? == way::after_days(until));
    ensure!(
        way::heard(&rodrigo, "Se añaden:") == 1,
        "{}",
        rodrigo.transcript()
    );
    Ok(())
}
