//! `lucien plan`: subscription plans from the command line.

#![expect(clippy::print_stdout, reason = "the list is what the command is asked for")]

use anyhow::Context;
use bot::clock::SystemClock;
use domain::clock::Clock;
use domain::id::UserId;
use domain::plan::{NewPlan, Plan};
use serde_json::json;
use store::Store;
use store::plans::{self, CreateError, Which};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Plan) -> Result<(), Failure> {
    let url = config::read_database(environment).map_err(Failure::Configuration)?;
    let store = super::open(&url).await?;
    let done = match command {
        cli::Plan::Create {
            name,
            days,
            price,
            currency,
        } => create(&store, &name, days, &price, &currency).await,
        cli::Plan::List { all, json } => list(&store, all, json).await,
    };
    store.close().await;
    done
}

async fn create(store: &Store, name: &str, days: i32, price: &str, currency: &str) -> Result<(), Failure> {
    let plan = NewPlan::check(name, days, price, currency, UserId::HOUSE)
        .map_err(|problems| Failure::Usage(problems.iter().map(ToString::to_string).collect()))?;
    let now = SystemClock.now();
    let made: Result<Plan, CreateError> = store.write(async |tx| plans::create(tx, &plan, now).await).await;
    match made {
        Ok(plan) => {
            println!("{}", line(&plan));
            Ok(())
        }
        Err(CreateError::NameTaken) => Err(Failure::Usage(vec![CreateError::NameTaken.to_string()])),
        Err(CreateError::Store(error)) => Err(Failure::Runtime(error.into())),
    }
}

async fn list(store: &Store, all: bool, as_json: bool) -> Result<(), Failure> {
    let which = if all { Which::All } else { Which::Active };
    let plans = plans::list(&store.read(), which)
        .await
        .context("the plans cannot be read")?;
    if as_json {
        let plans: Vec<_> = plans.iter().map(as_value).collect();
        println!("{}", serde_json::Value::from(plans));
    } else {
        for plan in &plans {
            println!("{}", line(plan));
        }
    }
    Ok(())
}

/// One plan as one line: id, name, days, price, and a word when no invitation can be issued for it.
fn line(plan: &Plan) -> String {
    let state = if plan.active { "" } else { "\tinactive" };
    format!(
        "{}\t{}\t{} d\t{}{}{state}",
        plan.id, plan.name, plan.days, plan.currency, plan.price
    )
}

fn as_value(plan: &Plan) -> serde_json::Value {
    json!({
        "id": plan.id,
        "name": plan.name,
        "days": plan.days,
        "price": plan.price.to_string(),
        "currency": plan.currency,
        "active": plan.active,
    })
}
