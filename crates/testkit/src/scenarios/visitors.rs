//! What visitors can read about the house.

use anyhow::{Result, ensure};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["visitors":
    every_room_leads_back_home,
    the_configured_networks_are_shown_in_order,
    without_networks_none_is_invented,
];

async fn every_room_leads_back_home(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    let home = ines.next_answer().await?;
    let labels: Vec<String> = home.labels().concat().into_iter().map(str::to_owned).collect();
    for label in labels {
        ines.presses(&label)?.answer().await?;
        let room = ines.next_answer().await?;
        ensure!(
            room.message_id == home.message_id,
            "one message is edited all along"
        );
        let back = room.labels().concat().last().map(|label| (*label).to_owned());
        ines.presses(&back.expect("a way back"))?.answer().await?;
        ensure!(ines.next_answer().await?.labels() == home.labels());
    }
    Ok(())
}

async fn the_configured_networks_are_shown_in_order(house: &mut House) -> Result<()> {
    house.preload().await?;
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    ines.presses_data("menu:free:social")?.answer().await?;
    let shown = ines.next_answer().await?;
    let labels = shown.labels().concat();
    ensure!(
        labels.len() == 3 && labels[0].contains("@diana.casa") && labels[1].contains("@diana.casa"),
        "{labels:?}"
    );
    let urls = format!("{:?}", shown.keyboard);
    let places = ["instagram.com/diana.casa", "tiktok.com/@diana.casa"].map(|url| urls.find(url));
    ensure!(places.iter().all(Option::is_some) && places.is_sorted(), "{urls}");
    Ok(())
}

async fn without_networks_none_is_invented(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    ines.presses_data("social")?.answer().await?;
    let shown = ines.next_answer().await?;
    ensure!(
        shown.labels().concat().len() == 1,
        "only the way back: {:?}",
        shown.labels()
    );
    Ok(())
}
