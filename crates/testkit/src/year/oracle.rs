//! What must hold in a house whose year is known from outside: who has to be inside, and who has not.

use std::collections::{BTreeSet, HashSet};

use anyhow::{Context, Result, bail, ensure};
use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::role::Role;
use domain::subscription::{Stage, Status, Subscription};
use sim::{By, Person, Room};
use store::{people, subscribers};

use super::plan::Act;
use crate::house::House;

/// How late something may be that is done in time.
const SLACK: TimeDelta = TimeDelta::minutes(3);

/// How long after a trouble something may still be late because of it.
const AFTERMATH: TimeDelta = TimeDelta::minutes(15);

const DAY: TimeDelta = TimeDelta::days(1);

/// What people hear, by the words that only this says.
const THREE_DAYS: &str = "unos tres días";
const ONE_DAY: [&str; 2] = ["un día, o poco menos", "este es el último día"];
const ENDED: &str = "Estuvo vigente hasta";
const WELCOME: &str = "Le doy la bienvenida a";

/// How somebody stands at a channel, as they see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    /// They have asked to be let in.
    Asks(Timestamp),
    Inside,
}

/// More time, which has been asked for and is not stored yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    /// By which act.
    pub(super) by: Act,
    pub(super) since: Timestamp,
    pub(super) days: TimeDelta,
}

/// Somebody as they stand, by what they have done and what was answered.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) person: Person,
    /// Until when they are a member.
    pub(super) end: Option<Timestamp>,
    /// When that was said.
    extended_at: Timestamp,
    pub(super) awaits: Option<Awaited>,
    pub(super) salon: Place,
    pub(super) patio: Place,
    /// When they have asked to be let into the visitors' channel of late. Whoever takes that back and asks again
    /// keeps their place: Telegram does not tell.
    asked: Vec<Timestamp>,
    /// Another administrator has removed them from the members' channel.
    pub(super) is_banned: bool,
    /// They have blocked Lucien at some time.
    pub(super) has_blocked: bool,
    /// Their account is deleted.
    pub(super) is_gone: bool,
    was_member: bool,
    /// How often they were let into the visitors' channel.
    admissions: usize,
    /// How often they must have heard that their time is over, and that a day is left.
    must_hear: (usize, usize),
    /// The end of which that was counted.
    counted: Option<Timestamp>,
}

impl Standing {
    pub(super) const fn of(person: Person) -> Self {
        Self {
            person,
            end: None,
            extended_at: Timestamp::UNIX_EPOCH,
            awaits: None,
            salon: Place::Outside,
            patio: Place::Outside,
            asked: Vec::new(),
            is_banned: false,
            has_blocked: false,
            is_gone: false,
            was_member: false,
            admissions: 0,
            must_hear: (0, 0),
            counted: None,
        }
    }

    /// Whether they are a member.
    pub(super) fn is_member(&self, now: Timestamp) -> bool {
        self.end.is_some_and(|end| now <= end)
    }
}

/// Times of trouble, each with its aftermath.
#[derive(Debug, Default)]
struct Troubles(Vec<(Timestamp, Timestamp)>);

impl Troubles {
    fn at(&mut self, from: Timestamp, now: Timestamp) {
        let until = now + AFTERMATH;
        match self.0.last_mut() {
            Some(last) if last.1 >= from => last.1 = until,
            _ => self.0.push((from, until)),
        }
    }

    /// Until when there has been some.
    fn until(&self) -> Timestamp {
        self.0.last().map_or(Timestamp::MIN_UTC, |last| last.1)
    }

    fn spare(&self, from: Timestamp, to: Timestamp) -> bool {
        self.0.iter().all(|(begin, end)| *end < from || to < *begin)
    }
}

/// Sees what does not hold.
#[derive(Debug)]
pub(super) struct Oracle {
    pub(super) salon: Room,
    pub(super) patio: Room,
    /// How long one waits for the visitors' channel.
    pub(super) wait: TimeDelta,
    pub(super) folk: Vec<Standing>,
    /// People who have tried somebody else's link.
    pub(super) strangers: Vec<Person>,
    /// Whose rows are looked at next time.
    touched: BTreeSet<usize>,
    /// Telegram did not do what it was asked for, or was not asked.
    outages: Troubles,
    /// Nobody is seen out; outages too.
    holds: Troubles,
}

impl Oracle {
    pub(super) fn new(salon: Room, patio: Room, wait: TimeDelta, people: Vec<Person>) -> Self {
        Self {
            salon,
            patio,
            wait,
            folk: people.into_iter().map(Standing::of).collect(),
            strangers: Vec::new(),
            touched: BTreeSet::new(),
            outages: Troubles::default(),
            holds: Troubles::default(),
        }
    }

    /// Somebody who is about to do something.
    pub(super) fn one(&mut self, who: usize) -> &mut Standing {
        self.touched.insert(who);
        &mut self.folk[who]
    }

    /// Somebody asks to be let into the visitors' channel.
    pub(super) fn asks(&mut self, who: usize, now: Timestamp) {
        let (wait, outages) = (self.wait, self.outages.until());
        let one = self.one(who);
        one.asked.retain(|at| now <= (*at + wait).max(outages) + SLACK);
        one.asked.push(now);
        one.patio = Place::Asks(now);
    }

    /// From `from` until `now`, Telegram could not be told everything.
    pub(super) fn outage(&mut self, from: Timestamp, now: Timestamp) {
        self.outages.at(from, now);
        self.holds.at(from, now);
    }

    /// From `from` until `now`, nobody was seen out.
    pub(super) fn hold(&mut self, from: Timestamp, now: Timestamp) {
        self.holds.at(from, now);
    }

    /// Everybody has to be where they belong.
    pub(super) fn look(&mut self, now: Timestamp) -> Result<()> {
        let (outages, holds) = (self.outages.until(), self.holds.until());
        for (who, one) in self.folk.iter_mut().enumerate() {
            let id = one.person.id();
            let status = self.salon.status_of(id);
            one.is_banned &= matches!(status, sim::Status::Kicked { .. });
            let is_member = one.is_member(now);
            if is_member != one.was_member || one.awaits.is_some() {
                self.touched.insert(who);
            }
            one.was_member = is_member;
            let before = one.salon;
            one.salon = match (before, status.is_present()) {
                (Place::Inside | Place::Asks(_), true) => Place::Inside,
                (Place::Inside, false) if is_member => {
                    bail!("{id} was seen out as a member:\n{}", one.person.transcript())
                }
                (Place::Asks(since), false) if is_member => {
                    let patience = since.max(outages) + SLACK;
                    ensure!(
                        now <= patience,
                        "{id} is a member and not let in since {since}:\n{}",
                        one.person.transcript()
                    );
                    before
                }
                (Place::Inside | Place::Asks(_) | Place::Outside, false) => Place::Outside,
                (Place::Outside, true) => bail!("{id} is in the members' channel and never knocked"),
            };
            if let (Place::Inside, Some(end), false) = (one.salon, one.end, is_member) {
                let patience = end.max(holds) + SLACK;
                ensure!(
                    now <= patience,
                    "{id} is inside, and was a member until {end}:\n{}",
                    one.person.transcript()
                );
            }
            if before != one.salon {
                self.touched.insert(who);
            }
            if one.is_gone {
                continue;
            }
            one.patio = match (one.patio, self.patio.status_of(id).is_present()) {
                (Place::Asks(since), true) => {
                    let first = one.asked.first().copied().unwrap_or(since);
                    let due = first + self.wait - TimeDelta::seconds(1);
                    ensure!(now >= due, "{id} has asked at {since} and is let in already");
                    one.admissions += 1;
                    one.asked.clear();
                    self.touched.insert(who);
                    Place::Inside
                }
                (Place::Asks(since), false) => {
                    let patience = (since + self.wait).max(outages) + SLACK;
                    ensure!(
                        now <= patience,
                        "{id} has waited since {since}:\n{}",
                        one.person.transcript()
                    );
                    Place::Asks(since)
                }
                (Place::Inside, true) => Place::Inside,
                (Place::Outside, false) => Place::Outside,
                (place, _) => bail!("{id} is not where they were in the visitors' channel: {place:?}"),
            };
            if let Some(end) = one.end
                && now > end + SLACK * 4
                && one.counted != Some(end)
            {
                one.counted = Some(end);
                let calm = |from: Timestamp| self.holds.spare(from, from + SLACK * 4);
                if !one.has_blocked {
                    one.must_hear.0 += usize::from(calm(end));
                    let last_day = end - DAY;
                    one.must_hear.1 += usize::from(one.extended_at < last_day && calm(last_day));
                }
            }
        }
        for stranger in &self.strangers {
            let is_inside = self.salon.status_of(stranger.id()).is_present();
            ensure!(!is_inside, "{} is inside by somebody else's link", stranger.id());
        }
        Ok(())
    }

    /// Whoever had reason to change, or everybody, must be stored as they stand. Returns who has got more
    /// time, by what and until when.
    pub(super) async fn look_up(
        &mut self,
        house: &House,
        everybody: bool,
    ) -> Result<Vec<(usize, Act, Timestamp)>> {
        let touched = match everybody {
            true => (0..self.folk.len()).collect(),
            false => std::mem::take(&mut self.touched),
        };
        let (db, now) = (house.store().read(), house.now());
        let mut extended = Vec::new();
        for who in touched {
            let one = &mut self.folk[who];
            let id = UserId(one.person.id());
            let Some(stored) = people::find(&db, id).await? else {
                ensure!(
                    one.end.is_none() && one.patio == Place::Outside || one.awaits.is_some(),
                    "{id} is not stored"
                );
                continue;
            };
            let subscription = subscribers::find(&db, id)
                .await?
                .map(|stored| stored.subscription);
            if let Some(awaited) = one.awaits {
                match extension(one.end, awaited, subscription, now).with_context(|| id.to_string())? {
                    Some(end) => {
                        (one.end, one.extended_at, one.awaits) = (Some(end), now, None);
                        one.was_member = true;
                        extended.push((who, awaited.by, end));
                    }
                    None => ensure!(
                        now <= awaited.since.max(self.outages.until()) + SLACK + patience_for(awaited.by),
                        "{id} has waited for more time since {}:\n{}",
                        awaited.since,
                        one.person.transcript(),
                    ),
                }
            }
            let is_member = one.is_member(now);
            let stage = subscription.and_then(|stored| stored.stage);
            let has_key = matches!(stage, None | Some(Stage::Third));
            let role = if is_member && has_key {
                Role::Vip
            } else {
                Role::Free
            };
            ensure!(
                stored.role == role,
                "{id} is a {role:?}, and stored as {:?}",
                stored.role
            );
            ensure!(
                subscription.map(|stored| (stored.expiry, stored.status == Status::Active))
                    == one.end.map(|end| (end, is_member)),
                "{id} is a member until {:?}, and stored as {subscription:?}",
                one.end,
            );
        }
        Ok(extended)
    }

    /// What everybody has heard in the end: nothing twice, and nothing that has to be said not at all.
    pub(super) fn listen(&self) -> Result<()> {
        for one in &self.folk {
            let mut heard = HashSet::new();
            let (mut welcomes, mut ends, mut last_days) = (0, 0, 0);
            for entry in one.person.chat().iter().filter(|entry| entry.by == By::Bot) {
                let text = &entry.text;
                welcomes += usize::from(text.contains(WELCOME));
                let kind = match () {
                    () if text.contains(THREE_DAYS) => THREE_DAYS,
                    () if ONE_DAY.iter().any(|words| text.contains(words)) => {
                        last_days += 1;
                        ONE_DAY[0]
                    }
                    () if text.contains(ENDED) => {
                        ends += 1;
                        ENDED
                    }
                    () => continue,
                };
                let date = text.lines().find(|line| line.starts_with('📅'));
                let is_news = heard.insert((kind, date.map(str::to_owned)));
                ensure!(is_news, "something was said twice:\n{}", one.person.transcript());
            }
            let complete = ends >= one.must_hear.0 && last_days >= one.must_hear.1;
            ensure!(
                complete && welcomes <= one.admissions,
                "{ends} ends and {last_days} last days were told of {:?}; {welcomes} welcomes, {} admissions:\n{}",
                one.must_hear,
                one.admissions,
                one.person.transcript(),
            );
        }
        Ok(())
    }
}

/// A custodian answers a wish within hours.
fn patience_for(act: Act) -> TimeDelta {
    match act {
        Act::Wish => TimeDelta::hours(6),
        _ => TimeDelta::minutes(30),
    }
}

/// The new end of a membership that was to be extended, if it was, and by just so much.
fn extension(
    end: Option<Timestamp>,
    awaited: Awaited,
    stored: Option<Subscription>,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let Some(stored) = stored.filter(|stored| Some(stored.expiry) != end) else {
        return Ok(None);
    };
    let from = |moment: Timestamp| end.map_or(moment, |end| end.max(moment)) + awaited.days;
    let (least, most) = (from(awaited.since), from(now));
    ensure!(
        (least..=most).contains(&stored.expiry),
        "the new end {} is not between {least} and {most}",
        stored.expiry,
    );
    Ok(Some(stored.expiry))
}
