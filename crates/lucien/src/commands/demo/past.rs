//! What has happened before whoever looks comes: five days in which people come to know the house, so that
//! their chats say what such chats say.

use anyhow::{Context, Result};
use chrono::TimeDelta;
use sim::{Person, Room, Sim};

use super::cast::Cast;
use super::link_in;

/// How long it lasts.
pub(super) const LENGTH: TimeDelta = TimeDelta::days(5);

/// What happens last takes so long.
const TONIGHT: TimeDelta = TimeDelta::minutes(2);

/// A plan that ends two days after the past does.
const WEEK: (&str, &str, &str) = ("Semana", "7", "3 USD");
/// One that lasts for months. The house begins with it.
const QUARTER: &str = "Trimestral";

/// People take their time: what is said to one chat within a second waits for its turn.
const PAUSE: TimeDelta = TimeDelta::seconds(40);
const DAY: TimeDelta = TimeDelta::days(1);

/// A past in the making.
pub(super) struct Past<'a> {
    pub(super) telegram: &'a Sim,
    pub(super) cast: &'a Cast,
}

impl Past<'_> {
    pub(super) async fn happens(&self) -> Result<()> {
        let begun = self.telegram.clock().now();
        self.the_house_is_set_up().await?;
        self.visitors_come().await?;
        self.members_come().await?;
        self.days_pass().await?;
        let rest = begun + LENGTH - TONIGHT - self.telegram.clock().now();
        self.telegram.lets_pass(rest).await?;
        for person in self.cast.everybody() {
            person.reads_all();
        }
        self.tonight().await
    }

    async fn the_house_is_set_up(&self) -> Result<()> {
        let Cast { diana, mateo, .. } = self.cast;
        for custodian in [mateo, diana] {
            custodian.sends("/start")?;
            custodian.next_answer().await?;
        }
        self.at_the_panel().await?;
        for (room, label) in [(&self.cast.salon, "canal VIP"), (&self.cast.patio, "canal Free")] {
            self.presses(diana, &[label, "Configurar el canal"]).await?;
            diana.forwards_from(room, Cast::post_of(room)?)?;
            diana.hears("configurado").await?;
            self.presses(diana, &["Al panel"]).await?;
        }
        self.presses(diana, &["Planes", "Nuevo plan"]).await?;
        let (name, days, price) = WEEK;
        for (answer, next) in [(name, "Paso 2"), (days, "Paso 3"), (price, "¿Así lo anoto?")] {
            self.pauses()?;
            diana.sends(answer)?;
            diana.hears(next).await?;
        }
        self.presses(diana, &["Confirmar"]).await
    }

    async fn visitors_come(&self) -> Result<()> {
        let Cast { ines, patio, .. } = self.cast;
        ines.asks_to_join(&self.cast.door)?;
        ines.opens_link("avisame")?;
        ines.hears("se lo digo").await?;
        self.telegram.lets_pass(TimeDelta::minutes(5)).await?;
        self.comes_in(ines, patio).await?;
        ines.hears("Le doy la bienvenida").await?;
        Ok(())
    }

    async fn members_come(&self) -> Result<()> {
        let Cast {
            rodrigo, sara, salon, ..
        } = self.cast;
        for (member, plan) in [(rodrigo, QUARTER), (sara, WEEK.0)] {
            let invitation = self.issues(plan).await?;
            member.opens_link(&invitation)?;
            self.presses(member, &["Le escucho", "Comprendo y acepto"])
                .await?;
            let key = member.hears("Aquí tiene su llave").await?;
            member.asks_to_join(&link_in(&key)?)?;
            self.comes_in(member, salon).await?;
        }
        Ok(())
    }

    async fn days_pass(&self) -> Result<()> {
        let Cast { diana, .. } = self.cast;
        self.telegram.lets_pass(DAY).await?;
        diana.writes_in(
            &self.cast.patio,
            "Mañana abro la ventana que da al jardín. Quien madrugue, la verá primero.",
        )?;
        self.telegram.lets_pass(DAY * 2).await?;
        diana.writes_in(
            &self.cast.salon,
            "Para quienes se quedan hasta tarde: el cuaderno rojo, página siete. Solo aquí.",
        )?;
        self.telegram.lets_pass(DAY).await?;
        self.cast.sara.hears("unos tres días").await?;
        Ok(())
    }

    async fn tonight(&self) -> Result<()> {
        let Cast {
            camila, bruno, julia, ..
        } = self.cast;
        let invitation = self.issues("Mensual").await?;
        camila.opens_link(&invitation)?;
        camila.hears("Ha dado usted un paso").await?;
        julia.sends("/start")?;
        julia.next_answer().await?;
        bruno.asks_to_join(&self.cast.door)?;
        bruno.opens_link("avisame")?;
        bruno.hears("se lo digo").await?;
        Ok(())
    }

    /// Diana issues an invitation; what its link carries.
    async fn issues(&self, plan: &str) -> Result<String> {
        let Cast { diana, lucien, .. } = self.cast;
        self.at_the_panel().await?;
        self.presses(diana, &["Emitir una invitación", plan, "Confirmar"])
            .await?;
        let issued = diana.hears("Invitación emitida").await?;
        let link = link_in(&issued)?;
        let payload = link.strip_prefix(&format!("https://t.me/{}?start=", lucien.username));
        Ok(payload.context("a link of the bot's own")?.to_owned())
    }

    async fn at_the_panel(&self) -> Result<()> {
        self.pauses()?;
        self.cast.diana.sends("/admin")?;
        self.cast.diana.hears("Panel de la casa").await?;
        Ok(())
    }

    /// Presses buttons, each on what the last one has led to.
    async fn presses(&self, who: &Person, labels: &[&str]) -> Result<()> {
        for label in labels {
            let awaited = format!("a button “{label}”");
            let shown = self.telegram.until(&awaited, |view| {
                let chat = view.chat(who.id());
                let newest = chat.iter().rev().find(|entry| entry.keyboard.is_some())?;
                let labels = newest.labels().concat();
                labels.iter().any(|shown| shown.contains(label)).then_some(())
            });
            shown.await?;
            who.presses(label)?.answer().await?;
        }
        self.pauses()
    }

    async fn comes_in(&self, who: &Person, room: &Room) -> Result<()> {
        let inside = room.until("somebody to be let in", |room| {
            room.status_of(who.id()).is_present().then_some(())
        });
        Ok(inside.await?)
    }

    fn pauses(&self) -> Result<()> {
        self.telegram.clock().advance(PAUSE)?;
        Ok(())
    }
}
