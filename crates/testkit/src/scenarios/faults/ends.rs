//! How a flow ended, for its people, for the custodian and in the books.

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::queue::RequestOutcome;
use domain::role::{Role, RoleChangeReason};
use domain::subscription::{Stage, Status};
use sim::{InviteLink, Person, Room};
use store::outbox::{self, OutboxBacklog};
use store::{entry_links, inbox, invariants, people, requests, vip_door};

use super::trouble::{Then, Trouble};
use super::{Flow, Place, Target, Word};
use crate::house::House;
use crate::scenarios::way;

/// What the custodian is told once while rights are missing.
const RIGHTS: &str = "Me faltan permisos";
/// What the custodian is told of a link that was refused.
const REFUSED: &str = "Aguarda su llave";

/// How things stood before.
pub(super) struct Before {
    backlog: OutboxBacklog,
    dead_updates: i64,
    rights_alarms: usize,
    began: Timestamp,
}

impl Before {
    pub(super) async fn of(house: &House, mateo: &Person) -> Result<Self> {
        let db = house.store().read();
        Ok(Self {
            backlog: outbox::backlog(&db).await?,
            dead_updates: inbox::backlog(&db).await?.dead,
            rights_alarms: way::heard(mateo, RIGHTS),
            began: house.now(),
        })
    }
}

/// How often each notice was heard.
pub(super) fn heard(flow: &impl Flow) -> Vec<usize> {
    let notices = flow.notices().into_iter();
    notices.map(|(person, part)| way::heard(person, part)).collect()
}

/// How a flow ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) people: Vec<Stands>,
    pub(super) facts: Vec<i64>,
    /// How often each notice was heard.
    pub(super) notices: Vec<usize>,
    /// How often the custodian was told of somebody, but for refused links.
    pub(super) alerts: usize,
    pub(super) refused_links: usize,
    pub(super) rights_alarms: usize,
    /// Rows of the outbox that failed for good, and those of which nobody knows.
    pub(super) dead: i64,
    pub(super) unknown: i64,
}

/// How somebody stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stands {
    pub(super) is_inside: bool,
    pub(super) is_banned: bool,
    /// Whether Telegram has an open request, and the house.
    pub(super) asks: bool,
    pub(super) is_expected: bool,
    /// How their requests at the visitors' channel have ended, the oldest first.
    pub(super) requests: Vec<Option<RequestOutcome>>,
    /// The status, the days from the beginning of the flow, the stage.
    pub(super) membership: Option<(Status, i64, Option<Stage>)>,
    pub(super) role: Option<Role>,
    pub(super) history: Vec<(Option<Role>, Role, RoleChangeReason)>,
    pub(super) has_link: bool,
    /// Links known to be theirs by which Telegram lets people ask.
    pub(super) links_that_open: usize,
}

impl Ends {
    pub(super) async fn of(
        house: &House,
        flow: &impl Flow,
        mateo: &Person,
        before: &Before,
        notices: Vec<usize>,
    ) -> Result<Self> {
        let db = house.store().read();
        let broken = invariants::check(&db, house.now()).await?;
        ensure!(broken.is_empty(), "broken: {broken:?}");
        let backlog = outbox::backlog(&db).await?;
        ensure!(backlog.pending == before.backlog.pending, "something still waits");
        let dead_updates = inbox::backlog(&db).await?.dead - before.dead_updates;
        ensure!(dead_updates == 0, "{dead_updates} updates are dead letters");

        let mut stands = Vec::new();
        for person in flow.people() {
            stands.push(Stands::of(house, flow.room(house), person, before.began).await?);
        }
        let guests = flow
            .people()
            .into_iter()
            .filter(|person| person.id() != mateo.id());
        let names: Vec<String> = guests.map(|person| person.profile().first_name).collect();
        let said = mateo.chat().into_iter().map(|entry| entry.text);
        let (refused, alerts): (Vec<String>, Vec<String>) = said
            .filter(|text| names.iter().any(|name| text.contains(name)))
            .partition(|text| text.contains(REFUSED));
        Ok(Self {
            people: stands,
            facts: flow.facts(house).await?,
            notices,
            alerts: alerts.len(),
            refused_links: refused.len(),
            rights_alarms: way::heard(mateo, RIGHTS) - before.rights_alarms,
            dead: backlog.dead - before.backlog.dead,
            unknown: backlog.unknown - before.backlog.unknown,
        })
    }
}

impl Stands {
    async fn of(house: &House, room: &Room, person: &Person, began: Timestamp) -> Result<Self> {
        let db = house.store().read();
        let (who, channel) = (UserId(person.id()), ChatId(house.vip().id()));
        let status = room.status_of(person.id());
        let open = room.requests();
        let at_door = vip_door::open_for(&db, who, channel).await?;
        let requests = requests::of_person(&db, who).await?;
        let requests: Vec<_> = requests.iter().map(|request| request.outcome).collect();
        let mut links_that_open = 0;
        let opens =
            |link: &InviteLink| !link.is_revoked && link.expires_at.is_none_or(|end| end > house.now());
        for link in way::lucien_links(house).into_iter().filter(opens) {
            let known = entry_links::by_url(&db, &link.address).await?;
            links_that_open += usize::from(known.is_some_and(|known| known.user == who));
        }
        let membership = way::subscription(house, person).await?;
        Ok(Self {
            is_inside: status.is_present(),
            is_banned: matches!(status, sim::Status::Kicked { .. }),
            asks: open.iter().any(|request| request.person_id == person.id()),
            is_expected: at_door.is_some() || requests.contains(&None),
            requests,
            membership: membership.map(|it| (it.status, days(it.expiry - began), it.stage)),
            role: people::find(&db, who).await?.map(|person| person.role),
            history: way::history(house, person).await?,
            has_link: way::link_row(house, person).await?.is_some(),
            links_that_open,
        })
    }
}

/// What is to be expected.
pub(super) struct Expected {
    ends: Ends,
    /// What the custodian is answered may stand there once more.
    may_say_more: bool,
}

/// How a flow is to end when something befalls one of its calls.
pub(super) fn expected<F: Flow>(flow: &F, well: &Ends, target: &Target, trouble: &Trouble) -> Expected {
    let mut ends = well.clone();
    let is_errand = F::ERRANDS.contains(&target.method.as_str());
    let makes_link = target.method == "createChatInviteLink";
    match (trouble.then, target.word) {
        (Then::Again, _) => {}
        (Then::Done, _) => flow.already(target, trouble, &mut ends),
        (Then::Unknown { happened }, Word::Notice(index)) => {
            ends.notices[index] = usize::from(happened);
            ends.unknown += 1;
        }
        (Then::Unknown { happened: true }, Word::Alert) => ends.alerts += 1,
        (Then::Unknown { .. }, _) => {}
        (Then::NoRights, _) => {
            ends.rights_alarms += usize::from(is_errand || makes_link);
            ends.refused_links += usize::from(makes_link);
        }
        (then @ (Then::Never | Then::Dead), word) => {
            ends.refused_links += usize::from(makes_link);
            ends.dead += i64::from(then == Then::Dead && (is_errand || word != Word::Answer));
            match word {
                Word::Notice(index) => ends.notices[index] = 0,
                Word::Alert => ends.alerts -= 1,
                Word::Answer => {}
            }
            flow.without(target, trouble, &mut ends);
        }
    }
    Expected {
        ends,
        may_say_more: target.place == Place::Custodian && target.word == Word::Answer,
    }
}

impl Expected {
    /// # Errors
    /// What is otherwise.
    pub(super) fn compare(&self, found: &Ends) -> Result<()> {
        let mut ends = self.ends.clone();
        if self.may_say_more && found.alerts == ends.alerts + 1 {
            ends.alerts += 1;
        }
        ensure!(*found == ends, "{}", differences(&ends, found));
        Ok(())
    }
}

/// In whole days: it takes a while until a flow comes to its end.
fn days(length: TimeDelta) -> i64 {
    (length + TimeDelta::hours(12)).num_days()
}

/// What is expected and what is found instead, line by line.
fn differences(expected: &Ends, found: &Ends) -> String {
    let (expected, found) = (format!("{expected:#?}"), format!("{found:#?}"));
    let pairs = expected.lines().zip(found.lines());
    let differ = pairs.filter(|(expected, found)| expected != found);
    let line =
        |(expected, found): (&str, &str)| format!("\n    {} and not {}", found.trim(), expected.trim());
    differ.map(line).collect()
}
