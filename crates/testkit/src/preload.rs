//! Plans, packages and accounts to begin with.

use anyhow::Result;
use chrono::TimeDelta;
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::money::Money;
use domain::package::{Category, PackageType};
use domain::person::Profile;
use domain::plan::NewPlan;
use domain::role::Role;
use domain::subscription::Stage;
use sea_orm::ConnectionTrait;
use store::bot_config::{self, Socials};
use store::packages::{self, NewPackage};
use store::subscribers::{self, Grant};
use store::{Store, StoreError, people, plans};

/// Plans that a house begins with: name, days, price.
pub const PLANS: [(&str, i32, &str); 3] = [
    ("Mensual", 30, "9.99"),
    ("Trimestral", 90, "24.99"),
    ("Anual", 365, "89.00"),
];

/// Packages that a house begins with: name, price, category.
pub const PACKAGES: [(&str, Option<&str>, Category); 5] = [
    ("Luz de tarde", None, Category::FreeContent),
    ("Cartas sin remitente", None, Category::FreeContent),
    ("Postales de invierno", Some("3.50"), Category::FreeContent),
    ("Medianoche & terciopelo", Some("15.00"), Category::VipPremium),
    ("El cuaderno rojo", Some("7.00"), Category::VipPremium),
];

/// Fills a database whose `bot_config` exists already.
///
/// # Errors
/// When the database refuses.
pub async fn preload(store: &Store, now: Timestamp) -> Result<()> {
    for (name, days, price) in PLANS {
        let plan = NewPlan::check(name, days, price, "$", UserId(0))
            .map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        store
            .write(async |tx| plans::create(tx, &plan, now).await)
            .await?;
    }
    for (name, price, category) in PACKAGES {
        let package = NewPackage {
            name: name.to_owned(),
            description: None,
            price: price.map(str::parse::<Money>).transpose()?,
            category,
            package_type: PackageType::Standard,
        };
        let made: Result<_, StoreError> = store
            .write(async |tx| packages::create(tx, &package, now).await)
            .await;
        made?;
    }
    let socials = Socials {
        instagram: Some("@diana.casa".to_owned()),
        tiktok: Some("https://www.tiktok.com/@diana.casa".to_owned()),
        x: None,
    };
    let set: Result<_, StoreError> = store
        .write(async |tx| bot_config::set_socials(tx, socials, now).await)
        .await;
    Ok(set?)
}

/// Sets how many minutes requests for the visitors' channel wait.
///
/// # Errors
/// When the database refuses.
pub async fn set_wait(store: &Store, minutes: u32) -> Result<()> {
    let tx = store.begin().await?;
    tx.execute_unprepared(&format!("UPDATE bot_config SET wait_time_minutes = {minutes}"))
        .await?;
    Ok(tx.commit().await?)
}

/// Gives a person a subscription of some length. At a stage, the entry ritual is not finished.
///
/// # Errors
/// When the database refuses, for instance because the person has one.
pub async fn subscribe(
    store: &Store,
    who: &Profile,
    length: TimeDelta,
    stage: Option<Stage>,
    now: Timestamp,
) -> Result<()> {
    let token = format!("grant-{}", who.id);
    let grant = Grant {
        user: who.id,
        token: &token,
        plan: None,
        by: UserId(0),
        expiry: now + length,
        stage,
    };
    let granted: Result<_, StoreError> = store
        .write(async |tx| {
            people::insert_if_absent(tx, who, Role::Free, now).await?;
            subscribers::grant(tx, &grant, now).await
        })
        .await;
    granted?;
    Ok(())
}
