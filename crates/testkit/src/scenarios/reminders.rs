//! Members are reminded that their time runs out.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use sim::{Fault, Person};
use store::holds;

use super::way::{self, opens, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["reminders":
    both_come_once_each_with_what_can_be_done,
    a_plan_is_called_by_its_name,
    a_renewal_stops_them,
    whoever_came_after_a_moment_is_not_reminded_of_it,
    while_a_hold_stands_nobody_is_reminded,
    what_comes_more_than_twelve_hours_late_is_left_out,
    what_waited_for_too_long_is_not_sent,
    what_waited_beyond_a_renewal_is_not_sent,
    whoever_has_blocked_lucien_is_not_tried_again,
    whoever_runs_the_house_is_not_reminded,
    several_are_reminded_at_once,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["reminders", reopening:
    after_two_days_of_darkness_only_the_newest_is_sent,
];

/// What every reminder says, and what each of them does.
const ANY: &str = "A esa hora, el salón reservado";
pub(super) const THREE_DAYS: &str = "unos tres días";
pub(super) const WISH: &str = "Quiero renovar";

const DAY: TimeDelta = TimeDelta::days(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// A member who has pressed Start.
pub(super) async fn member(house: &House, name: &str, length: TimeDelta) -> Result<Person> {
    let person = house.member(name, length).await?;
    says(house, &person, "/start").await?;
    Ok(person)
}

/// Lets time pass, and what has become due happen.
pub(super) async fn passes(house: &House, length: TimeDelta) -> Result<()> {
    house.passes(length).await?;
    house.settles().await
}

fn reminders(person: &Person) -> usize {
    way::heard(person, ANY)
}

async fn lifts(house: &House, reason: HoldReason) -> Result<()> {
    let lifted = house.store().write(async |tx| holds::clear(tx, &[reason]).await);
    lifted.await?;
    Ok(())
}

async fn holds_back(house: &House, reason: HoldReason) -> Result<()> {
    let now = house.now();
    let held = house.store().write(async |tx| holds::set(tx, reason, now).await);
    held.await?;
    Ok(())
}

async fn both_come_once_each_with_what_can_be_done(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    let end = house.now() + DAY * 10;
    passes(house, DAY * 7 - TimeDelta::minutes(1)).await?;
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    passes(house, end - DAY * 3 - house.now()).await?;
    ensure!(way::heard(&rodrigo, THREE_DAYS) == 1, "{}", rodrigo.transcript());
    let shown = way::last(&rodrigo)?;
    let labels = shown.labels().concat();
    ensure!(labels.iter().any(|label| label.contains(WISH)), "{labels:?}");
    ensure!(
        labels.iter().any(|label| label.contains("Hablarlo en persona")),
        "{labels:?}"
    );
    for _ in 0..4 {
        passes(house, HOUR * 6).await?;
    }
    ensure!(reminders(&rodrigo) == 1, "{}", rodrigo.transcript());
    passes(house, end - DAY - house.now()).await?;
    ensure!(reminders(&rodrigo) == 2, "{}", rodrigo.transcript());
    ensure!(way::heard(&rodrigo, THREE_DAYS) == 1, "{}", rodrigo.transcript());
    for _ in 0..6 {
        passes(house, HOUR * 6).await?;
    }
    ensure!(reminders(&rodrigo) == 2, "{}", rodrigo.transcript());
    Ok(())
}

async fn a_plan_is_called_by_its_name(house: &mut House) -> Result<()> {
    let rodrigo = house.person("Rodrigo");
    let payload = way::invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    passes(house, DAY * 27).await?;
    let shown = way::last(&rodrigo)?;
    ensure!(
        shown.text.contains(ANY) && shown.text.contains("Mensual"),
        "{}",
        shown.text
    );
    Ok(())
}

async fn a_renewal_stops_them(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 6).await?;
    let payload = way::invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    for _ in 0..8 {
        passes(house, HOUR * 12).await?;
    }
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    passes(house, DAY * 27).await?;
    ensure!(
        reminders(&rodrigo) == 1,
        "the new end counts: {}",
        rodrigo.transcript()
    );
    Ok(())
}

async fn whoever_came_after_a_moment_is_not_reminded_of_it(house: &mut House) -> Result<()> {
    let ines = member(house, "Inés", DAY * 2).await?;
    let rodrigo = member(house, "Rodrigo", HOUR * 20).await?;
    passes(house, HOUR).await?;
    ensure!(reminders(&ines) + reminders(&rodrigo) == 0);
    passes(house, DAY - HOUR).await?;
    ensure!(reminders(&ines) == 1, "{}", ines.transcript());
    ensure!(way::heard(&ines, THREE_DAYS) == 0, "{}", ines.transcript());
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    Ok(())
}

async fn while_a_hold_stands_nobody_is_reminded(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 6).await?;
    holds_back(house, HoldReason::Restored).await?;
    passes(house, DAY + HOUR).await?;
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    lifts(house, HoldReason::Restored).await?;
    passes(house, HOUR).await?;
    ensure!(reminders(&rodrigo) == 1, "{}", rodrigo.transcript());
    Ok(())
}

async fn what_comes_more_than_twelve_hours_late_is_left_out(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 6).await?;
    holds_back(house, HoldReason::Imported).await?;
    passes(house, DAY + HOUR * 12).await?;
    lifts(house, HoldReason::Imported).await?;
    passes(house, HOUR).await?;
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    passes(house, HOUR * 36).await?;
    ensure!(reminders(&rodrigo) == 1, "{}", rodrigo.transcript());
    ensure!(way::heard(&rodrigo, THREE_DAYS) == 0, "{}", rodrigo.transcript());
    Ok(())
}

async fn what_waited_for_too_long_is_not_sent(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 6 + HOUR * 23).await?;
    // Telegram wants to be left alone for a while.
    let flood = Fault::flood(13 * 3_600).on("sendMessage").times(1);
    house.telegram.inject(flood);
    passes(house, HOUR + TimeDelta::minutes(1)).await?;
    passes(house, HOUR * 13 + TimeDelta::minutes(1)).await?;
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn what_waited_beyond_a_renewal_is_not_sent(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    passes(house, DAY * 6 + HOUR * 23).await?;
    let flood = Fault::flood(2 * 3_600).on("sendMessage").times(1);
    house.telegram.inject(flood);
    passes(house, HOUR + TimeDelta::minutes(1)).await?;
    // The renewal counts at once, and is told as late as the rest.
    rodrigo.opens_link(&way::invitation(house).await?)?;
    passes(house, HOUR * 3).await?;
    ensure!(reminders(&rodrigo) == 0, "{}", rodrigo.transcript());
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn whoever_has_blocked_lucien_is_not_tried_again(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    rodrigo.blocks_bot()?;
    let before = house.telegram.call_count("sendMessage");
    passes(house, DAY * 7).await?;
    ensure!(
        house.telegram.call_count("sendMessage") == before + 1,
        "tried once"
    );
    ensure!(way::dead(house).await? == 0);
    rodrigo.unblocks_bot()?;
    passes(house, HOUR).await?;
    ensure!(
        reminders(&rodrigo) == 0,
        "what was said counts: {}",
        rodrigo.transcript()
    );
    passes(house, DAY * 2 - HOUR).await?;
    ensure!(reminders(&rodrigo) == 1, "{}", rodrigo.transcript());
    Ok(())
}

async fn whoever_runs_the_house_is_not_reminded(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let payload = way::invitation(house).await?;
    let rodrigo = house.person("Rodrigo");
    opens(house, &rodrigo, &payload).await?;
    passes(house, DAY * 27).await?;
    ensure!(reminders(&mateo) == 0 && reminders(&rodrigo) == 1);
    Ok(())
}

async fn several_are_reminded_at_once(house: &mut House) -> Result<()> {
    let mut people = Vec::new();
    for _ in 0..12 {
        people.push(member(house, "Rodrigo", DAY * 10).await?);
    }
    passes(house, DAY * 7).await?;
    house.delivers().await?;
    for person in &people {
        ensure!(reminders(person) == 1, "{}", person.transcript());
    }
    Ok(())
}

async fn after_two_days_of_darkness_only_the_newest_is_sent(house: &mut House) -> Result<()> {
    let rodrigo = member(house, "Rodrigo", DAY * 10).await?;
    let ines = member(house, "Inés", DAY * 9).await?;
    passes(house, DAY * 6 + HOUR).await?;
    passes(house, HOUR * 19).await?;
    ensure!(reminders(&ines) == 1 && reminders(&rodrigo) == 0);
    house.closes().await?;
    // Of Rodrigo's two moments, one has come 48 hours ago; Inés' second one 28.
    house.advance(DAY * 2 + HOUR * 8)?;
    house.reopens().await?;
    house.settles().await?;
    lifts(house, HoldReason::Stale).await?;
    passes(house, HOUR).await?;
    ensure!(reminders(&rodrigo) == 1, "{}", rodrigo.transcript());
    ensure!(way::heard(&rodrigo, THREE_DAYS) == 0, "{}", rodrigo.transcript());
    ensure!(reminders(&ines) == 1, "too late: {}", ines.transcript());
    Ok(())
}
