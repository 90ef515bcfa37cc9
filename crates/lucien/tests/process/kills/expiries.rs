//! Their memberships end, and they are seen out of the members' channel.

use std::iter;

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use chrono::{DateTime, TimeDelta};
use domain::brakes::{self, HoldReason};
use domain::clock::{Clock, Timestamp};
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use domain::subscription::Status;
use rand::rngs::StdRng;
use sim::{Person, View};
use store::people::{self, History, NewRole};
use store::subscribers::{self, Grant};
use store::{StoreError, departures, holds, jobs, role_log};
use testkit::Backend;

use super::{Kills, Site, Work, heard, told_with_chance};
use crate::lucien::{PATIENCE, complained, run, said};

const GOING: usize = 300;
/// Those whose time is not over.
const STAYING: usize = 40;

/// After how long the first of them ends, and then one after another.
const FIRST: TimeDelta = TimeDelta::seconds(2);
const APART: TimeDelta = TimeDelta::milliseconds(20);

/// While memberships end, by their number.
const ENDING: Kills = Kills {
    count: 5,
    stretch: 60,
    respite: 10,
};
/// While people are seen out, by removals and words of farewell.
const SEEING_OUT: Kills = Kills {
    count: 7,
    stretch: 70,
    respite: 10,
};

const FAREWELL: &str = "La puerta del salón se cierra";

#[tokio::test(flavor = "multi_thread")]
async fn expiries_survive_kills_on_sqlite() -> Result<()> {
    told_with_chance(Backend::SqliteFile, expiries_survive_kills).await
}

#[tokio::test(flavor = "multi_thread")]
async fn expiries_survive_kills_on_postgres() -> Result<()> {
    told_with_chance(Backend::Postgres, expiries_survive_kills).await
}

async fn expiries_survive_kills(backend: Backend, chance: &mut StdRng) -> Result<()> {
    let site = Site::new(backend).await?;
    let members = site.people(GOING + STAYING);
    let door = site.door(&site.vip, false)?;
    for member in &members {
        member.joins(&door)?;
    }
    site.employs_lucien()?;
    let house = site.opens()?;
    site.welcomes(&members).await?;
    site.closes(house).await?;
    let (going, staying) = members.split_at(GOING);
    let ends = become_members(&site, going, staying).await?;

    memberships_end(&site, &ENDING.moments(chance)).await?;
    // More of them than may go without a word.
    let may_go = usize::try_from(brakes::cap(members.len() as u64))?;
    let inside = site.guests_in(&site.vip);
    ensure!(inside >= members.len() - may_go, "only {inside} are inside");
    for (member, end) in iter::zip(going, &ends) {
        has_ended(&site, member, *end).await?;
    }

    is_confirmed(&site).await?;
    let vip = site.vip.id();
    let seeing_out = Work {
        progress: site.calls_from_now_on(&["unbanChatMember", "sendMessage"]),
        // Beside its owner and the bot.
        is_over: |view: &View<'_>| {
            view.room(vip)
                .is_some_and(|room| room.member_count() <= STAYING + 2)
        },
    };
    let gone = async || Ok(members.len() - site.guests_in(&site.vip));
    let before = gone().await?;
    let moments = SEEING_OUT.moments(chance);
    let house = site.opens()?;
    let (house, went) = site.is_broken_off(house, &moments, &seeing_out, gone).await?;
    ensure!(
        went.iter().any(|count| (before + 1..GOING).contains(count)),
        "some had gone, and others had not: {went:?}"
    );
    site.closes(house).await?;

    for (member, end) in iter::zip(going, &ends) {
        has_ended(&site, member, *end).await?;
        ensure!(
            !site.vip.status_of(member.id()).is_present(),
            "{}",
            member.transcript()
        );
    }
    for member in staying {
        is_a_member(&site, member).await?;
    }
    let told: Vec<usize> = going
        .iter()
        .map(|member| heard(member, FAREWELL).count())
        .collect();
    site.was_said_once(GOING, &told).await?;
    site.ends().await
}

/// Gives people memberships: of those who go, one ends after another, soon. Returns when.
async fn become_members(site: &Site, going: &[Person], staying: &[Person]) -> Result<Vec<Timestamp>> {
    let now = SystemClock.now();
    let ends: Vec<Timestamp> = (0..).map(|n| now + FIRST + APART * n).take(going.len()).collect();
    let later = iter::repeat(now + TimeDelta::days(30));
    let given: Result<_, StoreError> = site
        .store
        .write(async |tx| {
            for (member, expiry) in iter::zip(going.iter().chain(staying), ends.iter().copied().chain(later))
            {
                let user = UserId(member.id());
                let grant = Grant {
                    user,
                    token: &format!("grant-{user}"),
                    plan: None,
                    by: UserId::HOUSE,
                    expiry,
                    stage: None,
                };
                subscribers::grant(tx, &grant, now).await?;
                let role = NewRole {
                    user,
                    role: Role::Vip,
                    by: UserId::HOUSE,
                    reason: RoleChangeReason::ManualChange,
                    source: RoleChangeSource::System,
                    metadata: None,
                };
                people::set_role(tx, &role, History::Changes, now).await?;
            }
            Ok(())
        })
        .await;
    given?;
    // As if it had been known all along.
    jobs::hasten(&site.store.change(), "expiry", now).await?;
    Ok(ends)
}

/// Memberships end while the house is killed at moments. It is not there afterwards.
async fn memberships_end(site: &Site, moments: &[u64]) -> Result<()> {
    let mut house = site.opens()?;
    let mut ended = Vec::new();
    for moment in moments {
        comes_true(async || Ok(count_ended(site).await? >= *moment)).await?;
        site.dies(house).await?;
        ended.push(count_ended(site).await?);
        house = site.opens()?;
    }
    ensure!(
        ended.iter().any(|count| (1..GOING as u64).contains(count)),
        "some were over, and others were not: {ended:?}"
    );
    comes_true(async || {
        let holds = holds::all(&site.store.read()).await?;
        let is_held = holds.iter().any(|hold| hold.reason == HoldReason::Cap);
        Ok(is_held && count_ended(site).await? >= GOING as u64)
    })
    .await?;
    site.dies(house).await
}

/// How many memberships have ended.
async fn count_ended(site: &Site) -> Result<u64> {
    let ended = departures::count_ended(&site.store.read(), DateTime::UNIX_EPOCH).await?;
    Ok(u64::try_from(ended)?)
}

/// Waits until the database shows something.
async fn comes_true(look: impl AsyncFn() -> Result<bool>) -> Result<()> {
    let looking = async {
        while !look().await? {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .context("it does not come true")?
}

/// A custodian confirms that those go whose memberships have ended.
async fn is_confirmed(site: &Site) -> Result<()> {
    let figures = departures::figures(&site.store.read(), SystemClock.now()).await?;
    let newest = figures.newest.context("somebody is to go")?.to_string();
    let url = site.db.url_for_processes()?;
    let variables = [("DATABASE_URL", url.as_str())];
    let confirmed = run(site.folder.path(), &variables, &["sweep", "confirm", &newest]).await?;
    let expected = format!("confirmed\t{}\n", figures.due);
    ensure!(said(&confirmed) == expected, "{}", complained(&confirmed));
    Ok(())
}

/// Their membership is over, and the books say so once.
async fn has_ended(site: &Site, member: &Person, end: Timestamp) -> Result<()> {
    let (db, who) = (site.store.read(), UserId(member.id()));
    let stored = subscribers::find(&db, who).await?.context("a membership")?;
    let subscription = stored.subscription;
    ensure!(subscription.status == Status::Expired, "{subscription:?}");
    ensure!(subscription.expiry == end, "{subscription:?}");
    let known = people::find(&db, who).await?.context("a person")?;
    ensure!(known.role == Role::Free);
    let log = role_log::of_person(&db, who, 10).await?;
    let reasons: Vec<_> = log.iter().map(|logged| logged.change.reason).collect();
    ensure!(
        reasons == [RoleChangeReason::VipExpired, RoleChangeReason::ManualChange],
        "{reasons:?}"
    );
    Ok(())
}

/// Their time is not over, and nobody has touched them.
async fn is_a_member(site: &Site, member: &Person) -> Result<()> {
    let (db, who) = (site.store.read(), UserId(member.id()));
    ensure!(
        site.vip.status_of(member.id()).is_present(),
        "{}",
        member.transcript()
    );
    let stored = subscribers::find(&db, who).await?.context("a membership")?;
    ensure!(stored.subscription.status == Status::Active);
    let known = people::find(&db, who).await?.context("a person")?;
    ensure!(known.role == Role::Vip);
    ensure!(
        heard(member, FAREWELL).next().is_none(),
        "{}",
        member.transcript()
    );
    Ok(())
}
