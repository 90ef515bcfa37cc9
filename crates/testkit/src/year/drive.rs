//! Living through a year: who has a turn does something, and time jumps to the next turn.

mod acts;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use anyhow::{Context, Result, bail, ensure};
use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::PlanId;
use sea_orm::{ConnectionTrait, Statement};
use sim::{ButtonAction, Cannot, Entry, Fault, Markup, NewLink, Person, Rights, Room};
use store::{StoreError, holds, invariants, plans};

use super::oracle::Oracle;
use super::plan::{Act, Affair, DARKNESS, Life, PLANS};
use super::{Figures, Year};
use crate::house::{House, LONGEST_JUMP};

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);

/// How often something is tried, every ten minutes.
const TRIES: u32 = 36;

/// What Telegram may fail at.
const METHODS: [&str; 11] = [
    "sendMessage",
    "editMessageText",
    "answerCallbackQuery",
    "approveChatJoinRequest",
    "declineChatJoinRequest",
    "banChatMember",
    "unbanChatMember",
    "createChatInviteLink",
    "revokeChatInviteLink",
    "getChatMember",
    "getChatMemberCount",
];

/// Buttons.
const LISTEN: &str = "Le escucho";
const ACCEPT: &str = "Comprendo y acepto";
const MEMBERSHIP: &str = "👑 Mi membresía";
const ENTER: &str = "🗝️ Entrar al salón";
const WISH: &str = "👑 Quiero renovar";
const GRANT: &str = "🎁 Concederle los días";
const READMIT: &str = "🔓 Abrirle de nuevo";
const CONFIRM: &str = "✅ Confirmar";
const CONFIRM_LIST: &str = "✅ Confirmar la lista";
const SWEEP: &str = "🚪 Salidas";
const PAUSE: &str = "⏸️ Detener las salidas";
const RESUME: &str = "▶️ Reanudar las salidas";
const NOTICES: &str = "🔔 Avisos";
const SUMMARY: &str = "☀️ Resumen diario: no";

/// What has a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Affair(Affair),
    Act(usize, Act),
}

/// What has come of a turn.
enum Done {
    /// It is done.
    Yes,
    /// It makes no sense any more.
    Moot,
    /// It cannot be done yet.
    NotYet(&'static str),
}

/// When what has a turn, for the how-manieth time it is tried. Of one moment the first comes first.
type Entered = Reverse<(Timestamp, u64, Turn, u32)>;

/// A year under way.
pub(super) struct Drive<'a> {
    house: &'a mut House,
    year: Year,
    start: Timestamp,
    lives: Vec<Life>,
    oracle: Oracle,
    agenda: BinaryHeap<Entered>,
    entered: u64,
    custodian: Person,
    /// The custodian's panel, a message.
    panel: i32,
    /// The link to the visitors' channel.
    door: String,
    /// The ids of [`PLANS`].
    plans: Vec<PlanId>,
    is_dark: bool,
    /// When it became dark last.
    dark_since: Timestamp,
    is_paused: bool,
    is_troubled: bool,
    is_held: bool,
    last_look: Timestamp,
    /// What the links of invitations carry that people were given.
    handed_out: HashSet<String>,
    figures: Figures,
}

impl<'a> Drive<'a> {
    /// Has the custodian set everything up.
    pub(super) async fn begin(house: &'a mut House, year: Year) -> Result<Self> {
        let custodian = house.custodian();
        custodian.sends("/start")?;
        house.settles().await?;
        custodian.sends("/admin")?;
        house.settles().await?;
        let panel = custodian.last_message().context("the panel")?.message_id;
        let salon = sets_up(house, panel, "El salón", "vip").await?;
        let patio = sets_up(house, panel, "El patio", "free").await?;
        custodian.promotes(&salon, house.creator().id(), Rights::all())?;
        let mut ids = Vec::new();
        for (name, days) in PLANS {
            custodian.presses_data_on(panel, "panel:plan")?;
            house.settles().await?;
            for answer in [name, &days.to_string(), "9.99"] {
                custodian.sends(answer)?;
                house.settles().await?;
            }
            custodian.presses(CONFIRM)?;
            house.settles().await?;
            let plan = plans::find_by_name(&house.store().read(), name).await?;
            ids.push(plan.context("the plan is made")?.id);
        }
        let to_the_patio = NewLink {
            creates_join_request: true,
            ..NewLink::default()
        };
        let door = custodian.creates_link(&patio, to_the_patio)?;
        let start = house.now();
        let people = (0..year.people)
            .map(|number| house.person(Life::name(number)))
            .collect();
        let mut drive = Self {
            oracle: Oracle::new(salon, patio, MINUTE * 5, people),
            lives: (0..year.people)
                .map(|number| Life::new(year.seed, number))
                .collect(),
            year,
            start,
            agenda: BinaryHeap::new(),
            entered: 0,
            custodian,
            panel,
            door,
            plans: ids,
            is_dark: false,
            dark_since: start,
            is_paused: false,
            is_troubled: false,
            is_held: false,
            last_look: start,
            handed_out: HashSet::new(),
            figures: Figures::default(),
            house,
        };
        for (at, affair) in year.affairs(start, drive.house.backend()) {
            drive.enter(at, Turn::Affair(affair));
        }
        for who in 0..year.people {
            for (at, act) in drive.lives[who].begins(start, year.days) {
                drive.enter(at, Turn::Act(who, act));
            }
        }
        Ok(drive)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.house.now()
    }

    /// Lives until the year is over.
    pub(super) async fn live(&mut self, mut told: impl FnMut(&Figures)) -> Result<Figures> {
        let end = self.start + DAY * i32::try_from(self.year.days)?;
        loop {
            while let Some(Reverse((at, ..))) = self.agenda.peek()
                && *at <= self.now()
            {
                let Reverse((_, _, turn, tries)) = self.agenda.pop().context("it was peeked at")?;
                self.take(turn, tries)
                    .await
                    .with_context(|| format!("{turn:?}"))?;
            }
            self.look(false).await?;
            let day = (self.now() - self.start).num_days();
            if day > self.figures.days {
                self.figures.days = day;
                ensure!(
                    self.house.telegram.violations().is_empty(),
                    "{:?}",
                    self.house.telegram.violations()
                );
                if day % 30 == 0 {
                    self.look(true).await?;
                }
                self.figures.calls = self.house.telegram.calls_made();
                if !self.is_dark {
                    self.figures.updates = updates(self.house).await?;
                }
                told(&self.figures);
            }
            if self.now() >= end {
                break;
            }
            self.jump(end).await?;
        }
        self.look(true).await?;
        self.oracle.listen()?;
        self.figures.updates = updates(self.house).await?;
        self.figures.calls = self.house.telegram.calls_made();
        Ok(self.figures)
    }

    fn enter(&mut self, at: Timestamp, turn: Turn) {
        self.enter_again(at, turn, 0);
    }

    fn enter_again(&mut self, at: Timestamp, turn: Turn, tries: u32) {
        self.entered += 1;
        self.agenda.push(Reverse((at, self.entered, turn, tries)));
    }

    /// Lets time jump to whatever comes next, and that happen.
    async fn jump(&mut self, end: Timestamp) -> Result<()> {
        let now = self.now();
        let turn = self.agenda.peek().map(|Reverse((at, ..))| *at);
        let of_the_house = match self.is_dark {
            true => None,
            false => self.house.next_moment().await?,
        };
        let next = turn
            .into_iter()
            .chain(of_the_house)
            .chain([end, now + LONGEST_JUMP]);
        let next = next.min().context("there is an end")?;
        self.house.advance(next.max(now) - now)?;
        self.figures.jumps += 1;
        self.settles().await
    }

    async fn settles(&self) -> Result<()> {
        match self.is_dark {
            true => Ok(()),
            false => self.house.settles().await,
        }
    }

    /// Checks everything that must hold, and follows what has come of what was done.
    async fn look(&mut self, everybody: bool) -> Result<()> {
        let (now, last) = (self.now(), self.last_look);
        self.last_look = now;
        if self.is_dark || self.is_troubled {
            self.oracle.outage(last, now);
        }
        if self.is_dark {
            return Ok(());
        }
        let held = !holds::all(&self.house.store().read()).await?.is_empty();
        if held && !self.is_held {
            self.enter(now + HOUR * 5, Turn::Affair(Affair::Confirm));
        }
        if held || self.is_held || self.is_paused {
            self.oracle.hold(last, now);
        }
        self.is_held = held;
        let broken = invariants::check(&self.house.store().read(), now).await?;
        ensure!(broken.is_empty(), "{broken:?}");
        self.oracle.look(now)?;
        for (who, act, end) in self.oracle.look_up(self.house, everybody).await? {
            self.goes_on(who, act, Some(end));
        }
        Ok(())
    }

    /// Enters what follows from an act.
    fn goes_on(&mut self, who: usize, act: Act, end: Option<Timestamp>) {
        let now = self.now();
        for (at, act) in self.lives[who].follows(act, now, end) {
            self.enter(at, Turn::Act(who, act));
        }
    }

    async fn take(&mut self, turn: Turn, tries: u32) -> Result<()> {
        let done = match turn {
            Turn::Affair(affair) => self.see_to(affair).await?,
            // Most wait until there is light again; whoever asks at a door need not know.
            Turn::Act(_, act) if self.is_dark && !(act == Act::Ask && self.will_be_heard()) => {
                Done::NotYet("there is light")
            }
            Turn::Act(who, act) => self.does(who, act).await?,
        };
        self.settles().await?;
        match (done, turn) {
            (Done::NotYet(what), _) if tries >= TRIES && !self.is_dark => {
                bail!("in vain they wait that {what}:\n{}", self.transcript(turn))
            }
            (Done::NotYet(_), _) => {
                let tries = if self.is_dark { 0 } else { tries + 1 };
                self.enter_again(self.now() + MINUTE * 10, turn, tries);
            }
            (Done::Yes, Turn::Act(who, act)) => {
                self.figures.acts += 1;
                // What follows from more time is known once it is stored.
                if !matches!(act, Act::Redeem | Act::Wish) {
                    self.goes_on(who, act, None);
                }
            }
            (Done::Yes, Turn::Affair(_)) => self.figures.acts += 1,
            (Done::Moot, _) => {}
        }
        Ok(())
    }

    /// Whether the house will hear, once there is light, of what is asked for now: Telegram keeps it for a day
    /// (Bot API, Getting updates).
    fn will_be_heard(&self) -> bool {
        self.dark_since + DARKNESS - self.now() < DAY
    }

    fn transcript(&self, turn: Turn) -> String {
        match turn {
            Turn::Affair(_) => self.custodian.transcript(),
            Turn::Act(who, _) => self.oracle.folk[who].person.transcript(),
        }
    }

    async fn see_to(&mut self, affair: Affair) -> Result<Done> {
        let telegram = &self.house.telegram;
        let fails = |fault: &dyn Fn() -> Fault| {
            for method in METHODS {
                telegram.inject(fault().on(method));
            }
        };
        match affair {
            Affair::Flood => fails(&|| Fault::flood(20).times(5)),
            Affair::Pages => fails(&|| Fault::html(502)),
            Affair::Cuts => fails(&|| Fault::cut().after_effect().times(3)),
            Affair::Calm => telegram.clear_faults(),
            Affair::Restart => self.house.reopens().await?,
            Affair::Crash => {
                self.house.crashes().await?;
                self.house.reopens().await?;
            }
            Affair::Dark => {
                self.house.closes().await?;
                (self.is_dark, self.dark_since) = (true, self.now());
            }
            Affair::Light => {
                self.house.reopens().await?;
                self.is_dark = false;
            }
            Affair::Wait(minutes) => {
                let change = format!("UPDATE bot_config SET wait_time_minutes = {minutes}");
                let store = self.house.store();
                let changed: Result<(), StoreError> = store
                    .write(async |tx| {
                        tx.execute_unprepared(&change).await?;
                        Ok(())
                    })
                    .await;
                changed?;
                self.oracle.wait = MINUTE * minutes;
            }
            Affair::Pause | Affair::Resume => {
                let (label, is_paused) = match affair {
                    Affair::Pause => (PAUSE, true),
                    _ => (RESUME, false),
                };
                self.opens_panel().await?;
                for label in [SWEEP, label] {
                    if !self.presses(label).await? {
                        return Ok(Done::NotYet("the panel has its buttons"));
                    }
                }
                self.oracle.hold(self.now(), self.now());
                self.is_paused = is_paused;
            }
            Affair::Summary => {
                self.opens_panel().await?;
                for label in [NOTICES, SUMMARY] {
                    if !self.presses(label).await? {
                        return Ok(Done::NotYet("the panel has its buttons"));
                    }
                }
            }
            Affair::Confirm => {
                if holds::all(&self.house.store().read()).await?.is_empty() {
                    return Ok(Done::Moot);
                }
                self.opens_panel().await?;
                if !self.presses(CONFIRM_LIST).await? {
                    return Ok(Done::NotYet("the list can be confirmed"));
                }
                if !holds::all(&self.house.store().read()).await?.is_empty() {
                    return Ok(Done::NotYet("the hold is over"));
                }
            }
            Affair::Grant => {
                for label in [GRANT, CONFIRM] {
                    if !self.presses(label).await? {
                        return Ok(Done::NotYet("days can be granted"));
                    }
                }
            }
            Affair::Readmit => {
                if !self.presses(READMIT).await? {
                    return Ok(Done::NotYet("somebody can be let in again"));
                }
            }
        }
        self.is_troubled = match affair {
            Affair::Flood | Affair::Pages | Affair::Cuts => true,
            Affair::Calm => false,
            _ => self.is_troubled,
        };
        Ok(Done::Yes)
    }

    /// The custodian has the panel before them.
    async fn opens_panel(&self) -> Result<()> {
        self.custodian.sends("/admin")?;
        self.house.settles().await
    }

    /// The custodian taps on a button. False, there is none.
    async fn presses(&self, label: &str) -> Result<bool> {
        taps(self.house, &self.custodian, label).await
    }

    /// The custodian issues an invitation; none, Telegram does not want it now.
    async fn issues(&mut self, plan: usize) -> Result<Option<String>> {
        let custodian = &self.custodian;
        custodian.presses_data_on(self.panel, &format!("panel:for:{}", self.plans[plan]))?;
        self.house.settles().await?;
        if !self.presses(CONFIRM).await? {
            return Ok(None);
        }
        // A notice may have come after it, and earlier ones stand above it.
        let entries = custodian.chat().into_iter().rev().take(5);
        let mut payloads = entries.filter_map(|entry| payload(&entry.text));
        let issued = payloads.find(|payload| !self.handed_out.contains(payload));
        self.handed_out.extend(issued.clone());
        Ok(issued)
    }
}

/// How many updates a house has got.
async fn updates(house: &House) -> Result<i64> {
    let db = house.store().read();
    let last = Statement::from_string(db.get_database_backend(), "SELECT max(seq) AS seq FROM inbox");
    let row = db.query_one_raw(last).await?.context("a figure")?;
    Ok(row.try_get::<Option<i64>>("", "seq")?.unwrap_or(0))
}

/// A channel of the custodian's, which they set up at the panel.
async fn sets_up(house: &House, panel: i32, title: &str, name: &str) -> Result<Room> {
    let custodian = house.custodian();
    let room = house.telegram.channel(title, &custodian);
    custodian.promotes(&room, house.telegram.bot().id, Rights::all())?;
    let post = custodian.writes_in(&room, "Una publicación")?;
    custodian.presses_data_on(panel, &format!("panel:setup:{name}"))?;
    house.settles().await?;
    custodian.forwards_from(&room, post)?;
    house.settles().await?;
    let told = custodian.last_message().context("an answer")?;
    ensure!(told.text.contains("configurado"), "{}", told.text);
    Ok(room)
}

/// Taps on the newest button that is called just so, after which the house comes to rest. False, there is none.
async fn taps(house: &House, person: &Person, label: &str) -> Result<bool> {
    reaches(person)?;
    let on = |entry: Entry| Some((entry.message_id, data_of(&entry, label)?));
    let Some((message_id, data)) = person.chat().into_iter().rev().find_map(on) else {
        return Ok(false);
    };
    person.presses_data_on(message_id, &data)?;
    house.settles().await?;
    Ok(true)
}

/// What a button carries.
fn data_of(entry: &Entry, label: &str) -> Option<String> {
    let Some(Markup::InlineKeyboard(rows)) = &entry.keyboard else {
        return None;
    };
    let button = rows.iter().flatten().find(|button| button.text == label)?;
    match &button.action {
        ButtonAction::Callback(data) => Some(data.clone()),
        _ => None,
    }
}

/// Whoever has blocked Lucien and wants something of him unblocks him.
fn reaches(person: &Person) -> Result<()> {
    match person.unblocks_bot() {
        Ok(()) | Err(Cannot::NotBlocked) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// What an invitation's link carries.
fn payload(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("?start=")?;
    let is_part = |c: &char| c.is_ascii_alphanumeric() || "_-".contains(*c);
    Some(rest.chars().take_while(is_part).collect())
}
