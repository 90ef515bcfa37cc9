//! The lists of content packages.

use anyhow::{Result, ensure};
use chrono::TimeDelta;

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["packages":
    visitors_see_what_is_open_to_them_in_order,
    members_see_the_treasures,
    empty_shelves_are_said_to_be_empty,
];

/// Where each of the names stands in a text; all must be there.
fn places(text: &str, names: &[&str]) -> Result<Vec<usize>> {
    let place = |name: &&str| {
        text.find(*name)
            .ok_or_else(|| anyhow::anyhow!("{name} is missing in {text}"))
    };
    names.iter().map(place).collect()
}

async fn visitors_see_what_is_open_to_them_in_order(house: &mut House) -> Result<()> {
    house.preload().await?;
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    ines.presses_data("menu:free:content")?.answer().await?;
    let list = ines.next_answer().await?;
    let places = places(
        &list.text,
        &["Cartas sin remitente", "Luz de tarde", "Postales de invierno"],
    )?;
    ensure!(
        places.is_sorted(),
        "free ones by name, then by price: {}",
        list.text
    );
    ensure!(list.text.contains("$3.50"), "{}", list.text);
    ensure!(!list.text.contains("Medianoche"));
    Ok(())
}

async fn members_see_the_treasures(house: &mut House) -> Result<()> {
    house.preload().await?;
    let rodrigo = house.member("Rodrigo", TimeDelta::days(30)).await?;
    rodrigo.sends("/start")?;
    rodrigo.next_answer().await?;
    rodrigo.presses_data("vip:premium")?.answer().await?;
    let list = rodrigo.next_answer().await?;
    let places = places(&list.text, &["El cuaderno rojo", "Medianoche & terciopelo"])?;
    ensure!(places.is_sorted(), "by price: {}", list.text);
    Ok(())
}

async fn empty_shelves_are_said_to_be_empty(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    let home = ines.next_answer().await?;
    let first = home.labels()[0][0].to_owned();
    ines.presses(&first)?.answer().await?;
    let list = ines.next_answer().await?;
    ensure!(list.text.contains("vacíos"), "{}", list.text);
    ensure!(list.labels().len() == 1, "only the way back");
    Ok(())
}
