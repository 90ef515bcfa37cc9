//! Three hundred people redeem their invitations and come in, and the house is killed again and again
//! meanwhile.

use std::env;

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
use rand::{Rng, SeedableRng};
use sim::{By, Entry, Person, Rights, Room, Sim, View};
use store::invitations::{self, NewInvitation};
use store::{Store, inbox, invariants, outbox, people, plans, role_log, subscribers};
use tempfile::TempDir;
use testkit::{Backend, TestDb};

use crate::lucien::{PATIENCE, Running, folder, is_missing, telegram};

const GUESTS: usize = 300;
/// Of the guests, those who lend their key to somebody before they use it.
const LENDERS: usize = 20;
const DAYS: i32 = 30;

/// How often the house is killed: once in each stretch of so many calls, of some three thousand.
const KILLS: u64 = 10;
const STRETCH: u64 = 300;
/// Calls at the beginning of a stretch in which nobody is killed: what is run alone after a death has
/// come to its end before the next one, so that chance never makes it look like the cause of three.
const RESPITE: u64 = 40;
/// Names the seed that chooses the moments, to try those of a failed run again.
const SEED: &str = "KILLS_SEED";

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
    redemptions_survive_kills(Backend::SqliteFile).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redemptions_survive_kills_on_postgres() -> Result<()> {
    redemptions_survive_kills(Backend::Postgres).await
}

async fn redemptions_survive_kills(backend: Backend) -> Result<()> {
    if is_missing(backend) {
        return Ok(());
    }
    let seed = match env::var(SEED) {
        Ok(seed) => seed.parse().context(SEED)?,
        Err(_) => rand::random(),
    };
    let survived = survives_kills_at(backend, moments(seed)).await;
    survived.with_context(|| format!("{SEED}={seed} chose the moments of the kills"))
}

/// The numbers of calls after which the house is killed.
fn moments(seed: u64) -> Vec<u64> {
    let mut chance = StdRng::seed_from_u64(seed);
    let moment = |stretch| stretch * STRETCH + chance.random_range(RESPITE..STRETCH);
    (0..KILLS).map(moment).collect()
}

async fn survives_kills_at(backend: Backend, moments: Vec<u64>) -> Result<()> {
    let site = Site::new(backend).await?;
    let house = site.opens()?;
    house.until_role("worker").await?;
    let store = site.db.store().await?;
    let guests = site.invites(&store).await?;

    let coming = async { try_join_all(guests.iter().map(|guest| guest.comes_in(&site.vip))).await };
    let killing = async {
        let mut house = house;
        for moment in moments {
            site.comes_to(moment).await?;
            house.kill().await?;
            holds(&store)
                .await
                .with_context(|| format!("after {moment} calls"))?;
            house = site.opens()?;
        }
        Ok(house)
    };
    let (keys, house) = tokio::try_join!(coming, killing)?;
    site.comes_to_rest(&store).await?;
    let (status, log) = house.stop().await?;
    ensure!(status.code() == Some(0), "{status}\n{log}");

    holds(&store).await?;
    for guest in &guests {
        guest.has_come_in(&site, &store).await?;
    }
    let links = site.vip.links();
    let is_revoked = |key: &String| links.iter().any(|link| link.address == *key && link.is_revoked);
    ensure!(
        keys.iter().all(is_revoked),
        "a key that was used is of no use any more"
    );
    site.was_told_once(&guests, &store).await?;
    let violations = site.telegram.violations();
    ensure!(violations.is_empty(), "{violations:?}");
    store.close().await;
    site.telegram.stop().await;
    site.db.remove().await
}

/// Whatever must always hold does, and nobody's update was given up.
async fn holds(store: &Store) -> Result<()> {
    let broken = invariants::check(&store.read(), SystemClock.now()).await?;
    ensure!(broken.is_empty(), "{broken:?}");
    let dead = inbox::backlog(&store.read()).await?.dead;
    ensure!(dead == 0, "{dead} dead letters");
    Ok(())
}

/// A channel, and the house that guards its door.
struct Site {
    db: TestDb,
    folder: TempDir,
    telegram: Sim,
    vip: Room,
}

impl Site {
    async fn new(backend: Backend) -> Result<Self> {
        let (db, folder, telegram) = (TestDb::new(backend).await?, folder()?, telegram().await?);
        let diana = telegram.person("Diana");
        let vip = telegram.channel("El salón", &diana);
        diana.promotes(&vip, telegram.bot().id, Rights::all())?;
        Ok(Self {
            db,
            folder,
            telegram,
            vip,
        })
    }

    /// Starts the house. It is allowed to be quick.
    fn opens(&self) -> Result<Running> {
        let vip = self.vip.id().to_string();
        let variables = [
            ("VIP_CHANNEL_ID", vip.as_str()),
            ("CALL_RATE_PER_SECOND", "1000"),
            ("SEND_RATE_PER_SECOND", "1000"),
        ];
        let url = self.db.url_for_processes()?;
        Running::start_as(self.folder.path(), &self.telegram, &url, &variables)
    }

    /// An invitation for everybody.
    async fn invites(&self, store: &Store) -> Result<Vec<Guest>> {
        let now = SystemClock.now();
        let plan = NewPlan::check("Mensual", DAYS, "9.99", "$", UserId(0))
            .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let issued = store
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
            person: self.telegram.person(&format!("Huésped {n}")),
            code,
            borrower: (n < LENDERS).then(|| self.telegram.person(&format!("Curioso {n}"))),
        };
        Ok(issued.into_iter().enumerate().map(guest).collect())
    }

    /// Waits until so many calls were made, or else until all guests are inside, when there still is
    /// something to do.
    async fn comes_to(&self, moment: u64) -> Result<()> {
        let vip = self.vip.id();
        let made = |view: &View<'_>| CALLS.iter().map(|method| view.call_count(method)).sum::<u64>();
        let inside = |view: &View<'_>| view.room(vip).map_or(0, |room| room.member_count());
        let come = self.telegram.until("the moment of a kill", |view| {
            // Beside its owner and the bot.
            (made(view) >= moment || inside(view) >= GUESTS + 2).then_some(())
        });
        Ok(come.await?)
    }

    /// Waits until nobody waits for anything. The custodian's notices, which nobody waits for, go out
    /// one a second.
    async fn comes_to_rest(&self, store: &Store) -> Result<()> {
        let resting = async {
            let mut is_sure = false;
            loop {
                let handed_over = self.telegram.updates_pending() == 0;
                let rests = handed_over && nothing_is_left(store).await?;
                // What was seen first may have been followed by something since.
                if rests && is_sure {
                    return Ok(());
                }
                is_sure = rests;
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, resting)
            .await
            .context("somebody still waits")?
    }

    /// Of the words that a death has left in doubt none was said again, and not many screens were
    /// shown again.
    async fn was_told_once(&self, guests: &[Guest], store: &Store) -> Result<()> {
        let told: Vec<usize> = guests.iter().map(Guest::warnings).collect();
        ensure!(told.iter().all(|warnings| *warnings <= 1), "{told:?}");
        let backlog = outbox::backlog(&store.read()).await?;
        ensure!(backlog.dead == 0, "{backlog:?}");
        let warned = told.iter().sum::<usize>() + usize::try_from(backlog.unknown)?;
        ensure!(warned >= LENDERS, "{told:?}, {backlog:?}");

        let shown: usize = guests.iter().map(|guest| guest.heard("").count()).sum();
        let at_most = GUESTS + LENDERS + IN_HAND * usize::try_from(KILLS)?;
        ensure!(shown <= at_most, "{shown} messages to {GUESTS} guests");
        Ok(())
    }
}

/// Whether the house has nothing in hand and nothing before it but what the custodian is told.
async fn nothing_is_left(store: &Store) -> Result<bool> {
    const CUSTODIAN: i64 = 1;
    let db = store.read();
    let notices = outbox::pending_of(&db, outbox::Of::Person(CUSTODIAN))
        .await?
        .len();
    let pending = outbox::backlog(&db).await?.pending;
    let updates = inbox::pending(&db, 0, 1).await?;
    Ok(updates.is_empty() && usize::try_from(pending)? <= notices)
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

    /// The bot's messages that hold a text.
    fn heard(&self, fragment: &str) -> impl Iterator<Item = Entry> {
        let chat = self.person.chat().into_iter();
        chat.filter(move |entry| entry.by == By::Bot && entry.text.contains(fragment))
    }

    /// How often they were told that somebody else came by their key.
    fn warnings(&self) -> usize {
        self.heard("No le abrí").count()
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
