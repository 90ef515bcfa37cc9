//! One note each morning in place of many.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use sim::Person;

use super::reminders::passes;
use super::way::{self, last, opens, presses, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["summary":
    whoever_has_not_chosen_it_gets_none,
    it_comes_in_place_of_single_notices,
    a_day_without_anything_is_told_so,
    single_notices_come_back,
    what_has_to_be_decided_is_asked_at_once,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["summary", reopening:
    every_custodian_gets_it_once,
    what_happened_in_the_dark_is_told_at_the_start,
];

const HOUR: TimeDelta = TimeDelta::hours(1);
const SUMMARY: &str = "Resumen del día";
const QUIET: &str = "nadie llamó, nadie entró y nadie se fue";

/// Houses open at seven in the evening; the next summary is due in so many hours.
const TO_MORNING: TimeDelta = TimeDelta::hours(14);

async fn chooses(house: &House, mateo: &Person) -> Result<()> {
    says(house, mateo, "/admin").await?;
    presses(house, mateo, "Avisos").await?;
    let chosen = presses(house, mateo, "Resumen diario: no").await?;
    ensure!(
        chosen
            .labels()
            .concat()
            .iter()
            .any(|label| label.contains("Resumen diario: sí")),
        "{:?}",
        chosen.labels()
    );
    Ok(())
}

async fn somebody_redeems(house: &House, name: &str) -> Result<Person> {
    let person = house.person(name);
    let payload = way::invitation(house).await?;
    opens(house, &person, &payload).await?;
    house.delivers().await?;
    Ok(person)
}

async fn whoever_has_not_chosen_it_gets_none(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let before = mateo.chat().len();
    somebody_redeems(house, "Rodrigo").await?;
    ensure!(mateo.chat().len() > before, "told at once");
    passes(house, TimeDelta::days(2)).await?;
    ensure!(way::heard(&mateo, SUMMARY) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn it_comes_in_place_of_single_notices(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    chooses(house, &mateo).await?;
    let before = mateo.chat().len();
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let payload = way::invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    house.delivers().await?;
    ensure!(mateo.chat().len() == before, "{}", mateo.transcript());
    passes(house, TO_MORNING - HOUR).await?;
    ensure!(way::heard(&mateo, SUMMARY) == 0, "{}", mateo.transcript());
    passes(house, HOUR).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, SUMMARY) == 1, "{}", mateo.transcript());
    let told = last(&mateo)?.text;
    for line in ["aceptadas: 1", "extendidas: 1", "Entradas al salón: 1"] {
        ensure!(told.contains(line), "{line}: {told}");
    }
    for absent in ["terminadas", "Salidas", "renovar"] {
        ensure!(!told.contains(absent), "{absent}: {told}");
    }
    // What was told is told once.
    for _ in 0..8 {
        passes(house, HOUR * 3).await?;
    }
    house.delivers().await?;
    ensure!(way::heard(&mateo, SUMMARY) == 2, "{}", mateo.transcript());
    ensure!(last(&mateo)?.text.contains(QUIET), "{}", mateo.transcript());
    Ok(())
}

async fn a_day_without_anything_is_told_so(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    chooses(house, &mateo).await?;
    passes(house, TO_MORNING).await?;
    house.delivers().await?;
    ensure!(last(&mateo)?.text.contains(QUIET), "{}", mateo.transcript());
    Ok(())
}

async fn single_notices_come_back(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    chooses(house, &mateo).await?;
    somebody_redeems(house, "Rodrigo").await?;
    ensure!(way::heard(&mateo, "Rodrigo") == 0, "{}", mateo.transcript());
    presses(house, &mateo, "Resumen diario: sí").await?;
    somebody_redeems(house, "Inés").await?;
    ensure!(way::heard(&mateo, "Inés") == 1, "{}", mateo.transcript());
    passes(house, TO_MORNING + HOUR).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, SUMMARY) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn what_has_to_be_decided_is_asked_at_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    chooses(house, &mateo).await?;
    let ines = house.person("Inés");
    ines.joins(&way::creators_link(house, false)?)?;
    house.delivers().await?;
    ensure!(last(&mateo)?.text.contains("Inés"), "{}", mateo.transcript());
    house.creator().demotes(house.vip(), house.telegram.bot().id)?;
    house.delivers().await?;
    ensure!(
        !last(&mateo)?.text.contains("Inés"),
        "a lost right is told: {}",
        mateo.transcript()
    );
    Ok(())
}

async fn every_custodian_gets_it_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let elena = house.person("Elena");
    house.reopens_beside(&elena).await?;
    says(house, &elena, "/start").await?;
    chooses(house, &elena).await?;
    somebody_redeems(house, "Rodrigo").await?;
    passes(house, TO_MORNING).await?;
    house.reopens().await?;
    house.delivers().await?;
    passes(house, HOUR).await?;
    for custodian in [&mateo, &elena] {
        ensure!(way::heard(custodian, SUMMARY) == 1, "{}", custodian.transcript());
    }
    Ok(())
}

async fn what_happened_in_the_dark_is_told_at_the_start(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    chooses(house, &mateo).await?;
    somebody_redeems(house, "Rodrigo").await?;
    house.closes().await?;
    house.advance(TO_MORNING * 2)?;
    house.reopens().await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, SUMMARY) == 1, "{}", mateo.transcript());
    ensure!(
        last(&mateo)?.text.contains("aceptadas: 1"),
        "{}",
        mateo.transcript()
    );
    Ok(())
}
