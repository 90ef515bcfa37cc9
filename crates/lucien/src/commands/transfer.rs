//! `lucien transfer`: a house moves into another database.

#![expect(clippy::print_stdout, reason = "the report is what the command is asked for")]

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use bot::clock::SystemClock;
use indicatif::{ProgressBar, ProgressStyle};
use store::adoption::AdoptError;
use store::schema::SchemaError;
use store::transfer::{self, Options, Progress, Report, Stage, TransferError};
use store::{DatabaseUrl, Store, StoreError, StoreOptions};

use crate::cli;
use crate::exit::Failure;

pub(crate) async fn execute(command: cli::Transfer) -> Result<(), Failure> {
    let (from, to) = urls(&command)?;
    let source = opened(&from, &reading()).await?;
    let target = match Store::open(&to, &writing(&command)).await {
        // Nothing is to be written, so any empty database will do.
        Err(StoreError::Absent) if command.dry_run => opened(&DatabaseUrl::memory(), &reading()).await?,
        target => named(&to, target)?,
    };
    let done = between(&source, &target, &to, &command).await;
    source.close().await;
    target.close().await;
    done
}

/// Their text may hold a password: it is never repeated.
fn urls(command: &cli::Transfer) -> Result<(DatabaseUrl, DatabaseUrl), Failure> {
    let parsed = |flag: &str, text: &str| text.parse::<DatabaseUrl>().map_err(|why| format!("{flag} {why}"));
    match (parsed("--from", &command.from), parsed("--to", &command.to)) {
        (Ok(from), Ok(to)) => Ok((from, to)),
        (from, to) => Err(Failure::Usage(
            [from.err(), to.err()].into_iter().flatten().collect(),
        )),
    }
}

fn reading() -> StoreOptions {
    StoreOptions {
        read_only: true,
        ..StoreOptions::default()
    }
}

fn writing(command: &cli::Transfer) -> StoreOptions {
    StoreOptions {
        // Whoever writes nothing leaves no empty file behind.
        create: !command.dry_run && !command.verify_only,
        ..StoreOptions::default()
    }
}

async fn opened(url: &DatabaseUrl, options: &StoreOptions) -> Result<Store, Failure> {
    named(url, Store::open(url, options).await)
}

fn named(url: &DatabaseUrl, store: Result<Store, StoreError>) -> Result<Store, Failure> {
    let store = store.with_context(|| format!("the database {url} cannot be opened"))?;
    Ok(store)
}

/// Does it while nobody else is in either house.
async fn between(
    source: &Store,
    target: &Store,
    to: &DatabaseUrl,
    command: &cli::Transfer,
) -> Result<(), Failure> {
    let (in_source, in_target) = (super::alone(source).await?, super::alone(target).await?);
    let options = Options {
        on_orphan: command.on_orphan.into(),
        dry_run: command.dry_run,
        force: command.force,
    };
    let bar = Bar::new();
    let watch = |progress: Progress<'_>| bar.show(progress);
    let done = match command.verify_only {
        true => transfer::compare(source, target, &options, &SystemClock, &watch).await,
        false => transfer::transfer(source, target, &options, &SystemClock, &watch).await,
    };
    bar.clear();
    in_source.leave().await;
    in_target.leave().await;

    let mut report = done.map_err(refused)?;
    report.target = to.to_string();
    print!("{report}");
    if let Some(path) = &command.report {
        write(path, &report)?;
    }
    match report.differences() {
        differences if differences.is_empty() => Ok(()),
        differences => Err(Failure::Runtime(anyhow::anyhow!(
            "the databases differ: {}",
            differences.join("; ")
        ))),
    }
}

fn write(path: &Path, report: &Report) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(report).context("the report cannot be written as JSON")?;
    fs::write(path, json + "\n")
        .with_context(|| format!("the report cannot be written to {}", path.display()))?;
    Ok(())
}

/// What is refused is exit 3; what went wrong on the way is exit 1.
fn refused(error: TransferError) -> Failure {
    match error {
        TransferError::Store(_)
        | TransferError::Table { .. }
        | TransferError::Differs(_)
        | TransferError::Schema(SchemaError::Store(_))
        | TransferError::Adoption(AdoptError::Store(_) | AdoptError::Schema(SchemaError::Store(_))) => {
            Failure::Runtime(error.into())
        }
        TransferError::Unfit(unfit) => {
            let rows: Vec<String> = unfit.iter().map(ToString::to_string).collect();
            Failure::Migration(format!(
                "rows of the source do not fit into the target:\n{}",
                rows.join("\n")
            ))
        }
        error => Failure::Migration(error.to_string()),
    }
}

/// How far it is: a bar on the terminal of whoever waits, elsewhere a line of the log for each table.
struct Bar {
    bar: ProgressBar,
    logged: Mutex<Option<(Stage, String)>>,
}

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{prefix:>9} {wide_bar} {human_pos}/{human_len} {msg}")
            .expect("the template is one");
        Self {
            bar: ProgressBar::new(0).with_style(style),
            logged: Mutex::new(None),
        }
    }

    fn show(&self, progress: Progress<'_>) {
        let Progress {
            stage,
            table,
            done,
            total,
        } = progress;
        let doing = match stage {
            Stage::Reading => "reading",
            Stage::Writing => "writing",
            Stage::Comparing => "comparing",
        };
        if self.bar.is_hidden() {
            let now = Some((stage, table.to_owned()));
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            if *logged != now {
                tracing::info!(table, done, total, "{doing}");
                *logged = now;
            }
            return;
        }
        self.bar.set_prefix(doing);
        self.bar.set_message(table.to_owned());
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
