//! Invitations: opened, redeemed once, refused.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::id::{PlanId, UserId};
use domain::role::{Role, RoleChangeReason};
use domain::subscription::{Stage, Status};
use domain::token::Usage;
use futures_util::future::try_join_all;
use sea_orm::ConnectionTrait as _;
use sim::{Fault, Person};
use store::tokens::{self, NewToken};
use store::{StoreError, blocks, plans};

use super::inbox::figure;
use super::look::stored;
use super::way::{self, ACCEPT, DAYS, FIRST, LISTEN, SECOND, found, invitation, last, opens, presses};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["invitations":
    an_invitation_makes_a_member_at_once_and_once,
    whoever_opens_it_again_sees_where_they_are,
    what_is_no_invitation_is_told_so_and_changes_nothing,
    whoever_guesses_is_not_looked_up_for_a_while,
    each_refusal_has_its_own_words,
    an_invitation_without_a_plan_stays_unused,
    an_invitation_of_the_predecessor_gives_what_its_plan_offers,
    a_plan_that_is_taken_off_holds_its_invitations_back,
    somebody_who_is_blocked_cannot_redeem,
    a_renewal_adds_to_what_is_left,
    a_renewal_in_the_middle_of_the_ritual_begins_it_anew,
    whoever_comes_back_begins_anew_and_now,
    a_ban_is_lifted_before_the_link_is_made,
    a_custodian_sees_the_state_of_an_invitation,
    an_invitation_is_nothing_to_a_group,
    a_redemption_asks_little_of_the_database,
    switched_off_notices_are_not_sent,
];

pub(super) const RACES: &[Scenario] = stories!["invitations", reopening:
    of_twenty_who_race_for_an_invitation_one_wins,
    what_a_copy_does_not_know_waits_for_a_custodians_word,
];

async fn an_invitation_makes_a_member_at_once_and_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let payload = invitation(house).await?;
    ensure!(payload.len() == 16, "a code of 16 characters");
    let ines = house.person("Inés");
    let step = opens(house, &ines, &payload).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    ensure!(step.labels() == [[LISTEN]]);

    let used = found(house, &payload).await?;
    ensure!(used.invitation.usage == Usage::By(UserId(ines.id())));
    ensure!(used.used_at.is_some_and(|at| way::is_just_now(house, at)));
    let subscription = way::subscription(house, &ines)
        .await?
        .context("she is a member")?;
    ensure!(subscription.status == Status::Active);
    let begun = subscription.expiry - TimeDelta::days(way::DAYS.into());
    ensure!(way::is_just_now(house, begun));
    ensure!(subscription.stage == Some(Stage::First));
    ensure!(stored(house, &ines).await?.role == Role::Free);
    let log = way::history(house, &ines).await?;
    ensure!(log == [(Some(Role::Free), Role::Free, RoleChangeReason::VipRedeemed)]);
    let unbans = way::calls(house, "unbanChatMember", &ines);
    ensure!(unbans.len() == 1 && unbans[0].parameters["only_if_banned"] == true);
    ensure!(way::heard(&mateo, "Inés") == 1, "{}", mateo.transcript());
    Ok(())
}

async fn whoever_opens_it_again_sees_where_they_are(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let ines = house.person("Inés");
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    let before = way::subscription(house, &ines).await?;
    house.passes(TimeDelta::hours(30)).await?;
    let again = opens(house, &ines, &payload).await?;
    ensure!(again.text.contains(SECOND), "{}", again.text);
    ensure!(way::subscription(house, &ines).await? == before);
    ensure!(way::history(house, &ines).await?.len() == 1);
    ensure!(way::calls(house, "unbanChatMember", &ines).len() == 1);

    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let payload = invitation(house).await?;
    opens(house, &rodrigo, &payload).await?;
    let home = opens(house, &rodrigo, &payload).await?;
    ensure!(home.labels().len() == 2, "a member's home: {}", home.text);
    Ok(())
}

async fn what_is_no_invitation_is_told_so_and_changes_nothing(house: &mut House) -> Result<()> {
    let eva = house.person("Eva");
    for payload in ["abcDEF_-12345678", "x", &"Z".repeat(64)] {
        let refused = opens(house, &eva, payload).await?;
        ensure!(is_unknown(&refused.text), "{payload}: {}", refused.text);
    }
    let refused = way::says(house, &eva, "/start dos palabras").await?;
    ensure!(is_unknown(&refused.text), "{}", refused.text);
    ensure!(way::subscription(house, &eva).await?.is_none());
    ensure!(way::history(house, &eva).await?.is_empty());
    ensure!(stored(house, &eva).await?.role == Role::Free);
    Ok(())
}

fn is_unknown(text: &str) -> bool {
    text.contains("no la encuentro") || text.contains("no me resulta familiar")
}

async fn whoever_guesses_is_not_looked_up_for_a_while(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let eva = house.person("Eva");
    for guess in 0..6 {
        // New messages of one chat go out one a second.
        house.passes(TimeDelta::seconds(2)).await?;
        let refused = opens(house, &eva, &format!("guess-{guess}")).await?;
        ensure!(is_unknown(&refused.text), "{guess}: {}", refused.text);
    }
    let refused = opens(house, &eva, &payload).await?;
    ensure!(refused.text.contains("Ya van varias"), "{}", refused.text);
    ensure!(refused.text.contains("10 minutos"), "{}", refused.text);
    ensure!(found(house, &payload).await?.invitation.usage == Usage::Unused);
    house.passes(TimeDelta::minutes(10)).await?;
    let step = opens(house, &eva, &payload).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    Ok(())
}

async fn each_refusal_has_its_own_words(house: &mut House) -> Result<()> {
    let [used, expired] = [invitation(house).await?, invitation(house).await?];
    let (ana, eva) = (house.person("Ana"), house.person("Eva"));
    opens(house, &ana, &used).await?;
    let refused = opens(house, &eva, &used).await?;
    ensure!(
        refused.text.contains("una sola vez"),
        "used by another: {}",
        refused.text
    );
    house.passes(TimeDelta::hours(24)).await?;
    house.passes(TimeDelta::seconds(1)).await?;
    let refused = opens(house, &eva, &expired).await?;
    ensure!(
        refused.text.contains("Tenía una fecha"),
        "expired: {}",
        refused.text
    );
    ensure!(found(house, &expired).await?.invitation.usage == Usage::Unused);
    ensure!(way::subscription(house, &eva).await?.is_none());
    Ok(())
}

/// A token as the predecessor issues it.
async fn old_token(house: &House, token: &str, plan: Option<PlanId>) -> Result<()> {
    let new = NewToken {
        token,
        by: UserId(house.custodian().id()),
        valid_hours: 720,
        plan,
    };
    let now = house.now();
    house
        .store()
        .write(async |tx| tokens::issue(tx, &new, now).await)
        .await?;
    Ok(())
}

async fn an_invitation_without_a_plan_stays_unused(house: &mut House) -> Result<()> {
    old_token(house, "sin-plan", None).await?;
    let eva = house.person("Eva");
    let refused = opens(house, &eva, "sin-plan").await?;
    ensure!(refused.text.contains("le falta una línea"), "{}", refused.text);
    ensure!(found(house, "sin-plan").await?.invitation.usage == Usage::Unused);
    Ok(())
}

async fn an_invitation_of_the_predecessor_gives_what_its_plan_offers(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let plan = plans::find_by_name(&house.store().read(), "mensual").await?;
    let plan = plan.context("the plan of the other invitation")?;
    ensure!(found(house, &payload).await?.offer.is_some());
    old_token(house, "82", Some(plan.id)).await?;
    house.passes(TimeDelta::hours(700)).await?;
    let eva = house.person("Eva");
    let step = opens(house, &eva, "82").await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    let subscription = way::subscription(house, &eva).await?.context("a member")?;
    let begun = subscription.expiry - TimeDelta::days(way::DAYS.into());
    ensure!(way::is_just_now(house, begun));
    Ok(())
}

async fn a_plan_that_is_taken_off_holds_its_invitations_back(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let eva = house.person("Eva");
    set_plan_active(house, false).await?;
    let refused = opens(house, &eva, &payload).await?;
    ensure!(refused.text.contains("no está disponible"), "{}", refused.text);
    ensure!(found(house, &payload).await?.invitation.usage == Usage::Unused);
    set_plan_active(house, true).await?;
    let step = opens(house, &eva, &payload).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    Ok(())
}

async fn set_plan_active(house: &House, active: bool) -> Result<()> {
    let plan = plans::list(&house.store().read(), plans::Which::All).await?;
    let plan = plan.first().context("a plan")?.id;
    let set: Result<bool, StoreError> = house
        .store()
        .write(async |tx| plans::set_active(tx, plan, active).await)
        .await;
    ensure!(set?, "the plan is there");
    Ok(())
}

async fn somebody_who_is_blocked_cannot_redeem(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let eva = house.person("Eva");
    let (who, by, now) = (UserId(eva.id()), UserId(house.custodian().id()), house.now());
    house
        .store()
        .write(async |tx| blocks::block(tx, who, by, now).await)
        .await?;
    let refused = opens(house, &eva, &payload).await?;
    ensure!(
        refused.text.contains("Lamento no poder abrirle"),
        "{}",
        refused.text
    );
    ensure!(found(house, &payload).await?.invitation.usage == Usage::Unused);
    Ok(())
}

async fn a_renewal_adds_to_what_is_left(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    let before = way::subscription(house, &rodrigo).await?.context("a member")?;
    let log = way::history(house, &rodrigo).await?.len();
    let unbans = house.telegram.call_count("unbanChatMember");
    house.passes(TimeDelta::days(20)).await?;
    let payload = invitation(house).await?;
    let told = opens(house, &rodrigo, &payload).await?;
    ensure!(
        told.text.contains("se extiende") && told.text.contains("30 días"),
        "{}",
        told.text
    );
    ensure!(told.labels().len() == 2, "with what a member has at home");
    let after = way::subscription(house, &rodrigo).await?.context("a member")?;
    ensure!(after.expiry == before.expiry + TimeDelta::days(DAYS.into()));
    ensure!(after.stage.is_none());
    let log = &way::history(house, &rodrigo).await?[log..];
    ensure!(log == [(Some(Role::Vip), Role::Vip, RoleChangeReason::VipExtended)]);
    ensure!(house.telegram.call_count("unbanChatMember") == unbans);
    ensure!(house.telegram.call_count("banChatMember") == 0);
    house.delivers().await?;
    let notice = last(&mateo)?;
    ensure!(notice.text.contains("Rodrigo"), "{}", notice.text);
    Ok(())
}

async fn a_renewal_in_the_middle_of_the_ritual_begins_it_anew(house: &mut House) -> Result<()> {
    let camila = house.person("Camila");
    let first = way::gets_link(house, &camila).await?;
    let before = way::subscription(house, &camila).await?.context("a member")?;
    ensure!(stored(house, &camila).await?.role == Role::Vip);
    let payload = invitation(house).await?;
    let step = opens(house, &camila, &payload).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    ensure!(way::heard(&camila, "comienza de nuevo desde el principio") == 1);
    let after = way::subscription(house, &camila).await?.context("a member")?;
    ensure!(after.expiry == before.expiry + TimeDelta::days(DAYS.into()));
    ensure!(after.stage == Some(Stage::First));
    ensure!(stored(house, &camila).await?.role == Role::Free);
    let links = way::lucien_links(house);
    ensure!(links.len() == 1 && links[0].address == first && links[0].is_revoked);
    ensure!(way::link_row(house, &camila).await?.is_none());
    Ok(())
}

async fn whoever_comes_back_begins_anew_and_now(house: &mut House) -> Result<()> {
    let rodrigo = house.person("Rodrigo");
    way::enters(house, &rodrigo).await?;
    house.passes(TimeDelta::days(40)).await?;
    house.settles().await?;
    let payload = invitation(house).await?;
    let step = opens(house, &rodrigo, &payload).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);
    let subscription = way::subscription(house, &rodrigo).await?.context("a member")?;
    let begun = subscription.expiry - TimeDelta::days(way::DAYS.into());
    ensure!(way::is_just_now(house, begun));
    ensure!(subscription.stage == Some(Stage::First));
    // The end had taken the role back.
    let log = way::history(house, &rodrigo).await?;
    let changes = [
        (Some(Role::Vip), Role::Free, RoleChangeReason::VipExpired),
        (Some(Role::Free), Role::Free, RoleChangeReason::VipRedeemed),
    ];
    ensure!(log.ends_with(&changes), "{log:?}");
    Ok(())
}

async fn a_ban_is_lifted_before_the_link_is_made(house: &mut House) -> Result<()> {
    let creator = house.creator();
    let ines = house.person("Inés");
    creator.bans(house.vip(), ines.id(), None)?;
    let trouble = house.telegram.inject(Fault::cut().on("unbanChatMember"));
    let payload = invitation(house).await?;
    opens(house, &ines, &payload).await?;
    presses(house, &ines, LISTEN).await?;
    ines.presses(ACCEPT)?.answer().await?;
    trouble.strikes(1).await?;
    way::waits_for(house, &ines, "tarda un poco más").await?;
    ensure!(house.telegram.call_count("createChatInviteLink") == 0);
    trouble.remove();
    house.delivers().await?;
    ensure!(!is_banned(house, &ines), "the ban is lifted");
    let key = last(&ines)?;
    ensure!(key.text.contains(way::THIRD), "{}", key.text);
    ines.asks_to_join(&way::link(house, &ines).await?)?;
    house.settles().await?;
    ensure!(way::is_inside(house, &ines));
    Ok(())
}

fn is_banned(house: &House, person: &Person) -> bool {
    matches!(house.vip().status_of(person.id()), sim::Status::Kicked { .. })
}

async fn a_custodian_sees_the_state_of_an_invitation(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let mateo = house.custodian();
    let report = opens(house, &mateo, &payload).await?;
    ensure!(report.text.contains("Está intacta"), "{}", report.text);
    ensure!(found(house, &payload).await?.invitation.usage == Usage::Unused);
    let ines = house.person("Inés");
    opens(house, &ines, &payload).await?;
    let report = opens(house, &mateo, &payload).await?;
    ensure!(
        report.text.contains("Inés") && report.text.contains("Ya abrió la puerta"),
        "{}",
        report.text
    );
    let report = opens(house, &mateo, "nonsense").await?;
    ensure!(report.text.contains("no figura en mi libro"), "{}", report.text);
    Ok(())
}

async fn an_invitation_is_nothing_to_a_group(house: &mut House) -> Result<()> {
    let payload = invitation(house).await?;
    let ines = house.person("Inés");
    let group = house.telegram.supergroup("Tertulia", &ines);
    ines.adds(&group, house.telegram.bot().id)?;
    ines.writes_in(&group, &format!("/start@lucien_bot {payload}"))?;
    house.settles().await?;
    ensure!(found(house, &payload).await?.invitation.usage == Usage::Unused);
    let said = group.messages();
    ensure!(said.iter().all(|entry| entry.by != sim::By::Bot), "{said:?}");
    Ok(())
}

async fn a_redemption_asks_little_of_the_database(house: &mut House) -> Result<()> {
    const MOST: u64 = 11;
    let [first, renewal, back] = [
        invitation(house).await?,
        invitation(house).await?,
        invitation(house).await?,
    ];
    let ines = house.person("Inés");
    // New to the house, in the middle of the ritual, and with a link that has to be revoked.
    for payload in [first, renewal, back] {
        house.settles().await?;
        let before = figure(house, "lucien_update_statements_total").await?;
        opens(house, &ines, &payload).await?;
        let asked = figure(house, "lucien_update_statements_total").await? - before;
        ensure!(asked > 0 && asked <= MOST, "{asked} statements");
        presses(house, &ines, LISTEN).await?;
        presses(house, &ines, ACCEPT).await?;
    }
    Ok(())
}

async fn switched_off_notices_are_not_sent(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let (by, now) = (UserId(mateo.id()), house.now());
    house
        .store()
        .write(async |tx| store::settings::switch(tx, domain::notice::Notice::Redeemed, false, by, now).await)
        .await?;
    let ines = house.person("Inés");
    way::enters(house, &ines).await?;
    house.delivers().await?;
    ensure!(
        way::heard(&mateo, "Inés") == 1,
        "that she entered: {}",
        mateo.transcript()
    );
    Ok(())
}

async fn of_twenty_who_race_for_an_invitation_one_wins(house: &mut House) -> Result<()> {
    const RACERS: usize = 20;
    const ROUNDS: usize = 100;
    for round in 0..ROUNDS {
        let payload = invitation(house).await?;
        let racers: Vec<Person> = (0..RACERS)
            .map(|racer| house.person(&format!("Huésped {round}.{racer}")))
            .collect();
        for racer in &racers {
            racer.opens_link(&payload)?;
        }
        let answers = try_join_all(racers.iter().map(Person::next_answer)).await?;
        let won = answers.iter().filter(|entry| entry.text.contains(FIRST)).count();
        let lost = answers
            .iter()
            .filter(|entry| entry.text.contains("una sola vez"))
            .count();
        ensure!(
            (won, lost) == (1, RACERS - 1),
            "round {round}: {won} won, {lost} lost"
        );
        let mut members = 0;
        for racer in &racers {
            members += usize::from(way::subscription(house, racer).await?.is_some());
        }
        ensure!(members == 1, "round {round}: {members} members");
    }
    Ok(())
}

/// After a restore nobody knows whether an invitation that is unused in the copy was accepted since.
async fn what_a_copy_does_not_know_waits_for_a_custodians_word(house: &mut House) -> Result<()> {
    const WAITING: &str = "Por confirmar";
    let mateo = way::custodian(house).await?;
    let mut payloads = Vec::new();
    for _ in 0..3 {
        payloads.push(invitation(house).await?);
    }
    let hold = "UPDATE invitations SET held = TRUE";
    let tx = house.store().begin().await?;
    tx.execute_unprepared(hold).await?;
    tx.commit().await?;
    house.reopens().await?;
    let told = way::waits_for(house, &mateo, "Por confirmar: 3 invitaciones").await?;
    ensure!(told.labels() == [["🎟️ Por confirmar"]], "{:?}", told.labels());
    let listed = presses(house, &mateo, WAITING).await?;
    ensure!(
        listed.labels().len() == 3 + 2,
        "each, all, and back: {:?}",
        listed.labels()
    );

    let ines = house.person("Inés");
    let refused = opens(house, &ines, &payloads[0]).await?;
    ensure!(
        way::subscription(house, &ines).await?.is_none(),
        "{}",
        refused.text
    );
    let number = found(house, &payloads[0]).await?.id;
    let rest = presses(house, &mateo, &format!("Invitación {number}")).await?;
    ensure!(rest.labels().len() == 2 + 2, "{:?}", rest.labels());
    let step = opens(house, &ines, &payloads[0]).await?;
    ensure!(step.text.contains(FIRST), "{}", step.text);

    let rodrigo = house.person("Rodrigo");
    opens(house, &rodrigo, &payloads[1]).await?;
    ensure!(way::subscription(house, &rodrigo).await?.is_none());
    presses(house, &mateo, "Dar todas por buenas").await?;
    ensure!(way::heard(&mateo, "Ninguna invitación aguarda su palabra") == 1);
    ensure!(opens(house, &rodrigo, &payloads[1]).await?.text.contains(FIRST));
    mateo.sends("/admin")?;
    house.settles().await?;
    let panel = last(&mateo)?;
    ensure!(
        !panel
            .labels()
            .concat()
            .iter()
            .any(|label| label.contains(WAITING))
    );
    Ok(())
}
