//! The story that every bot lives through.

use std::error::Error;
use std::ffi::OsStr;

use serde_json::{Value, json};
use sim::{Fault, NewMedia, NewRoom, Options, Person, Profile, Rights, Room, Sim};

use crate::bot::{Bot, Client};

type Told = Result<(), Box<dyn Error>>;

/// Tells it once, with a strict stand-in: nothing may be sent that is not documented.
pub(crate) async fn tell(client: Client, python: &OsStr) -> Told {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let sim = Sim::start(options).await?;
    let bot = Bot::start(client, python, &sim)?;
    let mut story = Story::new(sim, bot);
    story.the_bot_introduces_itself(client).await;
    story.a_conversation().await?;
    story.files().await?;
    story.a_channel().await?;
    story.a_supergroup().await?;
    story.forwards_and_choices().await?;
    story.what_is_refused().await?;
    story.ends(client).await
}

struct Story {
    sim: Sim,
    bot: Bot,
    /// Owns the rooms and gives the bot its orders.
    diana: Person,
    /// Talks to the bot.
    alicia: Person,
    vip: Room,
    sala: Room,
}

impl Story {
    fn new(sim: Sim, bot: Bot) -> Self {
        let alicia = Profile::new("Alicia")
            .last_name("Rey")
            .username("alicia")
            .language("es");
        let alicia = sim.newcomer(alicia);
        let diana = sim.person("Diana");
        let vip = NewRoom {
            description: Some("Lo mejor".into()),
            ..NewRoom::channel("VIP")
        };
        let vip = sim
            .room(vip, &diana)
            .expect("it has no username that could be taken");
        let sala = sim.supergroup("Sala", &diana);
        Self {
            sim,
            bot,
            diana,
            alicia,
            vip,
            sala,
        }
    }

    /// The next event of this name has exactly these facts.
    async fn tells(&mut self, event: &str, facts: Value) {
        assert_eq!(self.bot.tells(event).await, facts, "{event}");
    }

    /// Gives the bot an order about a room and possibly somebody.
    fn orders(&self, order: &str, room: &Room, user: Option<&Person>) -> Told {
        let user = user.map(|user| format!(" {}", user.id())).unwrap_or_default();
        self.diana.sends(&format!("/{order} {}{user}", room.id()))?;
        Ok(())
    }

    async fn tells_standing(&mut self, room: &Room, user: i64, expected: Value) -> Told {
        self.diana.sends(&format!("/who {} {user}", room.id()))?;
        self.tells("who", expected).await;
        Ok(())
    }

    async fn the_bot_introduces_itself(&mut self, client: Client) {
        let mut facts = json!({
            "id": self.sim.bot().id,
            "commands": [["start", "Empezar"]],
            "commands_left": 0,
        });
        if client != Client::PtbByWebhook {
            facts["hook"] = format!("{}/hook", self.sim.url()).into();
            facts["hook_updates"] = json!(["message"]);
            facts["no_hook"] = "".into();
        }
        self.tells("ready", facts).await;
    }

    async fn a_conversation(&mut self) -> Told {
        let alicia = self.alicia.clone();
        alicia.opens_link("abc")?;
        self.tells(
            "start",
            json!({ "payload": "abc", "name": "Alicia Rey", "language": "es" }),
        )
        .await;
        self.tells("greeted", json!({ "entities": ["bold"] })).await;
        let greeting = alicia.hears("Buenas").await?;
        assert_eq!(greeting.html, "Buenas tardes, <b>señora</b>");
        assert_eq!(greeting.labels(), [["Saludar"], ["Canal"]]);

        let press = alicia.presses("Saludar")?;
        let facts = json!({ "data": "greet", "text": "Buenas tardes, señora" });
        self.tells("tap", facts).await;
        let answer = press.answer().await?;
        assert_eq!((answer.text.as_deref(), answer.show_alert), (Some("Listo"), true));
        self.tells("edit", json!({ "text": "Saludada", "is_edited": true }))
            .await;
        let edited = alicia.hears("Saludada").await?;
        assert_eq!((edited.message_id, edited.keyboard), (greeting.message_id, None));

        alicia.deletes(greeting.message_id)?;
        let late = alicia.presses_data_on(greeting.message_id, "greet")?;
        self.tells("tap", json!({ "data": "greet", "text": null })).await;
        assert_eq!(late.answer().await?.text, None);

        let text = alicia.sends("😀 https://example.com #tema")?;
        let facts = json!({ "text": "😀 https://example.com #tema", "entities": ["url", "hashtag"] });
        self.tells("text", facts).await;
        self.tells("reply", json!({ "to": "😀 https://example.com #tema" }))
            .await;
        alicia.hears("Dijo: 😀 https://example.com #tema").await?;
        alicia.edits(text, "mejor así")?;
        self.tells("edited", json!({ "text": "mejor así" })).await;
        Ok(())
    }

    async fn files(&mut self) -> Told {
        let file = NewMedia {
            mime_type: Some("text/plain".into()),
            ..NewMedia::document("carta.txt", "Querida señora")
        };
        self.alicia.sends_media(file.caption("Lea"))?;
        let facts = json!({
            "name": "carta.txt", "type": "text/plain", "size": 15, "caption": "Lea", "content": "Querida señora",
        });
        self.tells("document", facts).await;
        let facts = json!({
            "sizes": 3, "is_same": true, "film": [3, 640, 480], "back": "copia.txt", "caption": "De vuelta",
            "album": 2, "albums": 1,
        });
        self.tells("media", facts).await;
        let chat = self.alicia.chat();
        let shown: Vec<&str> = chat
            .iter()
            .rev()
            .take(6)
            .map(|entry| entry.text.as_str())
            .collect();
        assert_eq!(shown, ["", "Álbum", "De vuelta", "", "", "Subida"]);
        assert!(chat.iter().any(|entry| entry.reactions == ["👍"]));
        Ok(())
    }

    async fn a_channel(&mut self) -> Told {
        let (diana, vip) = (self.diana.clone(), self.vip.clone());
        let (link, asking, primary) = self.the_bot_runs(&vip).await?;
        assert_eq!(vip.links().iter().filter(|link| !link.is_revoked).count(), 3);

        let bruno = self.sim.newcomer(Profile::new("Bruno").bio("Leo mucho"));
        let carlos = self.sim.person("Carlos");
        self.alicia.joins(&link)?;
        let change = |user: &str, by: &str, old: &str, new: &str, link: Option<&str>| json!({ "user": user, "by": by, "change": [old, new], "link": link });
        self.tells(
            "member",
            change("Alicia", "Alicia", "left", "member", Some("de paso")),
        )
        .await;

        for (person, bio) in [(&bruno, json!("Leo mucho")), (&carlos, json!(null))] {
            person.asks_to_join(&asking)?;
            let name = person.profile().first_name;
            let facts = json!({ "user": name, "bio": bio, "link": "a prueba", "waiting": 1 });
            self.tells("asked", facts).await;
            person.hears(&format!("Un momento, {name}")).await?;
            vip.until("it to be decided", |vip| vip.requests().is_empty().then_some(()))
                .await?;
        }
        self.tells(
            "member",
            change("Bruno", "Stand-in", "left", "member", Some("a prueba")),
        )
        .await;
        assert!(!vip.status_of(carlos.id()).is_present());
        carlos.joins(&primary)?;
        self.tells("member", change("Carlos", "Carlos", "left", "member", None))
            .await;

        self.orders("ban", &vip, Some(&bruno))?;
        self.tells("ban", json!({ "done": true })).await;
        self.tells("member", change("Bruno", "Stand-in", "member", "kicked", None))
            .await;
        self.tells_standing(&vip, bruno.id(), json!({ "status": "kicked", "user": "Bruno" }))
            .await?;
        self.orders("unban", &vip, Some(&bruno))?;
        self.tells("unban", json!({ "done": true })).await;
        self.tells("member", change("Bruno", "Stand-in", "kicked", "left", None))
            .await;
        carlos.leaves(&vip)?;
        self.tells("member", change("Carlos", "Carlos", "member", "left", None))
            .await;

        diana.sends(&format!("/revoke {} {link}", vip.id()))?;
        self.tells("revoked", json!({ "link": link, "is_revoked": true }))
            .await;
        let post = diana.writes_in(&vip, "Novedad")?;
        self.tells("post", json!({ "chat": "VIP", "text": "Novedad" }))
            .await;
        diana.edits_in(&vip, post, "Gran novedad")?;
        self.tells("post_edited", json!({ "text": "Gran novedad" })).await;
        self.tells_standing(&vip, diana.id(), json!({ "status": "creator", "user": "Diana" }))
            .await?;
        self.tells_standing(&vip, bruno.id(), json!({ "status": "left", "user": "Bruno" }))
            .await
    }

    /// Diana makes the bot an administrator, whereupon it makes links: one for five, one to ask
    /// by, its standing one.
    async fn the_bot_runs(&mut self, room: &Room) -> Result<(String, String, String), Box<dyn Error>> {
        self.diana.promotes(room, self.sim.bot().id, Rights::all())?;
        let profile = room.profile();
        let kind = profile.kind.name();
        let facts = json!({ "chat": kind, "by": "Diana", "old": "left", "new": "administrator" });
        self.tells("standing", facts).await;
        let mut facts = self.bot.tells("room").await;
        let mut link = |name: &str| match facts[name].take() {
            Value::String(address) => address,
            other => panic!("{name} is {other}"),
        };
        let links = (link("link"), link("asking"), link("primary"));
        let expected = json!({
            "title": profile.title, "about": profile.description, "limit": 5, "asking_name": "a prueba",
            "administrators": [["administrator", "Stand-in"], ["creator", "Diana"]],
            "link": null, "asking": null, "primary": null,
        });
        assert_eq!(facts, expected);
        Ok(links)
    }

    async fn a_supergroup(&mut self) -> Told {
        let (diana, sala, alicia) = (self.diana.clone(), self.sala.clone(), self.alicia.clone());
        let (link, ..) = self.the_bot_runs(&sala).await?;
        alicia.joins(&link)?;
        let facts = |by: &str, old: &str, new: &str, link: Option<&str>| json!({ "user": "Alicia", "by": by, "change": [old, new], "link": link });
        self.tells("member", facts("Alicia", "left", "member", Some("de paso")))
            .await;
        self.tells_standing(
            &sala,
            alicia.id(),
            json!({ "status": "member", "user": "Alicia" }),
        )
        .await?;
        let bot = self.sim.bot().id;
        self.tells_standing(
            &sala,
            bot,
            json!({ "status": "administrator", "user": "Stand-in" }),
        )
        .await?;
        diana.restricts(&sala, alicia.id(), None)?;
        self.tells("member", facts("Diana", "member", "restricted", None))
            .await;
        self.tells_standing(
            &sala,
            alicia.id(),
            json!({ "status": "restricted", "user": "Alicia" }),
        )
        .await?;
        diana.retitles(&sala, "Salón")?;
        self.tells("title", json!({ "title": "Salón" })).await;
        self.orders("count", &sala, None)?;
        self.tells("count", json!({ "members": 3 })).await;
        self.orders("leave", &sala, None)?;
        self.tells("leave", json!({ "done": true })).await;
        let facts = json!({ "chat": "supergroup", "by": "Stand-in", "old": "administrator", "new": "left" });
        self.tells("standing", facts).await;
        Ok(())
    }

    async fn forwards_and_choices(&mut self) -> Told {
        let (diana, vip, alicia) = (self.diana.clone(), self.vip.clone(), self.alicia.clone());
        let post = diana.writes_in(&vip, "Para todas")?;
        self.tells("post", json!({ "chat": "VIP", "text": "Para todas" }))
            .await;
        alicia.forwards_from(&vip, post)?;
        self.tells(
            "forwarded",
            json!({ "type": "channel", "title": "VIP", "id": post }),
        )
        .await;
        self.tells(
            "passed_on",
            json!({ "origin": "channel", "text": "Para todas", "deleted": 3 }),
        )
        .await;
        let left = alicia
            .chat()
            .into_iter()
            .filter(|entry| entry.text == "Para todas")
            .count();
        assert_eq!(left, 2, "{}", alicia.transcript());

        diana.sends("/choose")?;
        self.tells("choice", json!({ "rows": 2 })).await;
        diana.shares_users(1, &[alicia.id()])?;
        self.tells("users_shared", json!({ "users": [[alicia.id(), "Alicia"]] }))
            .await;
        diana.shares_chat(2, &vip)?;
        self.tells("chat_shared", json!({ "chat": vip.id(), "title": "VIP" }))
            .await;
        Ok(())
    }

    async fn what_is_refused(&mut self) -> Told {
        self.sim
            .inject(Fault::flood(30).on("getChatMemberCount").times(1));
        self.orders("count", &self.vip, None)?;
        self.tells("flood", json!({ "retry_after": 30 })).await;

        let group = self.sim.group("Grupo", &self.diana);
        self.diana.adds(&group, self.sim.bot().id)?;
        let facts = json!({ "chat": "group", "by": "Diana", "old": "left", "new": "member" });
        self.tells("standing", facts).await;
        let supergroup = self.diana.migrates(&group)?;
        self.tells("moves_to", json!({ "chat": group.id(), "to": supergroup.id() }))
            .await;
        self.tells(
            "comes_from",
            json!({ "chat": supergroup.id(), "origin": group.id() }),
        )
        .await;
        self.orders("count", &group, None)?;
        self.tells("migrated", json!({ "to": supergroup.id() })).await;

        self.alicia.blocks_bot()?;
        let facts = json!({ "chat": "private", "by": "Alicia", "old": "member", "new": "kicked" });
        self.tells("standing", facts).await;
        self.tells("forbidden", json!({})).await;
        Ok(())
    }

    /// Everything was told, nothing twice, and nothing undocumented was sent.
    async fn ends(self, client: Client) -> Told {
        let mut bot = self.bot;
        // What came before has been handled when this is.
        self.diana.sends("Adiós")?;
        bot.tells("text").await;
        bot.tells("reply").await;
        assert_eq!(bot.untaken(), &[] as &[Value]);
        assert_eq!(self.sim.violations(), []);
        let is_hooked = self.sim.deliveries() > 0;
        assert_eq!(is_hooked, client == Client::PtbByWebhook);
        Ok(())
    }
}
