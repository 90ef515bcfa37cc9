//! Applying and undoing steps. The steps are a parameter so that tests can bring their own.

use std::path::PathBuf;

use domain::clock::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::migration::{Migration, Sql};
use super::{Applied, Consent, Loss, MARK, Report, SchemaError, SchemaState, Step, nine_tables, tables};
use crate::backup::{self, Before};
use crate::error::StoreError;
use crate::session::{Connection, Tx};
use crate::sql;
use crate::store::Store;
use crate::url::Dialect;
use crate::value::At;

const CREATE_MARK: Sql = Sql {
    sqlite: &["CREATE TABLE IF NOT EXISTS lucien_migrations (
        name VARCHAR(100) NOT NULL, additive BOOLEAN NOT NULL, applied_at DATETIME NOT NULL, PRIMARY KEY (name)
    )"],
    postgres: &["CREATE TABLE IF NOT EXISTS lucien_migrations (
        name VARCHAR(100) NOT NULL, additive BOOLEAN NOT NULL, applied_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        PRIMARY KEY (name)
    )"],
};

pub(super) async fn state(db: &impl Connection, known: &[Migration]) -> Result<SchemaState, StoreError> {
    let tables = tables(db).await?;
    let applied = applied(db, &tables).await?;
    if applied.is_empty() {
        let is_core = |table: &String| nine_tables::TABLES.contains(&table.as_str());
        let tables: Vec<String> = tables.into_iter().filter(is_core).collect();
        return Ok(match tables.is_empty() {
            true => SchemaState::Empty,
            false => SchemaState::Foreign { tables },
        });
    }
    let pending: Vec<String> = pending(known, &applied)
        .map(|step| step.name.to_owned())
        .collect();
    let (applied, unknown): (Vec<_>, Vec<_>) =
        applied.into_iter().partition(|row| is_known(known, &row.name));
    let names = |rows: Vec<Applied>| rows.into_iter().map(|row| row.name).collect();
    Ok(if !unknown.is_empty() {
        SchemaState::Ahead {
            additive: pending.is_empty() && unknown.iter().all(|row| row.additive),
            unknown: names(unknown),
        }
    } else if pending.is_empty() {
        SchemaState::Current
    } else {
        SchemaState::Behind {
            applied: names(applied),
            pending,
        }
    })
}

pub(super) async fn status(db: &impl Connection, known: &[Migration]) -> Result<Vec<Step>, StoreError> {
    let applied = applied(db, &tables(db).await?).await?;
    let at = |name: &str| {
        applied
            .iter()
            .find(|row| row.name == name)
            .map(|row| row.applied_at.0)
    };
    let ours = known.iter().map(|step| Step {
        name: step.name.to_owned(),
        applied_at: at(step.name),
        known: true,
    });
    let unknown = applied
        .iter()
        .filter(|row| !is_known(known, &row.name))
        .map(|row| Step {
            name: row.name.clone(),
            applied_at: Some(row.applied_at.0),
            known: false,
        });
    Ok(ours.chain(unknown).collect())
}

pub(super) async fn up(
    store: &Store,
    known: &[Migration],
    steps: Option<u32>,
    now: Timestamp,
) -> Result<Report, SchemaError> {
    // Most starts find nothing to do and need no lock for it.
    if nothing_to_do(state(&store.read(), known).await?)? {
        return Ok(Report::default());
    }
    let tx = store.begin_exclusive().await?;
    // Read again: somebody else may have migrated while this one waited.
    let before = state(&tx, known).await?;
    let created = before == SchemaState::Empty;
    if nothing_to_do(before)? {
        return Ok(Report::default());
    }
    let mut report = Report {
        created,
        backup: back_up(store, &tx, now).await?,
        ..Report::default()
    };
    report.steps = apply_pending(&tx, known, steps, now).await?;
    tx.commit().await?;
    Ok(report)
}

/// Returns what was applied.
pub(super) async fn apply_pending(
    tx: &Tx,
    known: &[Migration],
    steps: Option<u32>,
    now: Timestamp,
) -> Result<Vec<String>, SchemaError> {
    run(tx, &CREATE_MARK).await?;
    let applied = applied(tx, &tables(tx).await?).await?;
    let mut names = Vec::new();
    for step in pending(known, &applied).take(steps.map_or(usize::MAX, |steps| steps as usize)) {
        apply(tx, step, now).await.map_err(|error| failed(step, error))?;
        names.push(step.name.to_owned());
    }
    Ok(names)
}

pub(super) async fn apply(tx: &Tx, step: &Migration, now: Timestamp) -> Result<(), StoreError> {
    run(tx, &step.up).await?;
    mark(tx, step, now).await
}

/// Notes that a step is applied.
pub(super) async fn mark(tx: &Tx, step: &Migration, now: Timestamp) -> Result<(), StoreError> {
    run(tx, &CREATE_MARK).await?;
    sql::execute(
        tx,
        "INSERT INTO lucien_migrations (name, additive, applied_at) VALUES ($1, $2, $3)",
        [step.name.into(), step.additive.into(), At(now).into()],
    )
    .await?;
    Ok(())
}

pub(super) async fn down(
    store: &Store,
    known: &[Migration],
    steps: u32,
    consent: Consent<'_>,
    now: Timestamp,
) -> Result<Report, SchemaError> {
    let tx = store.begin_exclusive().await?;
    match state(&tx, known).await? {
        SchemaState::Empty => return Ok(Report::default()),
        SchemaState::Foreign { tables } => return Err(SchemaError::Foreign { tables }),
        SchemaState::Ahead { unknown, .. } => return Err(SchemaError::Ahead { unknown }),
        SchemaState::Behind { .. } | SchemaState::Current => {}
    }
    let applied = applied(&tx, &tables(&tx).await?).await?;
    let is_applied = |step: &&Migration| applied.iter().any(|row| row.name == step.name);
    let undone: Vec<&Migration> = known
        .iter()
        .rev()
        .filter(is_applied)
        .take(steps as usize)
        .collect();

    let is_adopted = is_adopted(&tx).await?;
    if let Some(step) = undone.iter().find(|step| is_adopted && is_first(step.name)) {
        return Err(SchemaError::Adopted {
            step: step.name.to_owned(),
        });
    }
    for step in &undone {
        refuse_if_blocked(&tx, step).await?;
    }
    refuse_unless_agreed(store, losses(&tx, &undone).await?, consent)?;
    let backup = back_up(store, &tx, now).await?;

    for step in &undone {
        undo(&tx, step).await.map_err(|error| failed(step, error))?;
    }
    let mut left = applied
        .iter()
        .filter(|row| undone.iter().all(|step| step.name != row.name));
    if left.all(|row| is_adopted && is_first(&row.name)) {
        tx.execute_unprepared(&format!("DROP TABLE {MARK}"))
            .await
            .map_err(StoreError::from)?;
    }
    tx.commit().await?;
    Ok(Report {
        steps: undone.iter().map(|step| step.name.to_owned()).collect(),
        created: false,
        backup,
    })
}

fn is_first(name: &str) -> bool {
    name == nine_tables::MIGRATION.name
}

/// Whether the nine tables were a predecessor's.
async fn is_adopted(tx: &Tx) -> Result<bool, StoreError> {
    if !tables(tx).await?.iter().any(|table| table == "house") {
        return Ok(false);
    }
    let adopted = count(tx, "SELECT count(*) AS rows FROM house WHERE flavour <> 'fresh'").await?;
    Ok(adopted > 0)
}

/// The rows of the tables that these steps drop.
async fn losses(tx: &Tx, undone: &[&Migration]) -> Result<Vec<Loss>, StoreError> {
    let mut losses = Vec::new();
    for table in undone.iter().flat_map(|step| step.drops) {
        let rows = count(tx, &format!("SELECT count(*) AS rows FROM {table}")).await?;
        if rows > 0 {
            losses.push(Loss {
                table: (*table).to_owned(),
                rows,
            });
        }
    }
    Ok(losses)
}

fn refuse_unless_agreed(store: &Store, losses: Vec<Loss>, consent: Consent<'_>) -> Result<(), SchemaError> {
    let database = store.url().database_name();
    if losses.is_empty() {
        Ok(())
    } else if consent.database != Some(&database) {
        Err(SchemaError::NeedsConfirm { database, losses })
    } else if store.dialect() == Dialect::Postgres && !consent.backup_exists {
        Err(SchemaError::NeedsBackup { database })
    } else {
        Ok(())
    }
}

async fn back_up(store: &Store, tx: &Tx, now: Timestamp) -> Result<Option<PathBuf>, SchemaError> {
    backup::copied_before(Before::Migration, store, tx, now)
        .await
        .map_err(SchemaError::BackupFailed)
}

async fn undo(tx: &Tx, step: &Migration) -> Result<(), StoreError> {
    run(tx, &step.down).await?;
    sql::execute(
        tx,
        "DELETE FROM lucien_migrations WHERE name = $1",
        [step.name.into()],
    )
    .await?;
    Ok(())
}

async fn refuse_if_blocked(tx: &Tx, step: &Migration) -> Result<(), SchemaError> {
    let Some(obstacle) = &step.obstacle else {
        return Ok(());
    };
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    match count(tx, obstacle.postgres).await? {
        0 => Ok(()),
        rows => Err(SchemaError::Blocked {
            step: step.name.to_owned(),
            rows,
            why: obstacle.why,
        }),
    }
}

/// Whether a schema needs no step, or why it may not have one.
fn nothing_to_do(state: SchemaState) -> Result<bool, SchemaError> {
    match state {
        SchemaState::Empty | SchemaState::Behind { .. } => Ok(false),
        SchemaState::Current | SchemaState::Ahead { additive: true, .. } => Ok(true),
        SchemaState::Foreign { tables } => Err(SchemaError::Foreign { tables }),
        SchemaState::Ahead { unknown, .. } => Err(SchemaError::Ahead { unknown }),
    }
}

async fn run(tx: &Tx, statements: &Sql) -> Result<(), StoreError> {
    for block in statements.of(tx.dialect()) {
        tx.execute_unprepared(block).await?;
    }
    Ok(())
}

async fn applied(db: &impl Connection, tables: &[String]) -> Result<Vec<Applied>, StoreError> {
    if !tables.iter().any(|table| table == MARK) {
        return Ok(Vec::new());
    }
    sql::all(
        db,
        "SELECT name, additive, applied_at FROM lucien_migrations ORDER BY name",
        [],
    )
    .await
}

fn pending<'a>(known: &'a [Migration], applied: &'a [Applied]) -> impl Iterator<Item = &'a Migration> {
    known
        .iter()
        .filter(|step| applied.iter().all(|row| row.name != step.name))
}

fn is_known(known: &[Migration], name: &str) -> bool {
    known.iter().any(|step| step.name == name)
}

fn failed(step: &Migration, error: StoreError) -> SchemaError {
    SchemaError::Failed {
        step: step.name.to_owned(),
        error,
    }
}

async fn count(db: &impl Connection, query: &str) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        rows: i64,
    }
    let row: Option<Row> = sql::first(db, query, []).await?;
    Ok(row.map_or(0, |row| row.rows))
}

#[cfg(test)]
mod tests {
    use super::super::MIGRATIONS;
    use super::*;
    use crate::tests::{now, on_every_store};

    const fn step(
        name: &'static str,
        up: &'static [&'static str],
        down: &'static [&'static str],
    ) -> Migration {
        Migration {
            name,
            additive: true,
            up: Sql {
                sqlite: up,
                postgres: up,
            },
            down: Sql {
                sqlite: down,
                postgres: down,
            },
            drops: &[],
            obstacle: None,
        }
    }

    const FAILING: &[Migration] = &[
        super::super::nine_tables::MIGRATION,
        super::super::first_light::MIGRATION,
        super::super::house_holds::MIGRATION,
        super::super::way_in::MIGRATION,
        super::super::other_ways::MIGRATION,
        super::super::moving_house::MIGRATION,
        super::super::in_step::MIGRATION,
        step(
            "0008_good",
            &["CREATE TABLE good (id INTEGER)"],
            &["DROP TABLE good"],
        ),
        step(
            "0009_bad",
            &["CREATE TABLE half (id INTEGER); DROP TABLE missing;"],
            &[""],
        ),
    ];

    const STUCK: &[Migration] = &[
        super::super::nine_tables::MIGRATION,
        super::super::first_light::MIGRATION,
        super::super::house_holds::MIGRATION,
        super::super::way_in::MIGRATION,
        super::super::other_ways::MIGRATION,
        super::super::moving_house::MIGRATION,
        super::super::in_step::MIGRATION,
        step(
            "0008_stuck",
            &["CREATE TABLE stuck (id INTEGER)"],
            &["DROP TABLE stuck; DROP TABLE missing"],
        ),
    ];

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        on_every_store(async |store| {
            let before = tables(&store.read()).await.unwrap();
            let failed = up(&store, FAILING, None, now()).await.unwrap_err();
            assert!(
                matches!(&failed, SchemaError::Failed { step, .. } if step == "0009_bad"),
                "{failed:?}"
            );
            assert_eq!(tables(&store.read()).await.unwrap(), before);
            assert_eq!(state(&store.read(), MIGRATIONS).await, Ok(SchemaState::Current));

            up(&store, STUCK, None, now()).await.unwrap();
            let failed = down(&store, STUCK, 2, Consent::default(), now())
                .await
                .unwrap_err();
            assert!(
                matches!(&failed, SchemaError::Failed { step, .. } if step == "0008_stuck"),
                "{failed:?}"
            );
            assert_eq!(state(&store.read(), STUCK).await, Ok(SchemaState::Current));
        });
    }

    #[test]
    fn names_are_in_the_order_of_the_steps() {
        assert!(MIGRATIONS.is_sorted_by_key(|step| step.name));
    }
}
