//! Who can be written to, and who cannot.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::id::UserId;
use sim::{Fault, Person};
use store::reachability::{self, Reachability};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["reachability":
    a_block_is_noted_and_so_is_its_end,
    of_strangers_nothing_is_noted,
    a_refused_answer_says_that_somebody_is_out_of_reach,
    who_writes_is_within_reach,
];

async fn known(house: &House, person: &Person) -> Result<Option<Reachability>> {
    Ok(reachability::find(&house.store().read(), UserId(person.id())).await?)
}

async fn visitor(house: &House) -> Result<Person> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    Ok(ines)
}

async fn a_block_is_noted_and_so_is_its_end(house: &mut House) -> Result<()> {
    let ines = visitor(house).await?;
    ensure!(known(house, &ines).await?.is_none(), "nobody doubts it");
    let blocked_at = house.now();
    ines.blocks_bot()?;
    house.is_quiet().await?;
    let noted = known(house, &ines).await?;
    ensure!(
        noted
            .as_ref()
            .is_some_and(|noted| noted.blocked_at == Some(blocked_at) && noted.reason == "blocked"),
        "{noted:?}"
    );
    house.passes(TimeDelta::days(3)).await?;
    ines.unblocks_bot()?;
    house.is_quiet().await?;
    let noted = known(house, &ines).await?;
    ensure!(
        noted
            .as_ref()
            .is_some_and(|noted| noted.blocked_at.is_none() && noted.reason == "unblocked"),
        "{noted:?}"
    );
    Ok(())
}

async fn of_strangers_nothing_is_noted(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.blocks_bot()?;
    house.is_quiet().await?;
    ensure!(known(house, &ines).await?.is_none());
    Ok(())
}

async fn a_refused_answer_says_that_somebody_is_out_of_reach(house: &mut House) -> Result<()> {
    for (description, reason) in [
        ("Forbidden: bot was blocked by the user", "blocked"),
        (
            "Forbidden: bot can't initiate conversation with a user",
            "never_started",
        ),
        ("Forbidden: user is deactivated", "deactivated"),
    ] {
        let ines = visitor(house).await?;
        house
            .telegram
            .inject(Fault::error(403, description).on("sendMessage").times(1));
        ines.sends("/id")?;
        house.is_quiet().await?;
        let noted = known(house, &ines).await?;
        ensure!(
            noted
                .as_ref()
                .is_some_and(|noted| noted.blocked_at.is_some() && noted.reason == reason),
            "{description}: {noted:?}"
        );
    }
    Ok(())
}

async fn who_writes_is_within_reach(house: &mut House) -> Result<()> {
    let ines = visitor(house).await?;
    let now = house.now();
    house
        .store()
        .write(async |tx| reachability::note_blocked(tx, UserId(ines.id()), "never_started", now).await)
        .await?;
    ines.sends("/id")?;
    ines.next_answer().await?;
    house.is_quiet().await?;
    let noted = known(house, &ines).await?;
    ensure!(
        noted
            .as_ref()
            .is_some_and(|noted| noted.blocked_at.is_none() && noted.reason == "wrote"),
        "{noted:?}"
    );
    // From then on there is nothing to write any more.
    ines.sends("/id")?;
    ines.next_answer().await?;
    ensure!(known(house, &ines).await? == noted);
    Ok(())
}
