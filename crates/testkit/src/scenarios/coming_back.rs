//! A member who is outside comes in again.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use sim::Fault;

use super::way::{self, invitation, last, opens, presses, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["coming_back":
    a_member_who_has_left_finds_the_way_in,
    a_renewal_offers_the_way_in_to_whoever_is_outside,
    the_last_link_takes_the_place_of_the_one_before,
    whoever_was_removed_by_hand_is_let_in_by_a_custodian_only,
    a_custodian_may_leave_them_outside,
    a_member_inside_is_not_offered_the_way_in,
    when_telegram_is_away_the_membership_is_shown_later,
];

const ENTER: &str = "Entrar al salón";

/// A member who has left the channel.
async fn outside(house: &House, name: &str) -> Result<sim::Person> {
    let person = house.person(name);
    way::enters(house, &person).await?;
    person.leaves(house.vip())?;
    house.settles().await?;
    Ok(person)
}

async fn status(house: &House, person: &sim::Person) -> Result<sim::Entry> {
    says(house, person, "/start").await?;
    presses(house, person, "Mi membresía").await
}

async fn a_member_who_has_left_finds_the_way_in(house: &mut House) -> Result<()> {
    let rodrigo = outside(house, "Rodrigo").await?;
    let shown = status(house, &rodrigo).await?;
    ensure!(shown.text.contains("de este lado") || shown.text.contains("falta usted"));
    let key = presses(house, &rodrigo, ENTER).await?;
    ensure!(key.text.contains("Su llave del salón"), "{}", key.text);
    let link = way::link(house, &rodrigo).await?;
    rodrigo.asks_to_join(&link)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &rodrigo));
    ensure!(way::lucien_links(house).iter().all(|link| link.is_revoked));
    Ok(())
}

async fn a_renewal_offers_the_way_in_to_whoever_is_outside(house: &mut House) -> Result<()> {
    let rodrigo = outside(house, "Rodrigo").await?;
    let payload = invitation(house).await?;
    let told = opens(house, &rodrigo, &payload).await?;
    ensure!(told.text.contains("se extiende"), "{}", told.text);
    ensure!(told.labels().iter().flatten().any(|label| label.contains(ENTER)));
    let key = presses(house, &rodrigo, ENTER).await?;
    ensure!(key.text.contains("Su llave del salón"), "{}", key.text);
    Ok(())
}

async fn the_last_link_takes_the_place_of_the_one_before(house: &mut House) -> Result<()> {
    let rodrigo = outside(house, "Rodrigo").await?;
    status(house, &rodrigo).await?;
    presses(house, &rodrigo, ENTER).await?;
    let first = way::link(house, &rodrigo).await?;
    // While it counts it is handed over again.
    status(house, &rodrigo).await?;
    presses(house, &rodrigo, ENTER).await?;
    ensure!(way::link(house, &rodrigo).await? == first);
    // Of each that was used up, a new one is made, three a day with that of the ritual.
    for _ in 0..2 {
        rodrigo.asks_to_join(&way::link(house, &rodrigo).await?)?;
        house.settles().await?;
        rodrigo.leaves(house.vip())?;
        house.settles().await?;
        status(house, &rodrigo).await?;
        presses(house, &rodrigo, ENTER).await?;
        if way::link_row(house, &rodrigo).await?.is_none() {
            break;
        }
    }
    ensure!(
        way::lucien_links(house).len() == 3,
        "{:?}",
        way::lucien_links(house)
    );
    ensure!(
        last(&rodrigo)?.text.contains("3 llaves"),
        "{}",
        last(&rodrigo)?.text
    );
    house.passes(TimeDelta::hours(24)).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    status(house, &rodrigo).await?;
    presses(house, &rodrigo, ENTER).await?;
    ensure!(way::lucien_links(house).len() == 4);
    Ok(())
}

async fn whoever_was_removed_by_hand_is_let_in_by_a_custodian_only(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    house.creator().bans(house.vip(), rodrigo.id(), None)?;
    house.settles().await?;
    let made = way::lucien_links(house).len();
    for _ in 0..2 {
        status(house, &rodrigo).await?;
        let told = presses(house, &rodrigo, ENTER).await?;
        ensure!(told.text.contains("Ya lo consulté"), "{}", told.text);
    }
    ensure!(way::lucien_links(house).len() == made);
    house.delivers().await?;
    let question = last(&mateo)?;
    ensure!(question.text.contains("¿Le abro de nuevo?"), "{}", question.text);
    ensure!(way::heard(&mateo, "¿Le abro de nuevo?") == 1, "asked once");
    ensure!(question.labels().len() == 2);
    let settled = presses(house, &mateo, "Abrirle de nuevo").await?;
    ensure!(settled.text.contains("Así se hará"), "{}", settled.text);
    house.delivers().await?;
    let told = last(&rodrigo)?;
    ensure!(told.text.contains("abrirle de nuevo"), "{}", told.text);
    presses(house, &rodrigo, ENTER).await?;
    rodrigo.asks_to_join(&way::link(house, &rodrigo).await?)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &rodrigo));
    Ok(())
}

async fn a_custodian_may_leave_them_outside(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    house.creator().bans(house.vip(), rodrigo.id(), None)?;
    house.settles().await?;
    status(house, &rodrigo).await?;
    presses(house, &rodrigo, ENTER).await?;
    house.delivers().await?;
    presses(house, &mateo, "Dejarlo como está").await?;
    house.delivers().await?;
    ensure!(
        last(&rodrigo)?.text.contains("dejar esa puerta como está"),
        "{}",
        rodrigo.transcript()
    );
    status(house, &rodrigo).await?;
    let told = presses(house, &rodrigo, ENTER).await?;
    ensure!(told.text.contains("dejar esa puerta como está"), "{}", told.text);
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "¿Le abro de nuevo?") == 0,
        "the question was settled"
    );
    ensure!(
        house.telegram.call_count("unbanChatMember") == 1,
        "that of the invitation"
    );
    Ok(())
}

async fn a_member_inside_is_not_offered_the_way_in(house: &mut House) -> Result<()> {
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let shown = status(house, &rodrigo).await?;
    ensure!(shown.labels().len() == 1, "{:?}", shown.labels());
    let made = way::lucien_links(house).len();
    rodrigo.presses_data("in:enter")?.answer().await?;
    house.settles().await?;
    ensure!(last(&rodrigo)?.labels().len() == 1);
    ensure!(way::lucien_links(house).len() == made);
    Ok(())
}

async fn when_telegram_is_away_the_membership_is_shown_later(house: &mut House) -> Result<()> {
    let rodrigo = outside(house, "Rodrigo").await?;
    says(house, &rodrigo, "/start").await?;
    house
        .telegram
        .inject(Fault::html(502).on("getChatMember").times(2));
    rodrigo.presses("Mi membresía")?.answer().await?;
    house.is_quiet().await?;
    let shown = last(&rodrigo)?;
    ensure!(shown.labels().len() == 2, "{}", shown.text);
    Ok(())
}
