//! The flows of the visitors' channel: whoever asks waits, and is let in after a while.

use anyhow::{Result, ensure};
use domain::id::UserId;
use domain::queue::RequestOutcome;
use domain::role::Role;
use sim::{Person, Room};
use store::requests;

use super::ends::{Ends, Stands};
use super::trouble::{Then, Trouble};
use super::{Flow, Target, Word};
use crate::house::House;
use crate::scenarios::queue::{GREETING, PROGRESS, Patio, WAIT, WELCOME};
use crate::scenarios::way::{heard, says};

/// Somebody at the door of the visitors' channel, who has pressed Start.
struct Visitor {
    guest: Person,
    patio: Patio,
}

impl Visitor {
    async fn comes(house: &House, name: &str) -> Result<Self> {
        let guest = house.person(name);
        says(house, &guest, "/start").await?;
        Ok(Self {
            guest,
            patio: Patio::usual(house).await?,
        })
    }

    /// Asks, and hears what there is to be heard.
    async fn asks(&self, house: &House) -> Result<()> {
        self.guest.asks_to_join(&self.patio.door)?;
        house.delivers().await
    }

    fn withdraws(&self) -> Result<()> {
        Ok(self.guest.withdraws_request(&self.patio.room)?)
    }

    /// Waits for as long as everybody does, and for what comes of it.
    async fn waits(&self, house: &House) -> Result<()> {
        house.passes(WAIT).await?;
        house.delivers().await
    }
}

/// How a request ends whose approval is refused.
fn refused(trouble: &Trouble) -> RequestOutcome {
    match trouble.then {
        Then::Dead => RequestOutcome::Declined,
        _ if trouble.says("deactivated") => RequestOutcome::Gone,
        _ if trouble.says("ALREADY_PARTICIPANT") => RequestOutcome::Inside,
        _ => RequestOutcome::Withdrawn,
    }
}

/// Changes the end to what it is when that approval is refused. Requests are approved in their order.
fn refuse(target: &Target, trouble: &Trouble, ends: &mut Ends) {
    let (guest, outcome) = (&mut ends.people[0], refused(trouble));
    let nth = usize::try_from(target.nth).ok();
    if let Some(request) = nth.and_then(|nth| guest.requests.get_mut(nth)) {
        *request = Some(outcome);
    }
    if target.is_granted {
        // Nothing is said to whom somebody else has let in.
        ends.notices = vec![0];
        guest.is_inside = trouble.then == Then::Done;
        guest.asks = !guest.is_inside;
    }
    // Custodians hear of it only when nobody knows what it means.
    ends.alerts += usize::from(outcome == RequestOutcome::Declined);
}

fn was_let_in(guest: &Stands) -> bool {
    let is_inside = guest.is_inside && !guest.asks && !guest.is_expected;
    is_inside && guest.role == Some(Role::Free) && guest.membership.is_none()
}

/// Somebody asks, is greeted, waits, is let in and told so.
pub(super) struct Admission(Visitor);

impl Flow for Admission {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Visitor::comes(house, &format!("Inés {mark}")).await.map(Self)
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.0.guest]
    }

    fn room<'a>(&'a self, _: &'a House) -> &'a Room {
        &self.0.patio.room
    }

    async fn happens(&self, house: &House) -> Result<()> {
        self.0.asks(house).await?;
        self.0.waits(house).await
    }

    async fn check(&self, house: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(was_let_in(guest), "{guest:?}");
        ensure!(guest.requests == [Some(RequestOutcome::Admitted)], "{guest:?}");
        ensure!(ends.facts == [1] && ends.notices == [1], "{ends:?}");
        ensure!(ends.alerts == 0, "{ends:?}");
        let asked = requests::of_person(&house.store().read(), UserId(self.0.guest.id())).await?;
        ensure!(
            asked.last().is_some_and(|request| request.notified == Some(true)),
            "{asked:?}"
        );
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.0.guest, WELCOME)]
    }

    /// Whether the guest was greeted.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        Ok(vec![i64::from(heard(&self.0.guest, GREETING) > 0)])
    }

    fn already(&self, target: &Target, trouble: &Trouble, ends: &mut Ends) {
        refuse(target, trouble, ends);
    }

    fn without(&self, target: &Target, trouble: &Trouble, ends: &mut Ends) {
        match (target.method.as_str(), target.word) {
            ("approveChatJoinRequest", _) => refuse(target, trouble, ends),
            ("sendMessage", Word::Answer) => ends.facts = vec![0],
            _ => {}
        }
    }
}

/// Somebody takes a request back, which is noticed when it is to be granted, and makes another one; that
/// one is repeated while it waits.
pub(super) struct AskedAgain(Visitor);

impl Flow for AskedAgain {
    // What is said at once and in the end is told above.
    const STRUCK: &[&str] = &["approveChatJoinRequest"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Visitor::comes(house, &format!("Camila {mark}")).await.map(Self)
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.0.guest]
    }

    fn room<'a>(&'a self, _: &'a House) -> &'a Room {
        &self.0.patio.room
    }

    async fn happens(&self, house: &House) -> Result<()> {
        self.0.asks(house).await?;
        self.0.withdraws()?;
        self.0.waits(house).await?;
        self.0.asks(house).await?;
        self.0.withdraws()?;
        self.0.asks(house).await?;
        self.0.waits(house).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(was_let_in(guest), "{guest:?}");
        let outcomes = [RequestOutcome::Withdrawn, RequestOutcome::Admitted].map(Some);
        ensure!(guest.requests == outcomes, "{guest:?}");
        ensure!(ends.facts == [2, 1] && ends.notices == [1], "{ends:?}");
        ensure!(ends.alerts == 0, "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.0.guest, WELCOME)]
    }

    /// How often the guest was greeted, and told that the request is in progress.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        let said = [GREETING, PROGRESS].map(|part| heard(&self.0.guest, part));
        said.into_iter().map(|count| Ok(i64::try_from(count)?)).collect()
    }

    fn already(&self, target: &Target, trouble: &Trouble, ends: &mut Ends) {
        refuse(target, trouble, ends);
    }

    fn without(&self, target: &Target, trouble: &Trouble, ends: &mut Ends) {
        refuse(target, trouble, ends);
    }
}
