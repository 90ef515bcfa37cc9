//! The story that the tour tells, a file per chapter or two. Each step is checked; the tour holds when
//! all of them do.
//!
//! | module | tells |
//! |---|---|
//! | [`custodian`] | how the house is set up and an invitation is issued |
//! | [`visitors`] | how visitors are received, one by one and two hundred at once |
//! | [`way_in`] | how two race for an invitation, and the ritual of the one who wins |
//! | [`door`] | what happens at the door of the members' channel |
//! | [`queue`] | how three wait for the visitors' channel |
//! | [`membership`] | a member's home, a renewal, another at the last minute, the end |
//! | [`crash`] | how the power fails twice, and nobody is the worse for it |
//! | [`month`] | a month, and two days in which the house is dark |

mod crash;
mod custodian;
mod door;
mod membership;
mod month;
mod queue;
mod visitors;
mod way_in;

use anyhow::{Context, Result};
use domain::id::UserId;
use domain::subscription::Subscription;
use domain::token::InvitationCode;
use sim::{Entry, Person, Room};
use store::invitations::{self, FoundInvitation};
use store::subscribers;
use testkit::{Backend, House};

use super::link_in;
use super::stage::{Stage, keys, name};

/// Plays it; true when every check held.
pub(super) async fn play() -> Result<bool> {
    let mut tour = Tour::begin().await?;
    let invitation = custodian::sets_the_house_up(&mut tour).await?;
    visitors::look_around(&mut tour).await?;
    visitors::try_one_thing_and_another(&mut tour).await?;
    visitors::come_all_at_once(&mut tour).await?;
    let race = way_in::two_race_for_one_invitation(&mut tour, &invitation).await?;
    let key = way_in::ritual(&mut tour, &race.winner).await?;
    door::a_lent_key(&mut tour, &race, &key).await?;
    door::the_owner_of_the_key(&mut tour, &race.winner, &key).await?;
    let patio = queue::three_wait(&mut tour).await?;
    membership::home(&mut tour, &race.winner).await?;
    membership::renewal(&mut tour, &race.winner).await?;
    crash::between_deed_and_word(&mut tour, &race.loser).await?;
    crash::between_promise_and_key(&mut tour, &race.loser).await?;
    membership::the_last_minute(&mut tour, &race.loser).await?;
    membership::time_is_up(&mut tour, &race.winner).await?;
    let members = month::passes(&mut tour, &patio).await?;
    month::two_dark_days(&mut tour, &members).await?;
    tour.end().await
}

/// The house that is shown, and whoever shows it.
struct Tour {
    house: House,
    stage: Stage,
    mateo: Person,
    /// The VIP channel, which is Diana's.
    salon: Room,
}

impl Tour {
    async fn begin() -> Result<Self> {
        let stage = Stage::default();
        stage.tells(
            "Lucien, a butler, at work: on a stand-in Telegram, a new SQLite file and a clock that the tour \
             moves. It is a Wednesday in October, seven in the evening in Mexico City.\n",
        );
        stage.legend();
        let house = House::open_bare(Backend::SqliteFile).await?;
        let salon = house.telegram.channel("El salón", &house.creator());
        Ok(Self {
            mateo: house.custodian(),
            stage,
            salon,
            house,
        })
    }

    async fn end(mut self) -> Result<bool> {
        self.stage.chapter(
            "The house closes",
            "What must always hold is looked for in the database once more, and all that Lucien has asked of \
             Telegram is judged by its rules.",
        );
        let closed = self.house.close().await;
        if let Err(wrong) = &closed {
            self.stage.happens(&format!("{wrong:#}"));
        }
        self.stage.check(
            "nothing is broken, nothing was given up, and Telegram has no complaint",
            closed.is_ok(),
        );
        Ok(self.stage.closes())
    }

    /// Somebody says something; what Lucien answers.
    async fn says(&mut self, who: &Person, text: &str) -> Result<Entry> {
        self.stage.acts(who, text);
        who.sends(text)?;
        self.answered(who).await
    }

    /// Somebody opens an invitation; what Lucien answers.
    async fn opens(&mut self, who: &Person, payload: &str) -> Result<Entry> {
        self.stage.acts(who, "opens the invitation");
        who.opens_link(payload)?;
        self.answered(who).await
    }

    /// Somebody presses buttons, each on what the last one has led to; what comes of it.
    async fn presses(&mut self, who: &Person, labels: &[&str]) -> Result<Entry> {
        let mut pressed = Vec::new();
        for label in labels {
            pressed.push(button(who, label).unwrap_or_default());
            who.presses(label)?.answer().await?;
            self.house.settles().await?;
        }
        let pressed: Vec<&str> = pressed.iter().map(String::as_str).collect();
        self.stage
            .acts(who, &format!("presses {}", keys(&pressed, " › ")));
        self.answered(who).await
    }

    /// What Lucien has to say to somebody, once everything has come to rest.
    async fn answered(&mut self, who: &Person) -> Result<Entry> {
        self.house.delivers().await?;
        let answer = last(who)?;
        self.stage.answers(who, &answer);
        Ok(answer)
    }

    async fn subscription(&self, who: &Person) -> Result<Option<Subscription>> {
        let stored = subscribers::find(&self.house.store().read(), UserId(who.id())).await?;
        Ok(stored.map(|stored| stored.subscription))
    }

    async fn invitation(&self, payload: &str) -> Result<FoundInvitation> {
        let code = InvitationCode::parse(payload).context("a code")?;
        let found = invitations::look_up(&self.house.store().read(), &code, UserId(0)).await?;
        found.context("an invitation is never removed")
    }

    fn is_inside(&self, who: &Person) -> bool {
        self.salon.status_of(who.id()).is_present()
    }
}

/// Lucien's last message to somebody.
fn last(who: &Person) -> Result<Entry> {
    who.last_message()
        .with_context(|| format!("Lucien has said nothing to {}", name(who)))
}

/// All that is written on the newest button with a label like that.
fn button(who: &Person, label: &str) -> Option<String> {
    let chat = who.chat();
    let labels = chat.iter().rev().flat_map(|entry| entry.labels().concat());
    let mut alike = labels.filter(|written| written.contains(label));
    alike.next().map(str::to_owned)
}

/// How many of Lucien's messages to somebody hold a text.
fn heard(who: &Person, fragment: &str) -> usize {
    let chat = who.chat();
    chat.iter().filter(|entry| entry.text.contains(fragment)).count()
}
