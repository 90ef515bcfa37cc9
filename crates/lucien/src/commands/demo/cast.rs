//! The people of the demo and their channels, each with a word for whoever plays them.

use anyhow::{Context, Result};
use domain::id::UserId;
use sim::{BotInfo, NewLink, NewMedia, Person, Rights, Room, Sim};
use testkit::house::Furnishing;

/// What hangs in the members' channel.
const CANDLE: &[u8] = include_bytes!("candle.png");

/// Everybody, as they stand before the house opens.
pub(super) struct Cast {
    pub(super) lucien: BotInfo,
    pub(super) diana: Person,
    pub(super) mateo: Person,
    pub(super) rodrigo: Person,
    pub(super) sara: Person,
    pub(super) camila: Person,
    pub(super) ines: Person,
    pub(super) bruno: Person,
    pub(super) julia: Person,
    /// The members' channel.
    pub(super) salon: Room,
    /// The visitors' channel.
    pub(super) patio: Room,
    /// What visitors find in Diana's networks.
    pub(super) door: String,
}

impl Cast {
    pub(super) fn new(telegram: &Sim) -> Result<Self> {
        let person = |name: &str, note: &str| {
            let person = telegram.person(name);
            person.is_noted(note);
            person
        };
        let diana = person(
            "Diana",
            "Custodian, and owner of the channels: send /admin, issue an invitation",
        );
        let mateo = person(
            "Mateo",
            "Custodian: /admin, canal Free, Cambiar de canal; then forward him a post of La terraza",
        );
        let rodrigo = person("Rodrigo", "VIP, with months left: /start, and see his membership");
        let sara = person(
            "Sara",
            "VIP, ends in two days: let time pass, or say she wants to renew",
        );
        let camila = person(
            "Camila",
            "VIP, on the threshold: go through the ritual, then enter El salón",
        );
        let ines = person("Inés", "Free, a member of El patio: /start, and look around");
        let bruno = person("Bruno", "Free, waits for El patio: let five minutes pass");
        let julia = person("Julia", "Free, has only pressed Start: ask to join El patio");
        person(
            "Tomás",
            "A stranger: open an invitation that a custodian has issued",
        );
        let lucien = telegram.bot();
        let room = |title: &str, owner: &Person| -> Result<Room> {
            let room = telegram.channel(title, owner);
            owner.promotes(&room, lucien.id, Rights::all())?;
            Ok(room)
        };
        let (salon, patio) = (room("El salón", &diana)?, room("El patio", &diana)?);
        for room in [&salon, &patio] {
            diana.adds(room, mateo.id())?;
        }
        let terraza = room("La terraza", &mateo)?;
        mateo.writes_in(&terraza, "Aquí se estará bien en verano.")?;
        let asking = NewLink {
            creates_join_request: true,
            ..NewLink::default()
        };
        let door = diana.creates_link(&patio, asking)?;
        diana.writes_in(&patio, "Pasen, y miren con calma.")?;
        let candle = NewMedia::photo(CANDLE).caption("Esta noche, a puerta cerrada.");
        diana.sends_media_in(&salon, candle)?;
        Ok(Self {
            lucien,
            diana,
            mateo,
            rodrigo,
            sara,
            camila,
            ines,
            bruno,
            julia,
            salon,
            patio,
            door,
        })
    }

    /// Whose the house is. No channel is set up in it: that is Diana's first act.
    pub(super) fn furnishing(&self) -> Furnishing {
        Furnishing {
            second_custodian: Some(UserId(self.mateo.id())),
            vip_channel: None,
            ..Furnishing::usual(UserId(self.diana.id()))
        }
    }

    /// Those whom the house knows.
    pub(super) fn everybody(&self) -> [&Person; 8] {
        [
            &self.diana,
            &self.mateo,
            &self.rodrigo,
            &self.sara,
            &self.camila,
            &self.ines,
            &self.bruno,
            &self.julia,
        ]
    }

    /// The last post of a channel.
    pub(super) fn post_of(room: &Room) -> Result<i32> {
        let messages = room.messages();
        let post = messages.iter().rev().find(|entry| entry.by == sim::By::Person);
        Ok(post.context("Diana has posted")?.message_id)
    }
}
