//! `/start`, and the home screen of each access.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::role::Role;
use domain::subscription::Stage;
use futures_util::future::try_join_all;
use sim::Profile;
use store::people;

use super::look::stored;
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["home":
    a_newcomer_is_written_down_and_greeted,
    four_first_starts_at_once_make_one_person,
    many_newcomers_at_once_are_all_answered,
    a_custodian_is_greeted_by_the_hour,
    a_member_is_greeted_with_the_true_date,
    somebody_on_the_threshold_sees_only_the_threshold,
    names_are_refreshed_on_any_event,
    nothing_is_written_when_nothing_has_changed,
    a_hostile_name_is_shown_as_it_is,
    a_name_that_cannot_be_seen_gets_a_form_of_address,
];

async fn a_newcomer_is_written_down_and_greeted(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    let home = ines.next_answer().await?;
    ensure!(home.text.starts_with('🎩') && home.text.contains("Inés"));
    ensure!(home.labels().len() == 3, "three rows: {:?}", home.labels());
    let person = stored(house, &ines).await?;
    ensure!(person.role == Role::Free);
    ensure!(person.created_at == house.now());
    ensure!(people::count(&house.store().read()).await? == 1);
    Ok(())
}

async fn four_first_starts_at_once_make_one_person(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..4 {
        ines.sends("/start")?;
    }
    house.is_quiet().await?;
    ensure!(people::count(&house.store().read()).await? == 1);
    ensure!(
        ines.chat()
            .iter()
            .filter(|entry| entry.by == sim::By::Bot)
            .count()
            == 4
    );
    Ok(())
}

async fn many_newcomers_at_once_are_all_answered(house: &mut House) -> Result<()> {
    let people: Vec<_> = (0..200).map(|n| house.person(&format!("Huésped {n}"))).collect();
    for person in &people {
        person.sends("/start")?;
    }
    let answers = try_join_all(people.iter().map(|person| person.next_answer())).await?;
    for (n, answer) in answers.iter().enumerate() {
        ensure!(
            answer.text.contains(&format!("Huésped {n}")),
            "each hears their own name"
        );
    }
    ensure!(people::count(&house.store().read()).await? == 200);
    Ok(())
}

async fn a_custodian_is_greeted_by_the_hour(house: &mut House) -> Result<()> {
    let mateo = house.custodian();
    let hear = async |hours: i64| -> Result<String> {
        house.passes(TimeDelta::hours(hours)).await?;
        mateo.sends("/start")?;
        Ok(mateo.next_answer().await?.text)
    };
    // The house opens at 19:00 in Mexico City.
    ensure!(hear(0).await?.contains("uenas tardes"));
    ensure!(hear(1).await?.contains("uenas noches"));
    ensure!(hear(10).await?.contains("uenos días"));
    ensure!(hear(6).await?.contains("uenas tardes"));
    ensure!(
        mateo
            .last_message()
            .is_some_and(|message| message.keyboard.is_none())
    );
    ensure!(stored(house, &mateo).await?.role == Role::Admin);
    Ok(())
}

async fn a_member_is_greeted_with_the_true_date(house: &mut House) -> Result<()> {
    let rodrigo = house.member("Rodrigo", TimeDelta::days(30)).await?;
    rodrigo.sends("/start")?;
    let home = rodrigo.next_answer().await?;
    ensure!(
        home.text.contains("Rodrigo") && home.text.contains("27 de noviembre de 2026"),
        "{}",
        home.text
    );
    ensure!(home.labels().len() == 2, "two rows: {:?}", home.labels());
    Ok(())
}

async fn somebody_on_the_threshold_sees_only_the_threshold(house: &mut House) -> Result<()> {
    for stage in [Stage::First, Stage::Second, Stage::Third] {
        let camila = house.entering("Camila", TimeDelta::days(30), stage).await?;
        camila.sends("/start")?;
        let step = camila.next_answer().await?;
        ensure!(
            !step.text.contains("umbral"),
            "a step of the ritual: {}",
            step.text
        );
        camila.presses_data("vip:premium")?.answer().await?;
        house.is_quiet().await?;
        let home = camila.last_message().context("the threshold")?;
        ensure!(home.text.contains("umbral"), "{}", home.text);
        ensure!(home.labels().len() == 2, "the ritual and the membership");
        camila.presses("Retomar el rito")?.answer().await?;
        house.is_quiet().await?;
        let step = camila.last_message().context("the step")?;
        ensure!(!step.text.contains("umbral"), "{}", step.text);
    }
    Ok(())
}

async fn names_are_refreshed_on_any_event(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let created = stored(house, &ines).await?.created_at;
    house.passes(TimeDelta::hours(1)).await?;
    ines.renames(Profile {
        first_name: "Inés María".to_owned(),
        username: Some("ines".to_owned()),
        ..ines.profile()
    })?;
    ines.presses_data("home")?.answer().await?;
    ines.next_answer().await?;
    let person = stored(house, &ines).await?;
    ensure!(person.profile.first_name == "Inés María");
    ensure!(person.profile.username.as_deref() == Some("ines"));
    ensure!(person.created_at == created, "created once");
    Ok(())
}

async fn nothing_is_written_when_nothing_has_changed(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let before = people::find(&house.store().read(), domain::id::UserId(ines.id())).await?;
    house.passes(TimeDelta::hours(1)).await?;
    ines.sends("/start")?;
    ines.next_answer().await?;
    let after = people::find(&house.store().read(), domain::id::UserId(ines.id())).await?;
    ensure!(before == after);
    Ok(())
}

async fn a_hostile_name_is_shown_as_it_is(house: &mut House) -> Result<()> {
    for name in [
        "<b>&\"'</i>",
        "</code><a href=\"tg://user?id=1\">x</a>",
        "&amp;&lt;",
        "{{ name }}",
        "مرحبا 👩‍👩‍👧",
    ] {
        let person = house.person(name);
        person.sends("/start")?;
        let home = person.next_answer().await?;
        ensure!(home.text.contains(name), "{name}: {}", home.text);
        ensure!(stored(house, &person).await?.profile.first_name == name);
    }
    Ok(())
}

async fn a_name_that_cannot_be_seen_gets_a_form_of_address(house: &mut House) -> Result<()> {
    let nobody = house.person("\u{200b}\u{2060}");
    nobody.sends("/start")?;
    let home = nobody.next_answer().await?;
    ensure!(home.text.contains("huésped"), "{}", home.text);
    Ok(())
}
