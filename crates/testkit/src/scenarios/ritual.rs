//! The three steps of the ritual, and the link at their end.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::departure::Grace;
use domain::role::{Role, RoleChangeReason};
use domain::subscription::Stage;
use sim::Fault;

use super::look::stored;
use super::way::{
    self, ACCEPT, FIRST, INSIDE, LISTEN, SECOND, THIRD, invitation, last, opens, presses, says, stage,
};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["ritual":
    three_steps_lead_to_a_link_of_ones_own,
    an_old_button_shows_where_one_stands,
    buttons_of_the_predecessor_lead_the_same_way,
    two_taps_at_once_make_one_link,
    the_same_link_is_shown_while_it_counts,
    a_link_that_does_not_count_is_replaced_and_only_so_often,
    a_refused_link_leaves_the_second_step,
    a_missing_right_refuses_the_link_and_raises_the_alarm,
    a_link_that_is_late_is_written_over_the_promise,
    a_late_refusal_is_written_over_the_promise,
    a_link_whose_answer_was_lost_is_made_again_and_never_shown,
    a_flood_answer_is_waited_for,
    the_end_of_the_membership_ends_it,
    whoever_says_to_be_inside_has_finished,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["ritual", reopening:
    the_end_of_the_membership_ends_it_in_days_of_grace,
    a_restart_between_the_steps_changes_nothing,
    what_was_promised_before_a_restart_comes_after_it,
];

async fn three_steps_lead_to_a_link_of_ones_own(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    let first = opens(house, &ines, &payload).await?;
    ensure!(first.text.contains(FIRST) && first.labels() == [[LISTEN]]);
    let second = presses(house, &ines, LISTEN).await?;
    ensure!(second.is_edited, "the next step takes the place of the last");
    ensure!(second.text.contains(SECOND) && second.labels() == [[ACCEPT]]);
    ensure!(stage(house, &ines).await? == Some(Stage::Second));
    ensure!(stored(house, &ines).await?.role == Role::Free);
    ensure!(house.telegram.call_count("createChatInviteLink") == 0);

    let third = presses(house, &ines, ACCEPT).await?;
    ensure!(third.text.contains(THIRD), "{}", third.text);
    ensure!(third.text.contains("24 horas"), "{}", third.text);
    ensure!(third.labels().len() == 2, "the link and the button");
    ensure!(stage(house, &ines).await? == Some(Stage::Third));
    ensure!(stored(house, &ines).await?.role == Role::Vip);
    let log = way::history(house, &ines).await?;
    let completed = (Some(Role::Free), Role::Vip, RoleChangeReason::VipEntryCompleted);
    ensure!(log.last() == Some(&completed), "{log:?}");

    let row = way::link_row(house, &ines).await?.context("a link")?;
    let links = way::lucien_links(house);
    let [link] = links.as_slice() else {
        anyhow::bail!("one link: {links:?}");
    };
    ensure!(link.creates_join_request && link.member_limit == 0);
    ensure!(link.name == format!("L{}", row.id));
    let made = link.expires_at.context("an end")? - TimeDelta::hours(24);
    ensure!(way::is_just_now(house, made), "{made}");
    ensure!(way::link(house, &ines).await? == link.address);
    Ok(())
}

async fn an_old_button_shows_where_one_stands(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    for data in ["in:accept", "in:inside", "in:key"] {
        ines.presses_data(data)?.answer().await?;
        house.settles().await?;
        ensure!(last(&ines)?.text.contains(FIRST), "{data}");
        ensure!(stage(house, &ines).await? == Some(Stage::First), "{data}");
    }
    presses(house, &ines, LISTEN).await?;
    for data in ["in:listen", "in:inside"] {
        let answer = ines.presses_data(data)?.answer().await?;
        ensure!(answer.text.is_some() && !answer.show_alert, "{data}: {answer:?}");
        house.settles().await?;
        ensure!(last(&ines)?.text.contains(SECOND), "{data}");
        ensure!(stage(house, &ines).await? == Some(Stage::Second), "{data}");
    }
    ensure!(house.telegram.call_count("createChatInviteLink") == 0);
    Ok(())
}

async fn buttons_of_the_predecessor_lead_the_same_way(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    let steps = [
        ("vip_entry:stage_2", SECOND),
        ("vip_entry:stage_3", THIRD),
        ("vip_entry:main_menu", "Inés"),
    ];
    for (data, text) in steps {
        ines.presses_data(data)?.answer().await?;
        house.settles().await?;
        ensure!(last(&ines)?.text.contains(text), "{data}: {}", last(&ines)?.text);
    }
    ensure!(stage(house, &ines).await?.is_none());
    Ok(())
}

async fn two_taps_at_once_make_one_link(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    for _ in 0..4 {
        ines.presses_data("in:accept")?;
    }
    house.settles().await?;
    ensure!(last(&ines)?.text.contains(THIRD), "{}", ines.transcript());
    ensure!(house.telegram.call_count("createChatInviteLink") == 1);
    ensure!(way::history(house, &ines).await?.len() == 2);
    Ok(())
}

async fn the_same_link_is_shown_while_it_counts(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    for _ in 0..3 {
        house.passes(TimeDelta::hours(2)).await?;
        let shown = says(house, &ines, "/start").await?;
        ensure!(shown.text.contains(THIRD), "{}", shown.text);
        ensure!(way::link(house, &ines).await? == link);
    }
    ensure!(way::lucien_links(house).len() == 1);
    Ok(())
}

async fn a_link_that_does_not_count_is_replaced_and_only_so_often(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let first = way::gets_link(house, &ines).await?;
    let carrier = last(&ines)?.message_id;
    house.passes(TimeDelta::hours(24)).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    let shown = says(house, &ines, "/start").await?;
    ensure!(shown.text.contains(THIRD), "{}", shown.text);
    let second = way::link(house, &ines).await?;
    ensure!(second != first);
    let chat = ines.chat();
    let old = chat.iter().find(|entry| entry.message_id == carrier);
    let old = old.context("the message that carried the first link")?;
    ensure!(old.text.contains("ya no abre"), "{}", old.text);
    ensure!(way::lucien_links(house).len() == 2);
    Ok(())
}

async fn a_refused_link_leaves_the_second_step(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let refusal = Fault::error(400, "Bad Request: INVITES_TOO_MUCH").on("createChatInviteLink");
    house.telegram.inject(refusal.times(2));
    let told = presses(house, &ines, ACCEPT).await?;
    ensure!(told.labels() == [["🔄 Intentar de nuevo"]], "{}", told.text);
    ensure!(stage(house, &ines).await? == Some(Stage::Second));
    ensure!(stored(house, &ines).await?.role == Role::Free);
    ensure!(way::history(house, &ines).await?.len() == 1);
    presses(house, &ines, "Intentar de nuevo").await?;
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "Aguarda su llave") == 1,
        "custodians are told once: {}",
        mateo.transcript()
    );
    let third = presses(house, &ines, "Intentar de nuevo").await?;
    ensure!(third.text.contains(THIRD), "{}", third.text);
    ensure!(stage(house, &ines).await? == Some(Stage::Third));
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn a_missing_right_refuses_the_link_and_raises_the_alarm(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let without = sim::Rights {
        can_invite_users: false,
        ..sim::Rights::all()
    };
    let (creator, bot) = (house.creator(), house.telegram.bot().id);
    creator.promotes(house.vip(), bot, without)?;
    let told = presses(house, &ines, ACCEPT).await?;
    ensure!(told.text.contains("llave"), "{}", told.text);
    ensure!(stage(house, &ines).await? == Some(Stage::Second));
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "Me faltan permisos en el canal VIP") == 1,
        "{}",
        mateo.transcript()
    );
    creator.promotes(house.vip(), bot, sim::Rights::all())?;
    house.settles().await?;
    let third = presses(house, &ines, "Intentar de nuevo").await?;
    ensure!(third.text.contains(THIRD), "{}", third.text);
    Ok(())
}

async fn a_link_that_is_late_is_written_over_the_promise(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    house
        .telegram
        .inject(Fault::slow(30).on("createChatInviteLink").times(1));
    let answer = ines.presses(ACCEPT)?.answer().await?;
    ensure!(answer.text.is_some(), "a word while she waits");
    let promise = way::waits_for(house, &ines, "tarda un poco más").await?;
    ensure!(promise.labels().is_empty());
    ensure!(stage(house, &ines).await? == Some(Stage::Second));
    let key = way::waits_for(house, &ines, THIRD).await?;
    ensure!(key.message_id == promise.message_id && key.labels().len() == 2);
    house.settles().await?;
    ensure!(stage(house, &ines).await? == Some(Stage::Third));
    Ok(())
}

async fn a_late_refusal_is_written_over_the_promise(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let busy = house.telegram.inject(Fault::html(502).on("createChatInviteLink"));
    ines.presses(ACCEPT)?.answer().await?;
    let promise = way::waits_for(house, &ines, "tarda un poco más").await?;
    house
        .telegram
        .inject(Fault::error(400, "Bad Request: INVITES_TOO_MUCH").on("createChatInviteLink"));
    busy.remove();
    house.delivers().await?;
    let refused = last(&ines)?;
    ensure!(refused.message_id == promise.message_id);
    ensure!(refused.labels() == [["🔄 Intentar de nuevo"]], "{}", refused.text);
    house.telegram.clear_faults();
    let third = presses(house, &ines, "Intentar de nuevo").await?;
    ensure!(third.text.contains(THIRD), "{}", third.text);
    Ok(())
}

async fn a_link_whose_answer_was_lost_is_made_again_and_never_shown(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let cut = Fault::cut().on("createChatInviteLink").times(1).after_effect();
    house.telegram.inject(cut);
    ines.presses(ACCEPT)?.answer().await?;
    way::waits_for(house, &ines, THIRD).await?;
    house.settles().await?;
    let links = way::lucien_links(house);
    ensure!(links.len() == 2, "{links:?}");
    ensure!(links[1].address == way::link(house, &ines).await?);
    ensure!(links[0].name == links[1].name, "both are known as hers");
    // Whoever comes by the lost one is judged like anybody else.
    let eva = house.person("Eva");
    eva.asks_to_join(&links[0].address)?;
    house.delivers().await?;
    ensure!(house.vip().requests().is_empty() && !way::is_inside(house, &eva));
    ensure!(
        way::heard(&eva, "La llave que trae se hizo") + way::heard(&eva, "la llave que trae se hizo") == 1
    );
    Ok(())
}

async fn a_flood_answer_is_waited_for(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    house
        .telegram
        .inject(Fault::flood(3).on("createChatInviteLink").times(1));
    ines.presses(ACCEPT)?.answer().await?;
    way::waits_for(house, &ines, THIRD).await?;
    house.settles().await?;
    ensure!(way::lucien_links(house).len() == 1);
    ensure!(stage(house, &ines).await? == Some(Stage::Third));
    Ok(())
}

async fn the_end_of_the_membership_ends_it(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    house.passes(TimeDelta::days(30)).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    house.settles().await?;
    ensure!(stage(house, &ines).await?.is_none());
    presses(house, &ines, ACCEPT).await?;
    ensure!(way::heard(&ines, "ha llegado") == 1, "{}", ines.transcript());
    ensure!(house.telegram.call_count("createChatInviteLink") == 0);
    let home = says(house, &ines, "/start").await?;
    ensure!(home.labels().len() == 3, "a visitor: {}", home.text);
    Ok(())
}

/// As long as the days of grace keep the books open, the ritual says itself that it is over.
async fn the_end_of_the_membership_ends_it_in_days_of_grace(house: &mut House) -> Result<()> {
    house.reopens_with_grace(Grace::hours(48)).await?;
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    house.passes(TimeDelta::days(30)).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    house.settles().await?;
    presses(house, &ines, ACCEPT).await?;
    let chat = ines.chat();
    let over = chat.iter().find(|entry| entry.text.contains("llegó a su fin"));
    ensure!(
        over.is_some_and(|over| over.labels().is_empty()),
        "{}",
        ines.transcript()
    );
    ensure!(house.telegram.call_count("createChatInviteLink") == 0);
    let home = says(house, &ines, "/start").await?;
    ensure!(home.labels().len() == 3, "a visitor: {}", home.text);
    Ok(())
}

async fn whoever_says_to_be_inside_has_finished(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    way::gets_link(house, &ines).await?;
    let home = presses(house, &ines, INSIDE).await?;
    ensure!(home.labels().len() == 2, "a member's home: {}", home.text);
    ensure!(stage(house, &ines).await?.is_none());
    ensure!(stored(house, &ines).await?.role == Role::Vip);
    ensure!(way::history(house, &ines).await?.len() == 2);
    Ok(())
}

async fn a_restart_between_the_steps_changes_nothing(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    house.reopens().await?;
    let second = presses(house, &ines, LISTEN).await?;
    ensure!(second.text.contains(SECOND), "{}", second.text);
    house.reopens().await?;
    let shown = says(house, &ines, "/start").await?;
    ensure!(shown.text.contains(SECOND), "{}", shown.text);
    let third = presses(house, &ines, ACCEPT).await?;
    ensure!(third.text.contains(THIRD), "{}", third.text);
    house.reopens().await?;
    let link = way::link(house, &ines).await?;
    says(house, &ines, "/start").await?;
    ensure!(way::link(house, &ines).await? == link);
    Ok(())
}

async fn what_was_promised_before_a_restart_comes_after_it(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let busy = house.telegram.inject(Fault::html(502).on("createChatInviteLink"));
    ines.presses(ACCEPT)?.answer().await?;
    let promise = way::waits_for(house, &ines, "tarda un poco más").await?;
    house.reopens().await?;
    busy.remove();
    house.delivers().await?;
    let key = last(&ines)?;
    ensure!(key.message_id == promise.message_id);
    ensure!(key.text.contains(THIRD), "{}", key.text);
    Ok(())
}
