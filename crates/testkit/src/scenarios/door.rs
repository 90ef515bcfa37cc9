//! The door of the members' channel: who is let in, and who is not.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::role::Role;
use domain::subscription::Stage;
use sim::{Fault, NewRoom, Rights};

use super::brakes;
use super::look::stored;
use super::way::{self, ACCEPT, LISTEN, THIRD, invitation, last, opens, presses, says, stage};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["door":
    the_owner_of_a_link_is_let_in_and_has_finished,
    a_stranger_with_a_link_is_told_and_turned_away,
    whoever_comes_by_the_link_of_a_membership_that_is_over_is_turned_away,
    whoever_asks_before_the_end_of_the_ritual_is_let_in_at_its_end,
    a_visitor_waits_and_is_let_in_once_a_member,
    a_member_is_let_in_by_anybodys_link,
    a_custodian_is_let_in,
    requests_elsewhere_are_left_alone,
    a_lost_answer_lets_nobody_in_twice,
    a_withdrawn_request_comes_to_nothing,
    without_the_right_everybody_waits_and_one_alarm_is_raised,
    a_word_that_cannot_be_said_keeps_nobody_from_being_turned_away,
    whoever_is_let_in_by_hand_has_finished,
    a_call_that_fails_once_changes_nothing_in_the_end,
    an_uninvited_guest_is_reported_and_seen_out_by_a_custodian,
    an_uninvited_guest_may_stay,
    members_administrators_and_custodians_are_nobodys_uninvited_guests,
];

async fn the_owner_of_a_link_is_let_in_and_has_finished(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    ines.asks_to_join(&link)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &ines));
    ensure!(stage(house, &ines).await?.is_none());
    ensure!(stored(house, &ines).await?.role == Role::Vip);
    ensure!(way::history(house, &ines).await?.len() == 2);
    ensure!(
        way::lucien_links(house)[0].is_revoked,
        "a link is of no use any more"
    );
    ensure!(way::link_row(house, &ines).await?.is_none());
    let home = says(house, &ines, "/start").await?;
    ensure!(home.labels().len() == 2, "a member's home: {}", home.text);
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "Inés") == 2,
        "that she came, and that she entered: {}",
        mateo.transcript()
    );
    Ok(())
}

async fn a_stranger_with_a_link_is_told_and_turned_away(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    let eva = house.person("Eva");
    eva.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &eva));
    ensure!(house.vip().requests().is_empty());
    let word = last(&eva)?;
    ensure!(word.text.contains("llave que trae"), "{}", word.text);
    let line = house
        .telegram
        .calls()
        .iter()
        .position(|call| call.method == "sendMessage" && call.parameters["chat_id"] == eva.id());
    let decline = house
        .telegram
        .calls()
        .iter()
        .position(|call| call.method == "declineChatJoinRequest");
    ensure!(line < decline && line.is_some(), "first the word");
    let told = |person: &sim::Person, text: &str| way::heard(person, text);
    ensure!(told(&mateo, "Eva") == 1, "{}", mateo.transcript());
    ensure!(
        told(&ines, "no le abrí") + told(&ines, "No le abrí") == 1,
        "{}",
        ines.transcript()
    );

    eva.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(house.vip().requests().is_empty());
    ensure!(eva.chat().iter().filter(|entry| entry.by == sim::By::Bot).count() == 1);
    ensure!(told(&mateo, "Eva") == 1);
    // Her own way in is as open as before.
    ines.asks_to_join(&link)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &ines));
    Ok(())
}

async fn whoever_comes_by_the_link_of_a_membership_that_is_over_is_turned_away(
    house: &mut House,
) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    way::gets_link(house, &ines).await?;
    // Otherwise the link ends with the membership.
    brakes::holds_for(house, HoldReason::Restored).await?;
    house.passes(TimeDelta::days(30) - TimeDelta::minutes(1)).await?;
    // A link that she was handed in the last minute.
    let shown = says(house, &ines, "/start").await?;
    ensure!(shown.text.contains(THIRD), "{}", shown.text);
    let link = way::link(house, &ines).await?;
    house.passes(TimeDelta::minutes(2)).await?;
    ines.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(!way::is_inside(house, &ines) && house.vip().requests().is_empty());
    ensure!(last(&ines)?.text.contains("fue suya"), "{}", last(&ines)?.text);
    ensure!(way::heard(&mateo, "llave") == 0, "{}", mateo.transcript());
    Ok(())
}

async fn whoever_asks_before_the_end_of_the_ritual_is_let_in_at_its_end(house: &mut House) -> Result<()> {
    let door = way::creators_link(house, true)?;
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    ines.asks_to_join(&door)?;
    house.settles().await?;
    ensure!(!way::is_inside(house, &ines));
    let word = last(&ines)?;
    ensure!(word.labels() == [["Retomar el rito"]], "{}", word.text);
    presses(house, &ines, "Retomar el rito").await?;
    presses(house, &ines, LISTEN).await?;
    ensure!(!way::is_inside(house, &ines));
    let home = presses(house, &ines, ACCEPT).await?;
    ensure!(way::is_inside(house, &ines), "{}", house.telegram.transcript());
    ensure!(stage(house, &ines).await?.is_none());
    ensure!(home.labels().len() == 2, "she needs no link: {}", home.text);
    Ok(())
}

async fn a_visitor_waits_and_is_let_in_once_a_member(house: &mut House) -> Result<()> {
    let door = way::creators_link(house, true)?;
    let ines = house.person("Inés");
    ines.asks_to_join(&door)?;
    house.settles().await?;
    ensure!(house.vip().requests().len() == 1);
    ensure!(way::heard(&ines, "su solicitud queda pendiente") == 1);
    ines.withdraws_request(house.vip())?;
    ines.asks_to_join(&door)?;
    house.settles().await?;
    ensure!(way::heard(&ines, "su solicitud queda pendiente") == 1, "once");
    way::gets_link(house, &ines).await.err();
    house.settles().await?;
    ensure!(way::is_inside(house, &ines), "{}", house.telegram.transcript());
    ensure!(house.vip().requests().is_empty());
    Ok(())
}

async fn a_member_is_let_in_by_anybodys_link(house: &mut House) -> Result<()> {
    let (ines, rodrigo) = (house.person("Inés"), house.person("Rodrigo"));
    let link = way::gets_link(house, &ines).await?;
    way::gets_link(house, &rodrigo).await?;
    rodrigo.asks_to_join(&link)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &rodrigo));
    ensure!(stage(house, &rodrigo).await?.is_none());
    ensure!(way::link_row(house, &rodrigo).await?.is_none());
    ensure!(way::link(house, &ines).await? == link, "hers still is hers");
    Ok(())
}

async fn a_custodian_is_let_in(house: &mut House) -> Result<()> {
    let door = way::creators_link(house, true)?;
    let mateo = house.custodian();
    mateo.asks_to_join(&door)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &mateo));
    ensure!(stored(house, &mateo).await?.role == Role::Admin);
    Ok(())
}

async fn requests_elsewhere_are_left_alone(house: &mut House) -> Result<()> {
    let creator = house.creator();
    let profile = NewRoom {
        join_by_request: true,
        ..NewRoom::channel("Otro").username("otro_canal")
    };
    let other = house.telegram.room(profile, &creator).context("a free name")?;
    creator.promotes(&other, house.telegram.bot().id, Rights::all())?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let heard = rodrigo.chat().len();
    rodrigo.asks_to_join("@otro_canal")?;
    house.settles().await?;
    ensure!(other.requests().len() == 1);
    ensure!(rodrigo.chat().len() == heard);
    Ok(())
}

async fn a_lost_answer_lets_nobody_in_twice(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    let cut = Fault::cut().on("approveChatJoinRequest").times(1).after_effect();
    house.telegram.inject(cut);
    ines.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(way::is_inside(house, &ines));
    ensure!(stage(house, &ines).await?.is_none());
    ensure!(way::dead(house).await? == 0);
    ensure!(way::heard(&mateo, "Inés") == 2, "{}", mateo.transcript());
    ensure!(
        way::calls(house, "getChatMember", &ines).len() == 1,
        "one look decides"
    );
    Ok(())
}

async fn a_withdrawn_request_comes_to_nothing(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    let busy = house
        .telegram
        .inject(Fault::html(502).on("approveChatJoinRequest"));
    ines.asks_to_join(&link)?;
    busy.strikes(1).await?;
    ines.withdraws_request(house.vip())?;
    busy.remove();
    house.delivers().await?;
    ensure!(!way::is_inside(house, &ines));
    ensure!(way::dead(house).await? == 0);
    ines.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(way::is_inside(house, &ines));
    Ok(())
}

async fn without_the_right_everybody_waits_and_one_alarm_is_raised(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let mut people = Vec::new();
    for name in ["Inés", "Rodrigo", "Camila"] {
        let person = house.person(name);
        people.push((way::gets_link(house, &person).await?, person));
    }
    // Telegram refuses before it has told of it.
    let refusal = "Bad Request: not enough rights to manage chat join requests";
    let refused = house
        .telegram
        .inject(Fault::error(400, refusal).on("approveChatJoinRequest"));
    for (link, person) in &people {
        person.asks_to_join(link)?;
    }
    house.settles().await?;
    ensure!(refused.applied() >= 3);
    house.passes(TimeDelta::minutes(5)).await?;
    house.settles().await?;
    ensure!(people.iter().all(|(_, person)| !way::is_inside(house, person)));
    refused.remove();
    house.delivers().await?;
    for (_, person) in &people {
        ensure!(way::is_inside(house, person));
        ensure!(stage(house, person).await?.is_none());
    }
    ensure!(
        way::heard(&mateo, "Me faltan permisos en el canal VIP") == 1,
        "{}",
        mateo.transcript()
    );
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn a_word_that_cannot_be_said_keeps_nobody_from_being_turned_away(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    let link = way::gets_link(house, &ines).await?;
    let eva = house.person("Eva");
    let refusal = "Forbidden: bot can't initiate conversation with a user";
    house
        .telegram
        .inject(Fault::error(403, refusal).on("sendMessage").in_chat(eva.id()));
    eva.asks_to_join(&link)?;
    house.delivers().await?;
    ensure!(house.vip().requests().is_empty() && !way::is_inside(house, &eva));
    Ok(())
}

async fn whoever_is_let_in_by_hand_has_finished(house: &mut House) -> Result<()> {
    let creator = house.creator();
    let ines = house.person("Inés");
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    ensure!(stage(house, &ines).await? == Some(Stage::First));
    creator.adds(house.vip(), ines.id())?;
    house.settles().await?;
    ensure!(stage(house, &ines).await?.is_none());
    ensure!(stored(house, &ines).await?.role == Role::Vip);
    ensure!(way::history(house, &ines).await?.len() == 2);
    Ok(())
}

/// Every way in which a call can fail once and succeed when it is repeated.
fn troubles() -> [Fault; 4] {
    [
        Fault::flood(1),
        Fault::html(502),
        Fault::cut(),
        Fault::cut().after_effect(),
    ]
}

async fn a_call_that_fails_once_changes_nothing_in_the_end(house: &mut House) -> Result<()> {
    let methods = [
        "unbanChatMember",
        "createChatInviteLink",
        "approveChatJoinRequest",
        "declineChatJoinRequest",
        "revokeChatInviteLink",
    ];
    let mateo = way::custodian(house).await?;
    let faults = methods
        .into_iter()
        .flat_map(|method| troubles().map(|fault| fault.on(method).times(1)));
    for (number, fault) in faults.enumerate() {
        let name = format!("Huésped {number}");
        let (guest, eva) = (house.person(&name), house.person("Eva"));
        let trouble = house.telegram.inject(fault.clone());
        let payload = invitation(house).await?;
        opens(house, &guest, &payload).await?;
        presses(house, &guest, LISTEN).await?;
        guest.presses(ACCEPT)?;
        way::waits_for(house, &guest, THIRD).await?;
        house.delivers().await?;
        let link = way::link(house, &guest).await?;
        eva.asks_to_join(&link)?;
        house.delivers().await?;
        ensure!(house.vip().requests().is_empty(), "{fault:?}");
        guest.asks_to_join(&link)?;
        house.delivers().await?;
        ensure!(trouble.applied() >= 1, "{fault:?}");

        ensure!(
            way::is_inside(house, &guest) && !way::is_inside(house, &eva),
            "{fault:?}"
        );
        ensure!(stage(house, &guest).await?.is_none(), "{fault:?}");
        ensure!(stored(house, &guest).await?.role == Role::Vip, "{fault:?}");
        ensure!(way::history(house, &guest).await?.len() == 2, "{fault:?}");
        let links = house.vip().links();
        let used = links.iter().find(|it| it.address == link).context("the link")?;
        ensure!(used.is_revoked, "{fault:?}");
        ensure!(way::dead(house).await? == 0, "{fault:?}");
        // Redeemed, the stranger, entered.
        let told = way::heard(&mateo, &format!("{name} "));
        ensure!(told == 3, "{fault:?}: {told}\n{}", mateo.transcript());
    }
    Ok(())
}

async fn an_uninvited_guest_is_reported_and_seen_out_by_a_custodian(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let open = way::creators_link(house, false)?;
    let eva = house.person("Eva");
    eva.joins(&open)?;
    house.delivers().await?;
    ensure!(way::is_inside(house, &eva), "nothing is done by itself");
    let question = last(&mateo)?;
    ensure!(
        question.text.contains("Eva") && question.labels().len() == 2,
        "{}",
        question.text
    );
    house.passes(TimeDelta::days(1)).await?;
    ensure!(way::is_inside(house, &eva));
    let settled = presses(house, &mateo, "Acompañarle a la salida").await?;
    ensure!(settled.text.contains("le acompaño"), "{}", settled.text);
    house.delivers().await?;
    ensure!(!way::is_inside(house, &eva));
    ensure!(
        house.vip().status_of(eva.id()) == sim::Status::Left,
        "she may come again"
    );
    Ok(())
}

async fn an_uninvited_guest_may_stay(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let open = way::creators_link(house, false)?;
    let eva = house.person("Eva");
    eva.joins(&open)?;
    house.delivers().await?;
    let settled = presses(house, &mateo, "Permitir que se quede").await?;
    ensure!(settled.text.contains("puede quedarse"), "{}", settled.text);
    // A second tap, as of another custodian, finds it decided.
    let data = format!("rule:out:{}", eva.id());
    let answer = mateo.presses_data(&data)?.answer().await?;
    ensure!(
        answer
            .text
            .as_deref()
            .is_some_and(|text| text.contains("ya quedó hecho"))
    );
    house.delivers().await?;
    ensure!(way::is_inside(house, &eva));
    Ok(())
}

async fn members_administrators_and_custodians_are_nobodys_uninvited_guests(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let open = way::creators_link(house, false)?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    rodrigo.leaves(house.vip())?;
    rodrigo.joins(&open)?;
    mateo.joins(&open)?;
    let eva = house.person("Eva");
    house.creator().adds(house.vip(), eva.id())?;
    house.creator().promotes(house.vip(), eva.id(), Rights::all())?;
    house.delivers().await?;
    ensure!(way::heard(&mateo, "¿qué dispone?") == 0, "{}", mateo.transcript());
    // Whoever has become one of them is not seen out, whatever a custodian says.
    let nora = house.person("Nora");
    nora.joins(&open)?;
    house.delivers().await?;
    house.creator().promotes(house.vip(), nora.id(), Rights::all())?;
    house.settles().await?;
    let data = format!("rule:out:{}", nora.id());
    mateo.presses_data(&data)?.answer().await?;
    house.delivers().await?;
    ensure!(way::is_inside(house, &nora));
    Ok(())
}
