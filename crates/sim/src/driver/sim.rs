//! The stand-in as its owner sees it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use super::person::Person;
use super::wait::{Unheard, wait_on};
use super::{Entry, Profile, room, transcript};
use crate::clock::Clock;
use crate::journal::{Call, Record, Violation};
use crate::limits::Limits;
use crate::server;
use crate::shared::Shared;
use crate::state::{Bot, World};

/// How long stopping waits for unfinished requests, in real time.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How a stand-in is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 means any free one.
    pub port: u16,
    /// The clock that everything obeys.
    pub clock: Clock,
    /// Answer violations with an error instead of only recording them.
    pub strict: bool,
    /// The bots; without any there is one of a default name. More can be added later.
    pub bots: Vec<NewBot>,
    /// How long waits last, in real time, before they fail.
    pub patience: Duration,
    /// How many calls are kept to be read, the newest.
    pub calls_kept: usize,
    /// Be as strict with webhooks and uploads as the hosted server; otherwise as one of one's own,
    /// started with `--local`.
    pub cloud: bool,
    /// The limits of rate to enforce, if any.
    pub limits: Option<Limits>,
    /// Take requests for a new stand-in in place of this one: whoever starts it has to wait for
    /// [`Sim::reset_requested`]. Otherwise such requests are refused.
    pub resettable: bool,
    /// Whoever acts as the people from outside, or wants to see them, has to wait until [`Sim::opens`]: things are
    /// set up before. Bots are served all the same.
    pub closed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            clock: Clock::system(),
            strict: false,
            bots: Vec::new(),
            patience: Duration::from_secs(30),
            calls_kept: 10_000,
            cloud: false,
            limits: None,
            resettable: false,
            closed: false,
        }
    }
}

/// A bot to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NewBot {
    /// Its token, `<id>:<24 or more of A-Za-z0-9_->`; a fresh one if none.
    pub token: Option<String>,
    /// Its username, without `@`.
    pub username: String,
    /// Its name.
    pub first_name: String,
    /// It sees all messages of its groups, instead of only those meant for it: privacy mode off.
    pub reads_all_messages: bool,
}

impl Default for NewBot {
    fn default() -> Self {
        Self {
            token: None,
            username: "stand_in_bot".into(),
            first_name: "Stand-in".into(),
            reads_all_messages: false,
        }
    }
}

/// What one has to know of a bot in order to be it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BotInfo {
    /// What it authorises itself with.
    pub token: String,
    /// Its user id.
    pub id: i64,
    /// Its username, without `@`.
    pub username: String,
    /// Its name.
    pub first_name: String,
}

impl BotInfo {
    fn of(bot: &Bot) -> Self {
        Self {
            token: bot.token.clone(),
            id: bot.id,
            username: bot.username.clone(),
            first_name: bot.first_name.clone(),
        }
    }
}

/// A running stand-in. Clones are the same one; the server stops with [`Sim::stop`] or when the
/// last clone is dropped.
#[derive(Debug, Clone)]
pub struct Sim {
    pub(super) shared: Arc<Shared>,
    port: u16,
    main_bot: i64,
    server: Arc<Mutex<Option<JoinHandle<()>>>>,
    _stop_on_drop: Arc<DropGuard>,
}

impl Sim {
    /// Starts a stand-in on loopback.
    ///
    /// # Errors
    /// When the port cannot be had, or a bot's token or username is impossible or taken.
    pub async fn start(options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(&options));
        let Options { port, mut bots, .. } = options;
        if bots.is_empty() {
            bots.push(NewBot::default());
        }
        for bot in bots {
            add_bot(&shared, bot).ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a bot's token or username is impossible or taken",
                )
            })?;
        }
        let main_bot = shared.world().bots()[0].id;
        let (port, server) = server::start(Arc::clone(&shared), port).await?;
        let stop_on_drop = Arc::new(shared.stop.clone().drop_guard());
        Ok(Self {
            shared,
            port,
            main_bot,
            server: Arc::new(Mutex::new(Some(server))),
            _stop_on_drop: stop_on_drop,
        })
    }

    /// Stops the server: waiting polls are answered, connections closed. A client that keeps a
    /// request unfinished is waited for only briefly.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut server) = server else { return };
        match tokio::time::timeout(STOP_PATIENCE, &mut server).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the stand-in's server died"),
            Err(_) => server.abort(),
        }
    }

    /// Waits until somebody stops the server through [`Sim::stop`] of some clone.
    pub async fn stopped(&self) {
        self.shared.stop.cancelled().await;
    }

    /// Lets others act as the people from now on, when it was started [`closed`](Options::closed).
    pub fn opens(&self) {
        self.shared.open.cancel();
    }

    /// Waits until somebody asks for a new stand-in in place of this one, which has to be
    /// [`resettable`](Options::resettable). Returns at once when somebody has asked already; may be
    /// given up and begun again at any time.
    pub async fn reset_requested(&self) {
        self.shared.reset.cancelled().await;
    }

    /// The address for bots, in place of `https://api.telegram.org`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Lets the HTTP `Date` header be so many seconds ahead of the clock from now on; behind it, if
    /// negative. Everything else goes on by the clock: to a bot it looks as if its own were wrong.
    pub fn set_skew(&self, seconds: i64) {
        self.shared.skew.store(seconds, Ordering::Relaxed);
        self.shared.ring();
    }

    /// The first bot.
    #[must_use]
    pub fn bot(&self) -> BotInfo {
        let world = self.shared.world();
        BotInfo::of(world.bot(self.main_bot).expect("bots are never removed"))
    }

    /// All bots.
    #[must_use]
    pub fn bots(&self) -> Vec<BotInfo> {
        bots(&self.shared)
    }

    /// Adds a bot; None if its token or username is impossible or taken.
    #[must_use]
    pub fn add_bot(&self, bot: NewBot) -> Option<BotInfo> {
        add_bot(&self.shared, bot)
    }

    /// Somebody new, of whom only the first name is known.
    #[must_use]
    pub fn person(&self, first_name: &str) -> Person {
        self.newcomer(Profile::new(first_name))
    }

    /// Somebody new.
    #[must_use]
    pub fn newcomer(&self, profile: Profile) -> Person {
        let id = self
            .shared
            .world()
            .add_person(None, profile)
            .expect("a fresh id is not taken");
        self.shared.ring();
        Person::new(Arc::clone(&self.shared), self.main_bot, id)
    }

    /// Somebody new with a given id; None if it is taken or not positive.
    #[must_use]
    pub fn newcomer_with_id(&self, id: i64, profile: Profile) -> Option<Person> {
        let id = self.shared.world().add_person(Some(id), profile)?;
        self.shared.ring();
        Some(Person::new(Arc::clone(&self.shared), self.main_bot, id))
    }

    /// Somebody who is already here.
    #[must_use]
    pub fn person_by_id(&self, id: i64) -> Option<Person> {
        self.shared.world().person(id)?;
        Some(Person::new(Arc::clone(&self.shared), self.main_bot, id))
    }

    /// How many updates wait for the first bot.
    #[must_use]
    pub fn updates_pending(&self) -> usize {
        updates_pending(&self.shared, self.main_bot)
    }

    /// How many polls of the first bot have been held so far: found nothing and began to wait.
    #[must_use]
    pub fn polls_held(&self) -> u64 {
        self.shared
            .world()
            .bot(self.main_bot)
            .map_or(0, |bot| bot.poll.waiting)
    }

    /// How many attempts to deliver an update to the first bot's webhook have ended so far, well
    /// or badly.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.shared
            .world()
            .bot(self.main_bot)
            .map_or(0, |bot| bot.hook.deliveries)
    }

    /// The calls that bots made, oldest first, as far as they are kept.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let records = self.shared.journal().records();
        records.into_iter().map(Record::read).collect()
    }

    /// How often a method was called since the start, successfully or not.
    #[must_use]
    pub fn call_count(&self, method: &str) -> u64 {
        self.shared.journal().count(method)
    }

    /// How often any method was called since the start, successfully or not.
    #[must_use]
    pub fn calls_made(&self) -> u64 {
        self.shared.journal().total()
    }

    /// What a correct bot would not have sent.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.shared.journal().violations()
    }

    /// Waits until `look` sees what it looks for. It is asked now and after every change, and
    /// should be quick: nothing moves meanwhile.
    ///
    /// # Errors
    /// [`Unheard`] with all chats when patience runs out; `awaited` names what was looked for.
    pub async fn until<T>(
        &self,
        awaited: &str,
        mut look: impl FnMut(&View<'_>) -> Option<T>,
    ) -> Result<T, Unheard> {
        let shared = &self.shared;
        let look = || {
            look(&View {
                shared,
                world: &shared.world(),
                bot: self.main_bot,
            })
        };
        wait_on(&shared.changed, shared.patience, &shared.stop, look)
            .await
            .ok_or_else(|| Unheard {
                awaited: awaited.to_owned(),
                patience: shared.patience,
                transcript: self.transcript(),
            })
    }

    /// All chats with the first bot, then all groups and channels.
    #[must_use]
    pub fn transcript(&self) -> String {
        let world = self.shared.world();
        let mut ids: Vec<i64> = world.people().map(|person| person.id).collect();
        ids.sort_unstable();
        let chats = ids
            .into_iter()
            .map(|id| chat_transcript(&world, self.main_bot, id));
        let rooms = room::transcripts(&world, self.shared.clock.now());
        chats
            .chain(rooms)
            .filter(|chat| !chat.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The world as it stands at one moment, for [`Sim::until`].
#[derive(Debug)]
pub struct View<'a> {
    pub(super) shared: &'a Shared,
    pub(super) world: &'a World,
    bot: i64,
}

impl View<'_> {
    /// A person's chat with the first bot, oldest message first.
    #[must_use]
    pub fn chat(&self, person_id: i64) -> Vec<Entry> {
        self.world
            .private(self.bot, person_id)
            .map(|chat| Entry::all(&chat.log))
            .unwrap_or_default()
    }

    /// How many messages of the first bot a person's chat holds; cheaper than reading them.
    #[must_use]
    pub fn answers(&self, person_id: i64) -> usize {
        let chat = self.world.private(self.bot, person_id);
        let messages = chat.map_or(&[][..], |chat| chat.log.messages());
        messages.iter().filter(|m| m.sender.by == super::By::Bot).count()
    }

    /// How often a method was called since the start, successfully or not.
    #[must_use]
    pub fn call_count(&self, method: &str) -> u64 {
        self.shared.journal().count(method)
    }

    /// How many polls of the first bot have been held so far.
    #[must_use]
    pub fn polls_held(&self) -> u64 {
        self.world.bot(self.bot).map_or(0, |bot| bot.poll.waiting)
    }

    /// How many attempts to deliver an update to the first bot's webhook have ended so far.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.world.bot(self.bot).map_or(0, |bot| bot.hook.deliveries)
    }
}

pub(crate) fn add_bot(shared: &Shared, bot: NewBot) -> Option<BotInfo> {
    let NewBot {
        token,
        username,
        first_name,
        reads_all_messages,
    } = bot;
    let mut world = shared.world();
    let bot = world.add_bot(token, username, first_name, reads_all_messages);
    let added = bot.map(BotInfo::of);
    drop(world);
    shared.ring();
    added
}

pub(crate) fn bots(shared: &Shared) -> Vec<BotInfo> {
    shared.world().bots().iter().map(BotInfo::of).collect()
}

pub(crate) fn updates_pending(shared: &Shared, bot: i64) -> usize {
    let now = shared.clock.now();
    shared.world().bot_mut(bot).map_or(0, |bot| bot.queue.len(now))
}

pub(crate) fn chat_transcript(world: &World, bot: i64, person: i64) -> String {
    let chat = world.private(bot, person);
    chat.map_or_else(String::new, |chat| transcript::write(world, &chat.log))
}
