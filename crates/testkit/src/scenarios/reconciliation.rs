//! Telegram is asked where people are, and others act beside Lucien.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::id::{ChatId, DepartureId, UserId};
use sim::{Person, Rights};
use store::{StoreError, departures, exemptions, presence};

use super::reminders::passes;
use super::way::{self, presses, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["reconciliation":
    somebody_whose_time_is_over_is_found_and_seen_out,
    whoever_is_to_stay_is_left_alone,
    a_member_removed_by_another_is_told_once,
    a_member_removed_while_nobody_looked_is_found,
    what_lucien_does_himself_is_no_news,
    a_member_found_inside_has_finished_the_ritual,
    people_whom_nobody_knows_are_counted,
    whoever_may_not_look_asks_nothing,
    a_round_takes_a_day_and_asks_once_about_everybody,
    what_telegram_refuses_is_asked_later,
];

pub(super) const BARE_STORIES: &[Scenario] = stories!["reconciliation", bare:
    without_a_channel_nobody_is_looked_for,
];

const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);

const REMOVED: &str = "y no fui yo";

/// Lets a whole round pass.
async fn a_round(house: &House) -> Result<()> {
    for _ in 0..26 {
        passes(house, HOUR).await?;
    }
    Ok(())
}

/// Somebody whose membership was over and settled long since, known to the house.
async fn former(house: &House, name: &str) -> Result<Person> {
    let person = house.member(name, TimeDelta::seconds(1)).await?;
    says(house, &person, "/start").await?;
    let now = house.now() + TimeDelta::minutes(1);
    let settled: Result<_, StoreError> = house
        .store()
        .write(async |tx| {
            let ended = departures::end(tx, now, 10, now).await?;
            let due = departures::due(tx, DepartureId(0), None, 100).await?;
            let due: Vec<DepartureId> = due.iter().map(|(departure, _)| departure.id).collect();
            departures::release(tx, &due, now).await?;
            Ok(ended.len())
        })
        .await;
    settled?;
    passes(house, TimeDelta::minutes(2)).await?;
    Ok(person)
}

async fn due(house: &House) -> Result<i64> {
    Ok(departures::figures(&house.store().read(), house.now()).await?.due)
}

async fn somebody_whose_time_is_over_is_found_and_seen_out(house: &mut House) -> Result<()> {
    let rodrigo = former(house, "Rodrigo").await?;
    house.creator().adds(house.vip(), rodrigo.id())?;
    passes(house, HOUR).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(
        !way::is_inside(house, &rodrigo),
        "{}",
        house.telegram.transcript()
    );
    ensure!(due(house).await? == 0);
    // Not banned: whoever adds them again may do so.
    house.creator().adds(house.vip(), rodrigo.id())?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo), "found again");
    Ok(())
}

async fn whoever_is_to_stay_is_left_alone(house: &mut House) -> Result<()> {
    let (guest, staff, spared) = (
        former(house, "Inés").await?,
        former(house, "Elena").await?,
        former(house, "Rodrigo").await?,
    );
    let now = house.now();
    let set: Result<_, StoreError> = house
        .store()
        .write(async |tx| {
            exemptions::add(tx, UserId(guest.id()), UserId(0), now).await?;
            departures::reopen(tx, UserId(spared.id()), now).await?;
            let due = departures::due(tx, DepartureId(0), None, 9).await?;
            for (departure, _) in due {
                departures::spare(tx, departure.id, now).await?;
            }
            Ok(())
        })
        .await;
    set?;
    let creator = house.creator();
    for person in [&guest, &spared] {
        creator.adds(house.vip(), person.id())?;
    }
    creator.promotes(house.vip(), staff.id(), Rights::all())?;
    a_round(house).await?;
    house.delivers().await?;
    for person in [&guest, &staff, &spared] {
        ensure!(way::is_inside(house, person), "{}", person.transcript());
    }
    ensure!(due(house).await? == 0);
    Ok(())
}

async fn a_member_removed_by_another_is_told_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let before = way::subscription(house, &rodrigo).await?;
    house.creator().bans(house.vip(), rodrigo.id(), None)?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 1, "{}", mateo.transcript());
    ensure!(way::last(&mateo)?.text.contains("Diana") || way::last(&mateo)?.text.contains("Lo dispuso"));
    a_round(house).await?;
    house.creator().unbans(house.vip(), rodrigo.id())?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 1, "{}", mateo.transcript());
    ensure!(
        way::subscription(house, &rodrigo).await? == before,
        "the membership goes on"
    );
    ensure!(due(house).await? == 0);
    Ok(())
}

async fn a_member_removed_while_nobody_looked_is_found(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let before = way::subscription(house, &rodrigo).await?;
    let (creator, bot) = (house.creator(), house.telegram.bot().id);
    creator.demotes(house.vip(), bot)?;
    house.settles().await?;
    creator.bans(house.vip(), rodrigo.id(), None)?;
    house.settles().await?;
    ensure!(way::heard(&mateo, REMOVED) == 0, "nobody tells");
    creator.promotes(house.vip(), bot, Rights::all())?;
    a_round(house).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 1, "{}", mateo.transcript());
    ensure!(way::subscription(house, &rodrigo).await? == before);
    Ok(())
}

async fn what_lucien_does_himself_is_no_news(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = former(house, "Rodrigo").await?;
    house.creator().adds(house.vip(), rodrigo.id())?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo));
    // They become a member again just afterwards; the echoes of their removal are old.
    let payload = way::invitation(house).await?;
    way::opens(house, &rodrigo, &payload).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 0, "{}", mateo.transcript());
    // Nor is it, when a member leaves.
    presses(house, &rodrigo, way::LISTEN).await?;
    presses(house, &rodrigo, way::ACCEPT).await?;
    rodrigo.asks_to_join(&way::link(house, &rodrigo).await?)?;
    house.settles().await?;
    rodrigo.leaves(house.vip())?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn a_member_found_inside_has_finished_the_ritual(house: &mut House) -> Result<()> {
    let rodrigo = house.person("Rodrigo");
    way::gets_link(house, &rodrigo).await?;
    let (creator, bot) = (house.creator(), house.telegram.bot().id);
    creator.demotes(house.vip(), bot)?;
    house.settles().await?;
    creator.adds(house.vip(), rodrigo.id())?;
    creator.promotes(house.vip(), bot, Rights::all())?;
    house.settles().await?;
    ensure!(way::stage(house, &rodrigo).await?.is_some());
    a_round(house).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::stage(house, &rodrigo).await?.is_none());
    ensure!(way::link_row(house, &rodrigo).await?.is_none());
    Ok(())
}

async fn people_whom_nobody_knows_are_counted(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    a_round(house).await?;
    const SOME: &str = "De quienes nada sé: ";
    ensure!(
        way::heard(&mateo, SOME) == 0,
        "the creator and Lucien are known: {}",
        mateo.transcript()
    );
    let strangers = [house.person("Inés"), house.person("Elena")];
    for stranger in &strangers {
        house.creator().adds(house.vip(), stranger.id())?;
    }
    a_round(house).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, &format!("{SOME}2")) == 1,
        "{}",
        mateo.transcript()
    );
    a_round(house).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, SOME) == 1, "told when it changes");
    strangers[0].leaves(house.vip())?;
    a_round(house).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, &format!("{SOME}1")) == 1,
        "{}",
        mateo.transcript()
    );
    strangers[1].leaves(house.vip())?;
    a_round(house).await?;
    a_round(house).await?;
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "ya conozco a quien") == 1,
        "{}",
        mateo.transcript()
    );
    Ok(())
}

async fn whoever_may_not_look_asks_nothing(house: &mut House) -> Result<()> {
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    house.creator().demotes(house.vip(), house.telegram.bot().id)?;
    house.settles().await?;
    let asked = house.telegram.call_count("getChatMember");
    a_round(house).await?;
    ensure!(house.telegram.call_count("getChatMember") == asked);
    ensure!(house.telegram.call_count("getChatMemberCount") <= 1);
    Ok(())
}

async fn a_round_takes_a_day_and_asks_once_about_everybody(house: &mut House) -> Result<()> {
    const CROWD: usize = 60;
    let mut people = Vec::new();
    for _ in 0..CROWD {
        people.push(house.member("Rodrigo", DAY * 300).await?);
    }
    a_round(house).await?;
    let before = house.telegram.call_count("getChatMember");
    for _ in 0..24 {
        let asked = house.telegram.call_count("getChatMember");
        passes(house, HOUR).await?;
        let asked = house.telegram.call_count("getChatMember") - asked;
        ensure!(asked <= 3, "{asked} in an hour");
    }
    let asked = house.telegram.call_count("getChatMember") - before;
    ensure!(asked <= CROWD as u64, "{asked} in a day");
    a_round(house).await?;
    for person in &people {
        ensure!(!way::calls(house, "getChatMember", person).is_empty());
        let (db, vip) = (house.store().read(), ChatId(house.vip().id()));
        let known = presence::find(&db, UserId(person.id()), vip).await?;
        ensure!(known.is_some_and(|known| !known.standing.is_inside()));
    }
    Ok(())
}

async fn what_telegram_refuses_is_asked_later(house: &mut House) -> Result<()> {
    let gone = house.member("Inés", DAY * 300).await?;
    let rodrigo = house.member("Rodrigo", DAY * 300).await?;
    house.telegram.inject(
        sim::Fault::error(400, "Bad Request: PARTICIPANT_ID_INVALID")
            .on("getChatMember")
            .times(1),
    );
    a_round(house).await?;
    ensure!(way::calls(house, "getChatMember", &gone).len() == 1);
    ensure!(
        way::calls(house, "getChatMember", &rodrigo).len() == 1,
        "others are looked at"
    );
    house
        .telegram
        .inject(sim::Fault::flood(30).on("getChatMember").times(1));
    a_round(house).await?;
    ensure!(way::calls(house, "getChatMember", &gone).len() >= 2);
    ensure!(way::calls(house, "getChatMember", &rodrigo).len() >= 2);
    Ok(())
}

async fn without_a_channel_nobody_is_looked_for(house: &mut House) -> Result<()> {
    house.member("Rodrigo", DAY * 300).await?;
    a_round(house).await?;
    ensure!(house.telegram.call_count("getChatMember") == 0);
    ensure!(house.telegram.call_count("getChatMemberCount") == 0);
    Ok(())
}
