//! The flows of the end of a membership: whoever does not renew in time is seen out.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::role::{Role, RoleChangeReason, RoleChangeSource};
use domain::subscription::{Stage, Status};
use sim::Person;
use store::people::{self, History, NewRole};

use super::ends::{Ends, Stands};
use super::trouble::Trouble;
use super::{Flow, Target, guests};
use crate::house::House;
use crate::scenarios::expiry::{self, FAREWELL, HOUR};
use crate::scenarios::reminders::THREE_DAYS;
use crate::scenarios::way::{self, ACCEPT, DAYS, LISTEN, invitation};

/// How long memberships last that are to end.
const LENGTH: TimeDelta = TimeDelta::hours(2);
/// Beyond the last moment of a membership.
const MOMENT: TimeDelta = TimeDelta::microseconds(1);

/// A member who is inside, who has pressed Start and whose role is that of members.
async fn member_inside(house: &House, name: &str) -> Result<Person> {
    let member = expiry::inside(house, name, LENGTH).await?;
    let role = NewRole {
        user: UserId(member.id()),
        role: Role::Vip,
        by: UserId::HOUSE,
        reason: RoleChangeReason::VipEntryCompleted,
        source: RoleChangeSource::System,
        metadata: None,
    };
    let now = house.now();
    let set = house
        .store()
        .write(async |tx| people::set_role(tx, &role, History::Events, now).await);
    set.await?;
    Ok(member)
}

/// Lets a membership of that length end, and everything that follows from it happen.
async fn end_comes(house: &House) -> Result<()> {
    house.passes(LENGTH + MOMENT).await?;
    house.delivers().await?;
    // Whoever cannot hear from Telegram what time it is waits for a minute.
    house.passes(TimeDelta::minutes(1)).await?;
    house.delivers().await
}

/// Whether a membership is over in every respect but for its owner's place in the channel.
fn is_over(guest: &Stands, was: Role) -> bool {
    let ended = (Some(was), Role::Free, RoleChangeReason::VipExpired);
    let changes = guest.history.iter().filter(|change| **change == ended);
    let is_expired = guest.membership == Some((Status::Expired, 0, None));
    is_expired && guest.role == Some(Role::Free) && changes.count() == usize::from(was == Role::Vip)
}

/// How many departures still wait.
async fn due(house: &House) -> Result<Vec<i64>> {
    Ok(vec![expiry::figures(house).await?.due])
}

/// The time of a member who is inside is over.
pub(super) struct Departure {
    member: Person,
}

impl Flow for Departure {
    // Telegram is asked what time it is before anybody goes.
    const STRUCK: &[&str] = &["getMe", "sendMessage", "unbanChatMember"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            member: member_inside(house, &format!("Rodrigo {mark}")).await?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        end_comes(house).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        ensure!(is_over(member, Role::Vip), "{member:?}");
        ensure!(!member.is_inside && !member.is_banned, "{member:?}");
        ensure!(ends.notices == [1] && ends.facts == [0], "{ends:?}");
        // That the member came in: it is no removal by somebody else.
        ensure!(ends.alerts == 1, "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.member, FAREWELL)]
    }

    async fn facts(&self, house: &House) -> Result<Vec<i64>> {
        due(house).await
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        if target.method == "unbanChatMember" {
            ends.people[0].is_inside = true;
        }
    }
}

/// The time of somebody is over who has a link and has not come in.
pub(super) struct KeyTakenBack {
    guest: Person,
}

impl Flow for KeyTakenBack {
    const STRUCK: &[&str] = &["revokeChatInviteLink"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let name = format!("Inés {mark}");
        let guest = house.entering(&name, LENGTH, Stage::Third).await?;
        guests::seeks_link(house, &guest).await?.context("a link")?;
        Ok(Self { guest })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        end_comes(house).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(is_over(guest, Role::Free) && !guest.is_inside, "{guest:?}");
        ensure!(!guest.has_link && guest.links_that_open == 0, "{guest:?}");
        ensure!(ends.notices == [1] && ends.facts == [0], "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.guest, FAREWELL)]
    }

    async fn facts(&self, house: &House) -> Result<Vec<i64>> {
        due(house).await
    }
}

/// A member's time is over, and they renew while their removal waits to be taken in hand: they stay.
pub(super) struct RenewedInTime {
    member: Person,
    payload: String,
}

impl Flow for RenewedInTime {
    // The ritual is told on the way in.
    const STRUCK: &[&str] = &["unbanChatMember"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            member: member_inside(house, &format!("Rodrigo {mark}")).await?,
            payload: invitation(house).await?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        expiry::holds_up(house, &self.member, house.now() + LENGTH + HOUR).await?;
        house.passes(LENGTH + MOMENT).await?;
        house.settles().await?;
        let waiting = expiry::waiting(house, &self.member).await?;
        ensure!(
            waiting.iter().all(|row| row.claimed.is_none()) && waiting.len() == 2,
            "{waiting:?}"
        );
        guests::opens(house, &self.member, &self.payload).await?;
        house.delivers().await?;
        for label in [LISTEN, ACCEPT] {
            // It ends by itself when somebody looks who is inside.
            if way::stage(house, &self.member).await?.is_some() {
                way::presses(house, &self.member, label).await?;
            }
        }
        house.delivers().await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        ensure!(member.is_inside && !member.is_banned, "{member:?}");
        ensure!(
            member.membership == Some((Status::Active, DAYS.into(), None)),
            "{member:?}"
        );
        ensure!(
            member.role == Some(Role::Vip) && member.links_that_open == 0,
            "{member:?}"
        );
        ensure!(ends.notices == [1] && ends.facts == [0], "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.member, FAREWELL)]
    }

    async fn facts(&self, house: &House) -> Result<Vec<i64>> {
        due(house).await
    }
}

/// A member is reminded, and would like to stay.
pub(super) struct Reminded {
    member: Person,
    end: Timestamp,
}

/// From the beginning of such a membership to its first reminder; longer than reminders are apart.
const BEFORE_REMINDER: TimeDelta = TimeDelta::minutes(20);

impl Reminded {
    /// Taps the button that a reminder has.
    async fn wishes(&self, house: &House) -> Result<()> {
        let wish = format!("renew:wish:{}", self.end.timestamp());
        self.member.presses_data(&wish)?;
        house.delivers().await
    }
}

impl Flow for Reminded {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let length = TimeDelta::days(3) + BEFORE_REMINDER;
        let member = house.member(&format!("Rodrigo {mark}"), length).await?;
        way::says(house, &member, "/start").await?;
        let subscription = way::subscription(house, &member).await?;
        Ok(Self {
            member,
            end: subscription.context("a subscription")?.expiry,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        // Twice: what was said is not said again.
        for _ in 0..2 {
            house.passes(BEFORE_REMINDER).await?;
            house.delivers().await?;
        }
        for _ in 0..3 {
            self.wishes(house).await?;
            if self.member.last_answer().is_some() {
                break;
            }
        }
        Ok(())
    }

    async fn goes_on(&self, house: &House) -> Result<()> {
        self.wishes(house).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        ensure!(member.membership == Some((Status::Active, 3, None)), "{member:?}");
        ensure!(ends.notices == [1] && ends.alerts == 1, "{ends:?}");
        ensure!(ends.facts == [1], "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.member, THREE_DAYS)]
    }

    /// Whether the wish is written down.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        let answer = self.member.last_answer().and_then(|answer| answer.text);
        let is_known = answer.is_some_and(|text| text.contains("Ya lo tengo anotado"));
        Ok(vec![is_known.into()])
    }
}
