//! Memberships end, and their owners leave the members' channel.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::departure::Grace;
use domain::id::{ChatId, DepartureId, UserId};
use domain::role::{Role, RoleChangeReason};
use domain::subscription::Status;
use sim::{Fault, Person, Rights};
use store::departures::{self, DepartureFigures};
use store::outbox::{self, NewRow, Of, OutboxRow};
use store::{StoreError, exemptions, holds, presence};

use super::look;
use super::reminders::passes;
use super::way::{self, ACCEPT, LISTEN, invitation, opens, presses, says};
use crate::house::House;
use crate::preload;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["expiry":
    everybody_ends_whatever_their_stage,
    only_those_whose_time_is_over_are_removed,
    the_last_moment_still_counts,
    whoever_is_over_sees_the_visitors_house,
    more_than_a_batch_ends_in_one_sweep,
    a_renewal_between_due_and_claim_keeps_the_person_inside,
    a_renewal_between_two_calls_keeps_the_person_inside,
    a_renewal_between_claim_and_call_ends_with_a_working_link,
    a_renewal_between_call_and_record_ends_with_a_working_link,
    lucien_knows_his_own_removals,
    a_second_end_removes_again,
    whoever_is_exempt_stays,
    whoever_administers_the_channel_stays,
    without_the_right_departures_wait_and_are_told_once,
    what_fails_is_tried_again,
    a_word_that_comes_too_late_is_not_said,
];

pub(super) const BARE_STORIES: &[Scenario] = stories!["expiry", bare:
    without_a_channel_everything_ends_but_nobody_goes,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["expiry", reopening:
    a_crash_in_the_middle_repeats_nothing,
    what_ended_while_nobody_worked_ends_at_the_start,
    a_grace_delays_leaving_and_not_the_end,
];

pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);
const MOMENT: TimeDelta = TimeDelta::microseconds(1);

/// What whoever leaves is told.
pub(super) const FAREWELL: &str = "Estuvo vigente hasta";
const REMOVED: &str = "y no fui yo";

/// A member who has pressed Start and is inside.
pub(super) async fn inside(house: &House, name: &str, length: TimeDelta) -> Result<Person> {
    let person = house.member(name, length).await?;
    person.sends("/start")?;
    house.creator().adds(house.vip(), person.id())?;
    house.settles().await?;
    Ok(person)
}

/// Several of them.
pub(super) async fn crowd(house: &House, count: usize, length: TimeDelta) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for _ in 0..count {
        let person = house.member("Rodrigo", length).await?;
        person.sends("/start")?;
        house.creator().adds(house.vip(), person.id())?;
        people.push(person);
    }
    house.settles().await?;
    Ok(people)
}

pub(super) fn count_inside(house: &House, people: &[Person]) -> usize {
    people
        .iter()
        .filter(|person| way::is_inside(house, person))
        .count()
}

pub(super) async fn figures(house: &House) -> Result<DepartureFigures> {
    let since = house.now() - DAY * 365;
    Ok(departures::figures(&house.store().read(), since).await?)
}

pub(super) async fn status(house: &House, person: &Person) -> Result<Status> {
    Ok(way::subscription(house, person)
        .await?
        .context("a subscription")?
        .status)
}

/// Lets time pass until that moment; the house looks around on the way.
async fn until(house: &House, moment: Timestamp) -> Result<()> {
    while house.now() < moment {
        passes(house, (moment - house.now()).min(HOUR * 20)).await?;
    }
    house.delivers().await
}

/// Goes through the ritual and in, by whatever link there is in the end.
async fn goes_in(house: &House, person: &Person) -> Result<()> {
    presses(house, person, LISTEN).await?;
    presses(house, person, ACCEPT).await?;
    house.delivers().await?;
    person.asks_to_join(&way::link(house, person).await?)?;
    house.settles().await?;
    ensure!(way::is_inside(house, person), "{}", house.telegram.transcript());
    Ok(())
}

async fn everybody_ends_whatever_their_stage(house: &mut House) -> Result<()> {
    let (rodrigo, ines, elena) = (
        house.person("Rodrigo"),
        house.person("Inés"),
        house.person("Elena"),
    );
    way::enters(house, &rodrigo).await?;
    way::gets_link(house, &ines).await?;
    let payload = invitation(house).await?;
    opens(house, &elena, &payload).await?;
    until(house, house.now() + DAY * 30 + MOMENT).await?;
    for person in [&rodrigo, &ines, &elena] {
        let subscription = way::subscription(house, person)
            .await?
            .context("a subscription")?;
        ensure!(subscription.status == Status::Expired && subscription.stage.is_none());
        ensure!(look::stored(house, person).await?.role == Role::Free);
        ensure!(way::heard(person, FAREWELL) == 1, "{}", person.transcript());
        ensure!(!way::is_inside(house, person));
        let was_member = person.id() != elena.id();
        let ended = (Some(Role::Vip), Role::Free, RoleChangeReason::VipExpired);
        let ends = way::history(house, person)
            .await?
            .into_iter()
            .filter(|change| *change == ended);
        ensure!(
            ends.count() == usize::from(was_member),
            "{:?}",
            way::history(house, person).await?
        );
    }
    ensure!(
        !matches!(house.vip().status_of(rodrigo.id()), sim::Status::Kicked { .. }),
        "not banned"
    );
    ensure!(way::lucien_links(house).iter().all(|link| link.is_revoked));
    let shown = way::last(&rodrigo)?;
    let labels = shown.labels().concat();
    ensure!(
        labels.iter().any(|label| label.contains("Quiero renovar")),
        "{labels:?}"
    );
    ensure!(
        labels.iter().any(|label| label.contains("Hablarlo en persona")),
        "{labels:?}"
    );
    until(house, house.now() + DAY * 2).await?;
    ensure!(way::heard(&rodrigo, FAREWELL) == 1, "{}", rodrigo.transcript());
    Ok(())
}

/// Everybody whose time is over has gone, as if long ago.
async fn settle_all(house: &House) -> Result<()> {
    let now = house.now();
    let settled: Result<_, StoreError> = house
        .store()
        .write(async |tx| {
            departures::end(tx, now, 100, now).await?;
            let due = departures::due(tx, DepartureId(0), None, 100).await?;
            let due: Vec<DepartureId> = due.iter().map(|(departure, _)| departure.id).collect();
            departures::release(tx, &due, now - HOUR * 2).await
        })
        .await;
    settled?;
    Ok(())
}

async fn only_those_whose_time_is_over_are_removed(house: &mut House) -> Result<()> {
    let _former = crowd(house, 40, TimeDelta::seconds(1)).await?;
    house.advance(TimeDelta::seconds(2))?;
    settle_all(house).await?;
    let leaving = crowd(house, 10, HOUR).await?;
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    ensure!(count_inside(house, &leaving) == 0);
    let removals = house.telegram.call_count("unbanChatMember");
    ensure!(removals == 10, "{removals}");
    ensure!(house.telegram.call_count("banChatMember") == 0);
    for _ in 0..3 {
        passes(house, HOUR).await?;
    }
    ensure!(
        house.telegram.call_count("unbanChatMember") == removals,
        "none a second time"
    );
    Ok(())
}

async fn the_last_moment_still_counts(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR * 3).await?;
    let end = way::subscription(house, &rodrigo)
        .await?
        .context("a subscription")?
        .expiry;
    for _ in 0..2 {
        passes(house, HOUR).await?;
    }
    house.passes(end - house.now()).await?;
    for _ in 0..200 {
        ensure!(status(house, &rodrigo).await? == Status::Active);
        tokio::task::yield_now().await;
    }
    house.advance(MOMENT)?;
    house.settles().await?;
    ensure!(
        status(house, &rodrigo).await? == Status::Expired,
        "at once and not within the hour"
    );
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo));
    ensure!(house.now() - end < TimeDelta::seconds(5), "{}", house.now() - end);
    Ok(())
}

async fn whoever_is_over_sees_the_visitors_house(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    way::gets_link(house, &ines).await?;
    until(house, house.now() + DAY * 30 + MOMENT).await?;
    let link = way::lucien_links(house);
    ensure!(link.len() == 1 && link[0].is_revoked);
    for _ in 0..2 {
        let home = says(house, &ines, "/start").await?;
        ensure!(home.labels().len() == 3, "the visitors' home: {}", home.text);
    }
    ensure!(way::heard(&ines, FAREWELL) == 1, "{}", ines.transcript());
    Ok(())
}

async fn more_than_a_batch_ends_in_one_sweep(house: &mut House) -> Result<()> {
    const MANY: usize = 230;
    let mut people = Vec::new();
    for _ in 0..MANY {
        people.push(house.member("Rodrigo", HOUR).await?);
    }
    passes(house, HOUR + MOMENT).await?;
    for person in &people {
        ensure!(status(house, person).await? == Status::Expired);
    }
    ensure!(figures(house).await?.due == i64::try_from(MANY)?);
    Ok(())
}

/// Makes what concerns somebody's place in the channel wait for a moment, behind something harmless.
pub(super) async fn holds_up(house: &House, person: &Person, until: Timestamp) -> Result<()> {
    let (channel, now) = (house.vip().id(), house.now());
    let sequence = place_of(house, person);
    let payload = format!(r#"{{"channel":{channel}}}"#);
    let first = NewRow {
        kind: "unban",
        sequence: &sequence,
        after: None,
        person: Some(person.id()),
        payload: &payload,
        not_before: Some(until),
        ends_at: None,
    };
    let held_up = house
        .store()
        .write(async |tx| outbox::enqueue(tx, &first, now).await);
    held_up.await?;
    Ok(())
}

/// What waits about somebody's place in the channel.
pub(super) async fn waiting(house: &House, person: &Person) -> Result<Vec<OutboxRow>> {
    let sequence = place_of(house, person);
    Ok(outbox::pending_of(&house.store().read(), Of::Sequence(&sequence)).await?)
}

fn place_of(house: &House, person: &Person) -> String {
    format!("member:{}:{}", house.vip().id(), person.id())
}

async fn a_renewal_between_due_and_claim_keeps_the_person_inside(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR * 2).await?;
    let payload = invitation(house).await?;
    holds_up(house, &rodrigo, house.now() + HOUR * 3).await?;
    passes(house, HOUR * 2 + MOMENT).await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired);
    let due = waiting(house, &rodrigo).await?;
    ensure!(
        due.len() == 2 && due.iter().all(|row| row.claimed.is_none()),
        "{due:?}"
    );
    opens(house, &rodrigo, &payload).await?;
    until(house, house.now() + HOUR * 2).await?;
    ensure!(way::is_inside(house, &rodrigo), "{}", house.telegram.transcript());
    let lifts_bans = |call: &sim::Call| call.parameters["only_if_banned"] == true;
    ensure!(
        way::calls(house, "unbanChatMember", &rodrigo)
            .iter()
            .all(lifts_bans)
    );
    ensure!(figures(house).await?.due == 0 && waiting(house, &rodrigo).await?.is_empty());
    goes_in_or_is(house, &rodrigo).await
}

async fn a_renewal_between_two_calls_keeps_the_person_inside(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR * 2).await?;
    let payload = invitation(house).await?;
    // Telegram does not want to be called when it is time.
    house
        .telegram
        .inject(Fault::flood(60).on("unbanChatMember").times(1));
    passes(house, HOUR * 2 + MOMENT).await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired && way::is_inside(house, &rodrigo));
    opens(house, &rodrigo, &payload).await?;
    until(house, house.now() + HOUR).await?;
    ensure!(way::is_inside(house, &rodrigo), "{}", house.telegram.transcript());
    ensure!(figures(house).await?.due == 0);
    goes_in_or_is(house, &rodrigo).await
}

/// They are inside, or have the way in.
async fn goes_in_or_is(house: &House, person: &Person) -> Result<()> {
    if !way::is_inside(house, person) {
        goes_in(house, person).await?;
    }
    until(house, house.now() + HOUR).await?;
    ensure!(way::is_inside(house, person), "{}", house.telegram.transcript());
    ensure!(status(house, person).await? == Status::Active);
    Ok(())
}

/// Lets their time come to its end, and returns once the call that removes somebody is on its way, where it
/// will be for half a minute.
async fn until_call(house: &House, after_effect: bool) -> Result<()> {
    let slow = Fault::slow(30).on("unbanChatMember").times(1);
    house
        .telegram
        .inject(if after_effect { slow.after_effect() } else { slow });
    house.passes(HOUR * 2 + MOMENT).await?;
    for _ in 0..10_000 {
        if outbox::in_hand(&house.store().read()).await? > 0 {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    anyhow::bail!("nothing is on its way")
}

/// They renew while a call about their removal is on its way.
async fn renews_meanwhile(house: &House, person: &Person, payload: &str) -> Result<()> {
    person.opens_link(payload)?;
    way::waits_for(house, person, way::FIRST).await?;
    ensure!(status(house, person).await? == Status::Active);
    house.advance(TimeDelta::seconds(30))?;
    until(house, house.now() + HOUR).await
}

async fn a_renewal_between_claim_and_call_ends_with_a_working_link(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR * 2).await?;
    let payload = invitation(house).await?;
    until_call(house, false).await?;
    renews_meanwhile(house, &rodrigo, &payload).await?;
    goes_in_or_is(house, &rodrigo).await
}

async fn a_renewal_between_call_and_record_ends_with_a_working_link(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR * 2).await?;
    let payload = invitation(house).await?;
    until_call(house, true).await?;
    renews_meanwhile(house, &rodrigo, &payload).await?;
    ensure!(!way::is_inside(house, &rodrigo), "they were seen out before");
    goes_in_or_is(house, &rodrigo).await
}

async fn lucien_knows_his_own_removals(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    let (db, vip) = (house.store().read(), ChatId(house.vip().id()));
    let known = presence::find(&db, UserId(rodrigo.id()), vip)
        .await?
        .context("a sighting")?;
    ensure!(!known.standing.is_inside());
    ensure!(way::heard(&mateo, REMOVED) == 0, "{}", mateo.transcript());
    // Nor does it bar their way back.
    let payload = invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    goes_in(house, &rodrigo).await?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, REMOVED) == 0, "{}", mateo.transcript());
    Ok(())
}

async fn a_second_end_removes_again(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    for round in 1..=2 {
        let end = way::subscription(house, &rodrigo)
            .await?
            .context("a subscription")?
            .expiry;
        until(house, end + MOMENT).await?;
        ensure!(!way::is_inside(house, &rodrigo));
        ensure!(
            way::heard(&rodrigo, FAREWELL) == round,
            "{}",
            rodrigo.transcript()
        );
        let payload = invitation(house).await?;
        opens(house, &rodrigo, &payload).await?;
        goes_in(house, &rodrigo).await?;
    }
    Ok(())
}

async fn whoever_is_exempt_stays(house: &mut House) -> Result<()> {
    let guest = inside(house, "Inés", HOUR).await?;
    let mateo = way::custodian(house).await?;
    let profile = domain::person::Profile::new(UserId(mateo.id()), "Mateo", None, None);
    preload::subscribe(house.store(), &profile, HOUR, None, house.now()).await?;
    house.creator().adds(house.vip(), mateo.id())?;
    let now = house.now();
    let exempted: Result<_, StoreError> = house
        .store()
        .write(async |tx| exemptions::add(tx, UserId(guest.id()), UserId(mateo.id()), now).await)
        .await;
    ensure!(exempted?);
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    for person in [&guest, &mateo] {
        ensure!(status(house, person).await? == Status::Expired);
        ensure!(way::is_inside(house, person), "{}", house.telegram.transcript());
        ensure!(way::heard(person, FAREWELL) == 0, "{}", person.transcript());
    }
    Ok(())
}

async fn whoever_administers_the_channel_stays(house: &mut House) -> Result<()> {
    let elena = inside(house, "Elena", HOUR).await?;
    house.creator().promotes(house.vip(), elena.id(), Rights::all())?;
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    ensure!(status(house, &elena).await? == Status::Expired);
    ensure!(way::is_inside(house, &elena));
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn without_the_right_departures_wait_and_are_told_once(house: &mut House) -> Result<()> {
    const RIGHTS: &str = "Me faltan permisos";
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    let (creator, lucien) = (house.creator(), house.telegram.bot().id);
    let fewer = Rights {
        can_restrict_members: false,
        ..Rights::all()
    };
    creator.promotes(house.vip(), lucien, fewer)?;
    passes(house, HOUR + MOMENT).await?;
    for _ in 0..3 {
        passes(house, HOUR).await?;
    }
    ensure!(status(house, &rodrigo).await? == Status::Expired && way::is_inside(house, &rodrigo));
    ensure!(figures(house).await?.due == 1);
    ensure!(house.telegram.call_count("unbanChatMember") == 0);
    ensure!(way::heard(&mateo, RIGHTS) == 1, "{}", mateo.transcript());
    says(house, &mateo, "/admin").await?;
    let screen = presses(house, &mateo, "Salidas").await?;
    ensure!(screen.text.contains("Me falta el permiso"), "{}", screen.text);
    creator.promotes(house.vip(), lucien, Rights::all())?;
    house.settles().await?;
    passes(house, TimeDelta::minutes(1)).await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo), "nobody had to confirm it");
    Ok(())
}

async fn what_fails_is_tried_again(house: &mut House) -> Result<()> {
    let people = crowd(house, 5, HOUR).await?;
    house
        .telegram
        .inject(Fault::html(502).on("unbanChatMember").times(2));
    house
        .telegram
        .inject(Fault::flood(20).on("unbanChatMember").times(1));
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    ensure!(
        count_inside(house, &people) == 0,
        "{}",
        house.telegram.transcript()
    );
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn a_word_that_comes_too_late_is_not_said(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    let (creator, lucien) = (house.creator(), house.telegram.bot().id);
    creator.demotes(house.vip(), lucien)?;
    until(house, house.now() + HOUR * 14).await?;
    creator.promotes(house.vip(), lucien, Rights::all())?;
    until(house, house.now() + HOUR).await?;
    ensure!(!way::is_inside(house, &rodrigo));
    ensure!(way::heard(&rodrigo, FAREWELL) == 0, "{}", rodrigo.transcript());
    Ok(())
}

async fn without_a_channel_everything_ends_but_nobody_goes(house: &mut House) -> Result<()> {
    let rodrigo = house.member("Rodrigo", HOUR).await?;
    let ines = house
        .entering("Inés", HOUR, domain::subscription::Stage::Second)
        .await?;
    for person in [&rodrigo, &ines] {
        says(house, person, "/start").await?;
    }
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await?;
    for person in [&rodrigo, &ines] {
        let subscription = way::subscription(house, person)
            .await?
            .context("a subscription")?;
        ensure!(subscription.status == Status::Expired && subscription.stage.is_none());
        ensure!(way::heard(person, FAREWELL) == 0);
    }
    ensure!(figures(house).await?.due == 2);
    ensure!(house.telegram.call_count("unbanChatMember") == 0);
    // Whoever sets a channel up is asked first.
    let mateo = house.custodian();
    let vip = house.telegram.channel("El salón", &mateo);
    mateo.promotes(&vip, house.telegram.bot().id, Rights::all())?;
    mateo.adds(&vip, rodrigo.id())?;
    says(house, &mateo, "/admin").await?;
    mateo.presses_data("panel:setup:vip")?.answer().await?;
    house.settles().await?;
    let post = mateo.writes_in(&vip, "Una publicación")?;
    mateo.forwards_from(&vip, post)?;
    house.settles().await?;
    house.delivers().await?;
    ensure!(vip.status_of(rodrigo.id()).is_present());
    let holds = holds::all(&house.store().read()).await?;
    ensure!(
        holds.len() == 1 && holds[0].reason == HoldReason::VipChanged,
        "{holds:?}"
    );
    ensure!(
        way::heard(&mateo, "El salón tiene otra dirección") == 1,
        "{}",
        mateo.transcript()
    );
    presses(house, &mateo, "Confirmar la lista").await?;
    house.delivers().await?;
    ensure!(!vip.status_of(rodrigo.id()).is_present());
    Ok(())
}

async fn a_crash_in_the_middle_repeats_nothing(house: &mut House) -> Result<()> {
    const COUNT: usize = 20;
    let people = crowd(house, COUNT, HOUR).await?;
    let mut others = Vec::new();
    for _ in 0..150 {
        others.push(house.member("Inés", HOUR * 2).await?);
    }
    house.advance(HOUR + MOMENT)?;
    for _ in 0..2 {
        // Somewhere on the way.
        for _ in 0..60 {
            outbox::backlog(&house.store().read()).await?;
            tokio::task::yield_now().await;
        }
        house.crashes().await?;
        house.reopens().await?;
    }
    house.delivers().await?;
    ensure!(
        count_inside(house, &people) == 0,
        "{}",
        house.telegram.transcript()
    );
    for person in &people {
        ensure!(status(house, person).await? == Status::Expired);
        ensure!(way::heard(person, FAREWELL) <= 1, "{}", person.transcript());
        ensure!(way::history(house, person).await?.len() <= 1);
    }
    let told: usize = people.iter().map(|person| way::heard(person, FAREWELL)).sum();
    let unknown = outbox::backlog(&house.store().read()).await?.unknown;
    ensure!(told + usize::try_from(unknown)? >= COUNT, "{told} and {unknown}");
    house.advance(HOUR)?;
    house.crashes().await?;
    house.reopens().await?;
    house.settles().await?;
    for person in &others {
        ensure!(status(house, person).await? == Status::Expired);
    }
    ensure!(figures(house).await?.due == 150, "too many at once");
    Ok(())
}

async fn what_ended_while_nobody_worked_ends_at_the_start(house: &mut House) -> Result<()> {
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    house.closes().await?;
    house.advance(HOUR * 20)?;
    house.reopens().await?;
    house.delivers().await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired);
    ensure!(!way::is_inside(house, &rodrigo));
    Ok(())
}

async fn a_grace_delays_leaving_and_not_the_end(house: &mut House) -> Result<()> {
    house.reopens_with_grace(Grace::hours(6)).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR * 2).await?;
    until(house, house.now() + HOUR * 2 + MOMENT).await?;
    let home = says(house, &rodrigo, "/start").await?;
    ensure!(home.labels().len() == 3, "the visitors' home: {}", home.text);
    until(house, house.now() + HOUR * 5).await?;
    ensure!(status(house, &rodrigo).await? == Status::Active && way::is_inside(house, &rodrigo));
    ensure!(way::heard(&rodrigo, FAREWELL) == 0);
    until(house, house.now() + HOUR).await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired && !way::is_inside(house, &rodrigo));
    ensure!(way::heard(&rodrigo, FAREWELL) == 1, "{}", rodrigo.transcript());
    Ok(())
}
