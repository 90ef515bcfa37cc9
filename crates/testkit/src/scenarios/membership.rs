//! How long the own membership lasts, and what it opens.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::subscription::Stage;

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["membership":
    a_member_asks_how_long_it_lasts,
    somebody_entering_may_ask_too,
    access_ends_with_the_last_moment_and_without_any_job,
    a_members_button_is_not_for_visitors,
    a_visitors_button_brings_a_member_home,
];

async fn a_member_asks_how_long_it_lasts(house: &mut House) -> Result<()> {
    let rodrigo = house.member("Rodrigo", TimeDelta::days(30)).await?;
    rodrigo.sends("/start")?;
    rodrigo.next_answer().await?;
    rodrigo.presses("membresía")?.answer().await?;
    let shown = rodrigo.next_answer().await?;
    ensure!(shown.is_edited, "the screen takes the place of the last");
    ensure!(
        shown.text.contains("30 días") && shown.text.contains("27 de noviembre de 2026"),
        "{}",
        shown.text
    );
    house.passes(TimeDelta::days(29) + TimeDelta::hours(1)).await?;
    // A reminder comes by itself.
    house.settles().await?;
    rodrigo.presses_data("vip:status")?.answer().await?;
    let shown = rodrigo.next_answer().await?;
    ensure!(shown.text.contains("menos de un día"), "{}", shown.text);
    Ok(())
}

async fn somebody_entering_may_ask_too(house: &mut House) -> Result<()> {
    let camila = house
        .entering("Camila", TimeDelta::days(90), Stage::First)
        .await?;
    camila.sends("/start")?;
    camila.next_answer().await?;
    camila.presses_data("vip:status")?.answer().await?;
    let shown = camila.next_answer().await?;
    ensure!(
        shown.text.contains("rito") && shown.text.contains("90 días"),
        "{}",
        shown.text
    );
    Ok(())
}

async fn access_ends_with_the_last_moment_and_without_any_job(house: &mut House) -> Result<()> {
    let rodrigo = house.member("Rodrigo", TimeDelta::days(1)).await?;
    house.passes(TimeDelta::days(1)).await?;
    rodrigo.sends("/start")?;
    ensure!(
        rodrigo.next_answer().await?.labels().len() == 2,
        "the last moment still counts"
    );
    house.passes(TimeDelta::seconds(1)).await?;
    rodrigo.sends("/start")?;
    ensure!(
        rodrigo.next_answer().await?.labels().len() == 3,
        "a visitor again"
    );
    Ok(())
}

async fn a_members_button_is_not_for_visitors(house: &mut House) -> Result<()> {
    house.preload().await?;
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    for data in ["premium", "membership", "vip:premium", "vip:status"] {
        let answer = ines.presses_data(data)?.answer().await?;
        ensure!(answer.show_alert && answer.text.is_some(), "{data}: {answer:?}");
        house.is_quiet().await?;
        let shown = ines.last_message().expect("the home screen");
        ensure!(shown.labels().len() == 3, "the visitors' home: {}", shown.text);
        ensure!(
            !shown.text.contains("Medianoche"),
            "no piece of the members' is named"
        );
    }
    Ok(())
}

async fn a_visitors_button_brings_a_member_home(house: &mut House) -> Result<()> {
    let rodrigo = house.member("Rodrigo", TimeDelta::days(30)).await?;
    rodrigo.sends("/start")?;
    rodrigo.next_answer().await?;
    let answer = rodrigo.presses_data("menu:free:vip")?.answer().await?;
    ensure!(!answer.show_alert);
    house.is_quiet().await?;
    ensure!(
        rodrigo
            .last_message()
            .is_some_and(|shown| shown.labels().len() == 2)
    );
    Ok(())
}
