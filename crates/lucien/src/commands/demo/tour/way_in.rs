//! The way in: an invitation that two open at once, and the ritual of the one who wins.

use anyhow::Result;
use domain::id::UserId;
use domain::role::Role;
use domain::subscription::Stage;
use domain::token::Usage;
use sim::Person;
use store::people;

use super::custodian::membership;
use super::{Tour, heard, last, link_in, name};

/// How the first step of the ritual begins.
pub(super) const FIRST: &str = "Ha dado usted un paso";
pub(super) const LISTEN: &str = "Le escucho";
pub(super) const ACCEPT: &str = "Comprendo y acepto";
/// How the personal link is handed over.
pub(super) const KEY: &str = "Aquí tiene su llave";

/// How the race ended.
pub(super) struct Race {
    pub(super) winner: Person,
    pub(super) loser: Person,
}

pub(super) async fn two_race_for_one_invitation(tour: &mut Tour, invitation: &str) -> Result<Race> {
    tour.stage.chapter(
        "Two race for one invitation",
        "Mateo hands the invitation to Rodrigo, who shows it to Camila. Both open it in the same instant; \
         either may be the first.",
    );
    let racers = [tour.house.person("Rodrigo"), tour.house.person("Camila")];
    for racer in &racers {
        tour.stage.acts(racer, "opens the invitation");
        racer.opens_link(invitation)?;
    }
    for racer in &racers {
        tour.answered(racer).await?;
    }
    let winners = racers.iter().filter(|racer| heard(racer, FIRST) == 1).count();
    tour.stage.check("one of them wins", winners == 1);
    let [rodrigo, camila] = racers;
    let (winner, loser) = if heard(&rodrigo, FIRST) == 1 {
        (rodrigo, camila)
    } else {
        (camila, rodrigo)
    };
    tour.stage.check(
        "the other is told that an invitation opens only once, and is no member",
        last(&loser)?.text.contains("una sola vez") && tour.subscription(&loser).await?.is_none(),
    );
    let found = tour.invitation(invitation).await?;
    let given = tour.subscription(&winner).await?.map(|given| given.expiry);
    tour.stage.check(
        "the invitation is used by the winner, for exactly the days of its plan",
        found.invitation.usage == Usage::By(UserId(winner.id()))
            && given == found.used_at.map(|at| at + membership()),
    );
    let mateo = tour.mateo.clone();
    tour.answered(&mateo).await?;
    tour.stage.check(
        "Mateo hears of the one, and not of the other",
        heard(&mateo, &name(&winner)) == 1 && heard(&mateo, &name(&loser)) == 0,
    );
    Ok(Race { winner, loser })
}

/// Three steps; returns the personal link to which they lead.
pub(super) async fn ritual(tour: &mut Tour, who: &Person) -> Result<String> {
    tour.stage.chapter(
        "The ritual",
        "The membership runs, but nobody walks into the channel at once. There are three steps, of which the \
         first was shown just now, and at the end a personal link: the key.",
    );
    tour.presses(who, &[LISTEN]).await?;
    let second = tour.subscription(who).await?.and_then(|it| it.stage);
    let links = tour.house.telegram.call_count("createChatInviteLink");
    tour.stage.check(
        "after the second step there is no key yet",
        second == Some(Stage::Second) && links == 0,
    );
    let handed_over = tour.presses(who, &[ACCEPT]).await?;
    let third = tour.subscription(who).await?.and_then(|it| it.stage);
    let role = people::find(&tour.house.store().read(), UserId(who.id())).await?;
    tour.stage.check(
        "at the third there is one, and the role becomes VIP",
        third == Some(Stage::Third) && role.is_some_and(|person| person.role == Role::Vip),
    );
    link_in(&handed_over)
}
