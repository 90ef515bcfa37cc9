//! The door of the members' channel.

use anyhow::Result;
use sim::Person;

use super::way_in::Race;
use super::{Tour, heard, name};

/// The loser of the race borrows the winner's key.
pub(super) async fn a_lent_key(tour: &mut Tour, race: &Race, key: &str) -> Result<()> {
    let (owner, stranger) = (&race.winner, &race.loser);
    let [owners, strangers] = [owner, stranger].map(name);
    tour.stage.chapter(
        "A stranger with a lent key",
        &format!("{owners} lends the key to {strangers}, who tries it at the door of the channel.",),
    );
    tour.stage
        .acts(stranger, "asks to join El salón with the lent key");
    stranger.asks_to_join(key)?;
    tour.answered(stranger).await?;
    tour.answered(owner).await?;
    let mateo = tour.mateo.clone();
    tour.answered(&mateo).await?;
    tour.stage.check(
        "the stranger is turned away, after a courteous word",
        !tour.is_inside(stranger)
            && tour.salon.requests().is_empty()
            && heard(stranger, "llave que trae") == 1
            && tour.house.telegram.call_count("declineChatJoinRequest") == 1,
    );
    tour.stage.check(
        "the owner of the key and the custodian are told, once",
        heard(&mateo, &strangers) == 1 && heard(owner, "no le abrí") + heard(owner, "No le abrí") == 1,
    );
    Ok(())
}

pub(super) async fn the_owner_of_the_key(tour: &mut Tour, owner: &Person, key: &str) -> Result<()> {
    let name = name(owner);
    tour.stage.chapter(
        "The owner of the key",
        &format!("{name}'s own way in is as open as before."),
    );
    tour.stage.acts(owner, "asks to join El salón with the key");
    owner.asks_to_join(key)?;
    let mateo = tour.mateo.clone();
    tour.answered(&mateo).await?;
    tour.stage.check("the door opens at once", tour.is_inside(owner));
    let subscription = tour.subscription(owner).await?;
    tour.stage.check(
        "with that the ritual is finished",
        subscription.is_some_and(|it| it.stage.is_none()),
    );
    let links = tour.salon.links();
    tour.stage.check(
        "the key opens nothing any more",
        links.iter().any(|link| link.address == key && link.is_revoked),
    );
    Ok(())
}
