//! How the house is set up: a channel, a plan, an invitation.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use sim::{Rights, Room};

use super::{Tour, last, link_in};

/// What an invitation's link begins with.
const LINK: &str = "https://t.me/lucien_bot?start=";

/// The plan that is sold.
const PLAN: &str = "Luna";
pub(super) const DAYS: i64 = 30;

/// For how long it lets in.
pub(super) const fn membership() -> TimeDelta {
    TimeDelta::days(DAYS)
}

/// Channel, plan and invitation; returns what the invitation's link carries.
pub(super) async fn sets_the_house_up(tour: &mut Tour) -> Result<String> {
    tour.stage.chapter(
        "The custodian sets the house up",
        "Diana has a channel for those who pay, El salón, where Lucien has just become an administrator. \
         Mateo keeps the house for her: he is the custodian.",
    );
    let mateo = tour.mateo.clone();
    let panel = tour.says(&mateo, "/admin").await?;
    tour.stage.check(
        "a new house tells what is missing",
        panel.text.contains("por configurar"),
    );
    let salon = tour.salon.clone();
    channel(tour, &salon, "canal VIP", "Esta noche, a puerta cerrada.").await?;
    plan(tour).await?;
    invitation(tour).await
}

/// Sets a channel up, by the button of the panel, with a post of it.
pub(super) async fn channel(tour: &mut Tour, room: &Room, button: &str, post: &str) -> Result<()> {
    let (mateo, diana) = (tour.mateo.clone(), tour.house.creator());
    let title = room.profile().title;
    diana.adds(room, mateo.id())?;
    diana.promotes(room, tour.house.telegram.bot().id, Rights::all())?;
    let post = diana.writes_in(room, post)?;
    tour.presses(&mateo, &[button, "Configurar el canal"]).await?;
    tour.stage.acts(&mateo, &format!("forwards a post of {title}"));
    mateo.forwards_from(room, post)?;
    let done = tour.answered(&mateo).await?;
    tour.stage.check(
        "the channel is known by one of its posts, and every right is there",
        done.text.contains(&title) && !done.text.contains("Falta"),
    );
    Ok(())
}

async fn plan(tour: &mut Tour) -> Result<()> {
    let mateo = tour.mateo.clone();
    tour.presses(&mateo, &["Al panel", "Planes", "Nuevo plan"])
        .await?;
    tour.stage.acts(
        &mateo,
        &format!("answers the questions: {PLAN} › {DAYS} › 250 MXN"),
    );
    for answer in [PLAN, &DAYS.to_string(), "250 MXN"] {
        mateo.sends(answer)?;
        tour.house.settles().await?;
    }
    tour.answered(&mateo).await?;
    let done = tour.presses(&mateo, &["Confirmar"]).await?;
    tour.stage.check(
        "the plan is as he described it",
        [PLAN, "30 días", "250"]
            .iter()
            .all(|part| done.text.contains(part)),
    );
    Ok(())
}

async fn invitation(tour: &mut Tour) -> Result<String> {
    let mateo = tour.mateo.clone();
    let labels = ["Al panel", "Emitir una invitación", PLAN, "Confirmar"];
    let issued = tour.presses(&mateo, &labels).await?;
    let link = link_in(&issued)?;
    tour.stage.check(
        "the invitation is a link that can be handed on",
        link.starts_with(LINK) && issued.text.contains(&link),
    );
    payload(&link)
}

/// Another invitation, made in the same way; what its link carries.
pub(super) async fn issues_another(tour: &mut Tour, whom: &str) -> Result<String> {
    tour.stage
        .acts(&tour.mateo, &format!("issues an invitation for {whom}"));
    issues(tour).await
}

/// An invitation of which the tour does not tell; what its link carries.
pub(super) async fn issues(tour: &Tour) -> Result<String> {
    let mateo = &tour.mateo;
    mateo.sends("/admin")?;
    for label in ["Emitir una invitación", PLAN, "Confirmar"] {
        tour.house.delivers().await?;
        mateo.presses(label)?.answer().await?;
    }
    tour.house.delivers().await?;
    payload(&link_in(&last(mateo)?)?)
}

fn payload(link: &str) -> Result<String> {
    let payload = link.strip_prefix(LINK);
    Ok(payload.context("a link of the bot's own")?.to_owned())
}
