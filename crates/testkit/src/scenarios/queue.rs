//! The queue of the Free channel: whoever asks waits, and is let in after a while.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::channel::Channel;
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::person::Profile;
use domain::queue::RequestOutcome;
use domain::role::Role;
use sea_orm::ConnectionTrait;
use sim::{Call, Fault, NewLink, NewRoom, Person, Rights, Room};
use store::requests::{self, NewRequest, StoredRequest};
use store::{StoreError, blocks, bot_config, people, reachability};

use super::inbox::figure;
use super::look::stored;
use super::way::{self, last, says};
use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["queue":
    a_newcomer_is_greeted_at_once_and_let_in_after_the_wait,
    whoever_asks_again_keeps_their_place_and_hears_one_line_per_window,
    two_requests_in_the_same_instant_are_one,
    a_withdrawn_request_is_closed_after_one_try_and_a_new_one_starts_afresh,
    whoever_is_inside_already_is_closed_without_a_word,
    whoever_an_administrator_lets_in_waits_no_more,
    whoever_wants_to_be_told_is,
    the_word_for_being_told_is_no_guess,
    a_title_with_signs_is_told_as_it_is_and_without_a_link_there_is_no_button,
    the_link_that_is_written_down_opens_the_channel,
    a_public_channel_is_opened_by_its_name,
    networks_that_are_none_are_left_out_of_the_greeting,
    a_greeting_is_given_up_after_five_minutes,
    whoever_has_blocked_the_bot_is_let_in_all_the_same,
    whoever_is_blocked_by_a_custodian_is_left_waiting,
    whoever_is_blocked_while_they_wait_is_not_let_in,
    a_member_waits_like_everybody,
    requests_at_neither_channel_are_left_alone,
    a_house_without_the_channel_tells_its_custodians_once,
    a_request_at_the_old_channel_lets_nobody_into_the_new_one,
    whoever_moves_to_the_new_channel_keeps_their_place,
    an_account_that_is_gone_is_closed,
    whoever_is_in_too_many_channels_is_told_once_and_let_in_when_there_is_room,
    without_the_right_everybody_waits_and_one_alarm_is_raised,
    a_right_that_is_missed_first_by_a_refusal_is_noticed_when_it_is_back,
    what_telegram_refuses_for_good_is_told_to_custodians,
    a_flood_wait_at_the_third_of_ten_loses_nobody_and_repeats_nothing,
    a_call_that_fails_once_changes_nothing_in_the_end,
    a_request_that_is_repeated_while_it_is_tried_is_not_lost,
    people_of_the_predecessors_queue_are_let_in,
    few_statements_let_somebody_in,
    a_long_queue_is_worked_off_in_order,
    a_wait_of_nothing_lets_in_at_once,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["queue", reopening:
    an_hour_of_downtime_loses_nobody,
    a_crash_after_some_approvals_repeats_none,
    the_queue_survives_a_restart,
];

pub(super) const BARE_STORIES: &[Scenario] = stories!["queue", bare:
    a_house_without_any_channel_leaves_requests_alone,
];

/// The wait of every tested house.
pub(super) const WAIT: TimeDelta = TimeDelta::minutes(5);
/// Longer than what settling lets pass, which goes on by the pace of calls.
const MOMENT: TimeDelta = TimeDelta::seconds(20);

/// Beginnings of what people hear.
pub(super) const GREETING: &str = "ya está anotada";
pub(super) const PROGRESS: &str = "sigue en curso";
pub(super) const WELCOME: &str = "Le doy la bienvenida a";

/// The visitors' channel and a link to its door.
pub(super) struct Patio {
    pub(super) room: Room,
    pub(super) door: String,
}

impl Patio {
    /// A channel that is the house's from now on.
    async fn opens(house: &House, room: NewRoom) -> Result<Self> {
        let patio = Self::beside(house, room)?;
        let id = ChatId(patio.room.id());
        let now = house.now();
        let set = house
            .store()
            .write(async |tx| bot_config::set_channel(tx, Channel::Free, id, now).await);
        ensure!(set.await?, "it is not the other channel");
        house.settles().await?;
        Ok(patio)
    }

    /// A channel that Lucien administers, and that is not the house's.
    fn beside(house: &House, room: NewRoom) -> Result<Self> {
        let creator = house.creator();
        let room = house.telegram.room(room, &creator).context("a free name")?;
        creator.promotes(&room, house.telegram.bot().id, Rights::all())?;
        let link = NewLink {
            creates_join_request: true,
            ..NewLink::default()
        };
        let door = creator.creates_link(&room, link)?;
        Ok(Self { room, door })
    }

    pub(super) async fn usual(house: &House) -> Result<Self> {
        Self::opens(house, NewRoom::channel("El patio")).await
    }

    fn holds(&self, person: &Person) -> bool {
        self.room.status_of(person.id()).is_present()
    }

    async fn hears(&self, house: &House, person: &Person) -> Result<()> {
        person.asks_to_join(&self.door)?;
        house.settles().await
    }
}

/// Lets time pass until a moment before somebody's wait is over.
async fn wait_almost_passes(house: &House, person: &Person) -> Result<()> {
    let since = waits_since(house, person).await?.context("they wait")?;
    house.passes(since + WAIT - MOMENT - house.now()).await?;
    house.settles().await
}

/// Lets the wait pass, and everything that follows from it happen.
async fn wait_passes(house: &House) -> Result<()> {
    house.passes(WAIT).await?;
    house.delivers().await
}

/// The requests of a person, the oldest first.
async fn asked(house: &House, person: &Person) -> Result<Vec<StoredRequest>> {
    Ok(requests::of_person(&house.store().read(), UserId(person.id())).await?)
}

/// How they have ended; what waits has no end.
async fn ends(house: &House, person: &Person) -> Result<Vec<&'static str>> {
    let end = |request: StoredRequest| request.outcome.map_or("WAITS", RequestOutcome::label);
    Ok(asked(house, person).await?.into_iter().map(end).collect())
}

/// Since when a person waits.
async fn waits_since(house: &House, person: &Person) -> Result<Option<Timestamp>> {
    let waiting = |request: &StoredRequest| request.outcome.is_none();
    let last = asked(house, person).await?.pop().filter(waiting);
    Ok(last.map(|request| request.requested_at))
}

/// Whether a person was told that they were let in.
async fn notified(house: &House, person: &Person) -> Result<Option<bool>> {
    Ok(asked(house, person)
        .await?
        .pop()
        .and_then(|request| request.notified))
}

/// Writes into the database what only others write there.
async fn sql(house: &House, statement: &str) -> Result<()> {
    let tx = house.store().begin().await?;
    tx.execute_unprepared(statement).await?;
    Ok(tx.commit().await?)
}

fn approvals(house: &House) -> Vec<Call> {
    let calls = house.telegram.calls().into_iter();
    calls
        .filter(|call| call.method == "approveChatJoinRequest")
        .collect()
}

fn declined(house: &House) -> u64 {
    house.telegram.call_count("declineChatJoinRequest")
}

async fn a_newcomer_is_greeted_at_once_and_let_in_after_the_wait(house: &mut House) -> Result<()> {
    house.preload().await?;
    let now = house.now();
    let socials = bot_config::Socials {
        instagram: Some("@diana.casa".to_owned()),
        tiktok: Some("https://www.tiktok.com/@diana.casa".to_owned()),
        x: Some("diana_casa".to_owned()),
    };
    let set: Result<_, StoreError> = house
        .store()
        .write(async |tx| bot_config::set_socials(tx, socials, now).await)
        .await;
    set?;
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ensure!(stored(house, &ines).await?.role == Role::Free);
    ensure!(ends(house, &ines).await? == ["WAITS"]);
    let greeting = last(&ines)?;
    ensure!(
        greeting.text.contains(GREETING) && greeting.text.contains("El patio"),
        "{}",
        greeting.text
    );
    let labels = greeting.labels().concat().join(" | ");
    let order = ["📸", "🎵", "𝕏", "Avíseme"].map(|label| labels.find(label));
    ensure!(order.is_sorted() && order[0].is_some(), "{labels}");
    let buttons = format!("{:?}", greeting.keyboard);
    ensure!(
        buttons.contains("https://t.me/lucien_bot?start=avisame"),
        "{buttons}"
    );

    wait_almost_passes(house, &ines).await?;
    ensure!(!patio.holds(&ines), "not before the time");
    house.passes(MOMENT).await?;
    house.settles().await?;
    ensure!(patio.holds(&ines), "{}", house.telegram.transcript());
    house.delivers().await?;
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    ensure!(
        way::dead(house).await? == 0,
        "nobody is to blame that she cannot be told"
    );
    ensure!(declined(house) == 0);
    Ok(())
}

async fn whoever_asks_again_keeps_their_place_and_hears_one_line_per_window(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    let since = waits_since(house, &ines).await?;
    house.passes(TimeDelta::minutes(2)).await?;
    for lines in [1, 1] {
        ines.withdraws_request(&patio.room)?;
        patio.hears(house, &ines).await?;
        ensure!(way::heard(&ines, PROGRESS) == lines, "{}", ines.transcript());
    }
    ensure!(way::heard(&ines, GREETING) == 1);
    ensure!(waits_since(house, &ines).await? == since && since.is_some());
    house.passes(TimeDelta::minutes(3)).await?;
    house.delivers().await?;
    ensure!(patio.holds(&ines), "since she asked first");
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    ensure!(declined(house) == 0);
    Ok(())
}

async fn two_requests_in_the_same_instant_are_one(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    ines.asks_to_join(&patio.door)?;
    ines.withdraws_request(&patio.room)?;
    ines.asks_to_join(&patio.door)?;
    house.settles().await?;
    ensure!(ends(house, &ines).await? == ["WAITS"]);
    ensure!(way::heard(&ines, GREETING) == 1 && way::heard(&ines, PROGRESS) <= 1);
    wait_passes(house).await?;
    ensure!(patio.holds(&ines));
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    Ok(())
}

async fn a_withdrawn_request_is_closed_after_one_try_and_a_new_one_starts_afresh(
    house: &mut House,
) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ines.withdraws_request(&patio.room)?;
    wait_passes(house).await?;
    ensure!(ends(house, &ines).await? == ["WITHDRAWN"]);
    ensure!(approvals(house).len() == 1);
    wait_passes(house).await?;
    ensure!(approvals(house).len() == 1, "once");
    ensure!(way::dead(house).await? == 0);

    patio.hears(house, &ines).await?;
    ensure!(way::heard(&ines, GREETING) == 2, "{}", ines.transcript());
    ensure!(
        waits_since(house, &ines)
            .await?
            .is_some_and(|since| house.now() - since < WAIT)
    );
    wait_almost_passes(house, &ines).await?;
    ensure!(!patio.holds(&ines), "she waits from the beginning");
    house.passes(MOMENT).await?;
    house.delivers().await?;
    ensure!(patio.holds(&ines));
    ensure!(ends(house, &ines).await? == ["WITHDRAWN", "ADMITTED"]);
    Ok(())
}

async fn whoever_is_inside_already_is_closed_without_a_word(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    says(house, &ines, "/start").await?;
    let refusal = Fault::error(400, "Bad Request: USER_ALREADY_PARTICIPANT");
    house
        .telegram
        .inject(refusal.on("approveChatJoinRequest").times(1));
    wait_passes(house).await?;
    ensure!(ends(house, &ines).await? == ["INSIDE"]);
    ensure!(way::heard(&ines, WELCOME) == 0);
    ensure!(way::heard(&mateo, "Inés") == 0, "{}", mateo.transcript());
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn whoever_an_administrator_lets_in_waits_no_more(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    house.creator().approves(&patio.room, ines.id())?;
    house.settles().await?;
    ensure!(ends(house, &ines).await? == ["INSIDE"]);
    wait_passes(house).await?;
    ensure!(approvals(house).is_empty());
    // Who comes back asks anew.
    ines.leaves(&patio.room)?;
    patio.hears(house, &ines).await?;
    wait_passes(house).await?;
    ensure!(patio.holds(&ines));
    ensure!(ends(house, &ines).await? == ["INSIDE", "ADMITTED"]);
    Ok(())
}

async fn whoever_wants_to_be_told_is(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ines.opens_link("avisame")?;
    house.settles().await?;
    ensure!(
        last(&ines)?.text.contains("se lo digo en esta misma"),
        "{}",
        last(&ines)?.text
    );
    wait_passes(house).await?;
    ensure!(way::heard(&ines, WELCOME) == 1, "{}", ines.transcript());
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    ensure!(notified(house, &ines).await? == Some(true));
    // Later, and for whoever never asked, it is a start like any other.
    ines.opens_link("avisame")?;
    let eva = house.person("Eva");
    eva.opens_link("avisame")?;
    house.settles().await?;
    for person in [&ines, &eva] {
        let home = last(person)?;
        ensure!(home.labels().len() == 3, "the visitors' home: {}", home.text);
    }
    Ok(())
}

async fn the_word_for_being_told_is_no_guess(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    for _ in 0..8 {
        ines.opens_link("avisame")?;
        house.settles().await?;
        ensure!(last(&ines)?.text.contains("se lo digo"), "{}", last(&ines)?.text);
    }
    for _ in 0..6 {
        ines.opens_link("no-hay-tal-llave")?;
        house.settles().await?;
    }
    ines.opens_link("avisame")?;
    house.settles().await?;
    ensure!(last(&ines)?.text.contains("se lo digo"), "{}", last(&ines)?.text);
    // A custodian may press the button, too.
    let mateo = house.custodian();
    patio.hears(house, &mateo).await?;
    mateo.opens_link("avisame")?;
    house.settles().await?;
    ensure!(
        last(&mateo)?.text.contains("se lo digo"),
        "{}",
        last(&mateo)?.text
    );
    Ok(())
}

async fn a_title_with_signs_is_told_as_it_is_and_without_a_link_there_is_no_button(
    house: &mut House,
) -> Result<()> {
    let title = "Patio & <jardín>";
    let patio = Patio::opens(house, NewRoom::channel(title)).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ensure!(last(&ines)?.text.contains(title), "{}", last(&ines)?.text);
    says(house, &ines, "/start").await?;
    wait_passes(house).await?;
    let welcome = last(&ines)?;
    ensure!(
        welcome.text.contains(&format!("{WELCOME} {title}")),
        "{}",
        welcome.text
    );
    ensure!(welcome.labels().is_empty() && !welcome.text.contains("24"));
    Ok(())
}

async fn the_link_that_is_written_down_opens_the_channel(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    for (written, opens) in [("@el_patio", false), ("https://t.me/+patio", true)] {
        let set = "UPDATE bot_config SET free_channel_invite_link = ";
        sql(house, &format!("{set}'{written}'")).await?;
        patio.hears(house, &ines).await?;
        says(house, &ines, "/start").await?;
        wait_passes(house).await?;
        let welcome = last(&ines)?;
        ensure!(welcome.text.contains(WELCOME), "{}", welcome.text);
        ensure!(
            welcome.labels().is_empty() != opens,
            "{written}: {:?}",
            welcome.labels()
        );
        ines.leaves(&patio.room)?;
    }
    Ok(())
}

async fn a_public_channel_is_opened_by_its_name(house: &mut House) -> Result<()> {
    let room = NewRoom {
        join_by_request: true,
        ..NewRoom::channel("El patio").username("el_patio")
    };
    Patio::opens(house, room).await?;
    let ines = house.person("Inés");
    ines.asks_to_join("@el_patio")?;
    house.settles().await?;
    says(house, &ines, "/start").await?;
    wait_passes(house).await?;
    let welcome = last(&ines)?;
    ensure!(welcome.text.contains(WELCOME), "{}", welcome.text);
    let button = format!("{:?}", welcome.keyboard);
    ensure!(button.contains("https://t.me/el_patio"), "{button}");
    Ok(())
}

async fn networks_that_are_none_are_left_out_of_the_greeting(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let set = "UPDATE bot_config SET social_instagram = 'https://example.org/?x=1', social_tiktok = '@diana'";
    sql(house, set).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    let greeting = last(&ines)?;
    ensure!(greeting.text.contains(GREETING), "{}", greeting.text);
    ensure!(greeting.labels().len() == 2, "{:?}", greeting.labels());
    Ok(())
}

async fn a_greeting_is_given_up_after_five_minutes(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    let trouble = house
        .telegram
        .inject(Fault::error(500, "Internal Server Error").on("sendMessage"));
    ines.asks_to_join(&patio.door)?;
    trouble.strikes(1).await?;
    house.passes(TimeDelta::minutes(6)).await?;
    house.settles().await?;
    trouble.remove();
    house.delivers().await?;
    ensure!(way::heard(&ines, GREETING) == 0);
    ensure!(patio.holds(&ines), "she is let in all the same");
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    Ok(())
}

async fn whoever_has_blocked_the_bot_is_let_in_all_the_same(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    says(house, &ines, "/start").await?;
    ines.blocks_bot()?;
    patio.hears(house, &ines).await?;
    wait_passes(house).await?;
    ensure!(patio.holds(&ines));
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    ensure!(notified(house, &ines).await? == Some(false));
    let known = reachability::find(&house.store().read(), UserId(ines.id())).await?;
    ensure!(known.is_some_and(|known| known.blocked_at.is_some()));
    ensure!(way::dead(house).await? == 0);
    Ok(())
}

async fn block(house: &House, person: &Person) -> Result<()> {
    let (user, by, now) = (UserId(person.id()), UserId(house.custodian().id()), house.now());
    let blocked: Result<_, StoreError> = house
        .store()
        .write(async |tx| blocks::block(tx, user, by, now).await)
        .await;
    ensure!(blocked?);
    Ok(())
}

async fn whoever_is_blocked_by_a_custodian_is_left_waiting(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let eva = house.person("Eva");
    block(house, &eva).await?;
    patio.hears(house, &eva).await?;
    wait_passes(house).await?;
    ensure!(!patio.holds(&eva) && patio.room.requests().len() == 1);
    ensure!(eva.chat().is_empty(), "{}", eva.transcript());
    ensure!(ends(house, &eva).await?.is_empty() && declined(house) == 0);
    Ok(())
}

async fn whoever_is_blocked_while_they_wait_is_not_let_in(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let eva = house.person("Eva");
    patio.hears(house, &eva).await?;
    block(house, &eva).await?;
    wait_passes(house).await?;
    ensure!(!patio.holds(&eva) && patio.room.requests().len() == 1);
    ensure!(approvals(house).is_empty() && declined(house) == 0);
    ensure!(ends(house, &eva).await? == ["DECLINED"]);
    Ok(())
}

async fn a_member_waits_like_everybody(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let rodrigo = house.member("Rodrigo", TimeDelta::days(30)).await?;
    says(house, &rodrigo, "/start").await?;
    patio.hears(house, &rodrigo).await?;
    ensure!(way::heard(&rodrigo, GREETING) == 1);
    wait_passes(house).await?;
    ensure!(patio.holds(&rodrigo) && way::heard(&rodrigo, WELCOME) == 1);
    ensure!(
        way::subscription(house, &rodrigo)
            .await?
            .is_some_and(|it| it.is_valid(house.now()))
    );
    Ok(())
}

async fn requests_at_neither_channel_are_left_alone(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    Patio::usual(house).await?;
    let other = Patio::beside(house, NewRoom::channel("Otro"))?;
    let ines = house.person("Inés");
    other.hears(house, &ines).await?;
    wait_passes(house).await?;
    ensure!(other.room.requests().len() == 1 && ines.chat().is_empty());
    ensure!(ends(house, &ines).await?.is_empty());
    ensure!(way::heard(&mateo, "Otro") == 0);
    Ok(())
}

async fn a_house_without_the_channel_tells_its_custodians_once(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let patio = Patio::beside(house, NewRoom::channel("El patio"))?;
    for name in ["Inés", "Camila"] {
        patio.hears(house, &house.person(name)).await?;
    }
    wait_passes(house).await?;
    ensure!(way::heard(&mateo, "El patio") == 1, "{}", mateo.transcript());
    ensure!(patio.room.requests().len() == 2, "they are left pending");
    ensure!(last(&mateo)?.labels().len() == 1, "{:?}", last(&mateo)?.labels());
    Ok(())
}

async fn a_house_without_any_channel_leaves_requests_alone(house: &mut House) -> Result<()> {
    let patio = Patio::beside(house, NewRoom::channel("El patio"))?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    wait_passes(house).await?;
    ensure!(patio.room.requests().len() == 1 && ines.chat().is_empty());
    Ok(())
}

async fn a_request_at_the_old_channel_lets_nobody_into_the_new_one(house: &mut House) -> Result<()> {
    let old = Patio::usual(house).await?;
    let (ines, camila) = (house.person("Inés"), house.person("Camila"));
    old.hears(house, &ines).await?;
    // One row is on its way already when the channel changes.
    let busy = house
        .telegram
        .inject(Fault::html(502).on("approveChatJoinRequest"));
    house.passes(WAIT).await?;
    busy.strikes(1).await?;
    let new = Patio::beside(house, NewRoom::channel("El jardín"))?;
    let (id, now) = (ChatId(new.room.id()), house.now());
    let set = house
        .store()
        .write(async |tx| bot_config::set_channel(tx, Channel::Free, id, now).await);
    ensure!(set.await?);
    busy.remove();
    house.delivers().await?;
    new.hears(house, &camila).await?;
    wait_passes(house).await?;
    ensure!(!old.holds(&ines) && !new.holds(&ines));
    ensure!(new.holds(&camila), "nobody stands in her way");
    ensure!(ends(house, &ines).await? == ["WAITS"], "she is left where she is");
    let elsewhere = approvals(house);
    ensure!(
        elsewhere.iter().all(
            |call| call.parameters["user_id"] != ines.id() || call.parameters["chat_id"] == old.room.id()
        ),
        "{elsewhere:?}"
    );

    // It is the house's again.
    let (id, now) = (ChatId(old.room.id()), house.now());
    let set = house
        .store()
        .write(async |tx| bot_config::set_channel(tx, Channel::Free, id, now).await);
    ensure!(set.await?);
    wait_passes(house).await?;
    ensure!(old.holds(&ines));
    Ok(())
}

async fn whoever_moves_to_the_new_channel_keeps_their_place(house: &mut House) -> Result<()> {
    let old = Patio::usual(house).await?;
    let ines = house.person("Inés");
    old.hears(house, &ines).await?;
    house.passes(TimeDelta::minutes(3)).await?;
    let new = Patio::opens(house, NewRoom::channel("El jardín")).await?;
    new.hears(house, &ines).await?;
    house.passes(TimeDelta::minutes(2)).await?;
    house.delivers().await?;
    ensure!(new.holds(&ines) && !old.holds(&ines));
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    Ok(())
}

async fn an_account_that_is_gone_is_closed(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ines.deactivates()?;
    wait_passes(house).await?;
    ensure!(
        ends(house, &ines).await? == ["GONE"],
        "{:?}",
        ends(house, &ines).await?
    );
    ensure!(approvals(house).len() == 1 && way::dead(house).await? == 0);
    Ok(())
}

async fn whoever_is_in_too_many_channels_is_told_once_and_let_in_when_there_is_room(
    house: &mut House,
) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    says(house, &ines, "/start").await?;
    patio.hears(house, &ines).await?;
    ines.reaches_room_limit()?;
    house.passes(WAIT).await?;
    house.settles().await?;
    for _ in 0..3 {
        house.passes(TimeDelta::hours(1) + TimeDelta::minutes(1)).await?;
        house.settles().await?;
    }
    let told = way::heard(&ines, "tantos canales y grupos");
    ensure!(told == 1, "{told}\n{}", ines.transcript());
    ensure!(!patio.holds(&ines) && ends(house, &ines).await? == ["WAITS"]);
    ines.falls_below_room_limit()?;
    house.delivers().await?;
    ensure!(patio.holds(&ines) && way::heard(&ines, WELCOME) == 1);
    Ok(())
}

async fn without_the_right_everybody_waits_and_one_alarm_is_raised(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let patio = Patio::usual(house).await?;
    let people: Vec<_> = ["Inés", "Rodrigo", "Camila"]
        .map(|name| house.person(name))
        .into();
    for person in &people {
        patio.hears(house, person).await?;
    }
    let bot = house.telegram.bot().id;
    let rights = Rights {
        can_invite_users: false,
        ..Rights::all()
    };
    house.creator().promotes(&patio.room, bot, rights)?;
    house.settles().await?;
    for _ in 0..3 {
        wait_passes(house).await?;
    }
    ensure!(approvals(house).is_empty(), "the queue pauses");
    ensure!(way::heard(&mateo, "El patio") == 1, "{}", mateo.transcript());
    house.creator().promotes(&patio.room, bot, Rights::all())?;
    house.delivers().await?;
    ensure!(people.iter().all(|person| patio.holds(person)), "at once");
    Ok(())
}

async fn a_right_that_is_missed_first_by_a_refusal_is_noticed_when_it_is_back(
    house: &mut House,
) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let patio = Patio::usual(house).await?;
    let (ines, camila) = (house.person("Inés"), house.person("Camila"));
    patio.hears(house, &ines).await?;
    let refusal = "Bad Request: not enough rights to manage chat join requests";
    let refused = house
        .telegram
        .inject(Fault::error(400, refusal).on("approveChatJoinRequest"));
    house.passes(WAIT).await?;
    house.settles().await?;
    ensure!(refused.applied() >= 1);
    patio.hears(house, &camila).await?;
    for _ in 0..10 {
        house.passes(TimeDelta::minutes(1)).await?;
        house.settles().await?;
    }
    ensure!(way::calls(house, "approveChatJoinRequest", &camila).is_empty());
    ensure!(way::heard(&mateo, "El patio") == 1, "{}", mateo.transcript());
    refused.remove();
    house.delivers().await?;
    ensure!(patio.holds(&ines));
    house.passes(TimeDelta::minutes(1)).await?;
    house.delivers().await?;
    ensure!(patio.holds(&camila));
    Ok(())
}

async fn what_telegram_refuses_for_good_is_told_to_custodians(house: &mut House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    let new = Fault::error(400, "Bad Request: SOMETHING_NEW").on("approveChatJoinRequest");
    house.telegram.inject(new.times(1));
    wait_passes(house).await?;
    wait_passes(house).await?;
    ensure!(ends(house, &ines).await? == ["DECLINED"]);
    ensure!(approvals(house).len() == 1 && declined(house) == 0);
    ensure!(way::heard(&mateo, "Inés") == 1, "{}", mateo.transcript());
    ensure!(way::dead(house).await? == 1, "it is listed");
    Ok(())
}

/// Ten people who ask one after another.
async fn ten(house: &House, patio: &Patio) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for number in 0..10 {
        let person = house.person(&format!("Visita {number}"));
        patio.hears(house, &person).await?;
        people.push(person);
    }
    Ok(people)
}

/// Whom the approvals that Telegram has granted were about.
fn granted(house: &House) -> Vec<i64> {
    let granted = approvals(house)
        .into_iter()
        .filter(|call| call.status == Some(200));
    granted
        .filter_map(|call| call.parameters["user_id"].as_i64())
        .collect()
}

async fn a_flood_wait_at_the_third_of_ten_loses_nobody_and_repeats_nothing(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let people = ten(house, &patio).await?;
    let flood = Fault::flood(7).on("approveChatJoinRequest").sparing(2);
    let flood = house.telegram.inject(flood.times(1));
    wait_passes(house).await?;
    ensure!(flood.applied() == 1);
    ensure!(people.iter().all(|person| patio.holds(person)));
    let mut granted = granted(house);
    granted.sort_unstable();
    let expected: Vec<i64> = people.iter().map(Person::id).collect();
    ensure!(granted == expected, "each once: {granted:?}");
    ensure!(approvals(house).len() == 11, "one was tried twice");
    ensure!(declined(house) == 0);
    Ok(())
}

/// Every way in which a call can fail once and succeed when it is repeated.
fn troubles() -> [Fault; 5] {
    [
        Fault::flood(1),
        Fault::error(500, "Internal Server Error: restart"),
        Fault::html(502),
        Fault::cut(),
        Fault::cut().after_effect(),
    ]
}

async fn a_call_that_fails_once_changes_nothing_in_the_end(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    for (number, fault) in troubles().into_iter().enumerate() {
        let ines = house.person(&format!("Inés {number}"));
        says(house, &ines, "/start").await?;
        patio.hears(house, &ines).await?;
        let trouble = house
            .telegram
            .inject(fault.clone().on("approveChatJoinRequest").times(1));
        wait_passes(house).await?;
        ensure!(trouble.applied() == 1, "{fault:?}");
        ensure!(patio.holds(&ines), "{fault:?}");
        ensure!(ends(house, &ines).await? == ["ADMITTED"], "{fault:?}");
        ensure!(way::heard(&ines, WELCOME) == 1, "{fault:?}");
        ensure!(way::dead(house).await? == 0, "{fault:?}");
    }
    Ok(())
}

async fn a_request_that_is_repeated_while_it_is_tried_is_not_lost(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    ines.withdraws_request(&patio.room)?;
    let slow = Fault::slow(20).on("approveChatJoinRequest");
    let slow = house.telegram.inject(slow.times(1));
    house.passes(WAIT).await?;
    slow.strikes(1).await?;
    ines.asks_to_join(&patio.door)?;
    house.delivers().await?;
    ensure!(patio.holds(&ines), "{}", house.telegram.transcript());
    ensure!(
        ends(house, &ines)
            .await?
            .last()
            .is_some_and(|end| *end == "ADMITTED")
    );
    Ok(())
}

/// The id of the first of many people.
const FIRST_VISITOR: i64 = 7_000_000;

/// Requests of people whom Telegram does not know, straight into the queue.
async fn queue_up(house: &House, patio: &Patio, count: i64) -> Result<()> {
    let now = house.now();
    let channel = ChatId(patio.room.id());
    let queued: Result<_, StoreError> = house
        .store()
        .write(async |tx| {
            for number in 0..count {
                let who = Profile::new(UserId(FIRST_VISITOR + number), "Visita", None, None);
                people::meet(tx, &who, Role::Free, now).await?;
                let new = NewRequest {
                    user: who.id,
                    channel,
                    chat: who.id.private_chat(),
                };
                let asked = now - TimeDelta::hours(1) + TimeDelta::seconds(number);
                requests::note(tx, &new, WAIT, asked).await?;
            }
            Ok(())
        })
        .await;
    queued?;
    Ok(())
}

async fn people_of_the_predecessors_queue_are_let_in(house: &mut House) -> Result<()> {
    let patio = Patio::beside(house, NewRoom::channel("El patio"))?;
    let ines = house.person("Inés");
    says(house, &ines, "/start").await?;
    // She asks while another program works here.
    patio.hears(house, &ines).await?;
    let asked = house.now().format("%Y-%m-%d %H:%M:%S.000000");
    let insert = "INSERT INTO free_channel_requests (user_id, request_date, processed) VALUES";
    sql(house, &format!("{insert} ({}, '{asked}', FALSE)", ines.id())).await?;
    let (id, now) = (ChatId(patio.room.id()), house.now());
    let set = house
        .store()
        .write(async |tx| bot_config::set_channel(tx, Channel::Free, id, now).await);
    ensure!(set.await?);
    wait_passes(house).await?;
    ensure!(patio.holds(&ines) && way::heard(&ines, WELCOME) == 1);
    ensure!(ends(house, &ines).await? == ["ADMITTED"]);
    Ok(())
}

async fn few_statements_let_somebody_in(house: &mut House) -> Result<()> {
    const MOST: u64 = 6;
    const ADMISSIONS: &str = r#"lucien_outbox_statements_total{kind="admit"}"#;
    let patio = Patio::usual(house).await?;
    let known = house.person("Camila");
    says(house, &known, "/start").await?;
    let mut admissions = 0;
    for (who, person) in [("a new person", house.person("Inés")), ("a known one", known)] {
        let before = figure(house, "lucien_update_statements_total").await?;
        patio.hears(house, &person).await?;
        let asked = figure(house, "lucien_update_statements_total").await? - before;
        ensure!((1..=MOST).contains(&asked), "the request of {who}: {asked}");
        wait_passes(house).await?;
        ensure!(patio.holds(&person));
        let asked = figure(house, ADMISSIONS).await? - admissions;
        ensure!((1..=MOST).contains(&asked), "the approval of {who}: {asked}");
        admissions += asked;
    }
    ensure!(granted(house).len() == 2, "each was tried once");
    Ok(())
}

async fn a_long_queue_is_worked_off_in_order(house: &mut House) -> Result<()> {
    const PEOPLE: i64 = 250;
    let patio = Patio::usual(house).await?;
    let gone = Fault::error(400, "Bad Request: HIDE_REQUESTER_MISSING").on("approveChatJoinRequest");
    house.telegram.inject(gone);
    queue_up(house, &patio, PEOPLE).await?;
    wait_passes(house).await?;
    ensure!(requests::waiting(&house.store().read()).await? == 0);
    let tried = approvals(house).into_iter();
    let tried: Vec<i64> = tried
        .filter_map(|call| call.parameters["user_id"].as_i64())
        .collect();
    ensure!(
        tried.len() == usize::try_from(PEOPLE)?,
        "each once: {}",
        tried.len()
    );
    // Some overtake others: many are let in at the same time.
    let strays = tried
        .iter()
        .zip(0..)
        .map(|(id, came)| (id - FIRST_VISITOR - came).abs());
    ensure!(
        strays.max() < Some(PEOPLE / 2),
        "whoever asked first comes first: {tried:?}"
    );
    Ok(())
}

async fn a_wait_of_nothing_lets_in_at_once(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    sql(house, "UPDATE bot_config SET wait_time_minutes = 0").await?;
    let ines = house.person("Inés");
    ines.asks_to_join(&patio.door)?;
    // The clock stands still: whoever waited for a moment to come would wait for ever.
    patio
        .room
        .until("Inés to be let in", |room| {
            room.status_of(ines.id()).is_present().then_some(())
        })
        .await?;
    Ok(())
}

async fn an_hour_of_downtime_loses_nobody(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let before = house.person("Camila");
    patio.hears(house, &before).await?;
    house.closes().await?;
    let ines = house.person("Inés");
    ines.asks_to_join(&patio.door)?;
    house.passes(TimeDelta::hours(1)).await?;
    house.reopens().await?;
    house.delivers().await?;
    ensure!(patio.holds(&ines) && patio.holds(&before));
    ensure!(way::heard(&ines, GREETING) == 0, "it is too late for that");
    Ok(())
}

async fn a_crash_after_some_approvals_repeats_none(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let people = ten(house, &patio).await?;
    let stuck = Fault::html(502).on("approveChatJoinRequest").sparing(3);
    house.telegram.inject(stuck);
    house.passes(WAIT).await?;
    house.settles().await?;
    ensure!(granted(house).len() == 3);
    house.crashes().await?;
    house.telegram.clear_faults();
    house.reopens().await?;
    house.delivers().await?;
    ensure!(people.iter().all(|person| patio.holds(person)));
    let expected: Vec<i64> = people.iter().map(Person::id).collect();
    let mut granted = granted(house);
    granted.sort_unstable();
    ensure!(granted == expected, "each once: {granted:?}");
    Ok(())
}

async fn the_queue_survives_a_restart(house: &mut House) -> Result<()> {
    let patio = Patio::usual(house).await?;
    let ines = house.person("Inés");
    patio.hears(house, &ines).await?;
    house.passes(TimeDelta::minutes(3)).await?;
    house.reopens().await?;
    wait_almost_passes(house, &ines).await?;
    ensure!(!patio.holds(&ines));
    house.passes(MOMENT).await?;
    house.delivers().await?;
    ensure!(patio.holds(&ines), "her time goes on meanwhile");
    Ok(())
}
