//! How visitors are received: one by one, and two hundred at once.

use anyhow::Result;
use futures_util::future::try_join_all;
use sim::{By, Person};
use store::people;

use super::{Tour, last};

/// A name that is written to break things.
const EDGES: &str = "<b>Ana&\"";

pub(super) async fn look_around(tour: &mut Tour) -> Result<()> {
    tour.stage.chapter(
        "A visitor",
        "Diana has put a few things on show. Inés has never been here; she presses Start and looks around.",
    );
    tour.house.preload().await?;
    let ines = tour.house.person("Inés");
    let home = tour.says(&ines, "/start").await?;
    tour.stage
        .check("three doors are open to her", home.labels().len() == 3);
    tour.presses(&ines, &["La vitrina"]).await?;
    let back = tour.presses(&ines, &["Volver", "El salón reservado"]).await?;
    tour.stage.check(
        "she has one message before her, which is edited in its place",
        back.message_id == home.message_id && ines.chat().len() == 2,
    );
    let known = people::count(&tour.house.store().read()).await?;
    tour.stage
        .check("the house has written down two people, each once", known == 2);
    Ok(())
}

pub(super) async fn try_one_thing_and_another(tour: &mut Tour) -> Result<()> {
    tour.stage.chapter(
        "What a butler does not do",
        "Valentina asks for what is not on offer. Then she presses a button that the bot before Lucien left \
         in her chat, and that was for members. Somebody else has a name that is written to break things.",
    );
    let valentina = tour.house.person("Valentina");
    let answer = tour.says(&valentina, "¿Me presta veinte pesos?").await?;
    tour.stage
        .check("he stays himself", answer.text.starts_with('🎩'));
    tour.stage.acts(&valentina, "presses the old button");
    let word = valentina.presses_data("vip:premium")?.answer().await?;
    tour.stage
        .toasts(&valentina, word.text.as_deref().unwrap_or_default());
    tour.house.settles().await?;
    tour.stage.check(
        "it is answered, and nothing of the members' rooms is told",
        word.show_alert && !last(&valentina)?.text.contains("Medianoche"),
    );
    let sharp = tour.house.person(EDGES);
    let home = tour.says(&sharp, "/start").await?;
    tour.stage
        .check("the name is read as it was written", home.text.contains(EDGES));
    Ok(())
}

pub(super) async fn come_all_at_once(tour: &mut Tour) -> Result<()> {
    tour.stage.chapter(
        "Two hundred at once",
        "Two hundred new people press Start in the same second.",
    );
    let before = people::count(&tour.house.store().read()).await?;
    let crowd: Vec<Person> = (1..=200)
        .map(|n| tour.house.person(&format!("Huésped {n}")))
        .collect();
    for person in &crowd {
        person.sends("/start")?;
    }
    let answers = try_join_all(crowd.iter().map(Person::next_answer)).await?;
    let own = answers
        .iter()
        .enumerate()
        .all(|(n, answer)| answer.text.contains(&format!("Huésped {}", n + 1)));
    tour.stage.check("each is called by name", own);
    tour.house.settles().await?;
    let once = crowd
        .iter()
        .all(|person| person.chat().iter().filter(|entry| entry.by == By::Bot).count() == 1);
    tour.stage.check("each is answered once", once);
    let after = people::count(&tour.house.store().read()).await?;
    tour.stage
        .check("two hundred people more are written down", after == before + 200);
    Ok(())
}
