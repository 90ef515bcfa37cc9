//! They ask to be let into the visitors' channel, wait, and are let in.

use anyhow::{Result, ensure};
use bot::clock::SystemClock;
use domain::clock::Clock;
use domain::id::UserId;
use domain::queue::RequestOutcome;
use rand::rngs::StdRng;
use sim::{Person, View};
use store::{jobs, requests};
use testkit::{Backend, preload};

use super::{Kills, Site, Work, heard, told_with_chance};

const GUESTS: usize = 300;
/// Of the guests, those who take their request back and ask again.
const IMPATIENT: usize = 20;

/// While they ask, by answers.
const ASKING: Kills = Kills {
    count: 5,
    stretch: 60,
    respite: 20,
};
/// While they are let in, by approvals and words of welcome.
const ADMITTING: Kills = Kills {
    count: 8,
    stretch: 70,
    respite: 20,
};

const WELCOME: &str = "Le doy la bienvenida a";

#[tokio::test(flavor = "multi_thread")]
async fn requests_survive_kills_on_sqlite() -> Result<()> {
    told_with_chance(Backend::SqliteFile, requests_survive_kills).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_survive_kills_on_postgres() -> Result<()> {
    told_with_chance(Backend::Postgres, requests_survive_kills).await
}

async fn requests_survive_kills(backend: Backend, chance: &mut StdRng) -> Result<()> {
    let site = Site::new(backend).await?;
    site.employs_lucien()?;
    let house = site.opens()?;
    let guests = site.people(GUESTS);
    site.welcomes(&guests).await?;

    let door = site.door(&site.free, true)?;
    let answered = site.calls_from_now_on(&["sendMessage"]);
    for guest in &guests {
        guest.asks_to_join(&door)?;
    }
    for guest in &guests[..IMPATIENT] {
        guest.withdraws_request(&site.free)?;
        guest.asks_to_join(&door)?;
    }
    let asking = Work {
        is_over: |view: &View<'_>| answered(view) >= GUESTS as u64,
        progress: &answered,
    };
    let waiting = async || Ok(usize::try_from(requests::waiting(&site.store.read()).await?)?);
    let moments = ASKING.moments(chance);
    let (house, waited) = site.is_broken_off(house, &moments, &asking, waiting).await?;
    ensure!(
        waited.iter().any(|count| (1..GUESTS).contains(count)),
        "some had asked, and others had not: {waited:?}"
    );
    ensure!(waiting().await? == GUESTS && site.guests_in(&site.free) == 0);
    site.closes(house).await?;

    the_wait_is_over(&site).await?;
    let free = site.free.id();
    let admitting = Work {
        progress: site.calls_from_now_on(&["approveChatJoinRequest", "sendMessage"]),
        // Beside its owner and the bot.
        is_over: |view: &View<'_>| {
            view.room(free)
                .is_some_and(|room| room.member_count() >= GUESTS + 2)
        },
    };
    let inside = async || Ok(site.guests_in(&site.free));
    let moments = ADMITTING.moments(chance);
    let house = site.opens()?;
    let (house, came) = site.is_broken_off(house, &moments, &admitting, inside).await?;
    ensure!(
        came.iter().any(|count| (1..GUESTS).contains(count)),
        "some were inside, and others were not: {came:?}"
    );
    site.closes(house).await?;

    for guest in &guests {
        has_been_let_in(&site, guest).await?;
    }
    ensure!(site.guests_in(&site.free) == GUESTS && site.free.requests().is_empty());
    let welcomed: Vec<usize> = guests.iter().map(|guest| heard(guest, WELCOME).count()).collect();
    site.was_said_once(GUESTS, &welcomed).await?;
    site.ends().await
}

/// Nobody has to wait any more.
async fn the_wait_is_over(site: &Site) -> Result<()> {
    preload::set_wait(&site.store, 0).await?;
    jobs::hasten(&site.store.change(), "free_queue", SystemClock.now()).await?;
    Ok(())
}

/// Once, and the books say so.
async fn has_been_let_in(site: &Site, guest: &Person) -> Result<()> {
    ensure!(
        site.free.status_of(guest.id()).is_present(),
        "{}",
        guest.transcript()
    );
    let stored = requests::of_person(&site.store.read(), UserId(guest.id())).await?;
    let [request] = stored.as_slice() else {
        anyhow::bail!("{stored:?}");
    };
    ensure!(request.outcome == Some(RequestOutcome::Admitted), "{request:?}");
    ensure!(
        heard(guest, "ya está anotada").next().is_some(),
        "{}",
        guest.transcript()
    );
    // Of a word that a death has left in doubt nobody knows.
    let was_told = heard(guest, WELCOME).next().is_some();
    ensure!(
        request.notified.is_none_or(|told| told && was_told),
        "{request:?}"
    );
    Ok(())
}
