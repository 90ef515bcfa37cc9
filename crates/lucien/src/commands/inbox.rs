//! `lucien inbox`: updates that could not be worked off.

#![expect(
    clippy::print_stdout,
    reason = "the list and what was done are what the command is asked for"
)]

use anyhow::Context;
use chrono::SecondsFormat;
use serde_json::json;
use store::inbox::{self, Letter};
use store::{Store, StoreError};

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

/// The most that are listed, the last to die first.
const LISTED: u32 = 1_000;

pub(crate) async fn execute(environment: &Environment, command: cli::Inbox) -> Result<(), Failure> {
    let url = config::read_database(environment).map_err(Failure::Configuration)?;
    let store = super::open(&url).await?;
    let done = match command {
        cli::Inbox::List { json } => list(&store, json).await,
        cli::Inbox::Replay { seqs } => replay(&store, &seqs).await,
    };
    store.close().await;
    done
}

async fn list(store: &Store, as_json: bool) -> Result<(), Failure> {
    let letters = inbox::list(&store.read(), LISTED)
        .await
        .context("the inbox cannot be read")?;
    if as_json {
        let letters: Vec<_> = letters.iter().map(as_value).collect();
        println!("{}", serde_json::Value::from(letters));
    } else {
        for letter in &letters {
            println!("{}", line(letter));
        }
    }
    Ok(())
}

/// Has dead letters tried again. A running house takes them up within seconds.
async fn replay(store: &Store, seqs: &[i64]) -> Result<(), Failure> {
    let mut refused = Vec::new();
    for &seq in seqs {
        let replayed: Result<bool, StoreError> = store.write(async |tx| inbox::replay(tx, seq).await).await;
        if replayed.context("the inbox cannot be written")? {
            println!("replayed\t{seq}");
        } else {
            refused.push(format!(
                "{seq} is no dead letter, or its content is not kept any more"
            ));
        }
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(Failure::Usage(refused))
    }
}

/// One letter as one line: number, kind, whom it is about, why and when it died, after how many
/// attempts, and a word when it cannot be replayed.
fn line(letter: &Letter) -> String {
    let state = if letter.replayable { "" } else { "\terased" };
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}{state}",
        letter.seq,
        letter.kind,
        letter.person,
        letter.failure,
        letter.dead_at.format("%F %T UTC"),
        letter.attempts,
    )
}

fn as_value(letter: &Letter) -> serde_json::Value {
    let moment = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({
        "seq": letter.seq,
        "update_id": letter.update_id,
        "person": letter.person,
        "kind": letter.kind,
        "failure": letter.failure,
        "attempts": letter.attempts,
        "received_at": moment(letter.received_at),
        "dead_at": moment(letter.dead_at),
        "replayable": letter.replayable,
    })
}
