//! Moving a house from one database into another, with nothing lost and nothing doubled.
//!
//! 1. The source is read as it was in one moment and is not changed. An SQLite file is copied for that. A
//!    database of the predecessor is copied into a file of our own and [adopted](crate::adoption) there, so
//!    that there is one place where its rows are repaired.
//! 2. What the target cannot hold is found row by row, before anything is written: texts that are too long
//!    are cut, numbers that do not fit are a reason not to begin.
//! 3. All tables are written in one transaction, and read again in it and compared with what was read from
//!    the source, before it counts. Whoever is interrupted leaves an empty target behind and begins anew.
//!
//! In the new house nobody is seen out until a custodian has looked: it may be an old copy.
//!
//! | module | holds |
//! |---|---|
//! | `source` | the source in one moment |
//! | `fit` | what the target cannot hold as it is |
//! | `report` | what was done, for people and for programs |

mod fit;
mod report;
mod source;

use domain::brakes::HoldReason;
use domain::clock::Clock;

use crate::adoption::{AdoptError, OnOrphan};
use crate::error::StoreError;
use crate::holds;
use crate::house;
use crate::rows::{self, Digest, Pages, Summary, Table};
use crate::schema::{self, SchemaError, SchemaState};
use crate::session::{Connection, Tx};
use crate::store::Store;
use fit::Fit;
use source::Source;

pub use fit::{Unfit, Why};
pub use report::{Outcome, Report, TableReport};

/// How to move.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What becomes of the predecessor's rows that refer to nothing.
    pub on_orphan: OnOrphan,
    /// Writes nothing: tells what would be done.
    pub dry_run: bool,
    /// Replaces what the target holds.
    pub force: bool,
}

/// What is being done, to be shown to whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The source is looked through.
    Reading,
    /// The target is written.
    Writing,
    /// The target is read again.
    Comparing,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub stage: Stage,
    /// With which table.
    pub table: &'a str,
    /// How many rows of all tables are done, …
    pub done: u64,
    /// … of how many.
    pub total: u64,
}

/// Called with each page of rows.
pub type Watch<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// Why nothing was moved. The target is as it was, or has an empty schema that it did not have before.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Source and target are the same database.
    #[error("source and target are the same database")]
    Same,
    /// There are no tables in the source.
    #[error("the source is empty")]
    NothingThere,
    /// The source is ours, with another schema than this binary's.
    #[error("the source's schema is not the present one; run `lucien migrate up` on it first")]
    SourceSchema,
    /// The target is not ours, or has another schema than this binary's.
    #[error("the target's schema is not the present one: {0}")]
    TargetSchema(String),
    /// The target holds rows.
    #[error("the target holds rows ({}); with --force they are replaced", .0.join(", "))]
    NotEmpty(Vec<String>),
    /// The source could not be adopted.
    #[error("the source cannot be taken over: {0}")]
    Adoption(#[from] AdoptError),
    /// Rows do not fit into the target.
    #[error("{} of the source do not fit into the target", rows_of(.0))]
    Unfit(Vec<Unfit>),
    /// What was written is not what was read; it was taken back.
    #[error("what was written differs from what was read: {}", .0.join("; "))]
    Differs(Vec<String>),
    /// The schema of the target could not be made.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A table could not be read or written.
    #[error("{table}: {error}")]
    Table {
        /// Which.
        table: String,
        /// Why.
        error: StoreError,
    },
    /// The store's trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn rows_of(unfit: &[Unfit]) -> String {
    match unfit.len() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }
}

/// Moves everything from `source` into `target`. Both have to be
/// [this process's alone](crate::lock::Alone).
///
/// # Errors
/// [`TransferError`]; nothing is moved then.
pub async fn transfer(
    source: &Store,
    target: &Store,
    options: &Options,
    clock: &dyn Clock,
    watch: Watch<'_>,
) -> Result<Report, TransferError> {
    let begun = clock.now();
    refuse_if_same(source, target)?;
    refuse_unless_writable(target, options).await?;
    let source = Source::open(source, options.on_orphan, begun).await?;
    let tables = rows::all().await?;

    let moment = source.moment().await?;
    let fit = Fit {
        target: target.dialect(),
    };
    let seen = look(&moment, &tables, fit, watch).await?;
    let mut report = Report::new(&source, target, begun, &tables, &seen);
    if !seen.unfit.iter().all(Unfit::is_mended) {
        return Err(TransferError::Unfit(seen.unfit));
    }
    if options.dry_run {
        report.end(Outcome::WouldMove, clock.now());
        return Ok(report);
    }

    if schema::state(target).await? == SchemaState::Empty {
        schema::up(target, None, begun).await?;
    }
    let tx = target.begin_exclusive().await?;
    empty(&tx, &tables, options.force).await?;
    write(&moment, &tx, &tables, fit, seen.rows(), watch).await?;
    rows::set_sequences(&tx, &tables).await?;
    let written = digests(&tx, &tables, Stage::Comparing, seen.rows(), watch).await?;
    report.compare(&written);
    if !report.differences().is_empty() {
        return Err(TransferError::Differs(report.differences()));
    }
    holds::set(&tx, HoldReason::Transferred, begun).await?;
    tx.commit().await?;
    report.end(Outcome::Moved, clock.now());
    Ok(report)
}

/// Compares two databases and writes nothing. What keeps people from being seen out is left aside: after a
/// transfer it differs.
///
/// # Errors
/// [`TransferError`], but never for a difference: the [report](Report::differences) tells them.
pub async fn compare(
    source: &Store,
    target: &Store,
    options: &Options,
    clock: &dyn Clock,
    watch: Watch<'_>,
) -> Result<Report, TransferError> {
    let begun = clock.now();
    refuse_if_same(source, target)?;
    match schema::state(target).await? {
        SchemaState::Current => {}
        state => return Err(TransferError::TargetSchema(in_words(&state))),
    }
    // Of the predecessor's rows, the same becomes as became when they were moved.
    let house = house::find(&target.read()).await?;
    let moved = house.map_or(begun, |house| house.created_at);
    let source = Source::open(source, options.on_orphan, moved).await?;
    let mut tables = rows::all().await?;
    tables.retain(|table| table.name != "holds");

    let moment = source.moment().await?;
    let fit = Fit {
        target: target.dialect(),
    };
    let seen = look(&moment, &tables, fit, watch).await?;
    let mut report = Report::new(&source, target, begun, &tables, &seen);
    let there = digests(
        &target.snapshot().await?,
        &tables,
        Stage::Comparing,
        seen.rows(),
        watch,
    )
    .await?;
    report.compare(&there);
    report.end(Outcome::Compared, clock.now());
    Ok(report)
}

fn refuse_if_same(source: &Store, target: &Store) -> Result<(), TransferError> {
    let canonical = |store: &Store| store.url().path().and_then(|path| path.canonicalize().ok());
    let is_same_file = canonical(source).is_some_and(|path| Some(path) == canonical(target));
    match is_same_file || source.url() == target.url() {
        true => Err(TransferError::Same),
        false => Ok(()),
    }
}

/// Before the source is copied, which may take long.
async fn refuse_unless_writable(target: &Store, options: &Options) -> Result<(), TransferError> {
    match schema::state(target).await? {
        SchemaState::Empty => Ok(()),
        SchemaState::Current => {
            let filled = filled(&target.read(), &rows::all().await?).await?;
            match filled.is_empty() || options.force {
                true => Ok(()),
                false => Err(TransferError::NotEmpty(filled)),
            }
        }
        state => Err(TransferError::TargetSchema(in_words(&state))),
    }
}

fn in_words(state: &SchemaState) -> String {
    match state {
        SchemaState::Empty => "it is empty".to_owned(),
        SchemaState::Foreign { .. } => "it holds tables of another bot".to_owned(),
        SchemaState::Behind { pending, .. } => format!("{} migrations are pending", pending.len()),
        SchemaState::Ahead { .. } => "it was changed by a newer version".to_owned(),
        SchemaState::Current => "it is the present one".to_owned(),
    }
}

/// The tables that hold rows.
async fn filled(db: &impl Connection, tables: &[Table]) -> Result<Vec<String>, StoreError> {
    let mut filled = Vec::new();
    for table in tables {
        if rows::count(db, table).await? > 0 {
            filled.push(table.name.clone());
        }
    }
    Ok(filled)
}

/// Everything that the target holds, if that is wanted; else it must hold nothing.
async fn empty(tx: &Tx, tables: &[Table], force: bool) -> Result<(), TransferError> {
    let filled = filled(tx, tables).await?;
    if !filled.is_empty() && !force {
        return Err(TransferError::NotEmpty(filled));
    }
    Ok(rows::clear(tx, tables).await?)
}

/// What is in the source, as it will be in the target.
struct Seen {
    summaries: Vec<Summary>,
    unfit: Vec<Unfit>,
}

impl Seen {
    fn rows(&self) -> u64 {
        self.summaries.iter().map(|summary| summary.rows).sum()
    }
}

async fn look(
    moment: &impl Connection,
    tables: &[Table],
    fit: Fit,
    watch: Watch<'_>,
) -> Result<Seen, TransferError> {
    let total = total(moment, tables).await?;
    let mut unfit = Vec::new();
    let mut counter = Counter::new(Stage::Reading, total, watch);
    let mut summaries = Vec::new();
    for table in tables {
        let mut digest = Digest::of(table);
        let mut pages = Pages::of(table);
        while let Some(mut rows) = pages.next(moment).await.map_err(|error| of(table, error))? {
            for row in &mut rows {
                fit.mend(table, row, &mut unfit);
                digest.add(row);
            }
            counter.add(table, rows.len());
        }
        summaries.push(digest.summary());
    }
    Ok(Seen { summaries, unfit })
}

async fn write(
    moment: &impl Connection,
    tx: &Tx,
    tables: &[Table],
    fit: Fit,
    total: u64,
    watch: Watch<'_>,
) -> Result<(), TransferError> {
    let mut counter = Counter::new(Stage::Writing, total, watch);
    for table in tables {
        let mut pages = Pages::of(table);
        while let Some(mut rows) = pages.next(moment).await.map_err(|error| of(table, error))? {
            for row in &mut rows {
                fit.mend(table, row, &mut Vec::new());
            }
            let inserted = rows::insert(tx, table, &rows).await;
            inserted.map_err(|error| of(table, error))?;
            counter.add(table, rows.len());
        }
    }
    Ok(())
}

async fn digests(
    db: &impl Connection,
    tables: &[Table],
    stage: Stage,
    total: u64,
    watch: Watch<'_>,
) -> Result<Vec<Summary>, TransferError> {
    let mut counter = Counter::new(stage, total, watch);
    let mut summaries = Vec::new();
    for table in tables {
        let mut digest = Digest::of(table);
        let mut pages = Pages::of(table);
        while let Some(rows) = pages.next(db).await.map_err(|error| of(table, error))? {
            rows.iter().for_each(|row| digest.add(row));
            counter.add(table, rows.len());
        }
        summaries.push(digest.summary());
    }
    Ok(summaries)
}

async fn total(db: &impl Connection, tables: &[Table]) -> Result<u64, TransferError> {
    let mut total = 0;
    for table in tables {
        total += rows::count(db, table).await?;
    }
    Ok(total)
}

fn of(table: &Table, error: StoreError) -> TransferError {
    TransferError::Table {
        table: table.name.clone(),
        error,
    }
}

/// Tells how far it is.
struct Counter<'a> {
    stage: Stage,
    done: u64,
    total: u64,
    watch: Watch<'a>,
}

impl<'a> Counter<'a> {
    const fn new(stage: Stage, total: u64, watch: Watch<'a>) -> Self {
        Self {
            stage,
            done: 0,
            total,
            watch,
        }
    }

    fn add(&mut self, table: &Table, rows: usize) {
        self.done += rows as u64;
        (self.watch)(Progress {
            stage: self.stage,
            table: &table.name,
            done: self.done,
            total: self.total,
        });
    }
}
