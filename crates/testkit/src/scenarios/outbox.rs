//! What has to reach Telegram is written down first, and reaches it as its kind says.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::id::UserId;
use sim::Fault;
use store::outbox::{self, NewRow, OutboxRow};
use store::people;

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["outbox":
    a_notice_reaches_the_custodian_once,
    a_notice_whose_answer_is_lost_is_repeated,
    a_notice_waits_while_telegram_asks_to,
    who_never_came_holds_up_nobody,
    what_cannot_be_sent_for_a_day_is_a_dead_letter,
    somebody_who_is_no_custodian_any_more_is_told_nothing,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["outbox", reopening:
    what_was_written_down_before_a_restart_goes_out_after_it,
];

/// As often the table is looked at without being told to.
const LOOK: TimeDelta = TimeDelta::seconds(5);

/// Writes a notice down for a custodian.
async fn notice(house: &House, custodian: i64) -> Result<i64> {
    let row = NewRow {
        kind: "custodian_notice",
        sequence: &format!("chat:{custodian}"),
        after: None,
        person: Some(custodian),
        payload: r#"{"notice":"other_program"}"#,
        not_before: None,
        ends_at: None,
    };
    let now = house.now();
    Ok(house
        .store()
        .write(async |tx| outbox::enqueue(tx, &row, now).await)
        .await?)
}

async fn row(house: &House, id: i64) -> Result<OutboxRow> {
    let found = outbox::find(&house.store().read(), id).await?;
    found.context("the row is kept")
}

/// Lets time pass until the row is as wanted.
async fn passes_until(house: &House, id: i64, wanted: impl Fn(&OutboxRow) -> bool) -> Result<OutboxRow> {
    let waiting = async {
        loop {
            let row = row(house, id).await?;
            if wanted(&row) {
                return Ok(row);
            }
            // In hand, it ends by itself; otherwise the worker waits for the next look or the next try.
            if row.claimed.is_none() {
                house.passes(LOOK).await?;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), waiting)
        .await
        .context("the row does not come to that")?
}

async fn ends(house: &House, id: i64) -> Result<OutboxRow> {
    passes_until(house, id, |row| !row.is_pending()).await
}

/// The custodian, having pressed Start.
async fn custodian(house: &House) -> Result<sim::Person> {
    let custodian = house.custodian();
    custodian.sends("/start")?;
    custodian.next_answer().await?;
    house.is_quiet().await?;
    Ok(custodian)
}

/// How often the custodian was told.
fn told(custodian: &sim::Person) -> usize {
    let notices = custodian.chat().into_iter();
    notices
        .filter(|entry| entry.by == sim::By::Bot && entry.text.contains("otro mayordomo"))
        .count()
}

async fn a_notice_reaches_the_custodian_once(house: &mut House) -> Result<()> {
    let mateo = custodian(house).await?;
    let id = notice(house, mateo.id()).await?;
    let row = ends(house, id).await?;
    ensure!(row.done_at.is_some() && row.attempts == 0, "{row:?}");
    house.passes(TimeDelta::minutes(10)).await?;
    ensure!(told(&mateo) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn a_notice_whose_answer_is_lost_is_repeated(house: &mut House) -> Result<()> {
    let mateo = custodian(house).await?;
    house
        .telegram
        .inject(Fault::cut().on("sendMessage").times(1).after_effect());
    let id = notice(house, mateo.id()).await?;
    let row = ends(house, id).await?;
    ensure!(row.done_at.is_some() && !row.unknown, "{row:?}");
    ensure!(
        told(&mateo) == 2,
        "better twice than never: {}",
        mateo.transcript()
    );
    Ok(())
}

async fn a_notice_waits_while_telegram_asks_to(house: &mut House) -> Result<()> {
    let mateo = custodian(house).await?;
    house.telegram.inject(Fault::flood(30).on("sendMessage").times(1));
    let id = notice(house, mateo.id()).await?;
    let waits = passes_until(house, id, |row| row.next_try.is_some()).await?;
    ensure!(waits.attempts == 0, "{waits:?}");
    let asked_at = waits.next_try.context("it waits")? - TimeDelta::milliseconds(30_100);
    let row = ends(house, id).await?;
    ensure!(row.done_at >= Some(asked_at + TimeDelta::seconds(30)), "{row:?}");
    ensure!(told(&mateo) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn who_never_came_holds_up_nobody(house: &mut House) -> Result<()> {
    // Known to the house, from an adopted database say; the chat does not exist.
    let mateo = house.custodian();
    let unseen = notice(house, mateo.id()).await?;
    let row = ends(house, unseen).await?;
    ensure!(row.done_at.is_some() && row.dead_at.is_none(), "{row:?}");
    ensure!(row.result.is_some_and(|why| why.contains("refused")));
    // The next one reaches them.
    custodian(house).await?;
    let id = notice(house, mateo.id()).await?;
    ends(house, id).await?;
    ensure!(told(&mateo) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn what_cannot_be_sent_for_a_day_is_a_dead_letter(house: &mut House) -> Result<()> {
    let mateo = custodian(house).await?;
    let away = house
        .telegram
        .inject(Fault::error(502, "Bad Gateway").on("sendMessage"));
    let id = notice(house, mateo.id()).await?;
    passes_until(house, id, |row| row.next_try.is_some()).await?;
    house.passes(TimeDelta::hours(24)).await?;
    let row = ends(house, id).await?;
    ensure!(row.dead_at.is_some() && !row.unknown, "{row:?}");
    away.remove();
    let listed = outbox::listed(&house.store().read(), 9).await?;
    ensure!(listed.len() == 1 && listed[0].id == id, "{listed:?}");
    let next = notice(house, mateo.id()).await?;
    ensure!(ends(house, next).await?.done_at.is_some());
    ensure!(told(&mateo) == 1, "{}", mateo.transcript());
    Ok(())
}

async fn somebody_who_is_no_custodian_any_more_is_told_nothing(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let id = notice(house, ines.id()).await?;
    ensure!(ends(house, id).await?.done_at.is_some());
    ensure!(told(&ines) == 0, "{}", ines.transcript());
    Ok(())
}

async fn what_was_written_down_before_a_restart_goes_out_after_it(house: &mut House) -> Result<()> {
    let mateo = custodian(house).await?;
    let known = people::find(&house.store().read(), UserId(mateo.id())).await?;
    ensure!(known.is_some());
    let id = notice(house, mateo.id()).await?;
    house.reopens().await?;
    ensure!(ends(house, id).await?.done_at.is_some());
    ensure!(told(&mateo) == 1, "{}", mateo.transcript());
    Ok(())
}
