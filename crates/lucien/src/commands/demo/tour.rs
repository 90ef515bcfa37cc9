//! The story that the tour tells. Each step is checked; the tour holds when all of them do.

use anyhow::Result;
use chrono::TimeDelta;
use domain::subscription::Stage as Ritual;
use futures_util::future::try_join_all;
use sim::{By, Entry, Person};
use store::people;
use testkit::{Backend, House};

use super::stage::Stage;

/// Plays it; true when every check held.
pub(super) async fn play() -> Result<bool> {
    let house = House::open(Backend::SqliteFile).await?;
    house.preload().await?;
    let mut tour = Tour {
        house,
        stage: Stage::default(),
    };
    tour.custodian().await?;
    tour.visitor().await?;
    tour.member().await?;
    tour.threshold().await?;
    tour.old_buttons().await?;
    tour.misunderstandings().await?;
    tour.sharp_name().await?;
    tour.crowd().await?;
    tour.closed_house().await?;
    tour.time_is_up().await?;

    let Tour { house, mut stage } = tour;
    let closed = house.close().await;
    stage.scene(
        "The house closes",
        "Nothing is left undone, and Telegram has nothing to complain about.",
    );
    stage.check(
        "every part closed in order; no call broke a rule of the Bot API",
        closed.is_ok(),
    );
    Ok(stage.closes())
}

struct Tour {
    house: House,
    stage: Stage,
}

impl Tour {
    async fn custodian(&mut self) -> Result<()> {
        self.stage.scene(
            "The house opens",
            "A stand-in Telegram, a new SQLite file, a clock that the tour moves. It is a Wednesday in October, \
             seven in the evening in Mexico City. Mateo keeps the house.",
        );
        let mateo = self.house.custodian();
        let home = self.says(&mateo, "/start").await?;
        self.stage.check(
            "a custodian is greeted by the hour",
            home.text.contains("uenas tardes"),
        );
        Ok(())
    }

    async fn visitor(&mut self) -> Result<()> {
        self.stage.scene(
            "A visitor at the door",
            "Inés has never been here. She looks around.",
        );
        let ines = self.house.person("Inés");
        let home = self.says(&ines, "/start").await?;
        self.stage
            .check("three doors are open to her", home.labels().len() == 3);
        let doors: Vec<String> = home.labels().concat().into_iter().map(str::to_owned).collect();
        for door in &doors {
            let room = self.presses(&ines, door).await?;
            self.stage
                .check("the same message is edited", room.message_id == home.message_id);
            let back = room.labels().concat().last().map(|label| (*label).to_owned());
            self.presses(&ines, &back.unwrap_or_default()).await?;
        }
        let known = people::count(&self.house.store().read()).await?;
        self.stage
            .check("the house has written down two people, each once", known == 2);
        Ok(())
    }

    async fn member(&mut self) -> Result<()> {
        self.stage
            .scene("A member comes home", "Rodrigo has thirty days ahead of him.");
        let rodrigo = self.house.member("Rodrigo", TimeDelta::days(30)).await?;
        let home = self.says(&rodrigo, "/start").await?;
        self.stage.check(
            "the date is the true one",
            home.text.contains("27 de noviembre de 2026"),
        );
        let shown = self.presses(&rodrigo, "Mi membresía").await?;
        self.stage
            .check("thirty days are left", shown.text.contains("30 días"));
        self.presses(&rodrigo, "Volver").await?;
        let treasures = self.presses(&rodrigo, "Tesoros").await?;
        let order = ["El cuaderno rojo", "Medianoche & terciopelo"].map(|name| treasures.text.find(name));
        self.stage.check(
            "the treasures are listed by price",
            order[0].is_some() && order.is_sorted(),
        );
        Ok(())
    }

    async fn threshold(&mut self) -> Result<()> {
        self.stage.scene(
            "On the threshold",
            "Camila's membership runs, but her entry ritual is not finished.",
        );
        let camila = self
            .house
            .entering("Camila", TimeDelta::days(90), Ritual::First)
            .await?;
        let home = self.says(&camila, "/start").await?;
        self.stage.check(
            "she is not let in before her time",
            home.text.contains("un paso que casi nadie da") && home.labels() == [["Le escucho"]],
        );
        Ok(())
    }

    async fn old_buttons(&mut self) -> Result<()> {
        self.stage.scene(
            "A button from another time",
            "Messages of the bot that served here before still hang in people's chats, with its buttons. Tomás \
             presses one that is for members.",
        );
        let tomas = self.house.person("Tomás");
        self.says(&tomas, "/start").await?;
        self.stage.acts(&tomas, "presses “vip:premium”");
        let answer = tomas.presses_data("vip:premium")?.answer().await?;
        self.stage.toasts(answer.text.as_deref().unwrap_or_default());
        self.house.is_quiet().await?;
        let screen = tomas.last_message().map(|entry| entry.text).unwrap_or_default();
        self.stage.check("the tap is answered", answer.show_alert);
        self.stage.check(
            "nothing of the members' rooms is told",
            !screen.contains("Medianoche"),
        );
        Ok(())
    }

    async fn misunderstandings(&mut self) -> Result<()> {
        self.stage.scene(
            "What a butler does not do",
            "Valentina tries one thing and another.",
        );
        let valentina = self.house.person("Valentina");
        for text in ["/ayuda", "¿Me presta veinte pesos?", "/id"] {
            let answer = self.says(&valentina, text).await?;
            self.stage
                .check("he stays himself", answer.text.starts_with('🎩'));
        }
        Ok(())
    }

    async fn sharp_name(&mut self) -> Result<()> {
        self.stage
            .scene("A name with edges", "Some names are written to break things.");
        let bobby = self.house.person("<b>Bobby & \"Tables\"</i>");
        let home = self.says(&bobby, "/start").await?;
        self.stage.check(
            "it is read as it was written",
            home.text.contains("<b>Bobby & \"Tables\"</i>"),
        );
        Ok(())
    }

    async fn crowd(&mut self) -> Result<()> {
        self.stage.scene(
            "Two hundred at once",
            "All of them new, all of them in the same second.",
        );
        let before = people::count(&self.house.store().read()).await?;
        let crowd: Vec<Person> = (1..=200)
            .map(|n| self.house.person(&format!("Huésped {n}")))
            .collect();
        for person in &crowd {
            person.sends("/start")?;
        }
        let answers = try_join_all(crowd.iter().map(Person::next_answer)).await?;
        let own = answers
            .iter()
            .enumerate()
            .all(|(n, answer)| answer.text.contains(&format!("Huésped {}", n + 1)));
        self.stage.check("each is called by name", own);
        self.house.is_quiet().await?;
        let once = crowd
            .iter()
            .all(|person| person.chat().iter().filter(|entry| entry.by == By::Bot).count() == 1);
        self.stage.check("each is answered once", once);
        let after = people::count(&self.house.store().read()).await?;
        self.stage
            .check("two hundred people more are written down", after == before + 200);
        Ok(())
    }

    async fn closed_house(&mut self) -> Result<()> {
        self.stage.scene(
            "The house is closed for three hours",
            "Elena knocks twice while nobody is there. Then the house opens again.",
        );
        let elena = self.house.person("Elena");
        self.house.is_quiet().await?;
        self.house.closes().await?;
        for text in ["/start", "/id"] {
            self.stage.acts(&elena, text);
            elena.sends(text)?;
        }
        self.house.passes(TimeDelta::hours(3)).await?;
        self.house.reopens().await?;
        for _ in 0..2 {
            self.stage.answers(&elena.next_answer().await?);
        }
        self.house.is_quiet().await?;
        self.stage.check(
            "both knocks are answered, in order and once",
            elena.chat().len() == 4,
        );
        Ok(())
    }

    async fn time_is_up(&mut self) -> Result<()> {
        self.stage.scene(
            "Time is up",
            "A day passes. Sofía's membership ends with its last moment, without any job.",
        );
        let sofia = self.house.member("Sofía", TimeDelta::days(1)).await?;
        self.house.passes(TimeDelta::days(1)).await?;
        let home = self.says(&sofia, "/start").await?;
        self.stage
            .check("the last moment still counts", home.labels().len() == 2);
        self.house.passes(TimeDelta::seconds(1)).await?;
        let home = self.says(&sofia, "/start").await?;
        self.stage
            .check("a second later she is a visitor", home.labels().len() == 3);
        Ok(())
    }

    /// Somebody says something; what Lucien answers.
    async fn says(&mut self, who: &Person, text: &str) -> Result<Entry> {
        self.stage.acts(who, text);
        who.sends(text)?;
        let answer = who.next_answer().await?;
        self.stage.answers(&answer);
        Ok(answer)
    }

    /// Somebody presses a button; what the screen becomes.
    async fn presses(&mut self, who: &Person, label: &str) -> Result<Entry> {
        self.stage.acts(who, &format!("presses [ {label} ]"));
        who.presses(label)?.answer().await?;
        let screen = who.next_answer().await?;
        self.stage.answers(&screen);
        Ok(screen)
    }
}
