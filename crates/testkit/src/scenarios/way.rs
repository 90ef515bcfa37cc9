//! What stories of the way in have in common.

use anyhow::{Context, Result, ensure};
use domain::clock::Timestamp;
use domain::id::{ChatId, UserId};
use domain::plan::NewPlan;
use domain::role::{Role, RoleChangeReason};
use domain::subscription::{Stage, Subscription};
use domain::token::InvitationCode;
use sim::{Call, Entry, InviteLink, NewLink, Person};
use store::entry_links::{self, EntryLink};
use store::invitations::{self, FoundInvitation, IssueError, NewInvitation};
use store::{outbox, plans, role_log, subscribers};

use crate::house::House;

/// The plan that stories sell, and its days.
const PLAN: &str = "Mensual";
pub(super) const DAYS: i32 = 30;

/// The buttons of the ritual.
pub(super) const LISTEN: &str = "Le escucho";
pub(super) const ACCEPT: &str = "Comprendo y acepto";
pub(super) const INSIDE: &str = "Ya estoy adentro";
/// Beginnings of the ritual's texts.
pub(super) const FIRST: &str = "Ha dado usted un paso";
pub(super) const SECOND: &str = "Permítame hablarle del salón";
pub(super) const THIRD: &str = "Aquí tiene su llave";

/// For how long invitations can be accepted.
const HOURS: i32 = 24;

/// A fresh invitation of 30 days, as the payload of its link.
pub(super) async fn invitation(house: &House) -> Result<String> {
    let now = house.now();
    let plan = match plans::find_by_name(&house.store().read(), PLAN).await? {
        Some(plan) => plan.id,
        None => {
            let plan = NewPlan::check(PLAN, DAYS, "9.99", "$", UserId(0))
                .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
            let made = house
                .store()
                .write(async |tx| plans::create(tx, &plan, now).await);
            made.await?.id
        }
    };
    let new = NewInvitation {
        plan,
        by: UserId(house.custodian().id()),
        valid_hours: HOURS,
    };
    let issued: Result<_, IssueError> = house
        .store()
        .write(async |tx| invitations::issue(tx, &new, bot::invitation::new_code, now).await)
        .await;
    Ok(issued?.code.as_str().to_owned())
}

/// An invitation as it stands.
pub(super) async fn found(house: &House, payload: &str) -> Result<FoundInvitation> {
    let code = InvitationCode::parse(payload).context("a code")?;
    let found = invitations::look_up(&house.store().read(), &code, UserId(0)).await?;
    found.context("the invitation is kept")
}

/// Somebody's subscription.
pub(super) async fn subscription(house: &House, person: &Person) -> Result<Option<Subscription>> {
    let stored = subscribers::find(&house.store().read(), UserId(person.id())).await?;
    Ok(stored.map(|stored| stored.subscription))
}

/// Where somebody stands in the ritual; none when it is finished.
pub(super) async fn stage(house: &House, person: &Person) -> Result<Option<Stage>> {
    let subscription = subscription(house, person).await?;
    Ok(subscription.context("a subscription")?.stage)
}

/// The history of somebody's role, oldest first.
pub(super) async fn history(
    house: &House,
    person: &Person,
) -> Result<Vec<(Option<Role>, Role, RoleChangeReason)>> {
    let mut log = role_log::of_person(&house.store().read(), UserId(person.id()), 100).await?;
    log.reverse();
    let change = |logged: role_log::LoggedRoleChange| {
        let change = logged.change;
        (change.previous, change.new, change.reason)
    };
    Ok(log.into_iter().map(change).collect())
}

/// Somebody's open personal link.
pub(super) async fn link_row(house: &House, person: &Person) -> Result<Option<EntryLink>> {
    let channel = ChatId(house.vip().id());
    Ok(entry_links::open_of(&house.store().read(), UserId(person.id()), channel).await?)
}

/// The address of somebody's open personal link.
pub(super) async fn link(house: &House, person: &Person) -> Result<String> {
    let link = link_row(house, person).await?.context("an open link")?;
    Ok(link.url.context("a link that exists")?.as_str().to_owned())
}

/// The links that Lucien has made, as Telegram has them, the oldest first.
pub(super) fn lucien_links(house: &House) -> Vec<InviteLink> {
    let bot = house.telegram.bot().id;
    let links = house.vip().links().into_iter();
    links
        .filter(|link| link.creator == bot && !link.is_primary)
        .collect()
}

/// Opens an invitation and hears what comes of it.
pub(super) async fn opens(house: &House, person: &Person, payload: &str) -> Result<Entry> {
    person.opens_link(payload)?;
    house.settles().await?;
    last(person)
}

/// Presses a button and sees what it leads to.
pub(super) async fn presses(house: &House, person: &Person, label: &str) -> Result<Entry> {
    let press = person.presses(label)?;
    house.settles().await?;
    press.answer().await?;
    last(person)
}

/// Says something and hears the answer.
pub(super) async fn says(house: &House, person: &Person, text: &str) -> Result<Entry> {
    person.sends(text)?;
    house.settles().await?;
    last(person)
}

/// The bot's last message.
pub(super) fn last(person: &Person) -> Result<Entry> {
    person.last_message().context("a message")
}

/// Goes the whole way from an invitation to the link.
pub(super) async fn gets_link(house: &House, person: &Person) -> Result<String> {
    let payload = invitation(house).await?;
    opens(house, person, &payload).await?;
    presses(house, person, LISTEN).await?;
    presses(house, person, ACCEPT).await?;
    link(house, person).await
}

/// Goes the whole way from an invitation into the channel.
pub(super) async fn enters(house: &House, person: &Person) -> Result<()> {
    let link = gets_link(house, person).await?;
    person.asks_to_join(&link)?;
    house.settles().await?;
    ensure!(is_inside(house, person), "{}", house.telegram.transcript());
    Ok(())
}

pub(super) fn is_inside(house: &House, person: &Person) -> bool {
    house.vip().status_of(person.id()).is_present()
}

/// The custodian, having pressed Start, so that notices arrive.
pub(super) async fn custodian(house: &House) -> Result<Person> {
    let custodian = house.custodian();
    says(house, &custodian, "/start").await?;
    Ok(custodian)
}

/// How many of somebody's messages from the bot hold a text.
pub(super) fn heard(person: &Person, fragment: &str) -> usize {
    let chat = person.chat();
    chat.iter().filter(|entry| entry.text.contains(fragment)).count()
}

/// The calls of a method that were made about somebody, whatever came of them.
pub(super) fn calls(house: &House, method: &str, person: &Person) -> Vec<Call> {
    let calls = house.telegram.calls().into_iter();
    calls
        .filter(|call| call.method == method && call.parameters["user_id"] == person.id())
        .collect()
}

/// A link of the creator's own.
pub(super) fn creators_link(house: &House, creates_join_request: bool) -> Result<String> {
    let link = NewLink {
        creates_join_request,
        ..NewLink::default()
    };
    Ok(house.creator().creates_link(house.vip(), link)?)
}

/// How many rows of the outbox are dead.
pub(super) async fn dead(house: &House) -> Result<i64> {
    Ok(outbox::backlog(&house.store().read()).await?.dead)
}

/// The end of a membership of [`DAYS`] days that begins at a moment.
pub(super) fn after_days(from: Timestamp) -> Timestamp {
    from + chrono::TimeDelta::days(DAYS.into())
}

/// Lets time pass, bit by bit, until somebody's last message from the bot holds a text.
pub(super) async fn waits_for(house: &House, person: &Person, fragment: &str) -> Result<Entry> {
    const BIT: chrono::TimeDelta = chrono::TimeDelta::seconds(1);
    for _ in 0..600 {
        if let Some(shown) = person
            .last_message()
            .filter(|shown| shown.text.contains(fragment))
        {
            return Ok(shown);
        }
        house.advance(BIT)?;
        // Each look is a query: whoever was woken gets their turn.
        for _ in 0..20 {
            outbox::is_at_rest(&house.store().read(), house.now()).await?;
            tokio::task::yield_now().await;
        }
    }
    anyhow::bail!("nobody says “{fragment}”:\n{}", person.transcript())
}

/// Whether it was just now, but for the pace at which Telegram may be called and jobs look around.
pub(super) fn is_just_now(house: &House, at: Timestamp) -> bool {
    let ago = house.now() - at;
    (chrono::TimeDelta::zero()..=chrono::TimeDelta::seconds(3)).contains(&ago)
}
