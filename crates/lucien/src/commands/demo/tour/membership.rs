//! A membership: at home, renewed, over.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use sim::Person;

use super::custodian::{self, DAYS, membership};
use super::{Tour, heard, last, name};

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// What every reminder holds.
const REMINDER: &str = "dejan de estar a su alcance";
/// How Lucien says goodbye.
pub(super) const FAREWELL: &str = "Estuvo vigente hasta";

pub(super) async fn home(tour: &mut Tour, member: &Person) -> Result<()> {
    let name = name(member);
    tour.stage.chapter(
        "A member comes home",
        &format!("{name} presses Start, as Inés did, and finds other rooms."),
    );
    let home = tour.says(member, "/start").await?;
    tour.stage.check(
        "the date is the true one",
        home.text.contains("27 de noviembre de 2026"),
    );
    let treasures = tour.presses(member, &["Tesoros"]).await?;
    let order = ["El cuaderno rojo", "Medianoche & terciopelo"].map(|name| treasures.text.find(name));
    tour.stage.check(
        "the treasures are listed by price",
        order[0].is_some() && order.is_sorted(),
    );
    Ok(())
}

pub(super) async fn renewal(tour: &mut Tour, member: &Person) -> Result<()> {
    let name = name(member);
    tour.stage.chapter("A renewal", &format!(
        "Twenty days pass, and ten are left. {name} has paid Diana again, and Mateo issues an invitation.",
    ));
    tour.house.lives(TimeDelta::days(20)).await?;
    let before = tour.subscription(member).await?.context("a member")?;
    let invitation = custodian::issues_another(tour, &name).await?;
    let told = tour.opens(member, &invitation).await?;
    let after = tour.subscription(member).await?.context("a member")?;
    tour.stage.check(
        &format!("the end moves by exactly {DAYS} days: nothing that was paid is lost"),
        after.expiry == before.expiry + membership() && told.text.contains("27 de diciembre de 2026"),
    );
    tour.stage.check(
        "there is no second ritual, and nobody leaves the channel",
        after.stage.is_none() && tour.is_inside(member),
    );
    Ok(())
}

pub(super) async fn the_last_minute(tour: &mut Tour, member: &Person) -> Result<()> {
    let (name, mateo) = (name(member), tour.mateo.clone());
    tour.stage.chapter("The last minute", &format!(
        "{name}'s month runs out. Lucien has said so three days before, and says it once more when one is left.",
    ));
    let before = tour.subscription(member).await?.context("a member")?;
    tour.house
        .lives(before.expiry - MINUTE - tour.house.now())
        .await?;
    tour.stage.answers(member, &last(member)?);
    tour.stage
        .check("each reminder has come once", heard(member, REMINDER) == 2);
    tour.stage.happens("a minute is left");
    tour.presses(member, &["Quiero renovar"]).await?;
    tour.answered(&mateo).await?;
    tour.presses(&mateo, &["Concederle los días", "Confirmar"])
        .await?;
    tour.house.lives(MINUTE * 2).await?;
    tour.stage.happens("two minutes pass");
    let after = tour.subscription(member).await?.context("a member")?;
    tour.stage.check(
        "nothing has happened, but that the end is another one",
        after.expiry == before.expiry + membership()
            && tour.is_inside(member)
            && heard(member, FAREWELL) == 0,
    );
    Ok(())
}

pub(super) async fn time_is_up(tour: &mut Tour, member: &Person) -> Result<()> {
    let name = name(member);
    tour.stage.chapter(
        "Time is up",
        &format!("More days pass, up to the last second of {name}'s membership."),
    );
    let end = tour.subscription(member).await?.context("a member")?.expiry;
    tour.house.lives(end - tour.house.now()).await?;
    let home = tour.says(member, "/start").await?;
    tour.stage
        .check("the last second still counts", home.labels().len() == 2);
    tour.house.passes(TimeDelta::seconds(1)).await?;
    tour.stage.happens("a second passes");
    tour.answered(member).await?;
    tour.stage.check(
        "the member is seen out and told, once",
        !tour.is_inside(member) && heard(member, FAREWELL) == 1,
    );
    let home = tour.says(member, "/start").await?;
    tour.stage.check(
        "at home there are a visitor's three doors",
        home.labels().len() == 3,
    );
    Ok(())
}
