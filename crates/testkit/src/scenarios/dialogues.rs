//! Dialogues, as far as they concern everybody: leaving them.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::id::UserId;
use sim::Person;
use store::dialogues::{self, Dialogue};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["dialogues":
    whoever_is_in_none_has_nothing_to_leave,
    a_dialogue_can_be_left,
    a_command_is_no_input_and_leaves_the_dialogue,
    a_dialogue_that_expired_is_not_there_any_more,
];

/// The custodian in the middle of a dialogue.
async fn in_dialogue(house: &House) -> Result<Person> {
    let mateo = house.custodian();
    mateo.sends("/start")?;
    house.is_quiet().await?;
    let now = house.now();
    let dialogue = Dialogue {
        kind: "of another version".to_owned(),
        step: "first".to_owned(),
        draft: "{}".to_owned(),
        message_id: None,
        expires_at: now + TimeDelta::hours(24),
    };
    house
        .store()
        .write(async |tx| dialogues::begin(tx, UserId(mateo.id()), &dialogue, now).await)
        .await?;
    Ok(mateo)
}

async fn is_in_dialogue(house: &House, person: &Person) -> Result<bool> {
    let found = dialogues::find(&house.store().read(), UserId(person.id()), house.now()).await?;
    Ok(found.is_some())
}

async fn whoever_is_in_none_has_nothing_to_leave(house: &mut House) -> Result<()> {
    for person in [house.person("Inés"), house.custodian()] {
        person.sends("/cancel")?;
        let answer = person.next_answer().await?;
        ensure!(
            answer.text.contains("nada") && answer.text.contains("/start"),
            "{}",
            answer.text
        );
    }
    Ok(())
}

async fn a_dialogue_can_be_left(house: &mut House) -> Result<()> {
    let mateo = in_dialogue(house).await?;
    mateo.sends("/cancel")?;
    mateo.hears("No se ha cambiado nada").await?;
    ensure!(!is_in_dialogue(house, &mateo).await?);
    mateo.sends("/cancel")?;
    mateo.hears("/start").await?;
    Ok(())
}

async fn a_command_is_no_input_and_leaves_the_dialogue(house: &mut House) -> Result<()> {
    for command in ["/start", "/admin", "/id", "/nonsense"] {
        let mateo = in_dialogue(house).await?;
        // Words leave it where it is.
        mateo.sends("algo")?;
        house.is_quiet().await?;
        ensure!(is_in_dialogue(house, &mateo).await?);
        mateo.sends(command)?;
        house.is_quiet().await?;
        ensure!(!is_in_dialogue(house, &mateo).await?, "{command}");
    }
    let mateo = in_dialogue(house).await?;
    mateo.presses_data("home")?.answer().await?;
    house.is_quiet().await?;
    ensure!(
        !is_in_dialogue(house, &mateo).await?,
        "a button of another screen"
    );
    Ok(())
}

async fn a_dialogue_that_expired_is_not_there_any_more(house: &mut House) -> Result<()> {
    let mateo = in_dialogue(house).await?;
    house.passes(TimeDelta::hours(24) + TimeDelta::seconds(1)).await?;
    let tap = mateo.presses_data("cancel")?;
    let answer = tap.answer().await?;
    ensure!(answer.show_alert, "{answer:?}");
    answer.text.context("it says that it is over")?;
    Ok(())
}
