//! `lucien backup`: a house in one file, and back.

#![expect(
    clippy::print_stdout,
    reason = "what was made, found and restored is what the command is asked for"
)]

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bot::clock::SystemClock;
use chrono::SecondsFormat;
use domain::clock::{Clock, Timestamp};
use serde_json::json;
use store::archive::{
    self, ArchiveError, Backup, Contents, Identity, Options, Recipient, RestoreError, Restored,
};
use store::{DatabaseUrl, Store, StoreOptions};

use crate::cli::{self, Answer};
use crate::config::{self, Environment};
use crate::exit::Failure;

pub(crate) async fn execute(environment: &Environment, command: cli::Backup) -> Result<(), Failure> {
    match command {
        // Proving a file takes nothing of the house.
        cli::Backup::Verify { file, identity, json } => verify(&file, identity.as_deref(), json).await,
        cli::Backup::Create => create(&Site::of(environment)?).await,
        cli::Backup::List { json } => list(&Site::of(environment)?.folder, json),
        cli::Backup::Restore {
            file,
            identity,
            confirm,
            carry_over,
        } => {
            let site = Site::of(environment)?;
            let identity = identity.as_deref().map(key).transpose()?;
            let options = Options {
                identity: identity.as_ref(),
                confirm: confirm.as_deref(),
                carry_over: carry_over.map(|answer| answer == Answer::Yes),
                folder: &site.folder,
                recipient: site.recipient.as_ref(),
            };
            restore(&site.database, &file, &options).await
        }
    }
}

/// A house and where its backups are.
struct Site {
    database: DatabaseUrl,
    folder: PathBuf,
    recipient: Option<Recipient>,
}

impl Site {
    fn of(environment: &Environment) -> Result<Self, Failure> {
        let (database, settings) = config::read_backup(environment).map_err(Failure::Configuration)?;
        let beside = || Some(database.path()?.parent()?.to_owned());
        let folder = settings.dir.or_else(beside);
        Ok(Self {
            folder: folder.ok_or_else(|| {
                Failure::Usage(vec!["BACKUP_DIR has to name a folder for backups".to_owned()])
            })?,
            recipient: settings.age_recipient,
            database,
        })
    }
}

fn key(file: &Path) -> Result<Identity, Failure> {
    Identity::from_file(file).map_err(|error| Failure::Usage(vec![format!("--identity: {error}")]))
}

async fn create(site: &Site) -> Result<(), Failure> {
    let store = super::open(&site.database).await?;
    let made = archive::create(&store, &site.folder, site.recipient.as_ref(), SystemClock.now()).await;
    store.close().await;
    let made = made.map_err(broken)?;
    println!("backup\t{}", made.backup.path.display());
    println!("rows\t{}", made.contents.total());
    println!("bytes\t{}", made.backup.bytes);
    Ok(())
}

fn list(folder: &Path, as_json: bool) -> Result<(), Failure> {
    let backups = archive::list(folder).context("the folder of backups cannot be read")?;
    if as_json {
        println!("{}", serde_json::to_value(&backups).context("the list as JSON")?);
        return Ok(());
    }
    for Backup {
        path,
        created_at,
        encrypted,
        bytes,
        ..
    } in backups
    {
        let made = created_at.format("%F %T UTC");
        let encrypted = if encrypted { "encrypted" } else { "plain" };
        println!("{made}\t{bytes}\t{encrypted}\t{}", path.display());
    }
    Ok(())
}

async fn verify(file: &Path, identity: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let identity = identity.map(key).transpose()?;
    let contents = archive::verify(file, identity.as_ref()).await.map_err(broken)?;
    if as_json {
        println!("{}", as_value(&contents));
        return Ok(());
    }
    println!("whole");
    println!("made\t{}", contents.created_at.format("%F %T UTC"));
    println!("of\t{}", contents.dialect);
    for (table, rows) in &contents.rows {
        println!("{table}\t{rows}");
    }
    Ok(())
}

fn as_value(contents: &Contents) -> serde_json::Value {
    let moment = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Micros, true);
    json!({
        "created_at": moment(contents.created_at),
        "dialect": contents.dialect,
        "flavour": contents.flavour,
        "migrations": contents.steps,
        "rows": contents.rows,
    })
}

/// Does it while nobody else is in the house.
async fn restore(url: &DatabaseUrl, file: &Path, options: &Options<'_>) -> Result<(), Failure> {
    let store = Store::open(url, &StoreOptions::default())
        .await
        .with_context(|| format!("the database {url} cannot be opened"))?;
    let done = put_back(&store, file, options).await;
    store.close().await;
    done
}

async fn put_back(store: &Store, file: &Path, options: &Options<'_>) -> Result<(), Failure> {
    let alone = super::alone(store).await?;
    let done = archive::restore(file, store, options, SystemClock.now()).await;
    alone.leave().await;
    done.map(|restored| say(&restored)).map_err(refused)
}

fn say(restored: &Restored) {
    if let Some(path) = &restored.replaced {
        println!("replaced\t{}", path.display());
    }
    println!("restored\t{}", restored.contents.created_at.format("%F %T UTC"));
    println!("rows\t{}", restored.contents.total());
    for carried in &restored.carried {
        println!("carried\t{carried}");
    }
    println!("parked\t{}", restored.parked);
    println!("held\t{}", restored.held);
    println!("departures are held until they are confirmed: lucien sweep list");
    if restored.held > 0 {
        println!("invitations are held until they are released: lucien token held");
    }
}

/// A file that is of no use is wrong usage; what cannot be read or written is a failure at run time.
fn broken(error: ArchiveError) -> Failure {
    match error {
        ArchiveError::File(ref file) if file.kind() == io::ErrorKind::NotFound => {
            Failure::Usage(vec!["there is no such file".to_owned()])
        }
        ArchiveError::NeedsKey | ArchiveError::WrongKey | ArchiveError::Foreign => {
            Failure::Usage(vec![error.to_string()])
        }
        ArchiveError::Newer(_) | ArchiveError::Schema => Failure::Migration(error.to_string()),
        error => Failure::Runtime(anyhow::Error::new(error)),
    }
}

/// What has to be answered or put right first is exit 3.
fn refused(error: RestoreError) -> Failure {
    match error {
        RestoreError::Archive(error) => broken(error),
        RestoreError::NeedsAnswer(ref known) => {
            for carried in known {
                println!("{carried}");
            }
            Failure::Migration(error.to_string())
        }
        RestoreError::NeedsConfirm { .. } | RestoreError::Target(_) => Failure::Migration(error.to_string()),
        error => Failure::Runtime(anyhow::Error::new(error)),
    }
}
