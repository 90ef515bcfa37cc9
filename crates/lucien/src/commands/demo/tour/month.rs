//! A month in the house, and two days in which it is dark.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::subscription::Status;
use sim::{Fault, Person};
use store::holds;

use super::membership::FAREWELL;
use super::queue::{Patio, admissions, is_due};
use super::way_in::{ACCEPT, LISTEN};
use super::{Tour, custodian, heard, last, link_in};

const DAY: TimeDelta = TimeDelta::days(1);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Days of the month that is shown: the last day of a membership is not among them.
const DAYS: i32 = 29;
/// The day on which the power fails, and for how long.
const DARK: (i32, TimeDelta) = (20, TimeDelta::minutes(3));
/// The day on which Telegram wants to be left alone.
const FLOOD: i32 = 10;

/// What a summary of the day is called.
const SUMMARY: &str = "Resumen del día";
/// What custodians are asked.
const ASKED: &str = "Mientras tanto no despido a nadie";

/// A month passes; returns who became a member at its beginning.
pub(super) async fn passes(tour: &mut Tour, patio: &Patio) -> Result<[Person; 3]> {
    tour.stage.chapter(
        "A month",
        &format!(
            "Sara, Lucía and Hugo become members. Mateo wishes for one summary each morning in place of single \
             notices. Then {DAYS} days pass, and on each somebody asks to join El patio. On one of them Telegram \
             wants to be left alone, on another the power fails.",
        ),
    );
    let members = ["Sara", "Lucía", "Hugo"].map(|name| tour.house.person(name));
    for member in &members {
        becomes_a_member(tour, member).await?;
    }
    let mateo = tour.mateo.clone();
    mateo.sends("/admin")?;
    tour.house.delivers().await?;
    tour.presses(&mateo, &["Avisos", "Resumen diario"]).await?;
    let (mut visitors, mut asked) = (Vec::new(), Vec::new());
    for day in 0..DAYS {
        let visitor = tour.house.person(&format!("Visita {}", day + 1));
        visitor.asks_to_join(&patio.door)?;
        asked.push(tour.house.now());
        visitors.push(visitor);
        the_day_passes(tour, day).await?;
    }
    tour.stage.happens(&format!("{DAYS} days pass"));
    let summary = mateo
        .chat()
        .into_iter()
        .rev()
        .find(|it| it.text.contains(SUMMARY));
    tour.stage.answers(&mateo, &summary.context("a summary")?);
    let opened = admissions(tour, patio, &visitors)?;
    let late = late(&asked, &opened);
    tour.stage.check(
        &format!("{DAYS} visitors were let in on time, but for the one who came when Telegram wanted to be left alone"),
        late == [FLOOD],
    );
    tour.stage.check(
        &format!("Mateo has heard {DAYS} times of what the house had seen"),
        heard(&mateo, SUMMARY) == usize::try_from(DAYS)?,
    );
    tour.stage.check(
        "and the members are still inside",
        members.iter().all(|it| tour.is_inside(it)),
    );
    Ok(members)
}

/// One of the days of the month, with what it brings.
async fn the_day_passes(tour: &mut Tour, day: i32) -> Result<()> {
    let morning = tour.house.now();
    if day == FLOOD {
        let flood = tour
            .house
            .telegram
            .inject(Fault::flood(30).on("approveChatJoinRequest"));
        tour.house.lives(HOUR).await?;
        flood.remove();
    } else if day == DARK.0 {
        tour.house.settles().await?;
        tour.house.crashes().await?;
        tour.house.passes(DARK.1).await?;
        tour.house.reopens().await?;
    }
    tour.house.lives(morning + DAY - tour.house.now()).await
}

/// On which days somebody was not let in on time.
fn late(asked: &[DateTime<Utc>], opened: &[DateTime<Utc>]) -> Vec<i32> {
    let waits = opened.iter().zip(asked).map(|(at, since)| *at - *since);
    let late = (0..).zip(waits).filter(|(_, wait)| !is_due(*wait));
    late.map(|(day, _)| day).collect()
}

/// Somebody goes all the way in, as others did before.
async fn becomes_a_member(tour: &mut Tour, who: &Person) -> Result<()> {
    let invitation = custodian::issues(tour).await?;
    who.opens_link(&invitation)?;
    for label in [LISTEN, ACCEPT] {
        tour.house.delivers().await?;
        who.presses(label)?.answer().await?;
    }
    tour.house.delivers().await?;
    who.asks_to_join(&link_in(&last(who)?)?)?;
    tour.house.delivers().await
}

/// The house is dark while memberships end.
pub(super) async fn two_dark_days(tour: &mut Tour, members: &[Person; 3]) -> Result<()> {
    tour.stage.chapter(
        "Two dark days",
        "The house is closed for two days, in which three memberships end. Hugo has paid Diana meanwhile, and \
         nobody has written it down.",
    );
    let mateo = tour.mateo.clone();
    let [sara, lucia, hugo] = members;
    tour.house.closes().await?;
    tour.house.passes(DAY * 2).await?;
    tour.house.reopens().await?;
    tour.stage.happens("two days later the house opens again");
    tour.answered(&mateo).await?;
    let mut over = 0;
    for member in members {
        let subscription = tour.subscription(member).await?;
        over += usize::from(subscription.is_some_and(|it| it.status == Status::Expired));
    }
    tour.stage
        .check("the three memberships are over, to the books", over == 3);
    tour.stage.check(
        "but nobody is seen out: Mateo is asked first, once",
        members
            .iter()
            .all(|it| tour.is_inside(it) && heard(it, FAREWELL) == 0)
            && heard(&mateo, ASKED) == 1,
    );
    tour.presses(&mateo, &["Ver la lista"]).await?;
    tour.presses(&mateo, &["➖ Hugo", "Confirmar la lista"]).await?;
    tour.house.delivers().await?;
    tour.stage.check(
        "who was on the list is seen out, and may come back; who was taken off it stays",
        !tour.is_inside(sara)
            && !tour.is_inside(lucia)
            && tour.is_inside(hugo)
            && [sara, lucia]
                .iter()
                .all(|it| tour.salon.status_of(it.id()) == sim::Status::Left),
    );
    let holds = holds::all(&tour.house.store().read()).await?;
    tour.stage
        .check("with that the house goes on by itself", holds.is_empty());
    Ok(())
}
