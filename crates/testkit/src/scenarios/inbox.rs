//! Nothing that arrives is lost, and nothing runs twice.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use futures_util::future::try_join_all;
use store::{inbox, people};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["inbox":
    one_persons_messages_are_answered_in_order,
    finished_rows_are_erased_and_later_removed,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["inbox", reopening:
    what_was_sent_while_the_house_was_closed_is_answered,
    a_restart_answers_nobody_twice,
];

async fn one_persons_messages_are_answered_in_order(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..10 {
        ines.sends("/id")?;
        ines.sends("/help")?;
    }
    house.is_quiet().await?;
    let answers: Vec<bool> = ines
        .chat()
        .iter()
        .filter(|entry| entry.by == sim::By::Bot)
        .map(|entry| entry.text.contains("/start"))
        .collect();
    ensure!(
        answers == [false, true].repeat(10),
        "id and help by turns: {answers:?}"
    );
    Ok(())
}

async fn finished_rows_are_erased_and_later_removed(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..3 {
        ines.sends("/start")?;
    }
    house.is_quiet().await?;
    house.passes(TimeDelta::hours(49)).await?;
    let swept = house
        .store()
        .write(async |tx| inbox::sweep(tx, house.now()).await)
        .await?;
    // The newest row stays, so that its number is not given away again; the house may have swept itself.
    ensure!(swept.keys <= 2, "{swept:?}");
    let again = house
        .store()
        .write(async |tx| inbox::sweep(tx, house.now()).await)
        .await?;
    ensure!(again.keys == 0, "{again:?}");
    Ok(())
}

async fn what_was_sent_while_the_house_was_closed_is_answered(house: &mut House) -> Result<()> {
    house.is_quiet().await?;
    house.closes().await?;
    let people: Vec<_> = (0..50).map(|n| house.person(&format!("Huésped {n}"))).collect();
    for person in &people {
        person.sends("/start")?;
    }
    house.passes(TimeDelta::hours(3)).await?;
    house.reopens().await?;
    try_join_all(people.iter().map(|person| person.next_answer())).await?;
    ensure!(people::count(&house.store().read()).await? == 50);
    Ok(())
}

async fn a_restart_answers_nobody_twice(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    house.is_quiet().await?;
    house.reopens().await?;
    ines.sends("/id")?;
    ines.hears("número").await?;
    house.is_quiet().await?;
    ensure!(
        ines.chat().len() == 4,
        "two messages, two answers: {}",
        ines.transcript()
    );
    Ok(())
}
