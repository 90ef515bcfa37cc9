//! What people do when they have a turn.

use anyhow::Result;
use chrono::TimeDelta;
use domain::id::UserId;
use domain::subscription::Stage;
use sim::{ButtonAction, Cannot, Entry, Markup, Person};
use store::subscribers;

use super::super::oracle::{Awaited, Place};
use super::super::plan::{Act, Affair, PLANS};
use super::{ACCEPT, DAY, Done, Drive, ENTER, HOUR, LISTEN, MEMBERSHIP, MINUTE, Turn, WISH, reaches, taps};

impl Drive<'_> {
    pub(super) async fn does(&mut self, who: usize, act: Act) -> Result<Done> {
        let now = self.now();
        let one = self.oracle.one(who);
        let person = one.person.clone();
        if one.is_gone {
            return Ok(Done::Moot);
        }
        match act {
            Act::Start => drop(person.opens_link("avisame")?),
            Act::Ask if one.patio == Place::Outside => {
                person.asks_to_join(&self.door)?;
                self.oracle.asks(who, now);
            }
            Act::Withdraw if matches!(one.patio, Place::Asks(_)) => {
                if self.oracle.patio.status_of(person.id()).is_present() {
                    // Let in at this very moment; the next look will see it.
                    return Ok(Done::Moot);
                }
                person.withdraws_request(&self.oracle.patio)?;
                self.oracle.one(who).patio = Place::Outside;
            }
            Act::LeavePatio if one.patio == Place::Inside => {
                one.patio = Place::Outside;
                person.leaves(&self.oracle.patio)?;
            }
            Act::Block => {
                one.has_blocked = true;
                person.blocks_bot()?;
            }
            Act::Vanish => {
                one.is_gone = true;
                person.deactivates()?;
            }
            Act::Redeem if one.awaits.is_some() => return Ok(Done::NotYet("what they asked for is there")),
            Act::Redeem => return self.redeems(who, &person).await,
            Act::Wish => return self.wishes(who, &person).await,
            Act::Leave if one.salon == Place::Inside && one.is_member(now) => {
                one.salon = Place::Outside;
                person.leaves(&self.oracle.salon)?;
            }
            Act::Banned if one.salon == Place::Inside && one.is_member(now) => {
                (one.salon, one.is_banned) = (Place::Outside, true);
                self.house.creator().bans(&self.oracle.salon, person.id(), None)?;
            }
            Act::Listen | Act::Resume | Act::Accept if one.is_member(now) => {
                return self.walks(who, &person, act).await;
            }
            Act::Lend if one.is_member(now) => {
                let Some(link) = key(&person) else {
                    return Ok(Done::Moot);
                };
                let stranger = self.house.person("Eva");
                match stranger.asks_to_join(&link) {
                    Ok(_) => self.oracle.strangers.push(stranger),
                    Err(Cannot::BadLink) => return Ok(Done::Moot),
                    Err(other) => return Err(other.into()),
                }
            }
            Act::Knock | Act::ComeBack if one.is_member(now) && one.salon == Place::Outside => {
                return self.knocks(who, &person, act).await;
            }
            _ => return Ok(Done::Moot),
        }
        Ok(Done::Yes)
    }

    async fn redeems(&mut self, who: usize, person: &Person) -> Result<Done> {
        let plan = self.lives[who].plan();
        let Some(payload) = self.issues(plan).await? else {
            return Ok(Done::NotYet("there is an invitation"));
        };
        self.oracle.one(who).awaits = Some(Awaited {
            by: Act::Redeem,
            since: self.now(),
            days: TimeDelta::days(PLANS[plan].1.into()),
        });
        person.opens_link(&payload)?;
        Ok(Done::Yes)
    }

    /// By the reminder of this end; whoever has got none has to ask for an invitation.
    async fn wishes(&mut self, who: usize, person: &Person) -> Result<Done> {
        let now = self.now();
        let Some(end) = self.oracle.folk[who].end else {
            return Ok(Done::Moot);
        };
        let reminded = person
            .chat()
            .into_iter()
            .rev()
            .find(|entry| has_button(entry, WISH));
        if reminded.is_none_or(|entry| entry.sent_at < end - DAY * 3 - MINUTE || now > end) {
            return Ok(self.instead(who, Act::Redeem));
        }
        let plan = self.lives[who].plan();
        if !taps(self.house, person, WISH).await? {
            return Ok(self.instead(who, Act::Redeem));
        }
        self.oracle.one(who).awaits = Some(Awaited {
            by: Act::Wish,
            since: now,
            days: TimeDelta::days(PLANS[plan].1.into()),
        });
        self.enter(now + HOUR, Turn::Affair(Affair::Grant));
        Ok(Done::Yes)
    }

    fn instead(&mut self, who: usize, act: Act) -> Done {
        self.enter(self.now(), Turn::Act(who, act));
        Done::Moot
    }

    /// One step of the ritual.
    async fn walks(&mut self, who: usize, person: &Person, act: Act) -> Result<Done> {
        reaches(person)?;
        let stage = self.stage(person).await?;
        let (from, label) = match (act, stage) {
            // Whoever is inside has it behind them.
            (_, None) => return Ok(Done::Moot),
            (Act::Resume, _) => {
                person.sends("/start")?;
                return Ok(Done::Yes);
            }
            (Act::Listen, Some(Stage::First)) => (Stage::First, LISTEN),
            (Act::Accept, Some(Stage::First)) => return Ok(self.instead(who, Act::Listen)),
            (Act::Accept, Some(Stage::Second)) => (Stage::Second, ACCEPT),
            _ => return Ok(Done::Yes),
        };
        if !taps(self.house, person, label).await? {
            person.sends("/start")?;
            return Ok(Done::NotYet("the ritual goes on"));
        }
        Ok(match self.stage(person).await? == Some(from) {
            true => Done::NotYet("the ritual takes a step"),
            false => Done::Yes,
        })
    }

    async fn stage(&self, person: &Person) -> Result<Option<Stage>> {
        let stored = subscribers::find(&self.house.store().read(), UserId(person.id())).await?;
        Ok(stored.and_then(|stored| stored.subscription.stage))
    }

    /// With the link at hand, or with the one that is to be had.
    async fn knocks(&mut self, who: usize, person: &Person, act: Act) -> Result<Done> {
        reaches(person)?;
        let asks = |link: Option<String>| link.is_some_and(|link| person.asks_to_join(&link).is_ok());
        if act == Act::ComeBack || !asks(key(person)) {
            person.sends("/start")?;
            self.house.settles().await?;
            if self.stage(person).await?.is_none() {
                for label in [MEMBERSHIP, ENTER] {
                    if !taps(self.house, person, label).await? {
                        return Ok(Done::NotYet("the way back is shown"));
                    }
                }
            }
            if self.oracle.folk[who].is_banned {
                let now = self.now();
                self.enter(now + HOUR, Turn::Affair(Affair::Readmit));
                self.oracle.one(who).is_banned = false;
                self.enter(now + HOUR * 8, Turn::Act(who, act));
                return Ok(Done::Moot);
            }
            if !asks(key(person)) {
                return Ok(Done::NotYet("there is a link"));
            }
        }
        self.oracle.one(who).salon = Place::Asks(self.now());
        Ok(Done::Yes)
    }
}

fn has_button(entry: &Entry, label: &str) -> bool {
    entry.labels().into_iter().flatten().any(|found| found == label)
}

/// The last link to the members' channel that somebody was handed.
fn key(person: &Person) -> Option<String> {
    let of = |entry: &Entry| {
        let Some(Markup::InlineKeyboard(rows)) = &entry.keyboard else {
            return None;
        };
        rows.iter().flatten().find_map(|button| match &button.action {
            ButtonAction::Url(url) if url.starts_with("https://t.me/+") => Some(url.clone()),
            _ => None,
        })
    };
    person.chat().iter().rev().find_map(of)
}
