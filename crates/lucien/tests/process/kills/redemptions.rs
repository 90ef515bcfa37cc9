//! They redeem their invitations and come in.

use anyhow::{Context, Result, ensure};
use bot::clock::SystemClock;
use chrono::TimeDelta;
use domain::clock::Clock;
use domain::id::UserId;
use domain::plan::NewPlan;
use domain::role::{Role, RoleChangeReason};
use domain::subscription::Status;
use domain::token::{InvitationCode, Usage};
use futures_util::future::try_join_all;
use rand::rngs::StdRng;
use sim::{Entry, Person, Room, View};
use store::invitations::{self, NewInvitation};
use store::{Store, people, plans, role_log, subscribers};
use testkit::Backend;

use super::{Kills, Site, Work, heard, told_with_chance};

const GUESTS: usize = 300;
/// Of the guests, those who lend their key to somebody before they use it.
const LENDERS: usize = 20;
const DAYS: i32 = 30;

/// By calls, of which there are some three thousand.
const KILLS: Kills = Kills {
    count: 10,
    stretch: 300,
    respite: 40,
};

/// The calls that the way in consists of.
const CALLS: [&str; 8] = [
    "sendMessage",
    "editMessageText",
    "answerCallbackQuery",
    "unbanChatMember",
    "createChatInviteLink",
    "approveChatJoinRequest",
    "declineChatJoinRequest",
    "revokeChatInviteLink",
];

/// Updates that are worked on at once: these may be answered twice after a death.
const IN_HAND: usize = 64;

#[tokio::test(flavor = "multi_thread")]
async fn redemptions_survive_kills_on_sqlite() -> Result<()> {
    told_with_chance(Backend::SqliteFile, redemptions_survive_kills).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redemptions_survive_kills_on_postgres() -> Result<()> {
    told_with_chance(Backend::Postgres, redemptions_survive_kills).await
}

async fn redemptions_survive_kills(backend: Backend, chance: &mut StdRng) -> Result<()> {
    let site = Site::new(backend).await?;
    site.employs_lucien()?;
    let house = site.opens()?;
    house.until_role("worker").await?;
    let guests = invites(&site).await?;

    let vip = site.vip.id();
    let work = Work {
        progress: |view: &View<'_>| CALLS.iter().map(|method| view.call_count(method)).sum(),
        // Beside its owner and the bot.
        is_over: |view: &View<'_>| {
            view.room(vip)
                .is_some_and(|room| room.member_count() >= GUESTS + 2)
        },
    };
    let coming = async { try_join_all(guests.iter().map(|guest| guest.comes_in(&site.vip))).await };
    let moments = KILLS.moments(chance);
    let inside = async || Ok(site.guests_in(&site.vip));
    let killing = site.is_broken_off(house, &moments, &work, inside);
    let (keys, (house, _)) = tokio::try_join!(coming, killing)?;
    site.closes(house).await?;

    for guest in &guests {
        guest.has_come_in(&site, &site.store).await?;
    }
    let links = site.vip.links();
    let is_revoked = |key: &String| links.iter().any(|link| link.address == *key && link.is_revoked);
    ensure!(
        keys.iter().all(is_revoked),
        "a key that was used is of no use any more"
    );
    let warnings: Vec<usize> = guests.iter().map(Guest::warnings).collect();
    site.was_said_once(LENDERS, &warnings).await?;
    let shown: usize = guests.iter().map(|guest| heard(&guest.person, "").count()).sum();
    let at_most = GUESTS + LENDERS + IN_HAND * moments.len();
    ensure!(shown <= at_most, "{shown} messages to {GUESTS} guests");
    site.ends().await
}

/// An invitation for everybody.
async fn invites(site: &Site) -> Result<Vec<Guest>> {
    let now = SystemClock.now();
    let plan = NewPlan::check("Mensual", DAYS, "9.99", "$", UserId(0))
        .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    let issued = site
        .store
        .write(async |tx| {
            let new = NewInvitation {
                plan: plans::create(tx, &plan, now).await?.id,
                by: UserId(0),
                valid_hours: 24,
            };
            let mut codes = Vec::new();
            for _ in 0..GUESTS {
                codes.push(
                    invitations::issue(tx, &new, bot::invitation::new_code, now)
                        .await?
                        .code,
                );
            }
            anyhow::Ok(codes)
        })
        .await?;
    let guest = |(n, code)| Guest {
        person: site.telegram.person(&format!("Huésped {n}")),
        code,
        borrower: (n < LENDERS).then(|| site.telegram.person(&format!("Curioso {n}"))),
    };
    Ok(issued.into_iter().enumerate().map(guest).collect())
}

/// Somebody with an invitation of their own.
struct Guest {
    person: Person,
    code: InvitationCode,
    /// Who is lent the key.
    borrower: Option<Person>,
}

impl Guest {
    /// Goes the whole way from the invitation into the channel. Returns the key.
    async fn comes_in(&self, vip: &Room) -> Result<String> {
        let person = &self.person;
        person.opens_link(self.code.as_str())?;
        person.hears("Ha dado usted un paso").await?;
        person.presses("Le escucho")?;
        person.hears("Permítame hablarle del salón").await?;
        person.presses("Comprendo y acepto")?;
        let key = key_on(&person.hears("Aquí tiene su llave").await?)?;
        if let Some(borrower) = &self.borrower {
            borrower.asks_to_join(&key)?;
        }
        person.asks_to_join(&key)?;
        vip.until("a guest inside", |room| {
            room.status_of(person.id()).is_present().then_some(())
        })
        .await?;
        Ok(key)
    }

    /// Redeemed once, the ritual finished, inside; and whoever came by the key was turned away.
    async fn has_come_in(&self, site: &Site, store: &Store) -> Result<()> {
        let (db, who) = (store.read(), UserId(self.person.id()));
        let found = invitations::look_up(&db, &self.code, who).await?;
        let found = found.context("the invitation is kept")?;
        ensure!(found.invitation.usage == Usage::By(who), "{found:?}");
        let used_at = found.used_at.context("a redemption has its moment")?;
        let stored = found.subscription.context("a member")?;
        let subscription = stored.subscription;
        ensure!(stored.token == found.id && subscription.status == Status::Active);
        ensure!(subscription.stage.is_none(), "{subscription:?}");
        ensure!(
            subscription.expiry == used_at + TimeDelta::days(DAYS.into()),
            "{subscription:?}"
        );
        let log = role_log::of_person(&db, who, 10).await?;
        let reasons: Vec<_> = log.iter().map(|logged| logged.change.reason).collect();
        ensure!(
            reasons == [RoleChangeReason::VipEntryCompleted, RoleChangeReason::VipRedeemed],
            "{reasons:?}"
        );
        let known = people::find(&db, who).await?.context("a person")?;
        ensure!(known.role == Role::Vip);
        ensure!(site.vip.status_of(who.0).is_present());

        if let Some(borrower) = &self.borrower {
            let stranger = UserId(borrower.id());
            ensure!(
                !site.vip.status_of(stranger.0).is_present(),
                "a stranger is inside"
            );
            ensure!(subscribers::find(&db, stranger).await?.is_none());
            let word = borrower.last_message().context("a stranger is told why")?;
            ensure!(word.text.contains("se hizo para otra persona"), "{}", word.text);
        }
        let asking = site.vip.requests();
        ensure!(asking.is_empty(), "somebody still asks: {asking:?}");
        Ok(())
    }

    /// How often they were told that somebody else came by their key.
    fn warnings(&self) -> usize {
        heard(&self.person, "No le abrí").count()
    }
}

/// The link that a message hands over.
fn key_on(message: &Entry) -> Result<String> {
    let rows = message.keyboard.as_ref().and_then(|keyboard| keyboard.inline());
    let mut buttons = rows.context("buttons")?.iter().flatten();
    let address = buttons.find_map(|button| match &button.action {
        sim::ButtonAction::Url(address) => Some(address.clone()),
        _ => None,
    });
    address.with_context(|| format!("no key: {}", message.text))
}
