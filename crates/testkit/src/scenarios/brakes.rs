//! What keeps people from being seen out by mistake.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::subscription::Status;
use sim::{Entry, Person, Rights};
use store::holds;

use super::expiry::{FAREWELL, HOUR, count_inside, crowd, figures, inside, status};
use super::reminders::passes;
use super::way::{self, invitation, opens, presses, says};
use crate::database::TestDb;
use crate::house::House;
use crate::preload;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["brakes":
    with_ten_renewals_missing_nobody_goes_without_a_word,
    a_confirmation_covers_its_list_and_nobody_else,
    whoever_is_taken_off_the_list_stays,
    twenty_go_and_one_more_asks_first,
    a_tenth_of_many_may_go,
    those_of_the_last_hour_count,
    a_custodian_stops_departures_and_lets_them_go_on,
    what_is_on_its_way_is_stopped_too,
    while_the_clocks_differ_nothing_can_be_confirmed,
    another_members_channel_asks_first,
    a_hold_ends_a_renewal_does_not_need_it,
    a_long_list_has_pages,
    nobody_but_a_custodian_confirms,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["brakes", reopening:
    after_a_day_of_darkness_a_custodian_is_asked,
    a_house_that_has_never_swept_is_not_held,
    a_second_custodian_hears_who_stopped_departures,
];

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const MOMENT: TimeDelta = TimeDelta::microseconds(1);

/// What custodians are asked.
const ASKED: &str = "Mientras tanto no despido a nadie";
const CONFIRM: &str = "Confirmar la lista";
const LIST: &str = "Ver la lista";

pub(super) async fn holds_for(house: &House, reason: HoldReason) -> Result<()> {
    let now = house.now();
    let held = house.store().write(async |tx| holds::set(tx, reason, now).await);
    ensure!(held.await?, "it was not held for that reason");
    Ok(())
}

async fn reasons(house: &House) -> Result<Vec<HoldReason>> {
    let holds = holds::all(&house.store().read()).await?;
    Ok(holds.iter().map(|hold| hold.reason).collect())
}

/// The custodian's panel, and there the departures.
async fn departures(house: &House, mateo: &Person) -> Result<Entry> {
    says(house, mateo, "/admin").await?;
    presses(house, mateo, "Salidas").await
}

async fn ends(house: &House) -> Result<()> {
    passes(house, HOUR + MOMENT).await?;
    house.delivers().await
}

async fn with_ten_renewals_missing_nobody_goes_without_a_word(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    // Of them the books say that they are over, and they have renewed.
    let missing = crowd(house, 10, HOUR).await?;
    let rodrigo = inside(house, "Inés", HOUR).await?;
    holds_for(house, HoldReason::Restored).await?;
    ends(house).await?;
    for _ in 0..30 {
        passes(house, HOUR).await?;
    }
    for person in missing.iter().chain([&rodrigo]) {
        ensure!(
            status(house, person).await? == Status::Expired,
            "that is not held"
        );
        ensure!(way::is_inside(house, person) && way::heard(person, FAREWELL) == 0);
    }
    ensure!(house.telegram.call_count("unbanChatMember") == 0);
    ensure!(way::heard(&mateo, ASKED) == 1, "once: {}", mateo.transcript());
    let asked = way::last(&mateo)?;
    ensure!(
        asked.text.contains("11 personas") && asked.text.contains("y 6 más"),
        "{}",
        asked.text
    );
    presses(house, &mateo, LIST).await?;
    for person in &missing {
        let data = spare_button(&mateo, person.id(), house).await?;
        mateo.presses_data(&data)?.answer().await?;
        house.settles().await?;
    }
    let told = presses(house, &mateo, CONFIRM).await?;
    ensure!(
        told.text.contains("1 persona") && told.text.contains("10 personas"),
        "{}",
        told.text
    );
    house.delivers().await?;
    ensure!(count_inside(house, &missing) == 10 && !way::is_inside(house, &rodrigo));
    ensure!(reasons(house).await?.is_empty());
    ensure!(way::heard(&rodrigo, FAREWELL) == 0, "that was too long ago");
    Ok(())
}

/// The data of the button that takes somebody off the list on the screen.
async fn spare_button(mateo: &Person, person: i64, house: &House) -> Result<String> {
    let due = store::departures::due(&house.store().read(), domain::id::DepartureId(0), None, 500).await?;
    let departure = due.iter().find(|(departure, _)| departure.user.0 == person);
    let departure = departure.context("they are on the list")?.0.id;
    let screen = way::last(mateo)?;
    let Some(sim::Markup::InlineKeyboard(rows)) = &screen.keyboard else {
        anyhow::bail!("no buttons: {}", screen.text);
    };
    let datas = rows.iter().flatten().filter_map(|button| match &button.action {
        sim::ButtonAction::Callback(data) => Some(data.clone()),
        _ => None,
    });
    let suffix = format!(":{departure}");
    let mut spares = datas.filter(|data| data.starts_with("panel:spare:") && data.ends_with(&suffix));
    spares
        .next()
        .with_context(|| format!("no button: {:?}", screen.labels()))
}

async fn a_confirmation_covers_its_list_and_nobody_else(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let first = crowd(house, 21, HOUR).await?;
    let second = crowd(house, 21, HOUR * 2).await?;
    ends(house).await?;
    ensure!(way::heard(&mateo, ASKED) == 1, "{}", mateo.transcript());
    passes(house, HOUR).await?;
    ensure!(figures(house).await?.due == 42);
    // What is confirmed is what was shown.
    presses(house, &mateo, CONFIRM).await?;
    passes(house, MINUTE).await?;
    house.delivers().await?;
    ensure!(count_inside(house, &first) == 0 && count_inside(house, &second) == 21);
    ensure!(
        way::heard(&mateo, ASKED) == 1,
        "of the others they are asked anew: {}",
        mateo.transcript()
    );
    let asked = way::last(&mateo)?;
    ensure!(asked.text.contains("21 personas"), "{}", asked.text);
    // The old question is settled.
    let shown = presses(house, &mateo, CONFIRM).await?;
    ensure!(shown.text.contains("Así se hará"), "{}", shown.text);
    passes(house, MINUTE).await?;
    house.delivers().await?;
    ensure!(count_inside(house, &second) == 0);
    ensure!(figures(house).await?.due == 0);
    Ok(())
}

async fn whoever_is_taken_off_the_list_stays(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let (rodrigo, ines) = (
        inside(house, "Rodrigo", HOUR).await?,
        inside(house, "Inés", HOUR).await?,
    );
    holds_for(house, HoldReason::Imported).await?;
    ends(house).await?;
    presses(house, &mateo, LIST).await?;
    let shown = presses(house, &mateo, "➖ Inés").await?;
    ensure!(
        shown.text.contains("Rodrigo") && !shown.text.contains("Inés"),
        "{}",
        shown.text
    );
    presses(house, &mateo, CONFIRM).await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo) && way::is_inside(house, &ines));
    for _ in 0..60 {
        passes(house, HOUR).await?;
    }
    house.delivers().await?;
    ensure!(way::is_inside(house, &ines), "nobody looks for them");
    // Whoever takes everybody off still ends the hold.
    let elena = inside(house, "Elena", HOUR).await?;
    holds_for(house, HoldReason::Imported).await?;
    ends(house).await?;
    presses(house, &mateo, LIST).await?;
    presses(house, &mateo, "➖ Elena").await?;
    presses(house, &mateo, CONFIRM).await?;
    ensure!(reasons(house).await?.is_empty() && way::is_inside(house, &elena));
    Ok(())
}

async fn twenty_go_and_one_more_asks_first(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let twenty = crowd(house, 20, HOUR).await?;
    ends(house).await?;
    ensure!(
        count_inside(house, &twenty) == 0,
        "{}",
        house.telegram.transcript()
    );
    ensure!(way::heard(&mateo, ASKED) == 0);
    passes(house, HOUR * 2).await?;
    let more = crowd(house, 21, HOUR).await?;
    ends(house).await?;
    ensure!(count_inside(house, &more) == 21 && way::heard(&more[0], FAREWELL) == 0);
    ensure!(reasons(house).await? == [HoldReason::Cap]);
    let asked = way::last(&mateo)?;
    ensure!(asked.text.contains("no paso de 20"), "{}", asked.text);
    Ok(())
}

async fn a_tenth_of_many_may_go(house: &mut House) -> Result<()> {
    for _ in 0..229 {
        house.member("Inés", HOUR * 500).await?;
    }
    let going = crowd(house, 24, HOUR).await?;
    ends(house).await?;
    ensure!(count_inside(house, &going) == 0, "24 of 253");
    Ok(())
}

async fn those_of_the_last_hour_count(house: &mut House) -> Result<()> {
    let first = crowd(house, 12, HOUR).await?;
    let second = crowd(house, 12, HOUR + MINUTE * 30).await?;
    ends(house).await?;
    ensure!(count_inside(house, &first) == 0);
    passes(house, MINUTE * 30).await?;
    house.delivers().await?;
    ensure!(count_inside(house, &second) == 12, "24 within an hour");
    ensure!(reasons(house).await? == [HoldReason::Cap]);
    Ok(())
}

async fn a_custodian_stops_departures_and_lets_them_go_on(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    let screen = departures(house, &mateo).await?;
    ensure!(screen.text.contains("En marcha"), "{}", screen.text);
    let screen = presses(house, &mateo, "Detener las salidas").await?;
    ensure!(screen.text.contains("Detenidas"), "{}", screen.text);
    ends(house).await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired && way::is_inside(house, &rodrigo));
    ensure!(way::heard(&rodrigo, FAREWELL) == 0);
    let screen = departures(house, &mateo).await?;
    ensure!(
        screen.text.contains("Por salir:</b> 1") || screen.text.contains("Por salir: 1"),
        "{}",
        screen.text
    );
    let screen = presses(house, &mateo, "Ver la lista").await?;
    ensure!(
        !screen
            .labels()
            .concat()
            .iter()
            .any(|label| label.contains(CONFIRM)),
        "{}",
        screen.text
    );
    departures(house, &mateo).await?;
    presses(house, &mateo, "Reanudar las salidas").await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo), "at once");
    ensure!(way::heard(&rodrigo, FAREWELL) == 1, "{}", rodrigo.transcript());
    Ok(())
}

async fn what_is_on_its_way_is_stopped_too(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let people = crowd(house, 10, HOUR).await?;
    departures(house, &mateo).await?;
    // Telegram wants to be left alone just then.
    house
        .telegram
        .inject(sim::Fault::flood(120).on("unbanChatMember").times(10));
    passes(house, HOUR + MOMENT).await?;
    ensure!(count_inside(house, &people) == 10 && figures(house).await?.due == 0);
    mateo.presses("Detener las salidas")?;
    house.delivers().await?;
    passes(house, HOUR).await?;
    ensure!(
        count_inside(house, &people) == 10,
        "{}",
        house.telegram.transcript()
    );
    ensure!(figures(house).await?.due == 10, "they are due again");
    presses(house, &mateo, "Reanudar las salidas").await?;
    house.delivers().await?;
    ensure!(count_inside(house, &people) == 0);
    for person in &people {
        ensure!(way::heard(person, FAREWELL) == 1, "{}", person.transcript());
    }
    Ok(())
}

async fn while_the_clocks_differ_nothing_can_be_confirmed(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    house.telegram.set_skew(-660);
    ends(house).await?;
    passes(house, MINUTE * 11).await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired && way::is_inside(house, &rodrigo));
    ensure!(reasons(house).await? == [HoldReason::Clock]);
    ensure!(
        way::heard(&mateo, "10 minutos adelantado") == 1,
        "{}",
        mateo.transcript()
    );
    ensure!(
        way::heard(&mateo, "nada se puede confirmar") == 1,
        "{}",
        mateo.transcript()
    );
    let screen = presses(house, &mateo, LIST).await?;
    ensure!(screen.text.contains("Rodrigo"), "{}", screen.text);
    let press = mateo.presses(CONFIRM)?;
    house.settles().await?;
    ensure!(press.answer().await?.show_alert);
    let told = way::last(&mateo)?;
    ensure!(told.text.contains("no coinciden"), "{}", told.text);
    ensure!(way::is_inside(house, &rodrigo));
    house.telegram.set_skew(0);
    passes(house, HOUR).await?;
    house.delivers().await?;
    ensure!(reasons(house).await?.is_empty(), "it ends by itself");
    ensure!(!way::is_inside(house, &rodrigo));
    Ok(())
}

async fn another_members_channel_asks_first(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.member("Rodrigo", HOUR).await?;
    let other = house.telegram.channel("La azotea", &mateo);
    mateo.promotes(&other, house.telegram.bot().id, Rights::all())?;
    mateo.adds(&other, rodrigo.id())?;
    says(house, &mateo, "/admin").await?;
    mateo.presses_data("panel:setup:vip")?.answer().await?;
    house.settles().await?;
    let post = mateo.writes_in(&other, "Una publicación")?;
    mateo.forwards_from(&other, post)?;
    house.settles().await?;
    ensure!(reasons(house).await? == [HoldReason::VipChanged]);
    ends(house).await?;
    ensure!(other.status_of(rodrigo.id()).is_present());
    let asked = way::last(&mateo)?;
    ensure!(
        asked.text.contains("otra dirección") && asked.text.contains("Rodrigo"),
        "{}",
        asked.text
    );
    presses(house, &mateo, CONFIRM).await?;
    house.delivers().await?;
    ensure!(!other.status_of(rodrigo.id()).is_present());
    Ok(())
}

async fn a_hold_ends_a_renewal_does_not_need_it(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    holds_for(house, HoldReason::Adopted).await?;
    ends(house).await?;
    let payload = invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    ensure!(figures(house).await?.due == 0);
    let press = mateo.presses(CONFIRM)?;
    house.settles().await?;
    ensure!(press.answer().await?.show_alert, "nobody is on the list any more");
    ensure!(
        way::heard(&mateo, "quienes estaban en ella renovaron") == 1,
        "{}",
        mateo.transcript()
    );
    house.delivers().await?;
    ensure!(way::is_inside(house, &rodrigo) && status(house, &rodrigo).await? == Status::Active);
    Ok(())
}

async fn a_long_list_has_pages(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let people = crowd(house, 23, HOUR).await?;
    ends(house).await?;
    let first = presses(house, &mateo, LIST).await?;
    ensure!(first.text.contains("1. ") && first.text.contains("10. ") && !first.text.contains("11. "));
    let second = presses(house, &mateo, "Siguiente").await?;
    ensure!(
        second.text.contains("11. ") && second.text.contains("23 personas"),
        "{}",
        second.text
    );
    let third = presses(house, &mateo, "Siguiente").await?;
    ensure!(third.text.contains("23. "), "{}", third.text);
    ensure!(
        !third
            .labels()
            .concat()
            .iter()
            .any(|label| label.contains("Siguiente"))
    );
    let spared = presses(house, &mateo, "➖").await?;
    ensure!(
        spared.text.contains("22. ") && !spared.text.contains("23. "),
        "the same page: {}",
        spared.text
    );
    presses(house, &mateo, "Anterior").await?;
    let told = presses(house, &mateo, CONFIRM).await?;
    ensure!(
        told.text.contains("22 personas") && told.text.contains("1 persona"),
        "{}",
        told.text
    );
    house.delivers().await?;
    ensure!(count_inside(house, &people) == 1);
    Ok(())
}

async fn nobody_but_a_custodian_confirms(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR).await?;
    holds_for(house, HoldReason::Restored).await?;
    ends(house).await?;
    ensure!(way::heard(&mateo, ASKED) == 1);
    says(house, &rodrigo, "/start").await?;
    for question in 1..4 {
        for data in ["confirm", "page", "spare"] {
            let data = match data {
                "confirm" => format!("panel:confirm:{question}"),
                data => format!("panel:{data}:{question}:1"),
            };
            rodrigo.presses_data(&data)?.answer().await?;
            house.settles().await?;
        }
    }
    house.delivers().await?;
    ensure!(way::is_inside(house, &rodrigo) && figures(house).await?.due == 1);
    ensure!(reasons(house).await? == [HoldReason::Restored]);
    Ok(())
}

async fn after_a_day_of_darkness_a_custodian_is_asked(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = inside(house, "Rodrigo", HOUR * 20).await?;
    house.closes().await?;
    house.advance(HOUR * 24 + MINUTE)?;
    house.reopens().await?;
    house.delivers().await?;
    ensure!(status(house, &rodrigo).await? == Status::Expired && way::is_inside(house, &rodrigo));
    ensure!(
        way::heard(&mateo, "Mi última ronda fue el") == 1,
        "{}",
        mateo.transcript()
    );
    for _ in 0..30 {
        passes(house, HOUR).await?;
    }
    ensure!(way::is_inside(house, &rodrigo));
    presses(house, &mateo, CONFIRM).await?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &rodrigo));
    // Where nobody goes, nobody is asked.
    house.closes().await?;
    house.advance(HOUR * 50)?;
    house.reopens().await?;
    house.delivers().await?;
    ensure!(reasons(house).await?.is_empty());
    Ok(())
}

async fn a_house_that_has_never_swept_is_not_held(house: &mut House) -> Result<()> {
    let db = TestDb::new(house.backend()).await?;
    let store = db.store().await?;
    let profile = domain::person::Profile::new(domain::id::UserId(7_777), "Rodrigo", None, None);
    let long_ago = house.now() - TimeDelta::days(400);
    preload::subscribe(&store, &profile, TimeDelta::days(30), None, long_ago).await?;
    store.close().await;
    let new = House::open_on(db).await?;
    new.settles().await?;
    ensure!(holds::all(&new.store().read()).await?.is_empty());
    let figures = figures(&new).await?;
    ensure!(figures.due == 0 && figures.released == 1, "{figures:?}");
    new.close().await
}

async fn a_second_custodian_hears_who_stopped_departures(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let elena = house.person("Elena");
    house.reopens_beside(&elena).await?;
    says(house, &elena, "/start").await?;
    departures(house, &mateo).await?;
    presses(house, &mateo, "Detener las salidas").await?;
    house.delivers().await?;
    ensure!(
        way::heard(&elena, "ha dispuesto detener las salidas") == 1,
        "{}",
        elena.transcript()
    );
    ensure!(way::heard(&mateo, "ha dispuesto detener las salidas") == 0);
    Ok(())
}
