//! Nothing that arrives is lost, and nothing runs twice.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::id::BotId;
use futures_util::future::try_join_all;
use sim::{Fault, Person};
use store::inbox::{self, NewUpdate, Run};
use store::{house, people};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["inbox":
    one_persons_messages_are_answered_in_order,
    finished_rows_are_erased_and_later_removed,
    answers_to_one_chat_come_in_a_burst_and_then_one_a_second,
    a_flood_from_one_person_is_bounded_and_holds_up_nobody,
    a_custodian_may_have_more_waiting,
    every_tap_is_ended_however_many_there_are,
    while_telegram_is_away_nothing_is_lost_and_nobody_is_blamed,
    a_flood_answer_is_obeyed,
    what_cannot_be_understood_harms_nobody,
    updates_out_of_order_and_twice_are_each_answered_once,
    a_start_asks_little_of_the_database,
];

pub(super) const REOPENING_STORIES: &[Scenario] = stories!["inbox", reopening:
    what_was_sent_while_the_house_was_closed_is_answered,
    a_restart_answers_nobody_twice,
];

async fn one_persons_messages_are_answered_in_order(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..10 {
        ines.sends("/id")?;
        ines.sends("/help")?;
    }
    house.is_quiet().await?;
    let answers: Vec<bool> = ines
        .chat()
        .iter()
        .filter(|entry| entry.by == sim::By::Bot)
        .map(|entry| entry.text.contains("/start"))
        .collect();
    ensure!(
        answers == [false, true].repeat(10),
        "id and help by turns: {answers:?}"
    );
    Ok(())
}

async fn finished_rows_are_erased_and_later_removed(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..3 {
        ines.sends("/start")?;
    }
    house.is_quiet().await?;
    house.passes(TimeDelta::hours(49)).await?;
    let swept = house
        .store()
        .write(async |tx| inbox::sweep(tx, house.now()).await)
        .await?;
    // The newest row stays, so that its number is not given away again; of the others, the first tells
    // of the channel. The house may have swept itself.
    ensure!(swept.keys <= 3, "{swept:?}");
    let again = house
        .store()
        .write(async |tx| inbox::sweep(tx, house.now()).await)
        .await?;
    ensure!(again.keys == 0, "{again:?}");
    Ok(())
}

async fn what_was_sent_while_the_house_was_closed_is_answered(house: &mut House) -> Result<()> {
    house.is_quiet().await?;
    house.closes().await?;
    let people: Vec<_> = (0..50).map(|n| house.person(&format!("Huésped {n}"))).collect();
    for person in &people {
        person.sends("/start")?;
    }
    house.passes(TimeDelta::hours(3)).await?;
    house.reopens().await?;
    try_join_all(people.iter().map(|person| person.next_answer())).await?;
    ensure!(people::count(&house.store().read()).await? == 50);
    Ok(())
}

async fn a_restart_answers_nobody_twice(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    house.is_quiet().await?;
    house.reopens().await?;
    ines.sends("/id")?;
    ines.hears("número").await?;
    house.is_quiet().await?;
    ensure!(
        ines.chat().len() == 4,
        "two messages, two answers: {}",
        ines.transcript()
    );
    Ok(())
}

/// What the bot has said to a person.
fn heard(person: &Person) -> Vec<String> {
    let chat = person.chat().into_iter();
    chat.filter(|entry| entry.by == sim::By::Bot)
        .map(|entry| entry.text)
        .collect()
}

fn patience(texts: &[String]) -> usize {
    let asked = |text: &&String| text.contains("lo que llegó de más");
    texts.iter().filter(asked).count()
}

async fn answers_to_one_chat_come_in_a_burst_and_then_one_a_second(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for _ in 0..8 {
        ines.sends("/id")?;
    }
    for expected in 5..=8 {
        // Looks once nothing can go on without time passing.
        house.passes(TimeDelta::zero()).await?;
        ensure!(heard(&ines).len() == expected, "{}", ines.transcript());
        house.passes(TimeDelta::seconds(1)).await?;
    }
    house.is_quiet().await
}

async fn a_flood_from_one_person_is_bounded_and_holds_up_nobody(house: &mut House) -> Result<()> {
    let (ines, bruno) = (house.person("Inés"), house.person("Bruno"));
    for n in 0..80 {
        ines.sends(&format!("hola {n}"))?;
    }
    ines.sends("/id")?;
    bruno.sends("/start")?;
    // No time passes.
    bruno.next_answer().await?;
    house.is_quiet().await?;
    let answers = heard(&ines);
    ensure!(
        patience(&answers) == 1,
        "one word about it: {}",
        ines.transcript()
    );
    ensure!(
        (21..50).contains(&answers.len()),
        "most of it is dropped: {} answers",
        answers.len()
    );
    ensure!(
        answers.iter().any(|text| text.contains("número")),
        "the command was not dropped: {}",
        ines.transcript()
    );
    // Afterwards everything is as before.
    ines.sends("hola")?;
    house.is_quiet().await?;
    ensure!(heard(&ines).len() == answers.len() + 1 && patience(&heard(&ines)) == 1);
    Ok(())
}

async fn a_custodian_may_have_more_waiting(house: &mut House) -> Result<()> {
    let mateo = house.custodian();
    for n in 0..60 {
        mateo.sends(&format!("nota {n}"))?;
    }
    house.is_quiet().await?;
    let answers = heard(&mateo);
    ensure!(
        answers.len() == 60 && patience(&answers) == 0,
        "{}",
        answers.len()
    );
    Ok(())
}

async fn every_tap_is_ended_however_many_there_are(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let taps: Result<Vec<_>, _> = (0..100).map(|_| ines.presses_data("home")).collect();
    let taps = taps?;
    try_join_all(taps.iter().map(|tap| tap.answer())).await?;
    house.is_quiet().await
}

async fn while_telegram_is_away_nothing_is_lost_and_nobody_is_blamed(house: &mut House) -> Result<()> {
    let (ines, bruno) = (house.person("Inés"), house.person("Bruno"));
    let away = house
        .telegram
        .inject(Fault::error(502, "Bad Gateway").on("sendMessage"));
    ines.sends("/start")?;
    bruno.sends("/start")?;
    for _ in 0..8 {
        house.passes(TimeDelta::seconds(75)).await?;
    }
    ensure!(heard(&ines).is_empty());
    let waiting = inbox::pending(&house.store().read(), 0, 9).await?;
    ensure!(
        waiting.len() == 2 && waiting.iter().all(|row| row.attempts == 0),
        "{waiting:?}"
    );
    away.remove();
    house.is_quiet().await?;
    for person in [&ines, &bruno] {
        ensure!(heard(person).len() == 1, "{}", person.transcript());
    }
    ensure!(people::count(&house.store().read()).await? == 2);
    Ok(())
}

async fn a_flood_answer_is_obeyed(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    house.telegram.inject(Fault::flood(30).on("sendMessage").times(1));
    let asked_at = house.now();
    ines.sends("/start")?;
    house.is_quiet().await?;
    ensure!(heard(&ines).len() == 1, "{}", ines.transcript());
    ensure!(house.now() >= asked_at + TimeDelta::seconds(30));
    ensure!(
        house.telegram.call_count("sendMessage") == 2,
        "it was not pressed"
    );
    Ok(())
}

/// Stores an update as if another process had received it.
async fn receives(house: &House, update_id: i64, kind: &str, person: i64, json: &str) -> Result<()> {
    let update = NewUpdate {
        bot_id: BotId(house.telegram.bot().id),
        update_id,
        person,
        kind: kind.to_owned(),
        json: json.to_owned(),
        failure: None,
    };
    let now = house.now();
    house
        .store()
        .write(async |tx| inbox::store_batch(tx, &[update], now).await)
        .await?;
    Ok(())
}

/// Lets the house look at the table, as it does every 5 seconds.
async fn looks(house: &House) -> Result<()> {
    house.advance(TimeDelta::seconds(5))?;
    house.is_quiet().await
}

async fn what_cannot_be_understood_harms_nobody(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let strange = [
        ("sky_report", r#"{"update_id":1,"sky_report":{"blue":true}}"#),
        ("unknown", r#"{"update_id":1}"#),
        (
            "message",
            r#"{"update_id":1,"message":{"message_id":1,"date":1,"chat":{"id":-1,"type":"group"}}}"#,
        ),
        (
            "my_chat_member",
            r#"{"update_id":1,"my_chat_member":{"date":1,"chat":{"id":5,"type":"private"},"from":{"id":5,"first_name":"X"},"old_chat_member":{"status":"new","user":{"id":9,"first_name":"B"}},"new_chat_member":{"status":"newer","user":{"id":9,"first_name":"B"}}}}"#,
        ),
    ];
    for (number, (kind, json)) in (900_000..).zip(strange) {
        receives(house, number, kind, ines.id(), json).await?;
    }
    ines.sends("/id")?;
    looks(house).await?;
    ines.hears("número").await?;
    ensure!(inbox::backlog(&house.store().read()).await?.dead == 0);

    // Damaged ones are dead letters at once, and the person's next update goes on.
    for (number, json) in (910_000..).zip([
        "",
        "{",
        r#"{"update_id":1,"message":7}"#,
        r#"{"update_id":1,"message":{"text":"/start"}}"#,
    ]) {
        receives(house, number, "message", ines.id(), json).await?;
    }
    ines.sends("/help")?;
    looks(house).await?;
    ines.hears("/privacy").await?;
    let letters = inbox::list(&house.store().read(), 9).await?;
    ensure!(
        letters.len() == 4 && letters.iter().all(|letter| letter.failure == "undecodable"),
        "{letters:?}"
    );
    // They are played again once they can be read; these never can.
    house
        .store()
        .write(async |tx| {
            for letter in &letters {
                inbox::replay(tx, letter.seq).await?;
            }
            Ok::<_, store::StoreError>(())
        })
        .await?;
    looks(house).await?;
    ensure!(inbox::backlog(&house.store().read()).await?.dead == 4);

    // Done away with by hand, as a house is left without dead letters.
    let epoch = house::epoch(&house.store().read()).await?;
    let now = house.now();
    house
        .store()
        .write(async |tx| {
            for letter in &letters {
                inbox::replay(tx, letter.seq).await?;
                inbox::claim(tx, &[letter.seq], epoch, Run::Together).await?;
                inbox::finish(tx, &[letter.seq], epoch, now).await?;
            }
            Ok::<_, store::StoreError>(())
        })
        .await?;
    Ok(())
}

async fn updates_out_of_order_and_twice_are_each_answered_once(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/start")?;
    ines.next_answer().await?;
    let json = |number: i64| {
        format!(
            r#"{{"update_id":{number},"message":{{"message_id":{number},"date":1,"chat":{{"id":{id},"type":"private"}},"from":{{"id":{id},"first_name":"Inés"}},"text":"/id"}}}}"#,
            id = ines.id()
        )
    };
    for number in [900_003, 900_001, 900_003, 900_002, 900_001] {
        receives(house, number, "message", ines.id(), &json(number)).await?;
    }
    looks(house).await?;
    ensure!(
        heard(&ines).len() == 4,
        "one home, three ids: {}",
        ines.transcript()
    );
    // Once they are done, they are still known.
    receives(house, 900_002, "message", ines.id(), &json(900_002)).await?;
    looks(house).await?;
    ensure!(heard(&ines).len() == 4, "{}", ines.transcript());
    Ok(())
}

/// A figure of the house's own, as it tells it over HTTP.
pub(super) async fn figure(house: &House, name: &str) -> Result<u64> {
    let mut http = TcpStream::connect(house.itself().addresses()[0]).await?;
    http.write_all(b"GET /metrics HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    http.read_to_string(&mut answer).await?;
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|value| value.trim().parse().ok())
        .ok_or_else(|| anyhow::anyhow!("no {name} in {answer}"))
}

async fn a_start_asks_little_of_the_database(house: &mut House) -> Result<()> {
    // Keeping, claiming and finishing are a statement each, which busy people share.
    const AROUND: u64 = 3;
    house.is_quiet().await?;
    let ines = house.person("Inés");
    let mut before = figure(house, "lucien_update_statements_total").await?;
    for (who, most) in [("a new person", 6), ("a known one", 4)] {
        ines.sends("/start")?;
        ines.next_answer().await?;
        house.is_quiet().await?;
        let after = figure(house, "lucien_update_statements_total").await?;
        let asked = after - before + AROUND;
        ensure!(asked > AROUND && asked <= most, "{who}: {asked} statements");
        before = after;
    }
    Ok(())
}
