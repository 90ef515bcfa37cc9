//! The visitors' channel, and those who wait for it.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use sim::{NewLink, Person, Room};

use super::{Tour, custodian, heard, name};

/// How long the house lets people wait.
pub(super) const WAIT: TimeDelta = TimeDelta::minutes(5);
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// How Lucien receives whoever was let in.
const WELCOME: &str = "Le doy la bienvenida a";

/// The visitors' channel, and the link to its door.
pub(super) struct Patio {
    pub(super) room: Room,
    pub(super) door: String,
}

impl Patio {
    pub(super) fn holds(&self, person: &Person) -> bool {
        self.room.status_of(person.id()).is_present()
    }
}

pub(super) async fn three_wait(tour: &mut Tour) -> Result<Patio> {
    tour.stage.chapter(
        "Three wait at the other door",
        "El patio is Diana's channel for everybody. Its door opens to whoever has waited for five minutes. Mateo \
         hands it over to Lucien; Julia, Bruno and Tomás come, a minute after each other.",
    );
    let patio = opens(tour).await?;
    let guests = ["Julia", "Bruno", "Tomás"].map(|name| tour.house.person(name));
    let mut asked = Vec::new();
    for guest in &guests {
        tour.stage.acts(guest, "asks to join El patio");
        guest.asks_to_join(&patio.door)?;
        asked.push(tour.house.now());
        tour.answered(guest).await?;
        tour.house.passes(MINUTE).await?;
    }
    let [julia, bruno, _] = &guests;
    tour.stage.check(
        "each hears at once that their place is kept",
        guests
            .iter()
            .all(|guest| heard(guest, "ya está anotada") == 1 && !patio.holds(guest)),
    );
    tour.stage
        .acts(bruno, "presses [ 🔔 Avíseme ], which starts Lucien");
    bruno.opens_link("avisame")?;
    tour.answered(bruno).await?;
    tour.stage.acts(julia, "takes her request back, and asks again");
    julia.withdraws_request(&patio.room)?;
    julia.asks_to_join(&patio.door)?;
    tour.answered(julia).await?;
    tour.house.lives(WAIT).await?;
    tour.stage.happens("five minutes pass");
    tour.answered(bruno).await?;
    let opened = admissions(tour, &patio, &guests)?;
    let waits: Vec<TimeDelta> = opened
        .iter()
        .zip(&asked)
        .map(|(at, since)| *at - *since)
        .collect();
    tour.stage.check(
        "each was let in when their own five minutes were over, Julia's since she asked first",
        guests.iter().all(|guest| patio.holds(guest)) && waits.iter().all(|wait| is_due(*wait)),
    );
    tour.stage.check(
        "Lucien writes only to whoever has started him",
        heard(bruno, WELCOME) == 1 && guests.iter().map(|guest| heard(guest, WELCOME)).sum::<usize>() == 1,
    );
    Ok(patio)
}

/// Whether somebody was let in neither before their time nor much later. Telegram tells whole seconds.
pub(super) fn is_due(wait: TimeDelta) -> bool {
    let (second, slack) = (TimeDelta::seconds(1), TimeDelta::seconds(5));
    wait > WAIT - second && wait < WAIT + slack
}

async fn opens(tour: &mut Tour) -> Result<Patio> {
    let diana = tour.house.creator();
    let room = tour.house.telegram.channel("El patio", &diana);
    let mateo = tour.mateo.clone();
    tour.says(&mateo, "/admin").await?;
    custodian::channel(tour, &room, "canal Free", "Pasen, y miren con calma.").await?;
    let link = NewLink {
        creates_join_request: true,
        ..NewLink::default()
    };
    let door = diana.creates_link(&room, link)?;
    Ok(Patio { room, door })
}

/// When people were let in.
pub(super) fn admissions(tour: &Tour, patio: &Patio, people: &[Person]) -> Result<Vec<DateTime<Utc>>> {
    let calls = tour.house.telegram.calls();
    let of = |person: &Person| {
        let mut calls = calls.iter().filter(|call| {
            call.method == "approveChatJoinRequest"
                && call.status == Some(200)
                && call.parameters["chat_id"] == patio.room.id()
                && call.parameters["user_id"] == person.id()
        });
        let call = calls.next();
        Ok(call
            .with_context(|| format!("{} was not let in", name(person)))?
            .at)
    };
    people.iter().map(of).collect()
}
