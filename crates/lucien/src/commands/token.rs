//! `lucien token`: invitations from the command line.
//!
//! One transaction adds one row, so it needs no lock and disturbs no house that runs.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the invitation is what the command is asked for; what is missing of it is said beside it"
)]

use std::sync::Arc;

use anyhow::Context;
use bot::clock::SystemClock;
use bot::invitation::new_code;
use chrono::SecondsFormat;
use domain::clock::{Clock, Timestamp};
use domain::id::{TokenId, UserId};
use serde_json::json;
use store::invitations::{self, Consent, IssueError, Issued, NewInvitation};
use store::{Store, StoreError, plans};
use telegram::{ApiError, Gateway, Meaning, Rates};

use crate::cli;
use crate::config::{self, Environment, IssueConfig};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Token) -> Result<(), Failure> {
    let (plan, json) = match command {
        cli::Token::Issue { plan, json } => (plan, json),
        cli::Token::Held { json } => {
            return of_held(environment, async |store| list_held(store, json).await).await;
        }
        cli::Token::Release { all, ids } => {
            let ids: Vec<TokenId> = ids.into_iter().map(TokenId).collect();
            let consent = match all {
                true => Consent::ToAll,
                false => Consent::To(&ids),
            };
            return of_held(environment, async |store| release(store, consent).await).await;
        }
    };
    let config = config::read_issue(environment).map_err(Failure::Configuration)?;
    let store = super::open(&config.database).await?;
    let done = issue(&store, &config, &plan, json).await;
    store.close().await;
    done
}

/// Does something about held invitations, which takes nothing but the database.
async fn of_held(
    environment: &Environment,
    work: impl AsyncFnOnce(&Store) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let url = config::read_database(environment).map_err(Failure::Configuration)?;
    let store = super::open(&url).await?;
    let done = work(&store).await;
    store.close().await;
    done
}

async fn list_held(store: &Store, as_json: bool) -> Result<(), Failure> {
    let held = invitations::held(&store.read(), SystemClock.now())
        .await
        .context("the invitations cannot be read")?;
    let moment = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    if as_json {
        let held = held.iter().map(|it| {
            json!({
                "id": it.id,
                "plan": it.plan,
                "created_at": moment(it.created_at),
                "valid_until": moment(it.ends_at),
            })
        });
        println!("{}", held.collect::<serde_json::Value>());
        return Ok(());
    }
    for it in held {
        let (created, until) = (it.created_at.format("%F %T UTC"), it.ends_at.format("%F %T UTC"));
        println!(
            "{}\t{created}\t{until}\t{}",
            it.id,
            it.plan.as_deref().unwrap_or("-")
        );
    }
    Ok(())
}

async fn release(store: &Store, consent: Consent<'_>) -> Result<(), Failure> {
    let released: Result<u64, StoreError> = store
        .write(async |tx| invitations::release(tx, consent).await)
        .await;
    let released = released.context("the invitations cannot be written")?;
    println!("released\t{released}");
    match (released, consent) {
        (0, Consent::To(_)) => Err(Failure::Usage(vec!["none of these is held".to_owned()])),
        _ => Ok(()),
    }
}

async fn issue(store: &Store, config: &IssueConfig, plan: &str, as_json: bool) -> Result<(), Failure> {
    let plan = plans::find_by_name(&store.read(), plan)
        .await
        .context("the plans cannot be read")?
        .ok_or_else(|| Failure::Usage(vec![format!("there is no active plan {plan:?}")]))?;
    // Before anything is issued, so that whoever stops waiting leaves no invitation behind.
    let bot = bot_name(config).await?;
    let new = NewInvitation {
        plan: plan.id,
        by: UserId::HOUSE,
        valid_hours: config.invitation_valid_hours,
    };
    let now = SystemClock.now();
    let issued: Result<Issued, IssueError> = store
        .write(async |tx| invitations::issue(tx, &new, new_code, now).await)
        .await;
    let issued = match issued {
        Ok(issued) => issued,
        Err(error @ IssueError::NotOnOffer) => return Err(Failure::Usage(vec![error.to_string()])),
        Err(error) => return Err(anyhow::Error::new(error).into()),
    };
    let link = bot.as_ref().ok().map(|bot| issued.code.link(bot));
    if let Err(error) = bot {
        eprintln!(
            "lucien: Telegram does not say what the bot is called ({error}): the link is \
             https://t.me/<bot>?start=<code>, here is the code"
        );
    }
    if as_json {
        println!("{}", as_value(&issued, link.as_deref()));
    } else {
        println!("{}", link.as_deref().unwrap_or(issued.code.as_str()));
    }
    Ok(())
}

/// The bot's name, or why Telegram does not say it.
///
/// # Errors
/// When Telegram does not know the bot: nobody could use the invitation.
async fn bot_name(config: &IssueConfig) -> Result<Result<String, ApiError>, Failure> {
    let gateway = Gateway::new(
        &config.api_url,
        &config.token,
        Arc::new(SystemClock),
        Rates::default(),
    )
    .context("the way to Telegram")?;
    match gateway.get_me().await {
        Ok(me) => Ok(Ok(me.username)),
        Err(error) if error.meaning() == Some(Meaning::TokenRefused) => Err(Failure::Unauthorized(format!(
            "Telegram refuses BOT_TOKEN: {error}"
        ))),
        Err(error) => Ok(Err(error)),
    }
}

fn as_value(issued: &Issued, link: Option<&str>) -> serde_json::Value {
    let until = issued.invitation.ends_at();
    json!({
        "id": issued.id,
        "token": issued.code.as_str(),
        "link": link,
        "plan": issued.offer.plan,
        "days": issued.offer.days,
        "price": issued.offer.price.to_string(),
        "currency": issued.offer.currency,
        "valid_until": until.to_rfc3339_opts(SecondsFormat::Micros, true),
    })
}
