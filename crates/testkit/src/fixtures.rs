//! The seven fixtures by name: what a test asks for and gets fresh.

use anyhow::{Result, anyhow};
use chrono::DateTime;
use domain::id::UserId;
use domain::plan::NewPlan;
use sim::{Options, Sim};
use store::tokens::{self, NewToken, StoredToken};
use store::{Store, Tx, plans};

use crate::database::{Backend, TestDb};
use crate::house::House;

/// A database of its own.
///
/// # Errors
/// When there is no server or no room.
pub async fn test_db(backend: Backend) -> Result<TestDb> {
    TestDb::new(backend).await
}

/// A database, opened and with the present schema.
///
/// # Errors
/// When it cannot be opened.
pub async fn test_engine(db: &TestDb) -> Result<Store> {
    db.store().await
}

/// A transaction that leaves nothing behind: it is rolled back when it is dropped.
///
/// # Errors
/// When the database has no room for it.
pub async fn test_session(engine: &Store) -> Result<Tx> {
    Ok(engine.begin().await?)
}

/// An invitation that nobody has used, for a monthly plan.
///
/// # Errors
/// When the session refuses: it makes one plan of that name.
pub async fn test_invitation_token(session: &Tx) -> Result<StoredToken> {
    let now = DateTime::UNIX_EPOCH;
    let plan =
        NewPlan::check("Mensual", 30, "9.99", "$", UserId(0)).map_err(|problems| anyhow!("{problems:?}"))?;
    let plan = plans::create(session, &plan, now).await?;
    let token = NewToken {
        token: "abcDEF_-12345678",
        by: UserId(0),
        valid_hours: 24,
        plan: Some(plan.id),
    };
    Ok(tokens::issue(session, &token, now).await?)
}

/// A stand-in Telegram with one bot.
///
/// # Errors
/// When no port is free.
pub async fn mock_bot() -> Result<Sim> {
    Ok(Sim::start(Options::default()).await?)
}

/// An open house without rows.
///
/// # Errors
/// When it cannot be opened.
pub async fn container(backend: Backend) -> Result<House> {
    House::open(backend).await
}

/// An open house with plans, packages and accounts.
///
/// # Errors
/// When it cannot be opened.
pub async fn container_with_preload(backend: Backend) -> Result<House> {
    let house = House::open(backend).await?;
    house.preload().await?;
    Ok(house)
}
