//! The power fails in the middle of Lucien's work, and the house is opened again on the same database.

use anyhow::Result;
use chrono::TimeDelta;
use domain::id::UserId;
use domain::role::RoleChangeReason;
use sim::{By, Fault, Injected, Person};
use store::role_log;

use super::custodian::{self, membership};
use super::way_in::{ACCEPT, FIRST, KEY, LISTEN};
use super::{Tour, heard, link_in, name};

/// An invitation is redeemed, and the power fails before Lucien has said so.
pub(super) async fn between_deed_and_word(tour: &mut Tour, guest: &Person) -> Result<()> {
    let name = name(guest);
    tour.stage.chapter(
        "The power fails",
        &format!(
            "{name} is to get in too, and opens an invitation that nobody else has. It is accepted; but before \
             Lucien can say a word, the whole house is gone. Elena, who is new, writes to a dark house."
        ),
    );
    let (mateo, elena) = (tour.mateo.clone(), tour.house.person("Elena"));
    let invitation = custodian::issues_another(tour, &name).await?;
    let before = (said_to(guest), heard(&mateo, &name));
    let unheard = tour
        .house
        .telegram
        .inject(Fault::html(502).on("sendMessage").in_chat(guest.id()));
    tour.stage.acts(guest, "opens the invitation");
    guest.opens_link(&invitation)?;
    tour.power_fails(unheard).await?;
    let given = tour.subscription(guest).await?;
    tour.stage.check(
        "what was done is in the database, and nothing was said",
        given.is_some() && said_to(guest) == before.0,
    );
    tour.stage.acts(&elena, "/id");
    elena.sends("/id")?;
    tour.house.passes(TimeDelta::hours(3)).await?;
    tour.house.reopens().await?;
    tour.stage.happens("three hours later the house opens again");
    let step = tour.answered(guest).await?;
    tour.answered(&elena).await?;
    tour.stage.check(
        "each hears what was owed to them, unasked and once",
        step.text.contains(FIRST)
            && (said_to(guest), heard(&mateo, &name)) == (before.0 + 1, before.1 + 1)
            && said_to(&elena) == 1,
    );
    let found = tour.invitation(&invitation).await?;
    let log = role_log::of_person(&tour.house.store().read(), UserId(guest.id()), 100).await?;
    let redeemed =
        |logged: &&role_log::LoggedRoleChange| logged.change.reason == RoleChangeReason::VipRedeemed;
    tour.stage.check(
        "the days were given once, and count from the moment before the power failed",
        log.iter().filter(redeemed).count() == 1
            && tour.subscription(guest).await? == given
            && given.map(|it| it.expiry) == found.used_at.map(|at| at + membership()),
    );
    Ok(())
}

/// The key is promised, and the power fails before Telegram has heard of it.
pub(super) async fn between_promise_and_key(tour: &mut Tour, guest: &Person) -> Result<()> {
    tour.stage.chapter(
        "The power fails again",
        &format!(
            "{} goes through the ritual, up to the key. Before Telegram has made it, the house is gone.",
            name(guest)
        ),
    );
    let made = tour.salon.links().len();
    let unmade = tour
        .house
        .telegram
        .inject(Fault::html(502).on("createChatInviteLink"));
    tour.stage
        .acts(guest, &format!("presses [ {LISTEN} ] › [ {ACCEPT} ]"));
    guest.presses(LISTEN)?.answer().await?;
    tour.house.settles().await?;
    guest.presses(ACCEPT)?;
    tour.power_fails(unmade).await?;
    tour.stage
        .check("there is no key yet", tour.salon.links().len() == made);
    tour.house.reopens().await?;
    tour.stage.happens("the house opens again");
    let handed_over = tour.answered(guest).await?;
    tour.stage.check(
        "the key comes unasked, and there is only one",
        handed_over.text.contains(KEY) && tour.salon.links().len() == made + 1,
    );
    tour.stage.acts(guest, "asks to join El salón with the key");
    guest.asks_to_join(&link_in(&handed_over)?)?;
    tour.house.delivers().await?;
    tour.stage.check("the door opens at once", tour.is_inside(guest));
    Ok(())
}

impl Tour {
    /// The house is gone as soon as Lucien has made the call that does not get through.
    async fn power_fails(&mut self, call: Injected) -> Result<()> {
        call.strikes(1).await?;
        self.house.crashes().await?;
        call.remove();
        self.stage.happens("the power fails");
        Ok(())
    }
}

/// How much Lucien has said to somebody.
fn said_to(who: &Person) -> usize {
    who.chat().iter().filter(|entry| entry.by == By::Bot).count()
}
